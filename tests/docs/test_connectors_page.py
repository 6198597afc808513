"""The page on formats: a row for each connector, a how-to that a test runs, and what is carried."""

import re
from pathlib import Path

from support.cases import each_case
from support.docs_pages import blocks
from support.paths import ROOT
from support.simulation import Simulation
from tearline_client.connectors.registry import EXPORTERS, IMPORTERS, offers
from unit.client.connectors.exporters.test_every_exporter import (
    exported,
    memory,
    quick,
    send,
    template,
    world,
)

__all__ = ["memory", "quick", "template", "world"]

PAGE = ROOT / "docs" / "reference" / "connectors.md"
HOWTOS = Path("..", "howto")


def rows(columns: int) -> dict[str, list[str]]:
    """Returns the further cells of each row by the name of its connector."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        name, *cells = line.strip("|").split(" | ")
        if re.fullmatch(r" ?`[a-z0-9-]+`", name) and len(cells) == columns - 1:
            found[name.strip(" `")] = cells
    return found


IMPORTS, EXPORTS = rows(4), rows(6)


def built_in(group: str) -> list[str]:
    return [name for name, offer in offers(group).items() if offer.is_built_in]


def test_each_connector_has_a_row() -> None:
    assert [*IMPORTS] == built_in(IMPORTERS)
    assert [*EXPORTS] == built_in(EXPORTERS)


@each_case(
    ("command", "cell"),
    [(f"import {name}", cells[1]) for name, cells in IMPORTS.items()]
    + [(f"export {name}", cells[0]) for name, cells in EXPORTS.items()],
)
def test_a_test_runs_the_worked_example_of_each_connector(command: str, cell: str) -> None:
    (page,) = re.findall(r"\]\(\.\./(howto/[a-z-]+\.md)(?:#[a-z0-9-]+)?\)", cell)
    assert any(f"tearline {command} " in block for block in blocks(page))
    tests = [path.read_text("utf-8") for path in (ROOT / "tests/docs").glob("test_*_howto.py")]
    assert any(f'"{page}"' in test for test in tests)


async def test_each_export_carries_what_its_row_says(world: Simulation) -> None:
    packet, _ = await send(world)
    view = world.us.node.packets.show(packet).view.best()
    (narrative,) = (each.field.values[0] for each in view if each.field.path.endswith("/narrative"))
    carried = {
        "markings": rb"(?i)tlp[:._-]?amber",
        "originator": re.escape(world.us.node.uri.encode()),
        "packet's id": packet.hex().encode(),
    }
    for name, written, _ in exported(world.us, packet):
        whole = b"\n".join(written)
        found = ["yes" if re.search(text, whole) else "no" for text in carried.values()]
        assert EXPORTS[name][1:4] == found, name
        assert narrative not in whole
