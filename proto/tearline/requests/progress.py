"""State of a request: its accepted steps, applied in the order of the log.

The log's order decides conflicts, so simultaneous steps have the same result for both sides: the
exchange refuses the later of two steps that exclude each other. A step depends on two kinds of
conditions only. First, an earlier step that its signer must know and names (``known``). Second, the
absence of an earlier step that ends or excludes it. A side that lacks steps of the other therefore
has an earlier state than the log, never a later one, and missing steps can be inserted without
going back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import IntEnum

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    ExtensionRefused,
    NotExpired,
    QuestionNotAgreed,
    RecordRequestError,
    StepBackwards,
    StepMisattributed,
    StepOutOfOrder,
    UrgencyRefused,
)
from tearline.limits import MAX_REQUEST_QUESTIONS
from tearline.packets.packet import Manifest, Urgency
from tearline.requests.clock import EXTENSION_OF_PRESERVATION_MS, Interval, RequestClock, started_ms
from tearline.requests.step import OF_A_MACHINE, RequestStep, Side, StepKind

_BY_HASTE = (Urgency.ROUTINE, Urgency.URGENT, Urgency.EMERGENCY)


class Phase(IntEnum):
    """Phase of a request; the tens only grow."""

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
        """Returns the name shown to people."""
        return self.name.lower().replace("_", "-")

    @property
    def has_ended(self) -> bool:
        """Returns whether no answer is due any more."""
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


@immutable
class Demand:
    """Time limits of a request, by its manifest and its agreement.

    Attributes:
        urgency: Urgency of the answer.
        reply_times: Milliseconds by urgency.
        authorisation_ms: Maximum extension by an announced authorisation, milliseconds.
        not_after_ms: Expiry of its packet, Unix milliseconds.
    """

    urgency: Urgency
    reply_times: Mapping[Urgency, int]
    authorisation_ms: int
    not_after_ms: int


def demand_of(manifest: Manifest, agreement: Agreement) -> Demand:
    """Returns the time limits of a request, under the version of the agreement that it names."""
    return Demand(
        urgency=manifest.urgency,
        reply_times=agreement.reply_times,
        authorisation_ms=agreement.authorisation_ms,
        not_after_ms=manifest.not_after_ms,
    )


@immutable
class Progress:
    """Request after some of its steps.

    Attributes:
        demand: Its time limits.
        granted_ms: Log time of its arrival in the holder's mailbox.
        stored_ms: Log time of the holder's first receipt, once there is one.
        phase: Its phase.
        urgency: Its present urgency.
        taken: Number of steps of each side.
        questions: Intervals from the holder's questions to their answers.
        permits: Number of questions beyond the first that the requester agreed to.
        extension_ms: Extension by an announced authorisation, milliseconds; 0 before.
        contested: Whether the urgency was contested.
        decided: Whether the requester has decided on that.
        extended: Whether a preservation was extended.
        ended_ms: Log time of the step that ended it.
        disputed: Entries with a log time that one side disputes.
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
        """Returns a request in its holder's mailbox, or stored there."""
        return cls(
            demand=demand,
            granted_ms=granted_ms,
            stored_ms=stored_ms,
            phase=Phase.SUBMITTED if stored_ms is None else Phase.RECEIVED,
            urgency=demand.urgency,
            taken=dict.fromkeys(Side, 0),
        )

    def stored(self, time_ms: int) -> "Progress":
        """Returns the request after the holder's receipt; only the first one counts."""
        if self.stored_ms is not None:
            return self
        return replace(self, stored_ms=time_ms, phase=max(self.phase, Phase.RECEIVED))

    @property
    def is_preservation(self) -> bool:
        """Returns whether it asks to preserve records, not yet to release them."""
        return self.demand.urgency is Urgency.PRESERVE

    @property
    def has_question(self) -> bool:
        """Returns whether a question of the holder waits for its answer."""
        return bool(self.questions) and self.questions[-1].end_ms is None

    def clock(self, stopped: Sequence[Interval] = ()) -> RequestClock:
        """Returns its clock.

        Args:
            stopped: Intervals of suspension of its article.
        """
        extension_ms = EXTENSION_OF_PRESERVATION_MS if self.extended else self.extension_ms
        # A question does not stop a preservation: the records stay preserved in the meantime.
        questions = () if self.is_preservation else self.questions
        return RequestClock(
            start_ms=started_ms(self.granted_ms, self.stored_ms),
            allowed_ms=self.demand.reply_times[self.urgency] + extension_ms,
            stopped=(*questions, *stopped),
        )

    def is_overdue(self, now_ms: int, stopped: Sequence[Interval] = ()) -> bool:
        """Returns whether an answer is due and the deadline has passed."""
        if self.phase.has_ended or self.is_preservation:
            return False
        due_ms = self.clock(stopped).due_ms()
        return due_ms is not None and due_ms < now_ms

    def expires_ms(self, stopped: Sequence[Interval] = ()) -> int | None:
        """Returns the time at which no answer is required any more; None for not yet.

        It is the end of a preservation, or the expiry of the packet. A preservation with a stopped
        clock has no end yet.
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
        """Returns the request after one more step.

        Args:
            side: The side of its signer.
            step: The step.
            time_ms: Log time of its entry.
            stopped: Intervals of suspension.
            counted: Whether it was accepted as timely before.

        Raises:
            RecordRequestError: If the step does not follow; the request is then unchanged.
        """
        self._verify_turn(side, step)
        self._verify_open(step.kind)
        self._verify_allowed(step.kind, step.extension_ms, step.urgency)
        if not counted:
            self._verify_in_time(step.kind, time_ms, stopped)
        # A step of the holder implies receipt; a step of the requester does not.
        least = Phase.RECEIVED if side is Side.HOLDER else self.phase
        phase = max(self.phase, least, _PHASES[step.kind])
        return replace(
            self._with(step, time_ms),
            phase=phase,
            taken={**self.taken, side: step.number},
            ended_ms=time_ms if phase.has_ended and self.ended_ms is None else self.ended_ms,
        )

    def offers(
        self, side: Side, *, time_ms: int, stopped: Sequence[Interval] = ()
    ) -> frozenset[StepKind]:
        """Returns the kinds of step that a person of a side could take at a time.

        Args:
            side: The side.
            time_ms: The time, by the log.
            stopped: Intervals of suspension.
        """
        own = (kind for kind in StepKind if side in kind.sides and kind not in OF_A_MACHINE)
        return frozenset(kind for kind in own if self._admits(kind, time_ms, stopped))

    def _admits(self, kind: StepKind, time_ms: int, stopped: Sequence[Interval]) -> bool:
        try:
            self._verify_open(kind)
            self._verify_allowed(kind, 1, Urgency.ROUTINE)  # the least that each could change
            self._verify_in_time(kind, time_ms, stopped)
        except RecordRequestError:
            return False
        return True

    def _verify_turn(self, side: Side, step: RequestStep) -> None:
        if side not in step.kind.sides:
            raise StepMisattributed(f"step {step.kind.value}")
        if step.number != self.taken[side] + 1:
            raise StepOutOfOrder(f"{self.taken[side] + 1} is next, not {step.number}")
        if step.known > self.taken[side.other]:
            raise StepOutOfOrder("it names an unknown step of the other side")

    def _verify_open(self, kind: StepKind) -> None:
        phase = self.phase
        if phase is Phase.CLOSED and kind is not StepKind.DISPUTE:
            raise StepBackwards("it is closed")
        if phase.has_ended and kind not in _AFTER_THE_END:
            raise StepBackwards(f"it is {phase.text}")
        if kind is StepKind.CLOSE and not phase.has_ended:
            raise StepBackwards("it is open: withdraw it, or wait for its end")
        answered = (Phase.ANSWERED, Phase.REFUSED, Phase.SUPPLEMENTED)
        if kind is StepKind.SUPPLEMENT and phase not in answered:
            raise StepBackwards(f"it is {phase.text}, and has no answer to supplement")
        if kind in (StepKind.ADMIT, StepKind.REJECT) and phase >= Phase.ADMITTED:
            raise StepBackwards(f"it is {phase.text}")

    def _verify_allowed(self, kind: StepKind, extension_ms: int, urgency: Urgency | None) -> None:
        match kind:
            case StepKind.CLARIFY:
                self._verify_may_ask()
            case StepKind.CLARIFIED:
                if not self.has_question:
                    raise StepBackwards("no question waits for an answer")
            case StepKind.PERMIT:
                if self.permits >= max(1, len(self.questions)):
                    raise QuestionNotAgreed("another question is agreed to already")
            case StepKind.AUTHORISE:
                self._verify_extension(extension_ms)
            case StepKind.CONTEST:
                self._verify_contestable(urgency)
            case StepKind.CONFIRM | StepKind.LOWER:
                if not self.contested or self.decided:
                    raise UrgencyRefused("the urgency is not contested, or that is decided")
                if kind is StepKind.LOWER:
                    _verify_lower(urgency, self.urgency)
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

    def _verify_extension(self, extension_ms: int) -> None:
        if self.is_preservation or self.extension_ms:
            raise ExtensionRefused("it is announced once, and of a request for an answer")
        if extension_ms > self.demand.authorisation_ms:
            raise ExtensionRefused(f"at most {self.demand.authorisation_ms} ms are agreed")

    def _verify_contestable(self, urgency: Urgency | None) -> None:
        if self.contested or self.is_preservation:
            raise UrgencyRefused("it is contested once, and of a request for an answer")
        _verify_lower(urgency, self.urgency)

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


def _verify_lower(wanted: Urgency | None, current: Urgency) -> None:
    if wanted not in _BY_HASTE or _BY_HASTE.index(wanted) >= _BY_HASTE.index(current):
        raise UrgencyRefused(f"only an urgency below {current.value} may replace it")
