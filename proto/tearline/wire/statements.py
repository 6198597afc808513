"""Headers, attestations, statements and bundles."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tearline.errors import StatementMalformed
from tearline.identity import trust_domain_of
from tearline.limits import (
    MAX_ATTESTATIONS_KEPT,
    MAX_BODY_BYTES,
    MAX_COSIGNERS,
    MAX_MESSAGE_BYTES,
    TREE_SIZES,
)
from tearline.merkle import tree_levels
from tearline.statement import (
    HASH_SIZE,
    SALT_SIZE,
    ActedBy,
    Attestation,
    Header,
    Inclusion,
    Leaf,
    SignedTree,
    Statement,
    StatementType,
)
from tearline.v1 import statement_pb2 as pb
from tearline.wire.codec import decode, parse_strictly, serialize

_MAX_ATTESTATION_BYTES = 4096
_MAX_DEPTH = TREE_SIZES[-1].bit_length() - 1


def write_header(header: Header) -> pb.Header:
    """A header as protobuf."""
    return pb.Header(federation=header.federation, signer=header.signer, key_id=header.key_id)


def read_header(message: pb.Header) -> Header:
    """A header from protobuf.

    Raises:
        StatementMalformed: If a part has the wrong size.
        MalformedInput: If the signer is not named by a URI.
    """
    if len(message.federation) != HASH_SIZE or len(message.key_id) != HASH_SIZE:
        raise StatementMalformed("the header names a federation and a key by 32 bytes each")
    trust_domain_of(message.signer)
    return Header(federation=message.federation, signer=message.signer, key_id=message.key_id)


def write_acted_by(acted_by: ActedBy | None) -> pb.ActedBy | None:
    """The acting person as protobuf."""
    if acted_by is None:
        return None
    return pb.ActedBy(
        pseudonym=acted_by.pseudonym,
        role=acted_by.role,
        token_hash=acted_by.token_hash,
        time_ms=acted_by.time_ms,
    )


def read_acted_by(message: pb.ActedBy) -> ActedBy:
    """The acting person from protobuf.

    Raises:
        StatementMalformed: If a part has the wrong size.
    """
    if len(message.pseudonym) != HASH_SIZE or len(message.token_hash) != HASH_SIZE:
        raise StatementMalformed("a person is named by 32 bytes")
    return ActedBy(
        pseudonym=message.pseudonym,
        role=message.role,
        token_hash=message.token_hash,
        time_ms=message.time_ms,
    )


def header_of(body: bytes) -> Header:
    """The header that any body begins with, whatever else is in it.

    Raises:
        StatementMalformed: If the body does not begin with one.
    """
    # Field 1, length-delimited, in every body: 0x0a, a varint length, the header. A header
    # is shorter than 16 KiB, so its length takes at most two bytes.
    if len(body) < 2 or body[0] != 0x0A:
        raise StatementMalformed("the body does not begin with a header")
    length, start = body[1], 2
    if length & 0x80:
        if len(body) < 3 or body[2] & 0x80:
            raise StatementMalformed("the body's header is too long")
        length, start = (length & 0x7F) | body[2] << 7, 3
    return parse_strictly(body[start : start + length], pb.Header, read_header, maximum=1024)


# A reply bears the same attestation once for each receipt, and so does all that is kept of it.
@lru_cache(maxsize=MAX_ATTESTATIONS_KEPT)
def encode_attestation(attestation: Attestation) -> bytes:
    """The one encoding of an attestation."""
    return serialize(_write_attestation(attestation))


@lru_cache(maxsize=MAX_ATTESTATIONS_KEPT)
def parse_attestation(data: bytes) -> Attestation:
    """An attestation from its one encoding.

    Raises:
        StatementMalformed: If ``data`` is anything else.
    """
    return parse_strictly(
        data,
        pb.Attestation,
        _read_attestation,
        maximum=_MAX_ATTESTATION_BYTES,
    )


def _write_attestation(attestation: Attestation) -> pb.Attestation:
    return pb.Attestation(
        federation=attestation.federation,
        signer=attestation.signer,
        key_id=attestation.key_id,
        size=attestation.size,
        root=attestation.root,
        signature=attestation.signature,
    )


def _read_attestation(message: pb.Attestation) -> Attestation:
    trust_domain_of(message.signer)
    return Attestation(
        federation=message.federation,
        signer=message.signer,
        key_id=message.key_id,
        size=message.size,
        root=message.root,
        signature=message.signature,
    )


def write_statement(statement: Statement) -> pb.Statement:
    """A statement as protobuf."""
    return pb.Statement(
        type=statement.type,
        body=statement.body,
        inclusions=[
            pb.Inclusion(
                attestation=inclusion.attestation,
                salt=inclusion.salt,
                index=inclusion.index,
                path=inclusion.path,
            )
            for inclusion in statement.inclusions
        ],
    )


def read_statement(message: pb.Statement) -> Statement:
    """A statement from protobuf.

    Raises:
        StatementMalformed: If its type is unknown or a part is out of bounds.
    """
    if not 0 < len(message.body) <= MAX_BODY_BYTES:
        raise StatementMalformed("the body is empty or too large")
    if not 0 < len(message.inclusions) <= MAX_COSIGNERS:
        raise StatementMalformed("the statement has no signer, or too many")
    return Statement(
        type=_read_type(message.type),
        body=message.body,
        inclusions=tuple(_read_inclusion(inclusion) for inclusion in message.inclusions),
    )


def encode_statement(statement: Statement) -> bytes:
    """The one encoding of a statement without its attestations."""
    return serialize(write_statement(statement))


def parse_statement(data: bytes) -> Statement:
    """A statement without its attestations, from its one encoding.

    Raises:
        StatementMalformed: If ``data`` is anything else.
    """
    return parse_strictly(data, pb.Statement, read_statement, maximum=MAX_MESSAGE_BYTES)


def _read_type(number: int) -> StatementType:
    try:
        return StatementType(number)
    except ValueError:
        raise StatementMalformed("the type of the statement is unknown") from None


def _read_inclusion(message: pb.Inclusion) -> Inclusion:
    if len(message.path) > _MAX_DEPTH or any(len(node) != HASH_SIZE for node in message.path):
        raise StatementMalformed("the path of a statement is not possible")
    if len(message.attestation) != HASH_SIZE or len(message.salt) != SALT_SIZE:
        raise StatementMalformed("a part of the inclusion has the wrong size")
    return Inclusion(
        attestation=message.attestation,
        salt=message.salt,
        index=message.index,
        path=tuple(message.path),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A statement with every attestation that it points to."""

    statement: Statement
    attestations: Mapping[bytes, Attestation]


def signed(tree: SignedTree, index: int = 0) -> Signed:
    """One statement of a tree, with the attestation."""
    attestation = tree.attestation
    return Signed(statement=tree.statement(index), attestations={attestation.hash: attestation})


def cosigned(trees: Iterable[tuple[SignedTree, int]]) -> Signed:
    """The same statement out of several signers' trees, as one with several inclusions.

    Raises:
        StatementMalformed: If the trees hold different statements at those positions.
    """
    parts = [signed(tree, index) for tree, index in trees]
    return merge_signed(parts)


def merge_signed(parts: Iterable[Signed]) -> Signed:
    """Several signers' copies of one statement as one, first signer first.

    Raises:
        StatementMalformed: If the copies differ, or there are none.
    """
    copies = list(parts)
    if not copies or len({(copy.statement.type, copy.statement.body) for copy in copies}) != 1:
        raise StatementMalformed("what was signed is not one statement")
    inclusions = {
        inclusion.attestation: inclusion
        for copy in copies
        for inclusion in copy.statement.inclusions
    }
    first = copies[0].statement
    return Signed(
        statement=Statement(
            type=first.type, body=first.body, inclusions=tuple(inclusions.values())
        ),
        attestations={key: value for copy in copies for key, value in copy.attestations.items()},
    )


def encode_signed(value: Signed) -> bytes:
    """The one encoding of a statement with its attestations."""
    return serialize(write_signed(value))


def parse_signed(data: bytes) -> Signed:
    """A statement with its attestations, from its one encoding.

    Raises:
        StatementMalformed: If ``data`` is anything else.
    """
    return parse_strictly(data, pb.Signed, read_signed, maximum=MAX_MESSAGE_BYTES)


def write_signed(value: Signed) -> pb.Signed:
    """A statement with its attestations as protobuf."""
    return pb.Signed(
        statement=write_statement(value.statement),
        attestations=[
            encode_attestation(value.attestations[inclusion.attestation])
            for inclusion in value.statement.inclusions
        ],
    )


def read_signed(message: pb.Signed) -> Signed:
    """A statement with its attestations from protobuf.

    Raises:
        StatementMalformed: If they do not stand in the order of the inclusions.
    """
    statement = read_statement(message.statement)
    attestations = [parse_attestation(data) for data in message.attestations]
    if [a.hash for a in attestations] != [i.attestation for i in statement.inclusions]:
        raise StatementMalformed("the attestations are not those of the statement")
    return Signed(statement=statement, attestations={a.hash: a for a in attestations})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """An aligned subtree of an attested tree, cheaper to send than its statements one by one.

    Attributes:
        attestation: Of the whole tree.
        index: Of the first leaf; a multiple of the number of leaves.
        leaves: Statements, or the 32-byte hashes of those not shown; a power of two of them.
        path: Siblings from the subtree's root to the tree's, 32 bytes each.
    """

    attestation: Attestation
    index: int
    leaves: tuple[Leaf | bytes, ...]
    path: tuple[bytes, ...]

    def statements(self) -> tuple[Statement, ...]:
        """Each statement of the bundle with its own path."""
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
    """The smallest aligned subtree of ``tree`` that holds some of its statements.

    Args:
        tree: The signed tree.
        numbers: Which statements to show, in the order they were given to sign; None: all.
            Of every other leaf in the subtree only the hash is shown.
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
    """A bundle as protobuf."""
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
    """A bundle from protobuf.

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
    return Leaf(type=_read_type(message.type), body=message.body, salt=message.salt)


def encode_bundle(value: Bundle) -> bytes:
    """The encoding of a bundle."""
    return serialize(write_bundle(value))


def parse_bundle(data: bytes) -> Bundle:
    """A bundle from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return read_bundle(decode(pb.Bundle, data, maximum=MAX_MESSAGE_BYTES))
