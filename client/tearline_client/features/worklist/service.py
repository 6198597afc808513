"""Worklist: the tasks that wait for a person of this agency, most urgent first."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from tearline.agreements.proposal import OPEN
from tearline.cases.case import Membership
from tearline.dataclass.immutable import immutable
from tearline.errors import NotFound
from tearline.identity import agency_uri_of
from tearline.onward.consent import ConsentStatus
from tearline.requests.step import Side
from tearline_client.context import NodeContext
from tearline_client.features.agreements.proposals import ProposalService
from tearline_client.features.approvals.service import ApprovalService
from tearline_client.features.cases.service import CaseService
from tearline_client.features.cases.views import undecided
from tearline_client.features.consents.service import ConsentService
from tearline_client.features.recalls.service import RecallService
from tearline_client.features.requests.service import RequestService
from tearline_client.features.requests.states import RequestState
from tearline_runtime.turns import in_turns

UNREAD_SHOWN = 100
"""Unread packets of a worklist, the newest: a person reads no more of them in a day."""


class TaskKind(StrEnum):
    """Kind of a task; the earlier is the more urgent of two without a deadline."""

    EVIDENCE = "evidence"
    QUESTION = "question"
    URGENCY = "urgency"
    REQUEST = "request"
    RECALL = "recall"
    APPROVAL = "approval"
    CONSENT = "consent"
    PROPOSAL = "proposal"
    DEPARTURE = "departure"
    INVITATION = "invitation"
    VOTE = "vote"
    DRAFT = "draft"
    QUARANTINE = "quarantine"
    UNREAD = "unread"


_ORDER = tuple(TaskKind)


@immutable
class Task:
    """A task that waits for a person. It holds no contents of packets.

    Attributes:
        kind: Its kind.
        id: The id of its subject, such as the request; empty for quarantined messages.
        name: A name of the subject: the agreement, the case, the drafter or program, the use, the
            packet's kind, the recall's reason, or the error code.
        partner: URI of the partner's node or agency; or empty.
        count: Number of items: open items of a request, fields of a consent, messages.
        due_ms: Its deadline, Unix milliseconds; None without one.
        since_ms: Its arrival, Unix milliseconds; None if unknown.
        is_late: Whether the deadline has passed.

    Example:
        >>> [task.kind.value for task in node.todo()]
        []
    """

    kind: TaskKind
    id: bytes = b""
    name: str = ""
    partner: str = ""
    count: int = 1
    due_ms: int | None = None
    since_ms: int | None = None
    is_late: bool = False

    @property
    def urgency(self) -> tuple[bool, bool, int, int, int]:
        """Returns the key by which tasks are ordered: evidence, deadlines, kind, then age."""
        return (
            self.kind is not TaskKind.EVIDENCE,
            self.due_ms is None,
            self.due_ms or 0,
            _ORDER.index(self.kind),
            -(self.since_ms or 0),
        )


class Worklist:
    """Collects the tasks of this agency's persons.

    Args:
        context: The node.
        requests: The requests.
        approvals: The releases that require a second person.
        recalls: The recalls.
        consents: The consents.
        proposals: The proposals of agreements.
        cases: The cases.
    """

    def __init__(
        self,
        context: NodeContext,
        *,
        requests: RequestService,
        approvals: ApprovalService,
        recalls: RecallService,
        consents: ConsentService,
        proposals: ProposalService,
        cases: CaseService,
    ) -> None:
        self._context = context
        self._requests = requests
        self._approvals = approvals
        self._recalls = recalls
        self._consents = consents
        self._proposals = proposals
        self._cases = cases

    def tasks(self) -> tuple[Task, ...]:
        """Returns the tasks, most urgent first.

        Every list is short: persons make and settle what it holds. Of unread packets, it holds
        the newest.
        """
        return _ordered(self._found())

    async def tasks_in_turns(self) -> tuple[Task, ...]:
        """Returns the same as ``tasks``, and gives other work its turn meanwhile."""
        return _ordered([task async for task in in_turns(self._found())])

    def _found(self) -> Iterator[Task | None]:
        """Yields the tasks, and None for each request without one."""
        yield from self._evidence()
        yield from map(_task_of, self._requests.each_open())
        yield from self._of_approvals()
        yield from self._of_recalls()
        yield from self._of_consents()
        yield from self._of_proposals()
        yield from self._of_departures()
        yield from self._of_cases()
        yield from self._of_programs()
        yield from self._quarantined()
        yield from self._unread()

    def _evidence(self) -> Iterator[Task]:
        for each in self._context.stores.cosigning.accusations():
            if not each.decision:
                yield Task(kind=TaskKind.EVIDENCE, id=each.id, since_ms=each.time_ms)

    def _of_approvals(self) -> Iterator[Task]:
        for each in self._approvals.waiting():
            yield Task(
                kind=TaskKind.APPROVAL,
                id=each.id,
                name=each.drafter.subject,
                due_ms=each.ends_ms,
                since_ms=each.time_ms,
            )

    def _of_programs(self) -> Iterator[Task]:
        for each in self._context.stores.drafts.of_programs():
            yield Task(
                kind=TaskKind.DRAFT,
                id=each.id,
                name=each.account,
                due_ms=each.ends_ms,
                since_ms=each.time_ms,
            )

    def _of_recalls(self) -> Iterator[Task]:
        for each in self._recalls.waiting():
            yield Task(
                kind=TaskKind.RECALL,
                id=each.recall.packet,
                name=each.order.reason.value,
                partner=each.partner,
                due_ms=each.due_ms,
                since_ms=each.arrived_ms,
            )

    def _of_consents(self) -> Iterator[Task]:
        waiting = self._context.stores.approvals.by_question()
        for each in self._consents.all():
            if each.asked_here or each.status is not ConsentStatus.ASKED or each.id in waiting:
                continue
            wanted = each.steps[0]
            yield Task(
                kind=TaskKind.CONSENT,
                id=each.id,
                name=each.use.value,
                partner=each.peer,
                count=len(wanted.terms.fields),
                since_ms=wanted.time_ms,
            )

    def _of_proposals(self) -> Iterator[Task]:
        agency = self._context.agency
        for offer in self._proposals.offers():
            answered = agency in offer.signers or agency in offer.decliners
            if answered or self._proposals.state_of(offer) not in OPEN:
                continue
            yield Task(
                kind=TaskKind.PROPOSAL,
                id=offer.terms,
                name=offer.agreement.name,
                partner=offer.agreement.header.signer,
                due_ms=offer.answer_by_ms,
            )

    def _of_departures(self) -> Iterator[Task]:
        """Yields the agreements that wait for a version without a party, or with its new root."""
        context = self._context
        if not context.trust.membership.is_founded or not context.trust.members.former:
            return
        newest = {each.id: each for each in context.stores.agreements.all()}  # by version
        proposed = {
            offer.agreement.id
            for offer in self._proposals.offers()
            if self._proposals.state_of(offer) in OPEN
        }
        for agreement in newest.values():
            departed = context.departed(agreement)
            is_ours = context.agency in agreement.terms.parties
            stays = is_ours and len(agreement.terms.parties) - len(departed) > 1
            is_over = context.now_ms() >= agreement.valid_until_ms or agreement.id in proposed
            if departed and stays and not is_over and context.agency not in departed:
                yield Task(
                    kind=TaskKind.DEPARTURE,
                    id=agreement.id,
                    name=agreement.name,
                    partner=departed[0],
                    count=len(departed),
                )

    def _of_cases(self) -> Iterator[Task]:
        agency = self._context.agency
        for view in self._cases.all():
            if view.standing is Membership.INVITED:
                yield Task(kind=TaskKind.INVITATION, id=view.id, name=view.title, partner=view.lead)
            for newcomer in undecided(self._context.stores.cases, view, agency):
                yield Task(kind=TaskKind.VOTE, id=view.id, name=view.title, partner=newcomer)

    def _quarantined(self) -> Iterator[Task]:
        by_code: dict[str, list[int]] = {}
        for each in self._context.stores.inbox.quarantined():
            by_code.setdefault(each.code, []).append(each.time_ms)
        for code, times in by_code.items():
            yield Task(kind=TaskKind.QUARANTINE, name=code, count=len(times), since_ms=min(times))

    def _unread(self) -> Iterator[Task]:
        packets = self._context.stores.packets
        for packet_id in packets.unread(UNREAD_SHOWN):
            try:
                origin, received_ms, manifest = packets.header(packet_id)
            except NotFound:
                continue  # erased by another process of this node
            yield Task(
                kind=TaskKind.UNREAD,
                id=packet_id,
                name=manifest.kind.value,
                partner=origin,
                since_ms=received_ms,
            )


def _ordered(tasks: Iterable[Task | None]) -> tuple[Task, ...]:
    found = (task for task in tasks if task is not None)
    return tuple(sorted(found, key=lambda task: task.urgency))


def _task_of(state: RequestState) -> Task | None:
    """Returns the task of this agency about a request, or None if the other party acts next."""
    request = state.request
    if state.phase.has_ended or state.frozen or state.suspended or state.departed:
        return None
    about, since_ms = request.packet, request.granted_ms
    if request.side is Side.ASKER:
        kind = TaskKind.QUESTION if state.has_question else TaskKind.URGENCY
        if not state.has_question and (state.decided or not state.contested):
            return None
        return Task(kind=kind, id=about, partner=agency_uri_of(request.peer), since_ms=since_ms)
    if state.has_question or state.pending or not state.open_items:
        return None
    return Task(
        kind=TaskKind.REQUEST,
        id=about,
        name=state.urgency.value,
        partner=request.peer,
        count=state.open_items,
        due_ms=state.due_ms,
        since_ms=since_ms,
        is_late=state.is_overdue,
    )
