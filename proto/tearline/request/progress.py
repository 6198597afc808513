"""How far a request has come: its accepted steps, taken in the order of the log.

The log's order decides what came first, so what both sides do at one moment ends the same for
both: the exchange refuses the later of two steps that exclude each other. Each step is judged by
two kinds of conditions only: that something came before it, which its signer must have known and
says so (``known``), and that nothing came before it that ends or excludes it. So whoever lacks a
step of the other side has a state behind that of the log, never beyond it, and what is still
missing can be put in its place without going back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from tearline.agreement import Agreement
from tearline.errors import (
    ExtensionRefused,
    NotExpired,
    QuestionNotAgreed,
    StepBackwards,
    StepMisattributed,
    StepOutOfOrder,
    TearlineError,
    UrgencyRefused,
)
from tearline.limits import MAX_REQUEST_QUESTIONS
from tearline.packet import Manifest, Urgency
from tearline.request.clock import (
    EXTENSION_OF_PRESERVATION_MS,
    Interval,
    RequestClock,
    started_ms,
)
from tearline.request.step import RequestStep, Side, StepKind

_BY_HASTE = (Urgency.ROUTINE, Urgency.URGENT, Urgency.EMERGENCY)


class Phase(IntEnum):
    """Where a request stands; the tens only grow."""

    SUBMITTED = 0
    RECEIVED = 10
    CLARIFY = 20
    ADMITTED = 30
    AWAIT_AUTHORISATION = 40
    PARTIAL = 50
    ANSWERED = 60
    REFUSED = 61
    REJECTED_FORMAL = 62
    WITHDRAWN = 63
    EXPIRED = 64
    SUPPLEMENTED = 70
    CLOSED = 80

    @property
    def text(self) -> str:
        """The name shown to people."""
        return self.name.lower().replace("_", "-")

    @property
    def has_ended(self) -> bool:
        """Whether no answer is owed any more."""
        return self >= Phase.ANSWERED


_PHASES = {
    StepKind.ADMIT: Phase.ADMITTED,
    StepKind.REJECT: Phase.REJECTED_FORMAL,
    StepKind.CLARIFY: Phase.CLARIFY,
    StepKind.CLARIFIED: Phase.SUBMITTED,
    StepKind.PERMIT: Phase.SUBMITTED,
    StepKind.AUTHORISE: Phase.AWAIT_AUTHORISATION,
    StepKind.CONTEST: Phase.SUBMITTED,
    StepKind.CONFIRM: Phase.SUBMITTED,
    StepKind.LOWER: Phase.SUBMITTED,
    StepKind.PARTIAL: Phase.PARTIAL,
    StepKind.ANSWER: Phase.ANSWERED,
    StepKind.REFUSE: Phase.REFUSED,
    StepKind.SUPPLEMENT: Phase.SUPPLEMENTED,
    StepKind.EXTEND: Phase.SUBMITTED,
    StepKind.WITHDRAW: Phase.WITHDRAWN,
    StepKind.EXPIRE: Phase.EXPIRED,
    StepKind.DISPUTE: Phase.SUBMITTED,
    StepKind.CLOSE: Phase.CLOSED,
}
"""The least phase after each step. A step with the first phase leaves it as it is."""
_IN_TIME = frozenset({StepKind.AUTHORISE, StepKind.CONTEST, StepKind.EXTEND})
_AFTER_THE_END = frozenset({StepKind.SUPPLEMENT, StepKind.CLOSE, StepKind.DISPUTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a request asks of time, as its manifest and its agreement say.

    Attributes:
        urgency: How soon an answer is owed.
        reply_times: Milliseconds by urgency.
        authorisation_ms: By how much an announced authorisation may extend the time.
        not_after_ms: When its packet ends.
    """

    urgency: Urgency
    reply_times: Mapping[Urgency, int]
    authorisation_ms: int
    not_after_ms: int


def demand_of(manifest: Manifest, agreement: Agreement) -> Demand:
    """What a request asks of time, under the version of the agreement that it names."""
    return Demand(
        urgency=manifest.urgency,
        reply_times=agreement.reply_times,
        authorisation_ms=agreement.authorisation_ms,
        not_after_ms=manifest.not_after_ms,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedStep:
    """A step, and where the log holds it.

    Attributes:
        side: Who took it.
        step: The step.
        index: Of its entry.
        time_ms: Of its entry.
        counted: Whether it was found to be in time before. What becomes known later of
            suspensions, in whatever order, says nothing against that.
    """

    side: Side
    step: RequestStep
    index: int
    time_ms: int
    counted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A request after some of its steps.

    Attributes:
        demand: What it asks of time.
        granted_ms: Log time at which it came into the holder's mailbox.
        stored_ms: Log time of the holder's first receipt, once there is one.
        phase: Where it stands.
        urgency: As it counts now.
        taken: How many steps each side took.
        questions: When the holder asked, and was told.
        permits: To how many questions beyond the first the asker agreed.
        extension_ms: What an announced authorisation adds; 0 before.
        contested: Whether the urgency was contested, and whether the asker has decided.
        decided: Whether the asker has decided on that.
        extended: Whether a preservation was extended.
        ended_ms: Log time of the step that ended it.
        disputed: Entries whose time one side does not accept.
    """

    demand: Demand
    granted_ms: int
    stored_ms: int | None
    phase: Phase
    urgency: Urgency
    taken: Mapping[Side, int]
    questions: tuple[Interval, ...] = ()
    permits: int = 0
    extension_ms: int = 0
    contested: bool = False
    decided: bool = False
    extended: bool = False
    ended_ms: int | None = None
    disputed: tuple[int, ...] = ()

    @classmethod
    def begin(cls, demand: Demand, *, granted_ms: int, stored_ms: int | None = None) -> "Progress":
        """A request in its holder's mailbox, or stored there."""
        return cls(
            demand=demand,
            granted_ms=granted_ms,
            stored_ms=stored_ms,
            phase=Phase.SUBMITTED if stored_ms is None else Phase.RECEIVED,
            urgency=demand.urgency,
            taken=dict.fromkeys(Side, 0),
        )

    def stored(self, time_ms: int) -> "Progress":
        """The request once its holder says to have it; only the first time counts."""
        if self.stored_ms is not None:
            return self
        return replace(self, stored_ms=time_ms, phase=max(self.phase, Phase.RECEIVED))

    @property
    def is_preservation(self) -> bool:
        """Whether it asks to keep something, not yet to give it."""
        return self.demand.urgency is Urgency.PRESERVE

    @property
    def has_question(self) -> bool:
        """Whether a question of the holder waits for its answer."""
        return bool(self.questions) and self.questions[-1].end_ms is None

    def clock(self, stopped: Sequence[Interval] = ()) -> RequestClock:
        """Its clock.

        Args:
            stopped: When the cooperation that it is part of was suspended.
        """
        extension_ms = EXTENSION_OF_PRESERVATION_MS if self.extended else self.extension_ms
        # A question does not stop a preservation: what is to be kept is kept meanwhile.
        questions = () if self.is_preservation else self.questions
        return RequestClock(
            start_ms=started_ms(self.granted_ms, self.stored_ms),
            allowed_ms=self.demand.reply_times[self.urgency] + extension_ms,
            stopped=(*questions, *stopped),
        )

    def is_overdue(self, now_ms: int, stopped: Sequence[Interval] = ()) -> bool:
        """Whether an answer is owed, and its time is over."""
        if self.phase.has_ended or self.is_preservation:
            return False
        due_ms = self.clock(stopped).due_ms()
        return due_ms is not None and due_ms < now_ms

    def expires_ms(self, stopped: Sequence[Interval] = ()) -> int | None:
        """When nobody need answer any more: a preservation ends, or the packet; None for not yet.

        A preservation whose clock stands still has no end yet.
        """
        return self.clock(stopped).due_ms() if self.is_preservation else self.demand.not_after_ms

    def after(
        self,
        side: Side,
        step: RequestStep,
        *,
        time_ms: int,
        stopped: Sequence[Interval] = (),
        counted: bool = False,
    ) -> "Progress":
        """The request after one more step.

        Args:
            side: Who takes it.
            step: The step.
            time_ms: Log time of its entry.
            stopped: When the cooperation was suspended.
            counted: Whether it was found to be in time before.

        Raises:
            RecordRequestError: If the step does not follow; nothing changed then.
        """
        self._verify_turn(side, step)
        self._verify_open(step)
        self._verify_allowed(step)
        if not counted:
            self._verify_in_time(step.kind, time_ms, stopped)
        # Whoever takes a step about it has received it; the asker receives nothing for them.
        least = Phase.RECEIVED if side is Side.HOLDER else self.phase
        phase = max(self.phase, least, _PHASES[step.kind])
        return replace(
            self._with(step, time_ms),
            phase=phase,
            taken={**self.taken, side: step.number},
            ended_ms=time_ms if phase.has_ended and self.ended_ms is None else self.ended_ms,
        )

    def _verify_turn(self, side: Side, step: RequestStep) -> None:
        if side not in step.kind.sides:
            raise StepMisattributed(f"step {step.kind.value}")
        if step.number != self.taken[side] + 1:
            raise StepOutOfOrder(f"{self.taken[side] + 1} follows, and not {step.number}")
        if step.known > self.taken[side.other]:
            raise StepOutOfOrder("it names a step of the other side that is not there")

    def _verify_open(self, step: RequestStep) -> None:
        kind, phase = step.kind, self.phase
        if phase is Phase.CLOSED and kind is not StepKind.DISPUTE:
            raise StepBackwards("it is closed")
        if phase.has_ended and kind not in _AFTER_THE_END:
            raise StepBackwards(f"it is {phase.text}")
        if kind is StepKind.CLOSE and not phase.has_ended:
            raise StepBackwards("it is open: withdraw it, or wait for its end")
        answered = (Phase.ANSWERED, Phase.REFUSED, Phase.SUPPLEMENTED)
        if kind is StepKind.SUPPLEMENT and phase not in answered:
            raise StepBackwards(f"it is {phase.text}, and nothing is there to supplement")
        if kind in (StepKind.ADMIT, StepKind.REJECT) and phase >= Phase.ADMITTED:
            raise StepBackwards(f"it is {phase.text}")

    def _verify_allowed(self, step: RequestStep) -> None:
        match step.kind:
            case StepKind.CLARIFY:
                self._verify_may_ask()
            case StepKind.CLARIFIED:
                if not self.has_question:
                    raise StepBackwards("no question waits for an answer")
            case StepKind.PERMIT:
                if self.permits >= max(1, len(self.questions)):
                    raise QuestionNotAgreed("another question is agreed to already")
            case StepKind.AUTHORISE:
                self._verify_extension(step)
            case StepKind.CONTEST:
                self._verify_contestable(step)
            case StepKind.CONFIRM | StepKind.LOWER:
                if not self.contested or self.decided:
                    raise UrgencyRefused("the urgency is not contested, or that is decided")
                if step.kind is StepKind.LOWER:
                    _verify_lower(step.urgency, self.urgency)
            case StepKind.EXTEND:
                if not self.is_preservation or self.extended:
                    raise ExtensionRefused("a preservation is extended, and once")
            case (
                StepKind.ADMIT
                | StepKind.REJECT
                | StepKind.PARTIAL
                | StepKind.ANSWER
                | StepKind.REFUSE
                | StepKind.SUPPLEMENT
                | StepKind.WITHDRAW
                | StepKind.EXPIRE
                | StepKind.DISPUTE
                | StepKind.CLOSE
            ):
                pass  # these depend on the phase alone, which ``_verify_open`` has checked

    def _verify_may_ask(self) -> None:
        if self.has_question:
            raise QuestionNotAgreed("the last question waits for an answer")
        if len(self.questions) > self.permits:
            raise QuestionNotAgreed("the asker has not agreed to another question")
        if len(self.questions) >= MAX_REQUEST_QUESTIONS:
            raise QuestionNotAgreed(f"there are at most {MAX_REQUEST_QUESTIONS}")

    def _verify_extension(self, step: RequestStep) -> None:
        if self.is_preservation or self.extension_ms:
            raise ExtensionRefused("it is announced once, and of a request for an answer")
        if step.extension_ms > self.demand.authorisation_ms:
            raise ExtensionRefused(f"at most {self.demand.authorisation_ms} ms are agreed")

    def _verify_contestable(self, step: RequestStep) -> None:
        if self.contested or self.is_preservation:
            raise UrgencyRefused("it is contested once, and of a request for an answer")
        _verify_lower(step.urgency, self.urgency)

    def _verify_in_time(self, kind: StepKind, time_ms: int, stopped: Sequence[Interval]) -> None:
        due_ms, expires_ms = self.clock(stopped).due_ms(), self.expires_ms(stopped)
        if kind in _IN_TIME and due_ms is not None and time_ms > due_ms:
            raise StepBackwards("its time was over before")
        if kind is StepKind.EXPIRE and (expires_ms is None or time_ms < expires_ms):
            raise NotExpired

    def _with(self, step: RequestStep, time_ms: int) -> "Progress":
        match step.kind:
            case StepKind.CLARIFY:
                asked = Interval(start_ms=time_ms, end_ms=None)
                return replace(self, questions=(*self.questions, asked))
            case StepKind.CLARIFIED:
                told = replace(self.questions[-1], end_ms=time_ms)
                permits = max(self.permits, len(self.questions)) if step.permit else self.permits
                return replace(self, questions=(*self.questions[:-1], told), permits=permits)
            case StepKind.PERMIT:
                return replace(self, permits=self.permits + 1)
            case StepKind.AUTHORISE:
                return replace(self, extension_ms=step.extension_ms)
            case StepKind.CONTEST:
                return replace(self, contested=True)
            case StepKind.CONFIRM | StepKind.LOWER:
                return replace(self, decided=True, urgency=step.urgency or self.urgency)
            case StepKind.EXTEND:
                return replace(self, extended=True)
            case StepKind.DISPUTE:
                return replace(self, disputed=(*self.disputed, step.entry))
            case (
                StepKind.ADMIT
                | StepKind.REJECT
                | StepKind.PARTIAL
                | StepKind.ANSWER
                | StepKind.REFUSE
                | StepKind.SUPPLEMENT
                | StepKind.WITHDRAW
                | StepKind.EXPIRE
                | StepKind.CLOSE
            ):
                return self  # these change the phase alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A request after those of its steps that follow one another, and what does not follow.

    Attributes:
        progress: The request.
        unfit: By index of their entry, the steps that do not follow, and why.
        stopped: When the cooperation that it is part of was suspended.
    """

    progress: Progress
    unfit: Mapping[int, TearlineError]
    stopped: tuple[Interval, ...] = ()

    @property
    def clock(self) -> RequestClock:
        """The request's clock."""
        return self.progress.clock(self.stopped)

    @property
    def is_suspended(self) -> bool:
        """Whether its clock stands still for a suspension."""
        running = self.clock.due_ms() is not None
        return not running and any(each.end_ms is None for each in self.stopped)


def replay(
    begun: Progress, steps: Iterable[LoggedStep], stopped: Sequence[Interval] = ()
) -> Replayed:
    """Takes steps in the order of the log, whatever order they became known in."""
    progress, unfit = begun, dict[int, TearlineError]()
    for each in sorted(steps, key=lambda each: each.index):
        try:
            progress = progress.after(
                each.side, each.step, time_ms=each.time_ms, stopped=stopped, counted=each.counted
            )
        except TearlineError as error:
            unfit[each.index] = error
    return Replayed(progress=progress, unfit=unfit, stopped=tuple(stopped))


def _verify_lower(wanted: Urgency | None, current: Urgency) -> None:
    if wanted not in _BY_HASTE or _BY_HASTE.index(wanted) >= _BY_HASTE.index(current):
        raise UrgencyRefused(f"only what is less urgent than {current.value} may take its place")
