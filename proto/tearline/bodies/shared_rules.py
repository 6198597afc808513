"""Parts and references that several kinds share."""

from collections.abc import Iterator

from tearline.bodies.body import Body, Problem
from tearline.bodies.rules import Detail, Part, Reference
from tearline.bodies.substances import un_table_named, un_table_of
from tearline.bodies.values import AMOUNT, CAS_NUMBER, HS_CODE, UN_TABLE, UNIT, text_of

_PARTIES = frozenset({"Person", "LegalEntity", "Organization", "Company", "PublicBody"})


def party(meaning: str, example: str) -> Reference:
    """Returns a reference to a person, a company or another body."""
    return Reference(meaning=meaning, schemata=_PARTIES, example=example)


SUBSTANCE_REFERENCE = Reference(
    meaning="the substance", schemata=frozenset({"Substance"}), example="substance-1"
)


def substance(*, cas_required: bool) -> Part:
    """Returns the part for the substance of a body, with its quantity."""
    return Part(
        schema="Substance",
        meaning="a substance",
        details=(
            Detail(name="name", holds=text_of("its name", "4-AP"), many=True),
            Detail(name="casNumber", holds=CAS_NUMBER, required=cas_required),
            Detail(name="hsCode", holds=HS_CODE, required=False),
            Detail(name="unTable", holds=UN_TABLE, required=False),
            Detail(name="quantity", holds=AMOUNT),
            Detail(name="unit", holds=UNIT),
        ),
    )


def judge_substances(body: Body) -> Iterator[Problem]:
    """Yields a problem for each substance outside its stated table, if both are visible."""
    for item in body.of("Substance"):
        cas, told = item.only("casNumber"), item.only("unTable")
        listed = un_table_of(cas) if cas else None
        named = un_table_named(told) if told else None
        if listed and named and named != listed:
            yield Problem(
                path=item.path("unTable"), why=f"the substance of this CAS number is in {listed}"
            )
