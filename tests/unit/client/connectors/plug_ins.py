"""Packages with plug-ins, written into a folder of the import path as an installer would."""

import importlib
import sys
from pathlib import Path

import pytest

_MODULE = """
from tearline.errors import ImportRefused
from tearline_client.connectors.contract import Exporter, Importer, Option, OptionKind
from tearline_client.connectors.importers.report import Concern
from tearline_client.planning.entities import Entity

def person(**properties):
    kept = {name: (value,) for name, value in properties.items()}
    return Entity(id="p1", schema=kept.pop("schema", ("Person",))[0], properties=kept)
"""


def install(
    patch: pytest.MonkeyPatch,
    folder: Path,
    package: str,
    code: str,
    *,
    group: str = "tearline.importers",
    name: str = "ledger",
    value: str = "IMPORTER",
) -> None:
    """Installs a package with one entry point, as long as ``patch`` holds."""
    module = package.replace("-", "_")
    place = folder / package
    info = place / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:{value}\n")
    (place / f"{module}.py").write_text(_MODULE + code)
    patch.syspath_prepend(place)
    patch.delitem(sys.modules, module, raising=False)
    importlib.invalidate_caches()
