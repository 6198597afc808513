"""Substring search for many values, in time linear in the text and not in their number."""

from collections.abc import Iterable


class Substrings:
    """Index of values by their first characters and their length.

    Args:
        values: The values.
        least: Smallest length of a value that is found inside a text. Shorter values match only
            an equal text.
    """

    def __init__(self, values: Iterable[str], least: int) -> None:
        self._values = frozenset(values)
        self._least = least
        self._by_start: dict[str, dict[int, set[str]]] = {}
        for value in self._values:
            if len(value) >= least:
                by_length = self._by_start.setdefault(value[:least], {})
                by_length.setdefault(len(value), set()).add(value)

    def are_in(self, text: str) -> bool:
        """Returns whether a text equals one of the values or contains one."""
        return text in self._values or any(
            self._begins_at(text, place) for place in range(len(text) - self._least + 1)
        )

    def _begins_at(self, text: str, place: int) -> bool:
        # Values with the same beginning have few lengths: they come from one packet.
        by_length = self._by_start.get(text[place : place + self._least], {})
        return any(text[place : place + size] in found for size, found in by_length.items())
