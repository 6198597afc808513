"""Writes about packets in one transaction."""

from tearline_server.storage.columns import Slots, packed_slots, without_slots
from tearline_server.storage.commit import Commit
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.postgres.write_batch import BYTES, INT, TEXT, WriteBatch

_PACKET = {
    "id": BYTES,
    "statement": INT,
    "openings": BYTES,
    "agreement": BYTES,
    "accepted_ms": INT,
    "ends_ms": INT,
}


def put_packets(put: WriteBatch, commit: Commit) -> None:
    """Adds the writes of new packets, their dependencies, and recalls."""
    put.rows(
        "packet",
        _PACKET,
        ([getattr(row, name) for name in _PACKET] for row in commit.packets),
    )
    put.rows(
        "ciphertext",
        {"packet": BYTES, "parts": BYTES},
        ((row.id, row.ciphertexts) for row in commit.packets),
    )
    put.rows(
        "derivation",
        {"packet": BYTES, "source": BYTES},
        ((row.id, source) for row in commit.packets for source in row.sources),
        "ON CONFLICT DO NOTHING",
    )
    put.rows(
        "correction",
        {"packet": BYTES, "corrects": BYTES},
        ((row.id, row.corrects) for row in commit.packets if row.corrects),
    )
    put.rows(
        "recall",
        {"packet": BYTES, "node": TEXT, "grant_id": BYTES, "slots": BYTES},
        ((row.packet, row.node, row.grant, packed_slots(row.slots)) for row in commit.recalls),
        "ON CONFLICT DO NOTHING",
    )


async def change_packets(connection: Connection, put: WriteBatch, commit: Commit) -> None:
    """Deletes ciphertexts and updates expiry times; new packets are written already."""
    for packet, slots in commit.dropped.items():  # as few as a batch recalls or finds ended
        await _drop(connection, packet, slots)
    put.run(
        "UPDATE packet p SET ends_ms = new.ends_ms FROM new WHERE p.id = new.id",
        {"id": BYTES, "ends_ms": INT},
        commit.ends.items(),
    )
    await put.write()


async def _drop(connection: Connection, packet: bytes, slots: Slots | None) -> None:
    """Deletes ciphertexts of a packet; None for all of them."""
    held = None
    if slots is not None:
        held = await connection.fetchval("SELECT parts FROM ciphertext WHERE packet = $1", packet)
    left = without_slots(held, slots) if held is not None and slots is not None else b""
    if left:
        sql = "UPDATE ciphertext SET parts = $2 WHERE packet = $1"
        await connection.execute(sql, packet, left)
    else:
        await connection.execute("DELETE FROM ciphertext WHERE packet = $1", packet)
