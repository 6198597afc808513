"""Names of schemata and properties, in the language of the page."""

import pytest

from support.simulation import Simulation
from tearline.bodies.registry import KINDS
from tearline.packets.packet import PacketKind
from tearline_client.console.contents import USUAL, schemata_of
from tearline_client.console.field_names import WORDS, words_of
from unit.client.console.browsers import ConsoleUnderTest


def test_what_a_form_offers_first_has_a_message() -> None:
    offered = {schema for kind in PacketKind for schema in schemata_of(kind)}
    offered |= {name for names in USUAL.values() for name in names}
    offered |= {
        detail.name for rules in KINDS.values() for part in rules.parts for detail in part.details
    }
    assert sorted(offered - WORDS.keys()) == []


def test_other_names_are_split_into_words() -> None:
    assert words_of("previousName") == "Previous name"
    assert words_of("iban") == "IBAN"


@pytest.mark.parametrize(
    ("language", "kind", "label"),
    [
        ("en", "Bank account", "Bank name"),
        ("zh", "银行账户", "银行名称"),
        ("es", "Cuenta bancaria", "Nombre del banco"),
    ],
    ids=["en", "zh", "es"],
)
async def test_fields_of_a_packet_are_named_in_the_language_of_the_page(
    world: Simulation, console: ConsoleUnderTest, language: str, kind: str, label: str
) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")
    page = (await browser.get(f"/packets/{packet.hex()}", {"accept-language": language})).text
    assert f"<h2>{kind}: " in page
    assert f">{label}</a>" in page
