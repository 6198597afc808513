"""Packets of an export: read as packets and as entities, with little memory and nothing legible."""

import io
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from support.cases import each_case
from support.costs import memory
from support.unnamed_files import unnamed_files
from tearline.errors import EntityFieldMalformed, ExportRefused
from tearline.limits import MAX_FIELD_BYTES, MAX_PROPERTIES, MAX_VALUES
from tearline.packets.packet import Field, OpenedField
from tearline.policy.form import Form
from tearline.policy.marking import Marking, is_at_least_as_strict
from tearline_client.connectors import exported_packets
from tearline_client.connectors.contract import Exporter
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters import stix_objects
from tearline_client.connectors.importers import report
from tearline_client.connectors.importers.report import Concern, Finding, Report
from tearline_client.connectors.marked_entities import EntityKey, ExportedPacket, Source
from tearline_client.connectors.registry import EXPORTERS, load, offers
from tearline_client.planning.entities import Entity, connected_groups, fields_of
from tearline_client.planning.sealed_rows import SealedRows
from unit.client.connectors.exporters.views import (
    AMBER,
    NODE,
    ORIGIN,
    RED,
    TIME_MS,
    only,
    view_of,
)

SOURCE = Source(origin=ORIGIN, agreement=bytes(16))
QIU = Entity(id="qiu", schema="Person", properties={"name": ("Qiu Wenhao",)})
TOKEN, OTHER = "0" * 32, "1" * 32
FEW, MANY = 100, 300
BYTES = {"graphml": 700, "graph-csv": 700, "stix": 700}
"""The most bytes for an entity, where a format needs its id and key; elsewhere 150."""


def packet(number: int, source: Source = SOURCE) -> ExportedPacket:
    return ExportedPacket(
        id=number.to_bytes(32, "big"),
        source=source,
        case_id="",
        not_after_ms=TIME_MS,
        time_ms=TIME_MS + number,
    )


def field(path: str, *texts: str, marking: Marking = AMBER, form: Form = Form.CLEAR) -> OpenedField:
    values = tuple(text.encode() for text in texts)
    mask = "month" if form is Form.GENERALISED else ""
    made = Field(path=path, values=values, marking=marking, form=form, mask=mask)
    return OpenedField(slot=0, field=made)


def payments(size: int) -> Iterator[Entity]:
    for number in range(size):
        yield Entity(
            id=f"account-{number}",
            schema="BankAccount",
            properties={"iban": (f"DE{number:020}",), "currency": ("EUR",)},
        )
        yield Entity(
            id=f"payment-{number}",
            schema="Payment",
            properties={
                "amount": (f"{number}",),
                "payer": (f"account-{number}",),
                "beneficiary": ("account-0",),
            },
        )


def made_of(entities: Iterator[Entity]) -> ExportedPackets:
    """An export with some forty entities a packet."""
    exported = ExportedPackets(NODE, TIME_MS)
    groups = connected_groups(list(entities), max_fields=160)
    for number, group in enumerate(groups):
        listed = fields_of(group, key=bytes(32), agreement_id=SOURCE.agreement)
        exported.add(packet(number), [field(path, *_texts(values)) for path, values in listed])
    return exported


def _texts(values: tuple[bytes, ...]) -> list[str]:
    return [value.decode() for value in values]


def test_packets_are_read_as_they_were_added() -> None:
    fields = [
        field(f"{TOKEN}/Person/name", "Qiu Wenhao", "裘文昊"),
        field(f"{TOKEN}/Person/id", "q"),
    ]
    exported = ExportedPackets(NODE, TIME_MS)
    exported.add(packet(1), fields)
    assert dict(exported.fields) == {
        packet(1).id: tuple(sorted(fields, key=lambda e: e.field.path))
    }
    assert exported.packets == {packet(1).id: packet(1)}
    assert exported.keys(packet(1).id) == [EntityKey(source=SOURCE, token=TOKEN, schema="Person")]
    with pytest.raises(KeyError):
        exported.fields[bytes(32)]


def test_an_entity_of_several_packets_is_one_and_names_them() -> None:
    exported = ExportedPackets(NODE, TIME_MS)
    exported.add(packet(1), [field(f"{TOKEN}/Person/name", "Qiu Wenhao")])
    exported.add(packet(2), [field(f"{OTHER}/Person/name", "Ana Ruiz")])
    exported.add(packet(3), [field(f"{TOKEN}/Person/id", "qiu")])
    qiu, ana = exported.entities()
    assert (qiu.id, qiu.packets) == ("qiu", (packet(1).id, packet(3).id))
    assert (qiu.first_ms, qiu.last_ms) == (TIME_MS + 1, TIME_MS + 3)
    assert ana.entity.id == f"token-{OTHER}"
    assert exported.entity(qiu.key) == qiu


def test_an_id_from_any_packet_of_a_source_resolves_its_references() -> None:
    exported = ExportedPackets(NODE, TIME_MS)
    exported.add(packet(1), [field(f"{TOKEN}/Ownership/owner", f"token-{OTHER}")])
    exported.add(packet(2), [field(f"{OTHER}/Thing/id", "qiu")])
    (share,) = exported.entities()
    assert share.properties["owner"].values == ("qiu",)
    assert exported.find(SOURCE, OTHER) is None  # an id alone is no entity


def test_another_source_resolves_and_contradicts_nothing() -> None:
    theirs = Source(origin=ORIGIN, agreement=bytes([1]) * 16)
    exported = ExportedPackets(NODE, TIME_MS)
    exported.add(packet(1), [field(f"{TOKEN}/Ownership/owner", f"token-{OTHER}")])
    exported.add(packet(2, theirs), [field(f"{OTHER}/Person/id", "qiu")])
    exported.add(packet(3), [field(f"{OTHER}/Person/id", "ana")])
    share, qiu, ana = exported.entities()
    assert share.properties["owner"].values == ("ana",)
    assert (qiu.id, ana.id) == ("qiu", "ana")


@pytest.mark.parametrize(
    "bad",
    [
        [field(f"{TOKEN}/Person/id", "p2"), field(f"{OTHER}/Person/name", "Ana Ruiz")],
        [field(f"{OTHER}/Person/name", "Ana Ruiz"), field("Person/name", "x")],
        [field(f"{OTHER}/Person/name", "Ana Ruiz"), field(f"{TOKEN}/Person/name", "a\0b")],
        [
            field(f"{OTHER}/Event/notes", "x" * (1 << 19)),
            field(f"{OTHER}/Event/notes", "y" * (1 << 19) + "y"),
        ],
    ],
)
def test_of_a_packet_that_forms_no_entities_nothing_is_added(bad: list[OpenedField]) -> None:
    exported = ExportedPackets(NODE, TIME_MS)
    exported.add(packet(1), [field(f"{TOKEN}/Person/id", "qiu")])
    before = list(exported.entities()), dict(exported.fields)
    with pytest.raises(EntityFieldMalformed):
        exported.add(packet(2), bad)
    assert (list(exported.entities()), dict(exported.fields)) == before


def test_an_entity_of_many_packets_is_read_once_more_with_each_of_them_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A partner's party is in thousands of packets: each reads its texts, and no earlier piece."""
    exported = ExportedPackets(NODE, TIME_MS)
    opened = list[int]()
    read = ExportedPackets._opened

    def counted(self: ExportedPackets, sealed: bytes) -> list[OpenedField]:
        found = read(self, sealed)
        opened.append(len(found))
        return found

    monkeypatch.setattr(ExportedPackets, "_opened", counted)
    for number in range(40):
        exported.add(
            packet(number),
            [field(f"{TOKEN}/Person/name", f"Nobody {number}"), field(f"{OTHER}/Thing/id", "qiu")],
        )
    assert sum(opened) <= 2 * 40
    assert len(next(exported.entities()).properties["name"].values) == 40


def test_the_work_of_a_packet_does_not_grow_with_the_earlier_ones_of_its_entity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thousands of small packets about one person would take hours otherwise."""
    sealed = list[int]()
    seal = SealedRows.seal

    def counted(self: SealedRows, content: bytes) -> bytes:
        sealed.append(len(content))
        return seal(self, content)

    monkeypatch.setattr(SealedRows, "seal", counted)
    exported = ExportedPackets(NODE, TIME_MS)
    for number in range(400):
        exported.add(packet(number), [field(f"{TOKEN}/Person/name", f"Nobody {number}")])
    assert sum(sealed) < 400 * 300
    assert len(next(exported.entities()).properties["name"].values) == 400


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("name", [f"Nobody {number}" for number in range(MAX_VALUES)]),
        ("notes", ["x" * (MAX_FIELD_BYTES - 5)]),
    ],
)
def test_of_several_packets_an_entity_has_the_bounds_of_one(name: str, texts: list[str]) -> None:
    exported = ExportedPackets(NODE, TIME_MS)
    half = len(texts) // 2
    exported.add(packet(1), [field(f"{TOKEN}/Person/{name}", *texts[half:])])
    exported.add(packet(2), [field(f"{TOKEN}/Person/{name}", *texts[:half], texts[-1])])
    for number in range(3, 5):
        with pytest.raises(EntityFieldMalformed):
            exported.add(packet(number), [field(f"{TOKEN}/Person/{name}", "one more")])
    exported.add(packet(5), [field(f"{TOKEN}/Person/{name}", texts[0])])
    (person,) = exported.entities()
    assert set(person.properties[name].values) == set(texts)
    assert person.packets == (packet(1).id, packet(2).id, packet(5).id)


def test_of_several_packets_an_entity_has_no_more_properties_than_one() -> None:
    exported = ExportedPackets(NODE, TIME_MS)
    for number in range(MAX_PROPERTIES):
        exported.add(packet(number), [field(f"{TOKEN}/Person/p{number}", "x")])
    with pytest.raises(EntityFieldMalformed, match="properties"):
        exported.add(packet(MAX_PROPERTIES), [field(f"{TOKEN}/Person/more", "x")])
    exported.add(packet(MAX_PROPERTIES), [field(f"{TOKEN}/Person/p1", "y")])


def test_memory_does_not_grow_with_the_packets_that_repeat_a_value() -> None:
    def repeated(size: int) -> Callable[[], object]:
        exported = ExportedPackets(NODE, TIME_MS)
        for number in range(size):
            exported.add(packet(number), [field(f"{TOKEN}/Person/notes", "x" * 10_000)])
        return lambda: sum(1 for _ in exported.entities())

    assert repeated(2)() == 1
    (_, few), (_, many) = (memory(partial(repeated, size)) for size in (50, 200))
    assert many < few + 100_000


def test_a_reference_that_becomes_an_id_is_as_strict_as_the_id() -> None:
    exported = ExportedPackets(NODE, TIME_MS)
    exported.add(
        packet(1),
        [
            field(f"{TOKEN}/Ownership/owner", f"token-{OTHER}"),
            field(f"{OTHER}/Thing/id", "qiu", marking=RED),
        ],
    )
    (share,) = exported.entities()
    assert share.properties["owner"].values == ("qiu",)
    assert is_at_least_as_strict(share.properties["owner"].marking, RED)


def test_an_id_is_as_strict_as_in_each_packet_and_of_each_schema() -> None:
    exported = ExportedPackets(NODE, TIME_MS)
    exported.add(packet(1), [field(f"{TOKEN}/Person/id", "qiu")])
    exported.add(packet(2), [field(f"{TOKEN}/Thing/id", "qiu", marking=RED)])
    exported.add(packet(3), [field(f"{TOKEN}/Person/id", "qiu")])
    (qiu,) = exported.entities()
    assert qiu.id_marking is not None
    assert is_at_least_as_strict(qiu.id_marking, RED)


def test_an_entity_has_the_id_that_references_to_it_have() -> None:
    exported = ExportedPackets(NODE, TIME_MS)
    exported.add(packet(1), [field(f"{OTHER}/Person/name", "Qiu Wenhao")])
    exported.add(
        packet(2),
        [
            field(f"{TOKEN}/Ownership/owner", f"token-{OTHER}"),
            field(f"{OTHER}/Thing/id", "qiu", marking=RED),
        ],
    )
    qiu, share = exported.entities()
    assert (qiu.entity.id, share.entity.properties["owner"]) == ("qiu", ("qiu",))
    assert qiu.id_marking == RED


def test_an_entity_too_large_with_its_references_resolved_is_refused_at_once() -> None:
    """Ids are longer than tokens: an entity that is refused later would stop the whole export."""
    references = [f"token-{number:032x}" for number in range(4_000)]
    exported = ExportedPackets(NODE, TIME_MS)
    with pytest.raises(EntityFieldMalformed):
        exported.add(packet(1), [field(f"{TOKEN}/Ownership/owner", "x" * 100_000, *references)])


@each_case("name", ["case-uco", "ftm", "graph-csv", "graphml", "stix"])
@each_case("first", [Form.CLEAR, Form.GENERALISED])
def test_a_generalised_value_beside_a_clear_one_is_reported(name: str, first: Form) -> None:
    """The two may be of different values, as of two phones of one person."""
    second = Form.GENERALISED if first is Form.CLEAR else Form.CLEAR
    exported = ExportedPackets(NODE, TIME_MS)
    for number, form in enumerate((first, second)):
        texts = [field(f"{TOKEN}/Person/phone", f"+5255{number}", form=form)]
        exported.add(
            packet(number), [*texts, field(f"{TOKEN}/Person/birthDate", "1979", form=form)]
        )
    exported.add(packet(2), [field(f"{TOKEN}/Person/name", "Ana", form=Form.GENERALISED)])
    told = report_of(name, exported)
    assert [each for each in told if "clear ones" in each.why] == [
        Finding(
            line=0,
            column=f"Person.{column}",
            part=0,
            concern=Concern.STAYS_HOME,
            why="generalised values, for clear ones of the property are readable",
            object=f"token-{TOKEN}",
        )
        for column in ("birthDate", "phone")
    ]


def report_of(name: str, exported: ExportedPackets) -> Report:
    """The report of an export."""
    told, exporter = Report(), load(offers(EXPORTERS)[name], Exporter).value
    exporter.write(exported, io.BytesIO(), {option.name: "" for option in exporter.options}, told)
    return told


def test_the_temporary_file_holds_no_value_and_no_name() -> None:
    before = {each.name for each in unnamed_files()}
    exported = ExportedPackets(NODE, TIME_MS)
    exported._rows.execute("PRAGMA cache_size = 16")  # pages, so that few packets need the file
    for number in range(2_000):
        exported.add(packet(number), [field(f"{number:032x}/Person/name", f"Nobody {number}")])
    files = [each for each in unnamed_files() if each.name not in before]
    content = b"".join(each.read_bytes() for each in files)
    assert len(content) > 100_000
    assert not any(text in content for text in (b"Nobody", b"Person", b"00000000"))
    assert len(list(exported.entities())) == 2_000


def test_a_disk_that_fails_refuses_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    import apsw

    class Failing:
        def execute(self, statement: str, values: object) -> object:
            raise apsw.IOError("disk I/O error")

    exported = view_of([QIU])
    monkeypatch.setattr(exported._rows, "_database", Failing())
    with pytest.raises(ExportRefused, match="TMPDIR"):
        list(exported.entities())


def test_fields_that_are_gone_leave_an_empty_export() -> None:
    assert list(only(view_of([QIU]), {}).entities()) == []


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/exporters/test_exported_packets.py::test_packets_are_read_as_they_were_added"
)
@pytest.mark.parametrize("name", [n for n, offer in offers(EXPORTERS).items() if offer.is_built_in])
def test_memory_hardly_grows_with_the_entities_of_an_export(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_HELD", 16)  # findings; the others are in a file
    monkeypatch.setattr(exported_packets, "_RECENT", 16)
    monkeypatch.setattr(exported_packets, "_READ_AT_ONCE", 16)
    monkeypatch.setattr(stix_objects, "_RECENT", 16)
    exporter = load(offers(EXPORTERS)[name], Exporter).value
    export(exporter, 10)()  # what is loaded and compiled on use
    (_, few), (_, many) = (memory(partial(export, exporter, size)) for size in (FEW, MANY))
    assert (many - few) / (2 * (MANY - FEW)) <= BYTES.get(name, 150)


def export(exporter: Exporter, size: int) -> Callable[[], None]:
    """Writes so many accounts and payments to nowhere."""

    class Nowhere(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return len(bytes(data))  # type: ignore[call-overload, no-any-return]  # a buffer

    exported = made_of(payments(size))
    values = {option.name: "" for option in exporter.options}
    return lambda: exporter.write(exported, Nowhere(), values, Report())
