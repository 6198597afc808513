"""Connectors by their entry points: those of this package, and plug-ins of others.

A plug-in is code that the operator installed: it is loaded only when it is used or listed. A name
that two packages offer is refused, so a plug-in never takes the place of another connector.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from threading import current_thread, main_thread
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tearline.dataclass.immutable import immutable
from tearline.errors import ConnectorUnusable, TearlineError

if TYPE_CHECKING:
    from tearline_client.connectors.contract import Exporter, Importer

IMPORTERS = "tearline.importers"
EXPORTERS = "tearline.exporters"
_OWN = "tearline"  # the distribution with the built-in connectors
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")

C = TypeVar("C", "Importer", "Exporter")


@immutable
class Offer:
    """A name of a connector, and the packages that offer one under it.

    Attributes:
        name: The name, as on the command line.
        entries: Entry points of that name; more than one is refused on use.
    """

    name: str
    entries: tuple[EntryPoint, ...]

    @property
    def is_built_in(self) -> bool:
        """Returns whether this package alone offers it."""
        return len(self.entries) == 1 and _package(self.entries[0]) == _OWN

    @property
    def told(self) -> str:
        """Returns the name with the packages that offer it."""
        return f"{self.name} of {' and of '.join(map(_versioned, self.entries))}"


@immutable
class Connector(Generic[C]):
    """A loaded connector.

    Attributes:
        offer: Its name and package.
        value: The importer or exporter.
    """

    offer: Offer
    value: C


def offers(group: str) -> Mapping[str, Offer]:
    """Returns the connectors of a group by name, the built-in ones first; loads none.

    Args:
        group: ``IMPORTERS`` or ``EXPORTERS``.
    """
    by_name: dict[str, list[EntryPoint]] = {}
    found = (each for each in entry_points(group=group) if _NAME.match(each.name))
    for entry in sorted(found, key=lambda each: (_package(each) != _OWN, each.name)):
        by_name.setdefault(entry.name, []).append(entry)
    return {name: Offer(name=name, entries=tuple(some)) for name, some in by_name.items()}


def load(offer: Offer, kind: type[C]) -> Connector[C]:
    """Returns a connector, with its module imported.

    Args:
        offer: Its offer.
        kind: ``Importer`` or ``Exporter``.

    Raises:
        ConnectorUnusable: If several packages offer its name, or a plug-in cannot be loaded or is
            no such connector.
    """
    if len(offer.entries) != 1:
        raise ConnectorUnusable(f"{offer.told}: one name, and several packages offer it")
    with blamed(offer):
        value = offer.entries[0].load()
    if not isinstance(value, kind):
        raise ConnectorUnusable(f"{offer.told}: it is no {kind.__name__}")
    from tearline_client.connectors.shape import fault_of  # loaded with the first connector

    if fault := fault_of(value):
        raise ConnectorUnusable(f"{offer.told}: {fault}")
    return Connector(offer=offer, value=value)


def summaries(noun: str) -> Iterator[tuple[str, str]]:
    """Yields the name and summary of each plug-in; the reason in its place if one is unusable.

    Args:
        noun: ``import`` or ``export``.
    """
    group = IMPORTERS if noun == "import" else EXPORTERS
    plug_ins = [offer for offer in offers(group).values() if not offer.is_built_in]
    if not plug_ins:
        return
    from tearline_client.connectors.contract import Exporter, Importer  # as a plug-in does

    for offer in plug_ins:
        try:
            kind: type[Any] = Importer if noun == "import" else Exporter
            yield offer.name, load(offer, kind).value.summary
        except ConnectorUnusable as unusable:
            yield offer.name, f"Cannot be used: {unusable.why}."


@contextmanager
def blamed(offer: Offer) -> Iterator[None]:
    """Context in which a fault of a plug-in is a refusal that names it, and no fault of the node.

    Raises:
        ConnectorUnusable: If a plug-in raises other than a refusal. A built-in one raises its own.
    """
    try:
        yield
    except (TearlineError, GeneratorExit):  # a reader that is closed
        raise
    except BaseException as error:
        # Ctrl-C reaches the main thread alone.
        is_typed = isinstance(error, KeyboardInterrupt) and current_thread() is main_thread()
        if offer.is_built_in or is_typed:
            raise
        frame = extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rpartition('/')[2]}, line {frame.lineno}"
        # The message of an exception may contain values of the source.
        told = f"{offer.told}: it failed with {type(error).__name__} ({place})"
        raise ConnectorUnusable(told) from error


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else ""


def _versioned(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unnamed package"
