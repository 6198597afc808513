"""Objects that were recalled or frozen: they go, and a later poll tells of it."""

from attacks.test_recalls import field_recalled, recalled
from support.node import stores_of
from support.simulation import Member, Simulation
from support.taxii import Reader, reader
from tearline.identity import agency_uri_of
from tearline.packets.recall import RecallReason
from tearline_client.connectors.exporters.stix_shapes import ENTITY, SHAPES
from tearline_client.features.feeds.revocation import revocation
from tearline_client.store.packets import FREEZE
from tearline_client.taxii.app import ROOT


async def served(world: Simulation) -> tuple[Reader, bytes, list[dict[str, object]], str]:
    """A reader that has the objects of one packet, and the time of the last one's addition."""
    siem = reader(world.mx)
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    objects, last = await siem.walk({})
    return siem, packet, objects, last


async def test_recalled_objects_go_and_a_later_poll_tells_of_each_with_versions(
    world: Simulation,
) -> None:
    siem, packet, objects, last = await served(world)
    await recalled(world, packet, world.mx)
    await world.mx.node.receive()
    later = await siem.objects(added_after=last)
    assert {each["id"] for each in later} == {
        each["id"] for each in objects if "object_marking_refs" in each and "modified" in each
    }
    assert all(each["revoked"] for each in later)
    left = [each for each in await siem.objects() if not each.get("revoked")]
    assert left == [each for each in objects if "object_marking_refs" not in each]
    accounts = [each for each in objects if each["type"] == "user-account"]
    assert accounts
    for each in accounts:
        assert (await siem.get(f"objects/{each['id']}/")).status_code == 404
    manifest, _ = await siem.walk({}, "manifest/")
    assert not {each["id"] for each in accounts} & {each["id"] for each in manifest}


async def test_nothing_of_a_recalled_packet_is_in_a_revocation(world: Simulation) -> None:
    siem, packet, *_ = await served(world)
    texts = {
        text
        for opened in world.mx.node.packets.show(packet).view.fields
        for text in opened.field.texts
        if len(text) > 3
    }
    await recalled(world, packet, world.mx)
    await world.mx.node.receive()
    told = str(await siem.objects())
    assert not [text for text in texts if text in told]


async def test_a_recalled_field_makes_a_newer_version_without_it(world: Simulation) -> None:
    siem, packet, objects, last = await served(world)
    view = world.us.node.packets.show(packet)
    path = view.path_of("Person/name")
    shown = world.mx.node.packets.show(packet).field(path)
    assert shown is not None
    names = shown.field.texts
    assert all(name in str(objects) for name in names)
    await field_recalled(world, packet, path, world.mx)
    await world.mx.node.receive()
    later = await siem.objects(added_after=last)
    assert later
    current = await siem.objects()
    assert not [name for name in names if name in str(later) or name in str(current)]


async def test_an_object_that_another_packet_gives_is_offered_again(world: Simulation) -> None:
    siem, first, _, _ = await served(world)
    await world.us.send(world.mx)
    await world.mx.node.receive()
    _, last = await siem.walk({})
    second = next(each for each in world.mx.node.packets.ids() if each != first)
    await recalled(world, second, world.mx)
    await world.mx.node.receive()
    later = await siem.objects(added_after=last)
    assert later
    assert not any(each.get("revoked") for each in later)


async def test_an_own_packet_that_was_recalled_from_everybody_is_in_no_collection(
    world: Simulation,
) -> None:
    siem = reader(world.us)
    (packet,) = await world.us.send(world.mx)
    before, last = await siem.walk({})
    assert any(each["type"] == "relationship" for each in before)
    plan = world.us.node.recalls.plan(packet)
    await world.us.node.recalls.recall(plan, RecallReason.MISTAKE)
    later = await siem.objects(added_after=last)
    assert later
    assert all(each["revoked"] for each in later)


def frozen(member: Member, packet: bytes) -> None:
    """Freezes the packet's article, as its originator does: no row names the packet."""
    database = stores_of(member.node).database
    origin, _, manifest = stores_of(member.node).packets.header(packet)
    agency, about = agency_uri_of(origin), manifest.agreement
    with database.transaction():
        sealed = database.vault.seal(FREEZE.at(agency, about.id), about.article.encode())
        database.execute("INSERT INTO freeze VALUES (?, ?, ?)", (agency, about.id, sealed))


async def test_frozen_objects_are_hidden_and_come_back(world: Simulation) -> None:
    siem, packet, objects, last = await served(world)
    frozen(world.mx, packet)
    assert await siem.objects() == [each for each in objects if "object_marking_refs" not in each]
    manifest, _ = await siem.walk({}, "manifest/")
    assert len(manifest) < len(objects)
    with stores_of(world.mx.node).database.transaction():
        stores_of(world.mx.node).database.execute("DELETE FROM freeze")
    again = await siem.objects(added_after=last)
    assert {each["id"] for each in again} == {
        each["id"] for each in objects if "object_marking_refs" in each
    }


def test_each_type_with_versions_has_a_revocation() -> None:
    kinds = {shape.type for shape in SHAPES.values() if not shape.identified_by}
    for kind in (*kinds, ENTITY, "relationship"):
        told = {
            "id": f"{kind}--00000000-0000-4000-8000-000000000000",
            "type": kind,
            "created": "2026-01-01T00:00:00.000Z",
        }
        assert revocation(told, "2026-01-02T00:00:00.000Z")["revoked"]


async def test_a_last_account_that_goes_leaves_no_packet_due(world: Simulation) -> None:
    siem, *_ = await served(world)
    world.mx.node.feeds.accounts.remove("siem")
    await world.us.send(world.mx)
    await world.mx.node.receive()
    assert stores_of(world.mx.node).feed.due(10) == []
    assert (await siem.get(f"{ROOT}collections/")).status_code == 401
