"""Onward use: what a reader may do with what a partner gave, and what it needs a consent for.

Decisions are data, ``Allow`` or ``Withhold(reason)``; whoever enforces one calls a ``verify_…``,
which raises. The rules hold at three places: at the sender's node, which knows every value; at
the exchange, which sees openings and grants; at the recipient's node, as far as it holds the
source. Specified in docs/spec/onward-v1.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from tearline.errors import (
    DerivedWeaker,
    OnwardUseForbidden,
    PassOnForbidden,
    PurposeForbidden,
    TearlineError,
)
from tearline.event import Decision
from tearline.policy.form import Form, parse_form
from tearline.policy.marking import HANDLING_CODES, Marking, Tlp

_SOURCE = "ABCX"
_INFORMATION = "1234"
_OURS_ALONE = (Tlp.AMBER_STRICT, Tlp.RED)
_FREE_TEXT = "narrative"
_SHARED_BY_MANY = ("identity.trait", "identity.birth")
_IN_WORDS = {
    "H1": "not in evidence without the originator's permission",
    "H2": "not passed on without the originator's permission",
    "H3": "further conditions, which the narrative states",
}
_UNSTATED = "further conditions, which no narrative here states: ask the originator"


class Use(StrEnum):
    """What somebody other than the originator wants to do with a field."""

    PASS_ON = "pass-on"  # noqa: S105 (a name, not a secret)
    EVIDENCE = "evidence"
    PURPOSE = "purpose"


@dataclass(frozen=True, slots=True)
class Allow:
    """It may be done."""


@dataclass(frozen=True, slots=True)
class Withhold:
    """It may not be done.

    Attributes:
        reason: Why, for people: the conditions that stand in the way.
    """

    reason: str


Answer = Allow | Withhold


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A field that a partner gave.

    Attributes:
        packet: 32 bytes, its manifest's statement id.
        originator: URI of the agency that made the packet.
        path: Where the field stands there.
        marking: Its marking.
        values: Its values, spelled so that what is the same compares equal.
        purposes: What the originator gave it for.
    """

    packet: bytes
    originator: str
    path: str
    marking: Marking
    values: frozenset[str]
    purposes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is wanted.

    Attributes:
        use: The sort of use.
        scope: Of passing on, the URI of the third party's agency; of another purpose, that
            purpose; of evidence, nothing: any consent to it counts.
    """

    use: Use
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What an originator has consented to, field by field.

    Attributes:
        packet: 32 bytes.
        path: The field.
        use: The sort of use.
        scope: As in ``Intent``; of evidence, the proceedings.
        ends_ms: Until when, Unix milliseconds.
    """

    packet: bytes
    path: str
    use: Use
    scope: str
    ends_ms: int


def conditions(marking: Marking, use: Use) -> tuple[str, ...]:
    """What a marking sets against a use, in words; nothing where it needs no consent."""
    if use is Use.PURPOSE:
        return ()  # H0, which always holds, is judged by the purposes that a field was given for
    wanted = ("H1", "H2") if use is Use.EVIDENCE else ("H2",)
    found = [f"{code}: {_IN_WORDS[code]}" for code in marking.handling if code in wanted]
    if marking.orcon:
        found.append("ORCON: its originator controls who gets it")
    if marking.tlp in _OURS_ALONE:
        found.append(f"TLP:{marking.tlp.text.upper()}: for its recipients alone")
    return tuple(found)


def is_limited(marking: Marking) -> bool:
    """Whether a marking keeps a field from being passed on, or from evidence, without consent."""
    return bool(conditions(marking, Use.EVIDENCE))


def is_telling(marking: Marking) -> bool:
    """Whether one value of a field so marked is enough to tell a copy.

    Nationalities and dates of birth are limited as persons' names are, and many persons share
    them.
    """
    return is_limited(marking) and marking.category not in _SHARED_BY_MANY


def caveats_in_words(markings: Iterable[Marking], *, narrative: bool = True) -> tuple[str, ...]:
    """What whoever reads, prints or exports fields of these markings must know of their use.

    Args:
        markings: Of the fields.
        narrative: Whether the reader has the narrative that states further conditions.
    """
    markings = tuple(markings)
    if not markings:
        return ()
    words = ["H0: only for the purpose it was given for"]
    in_words = _IN_WORDS if narrative else {**_IN_WORDS, "H3": _UNSTATED}
    words += [
        f"{code}: {in_words[code]}"
        for code in HANDLING_CODES
        if any(code in marking.handling for marking in markings)
    ]
    if any(marking.orcon for marking in markings):
        words.append("ORCON: its originator controls who gets it")
    words.append(f"TLP:{max(marking.tlp for marking in markings).text.upper()} at the strictest")
    words.append(f"PAP:{max(marking.pap for marking in markings).text.upper()} at the strictest")
    return tuple(words)


def decide(held: Held, intent: Intent, given: Iterable[Permission], *, now_ms: int) -> Answer:
    """Whether a field may be used so.

    Args:
        held: The field.
        intent: What is wanted.
        given: The originator's consents, ended ones among them.
        now_ms: The time, Unix milliseconds.
    """
    reasons = conditions(held.marking, intent.use)
    if intent.use is Use.PASS_ON and intent.scope == held.originator:
        return Allow()  # back to where it came from
    if intent.use is Use.PURPOSE and intent.scope not in held.purposes:
        reasons = (f"it was given for {', '.join(sorted(held.purposes)) or 'nothing'}",)
    if not reasons or any(_covers(each, held, intent, now_ms) for each in given):
        return Allow()
    return Withhold(f"{held.marking.category}; " + "; ".join(reasons))


def _covers(permission: Permission, held: Held, intent: Intent, now_ms: int) -> bool:
    return (
        (permission.packet, permission.path) == (held.packet, held.path)
        and permission.use is intent.use
        and (permission.scope == intent.scope or intent.use is Use.EVIDENCE)
        and now_ms < permission.ends_ms
    )


_ERRORS: dict[Use, type[TearlineError]] = {
    Use.PASS_ON: PassOnForbidden,
    Use.EVIDENCE: OnwardUseForbidden,
    Use.PURPOSE: PurposeForbidden,
}


def verify_use(held: Held, intent: Intent, given: Iterable[Permission], *, now_ms: int) -> None:
    """Checks that a field may be used so (spec O-1 to O-3).

    Raises:
        PassOnForbidden, OnwardUseForbidden, PurposeForbidden: By the use, naming the conditions.
    """
    answer = decide(held, intent, given, now_ms=now_ms)
    if isinstance(answer, Withhold):
        raise _ERRORS[intent.use](answer.reason)


# What is made from others.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Fields of the sources that a derived field takes after together.

    Attributes:
        fields: The fields, in the order of the sources; at least one.
        floor: Their markings in one, as strict in each part as the strictest of them.
    """

    fields: tuple[Held, ...]
    floor: Marking


class Sources:
    """Every field of the packets that something is made from, as far as they are open here.

    Which fields a derived one takes after is looked up in time by its own values.

    Args:
        fields: The fields.
    """

    def __init__(self, fields: Iterable[Held] = ()) -> None:
        every = tuple(fields)
        by_value: defaultdict[str, list[Held]] = defaultdict(list)
        by_category: defaultdict[str, list[Held]] = defaultdict(list)
        for held in every:
            by_category[held.marking.category].append(held)
            for value in held.values:
                by_value[value].append(held)
        self._all = (_group(every),) if every else ()
        self._by_value = {value: _group(some) for value, some in by_value.items()}
        self._by_category = {category: _group(some) for category, some in by_category.items()}

    def __bool__(self) -> bool:
        return bool(self._all)

    def holding(self, values: Iterable[str]) -> tuple[Group, ...]:
        """Returns, for each value that a field here holds, the fields that hold it."""
        found = map(self._by_value.get, values)
        return tuple(group for group in found if group is not None)

    def concerned(self, marking: Marking, values: Iterable[str]) -> tuple[Group, ...]:
        """Returns the fields that a field of a derived packet takes after.

        Those that hold one of its values. Of a value that none of them holds, somebody wrote it
        anew: those of its category. Free text may retell any of them.

        Args:
            marking: The field's own marking, before it is raised.
            values: Its values, spelled as those of the sources are.
        """
        if marking.category == _FREE_TEXT:
            return self._all
        alike = self._by_category.get(marking.category)
        return self.holding(values) or (() if alike is None else (alike,))


def _group(fields: Sequence[Held]) -> Group:
    floor = reduce(Marking.raised_to, (held.marking for held in fields))
    return Group(fields=tuple(fields), floor=floor)


def derived_marking(marking: Marking, groups: Iterable[Group]) -> Marking:
    """Returns a marking as strict in each part as the fields it takes after (spec O-5)."""
    return reduce(Marking.raised_to, (group.floor for group in groups), marking)


def verify_derived_marking(marking: Marking, group: Group) -> None:
    """Checks that a marking is as strict in each part as the fields it takes after (spec O-5).

    Raises:
        DerivedWeaker: Naming the packet of the first that is stricter.
    """
    if derived_marking(marking, [group]) != marking:
        stricter = next(h for h in group.fields if marking.raised_to(h.marking) != marking)
        raise DerivedWeaker(f"{marking.category} of {stricter.packet.hex()[:12]}")


def verify_marked_as(marking: Marking, floor: Marking) -> None:
    """Checks that a field that holds a source's value is marked as strictly as it is there.

    The category is not compared: what a value is about, its path says, and each reader
    recomputes that.

    Args:
        marking: The field's.
        floor: That of the fields of the source that hold the value.

    Raises:
        DerivedWeaker: Naming what the source asks for and the packet does not.
    """
    raised = marking.raised_to(floor)
    loosened = [
        part
        for part in ("tlp", "handling", "orcon", "pap")
        if getattr(raised, part) != getattr(marking, part)
    ]
    if loosened:
        raise DerivedWeaker(f"{marking.category}: {', '.join(loosened)}")


def verify_evaluation_kept(evaluation: str, source: str) -> None:
    """Checks that a derived packet claims no more trust than its source (spec O-6).

    A receiver does not change an evaluation: it keeps it or leaves it weaker, and an absent one
    is X4, the weakest.

    Raises:
        DerivedWeaker: If the source of the information, or the information, is rated higher.
    """
    if _SOURCE.index(evaluation[0]) < _SOURCE.index(source[0]) or _INFORMATION.index(
        evaluation[1]
    ) < _INFORMATION.index(source[1]):
        raise DerivedWeaker(f"evaluated {evaluation}, where its source is {source}")


def verify_given_alike(
    limited: Iterable[Decision], given: Iterable[Decision], released: Iterable[Decision]
) -> None:
    """Checks, without reading anything, that a recipient may get of a derived packet.

    Args:
        limited: What the source's originator released to the packet's sender, of compartments
            whose marking keeps them from being passed on.
        given: What the same originator released of the source to the recipient itself.
        released: What the derived packet is to release to it.

    Raises:
        PassOnForbidden: If the recipient was given nothing of the source, or of a category in
            question nothing, or nothing so revealing.
    """
    mine, theirs = _best_forms(limited), _best_forms(given)
    if not mine:
        return
    if not theirs:
        raise PassOnForbidden("the recipient was given nothing of a packet it is made from")
    for category, form in sorted(_best_forms(released).items()):
        if category in mine and theirs.get(category, Form.WITHHELD) < form:
            raise PassOnForbidden(f"{category} of a packet it is made from")


def _best_forms(decisions: Iterable[Decision]) -> dict[str, Form]:
    """By category the most revealing form that shows contents."""
    best: dict[str, Form] = {}
    for decision in decisions:
        form = parse_form(decision.form)
        if form > Form.EXISTS:
            best[decision.category] = max(form, best.get(decision.category, form))
    return best
