"""Drafts of programs in the console: an officer imports or discards them."""

import asyncio
import html
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from support.simulation import Simulation
from support.taxii import Reader, reader
from tearline.audit.event import EventCode
from tearline.errors import ExchangeUnreachable, LoginRequired
from tearline.persons.tokens import Role
from tearline_client.console.pages.compose import review
from tearline_client.drafting import release as drafting
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.features.feeds.drafts import FeedDraft
from unit.client.console.browsers import (
    Browser,
    ConsoleUnderTest,
    accesses,
    add_person,
    console_of,
)
from unit.client.console.test_compose import changed, drafted, post, sent, terms, wish
from unit.client.console.test_packet_pages import text_of
from unit.client.taxii.test_additions import person

PATH = "/program-drafts"


@pytest.fixture
def theirs(world: Simulation) -> ConsoleUnderTest:
    """The console of the agency whose program adds objects."""
    for name, role in (("ana", Role.LIAISON), ("bob", Role.LIAISON), ("aud", Role.AUDITOR)):
        add_person(world.us, name, role)
    return console_of(world.us)


@pytest.fixture
async def ana(theirs: ConsoleUnderTest) -> Browser:
    return await theirs.signed_in("ana")


@pytest.fixture
def platform(world: Simulation) -> Reader:
    return reader(world.us, "platform", roles=[FeedRole.SUBMITTER])


async def added(world: Simulation, platform: Reader, *objects: dict[str, Any]) -> FeedDraft:
    """The draft of objects that a program adds."""
    assert (await platform.post(*(objects or [person(1)]))).status_code == 202
    return world.us.node.feeds.drafts.list()[-1]


def order(world: Simulation, draft: FeedDraft, **more: str) -> dict[str, str | list[str]]:
    return {**wish(world, by="stix", ftm="", to=["mx-prosecutor"]), "draft": draft.id.hex(), **more}


async def test_the_page_lists_drafts_without_their_contents(
    world: Simulation, ana: Browser, platform: Reader
) -> None:
    assert "No draft of a program waits." in (await ana.get(PATH)).text
    draft = await added(world, platform, person(1), person(2))
    page = (await ana.get(PATH)).text
    assert "platform" in page
    assert draft.id.hex()[:12] in page
    assert f'href="/compose?draft={draft.id.hex()}"' in page
    told = text_of(page)
    assert "narcotics-2026/money-laundering 2 2 " in told
    assert "Person 1" not in page
    assert [each.code for each in accesses(world.us)] == [EventCode.ACCESS_DRAFTED]
    assert f'href="{PATH}"' in (await ana.get("/to-do")).text


async def test_a_task_leads_an_officer_to_the_draft_and_shows_an_auditor_no_contents(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser, platform: Reader
) -> None:
    draft = await added(world, platform)
    link = f'href="/compose?draft={draft.id.hex()}"'
    assert link in (await ana.get("/to-do")).text
    auditor = await theirs.signed_in("aud")
    page = (await auditor.get("/to-do")).text
    assert "platform" in page
    assert link not in page
    assert PATH not in page
    assert "Person 1" not in page
    for path in (PATH, f"/compose?draft={draft.id.hex()}"):
        assert (await auditor.get(path)).status_code == 403


async def test_a_draft_is_imported_as_a_file_is_and_goes_once_its_packet_is_sent(
    world: Simulation, ana: Browser, platform: Reader
) -> None:
    draft = await added(world, platform, person(1, x_score=1))
    first = (await ana.get(f"/compose?draft={draft.id.hex()}")).text
    assert f'value="{terms(world)}" selected' in first
    assert f'name="draft" value="{draft.id.hex()}"' in first
    address = f"/compose?terms={terms(world)}&kind=lead&by=stix&draft={draft.id.hex()}"
    form = (await ana.get(address)).text
    assert f'name="draft" value="{draft.id.hex()}"' in form
    assert "Person 1" not in form
    assert 'type="file"' not in form
    preview = await drafted(ana, order(world, draft))
    page = text_of((await ana.get(preview)).text)
    assert "Person 1" in page
    assert f"{person(1)['id']} identity.x_score: no property fits it" in page
    assert world.us.node.feeds.drafts.list() == (draft,)
    reply = await sent(ana, preview)
    (packet,) = world.us.node.packets.ids()
    assert reply.headers["location"] == f"/packets/{packet.hex()}?done=sent"
    assert world.us.node.feeds.drafts.list() == ()
    assert "No draft of a program waits." in (await ana.get(PATH)).text
    found = [(each.code, each.actor, each.purpose) for each in accesses(world.us)]
    assert found[1:3] == [
        (EventCode.ACCESS_OPEN, "ana", draft.id.hex()),
        (EventCode.ACCESS_DISCARDED, "ana", draft.id.hex()),
    ]
    await world.mx.node.receive()
    values = {t for o in world.mx.node.packets.show(packet).view.best() for t in o.field.values}
    assert b"Person 1" in values


async def test_a_draft_goes_once_its_packet_waits_for_a_second_person(
    world: Simulation, ana: Browser, platform: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await added(world, platform)
    preview = await drafted(ana, order(world, draft))
    monkeypatch.setattr(drafting, "takes_two", lambda *_: True)
    reply = await sent(ana, preview)
    assert reply.headers["location"] == "/compose?done=waits"
    assert world.us.node.approvals.count() == 1
    assert world.us.node.feeds.drafts.list() == ()


async def test_a_draft_goes_with_a_packet_that_is_sent_later(
    world: Simulation, ana: Browser, platform: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await added(world, platform)
    preview = await drafted(ana, order(world, draft))

    async def away(*_: object, **__: object) -> None:
        raise ExchangeUnreachable

    monkeypatch.setattr(review, "release", away)
    assert (await sent(ana, preview)).headers["location"] == "/compose?done=queued"
    assert world.us.node.feeds.drafts.list() == ()


async def test_a_draft_waits_on_where_its_packet_is_refused(
    world: Simulation, ana: Browser, platform: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await added(world, platform)
    preview = await drafted(ana, order(world, draft))

    async def refused(*_: object, **__: object) -> None:
        raise LoginRequired

    with monkeypatch.context() as patched:
        patched.setattr(review, "release", refused)
        assert (await sent(ana, preview)).status_code == 403
    assert world.us.node.feeds.drafts.list() == (draft,)
    assert (await sent(ana, preview)).status_code == 303
    assert world.us.node.feeds.drafts.list() == ()


async def test_a_draft_is_imported_once(
    world: Simulation,
    theirs: ConsoleUnderTest,
    ana: Browser,
    platform: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draft, bob = await added(world, platform), await theirs.signed_in("bob")
    first = await drafted(ana, order(world, draft))
    second = await drafted(bob, order(world, draft))
    third = await drafted(bob, order(world, draft))
    release: Callable[..., Awaitable[drafting.Released]] = drafting.release
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(*given: Any, **named: Any) -> drafting.Released:
        if not begun.is_set():
            begun.set()
            await go.wait()
        return await release(*given, **named)

    monkeypatch.setattr(review, "release", slow)
    sending = asyncio.create_task(sent(ana, first))
    await begun.wait()
    assert (await sent(bob, second)).status_code == 404  # while it is sent
    go.set()
    assert (await sending).status_code == 303
    assert (await sent(bob, third)).status_code == 404  # and after it
    assert len(world.us.node.packets.ids()) == 1


async def test_a_change_of_the_preview_keeps_the_draft(
    world: Simulation, ana: Browser, platform: Reader
) -> None:
    draft = await added(world, platform)
    preview = await drafted(ana, order(world, draft))
    values = {
        "does": "guard",
        "field": f"{person(1)['id']}/name",
        "category": "identity.source",
    }
    reply = await changed(ana, preview, values)
    assert reply.status_code == 303, text_of(reply.text)
    await sent(ana, reply.headers["location"])
    assert world.us.node.feeds.drafts.list() == ()


async def test_an_officer_discards_a_draft_once_its_id_is_typed(
    world: Simulation, ana: Browser, platform: Reader
) -> None:
    draft = await added(world, platform)
    values = {"draft": draft.id.hex(), "typed": draft.id.hex()[:7]}
    reply = await changed(ana, PATH, values)
    assert reply.status_code == 400
    assert "TL-USE-005" in reply.text
    assert world.us.node.feeds.drafts.list() == (draft,)
    reply = await changed(ana, PATH, {**values, "typed": draft.id.hex()[:8]})
    assert (reply.status_code, reply.headers["location"]) == (303, PATH)
    assert world.us.node.feeds.drafts.list() == ()
    (entry,) = [each for each in accesses(world.us) if each.code is EventCode.ACCESS_DISCARDED]
    assert (entry.actor, entry.counterpart) == ("ana", "taxii:platform")
    assert (await changed(ana, PATH, values)).status_code == 404


async def test_a_draft_that_is_gone_is_not_imported(
    world: Simulation, ana: Browser, platform: Reader
) -> None:
    draft = await added(world, platform)
    world.us.node.feeds.drafts.discard(draft.id)
    assert (await ana.get(f"/compose?draft={draft.id.hex()}")).status_code == 404
    assert (await post(ana, "/compose", order(world, draft))).status_code == 404


async def test_a_refused_order_keeps_its_draft(
    world: Simulation, ana: Browser, platform: Reader
) -> None:
    draft = await added(world, platform)
    reply = await post(ana, "/compose", {**order(world, draft), "to": []})
    assert reply.status_code == 400
    assert f'name="draft" value="{draft.id.hex()}"' in reply.text


async def test_many_findings_are_shown_by_their_reasons(
    world: Simulation, ana: Browser, platform: Reader
) -> None:
    draft = await added(world, platform, person(1, **{f"x_{n}": n for n in range(3000)}))
    page = (await ana.get(await drafted(ana, order(world, draft)))).text
    assert "Reconciliation" in page
    assert page.count("no property fits it") == 98
    assert "2,902 further reasons" in text_of(page)


async def test_a_file_of_stix_is_imported(world: Simulation, ana: Browser) -> None:
    bundle = {"type": "bundle", "id": "bundle--1", "objects": [person(1, name="<b>Qiu</b>")]}
    text = json.dumps(bundle)
    files = {"file": ("case.json", text.encode(), "application/json")}
    for given, sent_files in (({"ftm": ""}, files), ({"ftm": text}, None)):
        reply = await post(ana, "/compose", {**wish(world, by="stix"), **given}, sent_files)
        assert reply.status_code == 303, text_of(reply.text)
        page = (await ana.get(reply.headers["location"])).text
        assert html.escape("<b>Qiu</b>") in page
        assert "<b>Qiu" not in page
    refused = await post(ana, "/compose", wish(world, by="stix", ftm="{}"))
    assert "TL-USE-002" in refused.text
