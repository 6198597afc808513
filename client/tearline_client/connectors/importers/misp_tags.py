"""Tags of MISP that mark: TLP, PAP, the handling codes of Tearline's exports, and those of others.

The taxonomies are those of https://github.com/MISP/misp-taxonomies that restrict how information
may be spread or used.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tearline_client.connectors.importers.caveats import (
    Caveats,
    caveat,
    level_caveat,
    marking_caveats,
    plain,
    states_level,
)

TAGS = ("Tag", "EventTag", "ObjectTag", "AttributeTag")
"""Keys of a record that hold its tags; some versions put each into an object of its own."""
_HANDLING = re.compile(r'TEARLINE:HANDLING="(.*)"')
_OWN = "TEARLINE:"
_TAXONOMIES = frozenset(
    {
        "TLP", "PAP", "IEP", "IEP2-POLICY", "IEP2-REFERENCE", "NATO", "DE-VS", "FR-CLASSIF",
        "DNI-ISM", "CSSA", "APPROVED-CATEGORY-OF-ACTION", "EU-MARKETOP-AND-PUBLICADMIN",
    }
)  # fmt: skip
_WORDS = re.compile(
    r"(?:\A|[:=\" ])(?:(?:TOP )?SECRET|CONFIDENTIAL|RESTRICTED|NOFORN|ORCON|CLASSIFICATION"
    r"|CLASSIFIED|DISSEMINATION|DISTRIBUTION|HANDLING|CAVEATS?|MARKINGS?|REL TO .*|EYES ONLY"
    r"|DO[ -]NOT[ -](?:SHARE|DISTRIBUTE)|NO[ -]?SHARE)(?:\Z|[:=\" /])"
)


def record_caveats(record: Mapping[str, Any]) -> Caveats:
    """Returns the caveats of the tags of an event, object or attribute, under any of their keys."""
    return frozenset[str]().union(*(read_tags(record[key]) for key in TAGS if key in record))


def read_tags(tags: Any) -> Caveats:
    """Returns the caveats of tags as MISP lists them.

    A marking that is not understood, and tags that cannot be read, have the label ``UNKNOWN``.
    """
    return frozenset(_label(name) for name in _names(tags) if _is_marking(name))


def has_other_tags(tags: Any) -> bool:
    """Returns whether a tag is neither a marking nor of an export of Tearline."""
    return any(not (_is_marking(name) or _is_own(name)) for name in _names(tags))


def read_marking(text: Any) -> Caveats | None:
    """Returns the caveats of a marking as text, None if it is none."""
    return marking_caveats(text) if isinstance(text, str) else None


def _label(name: str) -> str:
    match = _HANDLING.fullmatch(plain(name))
    return caveat(match[1]) if match else level_caveat("TLP", name)


def _is_marking(name: str) -> bool:
    text = plain(name)
    if _is_own(name):
        return bool(text.startswith(f"{_OWN}HANDLING"))
    taxonomy = text.partition(":")[0].strip()
    return taxonomy in _TAXONOMIES or states_level(name) or bool(_WORDS.search(text))


def _is_own(name: str) -> bool:
    return plain(name).startswith(_OWN)


def _names(tags: Any) -> Iterator[str]:
    """Yields the names of tags; ``tlp:?``, a level that none knows, for what is no tag."""
    for tag in tags if isinstance(tags, list) else () if tags is None else (tags,):
        inner = tag.get("Tag", tag) if isinstance(tag, dict) and isinstance(tags, list) else None
        name = inner.get("name") if isinstance(inner, dict) else None
        yield name if isinstance(name, str) else "tlp:?"
