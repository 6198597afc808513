"""Indexes of values and of texts: updated on each arrival, and completed before each query."""

import asyncio
from collections.abc import Iterable

from tearline.identity import agency_uri_of
from tearline.onward.use import is_telling
from tearline.packets.packet import TEXT, Field, Manifest
from tearline_client.context import NodeContext
from tearline_client.planning.text_search import index_lines
from tearline_runtime.turns import in_turns


def index_fields(
    context: NodeContext, packet_id: bytes, manifest: Manifest, fields: Iterable[Field]
) -> None:
    """Indexes all readable fields of a packet, in the caller's transaction.

    Args:
        context: The node.
        packet_id: 32 bytes.
        manifest: The packet's manifest.
        fields: All fields that the node's keys open, without invalid ones.
    """
    ours = agency_uri_of(manifest.header.signer) == context.agency
    texts = [field for field in fields if field.media_type == TEXT]
    context.stores.search_texts.put(
        packet_id,
        kind=manifest.kind.value,
        case_id=manifest.case_id,
        lines=index_lines(_best(texts)),
    )
    own_sources = set() if ours else context.stores.own_sources.paths(packet_id)
    context.stores.values.put(
        packet_id,
        (text for field in texts for text in field.texts),
        own=ours and not manifest.derived_from,
        telling=()
        if ours
        else {
            text
            for field in texts
            if is_telling(field.marking) and field.path not in own_sources
            for text in field.texts
        },
    )


def index_values(context: NodeContext) -> None:
    """Indexes every packet that is new, or has newly opened fields.

    Raises:
        PacketError: If a stored packet no longer verifies.
    """
    for packet_id in context.stores.values.behind():
        _index(context, packet_id)


async def index_in_turns(context: NodeContext) -> None:
    """Indexes as ``index_values``, while other tasks run between two packets."""
    async for packet_id in in_turns(context.stores.values.behind()):
        _index(context, packet_id)
    while context.stores.search_texts.unite():
        await asyncio.sleep(0)


def _index(context: NodeContext, packet_id: bytes) -> None:
    # In one transaction: a key that arrives meanwhile must not count as indexed.
    with context.stores.database.transaction():
        if context.stores.packets.is_frozen(packet_id):
            return  # indexed once its originator resumes
        if not context.stores.values.is_behind(packet_id):
            return  # erased, or indexed by another task
        shown = context.open_view(packet_id)
        index_fields(context, packet_id, shown.manifest, (o.field for o in shown.view.fields))


def _best(fields: Iterable[Field]) -> Iterable[Field]:
    """Returns the most revealing form of each path, as ``View.best``."""
    best: dict[str, Field] = {}
    for field in fields:
        known = best.get(field.path)
        if known is None or known.form < field.form:
            best[field.path] = field
    return best.values()
