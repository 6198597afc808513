"""Ten times the input costs ten times as much: body rules, masks and matchers of partners' values.

A partner chooses the number of entities and values, and the length of each. A rule that compared
each with each would let one packet hold its reader for minutes.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from random import Random

import pytest

from support.bodies import entities, fields
from support.cases import each_case
from support.costs import MOST, MOST_STEPS, growth, steps
from tearline.bodies.documents import judge_document, plain_file_name
from tearline.bodies.registry import KINDS, judge_body
from tearline.bodies.transfer_matches import Leg, Tolerance, match_legs
from tearline.limits import MAX_BODY_PROBLEMS
from tearline.onward.use import GivenField, Permission, Sources, Use, derived_marking
from tearline.packets.packet import Field, PacketKind
from tearline.policy.category import CATEGORIES
from tearline.policy.marking import HANDLING_CODES, Marking, Pap, Tlp
from tearline.policy.masks import MASKS, generalise
from tearline.policy.profile import marking_of, property_category
from tearline_client.connectors.importers.identifiers import FORMATS, check
from tearline_client.features.packets.onward_use import Uses, taken_after
from tearline_client.planning.ftm_schema import PropertyType
from tearline_client.planning.search_text import folded
from tearline_client.planning.substrings import Substrings
from tearline_client.planning.text_search import SearchTerms, compared_texts, index_lines
from tearline_client.rules.onward_sources import values_of, verify_marked

pytestmark = pytest.mark.thorough(
    twin="tests/unit/proto/policy/test_masks.py::test_a_mask_makes_a_value_coarser"
)

Call = Callable[[], object]

MARKS = "\u0301\u0327"
"""Accents in the order that normalisation has to turn round."""


def test_time_by_the_square_is_noticed() -> None:
    def make(number: int) -> Call:
        return lambda: [one is other for one in range(number) for other in range(number)]

    assert growth(make, 30) > MOST


@pytest.mark.parametrize("slowed", [1, 20, 120])
def test_a_cost_above_the_bound_is_measured_again(
    monkeypatch: pytest.MonkeyPatch, slowed: int
) -> None:
    """A busy machine made a larger input four times as dear, for so many calls."""
    now_ns = 0

    def make(number: int) -> Call:
        def call() -> None:
            nonlocal now_ns, slowed
            is_slow = number > 100 and slowed > 0
            slowed -= is_slow
            now_ns += 10_000 * number * (4 if is_slow else 1)

        return call

    monkeypatch.setattr(time, "process_time_ns", lambda: now_ns)
    assert growth(make, 100) == 10


def copies_of(kind: PacketKind, number: int, *changes: tuple[str, str]) -> list[Field]:
    """The fields of a kind's example, many times over, each copy with entities of its own."""
    text = KINDS[kind].example
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    found: list[Field] = []
    example = fields(entities(text))
    tokens = sorted({field.path.partition("/")[0] for field in example})
    for copy in range(number):
        names = {token: f"{copy:08x}{token[8:]}" for token in tokens}
        for field in example:
            token, _, rest = field.path.partition("/")
            values = tuple(
                b"token-" + names[found_token].encode()
                if (found_token := value.decode().removeprefix("token-")) in names
                else value
                for value in field.values
            )
            found.append(replace(field, path=f"{names[token]}/{rest}", values=values))
    return found


def verify_growth(make: Callable[[int], Call]) -> None:
    """Checks the cost of a body: its time while it fits into the caches, its steps far beyond.

    Ten times sixty copies cost nearly thirty times the time on a busy machine, since they do not.
    """
    assert growth(make, 6) <= MOST
    assert steps(make(600)) <= MOST_STEPS * steps(make(60))


def test_steps_by_the_square_are_noticed() -> None:
    def make(number: int) -> Call:
        return lambda: [one is other for one in range(number) for other in range(number)]

    with pytest.raises(AssertionError):
        verify_growth(make)
    assert steps(make(600)) > MOST_STEPS * steps(make(60))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_judging_a_body_takes_time_by_its_size(kind: PacketKind) -> None:
    def make(number: int) -> Call:
        of = copies_of(kind, number)
        return lambda: judge_body(kind, of, whole=True)

    verify_growth(make)


def test_legs_that_all_contradict_each_other_take_time_by_their_number() -> None:
    changed = (('"pay-out"', '"pay-in"'), ('"rateCurrency":["USD"]', '"rateCurrency":["EUR"]'))

    def make(number: int) -> Call:
        of = copies_of(PacketKind.VALUE_TRANSFER, number, *changed)
        return lambda: judge_body(PacketKind.VALUE_TRANSFER, of)

    verify_growth(make)


def test_the_problems_of_a_body_are_counted_and_not_all_kept() -> None:
    of = copies_of(PacketKind.VALUE_TRANSFER, 1000, ('"pay-out"', '"pay-in"'))
    problems = judge_body(PacketKind.VALUE_TRANSFER, of)
    assert len(problems) == MAX_BODY_PROBLEMS + 1
    # Too many legs; all of 2,000 but the first of the one side; 1,000 rates into one of two.
    assert problems[-1].why == f"… and {1 + 1999 + 1000 - MAX_BODY_PROBLEMS} more problems"


def texts(number: int) -> Iterator[tuple[str, list[str]]]:
    """Values that are many, and values that are long, as nobody writes them."""
    yield "many", [f"Road {each:06}, Springfield, Mexico" for each in range(number)]
    yield "many Chinese", [f"中国云南省{each:06}" for each in range(number)]
    yield "many unknown", [f"丽{each:06}" for each in range(number)]
    yield "many names", [f"Ana {each:06} de la Cruz" for each in range(number)]
    yield "many numbers", [f"{each:06}" for each in range(number)]
    for name, piece in {
        "accents": MARKS,
        "words": "a ",
        "commas": "a,",
        "digits": "1",
        "blanks": " ",
        "dots": "a.",
        "thousands": "1,111",
        "ats": "a@",
        "dashes": "-",
        "Chinese": "李",
        "long marks": "\u0301",
    }.items():
        yield name, [(piece * (64 * number))[: 64 * number]]
    yield "long words", [" ".join([("a" + MARKS * (8 * number))[: 13 * number]] * 5)]


SHAPES = [name for name, _ in texts(1)]


def shaped(shape: str, number: int) -> list[str]:
    return dict(texts(number))[shape]


PATHS = {
    property_category(*path.split("/")): f"t/{path}"
    for path in (
        "Payment/amount", "Payment/currency", "Substance/quantity", "Payment/date",
        "Person/birthDate", "Address/full", "BankAccount/accountNumber", "Person/name",
        "Person/phone", "Substance/name",
    )
}  # fmt: skip


def test_every_mask_is_measured() -> None:
    assert set(PATHS) == set(MASKS)


@each_case("shape", SHAPES)
@each_case("category", sorted(MASKS))
def test_a_mask_takes_time_by_the_size_of_the_values(category: str, shape: str) -> None:
    def make(number: int) -> Call:
        values = shaped(shape, number)
        return lambda: generalise(PATHS[category], values)

    assert growth(make, 100) <= MOST


@each_case("shape", SHAPES)
@each_case("matcher", ["fold", "search", "values", "lines"])
def test_a_matcher_takes_time_by_the_size_of_the_values(matcher: str, shape: str) -> None:
    def make(number: int) -> Call:
        values = shaped(shape, number)
        field = Field(
            path="t/Person/name",
            values=tuple(value.encode() for value in values),
            marking=marking_of("t/Person/name"),
        )
        sought = SearchTerms("María de los Ángeles Pérez")
        calls: dict[str, Call] = {
            "fold": lambda: [folded(value) for value in values],
            "search": lambda: sought.match(field),
            "values": lambda: values_of(field),
            "lines": lambda: index_lines(compared_texts(field)),
        }
        return calls[matcher]

    assert growth(make, 100) <= MOST


KINDS_OF_VALUES = sorted({*FORMATS, *PropertyType})


@each_case("shape", [shape for shape in SHAPES if "many" not in shape])
def test_checking_identifiers_takes_time_by_their_length(shape: str) -> None:
    def make(number: int) -> Call:
        (value,) = shaped(shape, number)
        return lambda: [check(kind, value) for kind in KINDS_OF_VALUES]

    assert growth(make, 100) <= MOST


@pytest.mark.parametrize("piece", [MARKS, "a", ".", "/", " ", "é"])
def test_a_file_name_takes_time_by_its_length(piece: str) -> None:
    def make(number: int) -> Call:
        name = piece * (64 * number)
        return lambda: plain_file_name(name, "application/pdf")

    assert growth(make, 100) <= MOST


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("application/pdf", b"%PDF-"),
        ("text/csv", b"a,b\n"),
        ("message/rfc822", b"From: a\n"),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            b"PK\x03\x04[Content_Types].xm word",
        ),
    ],
)
def test_a_document_is_looked_at_in_time_by_its_length(media_type: str, content: bytes) -> None:
    def make(number: int) -> Call:
        field = Field(
            path="t/Document/file",
            media_type=media_type,
            values=(content * number,),
            marking=marking_of("t/Document/file"),
        )
        return lambda: list(judge_document(field))

    assert growth(make, 200) <= MOST


def legs(number: int, *, apart: timedelta) -> list[Leg]:
    return [
        Leg(
            name=f"{each}",
            source="ours",
            side=("pay-in", "pay-out")[each % 2],
            amount=Decimal(1000),
            currency="USD",
            country=("us", "mx")[each % 2],
            begins=datetime(2026, 2, 17, tzinfo=UTC) + each * apart,
            ends=datetime(2026, 2, 18, tzinfo=UTC) + each * apart,
            references=frozenset({"same"}),
            rates={},
        )
        for each in range(number)
    ]


@pytest.mark.parametrize("minutes", [0, 1, 60])
@pytest.mark.parametrize("percent", [0, 3])
def test_matching_legs_takes_time_by_their_number(
    minutes: int, percent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tearline.bodies.transfer_matches.MAX_NEAR_LEGS", 16
    )  # else it takes seconds
    tolerance = Tolerance(percent=Decimal(percent), hours=Decimal(72))

    def make(number: int) -> Call:
        of = legs(number, apart=timedelta(minutes=minutes))
        return lambda: match_legs(of, {}, tolerance)

    assert growth(make, 200) <= MOST


@pytest.mark.parametrize("start", ["", "suspected transfer of "])
def test_finding_values_inside_a_text_takes_time_by_their_size(start: str) -> None:
    """Also where all of them begin as the text does."""

    def make(number: int) -> Call:
        values = [f"{start}{name:08}" for name in range(number)]
        text = f"{start}nothing of it; " * (number // 4)

        def call() -> object:
            return Substrings(values, 6).are_in(text)

        return call

    assert growth(make, 400) <= MOST


# What takes after partners' fields: a partner chooses how many it gives, and how alike they are.


def taken(shape: str, number: int) -> tuple[list[Field], Sources]:
    """Fields that are to be sent, and as many that a partner gave."""
    path = "t/Packet/narrative" if shape == "narratives" else "t/Person/name"
    marking = marking_of("t/Person/name")
    fields = [
        Field(
            path=path,
            values=(b"the same" if shape == "one value" else b"our own %d" % each,),
            marking=replace(marking_of(path), tlp=Tlp.RED, handling=HANDLING_CODES, orcon=True),
        )
        for each in range(number)
    ]
    return fields, Sources(
        GivenField(
            packet=bytes(32),
            originator="spiffe://a.example",
            path=f"{each}/Person/name",
            marking=replace(marking, tlp=Tlp.AMBER, handling=(), orcon=False),
            values=frozenset({"the same" if shape == "one value" else f"theirs {each}"}),
            purposes=frozenset({"trial"}),
        )
        for each in range(number)
    )


@pytest.mark.parametrize("shape", ["own values", "one value", "narratives"])
def test_what_takes_after_partners_fields_is_judged_in_time_by_its_number(shape: str) -> None:
    def make(number: int) -> Call:
        fields, sources = taken(shape, number)

        def judge() -> None:
            uses = Uses("trial", (), now_ms=1)
            for field in fields:
                groups = taken_after(field, sources)
                assert derived_marking(field.marking, groups).tlp is Tlp.RED
                uses.verify(field, groups, ["spiffe://b.example"])
            verify_marked(fields, sources)

        return judge

    assert growth(make, 40) <= MOST


def test_consents_are_looked_up_by_field_and_not_all_read_for_each() -> None:
    def make(number: int) -> Call:
        fields, sources = taken("own values", number)
        given = [
            Permission(packet=bytes(32), path=f"x{each}", use=Use.PASS_ON, scope="", ends_ms=9)
            for each in range(number)
        ]

        def judge() -> None:
            uses = Uses("trial", given, now_ms=1)
            uses.verify(fields[0], taken_after(fields[0], sources), ["spiffe://b.example"])

        return judge

    assert growth(make, 40) <= MOST


@each_case("number", range(20))
def test_the_markings_of_many_in_one_raise_a_field_as_each_after_the_other(number: int) -> None:
    chance = Random(number)

    def some() -> Marking:
        return Marking(
            category=chance.choice([each.name for each in CATEGORIES]),
            tlp=chance.choice(list(Tlp)),
            handling=tuple(code for code in HANDLING_CODES if chance.random() < 0.5),
            orcon=chance.random() < 0.5,
            pap=chance.choice(list(Pap)),
        )

    for _ in range(50):
        of = [
            GivenField(
                packet=bytes(32),
                originator="",
                path="",
                marking=some(),
                values=frozenset({"x"}),
                purposes=frozenset(),
            )
            for _ in range(chance.randint(1, 6))
        ]
        own, (group,) = some(), Sources(of).holding({"x"})
        each_after_the_other = reduce(Marking.raised_to, (held.marking for held in of), own)
        assert own.raised_to(group.floor) == each_after_the_other
