"""Bundles: statements of one tree that share the path to its root."""

from collections.abc import Iterable

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES, MAX_MESSAGE_BYTES
from tearline.statements.signer import Leaf, SignedTree
from tearline.statements.statement import HASH_SIZE, SALT_SIZE, Attestation, Inclusion, Statement
from tearline.tlog.merkle import tree_levels
from tearline.v1 import statement_pb2 as pb
from tearline.wire.codec import decode, serialize
from tearline.wire.statements import encode_attestation, parse_attestation, read_type


@immutable
class Bundle:
    """Aligned subtree of an attested tree, cheaper to send than its statements one by one.

    Attributes:
        attestation: Of the whole tree.
        index: Of the first leaf; a multiple of the number of leaves.
        leaves: Statements, or the 32-byte hashes of hidden ones; a power of two of them.
        path: Siblings from the subtree's root to the tree's, 32 bytes each.
    """

    attestation: Attestation
    index: int
    leaves: tuple[Leaf | bytes, ...]
    path: tuple[bytes, ...]

    def statements(self) -> tuple[Statement, ...]:
        """Returns each statement of the bundle with its own path."""
        levels = tree_levels(leaf.hash if isinstance(leaf, Leaf) else leaf for leaf in self.leaves)
        return tuple(
            Statement(
                type=leaf.type,
                body=leaf.body,
                inclusions=(
                    Inclusion(
                        attestation=self.attestation.hash,
                        salt=leaf.salt,
                        index=self.index + position,
                        path=(
                            *(
                                level[(position >> depth) ^ 1]
                                for depth, level in enumerate(levels[:-1])
                            ),
                            *self.path,
                        ),
                    ),
                ),
            )
            for position, leaf in enumerate(self.leaves)
            if isinstance(leaf, Leaf)
        )


def bundle(tree: SignedTree, numbers: Iterable[int] | None = None) -> Bundle:
    """Returns the smallest aligned subtree of ``tree`` that holds some of its statements.

    Args:
        tree: The signed tree.
        numbers: The statements to show, by their order of signing; None for all. Every other
            leaf of the subtree is shown as a hash.
    """
    wanted = range(len(tree.leaves)) if numbers is None else numbers
    shown = {tree.positions[number]: tree.leaves[number] for number in wanted}
    height = 0
    while (min(shown) >> height) != (max(shown) >> height):
        height += 1
    first = (min(shown) >> height) << height
    return Bundle(
        attestation=tree.attestation,
        index=first,
        leaves=tuple(
            shown.get(position, tree.levels[0][position])
            for position in range(first, first + (1 << height))
        ),
        path=tree.path(first, height=height),
    )


def write_bundle(value: Bundle) -> pb.Bundle:
    """Returns a bundle as protobuf."""
    return pb.Bundle(
        attestation=encode_attestation(value.attestation),
        index=value.index,
        leaves=[
            pb.Leaf(type=leaf.type, body=leaf.body, salt=leaf.salt)
            if isinstance(leaf, Leaf)
            else pb.Leaf(hash=leaf)
            for leaf in value.leaves
        ],
        path=value.path,
    )


def read_bundle(message: pb.Bundle) -> Bundle:
    """Returns a bundle from protobuf.

    Raises:
        StatementMalformed: If it is not an aligned subtree of the tree it names.
    """
    attestation = parse_attestation(message.attestation)
    count = len(message.leaves)
    if (
        count.bit_count() != 1
        or message.index % count
        or (message.index + count > attestation.size)
    ):
        raise StatementMalformed("the bundle is not an aligned subtree")
    depth = (attestation.size // count).bit_length() - 1
    if len(message.path) != depth or any(len(node) != HASH_SIZE for node in message.path):
        raise StatementMalformed("the path of the bundle does not fit its tree")
    return Bundle(
        attestation=attestation,
        index=message.index,
        leaves=tuple(_read_leaf(leaf) for leaf in message.leaves),
        path=tuple(message.path),
    )


def _read_leaf(message: pb.Leaf) -> Leaf | bytes:
    if message.hash:
        if len(message.hash) != HASH_SIZE or message.body or message.salt or message.type:
            raise StatementMalformed("a leaf is shown or hidden, not both")
        return message.hash
    if len(message.salt) != SALT_SIZE:
        raise StatementMalformed("a leaf of the bundle has no salt of 32 bytes")
    if not 0 < len(message.body) <= MAX_BODY_BYTES:
        raise StatementMalformed("the body is empty or too large")
    return Leaf(type=read_type(message.type), body=message.body, salt=message.salt)


def encode_bundle(value: Bundle) -> bytes:
    """Returns the encoding of a bundle."""
    return serialize(write_bundle(value))


def parse_bundle(data: bytes) -> Bundle:
    """Returns a bundle from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return read_bundle(decode(pb.Bundle, data, maximum=MAX_MESSAGE_BYTES))
