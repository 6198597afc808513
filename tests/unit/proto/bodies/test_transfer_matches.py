"""Pairs of legs: what is proposed, what is not, and what must hold of all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.bodies import entities, fields
from tearline.bodies.body import body_of
from tearline.bodies.registry import KINDS
from tearline.bodies.transfer_matches import Leg, Tolerance, leg_of, match_legs
from tearline.errors import MalformedInput
from tearline.packets.packet import PacketKind

USD_CNY = {("USD", "CNY"): Decimal("7.2")}
TOLERANCE = Tolerance(percent=Decimal(3), hours=Decimal(72))
MOMENT = datetime(2026, 2, 17, 14, 30, tzinfo=UTC)
PAY_IN = Leg(
    name="in",
    source="ours",
    side="pay-in",
    amount=Decimal("250000.00"),
    currency="USD",
    country="us",
    begins=MOMENT,
    ends=MOMENT,
    references=frozenset(),
    rates={},
)
PAY_OUT = replace(
    PAY_IN,
    name="out",
    source="theirs",
    side="pay-out",
    amount=Decimal("1800000"),
    currency="CNY",
    country="cn",
    begins=MOMENT + timedelta(hours=26),
    ends=MOMENT + timedelta(hours=26),
)


def score(*legs: Leg, rates=USD_CNY, tolerance=TOLERANCE) -> Decimal | None:
    pairs = match_legs(legs, rates, tolerance).pairs
    return pairs[0].score if pairs else None


def test_a_pair_is_explained_with_its_tolerance() -> None:
    out = replace(PAY_OUT, amount=Decimal("1782000"))
    (pair,) = match_legs([out, PAY_IN], USD_CNY, TOLERANCE).pairs
    assert (pair.pay_in.name, pair.pay_out.name) == ("in", "out")
    assert pair.why == (
        "250000.00 USD at 7.2 is 1800000 CNY, and 1782000 was paid: 1.00 % apart of 3 %;"
        " 26.00 h apart of 72 h"
    )
    assert pair.score == Decimal("0.46")  # 0.7 × (1 − (1/3 + 26/72) / 2)


@pytest.mark.parametrize(
    ("amount", "is_near"), [("1746000", True), ("1745999.99", False), ("1854000", True)]
)
def test_the_tolerance_of_an_amount_is_exact(amount: str, is_near: bool) -> None:
    assert (score(PAY_IN, replace(PAY_OUT, amount=Decimal(amount))) is not None) == is_near


def test_amounts_with_many_digits_are_compared_exactly() -> None:
    pay_in = replace(PAY_IN, amount=Decimal("999999999999999.999999999"))
    rates = {("USD", "CNY"): Decimal("1.000000001")}
    out = replace(PAY_OUT, amount=Decimal("1000000000999999.999999998999999999"))
    exact = Tolerance(percent=Decimal(0), hours=Decimal(72))
    assert score(pay_in, out, rates=rates, tolerance=exact) is not None
    near = replace(out, amount=Decimal("1000000000999999.999999998999999998"))
    assert score(pay_in, near, rates=rates, tolerance=exact) is None


@pytest.mark.parametrize(("hours", "is_near"), [(72, True), (73, False), (-72, True), (-73, False)])
def test_either_side_may_come_first_and_not_too_far_from_the_other(
    hours: int, is_near: bool
) -> None:
    moment = MOMENT + timedelta(hours=hours)
    out = replace(PAY_OUT, begins=moment, ends=moment)
    assert (score(PAY_IN, out) is not None) == is_near


def test_a_day_without_a_time_is_all_of_the_day() -> None:
    day = datetime(2026, 2, 17, tzinfo=UTC)
    out = replace(PAY_OUT, begins=day, ends=day + timedelta(days=1))
    assert score(PAY_IN, out, tolerance=replace(TOLERANCE, hours=Decimal(0))) == Decimal("0.70")


@pytest.mark.parametrize("changed", [{"side": "pay-in"}, {"country": "us"}, {"currency": "MXN"}])
def test_what_is_no_other_side_is_not_proposed(changed: dict[str, str]) -> None:
    assert score(PAY_IN, replace(PAY_OUT, **changed)) is None


def test_a_reference_in_common_counts_however_it_is_written() -> None:
    _, out = (replace(leg, references=frozenset({"l88431905b"})) for leg in (PAY_IN, PAY_OUT))
    (body_leg,) = body_of(PacketKind.VALUE_TRANSFER, fields(entities(EXAMPLE)[:1]), whole=False).of(
        "TransferLeg"
    )
    ours = leg_of(body_leg, name="in", source="ours")
    assert ours is not None
    assert ours.references == {"l88431905b"}
    pairs = match_legs([ours, out], USD_CNY, TOLERANCE).pairs
    assert pairs[0].why.endswith("one reference in common")
    assert pairs[0].score - (score(ours, PAY_OUT) or 0) == Decimal("0.3")


EXAMPLE = KINDS[PacketKind.VALUE_TRANSFER].example


def test_a_rate_may_be_stated_either_way_or_by_a_leg() -> None:
    assert score(PAY_IN, PAY_OUT, rates={("CNY", "USD"): Decimal("0.1389")}) is not None
    stated = replace(PAY_OUT, rates={("CNY", "USD"): Decimal("0.1389")})
    (pair,) = match_legs([PAY_IN, stated], {}, TOLERANCE).pairs
    assert "as the pay-out states" in pair.why
    (pair,) = match_legs([PAY_IN, stated], USD_CNY, TOLERANCE).pairs
    assert "as the pay-out states" not in pair.why


def test_currencies_without_a_rate_are_named() -> None:
    matched = match_legs([PAY_IN, PAY_OUT], {}, TOLERANCE)
    assert (matched.pairs, matched.unrated) == ((), (("USD", "CNY"),))
    same = replace(PAY_OUT, currency="USD", amount=PAY_IN.amount)
    assert score(PAY_IN, same, rates={}) is not None


def test_the_legs_of_the_example_are_a_pair() -> None:
    body = body_of(PacketKind.VALUE_TRANSFER, fields(entities(EXAMPLE)), whole=True)
    legs = [leg_of(i, name=body.name_of(i.token), source="s") for i in body.of("TransferLeg")]
    (pair,) = match_legs([leg for leg in legs if leg], {}, TOLERANCE).pairs
    assert (pair.pay_in.name, pair.pay_out.name) == ("leg-in", "leg-out")


@pytest.mark.parametrize("hidden", ["side", "amount", "currency", "date", "country"])
def test_a_leg_of_which_too_little_is_open_is_not_compared(hidden: str) -> None:
    seen = [f for f in fields(entities(EXAMPLE)[:1]) if not f.path.endswith(f"/{hidden}")]
    (item,) = body_of(PacketKind.VALUE_TRANSFER, seen, whole=False).of("TransferLeg")
    assert leg_of(item, name="in", source="s") is None


def test_bounds() -> None:
    with pytest.raises(MalformedInput, match="below zero"):
        match_legs([], {}, replace(TOLERANCE, percent=Decimal(-1)))


def test_more_legs_than_are_compared_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tearline.bodies.transfer_matches.MAX_LEGS", 1)
    with pytest.raises(MalformedInput, match="more than 1 legs"):
        match_legs([PAY_IN, PAY_OUT], {}, TOLERANCE)


LEGS = st.builds(
    lambda number, side, amount, hours, country, day: replace(
        PAY_IN,
        name=str(number),
        side=side,
        amount=Decimal(amount),
        country=country,
        begins=MOMENT + timedelta(hours=hours),
        ends=MOMENT + timedelta(hours=hours + (24 if day else 0)),
    ),
    st.integers(0, 99),
    st.sampled_from(["pay-in", "pay-out"]),
    st.integers(950, 1050),
    st.integers(0, 200),
    st.sampled_from(["us", "mx"]),
    st.booleans(),
)


@given(st.lists(LEGS, max_size=12, unique_by=lambda leg: leg.name))
def test_what_is_proposed_is_all_that_is_near_enough(legs: list[Leg]) -> None:
    proposed = {
        (pair.pay_in.name, pair.pay_out.name) for pair in match_legs(legs, {}, TOLERANCE).pairs
    }
    window = timedelta(hours=72)
    near = {
        (one.name, other.name)
        for one in legs
        for other in legs
        if (one.side, other.side) == ("pay-in", "pay-out")
        and one.country != other.country
        and max(one.begins, other.begins) - min(one.ends, other.ends) <= window
        and abs(one.amount - other.amount) * 100 <= 3 * one.amount
    }
    assert proposed == near


@given(st.lists(LEGS, max_size=8, unique_by=lambda leg: leg.name), st.randoms())
def test_the_order_of_the_legs_changes_nothing(legs: list[Leg], random) -> None:
    shuffled = random.sample(legs, len(legs))
    assert match_legs(legs, {}, TOLERANCE) == match_legs(shuffled, {}, TOLERANCE)
    assert all(0 <= pair.score <= 1 for pair in match_legs(legs, {}, TOLERANCE).pairs)
