"""Export of packets in the console: a format, the markings and report, and then the file."""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from attacks.test_standings import WHOLE, suspend
from support.simulation import Simulation, narrative
from tearline.audit.event import EventCode
from tearline.limits import MAX_CONSOLE_EXPORT_PACKETS
from tearline.persons.tokens import Role
from tearline.suspensions.suspension import Originated
from tearline_client.connectors.registry import EXPORTERS, offers
from unit.client.connectors.plug_ins import install
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, add_person, console_of
from unit.client.console.test_case_pages import filed, opened
from unit.client.console.test_packet_acts import act
from unit.client.console.test_packet_pages import text_of

IBAN = b"DE02120300000000202051"
LANTERN = '''
def write(packets, target, options, report):
    """Writes the number of entities, and what the options say."""
    report.made = len(list(packets.entities()))
    report.add(Concern.NOT_UNDERSTOOD, "a remark", column="Person.name")
    report.add(Concern.NOT_UNDERSTOOD, "a remark", column="Person.name")
    report.add(Concern.STAYS_HOME, "no place for it", column="Payment.amount")
    if options["word"] == "burst":
        raise ValueError("Qiu Wenhao")
    target.write(f"{options['word']} {options['tone']} {options['loud']}".encode())


EXPORTER = Exporter(
    summary="Export PACKETS as lanterns <b>.",
    write=write,
    options=(
        Option(name="word", help="A word.", required=True),
        Option(name="tone", help="A tone.", choices=("low", "high")),
        Option(name="loud", help="Loudly.", kind=OptionKind.FLAG),
    ),
)
'''


@pytest.fixture
async def packets(world: Simulation) -> list[bytes]:
    found = [packet for _ in range(2) for packet in await world.us.send(world.cn, world.mx)]
    await world.mx.node.receive()
    await world.cn.node.receive()
    return found


@pytest.fixture
async def browser(console: ConsoleUnderTest, packets: list[bytes]) -> Browser:
    return await console.signed_in("liaison")


def hidden(page: httpx.Response, name: str) -> list[str]:
    return re.findall(rf'name="{re.escape(name)}" value="([^"]*)"', page.text)


async def look(browser: Browser, *packets: bytes, **values: str) -> httpx.Response:
    chosen = {"format": "ftm", **values}
    return await act(browser, "/export", packet=[each.hex() for each in packets], **chosen)


async def save(browser: Browser, page: httpx.Response) -> httpx.Response:
    """Presses Download on the page that shows what leaves."""
    form = page.text[page.text.rindex('<form class="stack"') :]
    found: dict[str, str | list[str]] = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    return await browser.post("/export", {**found, "packet": hidden(page, "packet")})


async def test_every_format_of_the_registry_is_offered_and_no_packet_is_opened(
    world: Simulation, browser: Browser, packets: list[bytes]
) -> None:
    (link,) = re.findall(
        r'href="(/export\?[^"]+)"', (await browser.get(f"/packets/{packets[0].hex()}")).text
    )
    before = len(accesses(world.mx))
    page = await browser.get(link)
    assert page.status_code == 200
    assert hidden(page, "packet") == [packets[0].hex()]
    assert hidden(page, "format") == list(offers(EXPORTERS))
    assert len(accesses(world.mx)) == before


async def test_what_leaves_is_shown_before_the_file_and_both_are_logged(
    world: Simulation, browser: Browser, packets: list[bytes]
) -> None:
    page = await look(browser, *packets)
    text = text_of(page.text)
    assert "Markings of what leaves TLP:AMBER" in text
    assert "PAP:" in text
    assert "Not as evidence in proceedings" in text or "Serves only the stated purpose" in text
    assert re.search(r"Carried \d+ objects Carried as text 0 values", text)
    assert IBAN.decode() not in page.text
    file = await save(browser, page)
    assert file.headers["content-disposition"].startswith("attachment; filename=")
    assert f"packet-{packets[0].hex()[:12]}-and-1.ftm.json" in file.headers["content-disposition"]
    assert file.headers["content-type"] == "application/octet-stream"
    assert IBAN in file.content
    found = [(each.actor, each.code, each.packet) for each in accesses(world.mx)]
    codes = (EventCode.ACCESS_SEARCH, EventCode.ACCESS_EXPORT)
    assert {*found} == {("liaison", code, each) for code in codes for each in packets}
    assert [code for _, code, _ in found] == sorted((c for _, c, _ in found), key=codes.index)


async def test_a_plug_in_has_its_options_and_its_report(
    browser: Browser, packets: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, tmp_path, "lantern", LANTERN, group=EXPORTERS, value="EXPORTER")
    form = await browser.get(f"/export?packet={packets[0].hex()}")
    assert "lanterns &lt;b&gt;" in form.text
    for name in ("word", "tone", "loud"):
        assert f'name="ledger.{name}"' in form.text
    given = {"format": "ledger", "ledger.word": "glow", "ledger.tone": "low", "ledger.loud": "1"}
    page = await look(browser, packets[0], **given)
    text = text_of(page.text)
    assert "Carried as text 2 values Not carried 1 value" in text
    assert "Carried as text Person.name a remark 2" in text
    assert "Not carried Payment.amount no place for it 1" in text
    file = await save(browser, page)
    assert file.content == b"glow low True"
    assert ".ledger" in file.headers["content-disposition"]
    for odd in ({"ledger.word": ""}, {"ledger.tone": "shrill"}, {"ledger.word": "x" * 257}):
        refused = await look(browser, packets[0], **{**given, **odd})
        assert refused.status_code == 400
    burst = await look(browser, packets[0], **{**given, "ledger.word": "burst"})
    assert "TL-USE-011" in burst.text
    assert "Qiu" not in burst.text


async def test_an_unusable_plug_in_is_shown_and_not_offered(
    browser: Browser, packets: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, tmp_path, "lantern", "EXPORTER = 1\n", group=EXPORTERS, value="EXPORTER")
    page = await browser.get(f"/export?packet={packets[0].hex()}")
    assert 'value="ledger" required disabled' in page.text
    assert (await look(browser, packets[0], format="ledger")).status_code == 400


async def test_packets_that_arrive_meanwhile_and_other_markings_do_not_leave(
    world: Simulation, browser: Browser
) -> None:
    path = await opened(world)
    first = await filed(world, path)
    (link,) = re.findall(r'href="(/export\?case=[^"]+)"', (await browser.get(path)).text)
    choice = await browser.get(link)
    assert hidden(choice, "packet") == [first.hex()]
    page = await look(browser, first)
    draft = replace(world.us.draft(), case_id=path.removeprefix("/cases/"))
    await world.us.node.packets.send([world.us.node.packets.plan(draft, [world.mx.node.uri])])
    await world.mx.node.receive()
    assert len(hidden(await browser.get(link), "packet")) == 2
    assert first.hex()[:12].encode() not in (await save(browser, page)).content
    before = len(accesses(world.mx))
    stale = await look(browser, first, act="download", seen="TLP:CLEAR")
    assert stale.status_code == 409
    assert "Nothing was done: look at the effects below." in text_of(stale.text)
    assert "content-disposition" not in stale.headers
    assert (await save(browser, stale)).status_code == 200
    assert len(accesses(world.mx)) > before


async def test_a_field_that_is_disclosed_meanwhile_does_not_leave(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    (packet,) = await world.us.send(world.cn)
    browser, us, mx = await console.signed_in("liaison"), world.us.node, world.mx.node

    async def disclose(name: str) -> None:
        await us.packets.disclose(packet, us.packets.path_of(packet, name), mx.uri)
        await mx.receive()

    await disclose("Person/name")
    page = await look(browser, packet)
    await disclose("BankAccount/iban")
    stale = await save(browser, page)
    assert (stale.status_code, "content-disposition" in stale.headers) == (409, False)
    assert (await save(browser, stale)).status_code == 200


async def test_a_corrected_packet_of_a_case_is_left_out(
    world: Simulation, browser: Browser
) -> None:
    path = await opened(world)
    old = await filed(world, path)
    node, draft = world.us.node, world.us.draft(narrative("Otherwise."))
    plan = node.corrections.plan(
        node.corrections.corrected(old), replace(draft, case_id=path.removeprefix("/cases/"))
    )
    (new,) = (await node.packets.send([plan.release])).packets
    await world.mx.node.receive()
    page = await browser.get(f"/export?case={path.removeprefix('/cases/')}")
    assert hidden(page, "packet") == [new.hex()]


async def test_what_its_originator_froze_does_not_leave(
    world: Simulation, packets: list[bytes], browser: Browser
) -> None:
    page = await look(browser, *packets)
    await world.us.node.sync()
    await suspend(world.us, replace(WHOLE, originated=Originated.FREEZE))
    await world.mx.node.receive()
    again = await look(browser, *packets)
    assert "frozen by its originator" in text_of(again.text)
    assert hidden(again, "seen") != hidden(page, "seen")
    saved = await save(browser, page)
    assert saved.status_code == 409
    assert IBAN not in saved.content


async def test_several_packets_are_ticked_and_their_number_is_bounded(
    browser: Browser, packets: list[bytes]
) -> None:
    assert 'formaction="/export"' in (await browser.get("/packets")).text
    query = "&".join(f"packet={each.hex()}" for each in packets)
    assert len(hidden(await browser.get(f"/export?{query}"), "packet")) == 2
    many = [packets[0]] * (MAX_CONSOLE_EXPORT_PACKETS + 1)
    for reply in (
        await look(browser),
        await look(browser, *many),
        await browser.get("/export"),
        await look(browser, packets[0], format="papyrus"),
    ):
        assert reply.status_code == 400
    assert (await look(browser, b"\x00" * 32)).status_code == 404


async def test_no_file_is_made_by_a_form_of_another_session(
    world: Simulation, browser: Browser, packets: list[bytes]
) -> None:
    values = {"format": "ftm", "packet": packets[0].hex(), "act": "download"}
    reply = await browser.post("/export", {"csrf": "x", **values})
    assert reply.status_code == 400
    assert "TL-USE-008" in reply.text
    assert accesses(world.mx) == []


async def test_only_a_liaison_officer_exports(
    world: Simulation, console: ConsoleUnderTest, packets: list[bytes]
) -> None:
    for role in Role:
        if role is not Role.LIAISON:
            other = await console.signed_in(role.value)
            assert (await look(other, packets[0])).status_code == 403
            assert "/export" not in (await other.get("/packets")).text
    assert accesses(world.mx) == []


async def test_the_pages_are_in_the_language_of_the_person(
    world: Simulation, packets: list[bytes]
) -> None:
    add_person(world.us, "ana", Role.LIAISON)
    ana = await console_of(world.us).signed_in("ana")
    await act(ana, "/language", language="es", back="/packets")
    page = await look(ana, *packets)
    assert "Marcas de lo que sale" in text_of(page.text)
