"""The wheel and the source archive: their bytes follow from the commit, and hold all it needs."""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SIDES = ("proto", "server", "client")


def sources() -> list[Path]:
    """Every file of the checkout that git would commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no checkout")
    names = listed.stdout.rstrip("\0").split("\0")
    return [Path(name) for name in names if (ROOT / name).is_file()]


def copy(folder: Path, *, mode: int, time_s: int) -> Path:
    """A copy of the checkout, as another umask and another day would have made it."""
    for name in sources():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        target.chmod(mode)
        os.utime(target, (time_s, time_s))
    return folder


def build(folder: Path, to: Path, epoch_s: int) -> dict[str, bytes]:
    """The archives that are built in a folder, by name."""
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(to)],
        cwd=folder,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch_s)},
        capture_output=True,
        check=True,
    )
    return {path.name: path.read_bytes() for path in to.iterdir()}


def digests(built: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in built.items()}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy(tmp_path_factory.mktemp("one"), mode=0o644, time_s=1_700_000_000)


@pytest.fixture(scope="module")
def built(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return build(tree, tmp_path_factory.mktemp("dist"), 1_790_000_000)


def test_two_builds_of_one_commit_are_the_same_bytes(
    built: dict[str, bytes], tmp_path: Path
) -> None:
    other = copy(tmp_path / "other", mode=0o600, time_s=1_600_000_000)
    assert digests(build(other, tmp_path / "dist", 1_790_000_000)) == digests(built)
    assert len(built) == 2


def test_another_commit_is_seen_in_the_bytes(
    tree: Path, built: dict[str, bytes], tmp_path: Path
) -> None:
    later = digests(build(tree, tmp_path / "dist", 1_790_000_060))
    assert all(later[name] != digest for name, digest in digests(built).items())


def test_the_wheel_holds_every_file_of_the_packages(
    built: dict[str, bytes], tmp_path: Path
) -> None:
    (name,) = (name for name in built if name.endswith(".whl"))
    (tmp_path / name).write_bytes(built[name])
    with zipfile.ZipFile(tmp_path / name) as wheel:
        names = [each for each in wheel.namelist() if ".dist-info/" not in each]
        held = {each for each in names if ".data/" not in each}
        shared = {each.partition(".data/data/")[2] for each in names if ".data/" in each}
        (scripts,) = (each for each in wheel.namelist() if each.endswith("entry_points.txt"))
        told = wheel.read(scripts).decode()
    meant = {
        str(path.relative_to(path.parts[0]))
        for path in sources()
        if path.parts[0] in SIDES and len(path.parts) > 2
    }
    assert held == meant
    manual = {path.name for path in sources() if path.parent == Path("docs/man")}
    assert "tearline-packet.1" in manual
    assert shared == {f"share/man/man1/{page}" for page in manual}
    assert all(f"{name} = " in told for name in PROJECT["project"]["scripts"])


def test_the_archive_holds_what_a_wheel_is_built_from(
    built: dict[str, bytes], tmp_path: Path
) -> None:
    (name,) = (name for name in built if name.endswith(".tar.gz"))
    (tmp_path / name).write_bytes(built[name])
    # Not every Python 3.11 can filter what it unpacks.
    subprocess.run(["tar", "-xzf", name], cwd=tmp_path, check=True)
    folder = tmp_path / name.removesuffix(".tar.gz")
    wheel = {name: data for name, data in built.items() if name.endswith(".whl")}
    again = build(folder, tmp_path / "dist", 1_790_000_000)
    assert {name: data for name, data in again.items() if name in wheel} == wheel


def test_one_exact_builder_is_named_and_tested() -> None:
    (builder,) = PROJECT["build-system"]["requires"]
    assert "==" in builder
    assert builder in PROJECT["dependency-groups"]["test"]
