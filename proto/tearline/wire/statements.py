"""Translators of headers, attestations and statements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tearline.errors import StatementMalformed
from tearline.identity import trust_domain_of
from tearline.limits import (
    MAX_ATTESTATIONS_KEPT,
    MAX_BODY_BYTES,
    MAX_COSIGNERS,
    MAX_HEADERS_KEPT,
    MAX_MESSAGE_BYTES,
    TREE_SIZES,
)
from tearline.statements.statement import (
    HASH_SIZE,
    SALT_SIZE,
    ActedBy,
    Attestation,
    Header,
    Inclusion,
    SignedTree,
    Statement,
    StatementType,
)
from tearline.v1 import statement_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize

_MAX_ATTESTATION_BYTES = 4096
_MAX_DEPTH = TREE_SIZES[-1].bit_length() - 1


def write_header(header: Header) -> pb.Header:
    """Returns a header as protobuf."""
    return pb.Header(federation=header.federation, signer=header.signer, key_id=header.key_id)


def read_header(message: pb.Header) -> Header:
    """Returns a header from protobuf.

    Raises:
        StatementMalformed: If a part has the wrong size.
        MalformedInput: If the signer's name is not a URI.
    """
    if len(message.federation) != HASH_SIZE or len(message.key_id) != HASH_SIZE:
        raise StatementMalformed("the header names a federation and a key by 32 bytes each")
    trust_domain_of(message.signer)
    return Header(federation=message.federation, signer=message.signer, key_id=message.key_id)


def write_acted_by(acted_by: ActedBy | None) -> pb.ActedBy | None:
    """Returns the acting person as protobuf."""
    if acted_by is None:
        return None
    return pb.ActedBy(
        pseudonym=acted_by.pseudonym,
        role=acted_by.role,
        token_hash=acted_by.token_hash,
        time_ms=acted_by.time_ms,
    )


def read_acted_by(message: pb.ActedBy) -> ActedBy:
    """Returns the acting person from protobuf.

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
    """Returns the header at the beginning of any body.

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
    return _parse_header(body[start : start + length])


# A signer's bodies all begin with the same bytes, and each header is read several times.
@lru_cache(maxsize=MAX_HEADERS_KEPT)
def _parse_header(data: bytes) -> Header:
    return parse_strictly(data, pb.Header, read_header, maximum=1024)


# A reply bears the same attestation once for each receipt, and so does all that is kept of it.
@lru_cache(maxsize=MAX_ATTESTATIONS_KEPT)
def encode_attestation(attestation: Attestation) -> bytes:
    """Returns the canonical encoding of an attestation."""
    return serialize(_write_attestation(attestation))


@lru_cache(maxsize=MAX_ATTESTATIONS_KEPT)
def parse_attestation(data: bytes) -> Attestation:
    """Returns an attestation from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
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
    """Returns a statement as protobuf."""
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
    """Returns a statement from protobuf.

    Raises:
        StatementMalformed: If its type is unknown or a part is out of bounds.
    """
    if not 0 < len(message.body) <= MAX_BODY_BYTES:
        raise StatementMalformed("the body is empty or too large")
    if not 0 < len(message.inclusions) <= MAX_COSIGNERS:
        raise StatementMalformed("the statement has no signer, or too many")
    return Statement(
        type=read_type(message.type),
        body=message.body,
        inclusions=tuple(_read_inclusion(inclusion) for inclusion in message.inclusions),
    )


def encode_statement(statement: Statement) -> bytes:
    """Returns the canonical encoding of a statement without its attestations."""
    return serialize(write_statement(statement))


def parse_statement(data: bytes) -> Statement:
    """Returns a statement without its attestations, from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.Statement, read_statement, maximum=MAX_MESSAGE_BYTES)


def read_type(number: int) -> StatementType:
    """Returns the type of a statement from its number.

    Raises:
        StatementMalformed: If it is unknown.
    """
    try:
        return StatementType(number)
    except ValueError:
        raise StatementMalformed("the type of the statement is unknown") from None


def _read_inclusion(message: pb.Inclusion) -> Inclusion:
    path = tuple(message.path)
    if len(path) > _MAX_DEPTH or any(map(HASH_SIZE.__ne__, map(len, path))):
        raise StatementMalformed("the path of a statement is not possible")
    if len(message.attestation) != HASH_SIZE or len(message.salt) != SALT_SIZE:
        raise StatementMalformed("a part of the inclusion has the wrong size")
    return Inclusion(
        attestation=message.attestation,
        salt=message.salt,
        index=message.index,
        path=path,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Statement with all of its attestations."""

    statement: Statement
    attestations: Mapping[bytes, Attestation]


def signed(tree: SignedTree, index: int = 0) -> Signed:
    """Returns one statement of a tree, with the attestation."""
    attestation = tree.attestation
    return Signed(statement=tree.statement(index), attestations={attestation.hash: attestation})


def signed_of(statement: Statement, attestations: Mapping[bytes, Attestation]) -> Signed:
    """Returns a statement with exactly its own attestations."""
    hashes = [inclusion.attestation for inclusion in statement.inclusions]
    return Signed(statement=statement, attestations={h: attestations[h] for h in hashes})


def cosigned(trees: Iterable[tuple[SignedTree, int]]) -> Signed:
    """Returns one statement of several signers' trees, with one inclusion for each tree.

    Raises:
        StatementMalformed: If the trees hold different statements at those positions.
    """
    parts = [signed(tree, index) for tree, index in trees]
    return merge_signed(parts)


def merge_signed(parts: Iterable[Signed]) -> Signed:
    """Returns several signers' copies of one statement as one, first signer first.

    Raises:
        StatementMalformed: If the copies differ, or there are none.
    """
    copies = list(parts)
    if not copies or len({(copy.statement.type, copy.statement.body) for copy in copies}) != 1:
        raise StatementMalformed("the signers' statements differ, or there are none")
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
    """Returns the canonical encoding of a statement with its attestations."""
    return serialize(write_signed(value))


def parse_signed(data: bytes) -> Signed:
    """Returns a statement with its attestations, from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.Signed, read_signed, maximum=MAX_MESSAGE_BYTES)


def write_signed(value: Signed) -> pb.Signed:
    """Returns a statement with its attestations as protobuf."""
    return pb.Signed(
        statement=write_statement(value.statement),
        attestations=[
            encode_attestation(value.attestations[inclusion.attestation])
            for inclusion in value.statement.inclusions
        ],
    )


def read_signed(message: pb.Signed) -> Signed:
    """Returns a statement with its attestations from protobuf.

    Raises:
        StatementMalformed: If they are not in the order of the inclusions.
    """
    statement = read_statement(message.statement)
    attestations = [parse_attestation(data) for data in message.attestations]
    if [a.hash for a in attestations] != [i.attestation for i in statement.inclusions]:
        raise StatementMalformed("the attestations do not belong to the statement")
    return Signed(statement=statement, attestations={a.hash: a for a in attestations})
