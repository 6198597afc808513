"""Conditions of a search in the exchange's log, as they stand in an address or a form."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from urllib.parse import urlencode

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput
from tearline.limits import MAX_LOG_SIZE
from tearline_client.audit.search import BEGINNING
from tearline_client.node import Node

EXCHANGE = "exchange"
"""Stands for the exchange where an agency is chosen."""


@immutable
class LogFilter:
    """Conditions of a search.

    Attributes:
        actor: Short name of the acting agency, ``EXCHANGE``, or empty.
        action: Code of an event, or empty.
        packet: Beginning of a packet's id, or empty.
        agreement: Name or id of an agreement, or empty.
        outcome: ``ok``, ``refused``, or empty.
        since: First day as 2026-03-01, or empty.
        until: Last day, or empty.
        q: Further conditions, as the command line takes them.
        after: Position of the entry before the page's first one, or empty.
    """

    actor: str = ""
    action: str = ""
    packet: str = ""
    agreement: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""
    q: str = ""
    after: str = ""

    @classmethod
    def of(cls, value: Callable[[str], str]) -> "LogFilter":
        """Returns the conditions of an address or a form.

        Args:
            value: Returns the value of a name, or an empty text.

        Raises:
            MalformedInput: If a condition holds a space: it would be two.
        """
        found = cls(**{each.name: value(each.name).strip() for each in fields(cls)})
        for name, text in found.given().items():
            if name != "q" and any(map(str.isspace, text)):
                raise MalformedInput(f"{name}: expected one word")
        return found

    def given(self) -> Mapping[str, str]:
        """Returns the conditions that are not empty, without the position."""
        return {
            each.name: text
            for each in fields(self)
            if each.name != "after" and (text := getattr(self, each.name))
        }

    def without(self, name: str) -> str:
        """Returns the address's query without one condition, from the beginning."""
        return urlencode(replace(self, **{name: ""}).given())

    def address(self, **more: str) -> str:
        """Returns the address's query with more values."""
        return urlencode({**self.given(), **more})

    def position(self) -> int:
        """Returns the position to continue after.

        Raises:
            MalformedInput: If it is not one.
        """
        return parse_decimal(self.after, maximum=MAX_LOG_SIZE) if self.after else BEGINNING

    def query(self, node: Node) -> str:
        """Returns the conditions as a query of the command line.

        Raises:
            NotFound: If there is no such agency, or it has no node.
        """
        return " ".join(self._terms(node))

    def _terms(self, node: Node) -> Iterator[str]:
        if self.actor == EXCHANGE:
            yield f"actor:{node.directory.members().exchange.uri}"
        elif self.actor:
            yield from (f"actor:{uri}" for uri in node.directory.nodes_of(self.actor))
        for name in ("action", "packet", "agreement", "outcome"):
            if text := getattr(self, name):
                yield f"{name}:{text}"
        if self.since or self.until:
            yield f"created:{self.since}..{self.until}"
        if self.q:
            yield self.q
