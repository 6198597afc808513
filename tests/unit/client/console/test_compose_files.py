"""Files of other programs, uploaded or pasted, of which an officer composes a packet."""

import html
from pathlib import Path

import pytest

from support.simulation import Simulation
from tearline_client.connectors.registry import IMPORTERS, offers
from tearline_client.console.pages.compose.formats import CSV, FTM, WAYS
from unit.client.connectors.importers.sources import SOURCES
from unit.client.connectors.plug_ins import install
from unit.client.console.browsers import Browser, ConsoleUnderTest
from unit.client.console.test_compose import ana, post, theirs, wish
from unit.client.console.test_packet_pages import text_of

__all__ = ["ana", "theirs"]

OTHERS = sorted(name for name, source in SOURCES.items() if source.importer not in (FTM, CSV))


def test_every_importer_is_a_way_to_give_contents() -> None:
    built_in = {name for name, offer in offers(IMPORTERS).items() if offer.is_built_in}
    assert built_in <= WAYS.keys()


@pytest.mark.parametrize("name", OTHERS)
async def test_a_file_is_read_by_its_importer_and_previewed(
    world: Simulation, ana: Browser, name: str
) -> None:
    source = SOURCES[name]
    data = source.content(["0001", "0002"])
    uploaded = {"file": ("file", data, "application/octet-stream")}
    asked = wish(world, by=source.importer, ftm="", unmarked="1")
    for given, files in ((asked, uploaded), ({**asked, "ftm": data.decode()}, None)):
        reply = await post(ana, "/compose", given, files)
        assert reply.status_code == 303, text_of(reply.text)
        page = text_of((await ana.get(reply.headers["location"])).text)
        assert "0001" in page
        assert "0002" in page


@pytest.mark.parametrize("name", OTHERS)
async def test_another_file_is_refused_and_keeps_the_form(
    world: Simulation, ana: Browser, name: str
) -> None:
    asked = wish(world, by=SOURCES[name].importer, ftm="<b>no such file</b>", reference="ours")
    reply = await post(ana, "/compose", asked)
    assert reply.status_code == 400
    assert "TL-USE-" in reply.text
    assert 'value="ours"' in reply.text
    assert html.escape("<b>no such file</b>") in reply.text
    assert "<b>no such" not in reply.text


async def test_values_that_are_not_carried_are_told_before_sending(
    world: Simulation, ana: Browser
) -> None:
    text = SOURCES["misp"].content(["0001"]).decode()
    text = text.replace('"Event": {', '"Event": {"info": "Mirror transfers",')
    reply = await post(ana, "/compose", wish(world, by="misp", ftm=text))
    page = text_of((await ana.get(reply.headers["location"])).text)
    assert "Event.info: describes the event or its handling" in page


@pytest.mark.parametrize("by", ["nonsense", "xlsx", ""])
async def test_an_unknown_way_is_refused_with_the_ways(
    world: Simulation, ana: Browser, by: str
) -> None:
    reply = await post(ana, "/compose", wish(world, by=by))
    assert reply.status_code == 400
    assert "mt940" in reply.text


LEDGER = """
def read(stream, options, report):
    assert options == {"day": "", "whole": False}
    yield person(name=stream.read().decode())
IMPORTER = Importer(
    summary="Send a ledger.",
    read=read,
    options=(
        Option(name="day", help="Its day.", required=REQUIRED),
        Option(name="whole", help="All of it.", kind=OptionKind.FLAG),
    ),
)
"""


async def test_a_plug_in_reads_its_files_with_the_defaults_of_its_options(
    world: Simulation, ana: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "lantern", LEDGER.replace("REQUIRED", "False"))
    assert '<option value="ledger">ledger</option>' in (await ana.get("/compose")).text
    reply = await post(ana, "/compose", wish(world, by="ledger", ftm="Qiu Wenhao"))
    page = (await ana.get(reply.headers["location"])).text
    assert "Qiu Wenhao" in page


async def test_a_plug_in_that_requires_an_option_or_fails_is_not_offered(
    world: Simulation, ana: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "lantern", LEDGER.replace("REQUIRED", "True"))
    install(monkeypatch, tmp_path, "harbour", "raise ValueError('Qiu')", name="broken")
    page = (await ana.get("/compose")).text
    assert 'value="camt"' in page
    assert 'value="ledger"' not in page
    assert 'value="broken"' not in page
    for name in ("ledger", "broken"):
        reply = await post(ana, "/compose", wish(world, by=name, ftm="Qiu Wenhao"))
        assert reply.status_code == 400


async def test_a_plug_in_that_fails_on_a_file_is_named(
    world: Simulation,
    theirs: ConsoleUnderTest,
    ana: Browser,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    code = LEDGER.replace("REQUIRED", "False").replace("yield person", "raise ValueError")
    install(monkeypatch, tmp_path, "lantern", code)
    reply = await post(ana, "/compose", wish(world, by="ledger", ftm="Qiu Wenhao"))
    assert reply.status_code == 400
    assert "TL-USE-011" in reply.text
    assert "lantern" in reply.text


async def test_the_form_names_the_format_that_it_reads(world: Simulation, ana: Browser) -> None:
    page = await ana.get(f"/compose?terms={wish(world)['terms']}&kind=lead&by=camt")
    assert WAYS["camt"] in page.text
