"""``tearline audit policy``: what a checkpoint must bear, for whoever verifies proofs elsewhere."""

from pathlib import Path

import click

from tearline.tlog_policy import LogPolicy
from tearline_client.audit.log_policy import log_policy
from tearline_client.cli.at_work import at_work
from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.exporters.files import create_file
from tearline_client.node import Node


@click.command(cls=Command, name="policy")
@click.option("--output-file", "target", type=FILE, required=True, help="A new file.")
@click.option(
    "--cosigned-by",
    "demanded",
    multiple=True,
    metavar="AGENCY",
    help="An agency, or a node URI, whose cosignature is demanded.",
)
@pass_frame
def policy(frame: Frame, target: Path, demanded: tuple[str, ...]) -> None:
    """Write what a checkpoint must bear, as a c2sp.org/tlog-policy file.

    It names the log's keys, all of which are demanded, and the cosigning keys on record. With
    it, anybody verifies proofs offline: `tearline audit verify --policy FILE`.
    """

    async def run(node: Node) -> LogPolicy:
        return log_policy(node.state, map(node.node_of, demanded))

    written = at_work(frame, run)
    with create_file(target.parent, target.name) as stream:
        stream.write(written.encode())
    rows = [
        *({"role": "log", "name": key.name, "key": key.encode()} for key in written.logs),
        *(
            {"role": "witness", "name": name, "key": key.encode()}
            for name, key in written.witnesses.items()
        ),
    ]
    frame.emit(rows, ["role", "name"])
