"""The page on importing, followed to the letter."""

from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import serving

pytestmark = pytest.mark.integration


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        told = follow(federation.us, "".join(blocks("howto/importing.md")), tmp_path).stderr
        assert "6 entities in 2 packets; 0 values could not be validated" in told
        assert "2 packets sent" in told
        federation.mx.here("node", "sync")
        assert len(federation.mx.here("packet", "list", "-o", "json").rows) == 2
