"""Copies of documents without metadata, by the command line."""

import hashlib
from pathlib import Path

from click.testing import CliRunner

from support.documents import exif, jpeg
from tearline_client.cli import command


def test_a_copy_has_no_metadata_and_the_file_stays(tmp_path: Path) -> None:
    photo, copy = tmp_path / "photo.jpg", tmp_path / "plain.jpg"
    content = jpeg((0xE1, exif()))
    photo.write_bytes(content)
    told = CliRunner().invoke(
        command, ["-o", "json", "packet", "strip-metadata", str(photo), str(copy)]
    )
    assert told.exit_code == 0, told.output
    assert photo.read_bytes() == content
    assert copy.read_bytes() == jpeg()
    for each in (content, jpeg()):
        assert hashlib.sha256(each).hexdigest() in told.output
    again = CliRunner().invoke(command, ["packet", "strip-metadata", str(photo), str(copy)])
    assert again.exit_code == 2, again.output  # a file that exists is not written over
    assert "TL-USE-004" in again.output
    assert copy.read_bytes() == jpeg()
