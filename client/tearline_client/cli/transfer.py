"""``tearline transfer``: legs of value transfers from own records and from partners."""

import re
from decimal import Decimal
from pathlib import Path

import click

from tearline.bodies.body import Item, body_of
from tearline.bodies.transfer_matches import Leg, Matched, Tolerance, leg_of, match_legs
from tearline.bodies.transfers import LEG
from tearline.bodies.values import CURRENCY, parse_decimal
from tearline.limits import MAX_NEAR_LEGS, MAX_PAIRS_OF_LEG
from tearline_client.cli.context import CliContext
from tearline_client.cli.example_files import example_option, legs
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE
from tearline_client.cli.session import async_command, open_node
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.node import Node
from tearline_client.rendering.values import ID_SHOWN
from tearline_client.rendering.words import counted

_RATE = re.compile(r"([A-Z]{3})/([A-Z]{3})=([0-9.]+)")
_ID = re.compile(r"[0-9a-f]{64}")  # the source of a leg from a packet
Found = list[Leg | None]


@click.group(cls=Group)
def command() -> None:
    """Match legs of value transfers: a payment in here, a payment out elsewhere."""


@command.command()
@click.argument("files", nargs=-1, type=FILE)
@example_option(legs)
@click.option("--inbox", is_flag=True, help="Include the readable legs of packets here.")
@click.option(
    "--rate",
    "rates",
    multiple=True,
    metavar="USD/CNY=7.2",
    help="Exchange rate; by default the rate that a leg states.",
)
@click.option("--percent", default="3", show_default=True, help="Maximum difference of amounts.")
@click.option("--hours", default="72", show_default=True, help="Maximum difference of times.")
@async_command
async def match(
    cli: CliContext,
    files: tuple[Path, ...],
    inbox: bool,
    rates: tuple[str, ...],
    percent: str,
    hours: str,
) -> None:
    """Propose pairs of legs that may be the two sides of one transfer, with reasons.

    A leg is one side of a transfer without a movement across the border: the pay-in in one country,
    or the pay-out in another. FILES hold legs as FollowTheMoney JSON lines. The comparison is
    local.

    A score is up to 0.7 for close amounts and times, and 0.3 more for a common reference. A pair is
    a proposal: a person decides.

    Example: tearline transfer match legs.json --inbox
    """
    if not files and not inbox:
        raise click.UsageError("give FILES, --inbox or both")
    stated = dict(_stated(text) for text in rates)
    tolerance = Tolerance(percent=_figure(percent, "--percent"), hours=_figure(hours, "--hours"))
    found = [leg for file in files for leg in _in_file(file)]
    if inbox:
        async with open_node(cli) as node:
            found += _in_packets(cli, node)
    legs = [leg for leg in found if leg is not None]
    matched = match_legs(legs, stated, tolerance)
    _emit(cli, matched)
    cli.say(
        f"{counted(len(legs), 'leg')} compared, {counted(len(matched.pairs), 'pair')} proposed."
    )
    if left := len(found) - len(legs):
        cli.say(
            f"{counted(left, 'leg')} left out: a field to compare is not readable, or malformed."
        )
    if matched.crowded:
        cli.say(
            f"{counted(matched.crowded, 'pay-in')} with more pay-outs near in time than the"
            f" limit ({MAX_NEAR_LEGS}), or more pairs than the limit ({MAX_PAIRS_OF_LEG}):"
            " only the nearest and best are listed. Next: use fewer --hours."
        )
    for one, other in matched.unrated:
        cli.say(f"No rate for {one} and {other}. Next: use --rate {one}/{other}=…")


def _emit(cli: CliContext, matched: Matched) -> None:
    cli.emit(
        (
            {
                "score": str(pair.score),
                "pay_in": _named(pair.pay_in),
                "pay_out": _named(pair.pay_out),
                "why": pair.why,
                "pay_in_source": pair.pay_in.source,
                "pay_out_source": pair.pay_out.source,
            }
            for pair in matched.pairs
        ),
        ["score", "pay_in", "pay_out", "why"],
    )


def _named(leg: Leg) -> str:
    """Returns a leg's name after its source: a file, or the beginning of a packet's id."""
    source = leg.source[:ID_SHOWN] if _ID.fullmatch(leg.source) else leg.source
    return f"{source}: {leg.name}"


def _in_file(file: Path) -> Found:
    return [
        leg_of(
            Item(token="", schema=LEG, values=entity.properties),
            name=entity.id,
            source=file.name,
        )
        for entity in read_ftm(file, as_typed=True).entities
        if entity.schema == LEG
    ]


def _in_packets(cli: CliContext, node: Node) -> Found:
    found: Found = []
    for packet_id, opened in node.packets.fields_of(LEG, person=cli.settings.person).items():
        kind = node.packets.manifest(packet_id).kind
        body = body_of(kind, [each.field for each in opened], whole=False)
        found += [
            leg_of(item, name=body.name_of(item.token), source=packet_id.hex())
            for item in body.of(LEG)
        ]
    return found


def _stated(text: str) -> tuple[tuple[str, str], Decimal]:
    parts = _RATE.fullmatch(text)
    value = parse_decimal(parts[3]) if parts else None
    if parts is None or value is None or CURRENCY.reason(parts[1]) or CURRENCY.reason(parts[2]):
        raise click.BadParameter("expected a rate such as USD/CNY=7.2", param_hint="--rate")
    return (parts[1], parts[2]), value


def _figure(text: str, option: str) -> Decimal:
    value = Decimal(0) if text == "0" else parse_decimal(text)
    if value is None:
        raise click.BadParameter("expected a plain number", param_hint=option)
    return value
