"""Expiry of packets: deletes their ciphertexts, like a recall from all recipients.

Waiting grants of such a packet are not handed out, and no new grant of it is accepted.
"""

from collections.abc import Iterable

from tearline.agreements.agreement import Agreement
from tearline.audit.retention import end_of_packet
from tearline.packets.packet import Manifest
from tearline_server.processing.batch import Batch
from tearline_server.processing.registry import Registry
from tearline_server.storage.rows import RecallRow


def drop_ended(registry: Registry, batch: Batch, packets: Iterable[bytes]) -> None:
    """Deletes ciphertexts of packets that have ended; schedules the next check of the others.

    Args:
        registry: The current agreements.
        batch: The batch, which receives the writes.
        packets: Packets that may have ended, by manifest id.
    """
    for packet in packets:
        stored, facts = batch.known.packets.get(packet), batch.facts(packet)
        if stored is None or facts is None:
            continue
        end_ms = end_of(registry, facts.manifest, stored.accepted_ms)
        if end_ms > batch.now_ms:
            batch.ends[packet] = end_ms
            continue
        row = RecallRow(packet=packet, node="", grant=b"", slots=())
        batch.recalls.setdefault(packet, []).append(row)
        batch.drop(packet, None)
        batch.ends[packet] = None


def end_of(registry: Registry, manifest: Manifest, accepted_ms: int) -> int:
    """Returns the time at which a packet ends, by the newest version of its agreement."""
    found = registry.agreements.get(manifest.agreement.id)
    agreement: Agreement | None = None if found is None else found.agreement
    return end_of_packet(manifest, agreement, accepted_ms)
