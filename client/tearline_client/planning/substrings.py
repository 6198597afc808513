"""Values sought inside longer texts, in time by the length of a text and not by their number."""

from collections.abc import Iterable


class Substrings:
    """Values by their first characters and their length.

    Args:
        values: The values.
        least: Characters from which a value is sought inside a text; shorter ones, and all others
            too, are texts that are equal to them.
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
        """Returns whether a text is one of the values, or one stands inside it."""
        return text in self._values or any(
            self._begins_at(text, place) for place in range(len(text) - self._least + 1)
        )

    def _begins_at(self, text: str, place: int) -> bool:
        # Values that begin alike have few lengths: they come in one packet.
        by_length = self._by_start.get(text[place : place + self._least], {})
        return any(text[place : place + size] in found for size, found in by_length.items())
