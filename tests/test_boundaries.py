"""Folder = package = trust boundary: what may import what, and each side runs without the other."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

SIDES = {
    "proto": "tearline",
    "server": "tearline_server",
    "client": "tearline_client",
}

# Imports every module of the packages on the path, and says which of ours were loaded.
IMPORT_ALL = """
import importlib, pkgutil, sys
folders, packages = {folders!r}, {packages!r}
# Without this, an editable installation would offer the other side as well.
sys.path[:] = folders + [p for p in sys.path if not p.endswith(("/proto", "/server", "/client"))]
for package in packages:
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(module.__path__, package + "."):
        if not found.name.endswith(".__main__"):  # importing that is running it
            importlib.import_module(found.name)
            print(found.name)
"""


def test_the_import_rules_hold():
    linted = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout[linted.stdout.find("Broken contracts") :]
    assert " 0 broken" in linted.stdout


@pytest.mark.parametrize(
    "present", [["proto"], ["proto", "server"], ["proto", "client"]], ids="+".join
)
def test_each_side_imports_without_the_other(present):
    script = IMPORT_ALL.format(
        folders=[str(ROOT / side) for side in present],
        packages=[SIDES[side] for side in present],
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    loaded = set(ended.stdout.split())
    assert "tearline.errors" in loaded
    assert {name.split(".")[0] for name in loaded} == {SIDES[side] for side in present}


def test_the_check_of_sides_sees_a_missing_one():
    script = IMPORT_ALL.format(folders=[str(ROOT / "proto")], packages=["tearline_server"])
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "No module named 'tearline_server'" in ended.stderr


ISSUING = {"certificate_authority.py", "tls_keys.py"}  # they read nothing of others
READING = "certificates.py"


def test_certificates_are_read_in_one_module() -> None:
    importing = {
        path.name
        for side in SIDES
        for path in (ROOT / side).rglob("*.py")
        if "x509" in path.read_text(encoding="utf-8")
        and re.search(
            r"^from cryptography.* import .*x509|cryptography\.x509", path.read_text(), re.M
        )
    }
    assert importing == {READING, *ISSUING}


def test_each_use_of_the_x509_library_stands_in_its_frame() -> None:
    tree = ast.parse((ROOT / "proto/tearline/crypto" / READING).read_text(encoding="utf-8"))
    framed = {
        id(inner)
        for each in ast.walk(tree)
        if isinstance(each, ast.With) and "_Refusing" in ast.unparse(each.items[0])
        for inner in ast.walk(each)
    }
    uses = [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.Attribute)
        and (
            each.attr in ("parsed", "PolicyBuilder", "Store", "get_extension_for_class")
            or each.attr.startswith("load_")
        )
    ]
    assert len(uses) > 8
    assert [ast.unparse(each) for each in uses if id(each) not in framed] == []


@pytest.mark.parametrize("side", SIDES)
def test_each_package_says_what_it_is(side):
    for path in (ROOT / side).rglob("__init__.py"):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert first.startswith(('"""', 'r"""')), path.relative_to(ROOT)


def test_each_package_is_typed():
    assert all(Path(ROOT / side / package / "py.typed").exists() for side, package in SIDES.items())
