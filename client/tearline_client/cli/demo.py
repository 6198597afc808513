"""``tearline demo``: a demonstration with real processes on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tearline.errors import extra_missing
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.rendering.output import print_line, to_json

if TYPE_CHECKING:
    from tearline_client.demo.runner import StoryRun


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object only.")
@click.option(
    "--keep",
    type=FILE,
    metavar="DIR",
    help="Leave the federation running in DIR, a new folder, and print how to use and stop it.",
)
@click.option(
    "--console",
    "has_consoles",
    is_flag=True,
    help="After the story, run the three consoles until Ctrl-C, and print how to sign in.",
)
@pass_cli
def command(cli: CliContext, as_json: bool, keep: Path | None, has_consoles: bool) -> None:
    """Run a federation of three agencies and one exchange, and prove each step.

    Every party runs in its own process on loopback, with real keys and connections. The exit status
    is 0 only if every step was proved. With --console and --keep, the consoles run on in DIR.

    Example: tearline demo --console
    """
    if as_json and has_consoles:
        raise click.UsageError("--console prints how to sign in, for a person: leave out --json.")
    if has_consoles:
        try:
            import tearline_client.console.server  # noqa: F401 (before the story: it takes a minute)
        except ModuleNotFoundError as error:
            raise extra_missing(error, "console") from None
    from tearline_client.demo.consoles import await_end, how_to_sign_in
    from tearline_client.demo.runner import told_story

    told = told_story(_silent if as_json else _aloud, keep=keep, has_consoles=has_consoles)
    with told as run:
        if as_json:
            print_line(_json(run))
        else:
            print_line("")
            cli.emit(
                (
                    {"step": r.step.id, "proved": r.told.proved, "claim": r.step.claim}
                    for r in run.results
                ),
                ["step", "proved", "claim"],
            )
            proved = sum(result.told.proved for result in run.results)
            print_line(f"{proved} of {len(run.results)} proved in {run.seconds:.0f} s")
            for line in (*how_to_sign_in(run.consoles), *_how_to_use(keep)):
                print_line(line)
        if run.consoles and keep is None:
            print_line("Running until Ctrl-C; then everything of it is removed.")
            await_end()
    if not run.is_proved:
        click.get_current_context().exit(1)


def _json(run: "StoryRun") -> str:
    steps = [
        {
            "id": result.step.id,
            "claim": result.step.claim,
            "proved": result.told.proved,
            "evidence": result.told.evidence,
        }
        for result in run.results
    ]
    return to_json({"ok": run.is_proved, "seconds": round(run.seconds, 1), "steps": steps})


def _how_to_use(keep: Path | None) -> list[str]:
    """Returns the lines that explain how to use and stop a federation that was left running."""
    if keep is None:
        return []
    folder = keep.absolute()
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
        f"     {us} person add NAME --role liaison, to act under your own name with --as NAME",
        "To follow the how-to guides as us-justice, whose officer grace is signed in:",
        f"     export TEARLINE_HOME={folder}/us-justice TEARLINE_PERSON=grace",
        f"     export TEARLINE_PASSPHRASE_FILE={folder}/us-justice.passphrase",
        f"Stop: kill $(cat {folder}/*.pid)",
    ]


def _aloud(line: str) -> None:
    if line.startswith("\n"):
        print_line("")
    print_line(line.strip("\n"))


def _silent(_: str) -> None:
    return
