"""The marking profile: what a field is about, by its path, and how it is marked by default.

Both ends compute the category from the path alone, so an originator cannot move a field into
a milder compartment without the recipient seeing it. A property that the profile does not
know gets the strictest marking. Agreements pin the profile by its digest.
"""

import re
from dataclasses import dataclass
from functools import cache

from tearline.encoding import labelled_sha256
from tearline.errors import MarkingLoosened, Mislabelled, PathMalformed, SecretProperty
from tearline.limits import MAX_PATH_BYTES
from tearline.policy.category import CATEGORIES, category_named, is_at_least_as_strict_category
from tearline.policy.marking import (
    HANDLING_CODES,
    STRICTEST,
    Marking,
    Pap,
    Tlp,
    is_at_least_as_strict,
)
from tearline.policy.schemata import SCHEMATA, SECRET_PROPERTIES

OFFICER = "officer"
"""The role that may mark a field milder than the profile does."""

_PATH = re.compile(r"([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)")

_Caveats = tuple[Tlp, tuple[str, ...], bool, Pap]
_ORDINARY_DEFAULT: _Caveats = (Tlp.AMBER, (), False, Pap.AMBER)
_PERSONAL: _Caveats = (Tlp.AMBER_STRICT, ("H2",), False, Pap.AMBER)
_DEFAULTS: dict[str, _Caveats] = {
    "measure": (Tlp.GREEN, (), False, Pap.GREEN),
    "finance.account": _PERSONAL,
    "contact.handle": _PERSONAL,
    "contact.phone": _PERSONAL,
    "identity.trait": _PERSONAL,
    "identity.birth": _PERSONAL,
    "identity.subject": _PERSONAL,
    "identity.identifier": _PERSONAL,
    "operation": _PERSONAL,  # an arrest that is told too early warns whom it is meant for
    "narrative": (Tlp.AMBER_STRICT, HANDLING_CODES[1:], True, Pap.AMBER),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPath:
    """Where a field stands: ``entity token/Schema/property``."""

    token: str
    schema: str
    property: str

    def encode(self) -> str:
        """The path's one spelling."""
        return f"{self.token}/{self.schema}/{self.property}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A marking that a file asks for in place of the profile's.

    Attributes:
        marking: The marking asked for.
        looser_by: ``officer`` where one answers for a milder marking, else empty.
    """

    marking: Marking
    looser_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenMarking:
    """The marking of a field, and whether an officer made it milder than the profile."""

    marking: Marking
    loosened: bool


def parse_path(text: str) -> FieldPath:
    """The three parts of a path.

    Raises:
        PathMalformed: If ``text`` is not three segments of ASCII letters, digits, ``_`` and
            ``-`` between slashes, or is too long.
    """
    found = _PATH.fullmatch(text)
    if found is None or len(text) > MAX_PATH_BYTES:
        raise PathMalformed(
            "a path is entity token/Schema/property, of ASCII letters, digits, '_' and '-'"
        )
    token, schema, prop = found.groups()
    return FieldPath(token=token, schema=schema, property=prop)


def category_of(path: str) -> str:
    """The category that the profile gives to the field at ``path``.

    Raises:
        PathMalformed: If ``path`` is not a path.
    """
    parsed = parse_path(path)
    return property_category(parsed.schema, parsed.property)


def property_category(schema: str, prop: str) -> str:
    """The category of a property of a schema; ``unmarked`` where the profile has none."""
    if schema in SCHEMATA:
        for name in _ancestry(schema):
            category = SCHEMATA[name].categories.get(prop)
            if category is not None:
                return category
    return STRICTEST.category


def marking_of(path: str) -> Marking:
    """The marking of the field at ``path`` where no file says otherwise.

    Raises:
        PathMalformed: If ``path`` is not a path.
    """
    return default_marking(category_of(path))


@cache
def default_marking(category: str) -> Marking:
    """The marking that a field of ``category`` has by default.

    Raises:
        MarkingMalformed: If the category is unknown.
    """
    if category_named(category).guarded:
        tlp, handling, orcon, pap = STRICTEST.tlp, STRICTEST.handling, True, STRICTEST.pap
    else:
        tlp, handling, orcon, pap = _DEFAULTS.get(category, _ORDINARY_DEFAULT)
    return Marking(category=category, tlp=tlp, handling=handling, orcon=orcon, pap=pap)


def choose_marking(path: str, override: Override | None) -> ChosenMarking:
    """The marking of the field at ``path``, given what its file asks for.

    A file may make a field stricter. An officer may also let it spread further or be used
    more freely; what the field is about, its category, is never for a file to make milder.

    Raises:
        PathMalformed: If ``path`` is not a path.
        SecretProperty: If the property never travels.
        MarkingLoosened: If the file asks for less than it may.
    """
    verify_may_travel(path)
    default = marking_of(path)
    if override is None:
        return ChosenMarking(marking=default, loosened=False)
    if is_at_least_as_strict(override.marking, default):
        return ChosenMarking(marking=override.marking, loosened=False)
    if not is_at_least_as_strict_category(override.marking.category, default.category):
        raise MarkingLoosened(f"{default.category} cannot be marked {override.marking.category}")
    if override.looser_by != OFFICER:
        raise MarkingLoosened(f"the profile's marking is {default.encode()}")
    return ChosenMarking(marking=override.marking, loosened=True)


def verify_category(path: str, marking: Marking) -> None:
    """Checks, for a recipient, that a field lies in a compartment of its own category.

    A guarded category that outranks the field's own is accepted: the originator may know
    that this name is an informant's.

    Raises:
        PathMalformed: If ``path`` is not a path.
        Mislabelled: If the compartment claims another category than the profile gives.
    """
    own = category_of(path)
    if not is_at_least_as_strict_category(marking.category, own):
        raise Mislabelled(f"a field of {own} lay in a compartment of {marking.category}")


def verify_may_travel(path: str) -> None:
    """Checks that the field is not one that must never leave its owner.

    Raises:
        PathMalformed: If ``path`` is not a path.
        SecretProperty: If it is one.
    """
    parsed = parse_path(path)
    if (parsed.schema, parsed.property) in SECRET_PROPERTIES:
        raise SecretProperty(f"{parsed.schema}/{parsed.property}")


@cache
def digest() -> bytes:
    """32 bytes that name this profile: its categories, default markings and schemata."""
    lines = [f"category {default_marking(c.name).encode()}" for c in CATEGORIES]
    for schema in sorted(SCHEMATA.values(), key=lambda schema: schema.name):
        lines.append(f"schema {schema.name} {' '.join(schema.extends)}")
        lines += [f"property {p} {c}" for p, c in sorted(schema.categories.items())]
    lines += [f"secret {schema} {prop}" for schema, prop in sorted(SECRET_PROPERTIES)]
    return labelled_sha256("marking-profile", "\n".join(lines).encode("ascii"))


@cache
def _ancestry(schema: str) -> tuple[str, ...]:
    """``schema`` and what it extends, in the order in which properties are sought."""
    found = [schema]
    for parent in SCHEMATA[schema].extends:
        found += [name for name in _ancestry(parent) if name not in found]
    return tuple(found)
