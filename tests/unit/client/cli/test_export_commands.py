"""``tearline export``: what is open here, in the form in which it is."""

import asyncio
import io
import json
import zipfile
from pathlib import Path

import networkx

from support.cli import Desk
from support.simulation import opened
from tearline_client.connectors.exporters.ftm import encode_entity, without_extension
from tearline_client.connectors.marked_entities import MarkedEntity
from tearline_client.demo.lead import ENTITIES
from tearline_client.planning.entities import Entity

GIVEN = {
    (entity["schema"], name, value)
    for entity in ENTITIES
    for name, values in entity["properties"].items()
    for value in values
}


def partner_s(desk: Desk) -> list[MarkedEntity]:
    """What the partner exports that gets some of it in generalised form."""

    async def read() -> list[MarkedEntity]:
        async with opened(desk.template, desk.folder) as world:
            await world.cn.node.receive()
            return list(world.cn.node.packets.export().exported.entities())

    return asyncio.run(read())


def test_what_is_here_in_generalised_form_alone_is_marked_as_such(desk: Desk) -> None:
    found = [
        (name in each.generalised, (each.entity.schema, name, value))
        for each in partner_s(desk)
        for name, values in each.entity.properties.items()
        for value in values
        if not value.startswith("token-")
    ]
    assert any(is_coarse and text not in GIVEN for is_coarse, text in found)
    assert all(is_coarse or text in GIVEN for is_coarse, text in found)


def test_the_originator_exports_the_values_themselves(desk: Desk) -> None:
    lines = desk.run("export", "ftm", desk.packet).stdout.splitlines()
    assert lines
    assert all("generalised" not in json.loads(line) for line in lines)


def test_a_line_names_what_is_generalised() -> None:
    entity = Entity(id="a", schema="Person", properties={"name": ("A",), "birthDate": ("1970",)})
    line = json.loads(encode_entity(entity, generalised=frozenset({"birthDate", "gone"})))
    assert line["generalised"] == ["birthDate"]


def test_a_note_says_what_is_generalised() -> None:
    leg = Entity(id="a", schema="TransferLeg", properties={"rate": ("1-10",), "amount": ("9",)})
    plain = without_extension(leg, generalised=frozenset({"rate"}))
    assert plain.properties["description"] == ("rate (generalised): 1-10",)


def test_a_network_of_the_open_fields(desk: Desk, tmp_path: Path) -> None:
    done = desk.run("export", "graphml", desk.packet)
    assert done.exit_code == 0, done.output
    assert set(networkx.read_graphml(io.BytesIO(done.stdout.encode())).nodes) == {
        str(each["id"]) for each in ENTITIES if each["schema"] not in ("Ownership", "Payment")
    }
    target = tmp_path / "case.zip"
    assert desk.run("export", "graph-csv", "--output-file", target).exit_code == 0
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["nodes.csv", "edges.csv"]
    refused = desk.run("export", "graph-csv")
    assert "--output-file" in refused.stderr


def test_a_report_of_an_export_has_no_lines_for_packets_have_none(desk: Desk) -> None:
    told = desk.run("export", "misp", desk.packet).stderr.splitlines()
    (head,) = (line.split() for line in told if line.startswith("column "))
    assert head == ["column", "concern", "why", "object"]
