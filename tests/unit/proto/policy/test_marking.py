import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from tearline.errors import MarkingMalformed
from tearline.limits import MAX_MARKING_BYTES
from tearline.policy.category import CATEGORIES, GROUPS, category_named, leaves_under
from tearline.policy.marking import (
    HANDLING_CODES,
    STRICTEST,
    Marking,
    Pap,
    Tlp,
    is_at_least_as_strict,
    parse_marking,
    parse_pap,
    parse_tlp,
    strictest,
)

MARKINGS = st.builds(
    Marking,
    category=st.sampled_from([category.name for category in CATEGORIES]),
    tlp=st.sampled_from(Tlp),
    handling=st.sets(st.sampled_from(HANDLING_CODES)).map(lambda codes: tuple(sorted(codes))),
    orcon=st.booleans(),
    pap=st.sampled_from(Pap),
)
ACCOUNT = "finance.account TLP:AMBER+STRICT PAP:GREEN H1,H3 ORCON"


def marking(category: str = "location", **parts: object) -> Marking:
    plain = {"tlp": Tlp.AMBER, "handling": (), "orcon": False, "pap": Pap.AMBER}
    return Marking(category=category, **(plain | parts))


def test_a_marking_is_spelled_in_one_way() -> None:
    account = marking(
        "finance.account", tlp=Tlp.AMBER_STRICT, handling=("H1", "H3"), orcon=True, pap=Pap.GREEN
    )
    assert account.encode() == ACCOUNT
    assert parse_marking(ACCOUNT) == account
    assert marking().encode() == "location TLP:AMBER PAP:AMBER H0"


@given(MARKINGS)
def test_every_marking_reads_back_and_is_bounded(any_marking: Marking) -> None:
    text = any_marking.encode()
    assert parse_marking(text) == any_marking
    assert text.isascii()
    assert len(text) <= MAX_MARKING_BYTES


@each_case(
    "text",
    [
        "",
        "finance.account",
        ACCOUNT.lower(),
        ACCOUNT + " ",
        ACCOUNT + "\n",
        " " + ACCOUNT,
        ACCOUNT.replace(" ", "  "),
        ACCOUNT.replace("H1,H3", "H3,H1"),
        ACCOUNT.replace("H1,H3", "H1,H1"),
        ACCOUNT.replace("H1,H3", "H0,H1"),
        ACCOUNT.replace("H1,H3", "H4"),
        ACCOUNT.replace("H1,H3", ""),
        ACCOUNT.replace("ORCON", "NOFORN"),
        ACCOUNT.replace("AMBER+STRICT", "WHITE"),
        ACCOUNT.replace("PAP:GREEN", "PAP:AMBER+STRICT"),
        ACCOUNT.replace("finance.account", "finance"),
        ACCOUNT.replace("finance.account", "finance.unknown"),
        ACCOUNT.replace(" TLP:AMBER+STRICT PAP:GREEN", " PAP:GREEN TLP:AMBER+STRICT"),
        "x" * (MAX_MARKING_BYTES + 1),
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(MarkingMalformed):
        parse_marking(text)


@pytest.mark.parametrize("handling", [("H0",), ("H2", "H1"), ("H1", "H1"), ("h1",)])
def test_handling_codes_are_sorted_and_known(handling: tuple[str, ...]) -> None:
    with pytest.raises(MarkingMalformed):
        marking(handling=handling)


def test_labels_read_back() -> None:
    assert [parse_tlp(level.text) for level in Tlp] == list(Tlp)
    assert [parse_pap(level.text) for level in Pap] == list(Pap)
    for text in ("AMBER", "amber_strict", "white", ""):
        with pytest.raises(MarkingMalformed):
            parse_tlp(text)
        with pytest.raises(MarkingMalformed):
            parse_pap(text)


def test_ordinary_categories_do_not_compare() -> None:
    account, place = marking("finance.account"), marking("location")
    assert not is_at_least_as_strict(account, place)
    assert not is_at_least_as_strict(place, account)


def test_a_guarded_category_is_stricter_than_what_it_outranks() -> None:
    name, source = marking("identity.subject"), marking("identity.source")
    assert is_at_least_as_strict(source, name)
    assert not is_at_least_as_strict(name, source)
    assert is_at_least_as_strict(marking("unmarked"), source)
    assert not is_at_least_as_strict(source, marking("unmarked"))


@given(MARKINGS)
def test_nothing_is_stricter_than_the_strictest(any_marking: Marking) -> None:
    assert is_at_least_as_strict(STRICTEST, any_marking)


@given(MARKINGS, MARKINGS)
def test_raising_only_makes_stricter(own: Marking, floor: Marking) -> None:
    raised = own.raised_to(floor)
    assert is_at_least_as_strict(raised, own)
    assert raised.raised_to(floor) == raised
    assert raised.tlp >= floor.tlp
    assert raised.pap >= floor.pap
    assert set(raised.handling) >= set(floor.handling)
    assert raised.orcon >= floor.orcon


@given(st.lists(MARKINGS, max_size=5))
def test_the_strictest_of_some_is_a_floor_whatever_their_order(markings: list[Marking]) -> None:
    floor = strictest(markings)
    assert floor == strictest(reversed(markings))
    for own in markings:
        assert floor.tlp >= own.tlp
        assert floor.pap >= own.pap
        assert set(floor.handling) >= set(own.handling)
        assert floor.orcon >= own.orcon
        if category_named(own.category).guarded:
            assert is_at_least_as_strict(floor, own)


def test_the_strictest_of_nothing_is_the_strictest() -> None:
    assert strictest([]) == STRICTEST


def test_a_field_keeps_its_category_beside_another_ordinary_one() -> None:
    assert marking("location").raised_to(marking("narrative")).category == "location"
    assert marking("location").raised_to(marking("method")).category == "method"


def test_a_group_gives_its_ordinary_leaves_only() -> None:
    names = {category.name for category in leaves_under("identity")}
    assert "identity.subject" in names
    assert not names & {"identity.source", "identity.officer"}
    assert [category.name for category in leaves_under("identity.source")] == ["identity.source"]
    with pytest.raises(MarkingMalformed):
        leaves_under("finan")


def test_no_group_is_also_a_leaf() -> None:
    assert not set(GROUPS) & {category.name for category in CATEGORIES}
