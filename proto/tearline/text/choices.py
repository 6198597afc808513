"""Names in messages: allowed names, matches and near matches."""

from collections.abc import Iterable
from difflib import get_close_matches

from tearline.errors import NameAmbiguous, NotFound
from tearline.limits import MAX_LISTED_NAMES

ID_SHOWN = 12
"""Digits of an id that identify an item on a screen."""


def listed(names: Iterable[str]) -> str:
    """Returns names in their order, and the count of those beyond ``MAX_LISTED_NAMES``."""
    every = tuple(names)
    shown, rest = every[:MAX_LISTED_NAMES], len(every) - MAX_LISTED_NAMES
    return ", ".join(shown) + (f", … and {rest} more" if rest > 0 else "")


def one_of(given: str, noun: str, allowed: Iterable[str]) -> str:
    """Returns the reason why a name is refused, with the nearest and the allowed names.

    Args:
        given: The name, as it was given.
        noun: The kind of name, for example ``article``.
        allowed: The allowed names, each once.
    """
    names = tuple(allowed)
    if not names:
        return f"there is no {noun} {given!r}, and no other"
    near = get_close_matches(given, names, n=1)
    meant = f" (near: {near[0]})" if near else ""
    return f"there is no {noun} {given!r}{meant}; one of {listed(names)}"


def the_one(prefix: str, noun: str, found: Iterable[bytes]) -> bytes:
    """Returns the only id with a prefix.

    Args:
        prefix: The beginning of the id, in hexadecimal.
        noun: The kind of item, for example ``packet``.
        found: The ids with this prefix; the caller may stop at one more than are shown.

    Raises:
        NotFound: If there is none.
        NameAmbiguous: If there are several; each is named.
    """
    ids = tuple(found)
    if not ids:
        raise NotFound(f"no {noun} here has an id that begins with {prefix!r}")
    if len(ids) > 1:
        shown = max(ID_SHOWN, len(prefix) + 1)
        names = [each.hex()[:shown] for each in ids[:MAX_LISTED_NAMES]]
        more = ["…"] if len(ids) > MAX_LISTED_NAMES else []
        told = ", ".join([*names, *more])
        raise NameAmbiguous(f"{prefix!r} is the beginning of the {noun} id of several: {told}")
    return ids[0]


def matched(given: str, noun: str, found: Iterable[str]) -> str:
    """Returns the reason why an ambiguous name of the kind ``noun`` is refused."""
    return f"{given!r} is the {noun} of several: {listed(found)}"
