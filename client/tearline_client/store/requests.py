"""Requests for records as known to this node: their steps, and their log entries.

Log data arrive in any order: the other party's step by the mailbox, ours by the exchange's receipt.
A request's progress is computed from all of them each time.
"""

from collections.abc import Collection

from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event, EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import AgreementNotInForce, NotFound, RecordRequestUnknown
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest, PacketKind
from tearline.requests.progress import Progress, demand_of
from tearline.requests.replay import LoggedStep, Replayed, replay
from tearline.requests.step import RequestStep, Side, StepNote
from tearline.wire.requests import encode_note, parse_note, parse_step
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.packets import PacketStore
from tearline_client.store.suspensions import SuspensionStore
from tearline_client.store.vault import Column

_STEP = Column("request_step", "sealed", ("statement_id",))
_NOTE = Column("request_step", "note", ("statement_id",))
_REQUESTS = "SELECT packet, peer, side, granted_ms, stored_ms FROM request"


@immutable
class StoredRequest:
    """A request, with our role.

    Attributes:
        packet: 32 bytes, the id of its manifest.
        peer: URI of the other party.
        side: Our role.
        granted_ms: The log's time of its grant.
        stored_ms: The log's time of the holder's first receipt, or None.
    """

    packet: bytes
    peer: str
    side: Side
    granted_ms: int
    stored_ms: int | None


@immutable
class StoredStep:
    """A stored step.

    Attributes:
        signed: Its statement.
        side: The party of the step.
        step: Its contents.
        index: Index of its log entry; None for one of ours not yet seen in the log.
        time_ms: Time of its entry, or None.
        note: Its note; None if it could not be opened.
        code: Code of its refusal, or empty.
        counted: Whether it was verified to follow; one of ours was before it was sent.
    """

    signed: Signed
    side: Side
    step: RequestStep
    index: int | None
    time_ms: int | None
    note: StepNote | None
    code: str
    counted: bool

    @property
    def is_pending(self) -> bool:
        """Returns whether it is ours and not yet seen in the log."""
        return self.index is None and not self.code


class RequestStore:
    """Requests by packet and other party; the caller's transaction makes writes durable.

    Args:
        database: The node's database.
        packets: Their packets.
        agreements: Define their deadlines.
        standings: Stop their clocks.
    """

    def __init__(
        self,
        database: Database,
        packets: PacketStore,
        agreements: AgreementStore,
        standings: SuspensionStore,
    ) -> None:
        self._db = database
        self._packets = packets
        self._agreements = agreements
        self._standings = standings

    def verify_terms(self, packet: bytes) -> None:
        """Verifies that the agreement version of a request is here.

        Raises:
            AgreementNotInForce: If not.
        """
        self._agreement_of(self._packets.manifest(packet))

    def begin(self, packet: bytes, peer: str, side: Side, *, index: int, time_ms: int) -> None:
        """Stores a request with its first grant; later grants change nothing."""
        self._db.execute(
            "INSERT INTO request VALUES (?, ?, ?, ?, NULL, NULL) ON CONFLICT DO NOTHING",
            (packet, peer, side, time_ms),
        )
        self._put_time(packet, peer, index, time_ms)

    def store(self, packet: bytes, peer: str, *, index: int, time_ms: int) -> None:
        """Records that the holder has a request; ignores other packets."""
        found = self._row(packet, peer)
        if found is None or found.stored_ms is not None:
            return
        self._db.execute(
            "UPDATE request SET stored_ms = ? WHERE packet = ? AND peer = ?",
            (time_ms, packet, peer),
        )
        self._put_time(packet, peer, index, time_ms)

    def request(self, packet: bytes, peer: str) -> StoredRequest:
        """Returns one request.

        Raises:
            RecordRequestUnknown: If there is none between these two.
        """
        found = self._row(packet, peer)
        if found is None:
            raise RecordRequestUnknown
        return found

    def _row(self, packet: bytes, peer: str) -> StoredRequest | None:
        row = self._db.row(f"{_REQUESTS} WHERE packet = ? AND peer = ?", (packet, peer))
        return None if row is None else _request(*row)

    def all(self) -> tuple[StoredRequest, ...]:
        """Returns every request, newest first."""
        rows = self._db.rows(f"{_REQUESTS} ORDER BY granted_ms DESC, packet, peer")
        return tuple(_request(*row) for row in rows)

    def open(self) -> tuple[StoredRequest, ...]:
        """Returns the unsettled requests, newest first."""
        rows = self._db.rows(
            f"{_REQUESTS} WHERE settled_ms IS NULL ORDER BY granted_ms DESC, packet, peer"
        )
        return tuple(_request(*row) for row in rows)

    def of(self, packet: bytes) -> tuple[StoredRequest, ...]:
        """Returns the requests of one packet, in order of the other party."""
        rows = self._db.rows(f"{_REQUESTS} WHERE packet = ? ORDER BY peer", (packet,))
        return tuple(_request(*row) for row in rows)

    def settle(self, request: StoredRequest) -> None:
        """Records that an ended request needs no step, until it changes.

        Runs in the caller's transaction, which has read its steps.
        """
        self._db.execute(
            "UPDATE request SET settled_ms ="
            " (SELECT max(s.time_ms) FROM request_step s WHERE s.packet = ?1 AND s.peer = ?2)"
            " WHERE packet = ?1 AND peer = ?2",
            (request.packet, request.peer),
        )

    # Steps.

    def put_own(self, request: StoredRequest, signed: Signed, note: StepNote) -> None:
        """Stores a step of ours before it is sent, with its note."""
        self._put(request, request.side, signed, note)

    def put_theirs(
        self,
        request: StoredRequest,
        signed: Signed,
        note: StepNote | None,
        index: int,
        time_ms: int,
    ) -> None:
        """Stores a step of the other party."""
        self._put(request, request.side.other, signed, note, index=index, time_ms=time_ms)
        self._put_time(request.packet, request.peer, index, time_ms)

    def _put(
        self,
        request: StoredRequest,
        side: Side,
        signed: Signed,
        note: StepNote | None,
        *,
        index: int | None = None,
        time_ms: int | None = None,
    ) -> None:
        vault, key = self._db.vault, signed.statement.id
        self._db.execute(
            "INSERT INTO request_step VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?)",
            (
                key,
                request.packet,
                request.peer,
                side,
                index,
                time_ms,
                vault.seal(_STEP.at(key), encode_signed(signed)),
                None if note is None else vault.seal(_NOTE.at(key), encode_note(note)),
                index is None,
            ),
        )

    def refuse(self, statement_id: bytes, code: str) -> None:
        """Records that the exchange refused a step of ours; its number is free again."""
        self._db.execute(
            "UPDATE request_step SET code = ? WHERE statement_id = ? AND idx IS NULL",
            (code, statement_id),
        )

    def forget(self, statement_id: bytes) -> bool:
        """Deletes a refused step of ours to repeat it; returns whether it was here."""
        row = self._db.row(
            "DELETE FROM request_step WHERE statement_id = ? AND code <> '' RETURNING 1",
            (statement_id,),
        )
        return row is not None

    def count(self, request: StoredRequest, unfit: Collection[int]) -> None:
        """Records permanently that all steps follow, except those of these entries."""
        for each in self.steps(request):
            if each.index is not None and not each.counted and each.index not in unfit:
                self._db.execute(
                    "UPDATE request_step SET counted = 1 WHERE statement_id = ?",
                    (each.signed.statement.id,),
                )

    def steps(self, request: StoredRequest) -> tuple[StoredStep, ...]:
        """Returns the steps of a request: those in the log, in its order, then the others."""
        rows = self._db.rows(
            "SELECT statement_id, side, idx, time_ms, sealed, note, code, counted FROM request_step"
            " WHERE packet = ? AND peer = ? ORDER BY idx IS NULL, idx, rowid",
            (request.packet, request.peer),
        )
        return tuple(self._step(*row) for row in rows)

    def _step(
        self,
        key: bytes,
        side: str,
        index: int | None,
        time_ms: int | None,
        sealed: bytes,
        note: bytes | None,
        code: str,
        counted: int,
    ) -> StoredStep:
        signed = parse_signed(self._db.vault.open(_STEP.at(key), sealed))
        return StoredStep(
            signed=signed,
            side=Side(side),
            step=parse_step(signed.statement.body),
            index=index,
            time_ms=time_ms,
            note=None if note is None else parse_note(self._db.vault.open(_NOTE.at(key), note)),
            code=code,
            counted=bool(counted),
        )

    # Progress.

    def replayed(self, request: StoredRequest, agency: str) -> Replayed:
        """Returns a request's progress, by all known data.

        Args:
            request: The request.
            agency: URI of our agency.

        Raises:
            AgreementNotInForce: If its agreement version is not here.
        """
        manifest = self._packets.manifest(request.packet)
        agreement = self._agreement_of(manifest)
        begun = Progress.begin(
            demand_of(manifest, agreement),
            granted_ms=request.granted_ms,
            stored_ms=request.stored_ms,
        )
        logged = [
            LoggedStep(
                side=each.side,
                step=each.step,
                index=each.index,
                time_ms=each.time_ms,
                counted=each.counted,
            )
            for each in self.steps(request)
            if each.index is not None and each.time_ms is not None
        ]
        ends = {request.side: agency, request.side.other: agency_uri_of(request.peer)}
        stopped = self._standings.standstill(
            agreement,
            manifest.agreement.article,
            asker=ends[Side.ASKER],
            holder=ends[Side.HOLDER],
            since_ms=request.granted_ms,
        )
        return replay(begun, logged, stopped)

    def _agreement_of(self, manifest: Manifest) -> Agreement:
        reference = manifest.agreement
        for _, agreement in self._agreements.read_versions(reference.id):
            if agreement.version == reference.version:
                return agreement
        raise AgreementNotInForce("the request's agreement version is not here")

    # Log entries of our own statements.

    def note_own(self, event: Event, index: int) -> None:
        """Records a log entry about a statement of this node."""
        match event.code:
            case EventCode.GRANT_ACCEPTED if self._is_request(event.packet):
                self.begin(
                    event.packet, event.counterpart, Side.ASKER, index=index, time_ms=event.time_ms
                )
            case EventCode.RECEIPT:
                self.store(event.packet, event.counterpart, index=index, time_ms=event.time_ms)
            case EventCode.REQUEST:
                self._db.execute(
                    "UPDATE request_step SET idx = ?, time_ms = ? WHERE statement_id = ?",
                    (index, event.time_ms, event.statement_id),
                )
                self._put_time(event.packet, event.counterpart, index, event.time_ms)
            case _:  # no other entry is a request's: most codes have nothing to do with one
                pass

    def _is_request(self, packet: bytes) -> bool:
        try:
            return self._packets.manifest(packet).kind is PacketKind.RECORD_REQUEST
        except NotFound:
            return False  # made after this node's backup

    # Comparison of log times with the arrival times seen here.

    def _put_time(self, packet: bytes, peer: str, index: int, time_ms: int) -> None:
        self._db.execute(
            "INSERT INTO request_time VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
            (index, packet, peer, time_ms),
        )

    def unjudged(self) -> tuple[tuple[int, int, StoredRequest], ...]:
        """Returns the unchecked entries of requests: index, time and request."""
        rows = self._db.rows(
            "SELECT t.idx, t.time_ms, r.packet, r.peer, r.side, r.granted_ms, r.stored_ms"
            " FROM request_time t INDEXED BY request_time_unjudged"
            " CROSS JOIN request r ON r.packet = t.packet AND r.peer = t.peer"
            " WHERE t.judged = 0 ORDER BY t.idx"
        )
        return tuple((index, time_ms, _request(*rest)) for index, time_ms, *rest in rows)

    def set_judged(self, index: int, request: StoredRequest) -> None:
        """Records that an entry's time was checked for a request's clock."""
        self._db.execute(
            "UPDATE request_time SET judged = 1 WHERE idx = ? AND packet = ? AND peer = ?",
            (index, request.packet, request.peer),
        )

    def rest_on(self, agreement_id: bytes, agency: str, index: int, time_ms: int) -> None:
        """Records an entry that may stop or restart the clocks of an agreement's requests.

        Requests that ended before it stay ended; those that ended since are checked again.

        Args:
            agreement_id: 16 bytes.
            agency: URI of our agency.
            index: Index of the entry.
            time_ms: Time of the entry.
        """
        self._db.execute("UPDATE request SET settled_ms = NULL WHERE settled_ms >= ?", (time_ms,))
        for request in self.open():
            if self._packets.manifest(request.packet).agreement.id != agreement_id:
                continue
            try:
                ended = self.replayed(request, agency).progress.phase.has_ended
            except AgreementNotInForce:
                continue  # it has no clock here
            if not ended:
                self._put_time(request.packet, request.peer, index, time_ms)


def _request(
    packet: bytes, peer: str, side: str, granted_ms: int, stored_ms: int | None
) -> StoredRequest:
    return StoredRequest(
        packet=packet, peer=peer, side=Side(side), granted_ms=granted_ms, stored_ms=stored_ms
    )
