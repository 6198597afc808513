"""Cases, before any key is used: phases, memberships, who is told what."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, US, federation, node_of
from support.cases import each_case
from tearline.cases.case import (
    CaseBook,
    CaseFile,
    CaseNote,
    CaseStep,
    Membership,
    Phase,
    Seat,
    case_id_of,
    membership,
    verify_step,
)
from tearline.errors import (
    CaseRefused,
    CaseStepOutdated,
    CaseStepRefused,
    MalformedInput,
    StatementMalformed,
)
from tearline.statements.channel import Address
from tearline.statements.statement import Header

FILE = CaseFile(lead=US, title="Harbour", summary="Slips")
CASE_ID = b"\xca\xfe" * 8


def step(phase: Phase, *, by: str, to: str, number: int = 1, **changes: Any) -> CaseStep:
    return CaseStep(
        header=Header(federation=federation().id, signer=node_of(by), key_id=bytes(32)),
        address=Address(
            recipient=node_of(to), agreement_id=changes.pop("agreement", AGREEMENT_ID), seq=1
        ),
        case_id=changes.pop("case_id", CASE_ID),
        number=number,
        phase=phase,
        kem_key_id=bytes(32),
        acted_by=None,
        sealed=b"",
    )


def accepted(agency: str, *consents: str, **changes: Any) -> Seat:
    return Seat(
        agency=agency,
        told=Phase.INVITED,
        said=Phase.ACCEPTED,
        consents=frozenset(consents),
        **changes,
    )


def phases(*seats: Seat, file: CaseFile = FILE) -> dict[str, Phase]:
    return {agency: phase for agency, (phase, _) in file.words(seats).items()}


def test_a_case_is_named_by_32_hexadecimal_digits_and_nothing_else() -> None:
    assert case_id_of(CASE_ID.hex()) == CASE_ID
    for other in ("", "harbour-2026", CASE_ID.hex().upper(), CASE_ID.hex() + "0"):
        assert case_id_of(other) is None


@each_case(("one", "other"), list(product(Phase, Phase)))
def test_a_membership_never_goes_back(one: Phase, other: Phase) -> None:
    order = [Phase.INVITED, Phase.ADMITTED, Phase.OUT, Phase.CLOSED]
    earlier = step(one, by=US, to=CN)
    later = step(other, by=US, to=CN, number=2)
    forward = one == other and one not in (Phase.OUT, Phase.CLOSED, Phase.DECLINED, Phase.LEFT)
    if one.is_of_lead and other.is_of_lead and one not in (Phase.OUT, Phase.CLOSED):
        forward = order.index(other) >= order.index(one)
    forward = forward or (one, other) == (Phase.ACCEPTED, Phase.LEFT)
    if forward:
        verify_step(later, earlier)
    else:
        with pytest.raises(CaseStepRefused):
            verify_step(later, earlier)
    with pytest.raises(CaseStepOutdated):
        verify_step(earlier, later)


@pytest.mark.parametrize("phase", [Phase.ADMITTED, Phase.OUT, Phase.CLOSED, Phase.LEFT])
def test_nothing_begins_in_the_middle(phase: Phase) -> None:
    with pytest.raises(CaseStepRefused):
        verify_step(step(phase, by=US, to=CN), None)


def test_where_a_membership_stands_follows_from_both_words() -> None:
    assert membership(Phase.INVITED, None) is Membership.INVITED
    assert membership(Phase.INVITED, Phase.ACCEPTED) is Membership.WAITING
    assert membership(Phase.ADMITTED, Phase.ACCEPTED) is Membership.IN
    assert membership(Phase.ADMITTED, Phase.LEFT) is Membership.LEFT
    assert membership(Phase.OUT, Phase.ACCEPTED) is Membership.OUT
    assert membership(Phase.CLOSED, Phase.ACCEPTED) is Membership.CLOSED
    assert membership(Phase.CLOSED, Phase.DECLINED) is Membership.DECLINED


def test_nobody_joins_without_those_who_are_in_it() -> None:
    inside = replace(accepted(CN), told=Phase.ADMITTED)
    assert phases(inside, accepted(MX))[MX] is Phase.INVITED
    assert phases(replace(inside, consents=frozenset({MX})), accepted(MX))[MX] is Phase.ADMITTED
    objecting = replace(inside, objections=frozenset({MX}))
    assert phases(objecting, accepted(MX))[MX] is Phase.OUT
    assert phases(replace(inside, said=Phase.LEFT), accepted(MX))[MX] is Phase.ADMITTED
    assert phases(accepted(CN), Seat(agency=MX)) == {CN: Phase.ADMITTED, MX: Phase.INVITED}


def test_whoever_was_admitted_stays_so() -> None:
    inside = replace(accepted(MX), told=Phase.ADMITTED)
    assert phases(accepted(CN, objections=frozenset({MX})), inside)[MX] is Phase.ADMITTED


def test_a_hidden_member_is_neither_named_nor_asked_about_nor_waited_for() -> None:
    file = replace(FILE, hidden=frozenset({frozenset({CN, MX})}))
    words = file.words([replace(accepted(CN), told=Phase.ADMITTED), accepted(MX)])
    assert words[MX][0] is Phase.ADMITTED
    for agency, (_, note) in words.items():
        assert note.members == (US,), agency
        assert note.asked == ()


def test_a_closed_case_says_so_to_whoever_is_not_out_yet() -> None:
    seats = [accepted(CN), replace(accepted(MX), said=Phase.DECLINED)]
    assert phases(*seats, file=replace(FILE, closed=True)) == {CN: Phase.CLOSED}


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "t" * 257},
        {"summary": "s" * 4097},
        {"members": (US, CN)},
        {"members": (CN, CN)},
        {"members": ("nobody",)},
        {"members": (CN,), "asked": (CN,)},
        {"consents": (CN,), "objections": (CN,)},
    ],
    ids=["title", "summary", "order", "twice", "no URI", "in and to join", "yes and no"],
)
def test_an_impossible_note_cannot_be_made(changes: dict[str, Any]) -> None:
    assert CN < US
    with pytest.raises((StatementMalformed, MalformedInput)):
        CaseNote(**changes)


def filled(*steps: CaseStep) -> CaseBook:
    book = CaseBook()
    for each in steps:
        book.verify(each)
        book.put(each)
    return book


INVITED = step(Phase.INVITED, by=US, to=CN)
ACCEPTED = step(Phase.ACCEPTED, by=CN, to=US)
ADMITTED = step(Phase.ADMITTED, by=US, to=CN, number=2)


def test_the_lead_and_who_was_admitted_may_file() -> None:
    book = filled(INVITED, ACCEPTED, ADMITTED)
    for agency in (US, CN):
        book.verify_may_file(CASE_ID, agency, AGREEMENT_ID)
    again = CaseBook([ADMITTED, ACCEPTED, INVITED])  # as after a restart
    again.verify_may_file(CASE_ID, CN, AGREEMENT_ID)


@pytest.mark.parametrize(
    ("steps", "agency"),
    [
        ([INVITED, ACCEPTED], CN),
        ([INVITED], CN),
        ([INVITED, ACCEPTED, ADMITTED], MX),
        ([INVITED, ACCEPTED, ADMITTED, step(Phase.LEFT, by=CN, to=US, number=2)], CN),
        ([INVITED, step(Phase.CLOSED, by=US, to=CN, number=2)], US),
        ([], US),
    ],
    ids=["waiting", "invited", "stranger", "left", "closed", "none"],
)
def test_nobody_else_may(steps: list[CaseStep], agency: str) -> None:
    with pytest.raises(CaseRefused):
        filled(*steps).verify_may_file(CASE_ID, agency, AGREEMENT_ID)


def test_a_case_belongs_to_one_agreement() -> None:
    other = b"o" * 16
    with pytest.raises(CaseRefused):
        filled(INVITED).verify_may_file(CASE_ID, US, other)
    for each in (
        step(Phase.INVITED, by=US, to=MX, agreement=other),
        step(Phase.ACCEPTED, by=CN, to=US, agreement=other),
    ):
        with pytest.raises(CaseRefused):
            filled(INVITED).verify(each)


@pytest.mark.parametrize(
    "each",
    [
        step(Phase.INVITED, by=CN, to=MX),
        step(Phase.ACCEPTED, by=MX, to=US),
        step(Phase.ACCEPTED, by=CN, to=MX),
        step(Phase.ACCEPTED, by=CN, to=US, case_id=b"n" * 16),
    ],
    ids=["another lead", "not invited", "to another", "no case"],
)
def test_a_step_is_its_own_side_s(each: CaseStep) -> None:
    with pytest.raises(CaseRefused):
        filled(INVITED).verify(each)


def test_nobody_is_invited_to_a_closed_case() -> None:
    book = filled(INVITED, step(Phase.CLOSED, by=US, to=CN, number=2))
    with pytest.raises(CaseStepRefused):
        book.verify(step(Phase.INVITED, by=US, to=MX))


def test_an_agency_leads_so_many_memberships_whomever_it_invites(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exchange remembers each for ever, and none needs a partner's consent."""
    monkeypatch.setattr("tearline.cases.case.MAX_LED_MEMBERSHIPS", 2, raising=False)
    book = filled(
        step(Phase.INVITED, by=US, to=MX, case_id=bytes(16)),
        step(Phase.INVITED, by=US, to=CN, case_id=b"1" * 16),
    )
    for to, case_id in ((MX, b"another case id!"), (CN, bytes(16))):
        with pytest.raises(CaseStepRefused):
            book.verify(step(Phase.INVITED, by=US, to=to, case_id=case_id))
    book.verify(step(Phase.INVITED, by=MX, to=CN, case_id=b"another case id!"))
    book.verify(step(Phase.CLOSED, by=US, to=MX, case_id=bytes(16), number=2))


def test_answers_use_up_nobody_s_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_LED_MEMBERSHIPS", "MAX_PAIR_CASES"):
        monkeypatch.setattr(f"tearline.cases.case.{name}", 2, raising=False)
    ids = [bytes([number]) * 16 for number in range(2)]
    book = filled(
        *(step(Phase.INVITED, by=US, to=MX, case_id=each) for each in ids),
        *(step(Phase.ACCEPTED, by=MX, to=US, case_id=each) for each in ids),
    )
    book.verify(step(Phase.INVITED, by=MX, to=US, case_id=b"another case id!"))
