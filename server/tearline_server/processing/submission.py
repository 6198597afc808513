"""Reading of a publication: each statement's signer and content, not yet verified."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace

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
) -> tuple[SubmittedStatement, ...]:
    """Reads every statement of a publication as a claim, one portion a turn.

    Args:
        publication: The publication.
        await_turn: Waits for the next turn of its publisher.

    Returns:
        The claims, in order.

    Raises:
        StatementMalformed: If the publication's order does not match its statements.
    """
    found, size = list[SubmittedStatement](), 0
    for submitted in claims_of(publication):
        found.append(submitted)
        size += _LEAST_BYTES + len(submitted.statement.body)
        if size >= PORTION_BYTES:
            size = 0
            await await_turn()
    return tuple(found)


def claims_of(publication: Publication) -> Iterator[SubmittedStatement]:
    """Yields every statement of a publication as a claim, in order; each is parsed when due.

    Raises:
        StatementMalformed: If the publication's order does not match its statements.
    """
    attestations = publication.attestations()
    parts = {each.manifest: each for each in publication.parts}
    encoded = publication.encoded_parts()
    for statement in publication.statements():
        yield _claim(statement, attestations, parts, encoded)


def with_documents(
    claims: Iterable[SubmittedStatement],
    documents: Mapping[bytes, Mapping[bytes, frozenset[bytes]]],
) -> tuple[SubmittedStatement, ...]:
    """Returns claims with the complete large documents of their packets, as far as looked up."""
    return tuple(replace(each, documents=documents.get(each.statement.id)) for each in claims)


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
