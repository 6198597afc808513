"""Whatever a recipient knows of rates and delays, the generalised fields of a packet leave a band.

The recipient knows how each amount follows from the others, and that a few days pass between two
dates. It reads the packet as sent, and intersects all that it is told.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from support.agencies import MX, NOW_MS, US, article, node_of, signer, us_mx
from tearline.policy.category import CATEGORIES
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.terms import Direction, Share
from tearline.policy.vocabulary import SHARED_POLICIES
from tearline.sealing import open_packet, release_of
from tearline_client.messages.compose import seal_plans
from tearline_client.planning.drafts import About, draft_packet
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.generalised_fields import Lessening
from tearline_client.planning.release_plan import ReleasePlan, plan_release

HEADER = signer(US, b"f" * 32).header
GENERALISED = {"finance.amount", "chemical.quantity", "time", "location", "finance.account"}
TERMS = article(
    purposes=("use",),
    kinds=("lead",),
    directions=(Direction(sender=US, recipient=MX),),
    shares=tuple(
        sorted(
            Share(
                partner=MX,
                category=each.name,
                form=Form.GENERALISED if each.name in GENERALISED else Form.CLEAR,
            )
            for each in CATEGORIES
            if each.name not in ("unmarked", "local-id")
        )
    ),
    highest_tlp=Tlp.RED,
)
Told = Mapping[tuple[str, str], tuple[str, ...]]


@cache
def policy() -> ReleasePolicy:
    agreement = us_mx(HEADER, TERMS)
    return ReleasePolicy(terms=agreement.terms, shared=parse_policy_set(SHARED_POLICIES))


def planned(*entities: Entity) -> ReleasePlan:
    (group,) = connected_groups(entities)
    draft = draft_packet(
        group,
        us_mx(HEADER, TERMS),
        About(article="leads", purpose="use"),
        token_key=b"k" * 32,
        now_ms=NOW_MS,
    )
    return plan_release(draft, [node_of(MX)], policy(), sender=node_of(US))


def told_by(*entities: Entity) -> Told:
    """The values of each readable field, by the name of its entity and property."""
    plan = planned(*entities)
    (sealed,) = seal_plans([plan], HEADER)
    selection = plan.selection(node_of(MX), sealed)
    release = release_of(
        sealed, existences=selection.existences, compartments=selection.compartments, slots=()
    )
    fields = open_packet(sealed.manifest, dict(enumerate(sealed.ciphertexts)), release).fields
    names = {
        each.field.path.split("/")[0]: each.field.texts[0]
        for each in fields
        if each.field.path.endswith("/recordId")
    }
    return {
        (names[token], prop): each.field.texts
        for each in fields
        for token, _, prop in [each.field.path.split("/")]
        if token in names
    }


def leg(name: str, amount: Decimal, currency: str, **others: str) -> Entity:
    given = {"amount": f"{amount:f}", "currency": currency, "recordId": name, **others}
    return Entity(
        id=name,
        schema="TransferLeg" if "side" in given else "Payment",
        properties={prop: (value,) for prop, value in given.items()} | {"payer": ("hub",)},
    )


HUB = Entity(id="hub", schema="Person", properties={"name": ("Ana Ruiz",)})
AMOUNTS = st.decimals(Decimal("0.01"), Decimal(10) ** 9, places=2)
RATES = st.decimals(Decimal("0.001"), Decimal(1000), places=6)
Interval = tuple[Fraction, Fraction]


def band(text: str, worth: Fraction = Fraction(1)) -> Interval:
    low, high = text.split("-")
    return Fraction(low) * worth, Fraction(high) * worth


def is_whole(intervals: Sequence[Interval]) -> bool:
    """Whether together they say no more than one of them."""
    together = max(low for low, _ in intervals), min(high for _, high in intervals)
    return together in intervals


@given(AMOUNTS, RATES, st.booleans(), st.permutations(["CNY", "USD"]))
def test_two_legs_at_a_known_rate_leave_one_band(
    amount: Decimal, rate: Decimal, is_transfer: bool, currencies: list[str]
) -> None:
    paid = (amount * rate).quantize(Decimal("0.01"))
    first, second = currencies
    sides: list[dict[str, str]] = [{}, {}]
    if is_transfer:
        stated = {"rate": f"{rate:f}", "rateCurrency": second}
        sides = [{"side": "pay-in", **stated}, {"side": "pay-out"}]
    told = told_by(HUB, leg("in", amount, first, **sides[0]), leg("out", paid, second, **sides[1]))
    assert ("in", "rate") not in told
    worth = {"in": Fraction(1), "out": 1 / Fraction(rate)}
    bands = [
        band(text, worth[name])
        for (name, prop), texts in told.items()
        if prop == "amount"
        for text in texts
    ]
    assert len(bands) == 1
    assert is_whole(bands)


@given(AMOUNTS, st.decimals(Decimal("0.5"), Decimal(2), places=4))
def test_two_legs_in_one_currency_leave_one_band_whatever_the_fee(
    amount: Decimal, rate: Decimal
) -> None:
    paid = (amount * rate).quantize(Decimal("0.01"))
    told = told_by(
        HUB,
        leg("in", amount, "USD", side="pay-in", date="2026-01-31"),
        leg("out", paid, "USD", side="pay-out", date="2026-02-01"),
    )
    for prop in ("amount", "date"):
        assert len([name for name, each in told if each == prop]) == 1


@given(AMOUNTS, RATES)
def test_one_field_of_two_amounts_tells_one_band_or_none(amount: Decimal, rate: Decimal) -> None:
    values = (f"{amount:f}", f"{amount * rate:.2f}")
    payment = Entity(
        id="p",
        schema="Payment",
        properties={
            "amount": values,
            "currency": ("CNY", "USD"),
            "recordId": ("p",),
            "payer": ("hub",),
        },
    )
    assert len(told_by(HUB, payment).get(("p", "amount"), ("",))) == 1


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 40))
def test_two_days_of_one_entity_tell_one_month(day: date, lag: int) -> None:
    notice = Entity(
        id="n",
        schema="PreExportNotification",
        properties={
            "departureDate": (f"{day}",),
            "arrivalDate": (f"{day + timedelta(lag)}",),
            "recordId": ("n",),
            "exporter": ("hub",),
        },
    )
    told = told_by(HUB, notice)
    assert [prop for _, prop in told if prop.endswith("Date")] == ["arrivalDate"]


def test_payments_in_one_currency_keep_their_bands() -> None:
    told = told_by(HUB, leg("one", Decimal(120_000), "USD"), leg("two", Decimal(700_000), "USD"))
    assert told["one", "amount"] == ("100000-500000",)
    assert told["two", "amount"] == ("500000-1000000",)


def test_the_choice_tells_nothing_of_the_amounts() -> None:
    chosen = set()
    for amounts in ((1, 7), (700_000, 5_000_000), (9, 9), (5_000_000, 1)):
        legs = [
            leg(name, Decimal(amount), currency)
            for name, amount, currency in zip(("in", "out"), amounts, ("USD", "CNY"), strict=True)
        ]
        for order in (legs, legs[::-1]):  # a correction may bring the fields in another order
            chosen |= {name for name, prop in told_by(HUB, *order) if prop == "amount"}
    assert chosen == {"out"}


def test_the_preview_says_why_a_field_is_only_told_to_exist() -> None:
    legs = (
        leg("in", Decimal(250_000), "USD", date="in May"),
        leg("out", Decimal(1_800_000), "CNY", date="2026-02-18"),
    )
    cells = planned(HUB, *legs).cells()
    lessened = {
        (cell.path.rpartition("/")[2], cell.form): cell.lessened
        for cell in cells
        if cell.path.rpartition("/")[2] in ("amount", "date", "currency")
    }
    assert lessened == {
        ("amount", Form.GENERALISED): Lessening.NONE,
        ("amount", Form.EXISTS): Lessening.BESIDE,
        ("currency", Form.GENERALISED): Lessening.NONE,
        ("date", Form.GENERALISED): Lessening.NONE,
        ("date", Form.EXISTS): Lessening.UNFIT,
    }
