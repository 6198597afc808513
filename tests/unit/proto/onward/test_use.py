"""What may be done with what a partner gave, by markings, purposes and consents."""

import dataclasses
from collections.abc import Iterable

import pytest

from support.agencies import CN, MX, NOW_MS, US, marking, secret
from tearline.audit.event import Decision
from tearline.errors import (
    DerivedWeaker,
    OnwardUseForbidden,
    PassOnForbidden,
    PurposeForbidden,
    TearlineError,
)
from tearline.onward.use import (
    Allow,
    GivenField,
    Intent,
    Permission,
    Sources,
    Use,
    Withhold,
    caveats_in_words,
    conditions,
    decide,
    derived_marking,
    is_limited,
    verify_evaluation_kept,
    verify_given_alike,
    verify_marked_as,
    verify_use,
)
from tearline.policy.marking import Marking, Pap, Tlp
from tearline.policy.profile import default_marking

PACKET, PATH = secret("packet"), "aa/Person/name"
FREE = Marking(category="identity.subject", tlp=Tlp.AMBER, handling=(), orcon=False, pap=Pap.AMBER)
LIMITS = {
    "H1": dataclasses.replace(FREE, handling=("H1",)),
    "H2": dataclasses.replace(FREE, handling=("H2",)),
    "H3": dataclasses.replace(FREE, handling=("H3",)),
    "ORCON": dataclasses.replace(FREE, orcon=True),
    "TLP:AMBER+STRICT": dataclasses.replace(FREE, tlp=Tlp.AMBER_STRICT),
    "TLP:RED": dataclasses.replace(FREE, tlp=Tlp.RED),
}
TO_CN = Intent(use=Use.PASS_ON, scope=CN)
EVIDENCE = Intent(use=Use.EVIDENCE)
TRIAL = Intent(use=Use.PURPOSE, scope="trial")


def held(marked: Marking = FREE, *, path: str = PATH, values: str = "name") -> GivenField:
    return GivenField(
        packet=PACKET,
        originator=US,
        path=path,
        marking=marked,
        values=frozenset(values.split()),
        purposes=frozenset({"investigation"}),
    )


def permission(use: Use, scope: str) -> Permission:
    return Permission(packet=PACKET, path=PATH, use=use, scope=scope, ends_ms=NOW_MS + 1)


@pytest.mark.parametrize(
    ("intent", "limits"),
    [
        (TO_CN, {"H2", "ORCON", "TLP:AMBER+STRICT", "TLP:RED"}),
        (EVIDENCE, {"H1", "H2", "ORCON", "TLP:AMBER+STRICT", "TLP:RED"}),
    ],
)
def test_each_condition_stands_against_the_uses_it_speaks_of(
    intent: Intent, limits: set[str]
) -> None:
    assert decide(held(), intent, (), now_ms=NOW_MS) == Allow()
    found = {
        name
        for name, marked in LIMITS.items()
        if isinstance(decide(held(marked), intent, (), now_ms=NOW_MS), Withhold)
    }
    assert found == limits
    for name in limits:
        assert any(line.startswith(f"{name}: ") for line in conditions(LIMITS[name], intent.use))


def test_what_limits_evidence_or_passing_on_is_limited() -> None:
    assert not is_limited(FREE)
    assert [name for name, marked in LIMITS.items() if not is_limited(marked)] == ["H3"]


def test_what_goes_back_to_its_originator_is_not_passed_on() -> None:
    back = Intent(use=Use.PASS_ON, scope=US)
    assert decide(held(LIMITS["ORCON"]), back, (), now_ms=NOW_MS) == Allow()


def test_a_purpose_is_one_that_it_was_given_for() -> None:
    given_for = Intent(use=Use.PURPOSE, scope="investigation")
    assert decide(held(), given_for, (), now_ms=NOW_MS) == Allow()
    refused = decide(held(), TRIAL, (), now_ms=NOW_MS)
    assert refused == Withhold("identity.subject; it was given for investigation")


@pytest.mark.parametrize(
    ("intent", "scope", "marked"),
    [
        (TO_CN, CN, LIMITS["ORCON"]),
        (EVIDENCE, "case 12/26", LIMITS["H1"]),
        (TRIAL, "trial", FREE),
    ],
)
def test_a_consent_allows_what_it_names_and_nothing_else(
    intent: Intent, scope: str, marked: Marking
) -> None:
    given = permission(intent.use, scope)
    assert decide(held(marked), intent, [given], now_ms=NOW_MS) == Allow()
    others = [
        dataclasses.replace(given, packet=secret("another")),
        dataclasses.replace(given, path="aa/Person/birthDate"),
        dataclasses.replace(given, use=next(use for use in Use if use is not intent.use)),
        dataclasses.replace(given, ends_ms=NOW_MS),
    ]
    if intent.use is not Use.EVIDENCE:
        others.append(dataclasses.replace(given, scope=MX))
    assert isinstance(decide(held(marked), intent, others, now_ms=NOW_MS), Withhold)


@pytest.mark.parametrize(
    ("intent", "error"),
    [(TO_CN, PassOnForbidden), (EVIDENCE, OnwardUseForbidden), (TRIAL, PurposeForbidden)],
)
def test_enforcing_raises_by_the_use(intent: Intent, error: type[TearlineError]) -> None:
    with pytest.raises(error):
        verify_use(held(LIMITS["TLP:RED"]), intent, (), now_ms=NOW_MS)


def test_caveats_are_said_in_words_once_each() -> None:
    assert caveats_in_words([]) == ()
    words = caveats_in_words([LIMITS["H2"], LIMITS["ORCON"], LIMITS["H2"], LIMITS["TLP:RED"]])
    assert [line.partition(":")[0] for line in words] == ["H0", "H2", "ORCON", "TLP", "PAP"]
    assert words[-2:] == ("TLP:RED at the strictest", "PAP:AMBER at the strictest")


# What is made from others.

ACCOUNT = held(marking("finance.account"), path="bb/BankAccount/iban", values="de02")
SOURCES = (held(LIMITS["H2"]), held(LIMITS["ORCON"], path="cc/Person/name", values="other"))


def concerned(marking: Marking, values: set[str], fields: Iterable[GivenField]) -> list[GivenField]:
    return [held for group in Sources(fields).concerned(marking, values) for held in group.fields]


def test_a_field_takes_after_those_that_hold_its_value() -> None:
    found = concerned(FREE, {"other", "new"}, SOURCES)
    assert [each.path for each in found] == ["cc/Person/name"]
    moved = concerned(marking("relation"), {"name"}, SOURCES)
    assert [each.path for each in moved] == [PATH]


def test_a_field_with_values_of_its_own_takes_after_its_category() -> None:
    found = concerned(FREE, {"new"}, (*SOURCES, ACCOUNT))
    assert found == list(SOURCES)
    assert concerned(marking("time"), {"2026"}, SOURCES) == []


def test_free_text_takes_after_everything() -> None:
    narrative = default_marking("narrative")
    assert concerned(narrative, {"new"}, (*SOURCES, ACCOUNT)) == [*SOURCES, ACCOUNT]


def test_the_floor_of_a_derived_field_is_the_strictest_of_its_sources() -> None:
    floor = derived_marking(FREE, Sources(SOURCES).concerned(FREE, {"name", "other"}))
    assert (floor.category, floor.handling, floor.orcon) == ("identity.subject", ("H2",), True)
    assert derived_marking(FREE, ()) == FREE
    narrative = default_marking("narrative")
    guards = Sources([held(default_marking("method"))]).concerned(narrative, ())
    guarded = derived_marking(narrative, guards)
    assert (guarded.category, guarded.tlp) == ("method", Tlp.RED)


@pytest.mark.parametrize("name", LIMITS)
def test_a_value_is_marked_as_strictly_as_in_its_source(name: str) -> None:
    verify_marked_as(LIMITS[name], LIMITS[name])
    verify_marked_as(LIMITS[name], FREE)
    with pytest.raises(DerivedWeaker):
        verify_marked_as(FREE, LIMITS[name])


def test_an_evaluation_is_kept_or_weakened() -> None:
    for kept in ("B2", "B3", "C2", "X4"):
        verify_evaluation_kept(kept, "B2")
    for stronger in ("A2", "B1", "A4", "X1"):
        with pytest.raises(DerivedWeaker):
            verify_evaluation_kept(stronger, "B2")


# What the exchange sees of it.


def decision(category: str, form: str = "clear") -> Decision:
    return Decision(compartment=0, category=category, form=form, policies=(), slots=())


NAME, MONEY = decision("identity.subject"), decision("finance.amount")


def test_a_recipient_gets_of_a_derived_packet_what_it_was_given_of_the_source() -> None:
    verify_given_alike([NAME], [NAME], [NAME, MONEY])
    verify_given_alike([NAME], [MONEY], [MONEY])
    verify_given_alike([], [], [NAME])
    verify_given_alike([decision("identity.subject", "exists")], [], [NAME])


@pytest.mark.parametrize(
    "given",
    [
        (),
        (decision("identity.subject", "exists"),),
        (decision("identity.subject", "generalised"),),
        (MONEY,),
    ],
    ids=["nothing", "only that it exists", "a coarser form", "something else"],
)
def test_a_recipient_does_not_get_more_than_it_was_given(given: tuple[Decision, ...]) -> None:
    with pytest.raises(PassOnForbidden):
        verify_given_alike([NAME], given, [NAME])


def test_who_was_given_nothing_of_a_limited_source_gets_nothing_made_of_it() -> None:
    with pytest.raises(PassOnForbidden):
        verify_given_alike([NAME], [], [MONEY])


def test_conditions_are_not_said_to_stand_in_a_narrative_that_is_not_there() -> None:
    marked = [dataclasses.replace(FREE, handling=("H3",))]
    assert "H3: further conditions, which the narrative states" in caveats_in_words(marked)
    lacking = caveats_in_words(marked, narrative=False)
    assert "H3: further conditions, which no narrative here states: ask the originator" in lacking
