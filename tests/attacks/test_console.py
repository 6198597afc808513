"""The console against hostile pages, partners, colleagues and networks."""

import html
import re
from collections.abc import Iterator

import httpx
import pytest

from support.cases import each_case
from support.hostile_values import HOSTILE, obeyed
from support.simulation import Simulation, narrative
from tearline.limits import MAX_CONSOLE_FIELDS, MAX_CONSOLE_FORM_BYTES, MAX_CONSOLE_QUERY_BYTES
from tearline.persons.tokens import Role
from tearline_client.console.guard import HEADERS
from unit.client.console.browsers import (
    PASSPHRASE,
    ConsoleUnderTest,
    accesses,
    add_person,
    console_of,
)

INJECTIONS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% set x = 1 %}{# #}",
    "${7*7}<%= 7*7 %>",
    '" hx-on:click="alert(1)" hx-get="/sign-out" x="',
    "<a href=//evil.example hx-boost=true>x</a>",
    "<!--><base href=//evil.example><!--",
    "]]><math><mtext></p><style><img src=1>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "%(csrf)s %s %d {0} {csrf}",
    "\x00<b>\x1b[2J\u202e",
)
SCRIPTS = tuple(
    f'<script src="/static/{name}" defer>'
    for name in ("htmx.min.js", "console.js", "kept.js", "live.js", "passkey.js")
)
"""The own scripts: two on every page, then one for who is signed in, and one for a passkey."""
ORIGINS_OF_OTHERS = (
    {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "http://evil.example"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
    {"origin": "null", "sec-fetch-site": "none"},
    {"origin": "http://localhost:8471", "sec-fetch-site": "same-site"},  # another port
    {"origin": "http://127.0.0.1:8470", "sec-fetch-site": "cross-site"},
    {"origin": "null"},
    {},
)


@pytest.fixture
def console(world: Simulation) -> ConsoleUnderTest:
    for role in Role:
        add_person(world.mx, role.value, role)
    return console_of(world.mx)


def tags(text: str) -> Iterator[str]:
    """The tags and attribute names of a page, as a browser would see them."""
    for name, attributes in re.findall(r"<(\w+)((?:\s+[^<>\"']+|\"[^\"]*\"|'[^']*')*)\s*/?>", text):
        yield name.lower()
        yield from re.findall(r"\s([a-z:-]+)=", re.sub(r"\"[^\"]*\"|'[^']*'", '""', attributes))


def is_harmless(text: str, injected: str) -> bool:
    """Whether an injected text stands in a page as text alone."""
    assert not obeyed(html.unescape(text))
    assert {"script", "svg", "img", "base", "style", "math"} & {*tags(text)} <= {"script"}
    scripts = re.findall(r"<script[^>]*>", text)
    assert {*SCRIPTS[:2]} <= {*scripts} <= {*SCRIPTS}
    found = {*tags(text)}
    assert not [each for each in found if each.startswith(("on", "hx-on"))]
    return injected not in text or not set(injected) & set("<>\"'")


async def test_no_value_of_a_partner_runs_in_a_page(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    for texts in (INJECTIONS, tuple(HOSTILE.values())):
        words = narrative("".join(f"Wenhao {injected}\n" for injected in texts))
        plan = world.us.node.packets.plan(world.us.draft(words), [world.mx.node.uri])
        sent = await world.us.node.packets.send([plan])
        await world.mx.node.receive()
        for path in (f"/packets/{sent.packets[0].hex()}", "/packets?q=wenhao"):
            reply = await browser.get(path)
            assert reply.status_code == 200
            assert reply.text.count("Wenhao") >= len(texts)
            assert all(is_harmless(reply.text, injected) for injected in texts)


@each_case("injected", [*INJECTIONS, *HOSTILE.values()])
async def test_no_word_of_an_address_or_form_runs_in_a_page(
    console: ConsoleUnderTest, injected: str
) -> None:
    browser = await console.signed_in("liaison")
    packets = ("q", "partner", "case", "way", "kind", "after", "unread", "next", "tlp", "state")
    for path, name in (
        *(("/packets", name) for name in packets),
        *(("/requests", name) for name in ("side", "skip")),
        *(("/requests/new", name) for name in ("template", "language")),
        *(("/compose", name) for name in ("terms", "source", "done")),
        ("/federation", "agency"),
        ("/settings", "next"),
    ):
        reply = await browser.client.get(path, params={name: injected})
        assert reply.status_code in (200, 400, 403, 404)
        assert is_harmless(reply.text, injected)
    auditor = await console.signed_in("auditor")
    for path, name in (
        *(("/audit/log", name) for name in ("q", "actor", "packet", "since", "by", "after")),
        *(("/audit/statistics", name) for name in ("agreement", "year")),
        *(("/audit/access", name) for name in ("by", "action", "packet", "before")),
        *(("/audit", name) for name in ("packet", "field")),
    ):
        reply = await auditor.client.get(path, params={name: injected})
        assert reply.status_code in (200, 400, 403, 404)
        assert is_harmless(reply.text, injected)
    token = await auditor.csrf()
    for path in ("/audit", "/audit/access"):
        reply = await auditor.post(path, {"csrf": token, "value": injected})
        assert reply.status_code in (200, 303, 400)
        assert is_harmless(reply.text, injected)
    reply = await browser.client.get("/sign-in", params={"next": injected})
    assert is_harmless(reply.text, injected)
    reply = await browser.post("/sign-in", {"name": injected, "passphrase": "x", "next": injected})
    assert is_harmless(reply.text, injected)


@pytest.mark.parametrize("headers", ORIGINS_OF_OTHERS)
async def test_a_page_of_another_origin_changes_nothing(
    console: ConsoleUnderTest, headers: dict[str, str]
) -> None:
    browser = await console.signed_in("liaison")
    token = await browser.csrf()
    for path in ("/sign-out", "/language", "/sign-in", "/audit", "/audit/access", "/audit/export"):
        values = {"csrf": token, "name": "officer", "passphrase": PASSPHRASE, "language": "zh"}
        reply = await browser.client.post(path, data=values, headers=headers)
        assert reply.status_code == 403
        assert "set-cookie" not in reply.headers
    assert (await browser.get("/state")).status_code == 200


FROM_ELSEWHERE = (
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "a word of no browser"},
)


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
async def test_a_page_elsewhere_opens_no_packet(
    world: Simulation, console: ConsoleUnderTest, headers: dict[str, str]
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")
    paths = (f"/packets/{packet.hex()}", "/packets?q=wenhao", "/state", "/static/console.js")
    for path in (*paths, "/audit", "/audit/log?outcome=ok", "/audit/log/1/proof", "/audit/access"):
        reply = await browser.get(path, headers)
        assert reply.status_code in (303, 403)
        assert reply.headers.get("location", "/") == "/"
    assert not accesses(world.mx)
    assert world.mx.node.packets.is_unread(packet)


async def test_a_link_elsewhere_leads_to_the_tasks(console: ConsoleUnderTest) -> None:
    browser = await console.signed_in("liaison")
    link = FROM_ELSEWHERE[1]
    replies = [await browser.get(path, link) for path in ("/packets", "/", "/to-do", "/sign-in")]
    assert [(each.status_code, each.headers.get("location")) for each in replies] == [
        (303, "/"), (303, "/to-do"), (200, None), (200, None),
    ]  # fmt: skip
    for site in ("none", "same-origin"):
        headers = {**link, "sec-fetch-site": site}
        assert (await browser.get("/packets", headers)).status_code == 200


async def test_a_form_of_the_same_origin_is_taken_as_browsers_send_it(
    console: ConsoleUnderTest,
) -> None:
    browser = await console.signed_in("liaison")
    headers = {"origin": "null", "sec-fetch-site": "same-origin"}  # under no-referrer
    reply = await browser.post("/sign-out", {"csrf": await browser.csrf()}, headers)
    assert reply.status_code == 303


@pytest.mark.parametrize("token", ["", "x", "é", None])
async def test_a_form_without_the_session_s_token_changes_nothing(
    world: Simulation, console: ConsoleUnderTest, token: str | None
) -> None:
    browser, other = await console.signed_in("liaison"), await console.signed_in("officer")
    theirs = await other.csrf()
    given = {"csrf": theirs if token is None else token, "value": "Qiu Wenhao"}
    for path in ("/sign-out", "/audit"):
        reply = await browser.post(path, given)
        assert reply.status_code == 400
        assert "TL-USE-008" in reply.text
    assert (await browser.get("/state")).status_code == 200
    assert not accesses(world.mx)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8470",
        "localhost",
        "localhost:8471",
        "127.0.0.1:8470",
        "localhost:8470.evil.example",
        "",
    ],
)
async def test_a_name_that_is_rebound_to_this_machine_gets_nothing(
    console: ConsoleUnderTest, host: str
) -> None:
    browser = await console.signed_in("liaison")
    for path in ("/packets", "/sign-in", "/static/console.js", "/nowhere"):
        reply = await browser.get(path, {"host": host})
        assert reply.status_code == 421
        assert "liaison" not in reply.text


async def test_a_session_that_an_attacker_planted_is_not_signed_in(
    console: ConsoleUnderTest,
) -> None:
    name = next(iter((await console.signed_in("analyst")).client.cookies))
    victim = console.browser()
    victim.client.cookies.set(name, "a-token-the-attacker-knows")
    reply = await victim.sign_in("liaison")
    assert reply.headers["set-cookie"].partition("=")[2].partition(";")[0] not in (
        "",
        "a-token-the-attacker-knows",
    )
    attacker = console.browser()
    attacker.client.cookies.set(name, "a-token-the-attacker-knows")
    assert (await attacker.get("/state")).status_code == 303


async def test_a_second_sign_in_ends_the_session_before_it(console: ConsoleUnderTest) -> None:
    browser = await console.signed_in("liaison")
    before = dict(browser.client.cookies)
    await browser.sign_in("officer")
    thief = console.browser()
    thief.client.cookies.update(before)
    assert (await thief.get("/state")).status_code == 303


async def test_a_cookie_of_one_agency_is_none_of_another_s(world: Simulation) -> None:
    for member in (world.mx, world.cn):
        add_person(member, "liaison", Role.LIAISON)
    here, there = console_of(world.mx), console_of(world.cn)
    browser = await here.signed_in("liaison")
    other = there.browser()
    other.client.cookies.update(browser.client.cookies)
    assert (await other.get("/state")).status_code == 303
    assert (await other.sign_in("liaison")).status_code == 303
    assert len({*other.client.cookies}) == 2  # browsers do not tell ports apart


@pytest.mark.parametrize(
    "where",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/%0d%0aset-cookie: x=y\r\nx: y",
        "evil.example",
        "\\\\evil.example",
        " //evil.example",
    ],
)
async def test_no_sign_in_leads_elsewhere(console: ConsoleUnderTest, where: str) -> None:
    browser = console.browser()
    form = await browser.client.get("/sign-in", params={"next": where})
    assert "evil.example" not in form.text.replace("next=", "").split("<main")[1]
    values = {"name": "liaison", "passphrase": PASSPHRASE, "next": where}
    reply = await browser.post("/sign-in", values)
    assert reply.status_code == 303
    location = reply.headers["location"]
    assert location == "/" or (location.startswith("/%0d") and "\n" not in location)
    token = await browser.csrf()
    reply = await browser.post("/language", {"language": "es", "next": where, "csrf": token})
    assert not reply.headers["location"].startswith(("//", "/\\", "http"))


async def test_an_id_of_another_agency_and_none_at_all_are_answered_alike(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    (theirs,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    browser = await console.signed_in("liaison")
    replies = [await browser.get(f"/packets/{each}") for each in (theirs.hex(), "ab" * 32)]
    assert [each.status_code for each in replies] == [404, 404]
    texts = [re.sub(r"[0-9a-f]{64}|value=\"[^\"]*\"", "", each.text) for each in replies]
    assert texts[0] == texts[1]
    for odd in ("0" * 65, "zz", "a", "' OR 1=1", "%00", "-1"):
        assert (await browser.get(f"/packets/{odd}")).status_code in (400, 404)
    assert not accesses(world.mx)


async def test_an_auditor_is_shown_no_contents(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    browser = await console.signed_in("auditor")
    for path in (f"/packets/{packet.hex()}", "/packets?q=wenhao"):
        reply = await browser.get(path)
        assert reply.status_code == 403
        assert "Qiu" not in reply.text
    assert "Qiu" not in (await browser.get("/packets")).text


async def test_each_reading_is_logged_before_it_is_shown(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")

    def full(*_: object, **__: object) -> None:
        from tearline.errors import StoreFull

        raise StoreFull

    monkeypatch.setattr(world.mx.node.audit._access.store, "append", full)
    for path in (f"/packets/{packet.hex()}", "/packets?q=wenhao"):
        reply = await browser.get(path)
        assert reply.status_code == 500
        assert "Qiu" not in reply.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"; '),
        ("image/svg+xml", b"<svg onload='alert(1)'/>"),
        ("text/html", b"<script>alert(1)</script>"),
        ("application/json", b"{}"),
        ("text/plain", b"csrf=x"),
        ("application/x-www-form-urlencoded", b"\xff=\xfe"),
        ("application/x-www-form-urlencoded", b"csrf"),
        ("application/x-www-form-urlencoded", b"csrf=%ff%fe"),
        ("application/x-www-form-urlencoded", b"a=1&" * (MAX_CONSOLE_FIELDS + 1) + b"b=2"),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * MAX_CONSOLE_FORM_BYTES),
        ("application/x-www-form-urlencoded", b"csrf=x&csrf=x"),
        ("", b""),
    ],
)
async def test_a_body_that_is_no_form_of_ours_is_refused(
    console: ConsoleUnderTest, kind: str, body: bytes
) -> None:
    browser = await console.signed_in("liaison")
    headers = {"origin": browser.origin, "content-type": kind}
    reply = await browser.client.post("/sign-out", content=body, headers=headers)
    assert reply.status_code == 400
    assert "TL-USE-008" in reply.text
    assert not console.reports
    assert (await browser.get("/state")).status_code == 200


async def test_an_address_is_bounded(console: ConsoleUnderTest) -> None:
    browser = await console.signed_in("liaison")
    reply = await browser.get(f"/packets?q={'x' * MAX_CONSOLE_QUERY_BYTES}")
    assert reply.status_code == 400


async def test_every_response_has_the_headers(
    console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch, world: Simulation
) -> None:
    browser = console.browser()
    replies = [await browser.get(path) for path in ("/", "/sign-in", "/x", "/static/console.css")]
    replies.append(await browser.get("/state", {"host": "evil.example"}))
    replies.append(await browser.post("/sign-in", {"name": "a", "passphrase": "b"}))
    replies.append(await browser.post("/state", {}))
    replies.append(await browser.sign_in("liaison"))
    replies.append(await browser.get("/state"))

    def broken() -> None:
        raise ZeroDivisionError("a secret value")

    monkeypatch.setattr(world.mx.node, "status", broken)
    replies.append(await browser.get("/state"))
    assert [each.status_code for each in replies] == [
        303, 200, 404, 200, 421, 403, 405, 303, 200, 500,
    ]  # fmt: skip
    for reply in replies:
        assert {name: reply.headers.get(name) for name in HEADERS} == HEADERS
        assert "server" not in reply.headers
    assert "a secret value" not in replies[-1].text + "".join(console.reports)
    assert console.reports == ["The console could not answer GET: ZeroDivisionError."]


async def test_a_fault_of_a_page_ends_in_the_console(
    console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch, world: Simulation
) -> None:
    browser = await console.signed_in("liaison")
    browser.client = httpx.AsyncClient(
        transport=httpx.ASGITransport(
            console.application
        ),  # which raises what the server would log
        base_url=browser.origin,
        cookies=browser.client.cookies,
    )

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret value")

    monkeypatch.setattr(world.mx.node, "status", broken)
    first = await browser.get("/state")
    monkeypatch.setattr(world.mx.node.sign_ins, "person", broken)  # so not even the frame can be
    replies = [first, *[await browser.get(path) for path in ("/state", "/to-do", "/nowhere")]]
    for reply in replies:
        assert reply.status_code == 500
        assert {name: reply.headers.get(name) for name in HEADERS} == HEADERS
        assert "a secret value" not in reply.text
    assert console.reports == ["The console could not answer GET: ZeroDivisionError."] * 4


async def test_a_method_that_a_page_has_not_is_told_those_it_has(
    console: ConsoleUnderTest,
) -> None:
    reply = await (await console.signed_in("liaison")).post("/state", {})
    assert (reply.status_code, {*reply.headers["allow"].split(", ")}) == (405, {"GET", "HEAD"})


async def test_by_https_the_cookie_and_the_browser_are_bound_to_it(world: Simulation) -> None:
    add_person(world.mx, "liaison", Role.LIAISON)
    origin = "https://console.agency.example"
    browser = console_of(world.mx, [origin]).browser(origin)
    reply = await browser.sign_in("liaison")
    assert reply.headers["set-cookie"].startswith("__Host-tearline-")
    assert "; secure" in reply.headers["set-cookie"].lower()
    assert reply.headers["strict-transport-security"] == "max-age=31536000"
    assert (await browser.get("/state")).status_code == 200
