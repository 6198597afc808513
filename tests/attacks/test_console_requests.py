"""The console's pages of requests, against partners, colleagues and pages elsewhere."""

import asyncio
import re

import pytest

from attacks.simulated_requests import PERSON, ask
from attacks.test_console import INJECTIONS, ORIGINS_OF_OTHERS, is_harmless
from support.cases import each_case
from support.hostile_values import HOSTILE
from support.node import stores_of
from support.simulation import Simulation
from tearline.packets.packet import Urgency
from tearline.persons.tokens import Role
from unit.client.console.browsers import (
    Browser,
    ConsoleUnderTest,
    accesses,
    add_person,
    console_of,
)

DRAWN = r"[0-9a-f]{64}|kept%3D[0-9a-f]{32}|value=\"[^\"]*\""
"""The id that is asked about, and names and tokens that each page draws anew."""
FROM_AN_IMAGE = {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}


@pytest.fixture
def console(world: Simulation) -> ConsoleUnderTest:
    """The console of the asked agency, with a person for each role."""
    for role in Role:
        add_person(world.mx, role.value, role)
    return console_of(world.mx)


@pytest.fixture
async def request_id(world: Simulation) -> bytes:
    return await ask(world.us, world.mx, Urgency.URGENT)


def steps(world: Simulation, request: bytes) -> int:
    store = stores_of(world.mx.node).requests
    return len(store.steps(*store.of(request)))


async def post(browser: Browser, path: str, **values: str) -> str:
    reply = await browser.post(path, {"csrf": await browser.csrf(), **values})
    return f"{reply.status_code} {reply.text}"


async def test_a_request_of_others_and_none_at_all_are_answered_alike(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    theirs = await ask(world.us, world.cn)
    browser = await console.signed_in("liaison")
    texts = []
    for each in (theirs.hex(), "ab" * 32):
        reply = await browser.get(f"/requests/{each}")
        act = await post(browser, f"/requests/{each}", kind="admit")
        texts.append(re.sub(DRAWN, "", f"{reply.text}{act}"))
        assert (reply.status_code, act[:3]) == (404, "404")
    assert texts[0] == texts[1]
    for odd in ("zz", "0" * 65, "' OR 1=1", "%00", "-1", "new/../x"):
        assert (await browser.get(f"/requests/{odd}")).status_code == 404
    assert not accesses(world.mx)
    assert not world.cn.node.requests.show(theirs).steps


async def test_a_page_elsewhere_opens_no_request_and_takes_no_step(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    browser = await console.signed_in("liaison")
    path = f"/requests/{request_id.hex()}"
    assert (await browser.get(path, FROM_AN_IMAGE)).status_code == 403
    token = await browser.csrf()
    for headers in ORIGINS_OF_OTHERS:
        reply = await browser.client.post(
            path, data={"csrf": token, "kind": "admit"}, headers=headers
        )
        assert reply.status_code == 403
    other = await console.signed_in("officer")
    for wrong in ("", "x", await other.csrf()):
        reply = await browser.post(path, {"csrf": wrong, "kind": "admit"})
        assert (reply.status_code, "TL-USE-008" in reply.text) == (400, True)
    assert steps(world, request_id) == 0
    assert not accesses(world.mx)


@pytest.mark.parametrize("role", ["auditor", "analyst"])
async def test_who_may_not_act_takes_no_step(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes, role: str
) -> None:
    browser = await console.signed_in(role)
    assert (await post(browser, f"/requests/{request_id.hex()}", kind="admit"))[:3] == "403"
    assert steps(world, request_id) == 0
    reply = await browser.get(f"/requests/{request_id.hex()}")
    assert ("statements of the account" in reply.text) is (role == "analyst")


@pytest.mark.parametrize("kind", ["withdraw", "clarified", "permit", "confirm", "lower", "close"])
async def test_no_holder_takes_its_asker_s_steps(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes, kind: str
) -> None:
    browser = await console.signed_in("liaison")
    said = await post(
        browser,
        f"/requests/{request_id.hex()}",
        kind=kind,
        text="x",
        typed=request_id.hex()[:12],
        useful="yes",
        urgency="routine",
    )
    assert said[:3] == "403"
    assert "TL-RFI-" in said
    assert steps(world, request_id) == 0


@pytest.mark.parametrize("kind", ["admit", "reject", "clarify", "contest", "refuse"])
async def test_no_asker_takes_its_holder_s_steps(
    world: Simulation, request_id: bytes, kind: str
) -> None:
    add_person(world.us, "liaison", Role.LIAISON)
    browser = await console_of(world.us).signed_in("liaison")
    said = await post(
        browser,
        f"/requests/{request_id.hex()}",
        kind=kind,
        text="x",
        urgency="routine",
        ground="not-held",
        item="1",
    )
    assert said[:3] == "403"
    assert not world.us.node.requests.show(request_id).steps


@pytest.mark.parametrize(
    "values", [{"kind": "admit"}, {"kind": "refuse", "ground": "not-held", "item": "1"}]
)
async def test_a_form_that_is_sent_twice_is_one_step(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes, values: dict[str, str]
) -> None:
    browser = await console.signed_in("liaison")
    path, form = f"/requests/{request_id.hex()}", {"csrf": await browser.csrf(), **values}
    replies = await asyncio.gather(browser.post(path, form), browser.post(path, form))
    done, refused = sorted(replies, key=lambda reply: "location" not in reply.headers)
    assert done.status_code == 303
    assert refused.status_code in (202, 403)  # while the first is under way, or after it
    assert (await browser.post(path, form)).status_code == 403
    assert steps(world, request_id) == 1


async def test_no_word_of_a_partner_runs_in_a_request(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    mine = await ask(world.mx, world.us)
    await world.us.node.receive()
    texts = (*INJECTIONS, *HOSTILE.values())
    words = "\n".join(f"Wenhao {each}" for each in texts)
    await world.us.node.requests.clarify(mine, words, PERSON)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")
    reply = await browser.get(f"/requests/{mine.hex()}")
    assert reply.text.count("Wenhao") >= len(texts)
    assert all(is_harmless(reply.text, each) for each in texts)


@each_case("injected", [*INJECTIONS, *HOSTILE.values()])
async def test_no_word_of_a_form_runs_in_a_request(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes, injected: str
) -> None:
    browser = await console.signed_in("liaison")
    path = f"/requests/{request_id.hex()}"
    token = await browser.csrf()
    kept = {"kind": "clarify", "text": injected, "days": injected, "item": injected}
    for values in (kept, {"kind": injected}, {"kind": "refuse", "ground": injected}):
        reply = await browser.post(path, {"csrf": token, **values})
        assert reply.status_code == 400
        assert is_harmless(reply.text, injected)
    assert steps(world, request_id) == 0
