"""Every registered exporter writes only values that the reader of the node may see."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace

from attacks.conftest import memory, quick, template, world
from attacks.test_erasure import order_for
from attacks.test_recalls import field_recalled, recalled
from support.canary import canary, found
from support.node import stores_of
from support.simulation import ARTICLE, PURPOSE, Member, Simulation, narrative
from tearline.audit.event import EventCode
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.policy.release import Decision
from tearline_client.connectors.contract import Exporter, Option, OptionKind
from tearline_client.connectors.importers.report import Report, finding_row
from tearline_client.connectors.registry import EXPORTERS, load, offers
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups

__all__ = ["memory", "quick", "template", "world"]

_NAMES = {
    "person": ("Person", ("name", "alias", "notes", "birthPlace", "passportNumber", "phone")),
    "company": ("Company", ("name", "registrationNumber", "notes", "address")),
    "account": ("BankAccount", ("iban", "bankName", "accountNumber")),
    "holding": ("Ownership", ("role",)),
    "payment": ("Payment", ("purpose", "transactionNumber", "description")),
}
_LINKS = {
    "holding": {"owner": "person", "asset": "company"},
    "payment": {"payer": "company", "beneficiary": "person", "payerAccount": "account"},
}


def lead(ids: Mapping[str, str], *, more: bool) -> list[Entity]:
    """Returns entities whose ids and values are canaries.

    Args:
        ids: The id of each.
        more: Whether the person has notes, which no partner may see.
    """
    made = []
    for key, (schema, names) in _NAMES.items():
        kept = [name for name in names if more or name != "notes"]
        properties = {name: (canary(),) for name in kept}
        properties |= {name: (ids[target],) for name, target in _LINKS.get(key, {}).items()}
        made.append(Entity(id=ids[key], schema=schema, properties=properties))
    return made


def _held(key: tuple[str, Marking], decision: Decision) -> Decision:
    """Returns a decision; one on accounts withholds them, until they are disclosed."""
    if key[1].category != "finance.account":
        return decision
    return replace(decision, form=Form.WITHHELD, reason="agreement")


async def send(world: Simulation, *, more: bool = True) -> tuple[bytes, set[str]]:
    """Returns a packet of ours for both partners, and all canaries of it."""
    ids = {key: canary() for key in _NAMES}
    entities, text = lead(ids, more=more), canary()
    draft = world.us.node.packets.draft(
        connected_groups(entities)[0],
        About(article=ARTICLE, purpose=PURPOSE),
        agreement="narcotics-2026",
        extra=[narrative(text)],
    )
    plan = world.us.node.packets.plan(draft, [world.cn.node.uri, world.mx.node.uri])
    plan = replace(plan, decisions={key: _held(key, each) for key, each in plan.decisions.items()})
    sent = await world.us.node.packets.send([plan])
    assert not sent.refused
    await world.settle()
    values = {value for each in entities for some in each.properties.values() for value in some}
    return sent.packets[0], values | {*ids.values(), text}


def seen(member: Member, *packets: bytes) -> set[str]:
    """Returns the values that a member may read in some packets."""
    shown = [member.node.packets.show(packet).view.best() for packet in packets]
    return {value.decode() for opened in shown for each in opened for value in each.field.values}


def values_of(options: tuple[Option, ...], *, given: bool) -> dict[str, str | bool]:
    """Returns values of an exporter's options: none of them, or each."""
    return {
        option.name: given
        if option.kind is OptionKind.FLAG
        else option.choices[-1]
        if option.choices and (given or option.required)
        else ""
        for option in options
    }


def exported(member: Member, *packets: bytes) -> Iterator[tuple[str, list[bytes], int]]:
    """Yields each exporter's name, its output and report, unpacked, and its count of objects."""
    for name, offer in offers(EXPORTERS).items():
        exporter = load(offer, Exporter).value
        for given in (False, True):
            made = member.node.packets.export(packets, person="", act=EventCode.ACCESS_EXPORT)
            out, report = io.BytesIO(), Report()
            exporter.write(made.exported, out, values_of(exporter.options, given=given), report)
            rows = [repr(finding_row(each)).encode() for each in report]
            yield name, [*unpacked(out.getvalue()), *rows], report.made


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yields a file, and the names and contents of its members if it is an archive."""
    yield data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield member.filename.encode()
                yield archive.read(member)


async def test_an_export_holds_no_value_that_the_view_withholds(world: Simulation) -> None:
    packet, canaries = await send(world)

    def verify(allowed: set[str]) -> None:
        for name, written, _ in exported(world.cn, *_readable(world.cn, packet)):
            told = found(canaries, written)
            assert told <= allowed, name
            assert told or not allowed, name

    at_first = canaries & seen(world.cn, packet)
    assert at_first
    assert canaries - at_first
    verify(at_first)

    fields = world.us.node.packets.show(packet).view.best()
    path = next(each.field.path for each in fields if each.field.path.endswith("/BankAccount/iban"))
    await world.us.node.packets.disclose(packet, path, world.cn.node.uri)
    await world.settle()
    disclosed = canaries & seen(world.cn, packet)
    assert disclosed > at_first
    verify(disclosed)

    await field_recalled(world, packet, path, world.cn)
    await world.settle()
    assert not (disclosed - at_first) & seen(world.cn, packet)
    verify(canaries & seen(world.cn, packet))

    await recalled(world, packet)
    await world.settle()
    verify(set())


def _readable(member: Member, packet: bytes) -> tuple[bytes, ...]:
    """Returns the packet; none, for the export of all, once it was erased here."""
    return (packet,) if seen(member, packet) else ()


async def test_an_export_after_an_erasure_holds_no_withheld_value(world: Simulation) -> None:
    packet, canaries = await send(world)
    openings = stores_of(world.us.node).log.openings()
    codes = [each for each in openings if each.event.code is EventCode.GRANT_ACCEPTED]
    index = next(each.opening.index for each in codes if world.cn.node.uri in repr(each.event))
    await world.cn.node.erasures.publish(order_for(world, index, world.cn))
    await world.settle()
    for member in (world.cn, world.mx):
        allowed = canaries & seen(member, packet)
        for name, written, _ in exported(member):
            assert found(canaries, written) <= allowed, name


async def test_a_count_depends_on_no_withheld_field(world: Simulation) -> None:
    counts = []
    for more in (True, False):
        packet, canaries = await send(world, more=more)
        counts.append([(name, made) for name, _, made in exported(world.cn, packet)])
        assert len(canaries) > len(seen(world.cn, packet))
    assert counts[0] == counts[1]
