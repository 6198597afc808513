"""Two of the frequent changes, done as CONTRIBUTING lists them, in a copy of the tree.

A drill edits the files of its row and no other; then what it adds must work there. A newcomer
who follows the row therefore has a working change.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.paths import ROOT

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

from tearline_client.planning.entities import Entity


def encode_card(entity: Entity) -> str:
    """Returns the vCard of a person."""
    names = [f"FN:{name}" for name in entity.properties.get("name", ())]
    return "\\n".join(["BEGIN:VCARD", "VERSION:4.0", *names, "END:VCARD"])
'''

COMMAND = '''

@command.command()
@click.argument("packets", nargs=-1)
@async_command
async def vcard(cli: CliContext, packets: tuple[str, ...]) -> None:
    """Export the persons of PACKETS, or of all packets here, as vCards.

    Example: tearline export vcard 9f2c61
    """
    async with open_node(cli) as node:
        ids = [node.packets.find(prefix) for prefix in packets]
        made = node.packets.export(ids, person=cli.settings.person, act=EventCode.ACCESS_PRINT)
    for entity, _ in made.entities:
        if entity.schema == "Person":
            print_lines(encode_card(entity))
'''

TEST_OF_EXPORTER = """

def test_persons_are_exported_as_cards_and_the_access_is_logged(desk: Desk) -> None:
    before = len(json.loads(desk.run("audit", "access", "-o", "json").stdout))
    assert "FN:Qiu Wenhao" in desk.run("export", "vcard", desk.packet).stdout.splitlines()
    after = json.loads(desk.run("audit", "access", "-o", "json").stdout)
    assert len(after) > before
"""

DRILLS = {
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
            "--deselect=tests/test_totality.py::"
            "test_mypy_names_every_match_that_a_new_type_must_enter",
        ),
    ),
    "exporter": Drill(
        new={"client/tearline_client/connectors/exporters/vcard.py": CARDS},
        edited={
            "client/tearline_client/cli/export.py": (
                (
                    "from tearline_client.rendering.output import print_lines\n",
                    "from tearline_client.connectors.exporters.vcard import encode_card\n"
                    "from tearline_client.rendering.output import print_lines\n",
                ),
                ("", COMMAND),
            ),
            "docs/reference/examples.py": (
                (
                    '    "export ftm": ',
                    '    "export vcard": Example(words="9f2c61", role=CONTENTS),\n'
                    '    "export ftm": ',
                ),
            ),
            "docs/howto/finding.md": (
                ("", "\n```sh\ntearline export vcard 3f9a1c > cards.vcf\n```\n"),
            ),
            "tests/unit/client/cli/test_export_commands.py": (("", TEST_OF_EXPORTER),),
        },
        tests=("tests/unit/client/cli/test_export_commands.py", "tests/docs/test_commands.py"),
    ),
}


def row(change: str) -> tuple[set[str], set[str]]:
    """The paths in the row of a change: new ones, and edited ones."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {change} |"))
    _, _, new, edited, *_ = line.split("|")
    found = [set(re.findall(r"`(\w+/[^`]+)`", cell)) for cell in (new, edited)]
    return found[0], found[1]


class Tree:
    """A copy of the tree, in which programs run the copied packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
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
    assert {f"{Path(path).parent}/" for path in drill.new} == new


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
        ("packet kind", "proto/tearline/bodies/registry.py"),
        ("packet kind", "docs/spec/packet-v1.md"),
        ("packet kind", "tests/test_totality.py"),
        ("exporter", "docs/reference/examples.py"),
    ],
)
def test_the_checks_notice_a_file_that_was_forgotten(tree: Tree, change: str, path: str) -> None:
    drill = DRILLS[change]
    tree.apply(drill, without=[path])
    with pytest.raises(AssertionError):
        tree.verify(drill)
