"""The time zone of a person: chosen on a page, stored with the person, named beside each time."""

import html
import json
import re

import pytest

from support.simulation import Simulation
from tearline_client.console import time_zones
from tearline_client.console.languages import language
from tearline_client.persons.records import encode_persons, parse_persons
from unit.client.console.browsers import Browser, ConsoleUnderTest

SHANGHAI, MEXICO = "Asia/Shanghai", "America/Mexico_City"
TIME_MS = 1_795_844_893_000


async def choose(browser: Browser, zone: str) -> int:
    values = {"csrf": await browser.csrf(), "zone": zone}
    return (await browser.post("/settings", values)).status_code


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "28 Nov 2026, 05:48:13"),
        (SHANGHAI, "28 Nov 2026, 13:48:13"),
        (MEXICO, "27 Nov 2026, 23:48:13"),
        ("no/such-place", "28 Nov 2026, 05:48:13"),
    ],
)
def test_a_time_is_written_in_a_zone_and_states_utc_to_programs(zone: str, text: str) -> None:
    told = language("en").time(TIME_MS, time_zones.time_zone(zone))
    assert told.striptags() == text
    assert told.startswith('<time datetime="2026-11-28T05:48:13Z" title="2026-11-28T05:48:13Z">')


def test_a_machine_without_the_zones_has_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", lambda: set())
    time_zones.names.cache_clear()
    try:
        assert time_zones.names() == ("UTC",)
        assert time_zones.time_zone(SHANGHAI) == time_zones.UTC
    finally:
        time_zones.names.cache_clear()


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        # The hour of a due time is the one of its own day, whatever the day of the reader is.
        ("America/Tijuana", "31 Oct 2026, 10:00:00", "1 Nov 2026, 09:00:00"),
        ("Europe/Madrid", "24 Oct 2026, 12:00:00", "25 Oct 2026, 11:00:00"),
    ],
)
def test_a_time_has_the_offset_of_its_own_day(zone: str, before: str, after: str) -> None:
    rules = time_zones.time_zone(zone)
    day_ms = 86_400_000
    moment_ms = 1_793_466_000_000 if zone.startswith("America") else 1_792_836_000_000
    found = [language("en").date(moment_ms + days * day_ms, rules) for days in (0, 1)]
    assert found == [before, after]


async def test_pages_show_times_in_the_zone_of_their_person_and_name_it(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    ours, other = await console.signed_in("liaison"), await console.signed_in("auditor")
    page = f"/packets/{packet.hex()}"

    async def arrived(browser: Browser) -> str:
        text = (await browser.get(page)).text
        (found,) = re.findall(r"<dt>Arrived</dt><dd>(.*?)</dd>", text)
        return html.unescape(re.sub("<[^>]*>", "", found))

    received_ms = world.mx.node.packets.get(packet).received_ms
    for zone in (SHANGHAI, MEXICO, "UTC"):
        assert await choose(ours, zone) == 303
        rules = time_zones.time_zone(zone)
        assert await arrived(ours) == f"{language('en').date(received_ms, rules)} {zone}"
        settings = (await ours.get("/settings")).text
        assert f"Times are shown in {zone}." in settings
        assert f"<option selected>{zone}</option>" in settings
        assert f"Time ({zone})" in (await ours.get("/packets")).text
        # Each person has their own.
        assert "Times are shown in UTC." in (await other.get("/settings")).text


async def test_only_a_zone_that_exists_is_stored(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    ana = await console.signed_in("liaison")
    for wrong in ("", "Asia/Shanghia", "../../etc/passwd", "Etc/GMT+5"):
        assert await choose(ana, wrong) == 400
    assert "Times are shown in UTC." in (await ana.get("/settings")).text


async def test_a_choice_ends_no_session(world: Simulation, console: ConsoleUnderTest) -> None:
    one, two = await console.signed_in("liaison"), await console.signed_in("liaison")
    assert await choose(one, SHANGHAI) == 303
    assert (await two.get("/settings")).status_code == 200


async def test_persons_of_earlier_nodes_read_utc(world: Simulation) -> None:
    persons = world.mx.node.persons.register.persons()
    rows = json.loads(encode_persons(persons))
    earlier = json.dumps([row[:6] for row in rows]).encode()
    assert parse_persons(earlier) == persons
