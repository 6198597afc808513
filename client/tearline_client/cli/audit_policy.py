"""``tearline audit policy``: the log policy that offline verifiers need."""

from hashlib import sha256
from pathlib import Path

import click

from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.session import node_command
from tearline_client.connectors.exporters.files import create_file
from tearline_client.node import Node


@click.command(cls=Command, name="policy")
@click.option("--output-file", "target", type=FILE, required=True, help="A new file.")
@click.option(
    "--cosigned-by",
    "demanded",
    multiple=True,
    metavar="AGENCY",
    help="Require the cosignature of this agency or node URI.",
)
@click.option(
    "--counted",
    is_flag=True,
    help="Require as many counted cosigners as the federation's constitution demands.",
)
@node_command
async def policy(
    cli: CliContext, node: Node, target: Path, demanded: tuple[str, ...], counted: bool
) -> None:
    """Write the required checkpoint signatures as a c2sp.org/tlog-policy file.

    The file names the log's keys, all of them required, and the cosigning keys on record; with
    --counted, those of counted cosigners and of each AGENCY alone. With it, third parties verify
    proofs offline, and exhibits that the directory certifies: `tearline audit verify --policy
    FILE`. Give them the file's SHA-256 out of band.

    Example: tearline audit policy --counted --output-file log.policy
    """
    named = map(node.directory.node_of, demanded)
    written = node.audit.log_policy(named, counted=counted)
    data = written.encode()
    with create_file(target.parent, target.name) as stream:
        stream.write(data)
    rows = [
        *({"role": "log", "name": key.name, "key": key.encode()} for key in written.logs),
        *(
            {"role": "witness", "name": name, "key": key.encode()}
            for name, key in written.witnesses.items()
        ),
    ]
    cli.emit(rows, ["role", "name"])
    cli.say(f"SHA-256 of the file, to compare out of band: {sha256(data).hexdigest()}")
