"""Files of a home, and those that are handed to others."""

import os
import stat
from pathlib import Path

import pytest

from tearline.errors import ExportRefused
from tearline_client.keys.home import replace_file


def test_what_is_handed_to_others_is_a_plain_file_of_the_process_own_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "handed", b"one")
    finally:
        os.umask(before)
    assert (tmp_path / "handed").read_bytes() == b"one"
    assert stat.S_IMODE((tmp_path / "handed").stat().st_mode) == 0o640


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "handed").mkdir()
    with pytest.raises(ExportRefused):
        replace_file(tmp_path / "handed", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["handed"]
