"""Matching of pay-ins and pay-outs that may be two sides of one transfer.

No document connects them, so three values are compared: the amounts by a stated rate, the times,
and the token by which payer and payee identified each other. Equal legs under an equal tolerance
always give the same pairs; a person decides.
"""

import datetime
import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, localcontext

from tearline.bodies.body import Item
from tearline.bodies.transfers import PAY_IN, PAY_OUT
from tearline.bodies.values import parse_day, parse_decimal
from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.limits import MAX_LEGS, MAX_NEAR_LEGS, MAX_PAIRS_OF_LEG

_DAY = datetime.timedelta(days=1)
_LONGEST_HOURS = 24 * 366 * 300  # all the years that a leg's day may be of
_CLOSENESS_WEIGHT = Decimal("0.7")  # of amount and time; the rest is for a token in common
_HUNDREDTH = Decimal("0.01")
_EXACT = Context(prec=64)  # of an amount by a rate: 24 digits each

Rates = Mapping[tuple[str, str], Decimal]
"""Value of one unit of the first currency in the second."""


@immutable
class Leg:
    """Comparable data of one leg.

    Attributes:
        name: Its name in messages.
        source: Its origin: a file, or the beginning of a packet's id.
        side: ``pay-in`` or ``pay-out``.
        amount: Exact amount.
        currency: ISO 4217.
        country: Two small letters.
        begins: The earliest possible time, in UTC.
        ends: The latest possible time; a day without a time covers the whole day.
        references: Tokens by which payer and payee identified each other.
        rates: The rate that the leg itself states, or none.
    """

    name: str
    source: str
    side: str
    amount: Decimal
    currency: str
    country: str
    begins: datetime.datetime
    ends: datetime.datetime
    references: frozenset[str]
    rates: Rates


@immutable
class Tolerance:
    """Maximum difference between two sides.

    Attributes:
        percent: Of the amount, after conversion.
        hours: Between the two.
    """

    percent: Decimal
    hours: Decimal


@immutable
class Pair:
    """Two legs that may be one transfer.

    Attributes:
        pay_in: The one side.
        pay_out: The other.
        score: From 0 to 1, in hundredths.
        why: The comparisons, with each figure and its tolerance.
    """

    pay_in: Leg
    pay_out: Leg
    score: Decimal
    why: str


@immutable
class Matched:
    """Result of a comparison of legs.

    Attributes:
        pairs: The best first.
        unrated: Currencies of legs near in time without a stated rate.
        crowded: Number of pay-ins with more nearby pay-outs, or more pairs, than the limits;
            the nearest in time are compared, the best pairs proposed.
    """

    pairs: tuple[Pair, ...]
    unrated: tuple[tuple[str, str], ...]
    crowded: int = 0


def leg_of(item: Item, *, name: str, source: str) -> Leg | None:
    """Returns the leg of an entity; None if a required value is not open or not valid."""
    side, currency, country = (item.only(each) for each in ("side", "currency", "country"))
    amount = parse_decimal(item.only("amount") or "")
    day = item.only("date") or ""
    begins = parse_day(day)
    if side not in (PAY_IN, PAY_OUT) or not (amount and currency and country and begins):
        return None
    rate, rated = parse_decimal(item.only("rate") or ""), item.only("rateCurrency")
    return Leg(
        name=name,
        source=source,
        side=side,
        amount=amount,
        currency=currency,
        country=country,
        begins=begins,
        ends=begins if "T" in day else begins + _DAY,
        references=frozenset(_plain(text) for text in item.values.get("reference", ())) - {""},
        rates={(currency, rated): rate} if rate and rated else {},
    )


def match_legs(legs: Iterable[Leg], rates: Rates, tolerance: Tolerance) -> Matched:
    """Returns proposed pairs of a pay-in and a pay-out in two countries, within the tolerance.

    A rate of the caller takes precedence over one of a leg.

    Raises:
        MalformedInput: If there are too many legs, or a tolerance is below zero.
    """
    if tolerance.percent < 0 or tolerance.hours < 0:
        raise MalformedInput("a tolerance is not below zero")
    legs = sorted(legs, key=lambda leg: (leg.begins, leg.source, leg.name))
    if len(legs) > MAX_LEGS:
        raise MalformedInput(f"more than {MAX_LEGS} legs; compare those of fewer days at once")
    pay_outs = [leg for leg in legs if leg.side == PAY_OUT]
    begins = [leg.begins for leg in pay_outs]
    pairs: list[Pair] = []
    unrated: set[tuple[str, str]] = set()
    crowded = 0
    with localcontext(_EXACT):
        for pay_in in (leg for leg in legs if leg.side == PAY_IN):
            near, is_crowded = _near(pay_in, pay_outs, begins, tolerance)
            found: list[_Candidate] = []
            for pay_out in near:
                rate = _rate(pay_in, pay_out, rates)
                if rate is None:
                    unrated.add((pay_in.currency, pay_out.currency))
                elif (candidate := _compared(pay_in, pay_out, rate, tolerance)) is not None:
                    found.append(candidate)
            best = heapq.nlargest(MAX_PAIRS_OF_LEG, found, key=lambda each: each.score)
            pairs += [candidate.pair(tolerance) for candidate in best]
            crowded += is_crowded or len(found) > len(best)
    pairs.sort(key=lambda pair: -pair.score)
    return Matched(pairs=tuple(pairs), unrated=tuple(sorted(unrated)), crowded=crowded)


def _near(
    pay_in: Leg,
    pay_outs: Sequence[Leg],
    begins: Sequence[datetime.datetime],
    tolerance: Tolerance,
) -> tuple[Iterator[Leg], bool]:
    """Returns pay-outs in another country near enough in time, and whether others were left out.

    At most ``MAX_NEAR_LEGS`` on both sides of the pay-in are considered, which limits the cost of
    many legs.
    """
    hours = datetime.timedelta(hours=float(min(tolerance.hours, Decimal(_LONGEST_HOURS))))
    first = bisect_left(begins, pay_in.begins - hours - _DAY)
    last = bisect_right(begins, pay_in.ends + hours)
    middle = bisect_left(begins, pay_in.begins, first, last)
    low = max(first, middle - MAX_NEAR_LEGS // 2)
    high = min(last, middle + MAX_NEAR_LEGS // 2)
    near = (
        leg
        for leg in pay_outs[low:high]
        if leg.country != pay_in.country and _hours(pay_in, leg) <= tolerance.hours
    )
    return near, (low, high) != (first, last)


def _hours(one: Leg, other: Leg) -> Decimal:
    """Returns the minimum of hours between two legs."""
    gap = max(one.begins, other.begins) - min(one.ends, other.ends)
    return max(Decimal(0), Decimal(gap // datetime.timedelta(seconds=1)) / 3600)


@immutable
class _Rate:
    """Rate from ``base`` into the currency of the other leg; ``stated`` names its source."""

    base: Leg
    quote: Leg
    value: Decimal
    stated: str


def _rate(pay_in: Leg, pay_out: Leg, rates: Rates) -> _Rate | None:
    if pay_in.currency == pay_out.currency:
        return _Rate(base=pay_in, quote=pay_out, value=Decimal(1), stated="")
    for table, stated in (
        (rates, ""),
        (pay_in.rates, ", as the pay-in states"),
        (pay_out.rates, ", as the pay-out states"),
    ):
        for base, quote in ((pay_in, pay_out), (pay_out, pay_in)):
            if value := table.get((base.currency, quote.currency)):
                return _Rate(base=base, quote=quote, value=value, stated=stated)
    return None


@immutable
class _Candidate:
    """Two legs within the tolerance; described in words only if proposed."""

    pay_in: Leg
    pay_out: Leg
    rate: _Rate
    expected: Decimal
    percent: Decimal
    hours: Decimal
    score: Decimal

    def pair(self, tolerance: Tolerance) -> Pair:
        rate = self.rate
        told = [
            f"{rate.base.amount} {rate.base.currency} at {rate.value}{rate.stated} is"
            f" {self.expected.normalize():f} {rate.quote.currency}, and {rate.quote.amount} was"
            f" paid: {self.percent.quantize(_HUNDREDTH)} % apart of {tolerance.percent} %",
            f"{self.hours.quantize(_HUNDREDTH)} h apart of {tolerance.hours} h",
        ]
        if self.pay_in.references & self.pay_out.references:
            told.append("one reference in common")
        return Pair(pay_in=self.pay_in, pay_out=self.pay_out, score=self.score, why="; ".join(told))


def _compared(pay_in: Leg, pay_out: Leg, rate: _Rate, tolerance: Tolerance) -> _Candidate | None:
    expected = rate.base.amount * rate.value
    apart = abs(expected - rate.quote.amount)
    if apart * 100 > tolerance.percent * expected:
        return None
    percent = apart * 100 / expected
    hours = _hours(pay_in, pay_out)
    shared = pay_in.references & pay_out.references
    closeness = 1 - (_share(percent, tolerance.percent) + _share(hours, tolerance.hours)) / 2
    score = closeness * _CLOSENESS_WEIGHT + (1 - _CLOSENESS_WEIGHT if shared else 0)
    return _Candidate(
        pay_in=pay_in,
        pay_out=pay_out,
        rate=rate,
        expected=expected,
        percent=percent,
        hours=hours,
        score=score.quantize(_HUNDREDTH),
    )


def _share(used: Decimal, allowed: Decimal) -> Decimal:
    """Returns the used share of a tolerance, from 0 to 1."""
    return used / allowed if allowed else Decimal(0)


def _plain(text: str) -> str:
    """Returns a token without separators between its characters."""
    return "".join(c for c in text.casefold() if c.isalnum())
