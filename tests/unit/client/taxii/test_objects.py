"""Collections over TAXII 2.1: objects, manifests, versions, filters and pages."""

import json

import pytest

from attacks.test_key_life import pass_time
from support.node import stores_of
from support.simulation import Simulation
from support.taxii import ARTICLE, put, reader
from tearline.audit.event import EventCode
from tearline.limits import MAX_TAXII_OBJECTS
from tearline_client.features.feeds.times import parse_time
from tearline_client.store import feed
from tearline_client.taxii.app import ROOT
from unit.client.console.browsers import accesses


async def received(world: Simulation, *, times: int = 1) -> tuple[bytes, ...]:
    packets = await world.us.send(world.mx, times=times)
    await world.mx.node.receive()
    return packets


async def test_discovery_leads_to_the_collections_of_the_account(world: Simulation) -> None:
    siem = reader(world.mx)
    discovery = await siem.get("/taxii2/")
    assert discovery.headers["content-type"] == "application/taxii+json;version=2.1"
    assert discovery.json()["default"] == ROOT
    root = (await siem.get(ROOT)).json()
    assert root["versions"] == ["application/taxii+json;version=2.1"]
    (told,) = (await siem.get(f"{ROOT}collections/")).json()["collections"]
    assert told["title"] == ARTICLE
    assert (told["can_read"], told["can_write"]) == (True, False)
    assert (await siem.get(f"{ROOT}collections/{told['id']}/")).json() == told


async def test_objects_of_a_received_packet_are_served_and_logged(world: Simulation) -> None:
    siem = reader(world.mx)
    (packet,) = await received(world)
    objects = await siem.objects()
    assert {"identity", "marking-definition", "relationship"} <= {each["type"] for each in objects}
    entries = [each for each in accesses(world.mx) if each.code is EventCode.ACCESS_EXPORT]
    assert {(each.actor, each.packet) for each in entries} == {("taxii:siem", packet)}
    assert all(each.decisions for each in entries)


async def test_values_marked_red_are_in_no_object(world: Simulation) -> None:
    siem = reader(world.us)
    await world.us.send(world.mx)
    (packet,) = stores_of(world.us.node).packets.ids()
    view = world.us.node.packets.show(packet).view
    red = {
        text
        for each in view.fields
        if each.field.marking.tlp.text == "red" and each.field.texts
        for text in each.field.texts
    }
    others = {
        text
        for each in view.fields
        if each.field.marking.tlp.text != "red" and each.field.texts
        for text in each.field.texts
    }
    text = json.dumps(await siem.objects(), ensure_ascii=False)
    assert any(value in text for value in others)
    assert not [value for value in red - others if value in text]


async def test_a_manifest_tells_of_the_same_objects_without_contents(world: Simulation) -> None:
    siem = reader(world.mx)
    (packet,) = await received(world)
    objects, _ = await siem.walk({})
    logged = len(accesses(world.mx))
    records, _ = await siem.walk({}, "manifest/")
    assert [each["id"] for each in records] == [each["id"] for each in objects]
    assert all(each["media_type"] == "application/stix+json;version=2.1" for each in records)
    for record, made in zip(records, objects, strict=True):
        if "modified" in made:
            assert parse_time(record["version"]) == parse_time(made["modified"])
    (entry,) = accesses(world.mx)[logged:]
    assert (entry.code, entry.actor) == (EventCode.ACCESS_LISTED, "taxii:siem")
    assert (entry.packet, entry.decisions) == (packet, ())


async def test_equal_times_are_paged_without_loss_or_repeat(world: Simulation) -> None:
    siem = reader(world.mx)
    ids = [f"location--{number:08}-0000-4000-8000-000000000000" for number in range(10_000)]
    put(world.mx, siem, *ids)
    by_next = [each["id"] for each in await siem.objects()]
    assert by_next == ids

    by_time, last = list[str](), (await siem.get("objects/")).headers["x-taxii-date-added-first"]
    for _ in range(3):  # a reader that ignores "next" loses no object either
        response = await siem.get("objects/", {"added_after": last})
        by_time += [each["id"] for each in response.json()["objects"]]
        last = response.headers["x-taxii-date-added-last"]
    assert by_time == ids[1 : 1 + 3 * MAX_TAXII_OBJECTS]

    at_most = (await siem.get("objects/", {"limit": "9999"})).json()
    assert (len(at_most["objects"]), at_most["more"]) == (MAX_TAXII_OBJECTS, True)


async def test_later_polls_have_only_later_objects_of_the_filter(world: Simulation) -> None:
    siem = reader(world.mx)
    await received(world)
    first, last = await siem.walk({"match[type]": "relationship"})
    assert {each["type"] for each in first} == {"relationship"}
    assert await siem.objects(added_after=last, **{"match[type]": "relationship"}) == []
    await received(world)
    later, _ = await siem.walk({"match[type]": "relationship", "added_after": last})
    assert {each["type"] for each in later} == {"relationship"}


async def test_filters_narrow_by_id_type_and_version(world: Simulation) -> None:
    siem = reader(world.mx)
    await received(world)
    objects = await siem.objects()
    one = next(each for each in objects if each["type"] == "relationship")
    assert await siem.objects(**{"match[id]": one["id"]}) == [one]
    assert await siem.objects(**{"match[id]": one["id"], "match[type]": "identity"}) == []
    assert await siem.objects(**{"match[id]": one["id"], "match[version]": "first"}) == [one]
    stamp = one["modified"]
    assert await siem.objects(**{"match[id]": one["id"], "match[version]": stamp}) == [one]
    assert await siem.objects(**{"match[spec_version]": "2.0"}) == []
    assert await siem.objects(**{"match[spec_version]": "2.0,2.1"}) == objects
    two = await siem.objects(**{"match[type]": "relationship,identity"})
    assert two == [each for each in objects if each["type"] in ("relationship", "identity")]
    by_path = (await siem.get(f"objects/{one['id']}/")).json()
    assert by_path["objects"] == [one]


async def test_an_object_in_two_packets_has_two_versions(world: Simulation) -> None:
    siem = reader(world.mx)
    await received(world)
    pass_time(world, 1000)
    await received(world)
    person = next(
        each for each in await siem.objects() if each.get("identity_class") == "individual"
    )
    versions = (await siem.get(f"objects/{person['id']}/versions/")).json()["versions"]
    assert len(versions) == 2
    every = await siem.objects(**{"match[id]": person["id"], "match[version]": "all"})
    assert [each["modified"] for each in every] == sorted(each["modified"] for each in every)
    assert every[-1] == person


async def test_an_object_of_many_versions_is_found(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partner's many packets about one person hide none of it behind a window of rows."""
    siem = reader(world.mx)
    for _ in range(3):
        await received(world)
        pass_time(world, 1000)
    person = next(
        each for each in await siem.objects() if each.get("identity_class") == "individual"
    )
    monkeypatch.setattr(feed, "_WINDOW", 1)
    assert (await siem.get(f"objects/{person['id']}/")).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "x"},
        {"next": "x"},
        {"added_after": "yesterday"},
        {"added_after": "2026-02-31T00:00:00Z"},
        {"match[version]": "newest"},
        {"match[type]": ",".join(map(str, range(33)))},
        {"match[name]": "x"},
        {"unknown": "x"},
    ],
    ids=lambda query: next(iter(query)) + "=" + next(iter(query.values()))[:12],
)
async def test_malformed_filters_are_refused(world: Simulation, query: dict[str, str]) -> None:
    response = await reader(world.mx).get("objects/", query)
    assert response.status_code == 400
    assert response.json()["http_status"] == "400"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/taxii+json;version=2.1", 200),
        ("application/taxii+json; version=2.1", 200),
        ("application/taxii+json", 200),
        ("text/html, */*;q=0.5", 200),
        ("application/taxii+json;version=2.0", 406),
        ("application/json", 406),
        ("application/taxii+json;version=2.1;q=0", 406),
    ],
)
async def test_media_types_are_negotiated(world: Simulation, accept: str, status: int) -> None:
    assert (await reader(world.mx).get("/taxii2/", accept=accept)).status_code == status


async def test_a_method_that_a_resource_lacks_is_refused_as_taxii_says(world: Simulation) -> None:
    siem = reader(world.mx)
    response = await siem.client.delete(
        siem.collection + "objects/", headers={"authorization": f"Bearer {siem.token}"}
    )
    assert response.status_code == 405
    assert response.json()["http_status"] == "405"
