"""Names in messages: the ones that are allowed, that match, or that may be meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from tearline.limits import MAX_LISTED_NAMES


def listed(names: Iterable[str]) -> str:
    """Returns names in their order, and the count of those beyond ``MAX_LISTED_NAMES``."""
    every = tuple(names)
    shown, rest = every[:MAX_LISTED_NAMES], len(every) - MAX_LISTED_NAMES
    return ", ".join(shown) + (f", … and {rest} more" if rest > 0 else "")


def one_of(given: str, noun: str, allowed: Iterable[str]) -> str:
    """Returns why a name is refused: that it is no ``noun``, the nearest one, and those there are.

    Args:
        given: The name, as it was given.
        noun: The kind of name, for example ``article``.
        allowed: The names there are, each once.
    """
    names = tuple(allowed)
    if not names:
        return f"there is no {noun} {given!r}, and no other"
    near = get_close_matches(given, names, n=1)
    meant = f" (near: {near[0]})" if near else ""
    return f"there is no {noun} {given!r}{meant}; one of {listed(names)}"


def matched(given: str, noun: str, found: Iterable[str]) -> str:
    """Returns why a name is refused that means several things of the kind ``noun``."""
    return f"{given!r} is the {noun} of several: {listed(found)}"
