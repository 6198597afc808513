"""Every name that a page gives exists; and what is to be looked up there is there whole."""

import importlib
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from support.cases import each_case
from support.paths import ROOT
from tearline.errors import concrete_errors
from tearline.packets.packet import PacketKind
from tearline_client.service.metrics import Metrics as NodeMetrics
from tearline_client.store.notifications import EVENTS
from tearline_server.observability.metrics import Metrics as ExchangeMetrics

PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("deploy/*.md"), *ROOT.glob("docs/**/*.md")})
NOTICES = (ROOT / "docs" / "howto" / "notices.md").read_text(encoding="utf-8")
EXCHANGE = (ROOT / "docs" / "reference" / "exchange.md").read_text(encoding="utf-8")
SPECIFICATION = ROOT / "docs" / "spec"
NODE = (ROOT / "docs" / "reference" / "node.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next."""
    return page.partition(f"{heading}\n")[2].partition("\n#")[0]


def named(table: str) -> set[str]:
    """The names in the first column of a table."""
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    return {name.strip("[]") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def measured(metrics: ExchangeMetrics | NodeMetrics, prefix: str) -> set[str]:
    """The names of what is measured, the process's own left out."""
    families = metrics._registry.collect()
    return {
        family.name.removeprefix(prefix) + ("_total" if family.type == "counter" else "")
        for family in families
        if family.name.startswith(prefix)
    }


@each_case("page", PAGES)
def test_every_code_exists(page: Path) -> None:
    codes = set(re.findall(r"TL-[A-Z]{3}-\d{3}", page.read_text(encoding="utf-8")))
    assert codes <= {error.code for error in concrete_errors()}


def test_every_metric_of_an_exchange_is_explained_and_no_other() -> None:
    assert named(section(EXCHANGE, "## Metrics")) == measured(ExchangeMetrics(), "tearline_")


def made(*folders: str) -> set[str]:
    """The tables that are there once every migration of some folders has run."""
    found: set[str] = set()
    for folder in folders:
        scripts = sorted((ROOT / folder).glob("*.sql"))
        assert scripts, folder
        for act, name, renamed in re.findall(
            r"^(?:(CREATE|DROP|ALTER) TABLE (\w+)(?: RENAME TO (\w+))?)",
            "\n".join(script.read_text(encoding="utf-8") for script in scripts),
            re.MULTILINE,
        ):
            match act:
                case "CREATE":
                    found.add(name)
                case "DROP":
                    found.discard(name)
                case _ if renamed:
                    found.discard(name)
                    found.add(renamed)
    return found


def absent(grows: str, folder: str) -> list[str]:
    """The modules in the last column of a table of tables that are none."""
    cells = re.findall(r"\| ([^|]*) \|$", grows, re.MULTILINE)
    names = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert names
    bases = {name: "proto" if name.startswith("tearline.") else folder for name in names}
    places = {name: ROOT / base / name.replace(".", "/") for name, base in bases.items()}
    return sorted(
        name
        for name, place in places.items()
        if not (place.with_suffix(".py").exists() or place.is_dir())
    )


def test_every_table_of_an_exchange_has_its_bound_told_and_no_other() -> None:
    storage = "server/tearline_server/storage"
    tables = made(f"{storage}/sqlite/migrations", f"{storage}/postgres/migrations")
    grows = section(EXCHANGE, "## What grows")
    assert named(grows) == tables | {"migrated"}
    assert absent(grows, "server/tearline_server") == []


def test_every_table_of_a_node_has_its_bound_told_and_no_other() -> None:
    tables = made("client/tearline_client/store/migrations")
    grows = section(NODE, "## What grows at a node")
    assert named(grows) == tables
    assert absent(grows, "client/tearline_client") == []


def test_every_metric_of_a_node_is_explained_and_no_other() -> None:
    explained = named(section(NODE, "## Metrics of a node"))
    paths = {name for name in explained if name.startswith("/")}
    assert explained - paths == measured(NodeMetrics(), "tearline_node_")


def test_every_event_of_a_notice_is_explained_and_no_other() -> None:
    assert named(section(NOTICES, "## Commands")) == set(EVENTS)


def test_every_package_of_the_agency_is_shown_and_no_other() -> None:
    folder = ROOT / "client" / "tearline_client"
    packages = {path.stem for path in modules(folder)}
    assert named(section(ARCHITECTURE, "## The agency's packages")) == packages


def modules(folder: Path) -> Iterable[Path]:
    """The modules and packages right below a package."""
    found = [*folder.glob("*.py"), *(package.parent for package in folder.glob("*/__init__.py"))]
    return (path for path in found if not path.name.startswith("__"))


PACKAGES = {"agency": "tearline_client", "exchange": "tearline_server", "protocol": "tearline"}


@each_case(
    "place",
    re.findall(r"^\| `((?:agency|exchange|protocol):[\w.:]+)` \|", ARCHITECTURE, re.MULTILINE),
)
def test_each_function_of_a_flow_exists(place: str) -> None:
    side, module, name = place.split(":")
    found: object = importlib.import_module(f"{PACKAGES[side]}.{module}")
    for part in name.split("."):
        found = getattr(found, part)
    assert callable(found)


@pytest.mark.parametrize("flow", ["Send a packet", "Suspend an agreement"])
def test_a_flow_names_both_sides(flow: str) -> None:
    names = section(ARCHITECTURE, f"### {flow}")
    assert all(f"`{side}:" in names for side in PACKAGES)


def test_each_file_of_a_frequent_change_exists() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = section(page, "## Frequent changes")
    paths = re.findall(r"`((?:proto|server|client|tests|docs)/[^`]+)`", table)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_specification_lists_every_kind() -> None:
    page = (ROOT / "docs/spec/packet-v1.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith("| 4 | kind |"))
    assert re.findall(r"`([\w-]+)`", line) == [kind.value for kind in PacketKind]


def test_the_specification_states_the_class_of_each_code_that_it_names() -> None:
    classes = {each.code: each.error_class.value for each in concrete_errors()}
    pages = [path.read_text(encoding="utf-8") for path in SPECIFICATION.glob("*.md")]
    named = {code for page in pages for code in re.findall(r"TL-[A-Z]{3}-\d{3}", page)}
    rows = re.findall(
        r"^\| `([a-z ]+)` \| (TL-.*) \|$",
        (SPECIFICATION / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    stated = [
        (f"{group.strip()[:7]}{number}", name)
        for name, codes in rows
        for group in codes.split(";")
        for number in group.strip()[7:].split(", ")
    ]
    assert sorted(stated) == sorted((code, classes[code]) for code in named)
