import os
import stat

import pytest

from tearline.errors import ExportRefused
from tearline_client.connectors.exporters.files import create_file, verify_file_name


@pytest.mark.parametrize("name", ["a", "view.ftm.json", "观点 2024.csv", "a (1).csv", "a+b@c-d_e"])
def test_plain_names(name):
    assert verify_file_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "-rf",
        " a",
        "a ",
        "a.",
        "a/b",
        "../a",
        "/etc/passwd",
        "a..b",
        "a\\b",
        "C:a",
        "a:stream",
        "a\0b",
        "a\nb",
        "a\x1b[2Jb",
        "a\u202eb",
        "a*",
        "$HOME",
        "`id`",
        "a;b",
        "con",
        "NUL.csv",
        "com1.txt",
        "x" * 129,
        "界" * 43,
    ],
)
def test_names_that_lead_elsewhere_are_refused(name, tmp_path):
    with pytest.raises(ExportRefused) as refused:
        verify_file_name(name)
    assert refused.value.why == "the name is not a plain file name"
    with pytest.raises(ExportRefused), create_file(tmp_path, name):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_appears_whole_and_for_its_owner_alone(tmp_path):
    with create_file(tmp_path, "out") as stream:
        stream.write(b"half")
        assert not (tmp_path / "out").exists()
        stream.write(b" and half")
    assert (tmp_path / "out").read_bytes() == b"half and half"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["out"]


def test_nothing_remains_of_what_fails(tmp_path):
    def write_half():
        with create_file(tmp_path, "out") as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert os.listdir(tmp_path) == []


def test_what_is_there_is_never_written_to(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / "taken").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dangling").symlink_to(tmp_path / "not-yet")
    before = sorted(os.listdir(tmp_path))
    for name in ("taken", "link", "dangling"):
        with pytest.raises(ExportRefused), create_file(tmp_path, name) as stream:
            stream.write(b"x")
    assert (tmp_path / "elsewhere").read_bytes() == (tmp_path / "taken").read_bytes() == b"precious"
    assert sorted(os.listdir(tmp_path)) == before


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for folder in ("absent", "file"):
        with pytest.raises(ExportRefused), create_file(tmp_path / folder, "out"):
            pass
