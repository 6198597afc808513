"""Wide acts ask again for the person, and lose nothing that was typed."""

from urllib.parse import quote

import pytest
from starlette.responses import PlainTextResponse, Response

from support.simulation import Simulation
from tearline.limits import (
    SIGN_IN_BURST,
    SIGN_IN_PACE_S,
    WIDE_PAGE_S,
    WIDE_READING_S,
)
from tearline.persons.tokens import Role
from tearline_client.console import app
from tearline_client.console.routes import ROUTES
from tearline_client.console.visit import ConsoleRoute, Visit
from unit.client.console.browsers import (
    PASSPHRASE,
    Browser,
    ConsoleUnderTest,
    add_person,
    console_of,
    csrf_of,
)

PATH = "/partners/{partner}/end"
PAGE = "/partners/us/end"


class WideActs:
    """A page of confirmation and its act, as an engineer of pages adds them."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str, str]] = []

    async def page(self, visit: Visit) -> Response:
        return PlainTextResponse("This ends 3 agreements.")

    async def act(self, visit: Visit) -> Response:
        form = await visit.form()
        self.done.append((visit.person, form.text("typed"), form.text("note")))
        return visit.redirect("/state")


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> WideActs:
    found = WideActs()
    wide = (
        ConsoleRoute(path=PATH, handler=found.page, wide=True),
        ConsoleRoute(path=PATH, handler=found.act, method="POST", wide=True),
    )
    monkeypatch.setattr(app, "ROUTES", (*ROUTES, *wide))
    return found


@pytest.fixture
def console(world: Simulation, acts: WideActs) -> ConsoleUnderTest:
    for role in Role:
        add_person(world.mx, role.value, role)
    return console_of(world.mx)


async def stay(console: ConsoleUnderTest, browser: Browser, seconds: int) -> None:
    """Lets time pass in steps that keep the session alive."""
    while seconds > 0:
        console.clock.now_s += min(seconds, 600)
        seconds -= 600
        if seconds > 0:
            assert (await browser.get("/state")).status_code == 200


async def test_right_after_the_sign_in_a_wide_act_asks_nothing(
    console: ConsoleUnderTest, acts: WideActs
) -> None:
    browser = await console.signed_in("liaison")
    await stay(console, browser, WIDE_PAGE_S - 1)
    assert (await browser.get(PAGE)).text == "This ends 3 agreements."
    await stay(console, browser, WIDE_READING_S)  # the page is read
    reply = await browser.post(PAGE, {"csrf": await browser.csrf(), "typed": "us"})
    assert reply.headers["location"] == "/state"
    assert acts.done == [("liaison", "us", "")]


async def test_an_old_session_confirms_and_comes_back(
    console: ConsoleUnderTest, acts: WideActs
) -> None:
    browser = await console.signed_in("liaison")
    await stay(console, browser, WIDE_PAGE_S)
    reply = await browser.get(f"{PAGE}?why=a%20b")
    assert reply.status_code == 303
    assert reply.headers["location"] == f"/confirm?next={quote(PAGE + '?why=a%20b', safe='')}"
    page = await browser.get(reply.headers["location"])
    assert page.status_code == 200
    assert "<bdi>liaison</bdi>" in page.text
    values = {"csrf": csrf_of(page.text), "passphrase": PASSPHRASE, "next": f"{PAGE}?why=a%20b"}
    reply = await browser.post("/confirm", values)
    assert (reply.status_code, reply.headers["location"]) == (303, f"{PAGE}?why=a%20b")
    assert (await browser.get(f"{PAGE}?why=a%20b")).status_code == 200


async def test_an_act_of_an_old_session_is_not_done(
    console: ConsoleUnderTest, acts: WideActs
) -> None:
    browser = await console.signed_in("liaison")
    await stay(console, browser, WIDE_PAGE_S + WIDE_READING_S)
    reply = await browser.post(PAGE, {"csrf": await browser.csrf(), "typed": "us"})
    assert reply.status_code == 403
    assert acts.done == []


async def test_a_late_act_keeps_what_was_typed_and_is_done_once_confirmed(
    console: ConsoleUnderTest, acts: WideActs
) -> None:
    browser = await console.signed_in("liaison")
    token = await browser.csrf()
    await stay(console, browser, WIDE_PAGE_S + WIDE_READING_S)
    typed = {"csrf": token, "typed": "us", "note": 'two "lines"\n<b>of</b> 文字'}
    page = await browser.post(PAGE, typed)
    assert f'action="{PAGE}"' in page.text
    assert "two &#34;lines&#34;\n&lt;b&gt;of&lt;/b&gt; 文字" in page.text
    refused = await browser.post(PAGE, {**typed, "passphrase": "another word"})
    assert refused.status_code == 403
    assert "TL-TLS-008" in refused.text
    assert "another word" not in refused.text
    assert "&lt;b&gt;of&lt;/b&gt; 文字" in refused.text
    assert acts.done == []
    reply = await browser.post(PAGE, {**typed, "passphrase": PASSPHRASE})
    assert (reply.status_code, reply.headers["location"]) == (303, "/state")
    assert acts.done == [("liaison", "us", typed["note"])]
    assert (await browser.get(PAGE)).status_code == 200  # confirmed for the next one, too


async def test_a_form_of_another_tab_survives_the_confirmation(
    console: ConsoleUnderTest, acts: WideActs
) -> None:
    browser = await console.signed_in("liaison")
    token = await browser.csrf()
    await stay(console, browser, WIDE_PAGE_S)
    await browser.post("/confirm", {"csrf": token, "passphrase": PASSPHRASE, "next": PAGE})
    reply = await browser.post(PAGE, {"csrf": token, "typed": "us"})
    assert reply.status_code == 303
    assert acts.done == [("liaison", "us", "")]


async def test_a_confirmation_makes_a_new_token_and_ends_the_old_one(
    console: ConsoleUnderTest, acts: WideActs
) -> None:
    browser, thief = await console.signed_in("liaison"), console.browser()
    thief.client.cookies.update(dict(browser.client.cookies))
    await stay(console, browser, WIDE_PAGE_S)
    values = {"csrf": await browser.csrf(), "passphrase": PASSPHRASE, "next": PAGE}
    await browser.post("/confirm", values)
    reply = await thief.get(PAGE)
    assert reply.headers["location"].startswith("/sign-in")
    assert (await browser.get(PAGE)).status_code == 200


async def test_a_confirmation_of_one_session_is_none_for_another(
    console: ConsoleUnderTest, acts: WideActs
) -> None:
    browser, second = await console.signed_in("liaison"), await console.signed_in("liaison")
    await stay(console, browser, WIDE_PAGE_S)
    values = {"csrf": await browser.csrf(), "passphrase": PASSPHRASE, "next": PAGE}
    await browser.post("/confirm", values)
    assert (await second.get(PAGE)).headers["location"].startswith("/confirm")


@pytest.mark.parametrize(
    "way",
    ["https://attacker.example/", "//attacker.example", "/\\attacker.example", "javascript:x", ""],
)
async def test_a_confirmation_leads_nowhere_else(console: ConsoleUnderTest, way: str) -> None:
    browser = await console.signed_in("liaison")
    page = await browser.get(f"/confirm?next={quote(way, safe='')}")
    assert '<input type="hidden" name="next" value="">' in page.text
    values = {"csrf": csrf_of(page.text), "passphrase": PASSPHRASE, "next": way}
    assert (await browser.post("/confirm", values)).headers["location"] == "/"


async def test_a_confirmation_takes_the_passphrase_of_the_same_person(
    world: Simulation, console: ConsoleUnderTest, acts: WideActs
) -> None:
    browser = await console.signed_in("liaison")
    await stay(console, browser, WIDE_PAGE_S)
    values = {"csrf": await browser.csrf(), "passphrase": "another word", "next": PAGE}
    reply = await browser.post("/confirm", {**values, "name": "officer"})
    assert reply.status_code == 403
    assert "TL-TLS-008" in reply.text
    assert (await browser.get(PAGE)).status_code == 303


async def test_confirmations_have_the_pace_of_sign_ins(console: ConsoleUnderTest) -> None:
    browser = await console.signed_in("liaison")
    values = {"csrf": await browser.csrf(), "passphrase": "another word"}
    for _ in range(SIGN_IN_BURST):
        assert (await browser.post("/confirm", values)).status_code == 403
    late = await browser.post("/confirm", {**values, "passphrase": PASSPHRASE})
    assert late.status_code == 429
    console.clock.now_s += SIGN_IN_PACE_S
    assert (await browser.post("/confirm", {**values, "passphrase": PASSPHRASE})).status_code == 303


async def test_a_confirmation_without_the_session_s_token_is_refused(
    console: ConsoleUnderTest,
) -> None:
    browser = await console.signed_in("liaison")
    reply = await browser.post("/confirm", {"passphrase": PASSPHRASE, "csrf": "another"})
    assert reply.status_code == 400
    assert "set-cookie" not in reply.headers


async def test_a_part_of_a_wide_page_leads_to_the_confirmation_as_a_whole(
    console: ConsoleUnderTest,
) -> None:
    browser = await console.signed_in("liaison")
    await stay(console, browser, WIDE_PAGE_S)
    reply = await browser.get(PAGE, {"hx-request": "true"})
    assert reply.status_code == 401
    assert reply.headers["hx-redirect"].startswith("/confirm?next=")
