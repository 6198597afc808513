"""A temporary file is a file like any other, and nothing of it is legible on the disk."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.unnamed_files import unnamed_files
from tearline.errors import ExportRefused, StoreFull
from tearline_client.planning import sealed_file as module
from tearline_client.planning.sealed_file import sealed_file

SECRET = b"Qiu Wenhao DE02120300000000202051 "
CONTENT = SECRET * 100_000
KILLED = f"""
import os, signal
from tearline.errors import ExportRefused
from tearline_client.planning import sealed_rows
from tearline_client.planning.sealed_file import sealed_file
sealed_rows._PRAGMAS += "PRAGMA cache_size = 16;"
file = sealed_file(ExportRefused)
file.write({SECRET!r} * 100_000)
file.flush()
links = [os.readlink(f"/proc/self/fd/{{each}}") for each in os.listdir("/proc/self/fd")[:-1]]
assert any(each.startswith(os.environ["TMPDIR"]) for each in links), links
os.kill(os.getpid(), signal.SIGKILL)
"""
Step = tuple[str, int, bytes]


@pytest.fixture(autouse=True)
def small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sixteen pages, so that little content already needs the file."""
    pragmas = "tearline_client.planning.sealed_rows._PRAGMAS"
    monkeypatch.setattr(pragmas, "PRAGMA temp_store = FILE; PRAGMA cache_size = 16; BEGIN;")


def test_the_disk_holds_nothing_legible() -> None:
    before = {each.name for each in unnamed_files()}
    with sealed_file(ExportRefused) as file:
        file.write(CONTENT)
        file.flush()
        files = [each for each in unnamed_files() if each.name not in before]
        held = b"".join(each.read_bytes() for each in files)
        assert len(held) > len(CONTENT) // 2
        assert SECRET[:10] not in held
        assert b"DE0212" not in held
        file.seek(0)
        assert file.read() == CONTENT


def test_a_killed_process_leaves_no_file(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED],
        env={**os.environ, "TMPDIR": str(tmp_path), "SQLITE_TMPDIR": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert list(tmp_path.iterdir()) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "read", "seek"]), st.integers(0, 40), st.binary(max_size=30)
    )
)


@given(STEPS)
def test_it_is_read_written_and_sought_in_like_any_file(steps: list[Step]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE_BYTES", 8)
        file, model = sealed_file(ExportRefused), io.BytesIO()
        for act, number, data in steps:
            for each in (file, model):
                if act == "seek":
                    each.seek(number)
            if act == "write":
                assert file.write(data) == model.write(data)
            if act == "read":
                assert file.read(number) == model.read(number)
            assert file.tell() == model.tell()
        file.seek(0)
        assert file.read() == model.getvalue()
        assert file.seek(0, io.SEEK_END) == len(model.getvalue())


def test_an_archive_is_made_in_it() -> None:
    with sealed_file(ExportRefused) as file:
        with ZipFile(file, "w") as archive:
            archive.writestr("export.csv", CONTENT)
        file.seek(0)
        assert ZipFile(file).read("export.csv") == CONTENT


def test_a_full_disk_is_told() -> None:
    file = sealed_file(ExportRefused)
    file.raw._rows.execute("PRAGMA max_page_count = 8")  # type: ignore[attr-defined]
    with pytest.raises(StoreFull):
        file.write(CONTENT)
    file.raw._rows.execute("PRAGMA max_page_count = 8000")  # type: ignore[attr-defined]
