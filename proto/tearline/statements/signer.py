"""Signing of statements: one signature over a tree of them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from tearline.crypto.keys import SigningKey
from tearline.crypto.shuffle import shuffled
from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES, TREE_SIZES
from tearline.statements.statement import (
    HASH_SIZE,
    SALT_SIZE,
    Attestation,
    Header,
    Inclusion,
    Statement,
    StatementType,
    leaf_hash,
    signed_bytes,
)
from tearline.tlog.merkle import tree_levels


@immutable
class Leaf:
    """Statement of a tree, before its path is computed."""

    type: StatementType
    body: bytes
    salt: bytes

    @property
    def hash(self) -> bytes:
        """Returns the 32-byte leaf hash."""
        return leaf_hash(self.type, self.salt, self.body)


@dataclass(frozen=True, kw_only=True)
class SignedTree:
    """Attestation and its statements, at random positions of the tree.

    Attributes:
        attestation: The signature over the tree.
        leaves: The statements, in the given order.
        positions: Position of each statement's leaf in the tree; all other leaves are random
            filler.
        levels: ``levels[0]`` are the leaf hashes of the tree, ``levels[-1]`` its root alone.
    """

    attestation: Attestation
    leaves: tuple[Leaf, ...]
    positions: tuple[int, ...]
    levels: tuple[tuple[bytes, ...], ...]

    def path(self, position: int, *, height: int = 0) -> tuple[bytes, ...]:
        """Returns the siblings from a subtree to the root.

        Args:
            position: Position of the subtree's first leaf.
            height: The subtree has ``2**height`` leaves.
        """
        return tuple(
            level[(position >> depth) ^ 1]
            for depth, level in enumerate(self.levels[:-1])
            if depth >= height
        )

    def statement(self, number: int) -> Statement:
        """Returns one statement, by the given order, with its own path."""
        leaf, position = self.leaves[number], self.positions[number]
        inclusion = Inclusion(
            attestation=self.attestation.hash,
            salt=leaf.salt,
            index=position,
            path=self.path(position),
        )
        return Statement(type=leaf.type, body=leaf.body, inclusions=(inclusion,))

    def statements(self) -> tuple[Statement, ...]:
        """Returns every statement, in the given order, each with its own path."""
        return tuple(self.statement(number) for number in range(len(self.leaves)))


class Signer:
    """Signing party: its URI and key in one federation."""

    def __init__(self, *, federation: bytes, uri: str, key: SigningKey) -> None:
        self._key = key
        self.header = Header(federation=federation, signer=uri, key_id=key.id)

    def sign(self, statements: Sequence[tuple[StatementType, bytes]]) -> SignedTree:
        """Signs ``statements`` with one signature, and returns the tree.

        Each body must begin with this signer's header. A co-signed statement begins with its first
        signer's header instead.

        Raises:
            StatementMalformed: If there are none, too many, or one is too large.
        """
        if not statements:
            raise StatementMalformed("there is no statement to sign")
        if any(len(body) > MAX_BODY_BYTES for _, body in statements):
            raise StatementMalformed("a body is larger than a statement may be")
        size = next((size for size in TREE_SIZES if size >= len(statements)), None)
        if size is None:
            raise StatementMalformed(f"one signature covers at most {TREE_SIZES[-1]} statements")
        leaves = tuple(
            Leaf(type=kind, body=body, salt=secrets.token_bytes(SALT_SIZE))
            for kind, body in statements
        )
        # Readers of one leaf learn its position; a random one reveals no other leaf.
        positions = tuple(shuffled(size)[: len(leaves)])
        filler = secrets.token_bytes(HASH_SIZE * size)
        hashes = [filler[start : start + HASH_SIZE] for start in range(0, len(filler), HASH_SIZE)]
        for position, leaf in zip(positions, leaves, strict=True):
            hashes[position] = leaf.hash
        levels = tree_levels(hashes)
        root = levels[-1][0]
        header = self.header
        message = signed_bytes(header.federation, header.signer, header.key_id, size, root)
        attestation = Attestation(
            federation=header.federation,
            signer=header.signer,
            key_id=header.key_id,
            size=size,
            root=root,
            signature=self._key.sign(message),
        )
        return SignedTree(
            attestation=attestation, leaves=leaves, positions=positions, levels=levels
        )
