"""How far a request has come: each step in its turn, and nothing goes back."""

from typing import Any

import pytest

from support.agencies import DAY_MS, NOW_MS
from support.cases import each_case
from support.requests import HOUR_MS, begun, demand, step, taken
from tearline.errors import (
    ExtensionRefused,
    NotExpired,
    QuestionNotAgreed,
    RecordRequestError,
    StepBackwards,
    StepMisattributed,
    StepOutOfOrder,
    TearlineError,
    UrgencyRefused,
)
from tearline.packets.packet import Urgency
from tearline.requests.progress import Phase, Progress
from tearline.requests.replay import LoggedStep, replay
from tearline.requests.step import OF_A_MACHINE, Side, StepKind

K = StepKind


def after(*kinds: StepKind, urgency: Urgency = Urgency.URGENT) -> Progress:
    progress = begun(urgency)
    for kind in kinds:
        progress = taken(progress, kind)
    return progress


@each_case(
    ("kinds", "phase"),
    [
        ((), Phase.RECEIVED),
        ((K.CLARIFY,), Phase.CLARIFY),
        ((K.CLARIFY, K.CLARIFIED), Phase.CLARIFY),
        ((K.ADMIT,), Phase.ADMITTED),
        ((K.ADMIT, K.CLARIFY), Phase.ADMITTED),
        ((K.REJECT,), Phase.REJECTED_FORMAL),
        ((K.ADMIT, K.AUTHORISE), Phase.AWAIT_AUTHORISATION),
        ((K.ADMIT, K.PARTIAL, K.PARTIAL), Phase.PARTIAL),
        ((K.PARTIAL, K.AUTHORISE), Phase.PARTIAL),
        ((K.ADMIT, K.PARTIAL, K.ANSWER), Phase.ANSWERED),
        ((K.REFUSE,), Phase.REFUSED),
        ((K.PARTIAL, K.WITHDRAW), Phase.WITHDRAWN),
        ((K.ANSWER, K.SUPPLEMENT, K.SUPPLEMENT), Phase.SUPPLEMENTED),
        ((K.REFUSE, K.SUPPLEMENT), Phase.SUPPLEMENTED),
        ((K.ANSWER, K.CLOSE), Phase.CLOSED),
        ((K.WITHDRAW, K.CLOSE), Phase.CLOSED),
    ],
)
def test_the_way_of_a_request(kinds: tuple[StepKind, ...], phase: Phase) -> None:
    assert after(*kinds).phase is phase


def test_before_it_is_stored_only_the_asker_s_side_knows_of_it() -> None:
    submitted = Progress.begin(demand(), granted_ms=NOW_MS)
    assert submitted.phase is Phase.SUBMITTED
    assert taken(submitted, K.WITHDRAW).phase is Phase.WITHDRAWN
    assert taken(submitted, K.CONTEST).phase is Phase.RECEIVED


@each_case(
    ("kinds", "following", "error"),
    [
        ((K.ADMIT,), K.ADMIT, StepBackwards),
        ((K.PARTIAL,), K.ADMIT, StepBackwards),
        ((K.ADMIT,), K.REJECT, StepBackwards),
        ((K.ANSWER,), K.PARTIAL, StepBackwards),
        ((K.ANSWER,), K.REFUSE, StepBackwards),
        ((K.ANSWER,), K.WITHDRAW, StepBackwards),
        ((K.WITHDRAW,), K.ANSWER, StepBackwards),
        ((K.WITHDRAW,), K.SUPPLEMENT, StepBackwards),
        ((K.ADMIT,), K.SUPPLEMENT, StepBackwards),
        ((K.ADMIT,), K.CLOSE, StepBackwards),
        ((K.ANSWER, K.CLOSE), K.SUPPLEMENT, StepBackwards),
        ((K.ANSWER, K.CLOSE), K.CLOSE, StepBackwards),
        ((), K.CLARIFIED, StepBackwards),
        ((K.CLARIFY, K.CLARIFIED), K.CLARIFIED, StepBackwards),
        ((K.CLARIFY,), K.CLARIFY, QuestionNotAgreed),
        ((K.CLARIFY, K.CLARIFIED), K.CLARIFY, QuestionNotAgreed),
        ((K.PERMIT,), K.PERMIT, QuestionNotAgreed),
        ((K.AUTHORISE,), K.AUTHORISE, ExtensionRefused),
        ((), K.EXTEND, ExtensionRefused),
        ((), K.CONFIRM, UrgencyRefused),
        ((K.CONTEST, K.CONFIRM), K.LOWER, UrgencyRefused),
        ((K.CONTEST,), K.CONTEST, UrgencyRefused),
        ((K.CONTEST, K.CONFIRM), K.CONTEST, UrgencyRefused),
        ((), K.EXPIRE, NotExpired),
    ],
)
def test_what_does_not_follow(
    kinds: tuple[StepKind, ...], following: StepKind, error: type[TearlineError]
) -> None:
    before = after(*kinds)
    with pytest.raises(error):
        taken(before, following)


@pytest.mark.parametrize("permission", [{"permit": True}, {}])
def test_a_second_question_takes_the_asker_s_agreement(permission: dict[str, Any]) -> None:
    told = taken(after(K.CLARIFY), K.CLARIFIED, hours=2, **permission)
    agreed = told if permission else taken(told, K.PERMIT, hours=3)
    again = taken(agreed, K.CLARIFY, hours=5)
    assert again.has_question
    last = taken(again, K.CLARIFIED, hours=7)
    assert last.clock().due_ms() == NOW_MS + (72 + 1 + 2) * HOUR_MS
    with pytest.raises(QuestionNotAgreed):
        taken(last, K.CLARIFY, hours=8)


@pytest.mark.parametrize(
    ("kind", "urgency"),
    [
        (K.AUTHORISE, Urgency.EMERGENCY),
        (K.CONTEST, Urgency.EMERGENCY),
        (K.EXTEND, Urgency.PRESERVE),
    ],
)
def test_what_is_over_is_not_extended_afterwards(kind: StepKind, urgency: Urgency) -> None:
    hours = 8 if urgency is Urgency.EMERGENCY else 60 * 24
    assert taken(begun(urgency), kind, hours=hours)
    with pytest.raises(StepBackwards):
        taken(begun(urgency), kind, hours=hours + 0.001)


def test_more_time_than_agreed_is_not_given() -> None:
    assert taken(begun(), K.AUTHORISE, extension_ms=5 * DAY_MS)
    for progress in (begun(), begun(authorisation_ms=0)):
        with pytest.raises(ExtensionRefused):
            taken(progress, K.AUTHORISE, extension_ms=5 * DAY_MS + 1)


@pytest.mark.parametrize("kind", [K.AUTHORISE, K.CONTEST])
def test_a_preservation_owes_no_answer(kind: StepKind) -> None:
    with pytest.raises((ExtensionRefused, UrgencyRefused)):
        taken(begun(Urgency.PRESERVE), kind)
    assert not begun(Urgency.PRESERVE).is_overdue(NOW_MS + 1000 * DAY_MS)


@pytest.mark.parametrize("wanted", [Urgency.URGENT, Urgency.EMERGENCY, Urgency.PRESERVE])
def test_an_urgency_is_only_lowered(wanted: Urgency) -> None:
    with pytest.raises(UrgencyRefused):
        taken(begun(), K.CONTEST, urgency=wanted)
    with pytest.raises(UrgencyRefused):
        taken(after(K.CONTEST), K.LOWER, urgency=wanted)


def test_a_preservation_expires_with_its_time_and_not_before() -> None:
    extended = after(K.EXTEND, urgency=Urgency.PRESERVE)
    with pytest.raises(NotExpired):
        taken(extended, K.EXPIRE, hours=90 * 24 - 0.001)
    assert taken(extended, K.EXPIRE, hours=90 * 24).phase is Phase.EXPIRED


def test_any_other_request_expires_with_its_packet() -> None:
    assert taken(begun(), K.EXPIRE, hours=365 * 24).phase is Phase.EXPIRED
    assert begun().is_overdue(NOW_MS + 72 * HOUR_MS + 1)
    assert not begun().is_overdue(NOW_MS + 72 * HOUR_MS)


@each_case("kind", list(K))
def test_a_step_is_its_own_side_s(kind: StepKind) -> None:
    if len(kind.sides) == 2:
        assert after().after(Side.ASKER, step(kind, side=Side.ASKER), time_ms=NOW_MS).disputed
        return
    (side,) = kind.sides
    with pytest.raises(StepMisattributed):
        begun().after(side.other, step(kind), time_ms=NOW_MS)


@pytest.mark.parametrize(("number", "known"), [(1, 0), (3, 0), (2, 1)])
def test_steps_are_numbered_without_gaps_and_know_what_is_there(number: int, known: int) -> None:
    with pytest.raises(StepOutOfOrder):
        taken(after(K.ADMIT), K.PARTIAL, number=number, known=known)


def test_a_dispute_changes_nothing_but_that_it_is_known() -> None:
    before = after(K.ANSWER, K.CLOSE)
    disputed = taken(before, K.DISPUTE, entry=41)
    assert (disputed.phase, disputed.disputed) == (before.phase, (41,))


def test_replaying_takes_steps_in_the_order_of_the_log() -> None:
    steps = [
        LoggedStep(side=Side.ASKER, step=step(K.WITHDRAW, 1, 1), index=9, time_ms=NOW_MS + 3),
        LoggedStep(side=Side.HOLDER, step=step(K.PARTIAL, 2, 0), index=7, time_ms=NOW_MS + 2),
        LoggedStep(side=Side.HOLDER, step=step(K.ADMIT, 1, 0), index=5, time_ms=NOW_MS + 1),
    ]
    found = replay(begun(), steps)
    assert (found.progress.phase, found.progress.ended_ms) == (Phase.WITHDRAWN, NOW_MS + 3)
    assert not found.unfit
    early = replay(begun(), steps[:2])
    assert early.progress.phase is Phase.RECEIVED
    assert {i: type(e) for i, e in early.unfit.items()} == {7: StepOutOfOrder, 9: StepOutOfOrder}


@pytest.mark.parametrize("side", Side)
def test_exactly_the_steps_that_follow_are_offered(side: Side) -> None:
    """What is offered is accepted; what is not offered is refused, in each state."""
    begin = begun()
    admitted = taken(begin, StepKind.ADMIT)
    asked = taken(admitted, StepKind.CLARIFY)
    contested = taken(admitted, StepKind.CONTEST)
    answered = taken(admitted, StepKind.ANSWER)
    kept = begun(Urgency.PRESERVE)
    for progress in (
        begin, admitted, asked, contested, answered, kept,
        taken(asked, StepKind.CLARIFIED),
        taken(contested, StepKind.LOWER),
        taken(kept, StepKind.EXTEND),
        taken(answered, StepKind.SUPPLEMENT),
        taken(answered, StepKind.CLOSE),
        begun(Urgency.ROUTINE), begun(authorisation_ms=0),
    ):  # fmt: skip
        for hours in (2, 100, 2_000):
            offered = progress.offers(side, time_ms=NOW_MS + hours * HOUR_MS)
            accepted = set()
            for kind in StepKind:
                if kind in OF_A_MACHINE:
                    continue
                try:
                    taken(progress, kind, hours=hours, side=side)
                except RecordRequestError:
                    continue
                accepted.add(kind)
            assert offered == accepted, (progress.phase, hours)
