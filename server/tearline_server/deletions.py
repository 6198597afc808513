"""Verifying that what is missing of packets and grants was deleted for a reason that was signed.

A ciphertext may go once it was recalled from everybody, and a grant once a void withdrew it.
Statements are read in the order of the log, where the reason stands behind what it deletes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tearline.channel import Void
from tearline.identity import agency_uri_of
from tearline.packet import PacketParts
from tearline.recall import Recall, RecallOrder
from tearline.statement import Statement, StatementType
from tearline.wire.flow import parse_void
from tearline.wire.packets import parse_manifest
from tearline.wire.recalls import parse_recall


@dataclass(slots=True, kw_only=True)
class _Packet:
    """A packet of which ciphertexts are missing: by its originator, at which slots."""

    entry: int
    originator: str
    missing: frozenset[int]

    def take(self, recall: Recall) -> None:
        order = recall.said
        if not isinstance(order, RecallOrder) or not order.whole:
            return
        if agency_uri_of(recall.header.signer) == self.originator:
            self.missing -= frozenset(order.slots) or self.missing


class Deletions:
    """What is missing, until what was said later explains it."""

    def __init__(self) -> None:
        self._packets: dict[bytes, _Packet] = {}
        self._grants: dict[tuple[bytes, str], int] = {}

    def grant_is_missing(self, entry: int, grant: bytes, signer: str) -> None:
        """Notes that a grant is not there, by its id and who signed it."""
        self._grants[grant, signer] = entry

    def take(self, entry: int, statement: Statement, parts: PacketParts | None) -> None:
        """Takes the next statement of the log.

        Args:
            entry: Its entry.
            statement: The statement.
            parts: Of a manifest, what is stored beside it.

        Raises:
            TearlineError: If it cannot be read.
        """
        match statement.type:
            case StatementType.MANIFEST:
                self._take_manifest(entry, statement, parts)
            case StatementType.RECALL if self._packets:
                recall = parse_recall(statement.body)
                if packet := self._packets.get(recall.packet):
                    packet.take(recall)
            case StatementType.VOID if self._grants:
                self._take_void(parse_void(statement.body))
            case _:
                pass

    def _take_manifest(self, entry: int, statement: Statement, parts: PacketParts | None) -> None:
        manifest = parse_manifest(statement.body)
        held = frozenset() if parts is None else parts.ciphertexts.keys()
        missing = frozenset(range(len(manifest.slots))) - held
        if missing:
            self._packets[statement.id] = _Packet(
                entry=entry, originator=agency_uri_of(manifest.header.signer), missing=missing
            )

    def _take_void(self, void: Void) -> None:
        self._grants.pop((void.withdraws, void.header.signer), None)

    def unexplained(self) -> Iterator[tuple[int, str]]:
        """The entries of the statements of which something is missing, and what, for people."""
        for packet in self._packets.values():
            if packet.missing:
                named = ", ".join(map(str, sorted(packet.missing)))
                yield packet.entry, f"ciphertexts are missing that nobody recalled: {named}"
        for entry in self._grants.values():
            yield entry, "the grant is missing, and nobody withdrew it"
