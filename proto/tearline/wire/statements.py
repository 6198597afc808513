"""Codecs of headers, attestations and statements."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from tearline.dataclass.immutable import immutable
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
from tearline.statements.signer import SignedTree
from tearline.statements.statement import (
    HASH_SIZE,
    ROLES,
    SALT_SIZE,
    ActedBy,
    Attestation,
    Header,
    Inclusion,
    Statement,
    StatementType,
)
from tearline.v1 import statement_pb2 as pb
from tearline.wire.codec import Codec
from tearline.wire.table import (
    BYTES,
    NUMBER,
    TEXT,
    checked,
    hash_path,
    many,
    part,
    sized,
    table,
    translated,
)

_MAX_HEADER_BYTES = 1024
_MAX_ATTESTATION_BYTES = 4096
_MAX_DEPTH = TREE_SIZES[-1].bit_length() - 1


def _write_header(header: Header) -> pb.Header:
    return pb.Header(federation=header.federation, signer=header.signer, key_id=header.key_id)


def _read_header(message: pb.Header) -> Header:
    if len(message.federation) != HASH_SIZE or len(message.key_id) != HASH_SIZE:
        raise StatementMalformed("the header names a federation and a key by 32 bytes each")
    return Header(
        federation=message.federation, signer=_signer(message.signer), key_id=message.key_id
    )


def _signer(uri: str) -> str:
    trust_domain_of(uri)
    return uri


HEADER = Codec(message=pb.Header, write=_write_header, read=_read_header, maximum=_MAX_HEADER_BYTES)
"""By hand: every body has one, and this takes two thirds of a table's time."""

_PERSON = "a person is named by 32 bytes"

ACTED_BY = table(
    pb.ActedBy,
    ActedBy,
    pseudonym=sized(HASH_SIZE, _PERSON),
    role=checked(TEXT, ROLES.__contains__, "a person has no such role"),
    token_hash=sized(HASH_SIZE, _PERSON),
    time_ms=NUMBER,
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
_parse_header = lru_cache(maxsize=MAX_HEADERS_KEPT)(HEADER.parse)

ATTESTATION = table(
    pb.Attestation,
    Attestation,
    maximum=_MAX_ATTESTATION_BYTES,
    federation=BYTES,
    signer=translated(TEXT, None, _signer),
    key_id=BYTES,
    size=NUMBER,
    root=BYTES,
    signature=BYTES,
)


# A reply bears the same attestation once for each receipt, and so does all that is kept of it.
@lru_cache(maxsize=MAX_ATTESTATIONS_KEPT)
def encode_attestation(attestation: Attestation) -> bytes:
    """Returns the canonical encoding of an attestation."""
    return ATTESTATION.encode(attestation)


@lru_cache(maxsize=MAX_ATTESTATIONS_KEPT)
def parse_attestation(data: bytes) -> Attestation:
    """Returns an attestation from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return ATTESTATION.parse(data)


def read_type(number: int) -> StatementType:
    """Returns the type of a statement from its number.

    Raises:
        StatementMalformed: If it is unknown.
    """
    try:
        return StatementType(number)
    except ValueError:
        raise StatementMalformed("the type of the statement is unknown") from None


_INCLUSION_SIZE = "a part of the inclusion has the wrong size"

_INCLUSION = table(
    pb.Inclusion,
    Inclusion,
    attestation=sized(HASH_SIZE, _INCLUSION_SIZE),
    salt=sized(SALT_SIZE, _INCLUSION_SIZE),
    index=NUMBER,
    path=hash_path(_MAX_DEPTH, "the path of a statement is not possible"),
)

BODY = checked(
    BYTES, lambda body: 0 < len(body) <= MAX_BODY_BYTES, "the body is empty or too large"
)
"""Body of a statement, whatever its type."""

STATEMENT = table(
    pb.Statement,
    Statement,
    maximum=MAX_MESSAGE_BYTES,
    type=translated(NUMBER, None, read_type),
    body=BODY,
    inclusions=many(
        part(_INCLUSION),
        least=1,
        most=MAX_COSIGNERS,
        why="the statement has no signer, or too many",
    ),
)
encode_statement = STATEMENT.encode
"""Returns the canonical encoding of a statement without its attestations."""
parse_statement = STATEMENT.parse
"""Returns a statement without its attestations, from its canonical encoding."""


@immutable
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


def _write_signed(value: Signed) -> pb.Signed:
    return pb.Signed(
        statement=STATEMENT.write(value.statement),
        attestations=[
            encode_attestation(value.attestations[inclusion.attestation])
            for inclusion in value.statement.inclusions
        ],
    )


def _read_signed(message: pb.Signed) -> Signed:
    statement = STATEMENT.read(message.statement)
    attestations = [parse_attestation(data) for data in message.attestations]
    if [a.hash for a in attestations] != [i.attestation for i in statement.inclusions]:
        raise StatementMalformed("the attestations do not belong to the statement")
    return Signed(statement=statement, attestations={a.hash: a for a in attestations})


SIGNED = Codec(message=pb.Signed, write=_write_signed, read=_read_signed, maximum=MAX_MESSAGE_BYTES)
"""By hand: its attestations are in the order of the inclusions."""
encode_signed = SIGNED.encode
"""Returns the canonical encoding of a statement with its attestations."""
parse_signed = SIGNED.parse
"""Returns a statement with its attestations, from its canonical encoding."""
