"""Objects of one packet, as a service account may get them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tearline.packets.correction import superseded
from tearline.policy.marking import Tlp
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.stix_objects import stix_objects
from tearline_client.connectors.importers.report import Report
from tearline_client.context import NodeContext
from tearline_client.features.packets.export import Gathering
from tearline_client.rules.recalls import is_recalled_whole

StixObject = Mapping[str, Any]
STRICTEST = Tlp.AMBER_STRICT
"""Strictest marking of values in a feed: TLP:RED is for individual persons, not programs."""


def feed_export(context: NodeContext, packet_id: bytes) -> ExportedPackets | None:
    """Returns the readable fields of a packet for a feed; None if it is in none.

    A packet is in no feed if it was corrected, recalled or erased, or forms no entities.

    Raises:
        PacketFrozen: If its originator has frozen it.
        PacketError: If it no longer verifies.
    """
    stores = context.stores
    if not stores.packets.keys_state(packet_id):
        return None
    if packet_id in superseded(stores.corrections.line(packet_id)):
        return None
    if is_recalled_whole(context, packet_id):
        return None
    gathering = Gathering(context.uri, now_ms=context.now_ms(), most=STRICTEST)
    gathering.add(context.open_view(packet_id))
    made = gathering.made()
    return None if made.left_out else made.exported


def feed_objects(exported: ExportedPackets | None) -> Sequence[StixObject]:
    """Returns the objects of an export; a feed has no report."""
    return () if exported is None else tuple(stix_objects(exported, Report()))
