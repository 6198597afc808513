"""Bringing the node's keyed index of values up to date with what is open here."""

from tearline.identity import agency_uri_of
from tearline.onward import is_telling
from tearline.packet import TEXT
from tearline_client.state import NodeState
from tearline_client.store.values import ValueStore
from tearline_client.views import open_view


def index_values(state: NodeState, values: ValueStore) -> None:
    """Indexes every packet that was opened further since it was indexed.

    Raises:
        PacketError: If a packet as it lies here no longer verifies.
    """
    for packet_id in values.behind():
        if state.stores.packets.is_frozen(packet_id):
            continue  # it is read once its originator resumes
        # In one transaction: a key that comes meanwhile is not taken for one that was read with.
        with state.stores.database.transaction():
            shown = open_view(state.stores.packets, packet_id, node=state.uri)
            ours = agency_uri_of(shown.packet.origin) == state.agency
            fields = [o.field for o in shown.view.fields if o.field.media_type == TEXT]
            values.put(
                packet_id,
                (text for field in fields for text in field.texts),
                own=ours and not shown.manifest.derived_from,
                telling=()
                if ours
                else {t for field in fields if is_telling(field.marking) for t in field.texts},
            )
