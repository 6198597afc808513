"""The story of the demo, wholly in browsers: officers, a second person, and an auditor.

Exchange and nodes are processes of their own. Each telling works on the same federation, with
packets of its own.
"""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, expect

from browser.conftest import Screen
from browser.desk import Desk, persons, signed_in
from tearline.persons.tokens import Role
from tearline_client.audit.exhibit_verifier import judge_exhibit
from tearline_client.audit.export_verifier import judge_export
from tearline_client.audit.verifier import Outcome
from tearline_client.console.languages import language
from tearline_client.demo.consoles import DemoConsole
from tearline_client.demo.lead import (
    ACCOUNT,
    AMOUNT,
    ENTITIES,
    NARRATIVE,
    RECORD_AMOUNT,
    RIGHT_AMOUNT,
    SOURCE,
    SUSPECT,
    lead_jsonl,
)
from tearline_client.demo.step import CN, MX, US

AGREEMENT = "narcotics-2026"
LEAD_TERMS, STRICT_TERMS = f"{AGREEMENT} · money-laundering", f"{AGREEMENT} · informants"
TELLINGS = (("en", True), ("en", False), ("zh", True), ("es", True))


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The persons of the story.

    Attributes:
        ana: Liaison officer of the American agency.
        owen: Officer in charge there, the second person.
        iris: Auditor there.
        mei: Liaison officer of the Chinese agency.
        jun: Officer in charge there.
        luz: Liaison officer of the Mexican agency.
    """

    ana: Desk
    owen: Desk
    iris: Desk
    mei: Desk
    jun: Desk
    luz: Desk


@asynccontextmanager
async def at_work(
    consoles: Mapping[str, DemoConsole],
    browser: Browser,
    faults: list[str],
    code: str,
    script: bool,
) -> AsyncIterator[Cast]:
    """Signs everyone in."""
    known = persons(consoles)
    seats = {
        "ana": (US, Role.LIAISON),
        "owen": (US, Role.OFFICER),
        "iris": (US, Role.AUDITOR),
        "mei": (CN, Role.LIAISON),
        "jun": (CN, Role.OFFICER),
        "luz": (MX, Role.LIAISON),
    }
    async with AsyncExitStack() as windows:
        desks = {}
        for name, (agency, role) in seats.items():
            screen = Screen(origin=consoles[agency].origin, browser=browser, faults=faults)
            desks[name] = await windows.enter_async_context(
                signed_in(screen, known[agency, role], language(code), script=script)
            )
        yield Cast(**desks)


async def begin(desk: Desk, terms: str, *to: str, kind: str = "lead") -> None:
    """Chooses terms and partners of a packet whose contents are pasted."""
    await desk.page.locator("#terms").select_option(terms)
    await desk.page.locator("#kind").select_option(kind)
    await desk.page.locator("#by").select_option("ftm")
    await desk.press("Continue")
    for name in to:
        await desk.page.locator(f"input[name=to][value={name}]").check()


async def look_at_matrix(desk: Desk, contents: str, narrative: str = "") -> None:
    """Pastes the contents, and looks at the view of each partner."""
    await desk.page.locator("#ftm").fill(contents)
    await desk.page.locator("#narrative").fill(narrative)
    await desk.press("Show what each partner will see")
    await desk.expect_heading("What each partner will see")


async def send(desk: Desk) -> str:
    """Sends from the matrix on; returns the packet's id."""
    await desk.follow("Continue to the last page")
    await desk.confirm()
    await desk.press("Send")
    await desk.expect_said("The packet was sent. The exchange accepted and logged it.")
    return desk.packet


async def read(desk: Desk, packet: str) -> None:
    """Opens a packet from the list, once it has arrived."""
    link = await desk.await_at("/packets", f'a[href="/packets/{packet}"]')
    await link.click()
    await expect(desk.page.locator(".paper-foot")).to_contain_text(packet)


async def lead_is_sent_and_read(cast: Cast) -> str:
    """Two partners, two views; one of them gives feedback. Returns the packet."""
    await cast.ana.open("/compose")
    await begin(cast.ana, LEAD_TERMS, CN, MX)
    await look_at_matrix(cast.ana, lead_jsonl(), NARRATIVE)
    for field, category in (
        ("company-lantern/notes", "identity.source"),
        ("person-qiu/notes", "method"),
    ):
        await cast.ana.page.locator("#guard-field").select_option(field)
        await cast.ana.page.locator("#guard-category").select_option(category)
        await cast.ana.press("Mark")
    packet = await send(cast.ana)
    await read(cast.luz, packet)
    body = cast.luz.page.locator("main")
    await expect(body).to_contain_text(AMOUNT)
    await expect(body).not_to_contain_text(SOURCE)
    await cast.luz.expect_text("torn off here", ".tear")
    await read(cast.mei, packet)
    body = cast.mei.page.locator("main")
    await expect(body).to_contain_text("1000000-5000000")
    await expect(body).not_to_contain_text(AMOUNT)
    await expect(body).not_to_contain_text(ACCOUNT)
    return packet


async def lead_is_answered(cast: Cast, packet: str) -> None:
    await cast.luz.open(f"/packets/{packet}")
    await cast.luz.follow("Give feedback, or answer with a packet")
    await begin(cast.luz, LEAD_TERMS, US, kind="feedback")
    told = {"packet": [packet], "outcome": ["led-to-search"], "date": ["2026-05-06"]}
    entity = {"id": "feedback-1", "schema": "Feedback", "properties": told}
    await look_at_matrix(cast.luz, json.dumps(entity))
    await read(cast.ana, await send(cast.luz))
    await expect(cast.ana.page.locator("main")).to_contain_text("led-to-search")


async def account_is_disclosed(cast: Cast, packet: str) -> None:
    await cast.ana.open(f"/packets/{packet}")
    await cast.ana.page.locator(
        'a[href*="BankAccount%2Fiban"], a[href*="BankAccount/iban"]'
    ).click()
    await cast.ana.page.locator("select[name=to]").select_option(CN)
    await cast.ana.press("Show the effect first")
    field = cast.ana.says("IBAN")
    await cast.ana.press("Disclose %(field)s to %(partner)s", field=field, partner=CN)
    await cast.ana.expect_said("The field was disclosed. The exchange accepted and logged it.")
    await cast.mei.await_at(f"/packets/{packet}", "main", ACCOUNT)


async def lead_is_corrected(cast: Cast, packet: str) -> str:
    """Returns the packet that replaces it."""
    await cast.ana.open(f"/packets/{packet}")
    await cast.ana.follow("Correct")
    amount = cast.ana.page.locator('textarea[name$=".amount"]')
    await expect(amount).to_have_value(AMOUNT)
    await amount.fill(RIGHT_AMOUNT)
    await cast.ana.press("Show the changes of each partner")
    await expect(cast.ana.page.locator("table").first).to_contain_text(RIGHT_AMOUNT)
    await cast.ana.follow("Continue to the last page")
    await cast.ana.expect_heading("This correction leaves")
    await cast.ana.confirm()
    await cast.ana.press("Send")
    await cast.ana.expect_said("The correction was sent. It replaces the earlier packet.")
    newer = cast.ana.packet
    await read(cast.luz, newer)
    await expect(cast.luz.page.locator("main")).to_contain_text(RIGHT_AMOUNT)
    await cast.luz.open(f"/packets/{packet}")
    await cast.luz.expect_text("A newer packet replaces this one.", ".paper-head")
    return newer


async def lead_is_recalled(cast: Cast, packet: str, older: str) -> None:
    """From one partner: it erases, and the other keeps its view."""
    page = cast.ana.page
    await cast.ana.open(f"/packets/{packet}")
    await cast.ana.follow("Recall")
    await cast.ana.confirm()
    await page.locator(f"input[name=from][value={MX}]").uncheck()
    await page.locator("#reason").select_option("source-at-risk")
    await page.locator("input[name=rest][value=line]").check()
    await cast.ana.press("Show the effect")
    await page.locator("#typed").fill(CN)
    await page.locator("article button.danger").click()
    await cast.ana.confirm()
    await cast.ana.expect_said(
        "Recalled. Earlier reading and copying at the partners cannot be undone."
    )
    for each in (packet, older):
        await cast.mei.await_at(f"/packets/{each}", ".part dd", SUSPECT, gone=True)
    await cast.luz.open(f"/packets/{packet}")
    await expect(cast.luz.page.locator("main")).to_contain_text(SUSPECT)


async def request_is_answered(cast: Cast) -> None:
    """One item is answered, and one is refused on a ground."""
    asking, answering = cast.luz.page, cast.ana.page
    await cast.luz.open("/requests/new")
    await asking.locator("select[name=to]").select_option(US)
    await asking.locator("select[name=under]").select_option(f"{AGREEMENT}/money-laundering")
    await asking.locator("input[name=offence]").fill("Money laundering")
    await asking.locator("textarea[name=link]").fill("The courier was paid from the account.")
    records = asking.locator("textarea[name=record]")
    await records.nth(0).fill("Statements of the account, March 2026")
    await records.nth(1).fill("Who told of the trading firm")
    await cast.luz.press("Preview")
    await cast.luz.press("Send")
    await cast.luz.expect_heading("Request to %(partner)s", partner=US)
    request = asking.url.rpartition("/")[2]

    link = await cast.ana.await_at("/requests", f'a[href="/requests/{request}"]')
    await link.click()
    await cast.ana.follow("Answer items")
    await answering.locator("input[name=item][value='1']").check()
    amount = answering.locator("input[name='payment.amount']")
    await answering.locator("details:has(input[name='payment.amount']) > summary").click()
    await amount.fill(RECORD_AMOUNT)
    await cast.ana.press("Preview")
    await expect(answering.locator("main")).to_contain_text(RECORD_AMOUNT)
    await cast.ana.press("Send")
    await cast.ana.expect_text("Answered", ".items")
    await answering.locator("summary", has_text=cast.ana.says("Refuse items")).click()
    await answering.locator("input[name=item][value='2']").check()
    await answering.locator("input[name=ground][value=not-held]").check()
    await cast.ana.press("Refuse items")
    await cast.ana.expect_text("Refused", ".items")

    await cast.luz.await_at(f"/requests/{request}", ".items", cast.luz.says("Refused"))
    await asking.locator(".items a").click()
    await expect(asking.locator("main")).to_contain_text(RECORD_AMOUNT)


async def agreement_is_suspended_and_resumed(cast: Cast) -> None:
    page = cast.jun.page
    await cast.jun.open("/agreements")
    await cast.jun.follow(AGREEMENT)
    path = page.url.removeprefix(cast.jun.screen.origin)
    await cast.jun.follow("Suspend")
    await cast.jun.confirm()
    await page.locator("#reason").select_option("review")
    await cast.jun.press("Show the effects")
    await page.locator("#typed").fill(AGREEMENT)
    await page.locator("#effects button.danger").click()
    await cast.jun.confirm()
    await cast.ana.await_at(path, "[role=note]", CN)
    await cast.jun.await_at(
        path, "[role=note]", cast.jun.says("Suspended by %(agency)s", agency=CN)
    )
    await cast.jun.press("Resume the whole agreement")
    await expect(page.locator("[role=note]")).to_have_count(0)
    await cast.ana.await_at(path, "[role=note]", gone=True)


async def case_gets_a_packet(cast: Cast, title: str) -> str:
    """A case of two agencies, with a packet filed under it. Returns the packet."""
    page = cast.ana.page
    await cast.ana.open("/cases/new")
    await page.locator("#title").fill(title)
    await page.locator("#agreement").select_option(AGREEMENT)
    await page.locator(f"input[name=with-{MX}]").check()
    await cast.ana.press("Open and invite")
    invitation = await cast.luz.await_at("/cases", "#list a", title)
    await invitation.click()
    await cast.luz.press("Join the case")
    case = cast.luz.page.url.partition("/cases/")[2].partition("?")[0]
    joined = cast.ana.says("In the case")
    await cast.ana.await_at(f"/cases/{case}", "tr", f"{MX}{joined}")
    await cast.ana.open("/compose")
    await begin(cast.ana, LEAD_TERMS, MX)
    await page.locator("select[name=case]").select_option(title)
    await look_at_matrix(cast.ana, lead_jsonl(ENTITIES[:1]))
    packet = await send(cast.ana)
    await cast.luz.await_at(f"/cases/{case}", f'a[href="/packets/{packet}"]')
    await cast.luz.follow("Graph and documents")
    await expect(cast.luz.page.locator("svg text", has_text=SUSPECT).first).to_be_visible()
    return packet


async def second_person_approves(cast: Cast) -> None:
    before = await links(cast.ana)
    await cast.ana.open("/compose")
    await begin(cast.ana, STRICT_TERMS, MX)
    await look_at_matrix(cast.ana, lead_jsonl(ENTITIES[:1]))
    await cast.ana.follow("Continue to the last page")
    await cast.ana.press("Propose to send")
    await expect(cast.ana.page.locator(".done[role=status]")).to_have_count(1)
    task = await cast.owen.await_at("/to-do", 'a[href^="/approvals/"]')
    await task.click()
    await cast.owen.expect_heading("Approve or reject a release")
    await expect(cast.owen.page.locator("main")).to_contain_text(SUSPECT)
    await cast.owen.press("Approve and send")
    await cast.owen.expect_heading("To do")
    (packet,) = await links(cast.ana) - before
    await read(cast.luz, packet)


async def links(desk: Desk) -> set[str]:
    """The packets that the agency sent."""
    await desk.open("/packets?way=out")
    found = await desk.page.locator('#list a[href^="/packets/"]').all()
    return {str(await each.get_attribute("href")).rpartition("/")[2] for each in found}


async def auditor_asks_and_verifies(cast: Cast, packet: str) -> None:
    page = cast.iris.page
    await cast.ana.open(f"/packets/{packet}/exhibit")
    federation = bytes.fromhex(await cast.ana.page.locator("code.long").inner_text())
    await cast.ana.page.locator("input[name=path]").first.check()
    exhibit = judge_exhibit(await cast.ana.download("Download the exhibit"), federation)
    assert (exhibit.errors, exhibit.lacking) == ((), ())

    await cast.iris.open("/audit")
    await page.locator("input[name=value]").fill(ACCOUNT)
    await cast.iris.press("Who saw this value?")
    await expect(page.locator("#list")).to_contain_text(MX)
    await page.locator('#list a[href^="/audit/log/"]').first.click()
    await cast.iris.expect_text("Verified")
    async with page.expect_download() as downloading:
        await page.get_by_text(cast.iris.says("Download the proof")).click()
    assert await (await downloading.value).path()

    await cast.iris.open(f"/audit/log?packet={packet}")
    await expect(page.locator("#list tbody tr").first).to_contain_text(packet[:8])
    archive = await cast.iris.download("Download, with a signed manifest")
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        rows, manifest = map(files.read, files.namelist())
    judged = judge_export(manifest, io.BytesIO(rows), federation)
    assert (judged.outcome, judged.findings) == (Outcome.VERIFIED, ())


@pytest.mark.parametrize(("code", "script"), TELLINGS, ids=["en", "en-without-script", "zh", "es"])
async def test_the_story_is_told_in_browsers(
    consoles: Mapping[str, DemoConsole],
    browser: Browser,
    faults: list[str],
    code: str,
    script: bool,
) -> None:
    async with at_work(consoles, browser, faults, code, script) as cast:
        packet = await lead_is_sent_and_read(cast)
        await lead_is_answered(cast, packet)
        await account_is_disclosed(cast, packet)
        newer = await lead_is_corrected(cast, packet)
        await lead_is_recalled(cast, newer, packet)
        await request_is_answered(cast)
        await agreement_is_suspended_and_resumed(cast)
        filed = await case_gets_a_packet(cast, f"Harbour {code} {script}")
        await second_person_approves(cast)
        await auditor_asks_and_verifies(cast, filed)
