"""Onward use: permitted uses of a partner's fields, and uses that require a consent.

A decision is data, ``Allow`` or ``Withhold(reason)``. Its enforcers call a ``verify_…``, which
raises. The rules are enforced at three places: at the sender's node, which knows every value; at
the exchange, which sees openings and grants; at the recipient's node, as far as it holds the
source. Specified in docs/spec/onward-v1.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from tearline.audit.event import Decision
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    DerivedWeaker,
    OnwardUseForbidden,
    PassOnForbidden,
    PurposeForbidden,
    TearlineError,
)
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
    """Use of a field by an agency other than its originator."""

    PASS_ON = "pass-on"  # noqa: S105 (a name, not a secret)
    EVIDENCE = "evidence"
    PURPOSE = "purpose"


@dataclass(frozen=True, slots=True)
class Allow:
    """The use is allowed."""


@dataclass(frozen=True, slots=True)
class Withhold:
    """The use is not allowed.

    Attributes:
        reason: The conditions that forbid it, for people.
    """

    reason: str


Answer = Allow | Withhold


@immutable
class GivenField:
    """Field that a partner granted.

    Attributes:
        packet: 32 bytes, its manifest's statement id.
        originator: URI of the agency that made the packet.
        path: Its path in that packet.
        marking: Its marking.
        values: Its values, normalised so that equal values compare equal.
        purposes: Purposes for which the originator granted it.
    """

    packet: bytes
    originator: str
    path: str
    marking: Marking
    values: frozenset[str]
    purposes: frozenset[str]


@immutable
class Intent:
    """Intended use.

    Attributes:
        use: The sort of use.
        scope: For passing on, the URI of the third party's agency; for another purpose, that
            purpose; for evidence empty, since any consent to evidence applies.
    """

    use: Use
    scope: str = ""


@immutable
class Permission:
    """Originator's consent to the use of one field.

    Attributes:
        packet: 32 bytes.
        path: The field.
        use: The sort of use.
        scope: As in ``Intent``; for evidence, the proceedings.
        ends_ms: Its expiry, Unix milliseconds.
    """

    packet: bytes
    path: str
    use: Use
    scope: str
    ends_ms: int


def conditions(marking: Marking, use: Use) -> tuple[str, ...]:
    """Returns a marking's conditions on a use, in words; empty if the use needs no consent."""
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
    """Returns whether a marking forbids passing on, or use as evidence, without consent."""
    return bool(conditions(marking, Use.EVIDENCE))


def is_telling(marking: Marking) -> bool:
    """Returns whether one value of a field so marked suffices to identify a copy.

    Nationalities and dates of birth are limited like names of persons, but many persons share them.
    """
    return is_limited(marking) and marking.category not in _SHARED_BY_MANY


def caveats_in_words(markings: Iterable[Marking], *, narrative: bool = True) -> tuple[str, ...]:
    """Returns the conditions on use that every reader of fields with these markings must know.

    Args:
        markings: Markings of the fields.
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


def decide(held: GivenField, intent: Intent, given: Iterable[Permission], *, now_ms: int) -> Answer:
    """Returns the decision on an intended use of a field.

    Args:
        held: The field.
        intent: The intended use.
        given: The originator's consents, expired ones included.
        now_ms: The time, Unix milliseconds.
    """
    reasons = conditions(held.marking, intent.use)
    if intent.use is Use.PASS_ON and intent.scope == held.originator:
        return Allow()  # back to where it came from
    if intent.use is Use.PURPOSE and intent.scope not in held.purposes:
        reasons = (f"it was given for {', '.join(sorted(held.purposes)) or 'no purpose'}",)
    if not reasons or any(_covers(each, held, intent, now_ms) for each in given):
        return Allow()
    return Withhold(f"{held.marking.category}; " + "; ".join(reasons))


def _covers(permission: Permission, held: GivenField, intent: Intent, now_ms: int) -> bool:
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


def verify_use(
    held: GivenField, intent: Intent, given: Iterable[Permission], *, now_ms: int
) -> None:
    """Checks that an intended use of a field is allowed (spec O-1 to O-3).

    Raises:
        PassOnForbidden, OnwardUseForbidden, PurposeForbidden: By the use, with the conditions.
    """
    answer = decide(held, intent, given, now_ms=now_ms)
    if isinstance(answer, Withhold):
        raise _ERRORS[intent.use](answer.reason)


# Derived packets.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceGroup:
    """Source fields with one combined marking, for a derived field.

    Attributes:
        fields: The fields, in the order of the sources; at least one.
        floor: Their combined marking, as strict in each part as the strictest of them.
    """

    fields: tuple[GivenField, ...]
    floor: Marking


class Sources:
    """All fields of the source packets of a derivation, as far as they are open here.

    Lookups of the fields behind a derived field are indexed by its values.

    Args:
        fields: The fields.
    """

    def __init__(self, fields: Iterable[GivenField] = ()) -> None:
        every = tuple(fields)
        by_value: defaultdict[str, list[GivenField]] = defaultdict(list)
        by_category: defaultdict[str, list[GivenField]] = defaultdict(list)
        for held in every:
            by_category[held.marking.category].append(held)
            for value in held.values:
                by_value[value].append(held)
        self._all = (_group(every),) if every else ()
        self._by_value = {value: _group(some) for value, some in by_value.items()}
        self._by_category = {category: _group(some) for category, some in by_category.items()}

    def __bool__(self) -> bool:
        return bool(self._all)

    def holding(self, values: Iterable[str]) -> tuple[SourceGroup, ...]:
        """Returns, for each value that a field here holds, the fields that hold it."""
        found = map(self._by_value.get, values)
        return tuple(group for group in found if group is not None)

    def concerned(self, marking: Marking, values: Iterable[str]) -> tuple[SourceGroup, ...]:
        """Returns the source fields with markings that apply to a field of a derived packet.

        These are the fields that hold one of its values. If none holds a value, the author wrote it
        anew, and the fields of its category apply. Free text may retell any field, so all apply.

        Args:
            marking: The field's own marking, before it is raised.
            values: Its values, normalised like those of the sources.
        """
        if marking.category == _FREE_TEXT:
            return self._all
        alike = self._by_category.get(marking.category)
        return self.holding(values) or (() if alike is None else (alike,))


def _group(fields: Sequence[GivenField]) -> SourceGroup:
    floor = reduce(Marking.raised_to, (held.marking for held in fields))
    return SourceGroup(fields=tuple(fields), floor=floor)


def derived_marking(marking: Marking, groups: Iterable[SourceGroup]) -> Marking:
    """Returns a marking as strict in each part as its source fields (spec O-6)."""
    return reduce(Marking.raised_to, (group.floor for group in groups), marking)


def verify_derived_marking(marking: Marking, group: SourceGroup) -> None:
    """Checks that a marking is as strict in each part as its source fields (spec O-6).

    Raises:
        DerivedWeaker: If one is stricter; names the packet of the first.
    """
    if derived_marking(marking, [group]) != marking:
        stricter = next(h for h in group.fields if marking.raised_to(h.marking) != marking)
        raise DerivedWeaker(f"{marking.category} of {stricter.packet.hex()[:12]}")


def verify_marked_as(marking: Marking, floor: Marking) -> None:
    """Checks that a field with a source's value is marked as strictly as in the source.

    The category is not compared: it follows from the path, and each reader recomputes it.

    Args:
        marking: The field's marking.
        floor: The combined marking of the source fields that hold the value.

    Raises:
        DerivedWeaker: If a part is less strict; names each such part.
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
    """Checks that a derived packet claims no higher evaluation than its source (spec O-6).

    A receiver keeps an evaluation or lowers it. A missing evaluation is X4, the lowest.

    Raises:
        DerivedWeaker: If the source, or the information, is rated higher.
    """
    if _SOURCE.index(evaluation[0]) < _SOURCE.index(source[0]) or _INFORMATION.index(
        evaluation[1]
    ) < _INFORMATION.index(source[1]):
        raise DerivedWeaker(f"evaluated {evaluation}, where its source is {source}")


def verify_given_alike(
    limited: Iterable[Decision], given: Iterable[Decision], released: Iterable[Decision]
) -> None:
    """Checks, without access to contents, that a recipient may get fields of a derived packet.

    Args:
        limited: Decisions of the source's originator for the packet's sender, about
            compartments with a marking that forbids passing on.
        given: Decisions of the same originator about the source for the recipient itself.
        released: Decisions of the derived packet for the recipient.

    Raises:
        PassOnForbidden: If the recipient was granted no field of the source, none of a category
            in question, or only less revealing forms.
    """
    mine, theirs = _best_forms(limited), _best_forms(given)
    if not mine:
        return
    if not theirs:
        raise PassOnForbidden("the recipient was granted no field of its source packet")
    for category, form in sorted(_best_forms(released).items()):
        if category in mine and theirs.get(category, Form.WITHHELD) < form:
            raise PassOnForbidden(f"{category} of a packet it is made from")


def _best_forms(decisions: Iterable[Decision]) -> dict[str, Form]:
    """Returns by category the most revealing form that shows contents."""
    best: dict[str, Form] = {}
    for decision in decisions:
        form = parse_form(decision.form)
        if form > Form.EXISTS:
            best[decision.category] = max(form, best.get(decision.category, form))
    return best
