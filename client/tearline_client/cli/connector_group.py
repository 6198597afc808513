"""Groups of commands whose verbs are connectors, found by their entry points."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any

import click

from tearline.errors import ConnectorUnusable
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command, Group
from tearline_client.cli.options import FILE, Decorator
from tearline_client.cli.session import home_of, read_text
from tearline_client.config import MAX_CONFIG_BYTES
from tearline_client.connectors.contract import Option, OptionKind, Options
from tearline_client.connectors.exporters.files import create_file, verify_free
from tearline_client.connectors.importers.report import (
    Concern,
    Report,
    finding_row,
)
from tearline_client.connectors.importers.saved_mappings import SavedMappings, is_mapping_name
from tearline_client.connectors.registry import Connector, Offer, load, offers
from tearline_client.rendering.output import to_json
from tearline_client.rendering.words import counted

_COLUMNS = ["line", "column", "part", "concern", "why", "object"]
_OF_EXPORT = ["column", "concern", "why", "object"]
"""Columns of an export's findings: packets have no lines."""
_SUMS = {
    Concern.NOT_UNDERSTOOD: "carried_as_text",
    Concern.STAYS_HOME: "not_carried",
    Concern.UNVALIDATED: "unvalidated",
    Concern.UNDERSTOOD: "understood",
    Concern.REPEATED: "repeated",
    Concern.UNRECONCILED: "unreconciled",
}
_MEANINGS = {
    Concern.NOT_UNDERSTOOD: "the value is carried as text",
    Concern.STAYS_HOME: "the value is not carried",
    Concern.UNVALIDATED: "the value is carried unchanged; compare it with the source",
    Concern.UNDERSTOOD: "the value is carried in its canonical spelling",
    Concern.REPEATED: "the row is merged with an earlier one",
    Concern.UNRECONCILED: "the source contradicts itself; it is carried unchanged, so check it",
}
"""Meaning of each concern, beside a report that a person reads."""
_MAX_TABLE = 1000  # rows that a table holds at once, to measure its columns

report_option: Decorator = click.option(
    "--report",
    "report_file",
    type=FILE,
    help="A new file for the reconciliation report, as JSON lines.",
)


class ConnectorGroup(Group):
    """Group whose verbs are the connectors of an entry point group.

    Args:
        kind: ``Importer`` or ``Exporter``.
        connectors: The entry point group.
        build: Returns the function of a connector's command, with all options.
    """

    def __init__(
        self,
        *args: Any,
        kind: type[Any],
        connectors: str,
        build: Callable[[Connector[Any]], Callable[..., Any]],
        **rest: Any,
    ) -> None:
        super().__init__(*args, **rest)
        self._kind = kind
        self._connectors = connectors
        self._build = build

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of the connectors, the built-in ones first."""
        return list(offers(self._connectors))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of a connector; for an unusable plug-in, one that says why."""
        offer = offers(self._connectors).get(cmd_name)
        if offer is None:
            return None
        try:
            connector = load(offer, self._kind)
            return _command(connector, self._build(connector))
        except ConnectorUnusable as unusable:
            return _refusal(offer, unusable)


def _command(connector: Connector[Any], function: Callable[..., Any]) -> click.Command:
    text = "\n\n".join(filter(None, (connector.value.summary, connector.value.details)))
    command = click.command(connector.offer.name, cls=Command, help=text)(function)
    own = (name for each in command.params for name in each.opts)
    names = Counter((*own, "--help"))
    if taken := [name for name, count in names.items() if count > 1]:
        raise ConnectorUnusable(f"{connector.offer.told}: the command line has {taken[0]} already")
    return command


def decorated(function: Callable[..., Any], *decorators: Decorator) -> Callable[..., Any]:
    """Returns a function with decorators, the first one outermost."""
    return reduce(lambda made, decorator: decorator(made), reversed(decorators), function)


def connector_options(connector: Connector[Any]) -> tuple[Decorator, ...]:
    """Returns the decorators that add a connector's own options to a command."""
    return tuple(map(_click_option, connector.value.options))


def _click_option(option: Option) -> Decorator:
    names = f"--{option.name}", parameter(option)
    if option.kind is OptionKind.FLAG:
        return click.option(*names, is_flag=True, help=option.help)
    kind: Any = FILE
    if option.kind is OptionKind.TEXT:
        kind = click.Choice(option.choices) if option.choices else str
    return click.option(*names, type=kind, required=option.required, help=option.help)


def parameter(option: Option) -> str:
    """Returns the name of the argument that has an option's value."""
    return f"connector_{option.name.replace('-', '_')}"


def _refusal(offer: Offer, unusable: ConnectorUnusable) -> click.Command:
    def refuse(**given: Any) -> None:
        raise unusable

    ignored = click.Argument(["ignored"], nargs=-1, type=click.UNPROCESSED)
    return Command(
        offer.name,
        params=[ignored],
        callback=refuse,
        help=f"Cannot be used: {unusable.why}.",
        context_settings={"ignore_unknown_options": True},
    )


def options_of(cli: CliContext, connector: Connector[Any], given: dict[str, Any]) -> Options:
    """Removes a connector's options from the given ones, and returns their values.

    Raises:
        ConfigUnreadable: If the file of one cannot be read.
        NotFound: If no mapping has its name.
    """
    return {
        option.name: _value(cli, option, given.pop(parameter(option)))
        for option in connector.value.options
    }


def _value(cli: CliContext, option: Option, given: str | bool | Path | None) -> str | bool:
    if not isinstance(given, Path):
        return given or ""
    if option.kind is OptionKind.MAPPING and is_mapping_name(str(given)) and not given.exists():
        return SavedMappings(home_of(cli).mappings).read(str(given))
    return read_text(given, maximum=MAX_CONFIG_BYTES)


def verify_report_free(path: Path | None) -> None:
    """Checks that the file of a report can be written, before the work that it reports on.

    Raises:
        ExportRefused: If the file exists, or its folder is not writable.
    """
    if path is not None:
        verify_free(path.parent, path.name)


def emit_report(cli: CliContext, report: Report, path: Path | None) -> None:
    """Prints the reconciliation report of an import, and writes it to a file, if one is named.

    A table has the first findings only, and then says so; other formats have all.
    """
    is_table = cli.settings.output in ("table", "wide")
    shown = islice(report, _MAX_TABLE) if is_table else report
    cli.emit(map(finding_row, shown), _COLUMNS, spare=["object", "part"])
    _end_report(cli, report, path, shown=_MAX_TABLE if is_table else len(report))


def show_report(cli: CliContext, report: Report, path: Path | None) -> None:
    """Does the same for an export, beside its data, which may be on standard output."""
    if report:
        cli.show(map(finding_row, islice(report, _MAX_TABLE)), _OF_EXPORT)
    _end_report(cli, report, path, shown=_MAX_TABLE)


def _end_report(cli: CliContext, report: Report, path: Path | None, *, shown: int) -> None:
    if len(report) > shown:
        cli.say(f"The table has {shown} findings of {len(report)}; --report FILE has all.")
    if path is not None:
        with create_file(path.parent, path.name) as stream:
            stream.writelines(report_lines(report))
    for concern in filter(report.counts.get, Concern):
        cli.say(f"{concern}: {_MEANINGS[concern]}.")
    cli.say(f"{told_report(report)}.")


def totals(report: Report) -> Mapping[str, int]:
    """Returns the sums of a report, as its last line has them."""
    sums = {name: report.counts[concern] for concern, name in _SUMS.items()}
    return {"carried": report.made, **sums}


def report_lines(report: Report) -> Iterator[bytes]:
    """Yields a report as JSON lines: each finding, and the totals."""
    for finding in report:
        yield f"{to_json(finding_row(finding))}\n".encode()
    yield f"{to_json(dict(totals(report)))}\n".encode()


def told_report(report: Report) -> str:
    """Returns the sums of a report as a sentence."""
    sums = totals(report)
    return (
        f"Carried: {counted(sums['carried'], 'object')}; as text:"
        f" {counted(sums['carried_as_text'], 'value')}; not carried:"
        f" {counted(sums['not_carried'], 'value')}"
    )
