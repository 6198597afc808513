import io
import json
from collections import Counter

import pytest

from support.cases import each_case
from support.entities import read_entities
from support.paths import shared
from tearline_client.connectors.exporters.ftm import (
    EXPORTER,
    encode_entity,
    without_extension,
)
from tearline_client.connectors.importers.ftm import iter_ftm, read_ftm
from tearline_client.connectors.importers.ofac import read_ofac
from tearline_client.connectors.importers.report import Report, gather
from tearline_client.planning.entities import (
    Entity,
    connected_groups,
    fields_of,
)
from unit.client.connectors.exporters.views import view_of

KEY = bytes(range(32))
AGREEMENT = bytes(16)
PUBLIC = [
    (read_ftm, "data/ftm_parteispenden.ftm.json", 475, 2065, 2385),
    (read_ofac, "data/ofac_sdn_drugs_tco_2024-05-03.csv", 1349, None, None),
]


def triples(entities):
    return Counter(
        (entity.schema, name, value)
        for entity in entities
        for name, values in entity.properties.items()
        for value in values
    )


def test_a_line_of_json():
    entity = Entity(id="a", schema="Person", properties={"name": ("Ana", "安娜"), "email": ("x",)})
    assert encode_entity(entity) == (
        '{"id":"a","schema":"Person","properties":{"name":["Ana","安娜"],"email":["x"]}}\n'.encode()
    )


@each_case(
    "trick", ["\x1b[2J", "\x07", "\x7f", "\x9b2J", "\u202e", "\u2028", "\u200b", "\r\n", '"}\n{"']
)
def test_no_value_reaches_a_terminal_or_ends_a_line(trick):
    entity = Entity(id=f"a{trick}", schema="Person", properties={"name": (f"x{trick}y",)})
    line = encode_entity(entity)
    text = line.decode()
    assert text.endswith("\n")
    assert all(character.isprintable() for character in text[:-1])
    assert json.loads(line)["properties"]["name"] == [f"x{trick}y"]


@pytest.mark.parametrize(("read", "file", "entities", "properties", "values"), PUBLIC)
def test_public_data_comes_back_as_it_went(read, file, entities, properties, values):
    imported = read(shared(file))
    assert len(imported.entities) == entities
    if properties:
        assert sum(len(entity.properties) for entity in imported.entities) == properties
        assert triples(imported.entities).total() == values
    packets = [
        list(fields_of(group, key=KEY, agreement_id=AGREEMENT))
        for group in connected_groups(imported.entities)
    ]
    received = read_entities(field for packet in packets for field in packet)
    assert len(received) == entities
    out = io.BytesIO(b"".join(map(encode_entity, received)))
    report = Report()
    again = gather(iter_ftm(out, report), report)
    assert triples(again.entities) == triples(imported.entities)
    assert {(e.id, e.schema) for e in again.entities} == {
        (e.id, e.schema) for e in imported.entities
    }


def test_the_ofac_file_keeps_its_rows():
    imported = read_ofac(shared(PUBLIC[1][1]))
    parties = [e for e in imported.entities if e.schema in ("Person", "LegalEntity")]
    assert len(parties) == 441


def test_each_packet_reads_alone_and_another_resolves_its_references():
    imported = read_ftm(shared(PUBLIC[0][1]))
    groups = connected_groups(imported.entities)
    packets = [list(fields_of(g, key=KEY, agreement_id=AGREEMENT)) for g in groups]
    assert all(len(packet) <= 512 for packet in packets)
    alone = [e for packet in packets for e in read_entities(packet)]
    unresolved = [
        value
        for entity in alone
        for values in entity.properties.values()
        for value in values
        if value.startswith("token-")
    ]
    assert unresolved  # some references cross packets
    assert len(alone) == 475


def test_a_substance_becomes_an_asset_for_other_readers():
    substance = Entity(
        id="s",
        schema="Substance",
        properties={
            "name": ("Safrole",),
            "casNumber": ("94-59-7",),
            "notes": ("seen",),
            "quantity": ("5",),
        },
    )
    assert without_extension(substance) == Entity(
        id="s",
        schema="Asset",
        properties={"name": ("Safrole",), "notes": ("seen", "casNumber: 94-59-7", "quantity: 5")},
    )
    person = Entity(id="p", schema="Person", properties={})
    assert without_extension(person) is person


def test_what_kinds_add_becomes_what_other_readers_know():
    leg = {"side": ("pay-in",), "amount": ("5",), "payer": ("qiu",), "description": ("seen",)}
    assert without_extension(Entity(id="t", schema="TransferLeg", properties=leg)) == Entity(
        id="t",
        schema="Payment",
        properties={
            "amount": ("5",),
            "payer": ("qiu",),
            "description": ("seen", "side: pay-in"),
        },
    )
    notice = {"act": ("arrest",), "date": ("2026-05-06",), "country": ("mx",)}
    assert without_extension(
        Entity(id="n", schema="OperationalNotice", properties=notice)
    ) == Entity(
        id="n",
        schema="Event",
        properties={"date": ("2026-05-06",), "country": ("mx",), "notes": ("act: arrest",)},
    )


def test_an_entity_with_too_many_texts_for_notes_does_not_stop_an_export():
    many = tuple(map(str, range(3_000)))
    large = Entity(
        id="s", schema="Substance", properties={"casNumber": many, "name": ("A",), "quantity": many}
    )
    assert without_extension(large) is large
    report, out = Report(), io.BytesIO()
    EXPORTER.write(
        view_of([large, Entity(id="q", schema="Person", properties={"name": ("Qiu",)})]),
        out,
        {"plain": True},
        report,
    )
    assert len(out.getvalue().splitlines()) == 2
    assert [each.column for each in report] == ["Substance"]
