"""Whatever stands on a command line, no command prints it so that a terminal would obey."""

from collections.abc import Iterator

import click

from support.cli import Desk
from support.hostile_values import ALL_AT_ONCE, obeyed
from tearline_client.cli import command

# Their work is not over when they end.
ELSEWHERE = {("demo",), ("node", "run"), ("console",), ("bench",)}


def leaves(of: click.Command, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, by its names."""
    if not isinstance(of, click.Group):
        yield names, of
        return
    context = click.Context(of)
    for name in of.list_commands(context):
        found = of.get_command(context, name)
        assert found is not None
        yield from leaves(found, *names, name)


LEAVES = dict(leaves(command))


def filled(of: click.Command, value: str) -> list[str]:
    """A command line on which everything that must be given is ``value``."""
    words: list[str] = []
    for parameter in of.params:
        if isinstance(parameter, click.Argument):
            words += [value] * max(1, parameter.nargs)
        elif parameter.required:
            words += [parameter.opts[0], value]
    return words


def test_no_argument_is_obeyed(desk: Desk) -> None:
    shown = {
        names: desk.run(*names, *filled(of, ALL_AT_ONCE), typed="x\nx\n")
        for names, of in LEAVES.items()
        if names not in ELSEWHERE
    }
    assert {names: found for names, ran in shown.items() if (found := obeyed(ran.output))} == {}
    assert sum("evil.example" in ran.output for ran in shown.values()) > 40  # it is shown at all


def test_no_slip_is_told_so_that_it_is_obeyed(desk: Desk) -> None:
    slips = (f"--{ALL_AT_ONCE}", f"--home={ALL_AT_ONCE}", f"-o{ALL_AT_ONCE}", ALL_AT_ONCE)
    for names in LEAVES:
        for slip in slips:
            ran = desk.run(*names, slip, "--surely-no-option")
            assert ran.exit_code == 2, (names, ran.output)
            assert obeyed(ran.output) == []
        assert obeyed(desk.run(*names[:-1], ALL_AT_ONCE).output) == []
