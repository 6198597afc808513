"""The framework by which kinds are judged, on a kind that only these tests have."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from support.bodies import entities, fields, told
from support.cases import each_case
from tearline.bodies.body import Body, Problem, body_of, token_of
from tearline.bodies.registry import KINDS, judge_body, verify_body
from tearline.bodies.rules import Detail, KindRules, Part, Reference, Value, nothing_beside
from tearline.errors import BodyIncomplete, BodyRefused
from tearline.packets.packet import Field, PacketKind
from tearline.policy.form import Form

SHORT = Value(
    meaning="at most four letters",
    example="Ana",
    reason=lambda text: "" if len(text) <= 4 else "over four letters",
)
OWNER = Reference(meaning="a person", schemata=frozenset({"Person"}), example="ana")
RULES = KindRules(
    kind=PacketKind.LEAD,
    meaning="For tests.",
    parts=(
        Part(
            schema="Vehicle",
            meaning="a vehicle",
            most=2,
            details=(
                Detail(name="name", holds=SHORT),
                Detail(name="owner", holds=OWNER),
                Detail(name="alias", holds=SHORT, required=False, many=True),
            ),
        ),
    ),
    relate=nothing_beside,
    example="",
)
GOOD = """\
{"id":"car","schema":"Vehicle","properties":{"name":["Rose"],"owner":["ana"],"alias":["a","b"]}}
{"id":"ana","schema":"Person","properties":{"name":["Ana Ruiz"]}}
"""


def judged(text: str, *, whole: bool = True, hidden: str = "") -> list[str]:
    seen = [f for f in fields(entities(text)) if not hidden or not f.path.endswith(hidden)]
    return [told(problem) for problem in RULES.judge(body_of(PacketKind.LEAD, seen, whole=whole))]


def test_a_body_as_its_kind_asks_has_no_problem() -> None:
    assert judged(GOOD) == []


@each_case(
    ("before", "after", "problem"),
    [
        ('"Rose"', '"Roses"', "Vehicle/name: over four letters"),
        ('"Rose"', '"Rose","Lily"', "Vehicle/name: one value is expected, not several"),
        ('"a","b"', '"a","bcdef"', "Vehicle/alias: over four letters"),
        ('"owner":["ana"]', '"owner":["car"]', "Vehicle/owner: it refers to something other"),
    ],
)
@each_case("whole", [True, False])
def test_what_is_seen_is_judged_in_the_whole_and_in_a_part(
    before: str, after: str, problem: str, whole: bool
) -> None:
    (found,) = judged(GOOD.replace(before, after), whole=whole)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("hidden", "problem"),
    [
        ("Vehicle/name", "Vehicle/name: it is missing: at most four letters, such as Ana"),
        ("Vehicle/owner", "Vehicle/owner: it is missing: a person, such as ana"),
    ],
)
def test_only_a_whole_body_can_lack_something(hidden: str, problem: str) -> None:
    assert judged(GOOD, hidden=hidden) == [problem]
    assert judged(GOOD, hidden=hidden, whole=False) == []


def test_a_whole_body_without_a_part_is_told_what_the_part_needs() -> None:
    assert judged(GOOD.splitlines()[1]) == ["Vehicle: a vehicle is missing, with name, owner"]
    assert judged(GOOD.splitlines()[1], whole=False) == []


def test_a_part_may_be_there_too_often_even_in_what_is_seen() -> None:
    car = '{"id":"car-%s","schema":"Vehicle","properties":{"name":["Rose"]}}'
    three = "\n".join(car % number for number in range(3))
    assert judged(three, whole=False) == ["Vehicle: at most 2 may be there"]


def test_what_is_kept_back_of_another_entity_is_not_held_against_a_reference() -> None:
    only_its_id = [f for f in fields(entities(GOOD)) if "/Person/name" not in f.path]
    body = body_of(PacketKind.LEAD, only_its_id, whole=False)
    assert tuple(RULES.judge(body)) == ()


def test_a_text_in_the_place_of_a_reference_is_named() -> None:
    (owner,) = (f for f in fields(entities(GOOD)) if f.path.endswith("Vehicle/owner"))
    body = body_of(PacketKind.LEAD, [replace(owner, values=(b"Ana",))], whole=False)
    (problem,) = RULES.judge(body)
    assert problem.why == "a reference to another entity is expected"
    assert token_of("token-" + "0" * 31) is None


def test_coarser_forms_and_documents_are_not_judged() -> None:
    (name,) = (f for f in fields(entities(GOOD)) if f.path.endswith("Vehicle/name"))
    coarse = replace(name, values=(b"a vehicle",), form=Form.GENERALISED, mask="kind")
    document = replace(name, values=(b"\xff\xfe",), media_type="image/png")
    assert body_of(PacketKind.LEAD, [coarse, document], whole=False).items == ()


def test_an_entity_is_called_by_its_id_where_that_is_told() -> None:
    body = body_of(PacketKind.LEAD, fields(entities(GOOD)), whole=True)
    (car,) = body.of("Vehicle")
    assert body.name_of(car.token) == "car"
    untold = [f for f in fields(entities(GOOD)) if not f.path.endswith("/id")]
    assert body_of(PacketKind.LEAD, untold, whole=True).name_of(car.token) == car.token[:6]


def a_lead(text: str) -> list[Field]:
    return fields(entities(text))


def test_a_lead_takes_any_entities() -> None:
    assert judge_body(PacketKind.LEAD, a_lead(KINDS[PacketKind.LEAD].example), whole=True) == ()
    assert judge_body(PacketKind.LEAD, a_lead(GOOD), whole=True) == ()


def test_a_lead_that_tells_nothing_is_refused() -> None:
    nothing = a_lead('{"id":"qiu","schema":"Person","properties":{}}')
    with pytest.raises(BodyIncomplete, match="neither an entity nor a narrative"):
        verify_body(PacketKind.LEAD, nothing)
    assert judge_body(PacketKind.LEAD, nothing) == ()


def test_a_refusal_names_places_by_entity_id_and_stops_at_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline.bodies.registry.KINDS", {PacketKind.LEAD: RULES})
    with pytest.raises(BodyRefused) as one:
        verify_body(PacketKind.LEAD, a_lead(GOOD.replace('"Rose"', '"Roses"')))
    assert one.value.why == "lead: car/Vehicle/name: over four letters"
    many = GOOD.replace('"a","b"', ",".join(f'"alias {number}"' for number in range(11)))
    with pytest.raises(BodyRefused, match="and 3 more"):
        verify_body(PacketKind.LEAD, a_lead(many))
    with pytest.raises(BodyIncomplete, match="car/Vehicle/name: it is missing"):
        verify_body(PacketKind.LEAD, a_lead(GOOD.replace('"name":["Rose"],', "")))


def test_a_kind_may_judge_across_its_parts() -> None:
    def alike(body: Body) -> Iterator[Problem]:
        for item in body.of("Vehicle"):
            if item.only("name") == item.only("alias"):
                yield Problem(path=item.path("alias"), why="no other name than the first")

    rules = replace(RULES, relate=alike)
    text = GOOD.replace('"a","b"', '"Rose"')
    (problem,) = rules.judge(body_of(PacketKind.LEAD, a_lead(text), whole=False))
    assert problem.why == "no other name than the first"


def test_a_kind_without_rules_takes_any_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tearline.bodies.registry.KINDS", {})
    assert judge_body(PacketKind.LEAD, [], whole=True) == ()
