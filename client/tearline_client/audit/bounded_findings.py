"""Findings against a file of any number of rows, in bounded memory."""

from collections.abc import Iterable
from dataclasses import replace

from tearline_client.audit.verifier import Finding, worst

MAX_FINDINGS = 1000  # a reader needs the first few; a file may have eight million rows
MAX_TEXT = 500  # characters of one; it may repeat a cell of the file


class BoundedFindings:
    """The first findings; the others are counted in one more, with the worst outcome of them."""

    def __init__(self) -> None:
        self._first: list[Finding] = []
        self._further: Finding | None = None
        self._count = 0

    def extend(self, findings: Iterable[Finding]) -> None:
        """Adds findings."""
        for each in findings:
            if len(self._first) < MAX_FINDINGS:
                text = each.text if len(each.text) <= MAX_TEXT else f"{each.text[:MAX_TEXT]}…"
                self._first.append(replace(each, text=text))
                continue
            self._count += 1
            if self._further is None or worst((self._further.outcome, each.outcome)) is not (
                self._further.outcome
            ):
                self._further = replace(each, text="")

    def all(self) -> tuple[Finding, ...]:
        """Returns the findings that are kept, and the one that counts the others."""
        if self._further is None:
            return tuple(self._first)
        told = f"{self._count} further findings, of which this is the first of the worst"
        return (*self._first, replace(self._further, text=told))
