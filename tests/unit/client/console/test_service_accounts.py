"""Service accounts in the console: an officer in charge adds and removes programs."""

import html
import re

import pytest

from support.simulation import Simulation
from support.taxii import ARTICLE, Reader, reader
from tearline.audit.event import EventCode
from tearline.errors import TlsError
from tearline_client.features.feeds.accounts import FeedRole
from unit.client.console.browsers import ConsoleUnderTest, entries
from unit.client.console.test_agency_pages import changed
from unit.client.taxii.test_additions import person

PATH = "/agency/service-accounts"
NEW = {"act": "add", "name": "siem", "role": "reader", "article": ARTICLE}


async def test_an_officer_adds_an_account_and_sees_its_token_once(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    officer = await console.signed_in("officer")
    assert "No program uses this node." in (await officer.get(PATH)).text
    status, text = await changed(officer, PATH, **NEW)
    assert status == 200
    found = re.search(r'<code class="long">(siem\.[^<]+)</code>', text)
    assert found is not None
    token = html.unescape(found[1])
    siem = Reader(member=world.mx, token=token)
    assert (await siem.get("objects/")).status_code == 200
    page = (await officer.get(PATH)).text
    assert token not in page
    assert f"<bdi>{ARTICLE}</bdi>" in page
    entry = entries(world.mx)[-1]
    assert (entry.code, entry.counterpart) == (EventCode.PERSON_ADDED, "taxii:siem")
    assert entry.actor == "officer"


async def test_an_account_may_have_both_roles_and_cases(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    node = world.mx.node
    case = node.cases.open(node.agreements.list()[0], "Harbour", ["us-justice"])
    officer = await console.signed_in("officer")
    values = {**NEW, "role": ["reader", "submitter"], "cases": "Harbour\r\n\r\n"}
    assert (await changed(officer, PATH, **values))[0] == 200
    account = node.feeds.accounts.get("siem")
    assert account is not None
    assert account.roles == set(FeedRole)
    assert account.collections == (node.feeds.article(ARTICLE), node.feeds.case(case))


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"name": "Siem"}, 400),
        ({"role": []}, 400),
        ({"role": "king"}, 400),
        ({"article": []}, 400),
        ({"article": "narcotics-2026"}, 400),
        ({"article": "narcotics-2026/no-such"}, 403),
        ({"cases": "No such case"}, 404),
        ({"act": "other"}, 400),
    ],
    ids=lambda value: repr(value)[:48],
)
async def test_an_account_that_cannot_be_is_not_added(
    world: Simulation,
    console: ConsoleUnderTest,
    values: dict[str, str | list[str]],
    status: int,
) -> None:
    officer = await console.signed_in("officer")
    assert (await changed(officer, PATH, **{**NEW, **values}))[0] == status
    assert world.mx.node.feeds.accounts.list() == ()


async def test_an_officer_removes_an_account_once_its_name_is_typed(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    siem, officer = reader(world.mx), await console.signed_in("officer")
    status, text = await changed(officer, PATH, act="remove", name="siem", typed="sie")
    assert status == 400
    assert "TL-USE-005" in text
    assert (await siem.get("/taxii2/")).status_code == 200
    assert (await changed(officer, PATH, act="remove", name="siem", typed="siem"))[0] == 303
    assert (await siem.get("/taxii2/")).status_code == 401
    assert entries(world.mx)[-1].actor == "officer"


async def test_the_page_lists_drafts_without_their_contents(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    feeder = reader(world.mx, "feeder", roles=[FeedRole.SUBMITTER])
    await feeder.post(person(1))
    (draft,) = world.mx.node.feeds.drafts.list()
    page = (await (await console.signed_in("officer")).get(PATH)).text
    assert draft.id.hex()[:12] in page
    assert "Person 1" not in page


@pytest.mark.usefixtures("console")
async def test_the_node_lets_an_officer_alone_change_accounts(world: Simulation) -> None:
    accounts = world.mx.node.feeds.accounts
    for name in ("liaison", "nobody"):
        with pytest.raises(TlsError):
            accounts.add(
                "siem",
                roles=[FeedRole.READER],
                collections=[world.mx.node.feeds.article(ARTICLE)],
                by=name,
            )
    reader(world.mx)
    with pytest.raises(TlsError):
        accounts.remove("siem", by="liaison")
    assert [each.name for each in accounts.list()] == ["siem"]
