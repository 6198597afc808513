"""The page on importing, followed to the letter."""

import shutil
from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import serving
from support.paths import ROOT

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_import_commands.py::test_an_import_sends_every_packet"
    ),
]


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        shutil.copy(ROOT / "docs" / "examples" / "cards.xlsx", tmp_path)
        told = follow(federation.us, "".join(blocks("howto/importing.md")), tmp_path)
        assert told.stderr.count("6 entities in 2 packets; 0 values could not be validated") == 3
        assert told.stderr.count("2 packets sent") == 1
        assert "Carried: 2 objects; as text: 1 value" in told.stderr
        for column in ("datasets", "referents", "target"):
            assert f" {column} " in told.stdout
        federation.mx.here("node", "sync")
        assert len(federation.mx.here("packet", "list", "-o", "json").rows) == 2
