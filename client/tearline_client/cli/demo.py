"""``tearline demo``: a demonstration with real processes on this machine."""

from pathlib import Path

import click

from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.rendering.output import print_line, to_json


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object only.")
@click.option(
    "--keep",
    type=FILE,
    metavar="DIR",
    help="Leave the federation running in DIR, a new folder, and print how to use and stop it.",
)
@pass_cli
def command(cli: CliContext, as_json: bool, keep: Path | None) -> None:
    """Run a federation of three agencies and one exchange, and prove each step.

    Every party runs in its own process on loopback, with real keys and connections. The exit status
    is 0 only if every step was proved.

    Example: tearline demo --keep /tmp/federation
    """
    from tearline_client.demo.runner import tell

    results, seconds = tell(_silent if as_json else _aloud, keep=keep)
    ok = all(result.told.proved for result in results)
    if as_json:
        steps = [
            {
                "id": result.step.id,
                "claim": result.step.claim,
                "proved": result.told.proved,
                "evidence": result.told.evidence,
            }
            for result in results
        ]
        print_line(to_json({"ok": ok, "seconds": round(seconds, 1), "steps": steps}))
    else:
        print_line("")
        cli.emit(
            ({"step": r.step.id, "proved": r.told.proved, "claim": r.step.claim} for r in results),
            ["step", "proved", "claim"],
        )
        proved = sum(result.told.proved for result in results)
        print_line(f"{proved} of {len(results)} proved in {seconds:.0f} s")
        if keep is not None:
            for line in _how_to_use(keep.absolute()):
                print_line(line)
    if not ok:
        click.get_current_context().exit(1)


def _how_to_use(folder: Path) -> list[str]:
    """Returns the lines that explain how to use and stop a federation that was left running."""
    us, mx = (
        f"tearline --home {folder}/{name} --passphrase-file {folder}/{name}.passphrase"
        for name in ("us-justice", "mx-prosecutor")
    )
    return [
        f"The exchange and three nodes are running in {folder}; their output is in its *.log.",
        f"Try: {us} packet list",
        f"     {mx} packet list",
        f"     {us} --as grace audit who-saw 1847250",
        f"     {us} node status",
        f"Stop: kill $(cat {folder}/*.pid)",
    ]


def _aloud(line: str) -> None:
    if line.startswith("\n"):
        print_line("")
    print_line(line.strip("\n"))


def _silent(_: str) -> None:
    return
