"""Every two properties of the marking profile that one mask makes coarser, and their decision."""

from collections.abc import Iterator

from support.cases import each_case
from tearline.packets.packet import TEXT, Field
from tearline.policy.masks import MASKS, generalise
from tearline.policy.profile import default_marking, property_category
from tearline.policy.schema_categories import SCHEMATA
from tearline_client.planning.generalised_fields import generalised_fields

ONE, OTHER = "0a" * 16, "0b" * 16
VALUES = {
    "band": ("250000.00", "USD", "kg"),
    "month": ("2026-02-17",),
    "region": ("24.8091", "Culiacán, Sinaloa, Mexico", "mx"),
    "bank-and-last-two": ("DE89370400440532013000", "BNMXMXMMXXX", "044525225", "mx", "XBT"),
    "year": ("1971-02-03",),
    "initials": ("Ana Ruiz",),
    "calling-code": ("+526671234567",),
    "un-table": ("108-24-7", "Table I"),
}
ONE_TOLD = {"band", "month", "bank-and-last-two"}
"""The masks that cut a line or a number: two results of one value narrow each other."""
HARMLESS = {
    "year": "birth and death are no fixed time apart",
    "initials": "each is the beginning of a word that is told to exist, and masks-v1 bounds a name",
    "calling-code": "a country's code is the beginning of each",
    "un-table": "both are the same table",
}
CODES = {"currency", "rateCurrency", "unit", "bic", "country", "currencySymbol"}


def properties(schema: str) -> set[str]:
    found = set(SCHEMATA[schema].categories)
    return found.union(*map(properties, SCHEMATA[schema].extends))


def field(path: str, *values: str) -> Field:
    return Field(
        path=path,
        values=tuple(each.encode() for each in values),
        media_type=TEXT,
        marking=default_marking(property_category(*path.split("/")[1:])),
    )


def of_mask(schema: str, mask: str) -> Iterator[Field]:
    """The fields of an entity that a mask makes coarser, one for each property."""
    for prop in sorted(properties(schema)):
        found = MASKS.get(property_category(schema, prop))
        if found is not None and found.name == mask:
            path = f"{ONE}/{schema}/{prop}"
            value = next((each for each in VALUES[mask] if generalise(path, [each])), None)
            if value:
                yield field(path, value)


def names(fields: tuple[Field, ...]) -> set[str]:
    return {each.path.rpartition("/")[2] for each in fields}


@each_case("mask", sorted({each.name for each in MASKS.values()}))
def test_properties_of_one_entity_narrow_no_value(mask: str) -> None:
    for schema in SCHEMATA:
        fields = tuple(of_mask(schema, mask))
        told = names(generalised_fields(fields, fields))
        if mask in ONE_TOLD and schema not in ("Payment", "EconomicActivity"):
            assert len(told - CODES) <= 1, schema
        elif mask == "region":
            assert not told & {"latitude", "longitude"} or not told - {"latitude", "longitude"}
        elif mask in ONE_TOLD:
            assert len(told - CODES) <= {"bank-and-last-two": 3}.get(mask, 1), schema
        else:
            assert mask in HARMLESS
            assert told == names(fields), schema
        assert bool(told) == bool(fields), schema  # one is told, if any can be


@each_case(
    ("first", "second", "told"),
    [
        # Two accounts, each told; two numbers of one account, not.
        ("Payment/payerAccount", "Payment/beneficiaryAccount", {0, 1}),
        ("BankAccount/iban", "BankAccount/accountNumber", {0}),
        # Where only coordinates are known, they are told.
        ("Address/latitude", "Address/longitude", {0, 1}),
        ("Address/latitude", "Address/country", {1}),
        # A value that has a coarser form is told, if the other has none.
        ("BankAccount/iban", "BankAccount/name", {0}),
        ("Substance/quantity", "Payment/amount", {0, 1}),
        ("Ownership/sharesValue", "Company/amount", {1}),
        ("Payment/date", "Payment/endDate", {0}),
        ("BankAccount/openingDate", "Payment/date", {0, 1}),
        ("TransferLeg/date", "TransferLeg/date", {0}),
        ("Payment/amount", "Payment/amount", {0, 1}),
    ],
)
def test_two_fields_of_a_packet(first: str, second: str, told: set[int]) -> None:
    by_mask = {
        each: VALUES[MASKS[property_category(*each.split("/"))].name] for each in (first, second)
    }
    tokens = (ONE, ONE if first.split("/")[0] == second.split("/")[0] != second else OTHER)
    if first == second:
        tokens = (ONE, OTHER)
    fields = tuple(
        field(
            f"{token}/{name}", next(v for v in by_mask[name] if generalise(f"{token}/{name}", [v]))
        )
        for token, name in zip(tokens, (first, second), strict=True)
    )
    coarse = {each.path for each in generalised_fields(fields, fields)}
    assert {place for place, each in enumerate(fields) if each.path in coarse} == told


def test_fields_in_another_order_have_the_same_choice() -> None:
    fields = tuple(
        field(f"{token}/Payment/{prop}", value)
        for token, prop, value in (
            (ONE, "amount", "5"), (ONE, "currency", "USD"),
            (OTHER, "amount", "7"), (OTHER, "currency", "CNY"),
        )
    )  # fmt: skip
    there = generalised_fields(fields, fields)
    back = generalised_fields(fields[::-1], fields[::-1])
    assert {each.path for each in there} == {each.path for each in back}
    assert sum(each.path.endswith("/amount") for each in there) == 1
