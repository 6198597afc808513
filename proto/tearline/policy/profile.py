"""Marking profile: the category of a field, by its path, and its default marking.

Both ends compute the category from the path alone, so an originator cannot move a field into a
milder compartment without the recipient's notice. A property unknown to the profile gets the
strictest marking. Agreements pin the profile by its digest.
"""

import re
from functools import cache, lru_cache

from tearline.dataclass.immutable import immutable
from tearline.encoding import labelled_sha256
from tearline.errors import MarkingLoosened, Mislabelled, PathMalformed, SecretProperty
from tearline.limits import MAX_PATH_BYTES, MAX_PATHS_KEPT
from tearline.policy.category import CATEGORIES, category_named, is_at_least_as_strict_category
from tearline.policy.marking import (
    HANDLING_CODES,
    STRICTEST,
    Marking,
    Pap,
    Tlp,
    is_at_least_as_strict,
)
from tearline.policy.schema_categories import SCHEMATA, SECRET_PROPERTIES

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
    "operation": _PERSONAL,  # an early disclosure of an arrest warns its target
    "narrative": (Tlp.AMBER_STRICT, HANDLING_CODES[1:], True, Pap.AMBER),
}


@immutable
class FieldPath:
    """Path of a field: ``entity token/Schema/property``."""

    token: str
    schema: str
    property: str

    def encode(self) -> str:
        """Returns the path's canonical form."""
        return f"{self.token}/{self.schema}/{self.property}"


@immutable
class Override:
    """Marking that a file requests in place of the profile's.

    Attributes:
        marking: The requested marking.
        looser_by: ``officer`` if one answers for a milder marking, otherwise empty.
    """

    marking: Marking
    looser_by: str = ""


@immutable
class ChosenMarking:
    """Marking of a field, and whether an officer made it milder than the profile."""

    marking: Marking
    loosened: bool


@lru_cache(maxsize=MAX_PATHS_KEPT)  # a reader judges a path several times
def parse_path(text: str) -> FieldPath:
    """Returns the three parts of a path.

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
    """Returns the profile's category of the field at ``path``.

    Raises:
        PathMalformed: If ``path`` is not a path.
    """
    parsed = parse_path(path)
    return property_category(parsed.schema, parsed.property)


def property_category(schema: str, prop: str) -> str:
    """Returns the category of a property of a schema; ``unmarked`` if the profile has none."""
    if schema in SCHEMATA:
        for name in _ancestry(schema):
            category = SCHEMATA[name].categories.get(prop)
            if category is not None:
                return category
    return STRICTEST.category


def marking_of(path: str) -> Marking:
    """Returns the marking of the field at ``path`` without an override.

    Raises:
        PathMalformed: If ``path`` is not a path.
    """
    return default_marking(category_of(path))


@cache
def default_marking(category: str) -> Marking:
    """Returns the default marking of a field of ``category``.

    Raises:
        MarkingMalformed: If the category is unknown.
    """
    if category_named(category).guarded:
        tlp, handling, orcon, pap = STRICTEST.tlp, STRICTEST.handling, True, STRICTEST.pap
    else:
        tlp, handling, orcon, pap = _DEFAULTS.get(category, _ORDINARY_DEFAULT)
    return Marking(category=category, tlp=tlp, handling=handling, orcon=orcon, pap=pap)


def choose_marking(path: str, override: Override | None) -> ChosenMarking:
    """Returns the marking of the field at ``path``, with its file's override.

    A file may make a field stricter. An officer may also permit a wider spread or freer use. A file
    can never make the category milder.

    Raises:
        PathMalformed: If ``path`` is not a path.
        SecretProperty: If the property may never be sent.
        MarkingLoosened: If the file requests a milder marking than it may.
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

    A guarded category that outranks the field's own is accepted: the originator may know that this
    name is an informant's.

    Raises:
        PathMalformed: If ``path`` is not a path.
        Mislabelled: If the compartment has another category than the profile's.
    """
    own = category_of(path)
    if not is_at_least_as_strict_category(marking.category, own):
        raise Mislabelled(f"a field of {own} is in a compartment of {marking.category}")


def verify_may_travel(path: str) -> None:
    """Checks that the field may be sent at all.

    Raises:
        PathMalformed: If ``path`` is not a path.
        SecretProperty: If it may never leave its owner.
    """
    parsed = parse_path(path)
    if (parsed.schema, parsed.property) in SECRET_PROPERTIES:
        raise SecretProperty(f"{parsed.schema}/{parsed.property}")


@cache
def digest() -> bytes:
    """Returns 32 bytes that identify this profile: categories, default markings and schemata."""
    lines = [f"category {default_marking(c.name).encode()}" for c in CATEGORIES]
    for schema in sorted(SCHEMATA.values(), key=lambda schema: schema.name):
        lines.append(f"schema {schema.name} {' '.join(schema.extends)}")
        lines += [f"property {p} {c}" for p, c in sorted(schema.categories.items())]
    lines += [f"secret {schema} {prop}" for schema, prop in sorted(SECRET_PROPERTIES)]
    return labelled_sha256("marking-profile", "\n".join(lines).encode("ascii"))


@cache
def _ancestry(schema: str) -> tuple[str, ...]:
    """Returns ``schema`` and its ancestors, in the search order of properties."""
    found = [schema]
    for parent in SCHEMATA[schema].extends:
        found += [name for name in _ancestry(parent) if name not in found]
    return tuple(found)
