"""``tearline bench``: a throughput measurement of the exchange."""

from dataclasses import asdict
from typing import Any

import click

from tearline.persons.tokens import Role
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.release_options import order_of, order_options
from tearline_client.cli.session import acting, node_command
from tearline_client.features.packets.service import Persons
from tearline_client.node import Node
from tearline_client.service.benchmark import Benchmark

_MOST = 100_000  # packets: the limit of an import


@click.command(cls=Command)
@click.option(
    "--packets",
    type=click.IntRange(2, _MOST),
    default=1000,
    show_default=True,
    help="Packets sent as a stream.",
)
@click.option(
    "--alone",
    type=click.IntRange(2, _MOST),
    default=100,
    show_default=True,
    help="Packets sent first, one at a time.",
)
@order_options
@node_command
async def command(cli: CliContext, node: Node, /, packets: int, alone: int, **options: Any) -> None:
    """Measure the exchange's throughput with packets about invented subjects.

    The packets go to partners under an agreement. The figures include sealing and disk writes on
    this machine. "Stored by a partner" is the time until this node verifies the partner's receipt.
    It stays empty if no partner's node runs, or if another process of this node takes the receipts.
    The packets expire and are erased within an hour; their log entries stay.

    Example: tearline bench --to mx-prosecutor --agreement narcotics-2026 --article money-laundering
    --purpose criminal-investigation
    """
    await node.sync()
    order = order_of(options)
    agreement = node.agreements.by_name(order.agreement)
    persons = Persons(acted_by=acting(cli, node, agreement.id, Role.LIAISON))
    with cli.progress("Measuring", alone + packets) as advance:
        benchmark = Benchmark(node, order, persons, advance)
        figures = await benchmark.run(alone=alone, streamed=packets)
    cli.emit(
        ({name: _rounded(value) for name, value in asdict(f).items()} for f in figures),
        ["what", "packets", "per_s", "p50_ms", "p99_ms", "entries"],
    )


def _rounded(value: object) -> object:
    return round(value, 2) if isinstance(value, float) else value
