"""Three of the frequent changes, done as CONTRIBUTING lists them, in a copy of the tree.

A drill edits the files of its row and no other; then what it adds must work there. A newcomer
who follows the row therefore has a working change.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.paths import ROOT

pytestmark = pytest.mark.thorough(
    twin="tests/docs/test_names.py::test_each_file_of_a_frequent_change_exists"
)

PARTS = ("proto", "server", "client", "docs", "tests", "pyproject.toml", "CONTRIBUTING.md")
SIDES = ("proto", "server", "client")


@dataclass(frozen=True, kw_only=True)
class Drill:
    """One change.

    Attributes:
        new: Files that it adds, by path.
        edited: By path of an edited file, a line, and the lines to put in its place. An empty line
            stands for the end of the file.
        tests: What pytest runs in the copy.
    """

    new: Mapping[str, str]
    edited: Mapping[str, tuple[tuple[str, str], ...]]
    tests: tuple[str, ...]


RULES = '''"""``vehicle-sighting``: a vehicle was seen."""

from tearline.bodies.rules import Detail, KindRules, Part, nothing_beside
from tearline.bodies.shared_rules import party
from tearline.bodies.values import DAY, text_of
from tearline.packets.packet import PacketKind

VEHICLE_SIGHTING = KindRules(
    kind=PacketKind.VEHICLE_SIGHTING,
    meaning="A vehicle was seen.",
    parts=(
        Part(
            schema="Event",
            meaning="the sighting",
            details=(
                Detail(name="date", holds=DAY),
                Detail(name="location", holds=text_of("where", "Puente Colombia")),
                Detail(name="involved", holds=party("the driver", "ana"), required=False),
            ),
        ),
    ),
    relate=nothing_beside,
    example="""\\
{"id":"sighting","schema":"Event","properties":{"date":["2026-05-06T05:40"],\\
"location":["Puente Colombia"],"involved":["ana"]}}
{"id":"ana","schema":"Person","properties":{"name":["Ana Ruiz"]}}
""",
)
'''

TEST_OF_KIND = """

def test_a_sighting_has_a_place() -> None:
    example = KINDS[PacketKind("vehicle-sighting")].example
    lacking = example.replace('"location":["Puente Colombia"],', "")
    assert problems(PacketKind("vehicle-sighting"), entities(example)) == []
    assert problems(PacketKind("vehicle-sighting"), entities(lacking)) == [
        "Event/location: it is missing: where, such as Puente Colombia"
    ]
"""

CARDS = '''"""Persons as vCards (RFC 6350)."""

from typing import BinaryIO

from tearline_client.connectors.contract import Exporter, Options
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.importers.report import Concern, Report


def _write(packets: ExportedPackets, target: BinaryIO, options: Options, report: Report) -> None:
    for entity in (each.entity for each in packets.entities()):
        if entity.schema != "Person":
            report.add(Concern.STAYS_HOME, "no person", id=entity.id)
            continue
        names = [f"FN:{name}" for name in entity.properties.get("name", ())]
        card = "\\n".join(["BEGIN:VCARD", "VERSION:4.0", *names, "END:VCARD", ""])
        target.write(card.encode())
        report.made += 1


EXPORTER = Exporter(
    summary="Export the persons of PACKETS, or of all packets here, as vCards.",
    details="Example: tearline export vcard 9f2c61",
    write=_write,
)
'''

TEST_OF_EXPORTER = """

def test_persons_are_exported_as_cards_and_the_access_is_logged(desk: Desk) -> None:
    before = len(json.loads(desk.run("audit", "access", "-o", "json").stdout))
    assert "FN:Qiu Wenhao" in desk.run("export", "vcard", desk.packet).stdout.splitlines()
    after = json.loads(desk.run("audit", "access", "-o", "json").stdout)
    assert len(after) > before
"""

BULLETIN = '''"""Bulletins: an agency's public word to all, of which the log keeps the digest."""

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.statements.statement import HASH_SIZE, Header


@immutable
class Bulletin:
    """A bulletin.

    Attributes:
        header: The node that publishes it.
        number: From 1, without gaps.
        digest: 32 bytes, SHA-256 of its text.
    """

    header: Header
    number: int
    digest: bytes

    def __post_init__(self) -> None:
        if self.number < 1 or len(self.digest) != HASH_SIZE:
            raise StatementMalformed("a bulletin has a number and a digest of 32 bytes")
'''

BULLETIN_CODEC = '''"""Codec of bulletins."""

from tearline.audit.bulletin import Bulletin
from tearline.v1 import flow_pb2 as pb
from tearline.wire.statements import HEADER
from tearline.wire.table import BYTES, NUMBER, part, table

# The message of an anchor has the same fields.
BULLETIN = table(
    pb.Anchor,
    Bulletin,
    header=part(HEADER),
    number=NUMBER,
    commitment=BYTES.at("digest"),
)
'''

BULLETIN_AT_EXCHANGE = '''"""Handler of bulletins: they are logged."""

from tearline.audit.bulletin import Bulletin
from tearline.audit.event import Event, EventCode
from tearline.encoding import u64
from tearline.statements.statement import StatementType
from tearline.wire.bulletins import BULLETIN as CODEC
from tearline_server.processing.context import Context
from tearline_server.processing.handlers.base import StatementHandler, no_lookups, none


def accept_bulletin(context: Context, bulletin: Bulletin) -> None:
    """Logs that a node published a bulletin."""
    event = Event(
        statement_id=context.submitted.statement.id,
        code=EventCode.BULLETIN,
        party=context.publisher.node,
        time_ms=context.batch.now_ms,
        actor=context.publisher.node,
    )
    context.batch.settle(context.result, event)


BULLETIN = StatementHandler(
    type=StatementType.BULLETIN,
    parse=CODEC.parse,
    natural_id=lambda bulletin: b"B" + u64(bulletin.number),
    lookups=no_lookups,
    recipient=none,
    apply=accept_bulletin,
)
'''

BULLETIN_AT_NODE = '''"""Handler of bulletins: they are delivered to no node."""

from tearline.statements.statement import StatementType
from tearline_client.rules.handler import StatementHandler

BULLETIN: StatementHandler[object] = StatementHandler(type=StatementType.BULLETIN)
'''

TEST_OF_BULLETIN = """

async def test_a_bulletin_is_logged(world: World) -> None:
    header = world.parties.node(US).header
    said = BULLETIN.encode(Bulletin(header=header, number=1, digest=secret("text")))
    outcome = await world.say(US, StatementType.BULLETIN, said)
    assert outcome.receipt is not None
    receipt = parse_receipt(outcome.receipt.statement.body)
    assert receipt.entry is not None
    assert parse_event(receipt.entry.event).code is EventCode.BULLETIN
"""

DRILLS = {
    "statement type": Drill(
        new={
            "proto/tearline/audit/bulletin.py": BULLETIN,
            "proto/tearline/wire/bulletins.py": BULLETIN_CODEC,
            "server/tearline_server/processing/handlers/bulletins.py": BULLETIN_AT_EXCHANGE,
            "client/tearline_client/features/channels/bulletins.py": BULLETIN_AT_NODE,
        },
        edited={
            "proto/tearline/statements/statement.py": (
                (
                    "    PROPOSAL = 18, Trait.NODE\n",
                    "    PROPOSAL = 18, Trait.NODE\n    BULLETIN = 25, Trait.NODE\n",
                ),
            ),
            "proto/tearline/audit/event.py": (
                (
                    '    OVERDUE = "overdue"\n',
                    '    OVERDUE = "overdue"\n    BULLETIN = "bulletin"\n',
                ),
            ),
            "server/tearline_server/processing/handlers/table.py": (
                (
                    "from tearline_server.processing.handlers.cases import",
                    "from tearline_server.processing.handlers.bulletins import BULLETIN\n"
                    "from tearline_server.processing.handlers.cases import",
                ),
                ("*(ANCHOR, AUDIT_EXPORT, ERASURE)", "*(ANCHOR, AUDIT_EXPORT, BULLETIN, ERASURE)"),
            ),
            "client/tearline_client/bootstrap.py": (
                (
                    "from tearline_client.features.cases.handler import",
                    "from tearline_client.features.channels.bulletins import BULLETIN\n"
                    "from tearline_client.features.cases.handler import",
                ),
                (
                    "    StatementHandler(type=StatementType.ANCHOR),\n",
                    "    StatementHandler(type=StatementType.ANCHOR),\n    BULLETIN,\n",
                ),
            ),
            "docs/spec/statement-v1.md": (
                (
                    "| 13 | `anchor` |",
                    "| 25 | `bulletin` | a node | this drill |\n| 13 | `anchor` |",
                ),
            ),
            "tests/test_totality.py": (
                ("    StatementType: 23,\n", "    StatementType: 24,\n"),
                ("    EventCode: 46,\n", "    EventCode: 47,\n"),
                (
                    "    StatementType.ANCHOR,\n",
                    "    StatementType.ANCHOR,\n    StatementType.BULLETIN,\n",
                ),
            ),
            "tests/support/codecs.py": (
                ("    cases,\n", "    bulletins,\n    cases,\n"),
                (
                    "from tearline.audit.anchor import Anchor\n",
                    "from tearline.audit.anchor import Anchor\n"
                    "from tearline.audit.bulletin import Bulletin\n",
                ),
                (
                    '    "event": Sample(',
                    '    "bulletin": Sample(\n'
                    "        bulletins.BULLETIN,\n"
                    '        Bulletin(header=_NODE.header, number=300, digest=secret("text")),\n'
                    "    ),\n"
                    '    "event": Sample(',
                ),
            ),
            "tests/unit/server/processing/handlers/test_anchors.py": (
                (
                    "from tearline.audit.anchor import Anchor\n",
                    "from tearline.audit.anchor import Anchor\n"
                    "from tearline.audit.bulletin import Bulletin\n",
                ),
                (
                    "from tearline.wire.grants import",
                    "from tearline.wire.bulletins import BULLETIN\n"
                    "from tearline.wire.grants import",
                ),
                ("", TEST_OF_BULLETIN),
            ),
        },
        tests=(
            "tests/test_totality.py",
            "tests/unit/server/processing/handlers/test_anchors.py",
            "tests/test_boundaries.py",
        ),
    ),
    "packet kind": Drill(
        new={"proto/tearline/bodies/sightings.py": RULES},
        edited={
            "proto/tearline/packets/packet.py": (
                (
                    '    FEEDBACK = "feedback"\n',
                    '    FEEDBACK = "feedback"\n    VEHICLE_SIGHTING = "vehicle-sighting"\n',
                ),
            ),
            "proto/tearline/bodies/registry.py": (
                (
                    "from tearline.bodies.transfers import",
                    "from tearline.bodies.sightings import VEHICLE_SIGHTING\n"
                    "from tearline.bodies.transfers import",
                ),
                (
                    "            FEEDBACK,\n",
                    "            FEEDBACK,\n            VEHICLE_SIGHTING,\n",
                ),
            ),
            "docs/spec/packet-v1.md": (("`feedback` |", "`feedback`, `vehicle-sighting` |"),),
            "docs/spec/body-v1.md": (
                (
                    "\n## 4. Documents",
                    "\n`vehicle-sighting`: at most one sighting of a day.\n\n## 4. Documents",
                ),
            ),
            "docs/howto/kinds.md": (("", "\nA `vehicle-sighting` says where a vehicle was.\n"),),
            "tests/unit/proto/bodies/test_kinds.py": (("", TEST_OF_KIND),),
            "tests/test_totality.py": (("    PacketKind: 8,\n", "    PacketKind: 9,\n"),),
        },
        tests=(
            "tests/unit/proto/bodies/test_kinds.py",
            "tests/test_totality.py",
            "tests/docs/test_names.py",
        ),
    ),
    "exporter": Drill(
        new={"client/tearline_client/connectors/exporters/vcard.py": CARDS},
        edited={
            "pyproject.toml": (
                (
                    'ftm = "tearline_client.connectors.exporters.ftm:EXPORTER"\n',
                    'ftm = "tearline_client.connectors.exporters.ftm:EXPORTER"\n'
                    'vcard = "tearline_client.connectors.exporters.vcard:EXPORTER"\n',
                ),
            ),
            "docs/reference/examples.py": (
                (
                    '    "export ftm": ',
                    '    "export vcard": Example(words="9f2c61", role=CONTENTS),\n'
                    '    "export ftm": ',
                ),
            ),
            "docs/reference/connectors.md": (
                (
                    "",
                    "| `vcard` | [cards](../howto/finding.md) | no | no | no | all but names |\n",
                ),
            ),
            "docs/howto/finding.md": (
                ("", "\n```sh\ntearline export vcard 3f9a1c > cards.vcf\n```\n"),
            ),
            "tests/unit/client/cli/test_export_commands.py": (("", TEST_OF_EXPORTER),),
        },
        tests=(
            "tests/unit/client/cli/test_export_commands.py",
            "tests/docs/test_commands.py",
            "tests/docs/test_connectors_page.py",
        ),
    ),
}


def row(change: str) -> tuple[set[str], set[str]]:
    """The paths in the row of a change: new ones, and edited ones."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {change} |"))
    _, _, new, edited, *_ = line.split("|")
    found = [set(re.findall(r"`(\w+/[^`]+|pyproject\.toml)`", cell)) for cell in (new, edited)]
    return found[0], found[1]


class Tree:
    """A copy of the tree, in which programs run the copied packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                # Compiled modules go along: Python compiles those anew whose source was edited.
                ignored = shutil.ignore_patterns("*-pytest-*.pyc", "*.pyc.*")  # also half written
                shutil.copytree(source, folder / part, ignore=ignored)
            else:
                shutil.copyfile(source, folder / part)

    def apply(self, drill: Drill, without: Iterable[str] = ()) -> None:
        """Does a drill, but for the files named."""
        for path, text in drill.new.items():
            assert not (self.folder / path).exists()
            (self.folder / path).write_text(text, encoding="utf-8")
        for path, changes in drill.edited.items():
            if path in without:
                continue
            text = (self.folder / path).read_text(encoding="utf-8")
            for old, new in changes:
                assert not old or text.count(old) == 1, (path, old)
                text = text.replace(old, new) if old else text + new
            (self.folder / path).write_text(text, encoding="utf-8")

    def install(self) -> None:
        """Writes the metadata of the copy, of which the connectors are read, as pip would."""
        stated = tomllib.loads((self.folder / "pyproject.toml").read_text("utf-8"))["project"]
        info = self.folder / "client" / "tearline.dist-info"
        info.mkdir()
        name = f"Metadata-Version: 2.1\nName: tearline\nVersion: {stated['version']}\n"
        (info / "METADATA").write_text(name, encoding="utf-8")
        lines = [
            line
            for group, entries in stated["entry-points"].items()
            for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs Python in the copy."""
        packages = os.pathsep.join(str(self.folder / side) for side in SIDES)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": packages},
            capture_output=True,
            text=True,
            check=False,
        )

    def verify(self, drill: Drill) -> None:
        """Checks that the copy's own tests pass, and its generated pages can be written."""
        self.install()
        for arguments in (
            ("docs/reference/generate.py",),
            ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *drill.tests),
        ):
            done = self.run(*arguments)
            assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


@pytest.mark.parametrize("change", DRILLS)
def test_a_drill_touches_the_files_of_its_row(change: str) -> None:
    drill, (new, edited) = DRILLS[change], row(change)
    assert drill.edited.keys() == edited
    folders = {path: {each for each in new if path.startswith(each)} for path in drill.new}
    assert all(folders.values())
    assert set().union(*folders.values()) == new


def test_a_statement_type_edits_four_files_of_the_program() -> None:
    edited = DRILLS["statement type"].edited
    assert len([path for path in edited if path.startswith(SIDES)]) == 4


def test_a_new_statement_type_is_accepted_and_logged(tree: Tree) -> None:
    drill = DRILLS["statement type"]
    tree.apply(drill)
    tree.verify(drill)


def test_a_new_kind_is_judged(tree: Tree) -> None:
    drill = DRILLS["packet kind"]
    assert "vehicle-sighting" not in tree.run("-m", "tearline_client", "packet", "kinds").stdout
    tree.apply(drill)
    tree.verify(drill)
    told = tree.run("-m", "tearline_client", "packet", "kinds", "vehicle-sighting").stdout
    assert "Event/location" in told
    assert "## vehicle-sighting" in (tree.folder / "docs/reference/kinds.md").read_text()


def test_a_new_exporter_is_a_command_that_exports(tree: Tree) -> None:
    drill = DRILLS["exporter"]
    tree.apply(drill)
    tree.verify(drill)
    assert "vcard" in tree.run("-m", "tearline_client", "export", "--help").stdout
    assert (
        "tearline export vcard" in (tree.folder / "docs/reference/commands/export.md").read_text()
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ("statement type", "client/tearline_client/bootstrap.py"),
        ("statement type", "tests/test_totality.py"),
        ("packet kind", "proto/tearline/bodies/registry.py"),
        ("packet kind", "docs/spec/packet-v1.md"),
        ("packet kind", "tests/test_totality.py"),
        ("exporter", "docs/reference/examples.py"),
        ("exporter", "docs/reference/connectors.md"),
    ],
)
def test_the_checks_notice_a_file_that_was_forgotten(tree: Tree, change: str, path: str) -> None:
    drill = DRILLS[change]
    tree.apply(drill, without=[path])
    with pytest.raises(AssertionError):
        tree.verify(drill)
