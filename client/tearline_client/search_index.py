"""The index of values: written as packets come, and brought up to date when it is asked."""

from collections.abc import Iterable

from tearline.identity import agency_uri_of
from tearline.onward.use import is_telling
from tearline.packets.packet import TEXT, Field, Manifest
from tearline_client.context import NodeContext


def index_fields(
    context: NodeContext, packet_id: bytes, manifest: Manifest, fields: Iterable[Field]
) -> None:
    """Indexes all that is open here of a packet, in the caller's transaction.

    Args:
        context: The node.
        packet_id: 32 bytes.
        manifest: What the packet says of itself.
        fields: Everything that every key that is here opens, without what was found to be wrong.
    """
    ours = agency_uri_of(manifest.header.signer) == context.agency
    texts = [field for field in fields if field.media_type == TEXT]
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
    """Indexes every packet that was made here, or opened further, since it was indexed.

    Raises:
        PacketError: If a packet as it lies here no longer verifies.
    """
    for packet_id in context.stores.values.behind():
        if context.stores.packets.is_frozen(packet_id):
            continue  # it is read once its originator resumes
        # In one transaction: a key that comes meanwhile is not taken for one that was read with.
        with context.stores.database.transaction():
            shown = context.open_view(packet_id)
            index_fields(context, packet_id, shown.manifest, (o.field for o in shown.view.fields))
