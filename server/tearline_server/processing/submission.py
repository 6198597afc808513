"""Reading of a publication: each statement's signer and content, not yet verified."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from tearline.errors import TearlineError
from tearline.limits import PORTION_BYTES
from tearline.packets.packet import PacketParts
from tearline.statements.statement import Attestation, Statement, StatementType
from tearline.wire.packet_parts import EncodedParts
from tearline.wire.publications import Publication
from tearline.wire.statements import header_of
from tearline_server.processing.context import SubmittedStatement
from tearline_server.processing.handlers.table import HANDLERS

_LEAST_BYTES = 512  # the smallest statement costs as much to parse as so many bytes of a large one


async def read_claims(
    publication: Publication,
    await_turn: Callable[[], Awaitable[None]],
    documents: Mapping[bytes, Mapping[bytes, frozenset[bytes]]] = MappingProxyType({}),
) -> tuple[SubmittedStatement, ...]:
    """Reads every statement of a publication as a claim, one portion a turn.

    Args:
        publication: The publication.
        await_turn: Waits for the next turn of its publisher.
        documents: Complete large documents by packet; see ``SubmittedStatement.documents``.

    Returns:
        The claims, in order.

    Raises:
        StatementMalformed: If the publication's order does not match its statements.
    """
    found, size = list[SubmittedStatement](), 0
    for submitted in claims_of(publication, documents):
        found.append(submitted)
        size += _LEAST_BYTES + len(submitted.statement.body)
        if size >= PORTION_BYTES:
            size = 0
            await await_turn()
    return tuple(found)


def claims_of(
    publication: Publication,
    documents: Mapping[bytes, Mapping[bytes, frozenset[bytes]]] = MappingProxyType({}),
) -> Iterator[SubmittedStatement]:
    """Yields every statement of a publication as a claim, in order; each is parsed when due.

    Raises:
        StatementMalformed: If the publication's order does not match its statements.
    """
    attestations = publication.attestations()
    parts = {each.manifest: each for each in publication.parts}
    encoded = publication.encoded_parts()
    for statement in publication.statements():
        claim = _claim(statement, attestations, parts, encoded)
        found = documents.get(statement.id)
        yield replace(claim, documents=found) if found else claim


def _claim(
    statement: Statement,
    attestations: Mapping[bytes, Attestation],
    parts: Mapping[bytes, PacketParts],
    encoded_parts: Mapping[bytes, EncodedParts],
) -> SubmittedStatement:
    handler = HANDLERS[statement.type]
    content: object
    header = natural = None
    try:
        header = header_of(statement.body)
        content = handler.parse(statement.body)
        natural = handler.natural_id(content)
    except TearlineError as error:
        content = error
    return SubmittedStatement(
        statement=statement,
        attestations=attestations,
        header=header,
        content=content,
        natural=natural,
        parts=parts.get(statement.id) if statement.type is StatementType.MANIFEST else None,
        encoded_parts=encoded_parts.get(statement.id),
    )
