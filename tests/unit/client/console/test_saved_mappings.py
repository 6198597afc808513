"""Mappings of tables that an agency saves by name, and uses for its next tables."""

import html

import pytest

from support.simulation import Simulation
from tearline.persons.tokens import Role
from tearline_client.connectors.importers import saved_mappings
from tearline_client.connectors.importers.saved_mappings import SavedMappings
from unit.client.cli.test_import_commands import MAPPING
from unit.client.console.browsers import Browser, add_person, console_of
from unit.client.console.test_compose import post, wish
from unit.client.console.test_packet_pages import text_of

TABLE_OF_PERSONS = "number,name\n1,Ana Ruiz\n"


@pytest.fixture
async def ana(world: Simulation) -> Browser:
    add_person(world.us, "ana", Role.LIAISON)
    return await console_of(world.us).signed_in("ana")


async def test_a_mapping_is_saved_by_name_and_used_for_the_next_table(
    world: Simulation, ana: Browser
) -> None:
    table = wish(world, by="csv", ftm=TABLE_OF_PERSONS)
    named = {"mapping": MAPPING, "save-as": "registry-a"}
    kept = await post(ana, "/compose", {**table, "does": "save", **named})
    assert kept.status_code == 200
    assert "The mapping was saved." in text_of(kept.text)
    assert "Ana Ruiz" in kept.text  # the table stays in the form
    used = await post(ana, "/compose", {**table, "saved": "registry-a"})
    assert "Ana Ruiz" in (await ana.get(used.headers["location"])).text
    shown = await post(ana, "/compose", {**table, "does": "use", "saved": "registry-a"})
    assert "[entities.person]" in html.unescape(shown.text)
    removed = await post(ana, "/compose", {**table, "does": "remove", "saved": "registry-a"})
    assert "The saved mapping was removed." in text_of(removed.text)
    assert 'name="saved"' not in removed.text
    for does in ("use", "remove", "preview"):
        gone = await post(ana, "/compose", {**table, "does": does, "saved": "registry-a"})
        assert (gone.status_code, "TL-REQ-006" in gone.text) == (400, True)


@pytest.mark.parametrize("name", ["", "../own", "policy/own", "A", ".x", "x" * 33, "银行"])
async def test_a_mapping_gets_no_name_that_is_a_path(
    world: Simulation, ana: Browser, name: str
) -> None:
    table = wish(world, by="csv", ftm=TABLE_OF_PERSONS)
    given = {**table, "mapping": MAPPING, "save-as": name, "saved": name}
    kept = await post(ana, "/compose", {**given, "does": "save"})
    assert (kept.status_code, "TL-USE-001" in kept.text) == (400, True)
    for does in ("use", "remove"):
        reply = await post(ana, "/compose", {**given, "does": does})
        assert (reply.status_code, "TL-REQ-006" in reply.text) == (400, True)
    assert not world.us.node.home.mappings.exists()


async def test_only_a_mapping_is_saved_and_only_so_many(
    world: Simulation, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_mappings, "MAX_SAVED_MAPPINGS", 2)
    table = {**wish(world, by="csv", ftm=""), "does": "save"}
    wrong = await post(ana, "/compose", {**table, "mapping": "a = 1", "save-as": "wrong"})
    assert wrong.status_code == 400
    for name, status in (("one", 200), ("two", 200), ("three", 400), ("two", 200)):
        reply = await post(ana, "/compose", {**table, "mapping": MAPPING, "save-as": name})
        assert reply.status_code == status, name
    assert SavedMappings(world.us.node.home.mappings).names() == ["one", "two"]
