"""Service accounts: tokens, roles, collections, and refusals that tell nothing."""

import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from support.node import stores_of
from support.simulation import Simulation
from support.taxii import ARTICLE, Reader, reader
from tearline.audit.event import EventCode
from tearline.errors import NotFound, ServiceAccountRefused
from tearline.limits import (
    MAX_ACCOUNT_COLLECTIONS,
    MAX_SERVICE_ACCOUNTS,
    MAX_TAXII_FAILURES,
    MAX_TAXII_REQUESTS,
)
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.features.feeds.collection import Collection
from tearline_client.features.feeds.index import FeedIndex
from tearline_client.features.feeds.service import Filter
from tearline_client.taxii.app import ROOT, taxii_application
from tearline_client.taxii.rates import MinuteRate
from unit.client.console.browsers import entries

PERSON = {
    "type": "identity",
    "id": "identity--00000001-0000-4000-8000-000000000000",
    "name": "Ana",
    "identity_class": "individual",
}


async def test_a_token_is_stored_as_its_hash_alone(world: Simulation) -> None:
    siem = reader(world.mx)
    secret = siem.token.partition(".")[2]
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    assert secret.encode() not in (world.mx.node.home.database).read_bytes()
    stored = stores_of(world.mx.node).service_accounts.get("siem")
    assert stored is not None
    assert secret.encode() not in stored


async def test_changes_of_accounts_are_in_the_access_log(world: Simulation) -> None:
    reader(world.mx)
    world.mx.node.feeds.accounts.remove("siem")
    found = [(each.code, each.counterpart) for each in entries(world.mx)][-2:]
    assert found == [
        (EventCode.PERSON_ADDED, "taxii:siem"),
        (EventCode.PERSON_DISABLED, "taxii:siem"),
    ]


async def test_a_token_may_be_the_password_of_basic_authentication(world: Simulation) -> None:
    siem = reader(world.mx)
    for user, status in (("siem", 200), ("other", 401), ("", 401)):
        given = base64.b64encode(f"{user}:{siem.token}".encode()).decode()
        response = await siem.get("/taxii2/", authorization=f"Basic {given}")
        assert response.status_code == status


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer x",
        "Bearer siem.",
        "Bearer siem.x",
        "Bearer nobody.x",
        "Bearer ../x.x",
        "Basic !!!",
        "Basic c2llbQ==",
        "Bearer " + "x" * 5000,
        "Digest siem",
    ],
    ids=lambda given: given[:16] or "none",
)
async def test_a_wrong_token_learns_of_no_path(world: Simulation, given: str) -> None:
    siem = reader(world.mx)
    there = siem.collection
    nobody = Reader(member=world.mx)
    answers = [
        await nobody.get(path, authorization=given)
        for path in ("/taxii2/", "/no-such/", there, f"{ROOT}collections/x/")
    ]
    assert {each.status_code for each in answers} == {401}
    assert len({each.content for each in answers}) == 1
    assert "Bearer" in answers[0].headers["www-authenticate"]


async def test_an_account_learns_of_no_other_collection(world: Simulation) -> None:
    feeds = world.mx.node.feeds
    other = Collection(case_id=bytes(16))
    reader(world.mx, "first")
    second = reader(world.mx, "second", collections=[other])
    hidden = f"{ROOT}collections/{feeds.collection_id(feeds.article(ARTICLE))}/"
    absent = f"{ROOT}collections/00000000-0000-4000-8000-000000000000/"
    for rest in (
        "",
        "objects/",
        "manifest/",
        "objects/identity--x/",
        "objects/identity--x/versions/",
    ):
        answers = [await second.get(path + rest) for path in (hidden, absent)]
        assert [each.status_code for each in answers] == [404, 404]
        assert answers[0].content == answers[1].content
        assert answers[0].headers == answers[1].headers


async def test_the_node_gives_an_account_its_own_collections_alone(world: Simulation) -> None:
    feeds = world.mx.node.feeds
    second = reader(world.mx, "second", collections=[Collection(case_id=bytes(16))])
    account = feeds.accounts.authenticate(second.token)
    assert account is not None
    with pytest.raises(NotFound):
        await feeds.objects(account, feeds.article(ARTICLE), Filter())
    with pytest.raises(NotFound):
        await feeds.manifest(account, feeds.article(ARTICLE), Filter())


async def test_a_removed_account_reads_no_more(world: Simulation) -> None:
    siem = reader(world.mx)
    assert (await siem.get("/taxii2/")).status_code == 200
    world.mx.node.feeds.accounts.remove("siem")
    assert (await siem.get("/taxii2/")).status_code == 401


@pytest.mark.parametrize("kind", ["objects", "manifest"])
async def test_an_account_that_ends_while_a_page_is_read_gets_none(
    world: Simulation, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    siem, accounts = reader(world.mx), world.mx.node.feeds.accounts
    await world.us.send(world.mx)
    await world.mx.node.receive()
    update = FeedIndex.update_some

    async def ended(self: FeedIndex, limit: int) -> None:
        await update(self, limit)
        if accounts.get("siem") is not None:
            accounts.remove("siem")

    monkeypatch.setattr(FeedIndex, "update_some", ended)
    before = len(entries(world.mx))
    response = await siem.get(f"{kind}/")
    assert (response.status_code, response.json()["http_status"]) == (404, "404")
    assert len(entries(world.mx)) == before + 1  # the removal


async def test_an_account_that_is_replaced_while_it_adds_leaves_no_draft(world: Simulation) -> None:
    old = reader(world.mx, "feeder", roles=[FeedRole.SUBMITTER])
    feeds = world.mx.node.feeds
    account = feeds.accounts.get("feeder")
    assert account is not None

    async def parts() -> AsyncIterator[bytes]:
        yield b'{"objects": ['
        feeds.accounts.remove("feeder")
        reader(world.mx, "feeder", roles=[FeedRole.READER])
        yield json.dumps(PERSON).encode() + b"]}"

    with pytest.raises(NotFound):
        await feeds.drafts.submit(account, feeds.article(ARTICLE), parts())
    assert feeds.drafts.list() == ()
    assert (await old.get("/taxii2/")).status_code == 401


async def test_wrong_tokens_have_a_rate_and_lock_no_account(world: Simulation) -> None:
    siem = reader(world.mx)
    for _ in range(MAX_TAXII_FAILURES):
        assert (await siem.get("/taxii2/", authorization="Bearer siem.x")).status_code == 401
    late = await siem.get("/taxii2/", authorization="Bearer siem.x")
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 61
    assert (await siem.get("/taxii2/")).status_code == 200


def test_the_count_of_wrong_tokens_begins_anew_each_minute() -> None:
    now_s = 0.0
    failures = MinuteRate(MAX_TAXII_FAILURES, lambda: now_s)
    assert [failures.count() for _ in range(MAX_TAXII_FAILURES + 1)][-2:] == [0, 61]
    now_s = 60.0
    assert failures.count() == 0


async def test_requests_of_an_account_have_a_rate_of_their_own(world: Simulation) -> None:
    now_s = 0.0
    siem, platform = reader(world.mx), reader(world.mx, "platform")
    server = taxii_application(world.mx.node, report=print, clock=lambda: now_s)
    siem.client = platform.client = httpx.AsyncClient(
        transport=httpx.ASGITransport(server), base_url="https://taxii.example"
    )
    for _ in range(MAX_TAXII_REQUESTS):
        assert (await siem.get("/taxii2/")).status_code == 200
    late = await siem.get("/taxii2/")
    assert late.status_code == 429
    assert late.headers["retry-after"] == "61"
    assert (await platform.get("/taxii2/")).status_code == 200
    now_s = 60.0
    assert (await siem.get("/taxii2/")).status_code == 200


@pytest.mark.parametrize("name", ["", "Siem", "a b", "a.b", "taxii:x", "-x", "x" * 33])
async def test_names_of_accounts_are_narrow(world: Simulation, name: str) -> None:
    with pytest.raises(ServiceAccountRefused):
        reader(world.mx, name)


async def test_accounts_and_their_collections_are_bounded(world: Simulation) -> None:
    cases = [Collection(case_id=number.to_bytes(16, "big")) for number in range(65)]
    assert len(cases) > MAX_ACCOUNT_COLLECTIONS
    with pytest.raises(ServiceAccountRefused, match="1 to 64 collections"):
        reader(world.mx, collections=cases)
    for number in range(MAX_SERVICE_ACCOUNTS):
        reader(world.mx, f"a{number}")
    with pytest.raises(ServiceAccountRefused, match="there are 64"):
        reader(world.mx, "one-more")
    with pytest.raises(ServiceAccountRefused, match="exists"):
        reader(world.mx, "a0")
    with pytest.raises(NotFound):
        world.mx.node.feeds.accounts.remove("nobody")
    (account, *_) = world.mx.node.feeds.accounts.list()
    assert account.roles == {FeedRole.READER}
