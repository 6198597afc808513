"""The page on STIX, followed to the letter."""

import json
from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import serving

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_connector_commands.py::test_the_example_is_listed_and_sends"
    ),
]


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        told = follow(federation.us, "".join(blocks("howto/stix.md")), tmp_path)
        assert "TLP:RED" in told.stdout
        assert "identity.confidence" in told.stdout
        assert told.stderr.count("3 entities in 1 packet") == 2
    made = json.loads((tmp_path / "case.stix.json").read_text(encoding="utf-8"))["objects"]
    assert {"Qiu Wenhao"} <= {each.get("name") for each in made}
    assert "Puerto 4" not in json.dumps(made)
