"""The page on bank records, followed to the letter."""

from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import serving

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_import_commands.py::test_a_table_is_imported_by_a_mapping_that_the_home_keeps"
    ),
]


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        told = follow(federation.us, "".join(blocks("howto/bank-records.md")), tmp_path)
        assert "GrpHdr/MsgId" in told.stdout
        assert "unreconciled" not in told.stdout
        assert told.stderr.count("7 entities in 1 packet") == 2
        federation.mx.here("node", "sync")
        assert len(federation.mx.here("packet", "list", "-o", "json").rows) == 2
