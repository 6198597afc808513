"""Connectors by entry points: what is listed, what is refused, and whom a refusal names."""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tearline.errors import ConnectorUnusable, ImportRefused
from tearline_client.connectors.contract import Exporter, Importer
from tearline_client.connectors.importers.read import read_source
from tearline_client.connectors.importers.report import Concern, Imported, Report
from tearline_client.connectors.registry import EXPORTERS, IMPORTERS, load, offers, summaries
from unit.client.connectors.plug_ins import install

_OPTIONS = "IMPORTER = Importer(summary='S', read=print, options=(%s,))"
FROM_LINES = 'IMPORTER = Importer(summary="Send lines.", read=read)\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("one\n")
    return path


def read(source: Path, name: str = "ledger") -> tuple[Imported, Report]:
    report = Report()
    importer = load(offers(IMPORTERS)[name], Importer)
    return read_source(source, importer, {}, report), report


def test_the_built_in_connectors_are_entry_points_and_come_first() -> None:
    for group, kind in ((IMPORTERS, Importer), (EXPORTERS, Exporter)):
        own = {name: offer for name, offer in offers(group).items() if offer.is_built_in}
        assert list(own) == sorted(own)
        assert {*own} <= {each.name for each in entry_points(group=group)}
        assert all(isinstance(load(offer, kind).value, kind) for offer in own.values())
    assert {"csv", "ftm", "ofac"} <= {*offers(IMPORTERS)}


def test_a_plug_in_reads_a_file(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
def read(stream, options, report):
    for line in stream:
        report.add(Concern.NOT_UNDERSTOOD, "a word", line=1, column="word")
        yield person(name=line.decode().strip())
"""
    install(monkeypatch, tmp_path, "lantern", code + FROM_LINES)
    imported, report = read(source)
    assert [each.properties["name"] for each in imported.entities] == [("one",)]
    assert report.counts[Concern.NOT_UNDERSTOOD] == 1
    assert list(summaries("import")) == [("ledger", "Send lines.")]


@pytest.mark.parametrize("name", ["csv", "ledger"])
def test_a_name_that_two_packages_offer_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("lantern", "kestrel"):
        install(monkeypatch, tmp_path, package, "raise SystemExit('loaded')", name=name)
    with pytest.raises(ConnectorUnusable, match=r"of lantern 1\.0|of kestrel 1\.0"):
        load(offers(IMPORTERS)[name], Importer)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise KeyError('a value')", "failed with KeyError"),
        ("import no_such_module", "failed with ModuleNotFoundError"),
        ("raise SystemExit(0)", "failed with SystemExit"),
        ("OTHER = 1", "failed with AttributeError"),
        ("IMPORTER = 1", "it is no Importer"),
        ("IMPORTER = Importer(summary='two\\nlines', read=print)", "its summary is no line"),
        ("IMPORTER = Importer(summary='', read=print)", "its summary is no line"),
        ("IMPORTER = Importer(summary=7, read=print)", "its summary is no line"),
        ("IMPORTER = Importer(summary='S', read=None)", "its read is no function"),
        ("IMPORTER = Importer(summary='S', read=print, details=7)", "its details are no text"),
        ("IMPORTER = Importer(summary='S', read=print, details='\x1b[2J')", "its details are no"),
        ("IMPORTER = Importer(summary='S', read=print, example='E')", "its example is no function"),
        ("IMPORTER = Importer(summary='S', read=print, options=None)", "its options are no"),
        (_OPTIONS % "'x'", "its options are no"),
        (_OPTIONS % "Option(name='A B', help='H')", "its options are no"),
        (_OPTIONS % "Option(name='', help='H')", "its options are no"),
        (_OPTIONS % "Option(name='a', help=None)", "its options are no"),
        (_OPTIONS % "Option(name='a', help='H', kind='K')", "its options are no"),
        (_OPTIONS % "Option(name='a', help='H', choices='ab')", "its options are no"),
    ],
)
def test_a_plug_in_that_does_not_load_is_named(
    code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, tmp_path, "lantern", code)
    with pytest.raises(ConnectorUnusable, match=f"ledger of lantern 1.0: .*{told}") as refused:
        load(offers(IMPORTERS)["ledger"], Importer)
    assert "a value" not in str(refused.value)
    ((name, summary),) = summaries("import")
    assert (name, told in summary) == ("ledger", True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("write=None", "its write is no function"),
        ("write=print, suffix=7", "its suffix is no ending"),
        ("write=print, suffix='/../x'", "its suffix is no ending"),
    ],
)
def test_an_exporter_of_another_shape_is_named(
    given: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"EXPORTER = Exporter(summary='S', {given})"
    install(monkeypatch, tmp_path, "lantern", code, group=EXPORTERS, value="EXPORTER")
    with pytest.raises(ConnectorUnusable, match=f"ledger of lantern 1.0: .*{told}"):
        load(offers(EXPORTERS)["ledger"], Exporter)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("yield person(name='a')\n    raise ValueError('a value')", "failed with ValueError"),
        ("raise SystemExit(0)", "failed with SystemExit"),
        ("yield 'a value'", "yields a str as an entity"),
        ("yield None", "yields a NoneType as an entity"),
        ("return 7", "failed with TypeError"),
        ("yield person(name='a')\n    raise type('Stop', (BaseException,), {})", "with Stop"),
        ("import asyncio\n    raise asyncio.CancelledError", "failed with CancelledError"),
        ("yield Entity(id=7, schema='Person', properties={})", "failed with AttributeError"),
        (
            "yield Entity(id='a', schema='Person', properties={'name': 'ab'})",
            "yields a text as the values of a property",
        ),
        ("stream.close()\n    yield person(name='a')", "failed with ValueError"),
        ("report.add('gone', 'a word')\n    yield person(name='a')", "failed with ValueError"),
        (
            "report.add(Concern.STAYS_HOME, 7)\n    yield person(name='a')",
            "failed with AttributeError",
        ),
        (
            "report.add(Concern.STAYS_HOME, 'x', line='one')\n    yield person(name='a')",
            "failed with ValueError",
        ),
        (
            "report.add(Concern.STAYS_HOME, 'x', id=chr(0xD800))\n    yield person(name='a')",
            "failed with UnicodeEncodeError",
        ),
    ],
)
def test_a_plug_in_that_fails_is_named(
    body: str, told: str, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"def read(stream, options, report):\n    {body}\n"
    install(monkeypatch, tmp_path, "lantern", code + FROM_LINES)
    with pytest.raises(ConnectorUnusable, match=f"ledger of lantern 1.0: .*{told}") as refused:
        read(source)
    assert "a value" not in str(refused.value)


def test_an_interrupt_ends_an_import_but_no_thread_of_the_console(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def read(stream, options, report):\n    raise KeyboardInterrupt\n    yield\n"
    install(monkeypatch, tmp_path, "lantern", code + FROM_LINES)
    with pytest.raises(KeyboardInterrupt):  # as of Ctrl-C
        read(source)
    with ThreadPoolExecutor(1) as threads, pytest.raises(ConnectorUnusable, match="Interrupt"):
        threads.submit(read, source).result()


def test_an_entity_of_another_class_is_refused(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
class Loose(Entity):
    def __post_init__(self):
        pass

def read(stream, options, report):
    yield Loose(id="", schema="no schema", properties={})
"""
    install(monkeypatch, tmp_path, "lantern", code + FROM_LINES)
    with pytest.raises(ConnectorUnusable, match="yields a Loose"):
        read(source)


def test_a_refusal_of_a_plug_in_stays_its_own(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def read(stream, options, report):\n    raise ImportRefused('line 1: no ledger')\n"
    install(monkeypatch, tmp_path, "lantern", code + FROM_LINES)
    with pytest.raises(ImportRefused, match="line 1: no ledger"):
        read(source)


def test_no_importer_sends_a_password(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
def read(stream, options, report):
    yield person(schema="UserAccount", username="qiu", password="canary-71b0")
"""
    install(monkeypatch, tmp_path, "lantern", code + FROM_LINES)
    imported, report = read(source)
    assert [dict(each.properties) for each in imported.entities] == [{"username": ("qiu",)}]
    (finding,) = report
    assert (finding.concern, finding.column, finding.object) == (
        Concern.STAYS_HOME,
        "UserAccount.password",
        "p1",
    )


def test_a_name_that_is_no_word_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, tmp_path, "lantern", "", name="Ledger\x1b[2J")
    assert all(name.isascii() and name.islower() for name in offers(IMPORTERS))
