"""``tearline packet``: what is sent, what each partner sees of it, what came."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tearline.errors import RefusedOtherwise, error_by_code
from tearline.packet import TEXT, Field, PacketKind, Urgency
from tearline.receipt import Status
from tearline.statement import ActedBy
from tearline.tokens import Role
from tearline.trust import TrustState
from tearline_client.cli.at_work import acting, agency_name, at_work, counted, read_text, time_text
from tearline_client.cli.exhibit import exhibit
from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Group
from tearline_client.drafting import Drafted, Order, draft_file
from tearline_client.drafts import About
from tearline_client.entities import TOKEN_PREFIX
from tearline_client.importers.ftm import read_ftm
from tearline_client.node import Node
from tearline_client.plan import Cell
from tearline_client.releasing import Sent
from tearline_client.views import PacketView

_FILE = click.Path(path_type=Path)
_MAX_NARRATIVE = 1 << 20
TEAR_LINE = "- - - - - - - - - - - - - -  torn off here  - - - - - - - - - - - - - -"


@click.group(cls=Group)
def command() -> None:
    """What is sent, what each partner sees of it, what came."""


command.add_command(exhibit)


def order_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say under what something is sent, and to whom; as one Order."""
    options = (
        click.option("--to", multiple=True, required=True, help="Partner agency, or a node URI."),
        click.option("--agreement", required=True, help="Name of the agreement."),
        click.option("--article", required=True, help="Id of its article."),
        click.option("--purpose", required=True, help="What the partner may use it for."),
        click.option(
            "--kind",
            type=click.Choice([kind.value for kind in PacketKind]),
            default=PacketKind.LEAD.value,
            show_default=True,
        ),
        click.option("--case", "case_id", default="", help="The case it belongs to."),
        click.option(
            "--urgency",
            type=click.Choice([urgency.value for urgency in Urgency]),
            default=Urgency.ROUTINE.value,
            show_default=True,
        ),
        click.option("--evaluation", default="X4", show_default=True, help="4x4, for example B2."),
        click.option(
            "--guard",
            "guarded",
            multiple=True,
            metavar="ENTITY/PROPERTY=CATEGORY",
            help="Mark one field more strictly than the profile does, for example as method.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def order_of(options: dict[str, Any]) -> Order:
    """The Order that ``order_options`` collected."""
    to, agreement = options.pop("to"), options.pop("agreement")
    about = About(
        **{
            **options,
            "kind": PacketKind(options["kind"]),
            "urgency": Urgency(options["urgency"]),
            "guarded": dict(_guarded(text) for text in options["guarded"]),
        }
    )
    return Order(to=to, agreement=agreement, about=about)


def _guarded(text: str) -> tuple[tuple[str, str], str]:
    place, equals, category = text.partition("=")
    entity, slash, name = place.rpartition("/")
    if not (equals and slash and entity and name):
        raise click.BadParameter("ENTITY/PROPERTY=CATEGORY was expected", param_hint="--guard")
    return (entity, name), category


@command.command()
@click.argument("file", type=_FILE)
@click.option("--narrative", type=_FILE, help="File with the free text that goes with it.")
@order_options
@pass_frame
def preview(frame: Frame, file: Path, narrative: Path | None, **options: Any) -> None:
    """Show what each partner would see of FILE (FollowTheMoney JSON lines). Nothing leaves."""
    text = read_text(narrative, maximum=_MAX_NARRATIVE) if narrative else ""

    async def run(node: Node) -> tuple[list[Cell], TrustState]:
        drafted = draft_file(node, file, read_ftm, order_of(options), narrative=text)
        say_findings(frame, drafted)
        return [cell for plan in drafted.plans for cell in plan.cells()], node.state.trust

    cells, trust = at_work(frame, run)
    frame.emit(
        (
            {
                "field": _short(cell.path),
                "path": cell.path,
                "category": cell.category,
                "partner": agency_name(trust.trust_list, cell.recipient),
                "form": cell.form.text,
                "seen_as": _values(cell.values),
                "by": " ".join(cell.policy_ids),
                "own": " ".join(cell.own_policy_ids),
                "reason": cell.reason,
            }
            for cell in cells
        ),
        ["field", "category", "partner", "form", "seen_as", "by", "own"],
    )


@command.command()
@click.argument("file", type=_FILE)
@click.option("--narrative", type=_FILE, help="File with the free text that goes with it.")
@click.option("--dry-run", is_flag=True, help="Decide and count, and send nothing.")
@order_options
@pass_frame
def send(frame: Frame, file: Path, narrative: Path | None, dry_run: bool, **options: Any) -> None:
    """Send FILE (FollowTheMoney JSON lines), each partner seeing its own view."""
    text = read_text(narrative, maximum=_MAX_NARRATIVE) if narrative else ""
    order = order_of(options)

    async def run(node: Node) -> Sent | None:
        await node.sync()
        drafted = draft_file(node, file, read_ftm, order, narrative=text)
        say_findings(frame, drafted)
        frame.say(
            f"{counted(drafted.entities, 'entity')} in {counted(len(drafted.plans), 'packet')}."
        )
        if dry_run:
            return None
        agreement = node.agreement(order.agreement)
        person = acting(frame, node, agreement.id, Role.LIAISON)
        return await node.send(drafted.plans, acted_by=person)

    emit_sent(frame, at_work(frame, run))


def say_findings(frame: Frame, drafted: Drafted) -> None:
    """Names every value that could not be validated."""
    for finding in drafted.findings:
        frame.say(f"line {finding.line}, {finding.column}: {finding.why}")


def emit_sent(frame: Frame, sent: Sent | None) -> None:
    """Prints what became of what was sent; a refusal ends the command with its own status."""
    if sent is None:
        return
    frame.emit(
        (
            {
                "packet": packet.hex(),
                "accepted": sum(r.status is Status.ACCEPTED for r in sent.receipts),
            }
            for packet in sent.packets
        ),
        ["packet"],
    )
    for code, why in sent.refused:
        raise (error_by_code(code) or RefusedOtherwise)(why)
    frame.say(f"The exchange accepted {counted(len(sent.receipts), 'statement')} and logged each.")


@command.command(name="list")
@click.option("--sync/--no-sync", default=True, show_default=True, help="Ask the exchange first.")
@pass_frame
def list_command(frame: Frame, sync: bool) -> None:
    """List the packets here, newest first."""

    async def run(node: Node) -> list[dict[str, object]]:
        if sync:
            await node.receive()
        trust_list = node.state.trust.trust_list
        rows: list[dict[str, object]] = []
        for packet in node.state.stores.packets.packets():
            manifest = packet.manifest
            own = packet.origin == node.uri
            rows.append(
                {
                    "packet": packet.id.hex()[:12],
                    "id": packet.id.hex(),
                    "from": "us" if own else agency_name(trust_list, packet.origin),
                    "kind": manifest.kind.value,
                    "case": manifest.case_id,
                    "urgency": manifest.urgency.value,
                    "at": time_text(packet.received_ms),
                }
            )
        return rows

    frame.emit(at_work(frame, run), ["packet", "from", "kind", "case", "urgency", "at"])


@command.command()
@click.argument("packet")
@pass_frame
def show(frame: Frame, packet: str) -> None:
    """Show what is open here of PACKET (the beginning of its id), above the tear line.

    The sender is told that it was opened; where a person is logged in, that it was seen.
    """

    async def run(node: Node) -> tuple[PacketView, TrustState]:
        packet_id = node.state.stores.packets.find(packet)
        manifest = node.state.stores.packets.packet(packet_id).manifest
        person: ActedBy | None = acting(frame, node, manifest.agreement.id, Role.LIAISON)
        return await node.read(packet_id, acted_by=person), node.state.trust

    shown, trust = at_work(frame, run)
    if frame.settings.output == "table":
        frame.say(describe(shown, trust))
    frame.emit(view_rows(shown), ["field", "category", "form", _value_column(frame)])
    if frame.settings.output == "table":
        for line in below_the_line(shown):
            click.echo(line)


def _value_column(frame: Frame) -> str:
    """People read names; programs read what was sent."""
    return "shown" if frame.settings.output == "table" else "value"


def describe(shown: PacketView, trust: TrustState) -> str:
    """One line on what a packet is."""
    manifest = shown.manifest
    origin = "us" if shown.own else agency_name(trust.trust_list, shown.packet.origin)
    return (
        f"{manifest.kind.value} from {origin}, article {manifest.agreement.article},"
        f" source and information {manifest.evaluation}, packet {shown.packet.id.hex()[:12]}"
    )


def view_rows(shown: PacketView) -> list[dict[str, object]]:
    """A row for every field that is open, and one for every category that is only told of."""
    names = _captions(shown)
    rows: list[dict[str, object]] = [
        {
            "field": _short(opened.field.path),
            "path": opened.field.path,
            "category": opened.field.marking.category,
            "form": opened.field.form.text,
            "mask": opened.field.mask,
            "value": field_text(opened.field),
            "shown": _captioned(field_text(opened.field), names),
            "slot": opened.slot,
        }
        for opened in shown.view.best()
    ]
    return rows


def _captions(shown: PacketView) -> dict[str, str]:
    """What to call each entity whose name, or id, is open here; by token."""
    names: dict[str, str] = {}
    for wanted in ("id", "name"):  # a name goes before an id
        for opened in shown.view.best():
            token, _, rest = opened.field.path.partition("/")
            if rest.endswith(f"/{wanted}") and opened.field.values:
                names[token] = opened.field.values[0].decode("utf-8", "replace")
    return names


def _captioned(text: str, names: dict[str, str]) -> str:
    """A reference to another entity by that entity's name, where it is open here."""
    token = text.removeprefix(TOKEN_PREFIX)
    return f"→ {names[token]}" if text != token and token in names else text


def below_the_line(shown: PacketView) -> list[str]:
    """What is told of the part that was torn off; nothing where nothing is told."""
    if not shown.view.existences:
        return []
    told = [
        f"  {e.category}: {e.count} field{'s' if e.count != 1 else ''} kept back ({e.reason.value})"
        for e in sorted(shown.view.existences, key=lambda e: e.category)
    ]
    return [TEAR_LINE, *told]


@command.command()
@click.argument("text")
@pass_frame
def search(frame: Frame, text: str) -> None:
    """Find packets in which a field holds TEXT, whatever its script or accents."""
    from tearline_client.search import folded, matches

    async def run(node: Node) -> list[dict[str, object]]:
        wanted = folded(text)
        return [
            {
                "packet": packet_id.hex()[:12],
                "field": _short(opened.field.path),
                "form": opened.field.form.text,
                "value": field_text(opened.field),
            }
            for packet_id in node.state.stores.packets.ids()
            for opened in node.show(packet_id).view.best()
            if matches(wanted, opened.field)
        ]

    frame.emit(at_work(frame, run), ["packet", "field", "form", "value"])


@command.command()
@click.argument("packet")
@click.argument("field")
@click.option("--to", required=True, help="Partner agency, or a node URI.")
@pass_frame
def disclose(frame: Frame, packet: str, field: str, to: str) -> None:
    """Release one more FIELD (its path, or the end of it) of our PACKET to a partner, in clear."""

    async def run(node: Node) -> Sent:
        packet_id = node.state.stores.packets.find(packet)
        shown = node.show(packet_id)
        path = find_path(shown, field)
        person = acting(frame, node, shown.manifest.agreement.id, Role.LIAISON)
        return await node.disclose(packet_id, path, to, acted_by=person)

    emit_sent(frame, at_work(frame, run))


@command.command()
@click.argument("packet")
@pass_frame
def status(frame: Frame, packet: str) -> None:
    """Show what became of each grant of our PACKET, by signed receipts."""

    async def run(node: Node) -> list[dict[str, object]]:
        await node.receive()
        shown = node.show(node.state.stores.packets.find(packet))
        trust_list = node.state.trust.trust_list
        return [
            {
                "partner": agency_name(trust_list, g.grant.address.recipient),
                "place": g.grant.address.seq,
                "status": "sent" if g.status is None else g.status.text,
                "released": len(g.grant.compartments) + len(g.grant.fields),
                "grant": g.signed.statement.id.hex()[:12],
            }
            for g in shown.grants
        ]

    frame.emit(at_work(frame, run), ["partner", "place", "status", "released", "grant"])


def find_path(shown: PacketView, text: str) -> str:
    """The path of the one open field that ``text`` is, or is the end of.

    Raises:
        NotFound: If there is none, or more than one.
    """
    from tearline.errors import NotFound

    paths = [o.field.path for o in shown.view.best()]
    found = [path for path in paths if path == text or path.endswith(f"/{text}")]
    if len(found) != 1:
        raise NotFound(f"{len(found)} fields here have a path that ends so")
    return found[0]


def field_text(field: Field) -> str:
    """The values of a field on one line; of a document, its type and size."""
    if field.media_type != TEXT:
        return f"[{field.media_type}, {sum(map(len, field.values))} bytes]"
    return _values(field.values)


def _values(values: tuple[bytes, ...]) -> str:
    return " · ".join(value.decode("utf-8", "replace") for value in values)


def _short(path: str) -> str:
    """A path with the token cut to what tells entities apart on a screen."""
    token, _, rest = path.partition("/")
    return f"{token[:6]}/{rest}"
