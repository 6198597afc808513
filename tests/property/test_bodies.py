"""What is kept back is no fault: a part of a body has no problem that the whole has not."""

from hypothesis import given
from hypothesis import strategies as st

from support.bodies import entities, fields, told
from tearline.bodies.registry import KINDS, judge_body
from tearline.packets.packet import Field, PacketKind
from tearline_client.planning.entities import Entity

WORDS = sorted(
    {
        "pay-in", "pay-out", "cash", "USD", "CNY", "250000", "-1", "2026-04-10", "2026-04-20", "mx",
        "cn", "I", "II", "23056-29-3", "67-64-1", "kg", "objection", "led-to-arrest", "a b", "",
    }
)  # fmt: skip
SCHEMATA = sorted({part.schema for rules in KINDS.values() for part in rules.parts} | {"Person"})
NAMES = {
    schema: sorted(
        {
            d.name
            for rules in KINDS.values()
            for p in rules.parts
            if p.schema == schema
            for d in p.details
        }
        | {"description"}
    )
    for schema in SCHEMATA
}
IDS = ["one", "two", "three"]


@st.composite
def an_entity(draw: st.DrawFn, ftm_id: str) -> Entity:
    schema = draw(st.sampled_from(SCHEMATA))
    values = st.lists(st.sampled_from(WORDS + IDS), min_size=1, max_size=2, unique=True)
    properties = draw(st.dictionaries(st.sampled_from(NAMES[schema]), values, max_size=8))
    return Entity(
        id=ftm_id,
        schema=schema,
        properties={name: tuple(each) for name, each in properties.items()},
    )


@st.composite
def bodies(draw: st.DrawFn) -> tuple[PacketKind, list[Field], list[Field]]:
    """A kind, the example of some kind or anything at all, and a part of it."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    if draw(st.booleans()):
        of = entities(KINDS[draw(st.sampled_from(sorted(KINDS)))].example)
    else:
        of = [draw(an_entity(ftm_id)) for ftm_id in IDS]
    whole = fields(of)
    kept = draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)))
    return kind, whole, [field for field, seen in zip(whole, kept, strict=True) if seen]


@given(bodies())
def test_what_is_kept_back_is_never_a_problem(
    drawn: tuple[PacketKind, list[Field], list[Field]],
) -> None:
    kind, whole, part = drawn
    seen = {told(problem) for problem in judge_body(kind, part)}
    assert seen <= {told(problem) for problem in judge_body(kind, whole, whole=True)}


@given(bodies())
def test_only_a_whole_body_lacks_anything(
    drawn: tuple[PacketKind, list[Field], list[Field]],
) -> None:
    kind, whole, part = drawn
    assert not any(problem.lacks for problem in judge_body(kind, part))
    present = {told(p) for p in judge_body(kind, whole, whole=True) if not p.lacks}
    assert present == {told(problem) for problem in judge_body(kind, whole)}
