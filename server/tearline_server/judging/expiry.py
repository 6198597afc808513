"""Deleting the ciphertexts of packets that have ended, as if they had been recalled from everybody.

What waits of such a packet is not handed out any more, and nothing of it is granted.
"""

from collections.abc import Iterable

from tearline.agreement import Agreement
from tearline.packet import Manifest
from tearline.retention import end_of_packet
from tearline_server.judging.docket import Docket
from tearline_server.judging.registry import Registry
from tearline_server.storage.rows import RecallRow


def drop_ended(registry: Registry, docket: Docket, packets: Iterable[bytes]) -> None:
    """Deletes ciphertexts of those that ended by now, and notes of the others when they do.

    Args:
        registry: Agreements as they stand.
        docket: What must be written goes into it.
        packets: Packets that may have ended, by the id of their manifest.
    """
    for packet in packets:
        stored, facts = docket.known.packets.get(packet), docket.facts(packet)
        if stored is None or facts is None:
            continue
        end_ms = end_of(registry, facts.manifest, stored.accepted_ms)
        if end_ms > docket.now_ms:
            docket.ends[packet] = end_ms
            continue
        row = RecallRow(packet=packet, node="", grant=b"", slots=())
        docket.recalls.setdefault(packet, []).append(row)
        docket.drop(packet, None)
        docket.ends[packet] = None


def end_of(registry: Registry, manifest: Manifest, accepted_ms: int) -> int:
    """When a packet ends, by the newest version of its agreement."""
    found = registry.agreements.get(manifest.agreement.id)
    agreement: Agreement | None = None if found is None else found.agreement
    return end_of_packet(manifest, agreement, accepted_ms)
