"""The pages of the audit, as an auditor and others see them."""

import html
import io
import re
import zipfile
from datetime import UTC, date, datetime

import pytest

from support.node import context_of
from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline.errors import MalformedInput
from tearline.persons.tokens import Role
from tearline_client.audit.export_verifier import judge_export
from tearline_client.audit.verifier import AuditVerifier, Outcome
from tearline_client.console.pages.audit.charts import bar_chart, histogram
from tearline_client.console.pages.audit.words import ACTIONS, READINGS
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, add_person, console_of

IBAN = "DE02120300000000202051"


@pytest.fixture
async def packet(world: Simulation) -> bytes:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.mx.node.receive()
    await world.cn.node.receive()
    await world.us.node.receive()
    return packet


def text_of(page: str) -> str:
    """The words of a page, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])).split())


async def asked(browser: Browser, **values: str) -> str:
    """The words of the answer to a question of who saw something."""
    reply = await browser.post("/audit", {"csrf": await browser.csrf(), **values})
    assert reply.status_code == 200, reply.text
    return text_of(reply.text)


async def entries(browser: Browser, query: str) -> list[int]:
    """The positions that a page of a search leads to."""
    reply = await browser.get(f"/audit/log?{query}")
    assert reply.status_code == 200, reply.text
    return [int(found) for found in re.findall(r'href="/audit/log/(\d+)"', reply.text)]


async def test_every_act_has_words() -> None:
    assert {*ACTIONS, *READINGS} == {*EventCode}


# Who saw.


async def test_an_auditor_asks_who_saw_a_value(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    liaison = await console.signed_in("liaison")
    await liaison.get(f"/packets/{packet.hex()}")
    browser = await console.signed_in("auditor")
    text = await asked(browser, value="de02 1203 0000 0000 2020 51")
    assert "mx-prosecutor" in text
    assert f"Packet {packet.hex()[:8]} Yes Clear Yes Yes Yes" in text
    assert "Others, unknown here" in text
    # The access log has the search, under the auditor's name, by its keyed hash alone.
    *_, searched = accesses(world.mx)
    assert (searched.code, searched.actor) == (EventCode.ACCESS_SEARCH, "auditor")
    found = await world.mx.node.audit.access(person="auditor", sought=IBAN)
    assert [entry.event.actor for entry in found.chosen] == ["auditor"]


async def test_readers_are_shown_by_role_and_pseudonym(world: Simulation, packet: bytes) -> None:
    add_person(world.mx, "ana", Role.LIAISON)
    add_person(world.us, "eve", Role.AUDITOR)
    await (await console_of(world.mx).signed_in("ana")).get(f"/packets/{packet.hex()}")
    await world.us.node.receive()
    browser = await console_of(world.us).signed_in("eve")
    assert '<a href="/audit/log">For a whole packet' in (await browser.get("/audit")).text
    for question in ({"value": IBAN}, {"packet": packet.hex()[:10], "field": "BankAccount/iban"}):
        text = await asked(browser, **question)
        assert re.search(
            r"mx-prosecutor .* Yes Clear Yes Yes Yes Liaison officer [0-9a-f]{12}", text
        )
        assert "ana" not in text.split("mx-prosecutor")[1]
        assert re.search(r"Verified Entry \d+", text)


async def test_a_value_never_stands_in_an_address(console: ConsoleUnderTest, packet: bytes) -> None:
    browser = await console.signed_in("auditor")
    reply = await browser.get("/audit?value=" + IBAN)
    assert f'value="{IBAN}"' not in reply.text  # an address that was made by hand fills no form
    assert 'method="post" action="/audit"' in reply.text
    reply = await browser.post("/audit", {"csrf": await browser.csrf(), "value": IBAN})
    assert IBAN not in str(reply.url)
    assert f"?{IBAN}" not in reply.text
    assert not re.search(rf'href="[^"]*{IBAN}', reply.text)


async def test_an_unknown_value_and_an_unknown_field_are_told(
    console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("auditor")
    assert "No field readable here has that value." in await asked(browser, value="1847251")
    told = await asked(browser, packet=packet.hex(), field="Company/nothing")
    assert "This node cannot tell which part of the packet that field is." in told
    token = await browser.csrf()
    reply = await browser.post("/audit", {"csrf": token, "packet": "ff" * 32, "field": "x"})
    assert reply.status_code == 404
    reply = await browser.post("/audit", {"csrf": token, "value": "--"})
    assert reply.status_code == 400
    assert (await browser.post("/audit", {"csrf": token})).status_code == 303


# The exchange's log.


async def test_the_bare_page_asks_the_exchange_for_nothing(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("auditor")
    reply = await browser.get("/audit/log")
    assert re.search(r'name="since" value="\d{4}-\d\d-\d\d"', reply.text)
    found = await entries(browser, "action=audit-search")
    assert len(found) == 1  # this search itself, and none of the bare page


async def test_a_search_has_the_filters_of_the_command_line(
    console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("auditor")
    reply = await browser.get("/audit/log?action=grant-accepted&actor=us-justice&outcome=ok")
    text = text_of(reply.text)
    assert f"Grant accepted us-justice mx-prosecutor {packet.hex()[:8]}" in text
    assert await entries(browser, f"packet={packet.hex()[:10]}&action=grant-accepted")
    assert not await entries(browser, "actor=cn-public-security&action=grant-accepted")
    assert not await entries(browser, "since=2001-01-01&until=2001-01-02")
    assert await entries(browser, "q=-outcome:refused+action:grant-accepted")
    assert not await entries(browser, "actor=exchange&action=grant-accepted")
    for wrong, status in (
        ("action=nothing", 400),
        ("actor=nobody", 404),
        (f"packet={packet[0] ^ 1:02x}", 404),
        ("since=yesterday", 400),
        ("q=nonsense", 400),
        ("after=x", 400),
        ("by=year", 400),
        ("packet=00+actor:x", 400),
    ):
        assert (await browser.get(f"/audit/log?{wrong}")).status_code == status, wrong


async def test_a_search_has_pages(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_client.console.pages.audit.log.CONSOLE_PAGE_ROWS", 2)
    await world.us.send(world.mx)
    await world.us.send(world.mx)
    await world.mx.node.receive()
    browser = await console.signed_in("officer")
    query, seen = "outcome=ok&until=9999-12-30", list[int]()
    for _ in range(3):
        reply = await browser.get(f"/audit/log?{query}")
        rows = [int(n) for n in re.findall(r'href="/audit/log/(\d+)"', reply.text)]
        assert len(rows) == 2
        seen += rows
        query = html.unescape(re.search(r'href="/audit/log\?([^"]*after=\d+)"', reply.text)[1])
    assert seen == sorted({*seen})


async def test_a_condition_is_removed_by_its_chip(console: ConsoleUnderTest, packet: bytes) -> None:
    browser = await console.signed_in("auditor")
    reply = await browser.get("/audit/log?actor=us-justice&action=grant-accepted")
    assert 'href="/audit/log?action=grant-accepted"' in reply.text
    assert 'href="/audit/log?actor=us-justice"' in reply.text
    reply = await browser.get("/audit/log?actor=us-justice")
    assert await entries(browser, re.search(r'href="/audit/log\?([^"]*)" title', reply.text)[1])


async def test_entries_are_counted_by_day(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("auditor")
    reply = await browser.get("/audit/log?action=grant-accepted&by=day")
    assert reply.text.count('<rect class="bar-of-chart"') == 1
    assert "style=" not in reply.text
    today = datetime.fromtimestamp(context_of(world.mx.node).now_ms() / 1000, UTC)
    assert f"{today.day} {today:%b} {today.year} 1" in text_of(reply.text)
    reply = await browser.get("/audit/log?action=recall&by=day")
    assert "No entry fits." in text_of(reply.text)


def test_a_histogram_has_columns_for_empty_days_and_for_months() -> None:
    made = histogram({date(2026, 2, 27): 4, date(2026, 3, 1): 1})
    assert [each.entries for each in made.columns] == [4, 0, 1]
    assert [each.height for each in made.columns] == [96, 0, 24]
    assert all(each.y + each.height == made.height for each in made.columns)
    years = histogram({date(2025, 11, 30): 1, date(2025, 11, 1): 1, date(2026, 2, 1): 999})
    assert [(each.first, each.entries) for each in years.columns] == [
        (date(2025, 11, 1), 2),
        (date(2025, 12, 1), 0),
        (date(2026, 1, 1), 0),
        (date(2026, 2, 1), 999),
    ]
    assert years.by_month
    assert years.columns[0].height == 1  # a count that is not zero can be seen
    with pytest.raises(MalformedInput, match="20 years"):
        histogram({date(1970, 1, 1): 1, date(9999, 1, 1): 1})


def test_bars_are_ordered_by_their_counts() -> None:
    made = bar_chart({"b": 1, "c": 300, "a": 1})
    assert [(each.name, each.length) for each in made.bars] == [("c", 300), ("a", 1), ("b", 1)]
    assert bar_chart({}).bars == ()


async def test_an_entry_is_shown_with_its_proof_and_its_cosigners(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    for member in (world.us, world.cn, world.mx, world.us, world.cn, world.mx):
        await member.node.sync()
    browser = await console.signed_in("auditor")
    (index,) = await entries(browser, "action=grant-accepted")
    reply = await browser.get(f"/audit/log/{index}")
    text = text_of(reply.text)
    assert "Grant accepted Time" in text
    assert "By us-justice Other side mx-prosecutor" in text
    assert "Proof: Verified" in text
    assert packet.hex() in text
    assert "agreed-exists" in text or "agreed-clear" in text
    assert re.search(r"Cosigners of this entry .*(us-justice|cn-public-security) \d", text)
    # The file verifies for somebody who has the federation's charter alone.
    proof = await browser.get(f"/audit/log/{index}/proof")
    assert (
        f'; filename="{index:08}-grant-accepted.tlog-proof";'
        in (proof.headers["content-disposition"])
    )
    trust = context_of(world.us.node).trust
    judged = AuditVerifier(trust.members.log, trust.federation).judge(proof.content)
    assert (judged.outcome, judged.index) == (Outcome.VERIFIED, index)


async def test_an_entry_of_others_appears_as_not_found(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    add_person(world.us, "eve", Role.AUDITOR)
    theirs = await entries(await console_of(world.us).signed_in("eve"), "action=grant-accepted")
    browser = await console.signed_in("auditor")
    hidden = await browser.get(f"/audit/log/{theirs[0]}")
    absent = await browser.get("/audit/log/9999999")
    assert hidden.status_code == absent.status_code == 404
    assert "that your agency may see" in hidden.text
    pages = [re.sub(r'value="[\w-]{32,}"', "", each.text) for each in (hidden, absent)]  # tokens
    assert pages[0].replace(str(theirs[0]), "N") == pages[1].replace("9999999", "N")
    assert (await browser.get(f"/audit/log/{theirs[0]}/proof")).status_code == 404
    assert (await browser.get("/audit/log/x")).status_code == 400


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_an_export_is_downloaded_and_verifies(
    world: Simulation, console: ConsoleUnderTest, packet: bytes, form: str
) -> None:
    browser = await console.signed_in("auditor")
    values = {"csrf": await browser.csrf(), "format": form, "action": "grant-accepted"}
    reply = await browser.post("/audit/export", values)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/zip"
    assert reply.headers["content-disposition"].startswith(
        'attachment; filename="audit-export.zip"'
    )
    archive = zipfile.ZipFile(io.BytesIO(reply.content))
    assert archive.namelist() == [f"audit-export.{form}", f"audit-export.{form}.manifest"]
    rows, manifest = (archive.read(name) for name in archive.namelist())
    federation = context_of(world.us.node).trust.federation
    judged = judge_export(manifest, io.BytesIO(rows), federation)
    assert (judged.outcome, judged.findings) == (Outcome.VERIFIED, ())
    assert judged.export is not None
    assert judged.export.query == "action:grant-accepted"
    assert judged.export.entries == 1
    assert packet.hex().encode() in rows
    changed = judge_export(manifest, io.BytesIO(rows.replace(b"ok", b"no", 1)), federation)
    assert changed.outcome is Outcome.FAILED
    assert await entries(browser, "action=audit-export")


async def test_an_export_has_a_bound_and_a_format(
    console: ConsoleUnderTest, packet: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("auditor")
    token = await browser.csrf()
    reply = await browser.post("/audit/export", {"csrf": token, "format": "xlsx"})
    assert (reply.status_code, "TL-USE" in reply.text) == (400, True)
    monkeypatch.setattr("tearline_client.console.pages.audit.export.MAX_CONSOLE_EXPORT_ENTRIES", 1)
    reply = await browser.post("/audit/export", {"csrf": token, "format": "csv"})
    assert "more than 1 entries match; choose a shorter period" in html.unescape(reply.text)


async def test_a_year_is_counted_by_kind_act_and_outcome(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("auditor")
    bare = await browser.get("/audit/statistics")
    assert "The exchange's log records the count." in text_of(bare.text)
    agreement = world.mx.node.packets.manifest(packet).agreement.id.hex()
    reply = await browser.get(f"/audit/statistics?agreement={agreement}")
    text = text_of(reply.text)
    assert "Lead Grant accepted Done 1 1" in text
    assert '<rect class="bar-of-chart"' in reply.text
    reply = await browser.get(f"/audit/statistics?agreement={agreement}&year=1999")
    assert "No entry in that year." in text_of(reply.text)
    for wrong in ("year=1969", "year=10000", "year=x"):
        assert (await browser.get(f"/audit/statistics?{wrong}")).status_code == 400
    assert (await browser.get("/audit/statistics?agreement=none")).status_code in (403, 404)


# The node's own access log.


async def test_the_access_log_logs_its_own_reading(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    liaison = await console.signed_in("liaison")
    await liaison.get(f"/packets/{packet.hex()}")
    browser = await console.signed_in("auditor")
    text = text_of((await browser.get("/audit/access")).text)
    assert f"Packet opened liaison {packet.hex()[:8]}" in text
    assert "iban" in text
    assert IBAN not in text
    assert re.search(r"\d+ \d+ .* This log read auditor", text)
    assert "Its tree and its anchors agree." in text
    assert [each.code for each in accesses(world.mx)][-1] is EventCode.ACCESS_READ
    text = text_of((await browser.get("/audit/access?by=liaison&action=access-open")).text)
    assert "This log read auditor" not in text
    assert (await browser.get("/audit/access?action=grant-accepted")).status_code == 400


async def test_the_access_log_names_a_few_fields_and_folds_the_others(
    console: ConsoleUnderTest, packet: bytes
) -> None:
    liaison = await console.signed_in("liaison")
    await liaison.get(f"/packets/{packet.hex()}")
    browser = await console.signed_in("auditor")
    page = (await browser.get("/audit/access?action=access-open")).text
    (cell,) = re.findall(r"<td>((?:(?!<td>).)*BankAccount.*?)</td>", page, re.DOTALL)
    shown, _, folded = cell.partition("<details>")
    assert shown.count("<bdi>") == 3
    assert f"<summary>{folded.count('<bdi>')} further fields</summary>" in folded
    assert folded.count("<bdi>") > 3


async def test_the_access_log_has_pages_and_tells_who_sought_a_value(
    world: Simulation, console: ConsoleUnderTest, packet: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_client.console.pages.audit.access.CONSOLE_PAGE_ROWS", 2)
    liaison = await console.signed_in("liaison")
    await liaison.get("/packets?q=Qiu+Wenhao")
    browser = await console.signed_in("auditor")
    for _ in range(3):
        await browser.get("/audit/access")
    reply = await browser.get("/audit/access?action=access-read")
    older = re.search(r'href="/audit/access\?([^"]+)"', reply.text)
    assert older is not None
    assert "action=access-read" in older[1]
    assert "This log read" in text_of(
        (await browser.get(f"/audit/access?{html.unescape(older[1])}")).text
    )
    token = await browser.csrf()
    reply = await browser.post("/audit/access", {"csrf": token, "value": "qiu wenhao"})
    assert "Packets searched liaison" in text_of(reply.text)
    reply = await browser.post("/audit/access", {"csrf": token, "value": "somebody else"})
    assert "No entry fits." in text_of(reply.text)
    assert (await browser.post("/audit/access", {"csrf": token})).status_code == 303


async def test_a_changed_access_log_is_told(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("auditor")
    await browser.get("/audit/access")
    await browser.get("/audit/access")
    context_of(world.mx.node).stores.database.execute("DELETE FROM access_entry WHERE idx = 0")
    reply = await browser.get("/audit/access")
    assert "Failed: entry 0 is missing" in text_of(reply.text)
    assert 'role="alert"' in reply.text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=1>', "=1+1"]
)
async def test_conditions_are_shown_as_text(console: ConsoleUnderTest, hostile: str) -> None:
    browser = await console.signed_in("auditor")
    token = await browser.csrf()
    replies = [
        await browser.get(f"/audit/log?{name}={hostile.replace(' ', '')}")
        for name in ("q", "actor", "packet", "since")
    ]
    replies += [await browser.get(f"/audit/access?by={hostile}")]
    replies += [await browser.post("/audit", {"csrf": token, "value": hostile})]
    for reply in replies:
        assert "<script>alert" not in reply.text
        assert "<img src=x" not in reply.text
