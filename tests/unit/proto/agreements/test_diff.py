"""What a version of an agreement changes: every gain, every loss, every word."""

from dataclasses import fields, replace
from typing import Any

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    PINS,
    US,
    article,
    federation,
    us_mx,
)
from tearline.agreements.agreement import DEFAULT_REPLY_TIMES, Agreement
from tearline.agreements.diff import Clause, TermChange, clauses, compare
from tearline.packets.packet import Urgency
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.terms import Direction, Share, Terms
from tearline.policy.vocabulary import SHARED_POLICIES

SHARED = parse_policy_set(SHARED_POLICIES)
ARTICLE = article(
    purposes=("investigation",),
    kinds=("lead", "operational-notice"),
    crime_areas=("money-laundering",),
    directions=(Direction(sender=US, recipient=MX),),
    shares=(Share(partner=MX, category="finance.account", form=Form.GENERALISED),),
    highest_tlp=Tlp.RED,
)
BEFORE = us_mx(federation().node(US).header, ARTICLE, valid_from_ms=NOW_MS)


def amended(**changed: Any) -> Agreement:
    article = replace(ARTICLE, **changed)
    return replace(BEFORE, version=2, terms=Terms(parties=(MX, US), articles=(article,)))


def test_the_same_terms_change_nothing() -> None:
    assert compare(BEFORE, replace(BEFORE, version=2), SHARED) == ()
    assert clauses(BEFORE, replace(BEFORE, version=2)) == ()


def test_a_wider_share_is_a_gain_for_every_use() -> None:
    wider = amended(shares=(replace(ARTICLE.shares[0], form=Form.CLEAR),))
    (change,) = compare(BEFORE, wider, SHARED)
    assert change == TermChange(
        article="leads",
        sender=US,
        recipient=MX,
        category="finance.account",
        before=Form.GENERALISED,
        after=Form.CLEAR,
        uses=(("investigation", "lead"), ("investigation", "operational-notice")),
    )
    assert change.is_gain
    (back,) = compare(wider, BEFORE, SHARED)
    assert not back.is_gain
    assert clauses(BEFORE, wider) == (
        Clause(
            article="leads",
            name=f"shares.{MX} finance.account",
            before=Form.GENERALISED,
            after=Form.CLEAR,
        ),
    )


def test_a_kind_that_goes_is_a_loss_for_that_use_alone() -> None:
    (change,) = compare(BEFORE, amended(kinds=("lead",)), SHARED)
    assert (change.before, change.after) == (Form.GENERALISED, Form.WITHHELD)
    assert change.uses == (("investigation", "operational-notice"),)


def test_a_direction_that_comes_is_a_gain_only_where_something_is_shared() -> None:
    both = (Direction(sender=MX, recipient=US), *ARTICLE.directions)
    assert compare(BEFORE, amended(directions=both), SHARED) == ()
    share = Share(partner=US, category="time", form=Form.CLEAR)
    shares = tuple(sorted((*ARTICLE.shares, share)))
    (change,) = compare(BEFORE, amended(directions=both, shares=shares), SHARED)
    assert (change.sender, change.recipient, change.category) == (MX, US, "time")


def test_against_nothing_all_is_gain() -> None:
    assert {c.category for c in compare(None, BEFORE, SHARED)} == {"finance.account"}
    assert all(change.is_gain for change in compare(None, BEFORE, SHARED))


def test_a_lower_light_takes_what_is_marked_above_it() -> None:
    changes = compare(BEFORE, amended(highest_tlp=Tlp.GREEN), SHARED)
    assert [change.after for change in changes] == [Form.WITHHELD]


def otherwise(record: Any, **known: Any) -> Any:
    """A record that differs in every field: as said or, of numbers and flags, by itself."""
    own = {each.name: getattr(record, each.name) for each in fields(record)}
    counted = {name: value + 1 for name, value in own.items() if type(value) is int}
    flags = {name: not value for name, value in own.items() if type(value) is bool}
    return replace(record, **(counted | flags | known))


def test_no_part_of_the_text_is_passed_over() -> None:
    article = otherwise(
        ARTICLE,
        purposes=("prosecution",),
        kinds=("lead",),
        crime_areas=(),
        directions=(),
        shares=(),
        highest_tlp=Tlp.GREEN,
    )
    other = otherwise(
        BEFORE,
        name="other",
        terms=Terms(parties=(CN, MX, US), articles=(article,)),
        pins=replace(PINS, masks=bytes(32)),
        reply_times={**DEFAULT_REPLY_TIMES, Urgency.URGENT: 1},
        onward_use="None.",
        oversight=(US,),
        log_retention_ms=1000 * DAY_MS,
    )
    named = {clause.name.partition(".")[0] for clause in clauses(BEFORE, other)}
    own = {field.name for record in (BEFORE, ARTICLE) for field in fields(record)}
    assert named == (own - {"header", "id", "version", "terms"}) | {"parties"}
