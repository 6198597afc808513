"""A person types nothing twice: not after a refusal, a button, a preview or a session's end."""

import html
import json
import re
from importlib.resources import files

import httpx
import pytest

from attacks.simulated_requests import ask
from attacks.test_recalled_drafts import of, recall
from attacks.test_recalls import path_of
from support.node import context_of
from support.simulation import Simulation
from tearline.errors import DraftsFull
from tearline.limits import (
    CONSOLE_DRAFT_S,
    CONSOLE_IDLE_S,
    MAX_CONSOLE_UPLOAD_BYTES,
    MAX_PENDING_AGE_MS,
)
from tearline.persons.tokens import Role
from tearline_client.console.multipart import BoundedBody
from tearline_client.console.routes import ROUTES
from tearline_client.console.templates import environment
from tearline_client.features.forms.service import MAX_FORM_BYTES, MAX_FORMS
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.store.drafts import DraftStore
from tearline_client.store.recovery import Restored
from unit.client.console.browsers import (
    PASSPHRASE,
    Browser,
    ConsoleUnderTest,
    add_person,
    console_of,
)
from unit.client.console.test_compose import FTM, drafted, post, terms, wish
from unit.client.console.test_packet_pages import text_of
from unit.client.console.test_request_forms import ASKED

NAME = "ab" * 16
OTHER = "cd" * 16
TEXT = "Seen twice at the harbour, with two men."


@pytest.fixture
def theirs(world: Simulation) -> ConsoleUnderTest:
    for name in ("ana", "bob"):
        add_person(world.us, name, Role.LIAISON)
    return console_of(world.us)


@pytest.fixture
async def ana(theirs: ConsoleUnderTest) -> Browser:
    return await theirs.signed_in("ana")


def typed_in(world: Simulation, **more: str | list[str]) -> dict[str, str | list[str]]:
    """A form of fields in the middle of the work, under a name."""
    fields = {"e0": "Person", "e0.id": "p1", "e0.name": "Qiu Wenhao", "e0.notes": "Two phones"}
    return {**wish(world, by="form", narrative=TEXT, kept=NAME, ftm=""), **fields, **more}


def assert_all_of_it(page: str) -> None:
    """Every typed value stands in a form of the page."""
    for words in ("Qiu Wenhao", "Two phones", TEXT, 'value="p1"', f'value="{NAME}"'):
        assert words in html.unescape(page), words
    assert re.search(r'name="to" value="cn-public-security" checked', page)
    assert '<option selected value="B2">' in page


async def kept(browser: Browser, name: str = NAME) -> str:
    reply = await browser.get(f"/compose?kept={name}")
    return reply.text


@pytest.mark.parametrize(
    "does",
    [{"does": "add", "schema": "Vessel"}, {"does": "more:0", "more0": "alias"}, {"does": "x"}],
    ids=["Add", "Show it", "a button that is none"],
)
async def test_a_button_loses_nothing(
    world: Simulation, ana: Browser, does: dict[str, str]
) -> None:
    reply = await post(ana, "/compose", typed_in(world, **does))
    assert_all_of_it(reply.text)
    assert_all_of_it(await kept(ana))


BIG = b"x" * (MAX_CONSOLE_UPLOAD_BYTES + 1)


@pytest.mark.parametrize(
    "file",
    [("a.json", BIG), ("a.json", b"\xff\xfe{"), ("", b"")],
    ids=["too large", "of another type", "none"],
)
async def test_a_refused_upload_loses_nothing(
    world: Simulation, ana: Browser, file: tuple[str, bytes]
) -> None:
    sent = {"file": (*file, "application/octet-stream")}
    values = wish(world, narrative=TEXT, ftm="", kept=NAME, reference="our 17/3")
    reply = await post(ana, "/compose", values, sent)
    assert reply.status_code == 400
    for page in (reply.text, await kept(ana)):
        assert TEXT in page
        assert "our 17/3" in page
        assert re.search(r'name="to" value="mx-prosecutor" checked', page)
    assert "TL-" in reply.text
    assert ("Choose the files again" in reply.text) == bool(file[0])


async def test_a_refused_file_of_an_answer_loses_nothing(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    request = (await ask(world.us, world.mx)).hex()
    browser = await console.signed_in("liaison")
    values = {"item": "1", "text": TEXT, "bank-account.bankName": "Banco", "kept": NAME}
    path = f"/requests/{request}/answer"
    reply = await browser.send(path, values, [("documents", ("a.pdf", BIG))])
    assert reply.status_code == 400
    for page in (reply.text, (await browser.get(f"{path}?kept={NAME}")).text):
        assert TEXT in page
        assert 'value="Banco"' in page
        assert re.search(r'name="item" value="1" checked', page)


async def test_the_way_back_from_a_preview_brings_the_form(world: Simulation, ana: Browser) -> None:
    preview = await ana.get(await drafted(ana, typed_in(world)))
    (back,) = re.findall(r'<a href="([^"]+)">Change the contents', preview.text)
    assert_all_of_it((await ana.get(back)).text)


async def test_a_guard_and_a_document_outlive_the_way_back(world: Simulation, ana: Browser) -> None:
    draft = await drafted(ana, typed_in(world))
    guard = {"does": "guard", "field": "p1/name", "category": "method"}
    reply = await ana.post(draft, {"csrf": await ana.csrf(), **guard})
    draft = reply.headers["location"]
    upload = [("file", ("a.txt", b"a note of ours"))]
    reply = await ana.send(f"{draft}/document", {"category": ""}, upload)
    back = await kept(ana)
    (guarded,) = re.findall(r'name="guarded" value="([^"]+)" checked', back)
    draft = await drafted(ana, typed_in(world, guarded=guarded))
    page = (await ana.get(draft)).text
    assert "a.txt" in page
    assert "<bdi>p1/name</bdi>: method" in page


async def test_a_file_of_text_comes_back_as_if_it_was_pasted(
    world: Simulation, ana: Browser
) -> None:
    sent = {"file": ("lead.ftm", FTM.encode(), "application/json")}
    reply = await post(ana, "/compose", wish(world, ftm="", kept=NAME), sent)
    assert reply.status_code == 303
    assert FTM in html.unescape(await kept(ana))


async def test_a_template_keeps_what_was_typed(console: ConsoleUnderTest) -> None:
    browser = await console.signed_in("liaison")
    template = {"template": "underground-bank", "language": "zh", "does": "fill-in"}
    values = {**ASKED, **template, "csrf": await browser.csrf()}
    page = html.unescape((await browser.post("/requests/new", values)).text)
    for words in ("who opened it", "Qiu controls the account", "DE02120300000000202051", "洗钱"):
        assert words in page
    assert "该账户在所述期间的交易明细" in page
    assert "利用地下钱庄" not in page  # the offence was typed
    other = {**values, "template": "", "record": ["该账户在所述期间的交易明细", "mine"]}
    other["template"] = "underground-bank"
    other["language"] = "en"
    page = html.unescape((await browser.post("/requests/new", other)).text)
    assert "mine" in page
    assert "该账户在所述期间的交易明细" not in page  # a text of a template, and unchanged


async def test_a_form_that_comes_after_the_session_comes_back_with_the_next_one(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    values = typed_in(world)
    csrf = await ana.csrf()
    theirs.clock.now_s += CONSOLE_IDLE_S
    reply = await post_as(ana, "/compose", {**values, "csrf": csrf})
    assert reply.status_code == 403
    assert "Nothing was done" in reply.text
    (carried,) = set(re.findall(r'name="carried" value="([^"]+)"', reply.text))
    given = {"name": "ana", "carried": html.unescape(carried), "next": ""}
    wrong = await ana.post("/sign-in", {**given, "passphrase": "another"})
    assert carried in wrong.text  # a wrong passphrase loses nothing either
    assert not world.us.node.forms.list("ana")
    reply = await ana.post("/sign-in", {**given, "passphrase": PASSPHRASE})
    assert reply.headers["location"] == f"/compose?kept={NAME}"
    assert_all_of_it((await ana.get(reply.headers["location"])).text)
    assert not world.us.node.packets.ids()


async def post_as(
    browser: Browser, path: str, values: dict[str, str | list[str]]
) -> httpx.Response:
    """Sends a form with files, with the token that it holds."""
    headers = {"origin": browser.origin, "sec-fetch-site": "same-origin"}
    return await browser.client.post(
        path, data=values, files={"file": ("", b"", "text/plain")}, headers=headers
    )


async def test_a_form_as_it_is_typed_outlives_the_session_and_the_console(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    values = {**typed_in(world), "page": "/compose", "csrf": await ana.csrf()}
    theirs.clock.now_s += CONSOLE_IDLE_S - 1
    assert (await ana.post("/drafts", values)).text == "Kept as a draft of yours."
    theirs.clock.now_s += CONSOLE_IDLE_S - 1  # to type is to be there
    assert (await ana.get("/state")).status_code == 200
    theirs.clock.now_s += CONSOLE_IDLE_S
    assert (await ana.post("/drafts", values)).status_code == 303
    again = await console_of(world.us).signed_in("ana")  # the console began anew
    assert ">Your drafts (1)<" in (await again.get("/to-do")).text
    listed = await again.get("/drafts")
    assert "Compose a packet" in text_of(listed.text)
    assert f'href="/compose?kept={NAME}"' in listed.text
    assert_all_of_it(await kept(again))
    await again.act("/drafts", kept=NAME, does="discard")
    assert "No draft of yours is kept" in (await again.get("/drafts")).text


async def test_a_step_of_a_request_is_kept_as_it_is_typed(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser, request = await console.signed_in("liaison"), await ask(world.us, world.mx)
    path = f"/requests/{request.hex()}"
    assert 'name="kept"' in (await browser.get(path)).text
    step = {"kind": "refuse", "item": "2", "ground": "not-held", "text": TEXT, "kept": NAME}
    reply = await browser.act("/drafts", **step, page=path)
    assert reply.text == "Kept as a draft of yours."
    page = (await browser.get(f"{path}?kept={NAME}")).text
    (form,) = re.findall(r'<details class="act" open>.*?</details>', page, re.S)
    assert f">{TEXT}</textarea>" in form
    assert re.findall(r'name="(\w+)" value="([\w-]+)"[^>]* checked', form) == [
        ("item", "2"),
        ("ground", "not-held"),
    ]
    listed = (await browser.get("/drafts")).text
    assert f'<a href="{path}?kept={NAME}">Request</a>' in listed
    assert (await browser.act(path, **step)).status_code == 303
    assert not world.mx.node.forms.list("liaison")


async def test_a_sent_packet_leaves_no_draft(world: Simulation, ana: Browser) -> None:
    draft = await drafted(ana, typed_in(world))
    assert len(world.us.node.forms.list("ana")) == 1
    reply = await ana.post(f"{draft}/send", {"csrf": await ana.csrf()})
    assert reply.status_code == 303
    assert not world.us.node.forms.list("ana")


async def test_a_preview_that_ended_leads_back_to_its_form(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    draft = await drafted(ana, typed_in(world))
    theirs.clock.now_s += CONSOLE_DRAFT_S - 1
    await ana.get("/state")
    theirs.clock.now_s += 1
    reply = await ana.get(draft)
    assert reply.status_code == 404
    assert f'href="/compose?kept={NAME}">Go on with what you typed' in reply.text


def without_names(page: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "", page)


async def test_a_draft_is_of_one_person(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    await post(ana, "/compose", typed_in(world, does="add", schema="Person"))
    bob = await theirs.signed_in("bob")
    theirs_too, none = await kept(bob), await kept(bob, OTHER)
    assert "Qiu" not in theirs_too
    assert without_names(theirs_too) == without_names(none)
    assert NAME not in (await bob.get("/drafts")).text
    replies = [await bob.act("/drafts", kept=name, does="discard") for name in (NAME, OTHER)]
    assert replies[0].status_code == replies[1].status_code
    await post(bob, "/compose", wish(world, narrative="Mine.", kept=NAME, does="table", by="csv"))
    assert_all_of_it(await kept(ana))
    assert "Mine." not in await kept(ana)


async def test_drafts_of_a_person_are_bounded_and_the_form_says_so(
    world: Simulation, ana: Browser
) -> None:
    forms = world.us.node.forms
    for number in range(MAX_FORMS):
        forms.keep("ana", f"{number:032x}", "/compose", [("narrative", "x")])
    reply = await post(ana, "/compose", typed_in(world, does="add", schema="Person"))
    assert reply.status_code == 200
    assert "TL-POL-032" in reply.text
    assert_all_of_it(reply.text)
    forms.keep("ana", f"{0:032x}", "/compose", [("narrative", "y")])  # one that is kept already
    forms.keep("bob", NAME, "/compose", [("narrative", "x" * (MAX_FORM_BYTES - 200))])
    data = {"csrf": await ana.csrf(), "kept": f"{1:032x}", "page": "/compose"}
    large = await ana.post("/drafts", {**data, "narrative": "x" * 1000})
    assert large.status_code == 200
    for number in range(MAX_FORMS):
        forms.discard("ana", f"{number:032x}")
    forms.keep("ana", OTHER, "/compose", [("narrative", "x" * (MAX_FORM_BYTES - 200))])
    reply = await post(ana, "/compose", typed_in(world, does="add", schema="Person"))
    assert "TL-POL-032" in reply.text


async def test_a_draft_ends_a_month_after_its_last_change_by_both_clocks(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = world.us.node
    node.forms.keep("ana", NAME, "/compose", [("narrative", TEXT)])
    (draft,) = node.forms.list("ana")
    assert draft.ends_ms == draft.time_ms + MAX_PENDING_AGE_MS
    clock = context_of(node).now_ms
    object.__setattr__(context_of(node), "now_ms", lambda: clock() + 400 * 24 * 3_600_000)
    node.feeds.drafts.expire()
    assert node.forms.list("ana")  # one moment of a clock far ahead ends nothing
    object.__setattr__(context_of(node), "now_ms", clock)
    monkeypatch.setattr(type(node.feeds.drafts), "_agreed_ms", lambda self: draft.ends_ms + 1)
    node.feeds.drafts.expire()
    assert not node.forms.list("ana")


def test_no_file_of_the_node_holds_what_was_typed(world: Simulation) -> None:
    world.us.node.forms.keep("ana", NAME, "/compose", [("narrative", TEXT)])
    home = world.folder / "us-justice"
    files = {each.name: each.read_bytes() for each in home.rglob("*") if each.is_file()}
    assert any(b"feed_draft" in data for data in files.values())
    assert any(name.endswith("-wal") and data for name, data in files.items())
    for typed in (TEXT, NAME, "narrative"):
        assert not [name for name, data in files.items() if typed.encode() in data]


async def test_recalled_values_leave_a_form(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    (packet,) = await world.mx.send(world.us)
    await world.settle()
    name, *_ = of(world.us, path_of(world.us, packet), packet).texts
    escaped = json.dumps({"name": name})
    own = {"e0.name": "Ana López", "does": "add", "schema": "Person"}
    await post(ana, "/compose", typed_in(world, reference=f"as {name.upper()}", **own))
    pasted = wish(world, kept=OTHER, by="csv", does="table", ftm=escaped, narrative=TEXT)
    await post(ana, "/compose", pasted)
    draft = await drafted(ana, typed_in(world, kept="ef" * 16, reference=f"as {name}"))
    assert (await ana.get(draft)).status_code == 200
    await recall(world, packet)
    page = await kept(ana)
    assert name.upper() not in page
    assert "1 value is gone from this draft" in page
    assert TEXT in page
    assert "Ana López" in page
    page = html.unescape(await kept(ana, OTHER))
    assert escaped not in page
    assert TEXT in page
    assert "was erased with its packet" in (await ana.get("/drafts")).text
    for place in (draft, f"{draft}/send"):
        assert (await ana.get(place)).status_code == 404  # what was planned from them has ended
    reply = await ana.post(f"{draft}/send", {"csrf": await ana.csrf()})
    assert reply.status_code == 404


async def test_a_page_from_before_a_recall_brings_no_value_back(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    (packet,) = await world.mx.send(world.us)
    await world.settle()
    name, *_ = of(world.us, path_of(world.us, packet), packet).texts
    stale = {**typed_in(world, reference=f"as {name}"), "page": "/compose"}
    assert (await post(ana, "/drafts", stale)).status_code == 200
    await recall(world, packet)
    told = await kept(ana)
    (lost,) = set(re.findall(r'name="lost" value="(\d+)"', told))
    for path in ("/drafts", "/compose"):
        reply = await post(ana, path, {**stale, "narrative": f"{TEXT} More.", "does": "add"})
        assert reply.status_code == 400
        assert "values in it were erased" in reply.text
        assert name not in await kept(ana)
    carried = json.dumps([NAME, "/compose", 0, [["reference", name]]])
    signing_in = {"name": "ana", "passphrase": PASSPHRASE, "carried": carried}
    reply = await theirs.browser().post("/sign-in", signing_in)
    assert reply.headers["location"] == f"/compose?kept={NAME}"
    assert name not in await kept(ana)
    fresh = typed_in(world, reference="as we knew", lost=lost)
    assert (await post(ana, "/drafts", {**fresh, "page": "/compose"})).status_code == 200
    page = await kept(ana)
    assert "as we knew" in page
    assert f"{lost} values are gone from this draft" in page


async def test_a_form_about_a_recalled_packet_loses_each_of_its_values(
    world: Simulation, ana: Browser
) -> None:
    (packet,) = await world.mx.send(world.us)
    await world.settle()
    amount, *_ = of(world.us, path_of(world.us, packet, "/Payment/amount"), packet).texts
    values = {"source": packet.hex()[:12], "narrative": f"It was {amount}.", "reference": "our 17"}
    world.us.node.forms.keep("ana", NAME, "/compose", values.items())
    world.us.node.forms.keep("ana", OTHER, "/compose", [("narrative", f"It was {amount}.")])
    await recall(world, packet)
    forms = world.us.node.forms
    assert dict(forms.values("ana", NAME)) == {k: values[k] for k in ("source", "reference")}
    assert forms.values("ana", OTHER)  # an amount alone tells of no packet


def test_a_body_over_its_bound_keeps_its_texts() -> None:
    def part(head: str, content: bytes) -> bytes:
        return f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"

    texts = part('name="a"', b'; filename="no file"') + part('name="z"', b"last")
    first = part('name="f"; filename="f"', b"x" * 5000)
    whole = part('name="a"', b"1") + first + part('name="g"; filename="g"', b"y" * 90) + texts
    for step in (1, 7, 64, 6000):
        body = BoundedBody(b"b", 600)
        for start in range(0, len(whole), step):
            body.add(whole[start : start + step])
        assert body.is_cut
        assert bytes(body.data).endswith(texts)
        assert bytes(body.data).startswith(part('name="a"', b"1"))
        assert len(body.data) <= 600


async def test_no_crafted_form_is_carried_elsewhere(theirs: ConsoleUnderTest) -> None:
    browser = theirs.browser()
    good = {"name": "ana", "passphrase": PASSPHRASE}
    odd = [
        "x",
        "{}",
        "[1, 2]",
        '["x", "/compose", 0, []]',
        f'["{NAME}", "/compose", 0, [1]]',
        "[" * 9000,
    ]
    odd.append(f'["{NAME}", "/compose", 0, [["narrative", "\\ud800"]]]')
    for carried in odd:
        reply = await browser.post("/sign-in", {**good, "carried": carried})
        assert (reply.status_code, "TL-USE-008" in reply.text) == (400, True), carried
    for page in ("//evil.example", "https://evil.example", "/a?b", "\\\\evil", "/compose/../x?"):
        reply = await browser.post("/sign-in", {**good, "carried": json.dumps([NAME, page, 0, []])})
        assert reply.headers["location"] == "/drafts"


async def test_values_of_a_form_without_a_page_of_its_own_stand_in_the_list(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    csrf = await ana.csrf()
    theirs.clock.now_s += CONSOLE_IDLE_S
    values = {"csrf": csrf, "text": TEXT}
    reply = await ana.post(f"/proposals/{'00' * 32}/decline", values)
    (carried,) = set(re.findall(r'name="carried" value="([^"]+)"', reply.text))
    given = {"name": "ana", "passphrase": PASSPHRASE, "carried": html.unescape(carried)}
    reply = await ana.post("/sign-in", given)
    assert TEXT in (await ana.get(reply.headers["location"])).text


async def test_a_refused_case_comes_back(world: Simulation, ana: Browser) -> None:
    values = {"title": "Riverbank", "summary": TEXT, "agreement": "narcotics-2026", "kept": NAME}
    reply = await ana.act("/cases/new", **values)
    assert f'href="/cases/new?kept={NAME}">Go on with what you typed' in reply.text
    page = (await ana.get(f"/cases/new?kept={NAME}")).text
    assert TEXT in page
    assert 'value="Riverbank"' in page


async def test_a_file_alone_is_refused_where_it_is_read(world: Simulation, ana: Browser) -> None:
    draft = await drafted(ana, typed_in(world))
    reply = await ana.post(f"{draft}/document", {"csrf": await ana.csrf(), "category": ""})
    assert reply.status_code == 400
    assert "What each partner will see" in reply.text
    assert terms(world) not in reply.text


async def test_a_page_of_an_earlier_session_loses_nothing(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    old = await ana.csrf()
    await ana.sign_in("ana")
    reply = await post_as(ana, "/compose", {**typed_in(world), "csrf": old})
    assert (reply.status_code, "TL-USE-008" in reply.text) == (400, True)
    assert not world.us.node.forms.list("ana")  # no page elsewhere has a draft stored
    (carried,) = re.findall(r'name="carried" value="([^"]+)"', reply.text)
    reply = await ana.act("/drafts", carried=html.unescape(carried))
    assert_all_of_it((await ana.get(reply.headers["location"])).text)


async def test_a_form_with_two_names_is_refused_as_any_other(
    theirs: ConsoleUnderTest, ana: Browser
) -> None:
    values = {"kept": [NAME, OTHER], "narrative": TEXT}
    for browser, status in ((theirs.browser(), 403), (ana, 400)):
        reply = await browser.post("/compose", values)
        assert reply.status_code == status
        assert TEXT in reply.text
    assert theirs.reports == []


async def test_a_person_without_the_role_reads_no_draft_of_its_page(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    await post(ana, "/compose", typed_in(world, does="add", schema="Person"))
    LocalIssuer(world.us.node.keystore).set_roles("ana", [Role.ANALYST])
    analyst = await theirs.signed_in("ana")
    for page in ("/drafts", f"/requests/new?kept={NAME}"):
        reply = await analyst.get(page)
        assert reply.status_code == 200
        assert "Qiu" not in reply.text
        assert TEXT not in reply.text
    assert "Discard" in (await analyst.get("/drafts")).text


async def test_another_page_does_not_take_the_place_of_a_draft(
    world: Simulation, ana: Browser
) -> None:
    await post(ana, "/compose", typed_in(world, does="add", schema="Person"))
    page = (await ana.get(f"/cases/new?kept={NAME}")).text
    assert f'name="kept" value="{NAME}"' not in page


async def test_another_language_shows_the_form_as_it_was_typed(
    world: Simulation, ana: Browser
) -> None:
    csrf = await ana.csrf()
    shown = await ana.get("/compose?terms=" + terms(world) + "&kind=lead")
    (name,) = set(re.findall(r'name="kept" value="([^"]+)"', shown.text))
    await ana.post("/drafts", {**typed_in(world, kept=name), "page": "/compose", "csrf": csrf})
    pages = [shown, await post(ana, "/compose", typed_in(world, does="x"))]
    for page, kept_name in zip(pages, (name, NAME), strict=True):
        (place,) = re.findall(r'name="next" value="([^"]+)"', page.text)
        values = {"csrf": csrf, "language": "zh", "next": html.unescape(place)}
        reply = await ana.post("/language", values)
        again = (await ana.get(reply.headers["location"])).text
        assert f'name="kept" value="{kept_name}"' in again
        assert TEXT in again


async def test_a_form_too_long_to_come_along_leads_to_what_was_kept(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    csrf = await ana.csrf()
    long = typed_in(world, narrative="x" * 200_000, reference="%" * 40_000)
    theirs.clock.now_s += CONSOLE_IDLE_S
    reply = await post_as(ana, "/compose", {**long, "csrf": csrf})
    assert 'name="carried"' not in reply.text
    assert f'name="next" value="/compose?kept={NAME}"' in reply.text


async def test_every_word_of_a_draft_counts_against_the_bound(
    world: Simulation, ana: Browser
) -> None:
    page, values = "/" + "a" * 200_000, {"csrf": await ana.csrf(), "does": "keep"}
    sizes = [
        (await ana.post("/drafts", {**values, "kept": f"{n:032x}", "page": page})).status_code
        for n in range(MAX_FORMS)
    ]
    assert sizes == [200] * MAX_FORMS
    with pytest.raises(DraftsFull):
        world.us.node.forms.keep("ana", f"{0:032x}", page, [("a", "x" * (MAX_FORM_BYTES - 10**6))])


FREE_TEXT = re.compile(r'<textarea|name="repeats"')


def test_no_page_has_a_free_text_whose_form_ends_with_the_session() -> None:
    found = set[str]()
    for name in environment("en").list_templates(["html"]):
        text = (files("tearline_client.console") / "templates" / name).read_text()
        for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
            (action,) = re.findall(r'action="([^"]+)"', form.partition("\n")[0])
            if FREE_TEXT.search(form) and action.startswith("/"):
                found.add(re.sub(r"\{\{ [^}]+ \}\}", "x", action))
    assert "/compose/x/x" in found
    routes = [each for each in ROUTES if each.method == "POST" and each.keeps]
    lost = {path for path in found - {"/compose/x/x"} if not any(r.fits(path) for r in routes)}
    assert lost == set()


def test_the_values_of_many_forms_are_not_read_where_their_number_suffices(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = world.us.node
    for number in range(3):
        node.forms.keep("ana", f"{number:032x}", "/compose", [("narrative", TEXT)])
    opened: list[object] = []
    monkeypatch.setattr(DraftStore, "_opened", lambda self, rows: opened.extend(rows) or opened)
    node.forms.keep("ana", NAME, "/compose", [("narrative", TEXT)])
    assert context_of(node).stores.drafts.total() == 4
    assert context_of(node).stores.drafts.of_programs() == []


def test_a_node_from_a_backup_has_no_form_with_values_recalled_since(world: Simulation) -> None:
    node = world.us.node
    node.forms.keep("ana", NAME, "/compose", [("narrative", TEXT)])
    stores = context_of(node).stores
    with stores.database.transaction():
        stores.recovery.put_restored(Restored(time_s=1, log_size=1))
    assert not node.forms.list("ana")
