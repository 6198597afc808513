"""Objects that programs add over TAXII: drafts that wait for a person, and statuses."""

import io
import json
from typing import Any

import pytest

from attacks.test_key_life import DAY_MS, pass_time, set_clock
from support.node import context_of, stores_of
from support.simulation import Clock, Simulation
from support.taxii import ARTICLE, Reader, reader
from tearline.audit.event import EventCode
from tearline.errors import NotFound, StoreFull, TlsError
from tearline.limits import (
    MAX_TAXII_DRAFT_AGE_MS,
    MAX_TAXII_DRAFTS,
    MAX_TAXII_POST_BYTES,
    MAX_TAXII_POST_OBJECTS,
    MAX_TAXII_STATUS_AGE_MS,
    MAX_TAXII_STATUSES,
)
from tearline_client.connectors.importers.report import Report, gather
from tearline_client.connectors.importers.stix import iter_stix
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.features.worklist.service import TaskKind
from tearline_client.store.access import AccessStore
from tearline_client.taxii.app import ROOT
from unit.client.console.browsers import accesses

STAMP = "2026-01-01T00:00:00.000Z"


async def age(world: Simulation, time_ms: int) -> None:
    """Moves all clocks on, and the log's with them."""
    pass_time(world, time_ms + DAY_MS)  # the log's time is that of its last entries
    for member in (world.cn, world.us):
        await member.node.sync()
    await context_of(world.mx.node).follow()


def submitter(world: Simulation, name: str = "feeder") -> Reader:
    return reader(world.mx, name, roles=[FeedRole.SUBMITTER])


def person(number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{number:08}-0000-4000-8000-000000000000",
        "created": STAMP,
        "modified": STAMP,
        "name": f"Person {number}",
        "identity_class": "individual",
        **more,
    }


def indicator(number: int = 0) -> dict[str, Any]:
    return {
        "type": "indicator",
        "id": f"indicator--{number:08}-0000-4000-8000-000000000000",
        "created": STAMP,
        "pattern": "[url:value = 'x']",
    }


async def status(feeder: Reader, status_id: str) -> Any:
    return (await feeder.get(f"{ROOT}status/{status_id}/")).json()


async def test_added_objects_wait_for_a_person_and_nothing_is_released(world: Simulation) -> None:
    feeder, node = submitter(world), world.mx.node
    response = await feeder.post(person(1), person(2))
    assert response.status_code == 202
    told = response.json()
    assert (told["status"], told["total_count"]) == ("complete", 2)
    assert (told["success_count"], told["failure_count"], told["pending_count"]) == (2, 0, 0)
    assert told["successes"][0] == {
        "id": person(1)["id"],
        "version": "2026-01-01T00:00:00.000000Z",
        "message": "in a draft that waits for a person",
    }
    assert await status(feeder, told["id"]) == told

    await node.sync()
    await node.update_indexes()
    (draft,) = node.feeds.drafts.list()
    assert (draft.account, draft.collection) == ("feeder", ARTICLE)
    assert (draft.objects, draft.entities) == (2, 2)
    assert [(task.kind, task.name) for task in node.todo()] == [(TaskKind.DRAFT, "feeder")]
    assert list(stores_of(node).packets.ids()) == []
    assert node.approvals.count() == 0
    assert await world.us.node.receive() == 0
    (entry,) = [each for each in accesses(world.mx) if each.code is EventCode.ACCESS_DRAFTED]
    assert (entry.actor, entry.packet, entry.decisions) == ("taxii:feeder", b"", ())
    assert entry.purpose == draft.id.hex()


async def test_a_person_imports_a_draft_like_any_bundle(world: Simulation) -> None:
    feeder, drafts = submitter(world), world.mx.node.feeds.drafts
    await feeder.post(person(1))
    (draft,) = drafts.list()
    made = drafts.open(drafts.find(draft.id.hex()[:8]))
    assert json.loads(made)["type"] == "bundle"
    report = Report()
    (entity,) = gather(iter_stix(io.BytesIO(made), report), report).entities
    assert entity.properties == {"name": ("Person 1",)}
    assert accesses(world.mx)[-1].code is EventCode.ACCESS_OPEN
    drafts.discard(draft.id)
    assert drafts.list() == ()
    with pytest.raises(NotFound):
        drafts.open(draft.id)


async def test_each_act_on_a_draft_is_an_entry_that_names_it(world: Simulation) -> None:
    feeder, node = submitter(world), world.mx.node
    drafts = node.feeds.drafts
    for number in (1, 2):
        await feeder.post(person(number))
    first, second = drafts.list()
    drafts.open(first.id)
    drafts.discard(first.id)
    await age(world, MAX_TAXII_DRAFT_AGE_MS + 1)
    assert drafts.list() == ()
    assert [
        (each.code, each.actor, each.counterpart, each.purpose) for each in accesses(world.mx)
    ] == [
        (EventCode.ACCESS_DRAFTED, "taxii:feeder", "", first.id.hex()),
        (EventCode.ACCESS_DRAFTED, "taxii:feeder", "", second.id.hex()),
        (EventCode.ACCESS_OPEN, node.uri, "taxii:feeder", first.id.hex()),
        (EventCode.ACCESS_DISCARDED, node.uri, "taxii:feeder", first.id.hex()),
        (EventCode.ACCESS_DISCARDED, node.uri, "taxii:feeder", second.id.hex()),
    ]


async def test_a_draft_of_a_backup_waits_no_more(world: Simulation) -> None:
    """It may have been imported or discarded since; the program may add it again."""
    feeder, node = submitter(world), world.mx.node
    await feeder.post(person(1))
    (draft,) = node.feeds.drafts.list()
    node.take_over()
    assert node.feeds.drafts.list() == ()
    await feeder.post(person(1))
    assert [each.id == draft.id for each in node.feeds.drafts.list()] == [False]


async def test_no_draft_is_discarded_without_its_entry(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = world.mx.node.feeds.drafts
    await submitter(world).post(person(1))
    (draft,) = drafts.list()

    def full(store: AccessStore, events: object) -> None:
        raise StoreFull

    with monkeypatch.context() as patched:
        patched.setattr(AccessStore, "append", full)
        with pytest.raises(StoreFull):
            drafts.discard(draft.id)
        assert drafts.list() == (draft,)
        await age(world, MAX_TAXII_DRAFT_AGE_MS + 1)
        with pytest.raises(StoreFull):
            drafts.expire()
    assert drafts.list() == ()
    ended = accesses(world.mx)
    assert [each.code for each in ended[-2:]] == [
        EventCode.ACCESS_DRAFTED,
        EventCode.ACCESS_DISCARDED,
    ]
    with pytest.raises(NotFound):
        drafts.discard(draft.id)
    assert accesses(world.mx) == ended


async def test_a_draft_stays_out_of_a_second_import_although_its_end_cannot_be_written(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = world.mx.node.feeds.drafts
    await submitter(world).post(person(1))
    (draft,) = drafts.list()

    def full(store: AccessStore, events: object) -> None:
        raise StoreFull

    with monkeypatch.context() as patched:
        patched.setattr(AccessStore, "append", full)
        with drafts.importing(draft.id), pytest.raises(NotFound), drafts.importing(draft.id):
            pass
        assert drafts.list() == (draft,)  # the release is done, and a person discards it
    with pytest.raises(KeyError), drafts.importing(draft.id):
        raise KeyError
    assert drafts.list() == (draft,)
    with drafts.importing(draft.id):
        pass
    assert drafts.list() == ()


async def test_a_program_is_no_person_who_opens_its_draft(world: Simulation) -> None:
    feeder, drafts = submitter(world), world.mx.node.feeds.drafts
    await feeder.post(person(1))
    (draft,) = drafts.list()
    for name in ("taxii:feeder", "feeder"):
        with pytest.raises(TlsError):
            drafts.open(draft.id, person=name)
        with pytest.raises(TlsError):
            drafts.discard(draft.id, person=name)
    assert drafts.list() == (draft,)


async def test_a_reader_adds_nothing(world: Simulation) -> None:
    siem = reader(world.mx)
    response = await siem.post(person(1))
    assert response.status_code == 403
    assert world.mx.node.feeds.drafts.list() == ()
    (told,) = (await siem.get(f"{ROOT}collections/")).json()["collections"]
    assert told["can_write"] is False


async def test_a_submitter_reads_nothing(world: Simulation) -> None:
    feeder = submitter(world)
    (told,) = (await feeder.get(f"{ROOT}collections/")).json()["collections"]
    assert (told["can_read"], told["can_write"]) == (False, True)
    for path in ("objects/", "manifest/"):
        assert (await feeder.get(path)).status_code == 403
    both = reader(world.mx, "both", roles=list(FeedRole))
    assert (await both.get("objects/")).status_code == 200
    assert (await both.post(person(1))).status_code == 202


async def test_an_account_learns_of_no_status_of_another(world: Simulation) -> None:
    first, second = submitter(world, "first"), submitter(world, "second")
    told = (await first.post(person(1))).json()
    hidden = await second.get(f"{ROOT}status/{told['id']}/")
    absent = await second.get(f"{ROOT}status/00000000-0000-4000-8000-000000000000/")
    assert hidden.status_code == 404
    assert (hidden.content, hidden.headers) == (absent.content, absent.headers)
    assert (await first.get(f"{ROOT}status/no-id/")).content == absent.content


async def test_a_new_account_reads_no_status_of_its_name(world: Simulation) -> None:
    told = (await submitter(world).post(person(1))).json()
    world.mx.node.feeds.accounts.remove("feeder")
    response = await submitter(world).get(f"{ROOT}status/{told['id']}/")
    assert response.status_code == 404
    assert len(world.mx.node.feeds.drafts.list()) == 1  # a person decides about it


async def test_the_same_addition_has_the_same_status(world: Simulation) -> None:
    feeder, other = submitter(world), submitter(world, "other")
    first, again = await feeder.post(person(1)), await feeder.post(person(1))
    assert again.json() == first.json()
    assert len(world.mx.node.feeds.drafts.list()) == 1
    assert (await other.post(person(1))).json()["id"] != first.json()["id"]


async def test_a_status_tells_of_each_object_that_is_not_carried(world: Simulation) -> None:
    feeder = submitter(world)
    told = (await feeder.post(person(1, x_score=1), indicator(1), indicator(2))).json()
    assert (told["total_count"], told["success_count"], told["failure_count"]) == (3, 1, 2)
    assert told["successes"][0]["message"] == (
        "in a draft that waits for a person; identity.x_score: no property fits it"
    )
    assert told["failures"][0]["message"] == (
        "not in the draft; indicator: no schema has objects of its type"
    )
    assert "url" not in json.dumps(told)


async def test_no_draft_is_made_of_objects_that_are_not_carried(world: Simulation) -> None:
    told = (await submitter(world).post(indicator(1))).json()
    assert (told["success_count"], told["failure_count"]) == (0, 1)
    assert world.mx.node.feeds.drafts.list() == ()


async def test_a_large_addition_is_refused_before_it_is_read(world: Simulation) -> None:
    feeder = submitter(world)
    body = json.dumps({"objects": [person(1)]}).encode()
    whole = body + b" " * (MAX_TAXII_POST_BYTES - len(body))
    assert (await feeder.send(whole)).status_code == 202
    assert (await feeder.send(whole + b" ")).status_code == 413
    assert len(world.mx.node.feeds.drafts.list()) == 1


async def test_objects_of_one_addition_are_bounded(world: Simulation) -> None:
    feeder = submitter(world)
    some = [person(number) for number in range(MAX_TAXII_POST_OBJECTS + 1)]
    assert (await feeder.post(*some)).status_code == 413
    assert (await feeder.post(*some[1:])).json()["success_count"] == MAX_TAXII_POST_OBJECTS


async def test_drafts_of_an_account_are_bounded_and_expire(world: Simulation) -> None:
    feeder, drafts = submitter(world), world.mx.node.feeds.drafts
    for number in range(MAX_TAXII_DRAFTS):
        assert (await feeder.post(person(number))).status_code == 202
    assert (await feeder.post(person(999))).status_code == 429
    assert (await feeder.post(person(0))).status_code == 202  # it is known
    assert (await submitter(world, "other").post(person(999))).status_code == 202
    drafts.discard(drafts.list()[0].id)
    assert (await feeder.post(person(999))).status_code == 202
    await age(world, MAX_TAXII_DRAFT_AGE_MS + 1)
    assert drafts.list() == ()


async def test_a_moment_of_a_clock_far_ahead_deletes_no_draft(world: Simulation) -> None:
    drafts = world.mx.node.feeds.drafts
    await submitter(world).post(person(1))
    kept = drafts.list()
    set_clock(world.mx, Clock(offset_ms=400 * DAY_MS))
    assert drafts.list() == kept
    set_clock(world.mx, world.clock)
    assert drafts.list() == kept


async def test_statuses_of_an_account_are_bounded_and_expire(world: Simulation) -> None:
    feeder = submitter(world)
    ids = [
        (await feeder.post(indicator(number))).json()["id"]
        for number in range(MAX_TAXII_STATUSES + 1)
    ]
    found = [(await feeder.get(f"{ROOT}status/{each}/")).status_code for each in ids]
    assert found == [404] + [200] * MAX_TAXII_STATUSES
    await age(world, MAX_TAXII_STATUS_AGE_MS + 1)
    await feeder.post(indicator(999))
    assert (await feeder.get(f"{ROOT}status/{ids[-1]}/")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"objects": []}',
        b'{"objects": [{"type": "identity"}]}',
        b'{"objects": [{"type": "identity", "id": "location--x"}]}',
        b'{"objects": ' + b"[" * 5000,
        json.dumps({"objects": [person(1)]}).encode()[:-3]
        + b', "x": '
        + b"[" * 70
        + b"]" * 70
        + b"}]}",
        b'{"objects": [1], "objects": [2]}',
        b"\xff",
    ],
    ids=lambda body: body[:48].decode("ascii", "replace") or "nothing",
)
async def test_malformed_additions_are_refused(world: Simulation, body: bytes) -> None:
    response = await submitter(world).send(body)
    assert response.status_code == 422
    assert response.json()["http_status"] == "422"


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("content-type", "application/json", 415),
        ("content-type", "application/taxii+json;version=2.0", 415),
        ("content-type", "application/taxii+json;version=2.1;charset=utf-8", 415),
        ("content-type", "", 415),
        ("content-type", "application/taxii+json; version=2.1", 202),
        ("accept", "application/json", 406),
    ],
)
async def test_media_types_of_additions_are_strict(
    world: Simulation, header: str, value: str, code: int
) -> None:
    response = await submitter(world).send(
        json.dumps({"objects": [person(1)]}).encode(), **{header: value}
    )
    assert response.status_code == code


async def test_no_object_is_deleted_by_a_program(world: Simulation) -> None:
    feeder = submitter(world)
    path = f"{feeder.collection}objects/{person(1)['id']}/"
    response = await feeder.client.delete(path, headers={"authorization": f"Bearer {feeder.token}"})
    assert response.status_code == 405
