"""The index of values: written as packets come, and brought up to date when it is asked."""

from collections.abc import Iterable

from tearline.identity import agency_uri_of
from tearline.onward import is_telling
from tearline.packet import TEXT, Field, Manifest
from tearline_client.state import NodeState


def index_fields(
    state: NodeState, packet_id: bytes, manifest: Manifest, fields: Iterable[Field]
) -> None:
    """Indexes all that is open here of a packet, in the caller's transaction.

    Args:
        state: The node.
        packet_id: 32 bytes.
        manifest: What the packet says of itself.
        fields: Everything that every key that is here opens, without what was found to be wrong.
    """
    ours = agency_uri_of(manifest.header.signer) == state.agency
    texts = [field for field in fields if field.media_type == TEXT]
    own_sources = set() if ours else state.stores.own_sources.paths(packet_id)
    state.stores.values.put(
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


def index_values(state: NodeState) -> None:
    """Indexes every packet that was made here, or opened further, since it was indexed.

    Raises:
        PacketError: If a packet as it lies here no longer verifies.
    """
    for packet_id in state.stores.values.behind():
        if state.stores.packets.is_frozen(packet_id):
            continue  # it is read once its originator resumes
        # In one transaction: a key that comes meanwhile is not taken for one that was read with.
        with state.stores.database.transaction():
            shown = state.open_view(packet_id)
            index_fields(state, packet_id, shown.manifest, (o.field for o in shown.view.fields))
