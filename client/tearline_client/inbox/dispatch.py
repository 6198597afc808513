"""Storage of arrivals by kind, in the transaction that accepts them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import Proposal
from tearline.audit.erasure import Erasure
from tearline.bodies.requests import items_of
from tearline.errors import (
    AgreementNotInForce,
    BodyUnfit,
    CaseUnfiled,
    GrantMisdirected,
    ItemUnknown,
    QuarantineFull,
    ReceiptForgotten,
    StepBackwards,
    TearlineError,
)
from tearline.packets.grant import Grant
from tearline.packets.packet import PacketKind
from tearline.packets.recall import Recall, TakenBack
from tearline.requests.step import Side, StepNote
from tearline.statements.channel import Mark, Void
from tearline.statements.receipt import Receipt, Status, verify_forward
from tearline.suspensions.standing import Standing
from tearline_client.context import NodeContext
from tearline_client.messages.field_checks import usable_fields
from tearline_client.messages.received import (
    KeptBack,
    Lapsed,
    Received,
    ReceivedCaseStep,
    ReceivedConsent,
    ReceivedGrant,
    ReceivedStep,
    Waiting,
)
from tearline_client.notifications.hooks import arrival
from tearline_client.rules.cases import verify_filed, verify_part
from tearline_client.rules.consents import take_consent
from tearline_client.rules.corrections import verify_superseding
from tearline_client.rules.onward_sources import verify_taken
from tearline_client.rules.recall_obedience import take_recall
from tearline_client.rules.suspensions import SuspensionRules
from tearline_client.search_index import index_fields
from tearline_client.store.awaiting_cosignature import WaitingGrant
from tearline_client.store.cases import Said
from tearline_client.store.inbox import Evidence
from tearline_client.store.requests import StoredRequest

_DAY_MS = 24 * 3_600_000


class InboxDispatch:
    """Stores verified arrivals.

    Args:
        context: The node.
        suspensions: Receives standings and agreements.
    """

    def __init__(self, context: NodeContext, suspensions: SuspensionRules) -> None:
        self._context = context
        self._obeying = suspensions

    def keep(self, received: Received, evidence: Evidence) -> None:
        """Stores a delivery's content, and quarantines defects of its parts.

        Args:
            received: The verified content.
            evidence: The delivery as it arrived.

        Raises:
            TearlineError: If it contradicts stored data; then none of it is stored.
        """
        match received.content:
            case ReceivedGrant() as grant:
                self.keep_grant(received, grant, evidence)
            case ReceivedStep() as step:
                self._store_step(received, step, evidence)
            case Receipt() as receipt:
                self._store_receipt(received, receipt, evidence)
            case Agreement(id=agreement_id):
                entry, time_ms = received.opening.index, received.event.time_ms
                self._obeying.take_terms(received.signed, agreement_id, entry, time_ms)
            case Erasure():
                self._erase(received)
            case ReceivedConsent() as content:
                take_consent(self._context, received, content)
            case Proposal():
                place, time_ms = received.opening.index, received.event.time_ms
                self._context.stores.proposals.put(received.signed, place=place, time_ms=time_ms)
            case ReceivedCaseStep() as case_step:
                self._store_case_step(received, case_step)
            case Mark() as mark:
                self._store_mark(received, mark)
            case Standing() as standing:
                entry, time_ms = received.opening.index, received.event.time_ms
                self._obeying.take(received.signed, standing, entry, time_ms)
            case Waiting(grant=grant):
                self._wait(received, grant, evidence.data)
            case Recall() as recall:
                take_recall(self._context, received, recall)
            case TakenBack():
                self._context.stores.packets.put_grant(
                    received.signed, incoming=True, status=Status.ERASED
                )
            case KeptBack():
                self._obeying.take_held(received.signed.statement, received.event)
            case Void() | Lapsed():
                pass  # it only takes its place in the channel

    def _wait(self, received: Received, grant: Grant, data: bytes) -> None:
        stores = self._context.stores
        stores.awaiting_cosignature.put(
            WaitingGrant(
                id=received.signed.statement.id,
                packet=grant.packet,
                sender=received.signer.signer,
                time_ms=received.event.time_ms,
                entry=received.opening.index,
                ends_ms=grant.not_after_ms,
            ),
            data,
        )
        stores.packets.put_grant(received.signed, incoming=True, status=Status.STORED)

    def _store_step(self, received: Received, content: ReceivedStep, evidence: Evidence) -> None:
        """Stores a step that follows the known ones, or may once the log shows ours.

        Raises:
            RecordRequestError: If it does not follow, or would invalidate later steps.
        """
        requests, step = self._context.stores.requests, content.step
        request = requests.request(step.request, received.signer.signer)
        before = requests.replayed(request, self._context.agency)
        index, time_ms = received.opening.index, received.event.time_ms
        requests.put_theirs(request, received.signed, content.note, index, time_ms)
        after = requests.replayed(request, self._context.agency)
        waits = any(each.is_pending for each in requests.steps(request))
        waits = waits or step.number > before.progress.taken[request.side.other] + 1
        if index in after.unfit and not waits:
            raise after.unfit[index]
        if after.unfit.keys() - before.unfit.keys() - {index}:
            raise StepBackwards("an earlier entry in the log excludes it")
        requests.count(request, after.unfit)
        finding = content.finding
        if finding is None and content.note is not None:
            finding = self._judge_outcomes(request, content.note)
        if finding is not None:
            body = received.signed.statement.body
            self.quarantine(finding, replace(evidence, data=body))

    def _judge_outcomes(self, request: StoredRequest, note: StepNote) -> TearlineError | None:
        if not note.items:
            return None  # not opened needlessly: its asker may have frozen it
        view = self._context.open_view(request.packet).view
        asked = items_of(opened.field for opened in view.best())
        strange = [item.number for item in note.items if item.number not in asked]
        return ItemUnknown(f"item {strange[0]}") if strange else None

    def _erase(self, received: Received) -> None:
        stores = self._context.stores
        gone = stores.erasures.erase(received.signed, received.opening.index)
        for opened in gone:
            stores.receipts.forget(opened.event.statement_id, opened.opening.index)

    def keep_grant(self, arrived: Received, received: ReceivedGrant, evidence: Evidence) -> None:
        """Stores a packet, its keys, and the grant that brought it.

        Raises:
            TearlineError: If it contradicts stored data.
        """
        packets, now_ms = self._context.stores.packets, self._context.right_ms()
        packet_id = received.manifest_signed.statement.id
        verify_taken(packets, received.manifest, received.view, node=self._context.uri)
        verify_superseding(self._context, received.manifest)
        self._context.stores.corrections.put(packet_id, received.manifest.supersedes)
        is_new = packets.put_packet(
            received.manifest_signed, received.manifest.header.signer, received.parts, now_ms=now_ms
        )
        packets.put_keys(packet_id, received.release, grant_id=received.grant.grant_id)
        if is_new:  # otherwise the index counts all keys together
            usable = usable_fields(received.view, received.findings)
            index_fields(self._context, packet_id, received.manifest, usable)
        packets.put_grant(received.signed, incoming=True, status=Status.STORED)
        found = [*self._judge(received)]
        if received.manifest.kind is PacketKind.RECORD_REQUEST:
            found += self._begin(arrived, packet_id)
        if found:  # combined, because every reader of the packet sees each finding
            finding = _summary(found)
            self.quarantine(finding, replace(evidence, data=packet_id, packet=b""))

    def _judge(self, received: ReceivedGrant) -> Iterator[TearlineError]:
        """Yields the defects of an accepted packet."""
        yield from received.findings.values()
        try:
            verify_filed(self._context.stores.cases, received.manifest)
        except CaseUnfiled as error:
            yield error
        for problem in received.problems:
            yield BodyUnfit(f"{received.manifest.kind.value}: {problem.path}: {problem.why}")

    def _begin(self, arrived: Received, packet_id: bytes) -> Iterator[TearlineError]:
        """Begins an incoming request, unless its terms predate our membership."""
        requests, peer = self._context.stores.requests, arrived.signer.signer
        index, time_ms = arrived.opening.index, arrived.event.time_ms
        try:
            requests.verify_terms(packet_id)
        except AgreementNotInForce as error:  # the deadline would be undefined
            yield error
            return
        requests.begin(packet_id, peer, Side.HOLDER, index=index, time_ms=time_ms)

    def tell(self, received: Received) -> None:
        """Queues a notification for hooks."""
        due = arrival(received)
        if due is not None:
            time_ms = received.event.time_ms
            self._context.stores.notifications.tell(
                due.event, time_ms=time_ms, once=due.once, **due.ids
            )

    def _store_case_step(self, received: Received, content: ReceivedCaseStep) -> None:
        said = Said(
            statement=received.signed.statement.id,
            step=content.step,
            note=content.note,
            mine=False,
        )
        verify_part(self._context.stores.cases, said)
        self._context.stores.cases.put_step(said)

    def _store_receipt(self, received: Received, receipt: Receipt, evidence: Evidence) -> None:
        packets = self._context.stores.packets
        grant = packets.grant(receipt.about)
        if grant is None and self._context.stores.recovery.restored() is not None:
            # The grant was made after the backup, so only its existence is known.
            self.quarantine(ReceiptForgotten(), evidence)
            return
        if grant is None or grant.incoming:
            raise GrantMisdirected("the receipt is about a grant that this node did not make")
        if grant.grant.address.recipient != received.signer.signer:
            raise GrantMisdirected("the receipt is not from the grant's recipient")
        verify_forward(grant.status, receipt.status)
        self._context.stores.requests.store(
            grant.grant.packet,
            received.signer.signer,
            index=received.opening.index,
            time_ms=received.event.time_ms,
        )
        self._context.stores.receipts.put(received.signed, receipt)
        packets.set_status(receipt.about, receipt.status)

    def _store_mark(self, received: Received, mark: Mark) -> None:
        channels, peer = self._context.stores.channels, mark.header.signer
        incoming = channels.incoming(peer, mark.agreement_id)
        incoming.receive_mark(
            mark,
            sent=channels.sent(peer, mark.agreement_id),
            held=self._obeying.is_quiet(peer, mark.agreement_id),
        )
        self._context.stores.suspensions.put_mark(
            received.signed, own=False, entry=received.opening.index
        )
        channels.put_incoming(peer, mark.agreement_id, incoming)
        self._context.stores.recovery.confirm(peer, mark.agreement_id, incoming.confirmed)

    def quarantine(self, error: TearlineError, evidence: Evidence) -> None:
        """Quarantines a defect as evidence, and notifies hooks.

        For a sender over its quota, hooks are notified once a day, so that other notices stay
        visible.
        """
        now_ms, stores = self._context.now_ms(), self._context.stores
        if stores.inbox.quarantine(error, evidence, now_ms=now_ms):
            once = error.code.encode() + evidence.about
            stores.notifications.tell("quarantined", time_ms=now_ms, once=once, code=error.code)
            return
        once = f"{QuarantineFull.code} {evidence.agency} {now_ms // _DAY_MS}".encode()
        stores.notifications.tell("alarm", time_ms=now_ms, once=once, code=QuarantineFull.code)


def _summary(found: Sequence[TearlineError]) -> TearlineError:
    """Returns one finding for all defects of a packet: the first one, with the number of all."""
    first = found[0]
    codes = [code for code in dict.fromkeys(each.code for each in found) if code != first.code]
    more = f"; findings in all: {len(found)}" if len(found) > 1 else ""
    others = f", also {', '.join(codes)}" if codes else ""
    return type(first)(f"{first.why}{more}{others}")
