"""``tearline packet new``: a file to fill in for each kind of packet."""

from pathlib import Path

import click

from tearline.packets.packet import PacketKind
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.example_files import packet
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE


@click.command(cls=Command)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in PacketKind]),
    required=True,
    help="The kind of packet.",
)
@click.option("--output-file", "target", type=FILE, help="A new file; by default KIND.jsonl, here.")
@pass_cli
def new(cli: CliContext, kind: str, target: Path | None) -> None:
    """Write a draft of a packet, to be filled in: FollowTheMoney JSON lines.

    Each line is an entity; all names in it are invented. `tearline packet kinds KIND` explains the
    fields. The file belongs to you alone.

    Example: tearline packet new --kind lead --output-file lead.jsonl
    """
    # Imported here: a command that writes no file does not wait for it.
    from tearline_client.connectors.exporters.files import create_file

    path = target or Path(f"{kind}.jsonl")
    with create_file(path.parent, path.name) as stream:
        stream.write(packet(PacketKind(kind)).encode())
    cli.say(f"Wrote {path}, a draft with invented names. Replace them with yours.")
    match PacketKind(kind):
        case PacketKind.RECORD_REQUEST:
            cli.advise("tearline request new, which asks for what is needed")
        case PacketKind.RECORD_ANSWER:
            cli.advise(f"tearline request answer REQUEST {path} --dry-run")
        case _:  # every other kind is sent as it is
            cli.advise(f"tearline packet preview {path} --to PARTNER --agreement NAME …")
