"""Packets, their keys, and grants. The vault seals all contents."""

import hashlib
from collections.abc import Iterator

from tearline.errors import NotFound
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest, PacketParts
from tearline.statements.channel import VoidReason
from tearline.statements.receipt import Status
from tearline.wire.grants import parse_grant
from tearline.wire.packet_parts import encode_parts, parse_parts
from tearline.wire.packets import Release, encode_release, parse_manifest, parse_release
from tearline.wire.statements import Signed, parse_statement
from tearline_client.store.attestations import AttestationStore
from tearline_client.store.database import Database
from tearline_client.store.packet_index import PacketIndex
from tearline_client.store.packet_records import StoredGrant, StoredPacket
from tearline_client.store.search_texts import SearchTextStore
from tearline_client.store.vault import Column

MANIFEST = Column("packet", "manifest", ("id",))
_PARTS = Column("packet", "parts", ("id",))
_KEYS = Column("packet_key", "sealed", ("packet", "grant_id"))
FREEZE = Column("freeze", "sealed", ("agency", "agreement"))
_GRANT = Column("packet_grant", "sealed", ("statement_id",))
_GRANT_COLUMNS = "statement_id, incoming, status, sealed, withdrawn"
_MAY_END = (  # no parameter: an index covers exactly these rows
    f"incoming = 1 AND status < {Status.ERASED:d} OR incoming = 0 AND status <= {Status.ACCEPTED:d}"
)


MAX_AT_ONCE = 512  # receipts under one signature
MAX_REFUSALS = 3  # of a receipt for one grant: by then it is no accident
NEVER_MS = (1 << 63) - 1  # what a signed 64-bit column holds
NEWEST = (1 << 63) - 1  # above every row's place
_OWN_KEYS = b""
"""Replaces a grant's id for the keys of a packet of ours."""


class PacketStore(PacketIndex):
    """Packets by id; the caller's transaction makes writes durable together."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._attestations = AttestationStore(database)

    def put_packet(self, signed: Signed, origin: str, parts: PacketParts, *, now_ms: int) -> bool:
        """Stores a packet, or adds ciphertexts to one that is here; returns whether it is new."""
        known = self._db.value("SELECT parts FROM packet WHERE id = ?", (signed.statement.id,))
        if known is not None:
            earlier = parse_parts(self._db.vault.open(_PARTS.at(signed.statement.id), known))
            parts = PacketParts(
                manifest=parts.manifest,
                openings=parts.openings or earlier.openings,
                ciphertexts={**earlier.ciphertexts, **parts.ciphertexts},
                slot_count=parts.slot_count or earlier.slot_count,
                blobs=parts.blobs or earlier.blobs,
            )
        self._db.execute(
            "INSERT INTO packet VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET parts = excluded.parts",
            (
                signed.statement.id,
                origin,
                now_ms,
                self._db.vault.seal(
                    MANIFEST.at(signed.statement.id), self._attestations.encode(signed)
                ),
                self._db.vault.seal(_PARTS.at(signed.statement.id), encode_parts(parts)),
            ),
        )
        return known is None

    def put_keys(self, packet: bytes, release: Release, *, grant_id: bytes = _OWN_KEYS) -> None:
        """Stores a packet's keys, apart from it; deleting the row erases the contents."""
        sealed = self._db.vault.seal(_KEYS.at(packet, grant_id), encode_release(release))
        self._db.execute(
            "INSERT INTO packet_key VALUES (?, ?, ?)",
            (packet, grant_id, sealed),
        )

    def keys_state(self, packet: bytes) -> bytes:
        """Returns a digest that changes with the keys of a packet; empty if it has none."""
        sql = "SELECT sealed FROM packet_key WHERE packet = ? ORDER BY grant_id"
        rows = self._db.rows(sql, (packet,))  # few: a grant each
        return hashlib.sha256(b"".join(row[0] for row in rows)).digest() if rows else b""

    def put_rest(self, packet: bytes, rest: Release | None, *, grant_id: bytes) -> None:
        """Replaces a grant's keys with reduced ones; None deletes them.

        Values that were read with the old keys are deleted with them.
        """
        SearchTextStore(self._db).forget(packet)  # a trigger would delete its whole block
        self._db.erase(
            "DELETE FROM packet_key WHERE packet = ? AND grant_id = ?", (packet, grant_id)
        )
        if rest is not None:
            self.put_keys(packet, rest, grant_id=grant_id)

    def release(self, packet: bytes, grant_id: bytes) -> Release | None:
        """Returns a grant's keys, or None if none is left."""
        sealed = self._db.value(
            "SELECT sealed FROM packet_key WHERE packet = ? AND grant_id = ?", (packet, grant_id)
        )
        return None if sealed is None else self._release(packet, grant_id, sealed)

    def _release(self, packet: bytes, grant_id: bytes, sealed: bytes) -> Release:
        return parse_release(self._db.vault.open(_KEYS.at(packet, grant_id), sealed))

    def put_parts(self, parts: PacketParts) -> None:
        """Replaces the parts of a stored packet."""
        self._db.erase(
            "UPDATE packet SET parts = ? WHERE id = ?",
            (self._db.vault.seal(_PARTS.at(parts.manifest), encode_parts(parts)), parts.manifest),
        )

    def ended(self, log_ms: int) -> tuple[StoredGrant, ...]:
        """Returns the grants that ended by a time of the log, or whose end is unknown.

        These are partners' grants that are not erased, and ours that may still wait in a mailbox.
        """
        rows = self._db.rows(
            f"SELECT {_GRANT_COLUMNS} FROM packet_grant WHERE ends_ms <= ? AND ({_MAY_END})",  # noqa: S608 (names of our own)
            (log_ms,),
        )
        return tuple(self._grant(row) for row in rows)

    def set_end(self, grant: bytes, ends_ms: int) -> None:
        """Records when a grant ends."""
        self._db.execute(
            "UPDATE packet_grant SET ends_ms = ? WHERE statement_id = ?", (ends_ms, grant)
        )

    def look_again(self) -> None:
        """Schedules every grant that has not ended for a new check: an agreement changed."""
        self._db.execute(
            f"UPDATE packet_grant SET ends_ms = 0 WHERE ends_ms < ? AND ({_MAY_END})",  # noqa: S608 (the same)
            (NEVER_MS,),
        )

    def put_grant(self, signed: Signed, *, incoming: bool, status: Status | None) -> None:
        """Stores a grant with its known status."""
        grant = parse_grant(signed.statement.body)
        peer = grant.header.signer if incoming else grant.address.recipient
        self._db.execute(
            "INSERT INTO packet_grant (statement_id, packet, peer, incoming, status, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                signed.statement.id,
                grant.packet,
                peer,
                int(incoming),
                status or 0,
                self._db.vault.seal(
                    _GRANT.at(signed.statement.id), self._attestations.encode(signed)
                ),
            ),
        )

    def set_status(self, grant: bytes, status: Status) -> None:
        """Records the latest status of a grant; the caller verified that it moves forward."""
        self._db.execute(
            "UPDATE packet_grant SET status = ? WHERE statement_id = ?", (status, grant)
        )

    def set_withdrawn(self, grant: bytes, reason: VoidReason) -> None:
        """Records that a grant of ours was withdrawn before its delivery."""
        self._db.execute(
            "UPDATE packet_grant SET withdrawn = ? WHERE statement_id = ?", (reason, grant)
        )

    def untold(self) -> tuple[StoredGrant, ...]:
        """Returns the incoming grants whose grantor lacks their latest status."""
        rows = self._db.rows(
            f"SELECT {_GRANT_COLUMNS} FROM packet_grant"  # noqa: S608 (names of our own)
            " WHERE incoming = 1 AND told < status ORDER BY statement_id LIMIT ?",
            (MAX_AT_ONCE,),
        )
        return tuple(self._grant(row) for row in rows)

    def set_told(self, grant: bytes, status: Status) -> None:
        """Records the status sent to the grantor of an incoming grant."""
        self._db.execute("UPDATE packet_grant SET told = ? WHERE statement_id = ?", (status, grant))

    def set_untold(self, grant: bytes) -> None:
        """Records that a status was not delivered; retried a few times."""
        self._db.execute(
            "UPDATE packet_grant SET told = 0, refusals = refusals + 1"
            " WHERE statement_id = ? AND refusals < ?",
            (grant, MAX_REFUSALS),
        )

    def grant(self, statement_id: bytes) -> StoredGrant | None:
        """Returns one grant, or None."""
        row = self._db.row(
            f"SELECT {_GRANT_COLUMNS} FROM packet_grant WHERE statement_id = ?",  # noqa: S608 (names of our own)
            (statement_id,),
        )
        return None if row is None else self._grant(row)

    def grants(self, packet: bytes) -> tuple[StoredGrant, ...]:
        """Returns the grants of one packet, in order of peer."""
        rows = self._db.rows(
            f"SELECT {_GRANT_COLUMNS} FROM packet_grant WHERE packet = ?"  # noqa: S608 (names of our own)
            " ORDER BY peer",
            (packet,),
        )
        return tuple(self._grant(row) for row in rows)

    def own_grants(self, before: int, limit: int) -> list[tuple[int, StoredGrant]]:
        """Returns grants of ours, newest first, each with its place.

        Args:
            before: Only those made before the grant with this place; ``NEWEST`` for the newest.
            limit: Maximum number.
        """
        rows = self._db.rows(
            f"SELECT rowid, {_GRANT_COLUMNS} FROM packet_grant INDEXED BY packet_grant_own"  # noqa: S608 (names of our own)
            " WHERE incoming = 0 AND rowid < ? ORDER BY rowid DESC LIMIT ?",
            (before, limit),
        )
        return [(row[0], self._grant(row[1:])) for row in rows]

    def _grant(self, row: tuple[bytes, int, int, bytes, str]) -> StoredGrant:
        statement_id, incoming, status, sealed, withdrawn = row
        return StoredGrant(
            signed=self._attestations.parse(self._db.vault.open(_GRANT.at(statement_id), sealed)),
            incoming=bool(incoming),
            status=Status(status) if status else None,
            withdrawn=VoidReason(withdrawn) if withdrawn else None,
        )

    def packet(self, packet_id: bytes) -> StoredPacket:
        """Returns one packet.

        Raises:
            NotFound: If it is not here.
        """
        sql = "SELECT id, origin, received_ms, manifest, parts FROM packet WHERE id = ?"
        row = self._db.row(sql, (packet_id,))
        if row is None:
            raise NotFound("no such packet here")
        return self._packet(row)

    def header(self, packet_id: bytes) -> tuple[str, int, Manifest]:
        """Returns a packet's originator, time of arrival and manifest, without other parts.

        Raises:
            NotFound: If it is not here.
        """
        sql = "SELECT origin, received_ms, manifest FROM packet WHERE id = ?"
        row = self._db.row(sql, (packet_id,))
        if row is None:
            raise NotFound("no such packet here")
        origin, received_ms, sealed = row
        statement = parse_statement(self._db.vault.open(MANIFEST.at(packet_id), sealed))
        return origin, received_ms, parse_manifest(statement.body)

    def held(self, packet_id: bytes) -> StoredPacket | None:
        """Returns one packet, or None if it is not here."""
        try:
            return self.packet(packet_id)
        except NotFound:
            return None

    def is_frozen(self, packet_id: bytes) -> bool:
        """Returns whether its originator has frozen a packet: its article, under its agreement."""
        origin = self._db.value("SELECT origin FROM packet WHERE id = ?", (packet_id,))
        if origin is None:
            return False
        agency = agency_uri_of(origin)
        if self._db.row("SELECT 1 FROM freeze WHERE agency = ?", (agency,)):
            about = self.manifest(packet_id).agreement
            sealed = self._db.value(
                "SELECT sealed FROM freeze WHERE agency = ? AND agreement = ?", (agency, about.id)
            )
            if sealed is not None:
                articles = self._db.vault.open(FREEZE.at(agency, about.id), sealed)
                return about.article in articles.decode().split("\n")
        return bool(self._db.row("SELECT 1 FROM frozen WHERE packet = ?", (packet_id,)))

    def are_some_frozen(self) -> bool:
        """Returns whether any packet may be frozen; see ``is_frozen``."""
        sql = "SELECT EXISTS (SELECT 1 FROM freeze) OR EXISTS (SELECT 1 FROM frozen)"
        return bool(self._db.value(sql))

    def manifests(self) -> Iterator[tuple[bytes, Manifest]]:
        """Yields id and manifest of every packet, with one in memory at a time."""
        for packet_id in self.ids():
            yield packet_id, self.manifest(packet_id)

    def packets(self) -> Iterator[StoredPacket]:
        """Yields every packet, newest first, with one in memory at a time."""
        for packet_id in self.ids():
            yield self.packet(packet_id)

    def manifest(self, packet_id: bytes) -> Manifest:
        """Returns a packet's manifest, without reading its other parts.

        Raises:
            NotFound: If it is not here.
        """
        return self.header(packet_id)[2]

    def number_copy(self, packet_id: bytes) -> int:
        """Returns the number of a new printed copy, from 1; durable on return."""
        name = f"copies.{packet_id.hex()}"
        with self._db.transaction():
            number = int.from_bytes(self._db.setting(name) or b"", "big") + 1
            self._db.put_setting(name, number.to_bytes(8, "big"))
        return number

    def _packet(self, row: tuple[bytes, str, int, bytes, bytes]) -> StoredPacket:
        packet_id, origin, received_ms, manifest, parts = row
        sql = "SELECT grant_id, sealed FROM packet_key WHERE packet = ?"
        keys = self._db.rows(sql, (packet_id,))
        return StoredPacket(
            id=packet_id,
            origin=origin,
            received_ms=received_ms,
            signed=self._attestations.parse(self._db.vault.open(MANIFEST.at(packet_id), manifest)),
            parts=parse_parts(self._db.vault.open(_PARTS.at(packet_id), parts)),
            keys=tuple(self._release(packet_id, grant_id, sealed) for grant_id, sealed in keys),
        )
