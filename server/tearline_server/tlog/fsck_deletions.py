"""Verification of deletions: every missing ciphertext or grant needs a signed reason.

A ciphertext may be deleted after a recall from all recipients, or after its packet ended. A grant
may be deleted after a void withdrew it. Statements are read in the order of the log, so a reason
follows the deleted item.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tearline.agreements.agreement import Agreement
from tearline.audit.retention import end_of_packet
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest
from tearline.packets.recall import Recall, RecallOrder
from tearline.statements.statement import Statement, StatementType
from tearline.wire.grants import parse_void
from tearline.wire.recalls import parse_recall


@dataclass(slots=True, kw_only=True)
class _Packet:
    """Packet with missing ciphertexts: its entry, its time, and the missing slots."""

    entry: int
    manifest: Manifest
    accepted_ms: int
    missing: frozenset[int]

    def take(self, recall: Recall) -> None:
        order = recall.said
        if not isinstance(order, RecallOrder) or not order.whole:
            return
        if agency_uri_of(recall.header.signer) == agency_uri_of(self.manifest.header.signer):
            self.missing -= frozenset(order.slots) or self.missing


class Deletions:
    """Missing items that no later statement has explained yet."""

    def __init__(self) -> None:
        self._packets: dict[bytes, _Packet] = {}
        self._grants: dict[tuple[bytes, str], int] = {}
        self._explains: Mapping[StatementType, Callable[[Statement], None]] = {
            StatementType.RECALL: self._take_recall,
            StatementType.VOID: self._take_void,
        }

    def grant_is_missing(self, entry: int, grant: bytes, signer: str) -> None:
        """Records a missing grant, by its id and signer."""
        self._grants[grant, signer] = entry

    def take_packet(
        self,
        packet: bytes,
        manifest: Manifest,
        *,
        entry: int,
        accepted_ms: int,
        held: Iterable[int],
    ) -> None:
        """Records the missing ciphertexts of a packet.

        Args:
            packet: The manifest's id.
            manifest: The manifest.
            entry: Index of its entry.
            accepted_ms: The log's time of its entry; 0 if unknown.
            held: The slots whose ciphertexts are stored.
        """
        missing = frozenset(range(len(manifest.slots))) - frozenset(held)
        if missing:
            self._packets[packet] = _Packet(
                entry=entry, manifest=manifest, accepted_ms=accepted_ms, missing=missing
            )

    def take(self, statement: Statement) -> None:
        """Applies the next statement of the log, which may explain a deletion.

        Raises:
            TearlineError: If it cannot be read.
        """
        explain = self._explains.get(statement.type)
        if explain is not None:
            explain(statement)

    def _take_recall(self, statement: Statement) -> None:
        if self._packets:  # else it explains nothing, and need not be read
            recall = parse_recall(statement.body)
            if packet := self._packets.get(recall.packet):
                packet.take(recall)

    def _take_void(self, statement: Statement) -> None:
        if self._grants:
            void = parse_void(statement.body)
            self._grants.pop((void.withdraws, void.header.signer), None)

    def unexplained(
        self, agreements: Mapping[bytes, Agreement], now_ms: int
    ) -> Iterator[tuple[int, str]]:
        """Yields the entries of unexplained deletions, each with a description.

        Args:
            agreements: The newest version of each, by id.
            now_ms: The log's time.
        """
        for packet in self._packets.values():
            agreement = agreements.get(packet.manifest.agreement.id)
            ended = end_of_packet(packet.manifest, agreement, packet.accepted_ms) <= now_ms
            if packet.missing and not ended:
                named = ", ".join(map(str, sorted(packet.missing)))
                yield packet.entry, f"ciphertexts are missing without a recall: {named}"
        for entry in self._grants.values():
            yield entry, "the grant is missing, and no void withdrew it"
