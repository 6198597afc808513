"""A request's page: its items, its clock, its history; and its steps, each as the command does."""

import html
import re

import httpx
import pytest

from attacks.onward_packets import given
from attacks.simulated_requests import PERSON, ask, phases, send_record
from attacks.test_mentions import BOAT, REASON
from support.simulation import Simulation
from tearline.packets.packet import Urgency
from tearline.persons.tokens import Role
from tearline.requests.progress import Phase
from tearline.requests.step import Ground
from tearline.statements.receipt import Status
from tearline_client.console.pages.request.steps import ACTS
from unit.client.console.browsers import (
    Browser,
    ConsoleUnderTest,
    accesses,
    add_person,
    console_of,
)
from unit.client.console.test_work_pages import text_of


@pytest.fixture
async def request_id(world: Simulation) -> bytes:
    """A request for two records, from the United States to Mexico."""
    return await ask(world.us, world.mx, Urgency.URGENT)


@pytest.fixture
def there(world: Simulation) -> ConsoleUnderTest:
    """The console of the asking agency, with a person for each role."""
    for role in Role:
        add_person(world.us, role.value, role)
    return console_of(world.us)


async def step(browser: Browser, request: bytes, **values: str | list[str]) -> httpx.Response:
    """Sends the form of a step, as the page of the request would."""
    path = f"/requests/{request.hex()}"
    return await browser.post(path, {"csrf": await browser.csrf(), **values})


async def test_a_request_is_shown_with_its_items_clock_and_demand(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    browser = await console.signed_in("liaison")
    reply = await browser.get(f"/requests/{request_id.hex()}")
    text = text_of(reply.text)
    for words in (
        "Request from us-justice",
        "Urgent",
        "statements of the account",
        "calls of the phone",
        "money laundering",
        "Qiu controls the account",
        "No step was taken yet.",
    ):
        assert words in text
    assert re.search(r"\d+ (hours?|days?) .* left", text)
    assert text.count("Open") >= 2
    (entry,) = accesses(world.mx)
    assert entry.packet == request_id
    grants = world.mx.node.packets.grants(request_id)
    assert [each.status for each in grants] == [Status.SEEN]


async def test_an_officer_s_look_is_logged_but_is_no_liaison_s_receipt(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    browser = await console.signed_in("officer")
    assert (await browser.get(f"/requests/{request_id.hex()}")).status_code == 200
    assert len(accesses(world.mx)) == 1
    assert [g.status for g in world.mx.node.packets.grants(request_id)] == [Status.STORED]


async def test_the_board_leads_to_the_page(console: ConsoleUnderTest, request_id: bytes) -> None:
    link = f'href="/requests/{request_id.hex()}"'
    for role, is_led in (("liaison", True), ("analyst", True), ("auditor", False)):
        browser = await console.signed_in(role)
        assert (link in (await browser.get("/requests")).text) is is_led


async def test_both_sides_take_their_steps_from_question_to_feedback(
    world: Simulation, console: ConsoleUnderTest, there: ConsoleUnderTest, request_id: bytes
) -> None:
    holder, asker = await console.signed_in("liaison"), await there.signed_in("liaison")

    async def at(browser: Browser, **values: str | list[str]) -> str:
        reply = await step(browser, request_id, **values)
        assert reply.status_code == 303, text_of(reply.text)
        for member in (world.mx, world.us):
            await member.node.receive()
        return text_of((await browser.get(reply.headers["location"])).text)

    assert "Admitted" in await at(holder, kind="admit")
    stopped = await at(holder, kind="clarify", text="Which year?")
    assert "stopped since" in stopped
    assert "by mx-prosecutor" in stopped  # the one who asked
    told = await at(asker, kind="clarified", text="2026", permit="1")
    assert "We : Answered the question" in told
    assert "mx-prosecutor : Asked a question" in told
    assert "stopped since" not in told
    await at(holder, kind="clarify", text="Which month?")
    await at(asker, kind="clarified", text="March")
    await at(holder, kind="contest", urgency="routine", text="No date is named.")
    await at(asker, kind="lower", urgency="routine")
    assert "Routine" in text_of((await holder.get(f"/requests/{request_id.hex()}")).text)
    refused = await at(holder, kind="refuse", item=["2"], ground="not-held", text="no such phone")
    assert "Refused Not held No such record is held here." in refused
    assert "1 Decided" not in refused
    answer = await send_record(world.mx, world.us, request_id)
    await world.mx.node.requests.answer(request_id, answer, (1,), PERSON)
    await world.us.node.receive()
    page = await asker.get(f"/requests/{request_id.hex()}")
    assert f'href="/packets/{answer.hex()}"' in page.text
    assert "Close with feedback" in page.text
    closed = await at(asker, kind="close", useful="no", text="It was another account.")
    assert "Closed the request with feedback" in closed
    assert "not useful" in closed
    assert phases(request_id, world.us, world.mx) == [Phase.CLOSED, Phase.CLOSED]


async def test_nothing_is_refused_without_a_ticked_item(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    browser = await console.signed_in("officer")
    ground = Ground.NEITHER
    reply = await step(browser, request_id, kind="refuse", ground=ground.value)
    assert (reply.status_code, "no item is ticked" in reply.text) == (400, True)
    assert not any(item.ground for item in world.mx.node.requests.show(request_id).items)
    ticked = ["1", "2"]
    reply = await step(browser, request_id, kind="refuse", ground=ground.value, item=ticked)
    assert reply.status_code == 303
    view = world.mx.node.requests.show(request_id)
    assert [item.ground for item in view.items] == [ground, ground]
    text = text_of((await browser.get(f"/requests/{request_id.hex()}")).text)
    assert "Refused Neither confirmed nor denied Says nothing about whether" in text


@pytest.mark.parametrize(
    ("values", "code", "status"),
    [
        ({"kind": "refuse", "ground": "not-held", "item": ["3"]}, "TL-RFI-007", 403),
        ({"kind": "refuse"}, "TL-USE", 400),
        ({"kind": "refuse", "ground": "a whim"}, "TL-USE", 400),
        ({"kind": "refuse", "ground": "not-held", "item": ["x"]}, "TL-USE", 400),
        ({"kind": "clarify", "text": " "}, "TL-RFI-015", 400),
        (
            {"kind": "refuse", "ground": "neither-confirm-nor-deny", "text": "psst", "item": ["1"]},
            "TL-RFI-015",
            400,
        ),
        ({"kind": "clarified", "text": "ours"}, "TL-RFI", 403),  # the asker's step
        ({"kind": "withdraw", "typed": "TYPED"}, "TL-RFI", 403),
        ({"kind": "withdraw"}, "TL-USE-005", 400),
        ({"kind": "expire"}, "TL-USE", 400),
        ({"kind": "answer"}, "TL-USE", 400),
        ({"kind": "no such"}, "TL-USE", 400),
        ({}, "TL-USE", 400),
        ({"kind": "authorise", "days": "0", "text": "a judge"}, "TL-USE", 400),
        ({"kind": "authorise", "days": "9" * 400, "text": "a judge"}, "TL-USE", 400),
        ({"kind": "authorise", "days": "3000", "text": "a judge"}, "TL-RFI", 403),
        ({"kind": "contest", "urgency": "emergency", "text": "more haste"}, "TL-RFI", 403),
        ({"kind": "close"}, "TL-USE", 400),
    ],
)
async def test_a_step_that_is_refused_is_told_on_the_page_and_changes_nothing(
    world: Simulation,
    console: ConsoleUnderTest,
    request_id: bytes,
    values: dict[str, str | list[str]],
    code: str,
    status: int,
) -> None:
    browser = await console.signed_in("liaison")
    if values.get("typed"):
        values = {**values, "typed": request_id.hex()[:12]}
    reply = await step(browser, request_id, **values)
    assert reply.status_code == status, text_of(reply.text)
    assert code in reply.text
    assert "Request from us-justice" in reply.text  # and the page is there to go on from
    if text := values.get("text"):
        is_offered = f'name="kind" value="{values["kind"]}"' in reply.text
        assert text in reply.text or not is_offered
    assert not world.mx.node.requests.show(request_id).steps


async def test_what_a_person_wrote_is_not_lost_when_it_repeats_a_kept_value(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    await given(world, world.mx)  # the name, by America
    request = await ask(world.cn, world.mx)
    browser = await console.signed_in("liaison")
    assert 'name="repeats"' not in (await browser.get(f"/requests/{request.hex()}")).text
    reply = await step(browser, request, kind="clarify", text=BOAT)
    assert "TL-POL-030" in reply.text
    assert BOAT in html.unescape(reply.text)
    assert 'name="repeats"' in reply.text
    again = await step(browser, request, kind="clarify", text=BOAT, repeats=REASON)
    assert again.status_code == 303
    assert REASON in text_of((await browser.get(again.headers["location"])).text)


async def test_only_steps_that_follow_are_offered(
    world: Simulation, console: ConsoleUnderTest, there: ConsoleUnderTest, request_id: bytes
) -> None:
    holder, asker = await console.signed_in("liaison"), await there.signed_in("liaison")

    async def kinds(browser: Browser) -> set[str]:
        page = (await browser.get(f"/requests/{request_id.hex()}")).text
        return {*re.findall(r'name="kind" value="([a-z]+)"', page)}

    assert await kinds(holder) == {"admit", "reject", "clarify", "contest", "refuse"}
    assert await kinds(asker) == {"permit", "withdraw"}
    await step(holder, request_id, kind="admit")
    assert await kinds(holder) == {"clarify", "contest", "refuse"}
    analyst = await console.signed_in("analyst")
    assert await kinds(analyst) == set()
    assert "Answer items" in (await analyst.get(f"/requests/{request_id.hex()}")).text


def test_every_step_of_a_person_but_an_answer_has_one_form() -> None:
    from tearline.requests.step import OF_A_MACHINE, StepKind

    answers = {StepKind.PARTIAL, StepKind.ANSWER, StepKind.SUPPLEMENT}
    kinds = [each.kind for each in ACTS]
    assert {*kinds} == {*StepKind} - OF_A_MACHINE - answers
    assert len(kinds) == len({*kinds})
