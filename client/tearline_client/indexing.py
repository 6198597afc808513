"""Bringing the node's keyed index of values up to date with what is open here."""

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
            values.put(
                packet_id,
                (
                    text
                    for opened in shown.view.fields
                    if opened.field.media_type == TEXT
                    for text in opened.field.texts
                ),
            )
