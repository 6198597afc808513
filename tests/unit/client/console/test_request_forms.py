"""New requests and answers: a form, a preview of what leaves, and then it leaves once."""

import asyncio
import html
import re

import httpx
import pytest

from attacks.simulated_requests import PERSON, ask, phases
from support.four_eyes import amended, put_in_force
from support.simulation import ARTICLE, PURPOSE, Simulation
from tearline.errors import ExchangeUnreachable, NotFound, ValueRepeated
from tearline.limits import CONSOLE_DRAFT_S, MAX_CONSOLE_DRAFTS, MAX_PERSON_DRAFTS
from tearline.packets.packet import Urgency
from tearline.requests.progress import Phase
from tearline.requests.step import Ground
from tearline_client.console.drafts import HeldDrafts
from tearline_client.console.pages.request.planned import RequestDraft
from tearline_client.features.requests.service import RequestService
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, seen_in
from unit.client.console.test_work_pages import text_of

AGREEMENT = "narcotics-2026"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
TWO_GROUPS = b"".join(
    b'{"id":"%s","schema":"Person","properties":{"name":["%s"]}}\n' % (each, each)
    for each in (b"a", b"b")
)
ASKED = {
    "to": "us-justice",
    "under": f"{AGREEMENT}/{ARTICLE}",
    "purpose": PURPOSE,
    "urgency": "urgent",
    "offence": "洗钱",
    "link": "Qiu controls the account",
    "record": ["statements of the account", "", "who opened it"],
    "bank-account.accountNumber": "DE02120300000000202051",
}


@pytest.fixture
async def request_id(world: Simulation) -> bytes:
    """A request for two records, from the United States to Mexico."""
    return await ask(world.us, world.mx, Urgency.URGENT)


async def confirm(browser: Browser, draft: httpx.Response, **values: str) -> httpx.Response:
    """Sends a previewed draft."""
    assert draft.status_code == 303, text_of(draft.text)
    path = draft.headers["location"]
    assert path.startswith("/drafts/")
    return await browser.post(path, {"csrf": await browser.csrf(), **values})


async def post(browser: Browser, path: str, **values: str) -> httpx.Response:
    return await browser.post(path, {"csrf": await browser.csrf(), **values})


async def test_no_partner_of_several_is_asked_by_default(console: ConsoleUnderTest) -> None:
    page = (await (await console.signed_in("liaison")).get("/requests/new")).text
    assert '<select name="to" required><option value="">–</option><option>' in page


async def test_a_template_fills_the_form_in_the_language_that_is_chosen(
    console: ConsoleUnderTest,
) -> None:
    browser = await console.signed_in("liaison")
    reply = await browser.get(
        "/requests/new?template=underground-bank&language=zh", {"accept-language": "es"}
    )
    assert "利用地下钱庄" in reply.text  # for the partner
    assert "该账户在所述期间的交易明细" in reply.text
    assert "Lavado de dinero por un banco clandestino" in reply.text  # for the officer
    assert "us-justice" in reply.text
    assert ARTICLE in reply.text
    for odd in ("?template=none", "?language=tlh", "?template=<b>&language=../x"):
        assert (await browser.get(f"/requests/new{odd}")).status_code == 200


async def test_a_request_is_previewed_and_then_sent(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    draft = await post(browser, "/requests/new", **ASKED)  # type: ignore[arg-type]
    preview = await browser.get(draft.headers["location"])
    text = text_of(preview.text)
    for words in ("A request will be sent to: us-justice", "who opened it", "洗钱", "Clear"):
        assert words in text
    assert not world.mx.node.requests.list()  # it has not left
    sent = await confirm(browser, draft)
    await world.us.node.receive()
    (state,) = world.us.node.requests.list()
    view = world.us.node.requests.show(state.request.packet)
    assert sent.headers["location"] == f"/requests/{view.request.packet.hex()}"
    assert [each.record for each in view.items] == ["statements of the account", "who opened it"]
    assert view.progress.urgency is Urgency.URGENT
    page = text_of((await browser.get(sent.headers["location"])).text)
    assert "Request to us-justice" in page
    assert "DE02120300000000202051" in page


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"record": ["", ""]}, "TL-RFI"),
        ({"offence": " "}, "TL-RFI"),
        ({"urgency": "soon"}, "TL-RFI"),
        ({"to": "nowhere"}, "TL-"),
        ({"under": "narcotics-2026/no such"}, "TL-AGR"),
        ({"under": "no such/x"}, "TL-AGR"),
        ({"under": ""}, "TL-RFI"),
        ({"purpose": "curiosity"}, "TL-"),
    ],
)
async def test_a_form_that_is_refused_keeps_what_was_typed(
    world: Simulation, console: ConsoleUnderTest, changed: dict[str, str], code: str
) -> None:
    browser = await console.signed_in("liaison")
    reply = await post(browser, "/requests/new", **{**ASKED, **changed})  # type: ignore[arg-type]
    assert reply.status_code >= 400
    assert code in reply.text
    assert "Qiu controls the account" in reply.text
    assert "DE02120300000000202051" in reply.text
    assert not world.mx.node.requests.list()


async def test_an_item_is_answered_by_typed_fields_and_a_document(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    browser = await console.signed_in("liaison")
    path = f"/requests/{request_id.hex()}/answer"
    form = await browser.get(path)
    assert "statements of the account" in form.text
    assert accesses(world.mx)
    values = {
        "item": "1",
        "payment.amount": "250000",
        "payment.currency": "USD",
        "text": "as asked",
    }
    draft = await browser.send(path, values, [("documents", ("statement.pdf", PDF))])
    preview = text_of((await browser.get(draft.headers["location"])).text)
    for words in ("An answer to a request will be sent to: us-justice", "250000", "as asked"):
        assert words in preview
    assert "application/pdf" in preview
    assert (await confirm(browser, draft)).headers["location"] == f"/requests/{request_id.hex()}"
    await world.us.node.receive()
    one, two = world.us.node.requests.show(request_id).items
    assert one.answer
    assert two.is_open
    shown = world.us.node.packets.show(one.answer)
    contents = {value for opened in shown.view.best() for value in opened.field.values}
    assert {b"250000", PDF} <= contents


async def test_records_come_as_a_file_and_answer_the_ticked_items(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    browser = await console.signed_in("officer")
    path = f"/requests/{request_id.hex()}/answer"
    line = b'{"id":"a","schema":"BankAccount","properties":{"accountNumber":["DE00123"]}}\n'
    draft = await browser.send(path, {"item": ["1", "2"]}, [("records", ("records.jsonl", line))])
    await confirm(browser, draft)
    await world.us.node.receive()
    assert phases(request_id, world.us, world.mx) == [Phase.ANSWERED, Phase.ANSWERED]


@pytest.mark.parametrize(
    "files",
    [
        [("documents", ("run.exe", b"MZ\x90"))],
        [("documents", ("page.html", b"<script>alert(1)</script>"))],
        [("documents", ("picture.svg", b"<svg onload='alert(1)'/>"))],
        [("documents", ("statement.pdf", b"<html>%PDF</html>"))],
        [("documents", ("big.pdf", PDF + b" " * (1 << 20)))],
        [("records", ("records.jsonl", b"not json\n"))],
        [("records", ("records.jsonl", b"\xff\xfe\x00"))],
        [("records", ("records.jsonl", TWO_GROUPS))],
        [],
    ],
)  # fmt: skip
async def test_files_that_cannot_be_sent_are_refused_and_no_draft_is_kept(
    console: ConsoleUnderTest,
    world: Simulation,
    request_id: bytes,
    files: list[tuple[str, tuple[str, bytes]]],
) -> None:
    browser = await console.signed_in("liaison")
    path = f"/requests/{request_id.hex()}/answer"
    reply = await browser.send(path, {"item": "2", "text": "kept <b>words</b>"}, files)
    assert reply.status_code >= 400
    assert "TL-" in reply.text
    assert "kept <b>words</b>" in html.unescape(reply.text)
    assert "alert(1)" not in reply.text
    assert not world.mx.node.requests.show(request_id).steps
    assert not console.reports


async def test_a_supplement_says_what_it_overturns_and_takes_the_typed_id(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    browser = await console.signed_in("liaison")
    path = f"/requests/{request_id.hex()}/answer?supplement=1"
    assert (await browser.get(path)).status_code == 403  # while it is open
    await world.mx.node.requests.refuse(request_id, Ground.NOT_HELD, [], PERSON)
    assert "Items; tick each one that this answers" in (await browser.get(path)).text
    values = {"supplement": "1", "item": "2", "phone.phone": "+14155550100"}
    draft = await browser.send(path, values)
    preview = text_of((await browser.get(draft.headers["location"])).text)
    assert "This overturns earlier decisions: 2. calls of the phone : Refused" in preview
    wrong = await confirm(browser, draft, typed="yes")
    assert "TL-USE-005" in wrong.text
    assert "calls of the phone" in wrong.text  # the draft is still there
    typed = {"typed": request_id.hex()[:12], "seen": seen_in(wrong.text)}
    done = await confirm(browser, draft, **typed)
    assert done.status_code == 303
    first, second = world.mx.node.requests.show(request_id).items
    assert (first.ground, bool(second.answer)) == (Ground.NOT_HELD, True)


async def test_a_draft_that_is_sent_twice_leaves_once(
    world: Simulation, console: ConsoleUnderTest, request_id: bytes
) -> None:
    browser = await console.signed_in("liaison")
    draft = await post(browser, "/requests/new", **ASKED)  # type: ignore[arg-type]
    path, form = draft.headers["location"], {"csrf": await browser.csrf()}
    replies = await asyncio.gather(browser.post(path, form), browser.post(path, form))
    replies.append(await browser.post(path, form))
    assert {each.status_code for each in replies} == {303}
    assert len({each.headers["location"] for each in replies}) == 1
    ours = [view for view in world.mx.node.requests.list() if view.request.packet != request_id]
    assert len(ours) == 1
    assert (await browser.get(path)).headers["location"] == replies[0].headers["location"]


async def test_a_draft_that_waits_for_the_exchange_is_not_sent_again(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("liaison")
    draft = await post(browser, "/requests/new", **ASKED)  # type: ignore[arg-type]

    async def away(*_: object) -> None:
        raise ExchangeUnreachable

    with monkeypatch.context() as cut:
        for name in ("publish", "entries", "cosign"):
            cut.setattr(world.mx.exchange, name, away)
        first = await confirm(browser, draft)
        assert (first.status_code, "TL-REQ-011" in first.text) == (202, True)
        again = await confirm(browser, draft)
        assert (again.status_code, again.headers["location"]) == (303, "/state")
    await world.mx.node.sync()
    await world.us.node.receive()
    assert len(world.us.node.requests.list()) == 1


async def test_a_refused_draft_keeps_the_reason_that_was_typed(
    console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("liaison")
    draft = await post(browser, "/requests/new", **ASKED)  # type: ignore[arg-type]

    async def refuse(*_: object) -> None:
        raise ValueRepeated("its narrative")

    monkeypatch.setattr(RequestService, "submit", refuse)
    reply = await confirm(browser, draft, repeats="The partner asked for it.")
    assert (reply.status_code, "The partner asked for it.</textarea>" in reply.text) == (403, True)


async def test_a_draft_is_its_person_s_and_does_not_stay(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser, other = await console.signed_in("liaison"), await console.signed_in("officer")
    draft = await post(browser, "/requests/new", **ASKED)  # type: ignore[arg-type]
    path = draft.headers["location"]
    for reply in (await other.get(path), await post(other, path)):
        assert reply.status_code == 404
        assert "Qiu" not in reply.text
    none = await other.get("/drafts/" + "0" * 32)
    assert none.status_code == 404
    await post(browser, "/sign-out")
    again = await console.signed_in("liaison")
    assert (await again.get(path)).status_code == 404
    assert not world.mx.node.requests.list()


def test_few_drafts_are_kept_and_none_for_long(world: Simulation) -> None:
    drafts = HeldDrafts()
    content = RequestDraft(plan=world.us.plan(world.mx))
    names = [drafts.hold("li", content, 100) for _ in range(MAX_PERSON_DRAFTS + 1)]
    with pytest.raises(NotFound):
        drafts.find(names[0], "li", 100)
    assert drafts.find(names[-1], "li", 100 + CONSOLE_DRAFT_S - 1).content is content
    for now_s in (100 + CONSOLE_DRAFT_S, 99):
        held = drafts.hold("mo", content, 100)
        with pytest.raises(NotFound):
            drafts.find(held, "mo", now_s)
    first = drafts.hold("ann", content, 100)
    for number in range(MAX_CONSOLE_DRAFTS):
        drafts.hold(f"person {number}", content, 100)
    with pytest.raises(NotFound):
        drafts.find(first, "ann", 100)


# Four eyes.


@pytest.fixture
async def strict(world: Simulation, request_id: bytes) -> bytes:
    """The request, whose article asks for two persons by now."""
    await put_in_force(world, amended(world, AGREEMENT, four_eyes=True), world.cn, world.mx)
    assert world.mx.node.agreements.by_name(AGREEMENT).version == 2
    return request_id


async def drafted(console: ConsoleUnderTest, request: bytes, name: str = "analyst") -> str:
    """Has a person draft an answer for a second one; the path of its approval."""
    browser = await console.signed_in(name)
    path = f"/requests/{request.hex()}/answer"
    values = {"item": "1", "payment.amount": "250000", "text": "see the date"}
    draft = await browser.send(path, values)
    preview = text_of((await browser.get(draft.headers["location"])).text)
    assert "The article requires a second person." in preview
    reply = await confirm(browser, draft)
    location: str = reply.headers["location"]
    assert location.startswith("/approvals/")
    return location


async def test_an_answer_is_drafted_by_one_person_and_approved_by_another(
    world: Simulation, console: ConsoleUnderTest, strict: bytes
) -> None:
    path = await drafted(console, strict)
    liaison = await console.signed_in("liaison")
    assert f'href="{path}"' in (await liaison.get("/to-do")).text
    assert f'href="{path}"' in (await liaison.get(f"/requests/{strict.hex()}")).text
    before = len(accesses(world.mx))
    page = await liaison.get(path)
    assert {each.actor for each in accesses(world.mx)[before:]} == {"liaison"}
    text = text_of(page.text)
    for words in ("Drafted by analyst", "250000", "see the date", "us-justice"):
        assert words in text
    (agreed,) = re.findall(r'name="agreed" value="([0-9a-f]+)"', page.text)
    reply = await post(liaison, path, verdict="approve", agreed=agreed)
    assert reply.headers["location"] == f"/requests/{strict.hex()}"
    await world.us.node.receive()
    assert world.us.node.requests.show(strict).items[0].answer
    assert (await post(liaison, path, verdict="approve", agreed=agreed)).status_code == 404


async def test_nobody_approves_alone_or_another_review(
    world: Simulation, console: ConsoleUnderTest, strict: bytes
) -> None:
    path = await drafted(console, strict, "liaison")
    liaison, officer = await console.signed_in("liaison"), await console.signed_in("officer")
    own = await liaison.get(path)
    assert "You drafted it: another person approves it." in text_of(own.text)
    assert "Approve and send" not in own.text
    alone = await post(liaison, path, verdict="approve", agreed="")
    assert (alone.status_code, "TL-TLS" in alone.text or "TL-POL" in alone.text) == (403, True)
    other = await post(officer, path, verdict="approve", agreed="ab" * 32)
    assert other.status_code >= 400
    assert "250000" in other.text  # the page shows what it is now
    for verdict, agreed in (("maybe", ""), ("approve", "zz"), ("", "")):
        odd = await post(officer, path, verdict=verdict, agreed=agreed)
        assert odd.status_code == 400
    analyst = await console.signed_in("analyst")
    refused = await post(analyst, path, verdict="approve", agreed="")
    assert refused.status_code == 403
    assert not world.mx.node.requests.show(strict).items[0].answer
    assert (await post(analyst, path, verdict="reject")).status_code == 303
    assert not world.mx.node.approvals.waiting()


async def test_an_auditor_sees_no_draft(console: ConsoleUnderTest, strict: bytes) -> None:
    path = await drafted(console, strict)
    auditor = await console.signed_in("auditor")
    for reply in (await auditor.get(path), await post(auditor, path, verdict="reject")):
        assert reply.status_code == 403
        assert "250000" not in reply.text
    assert path not in (await auditor.get("/to-do")).text
