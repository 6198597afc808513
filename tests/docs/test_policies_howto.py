"""The page on own policies, followed to the letter; no exchange is needed for it."""

from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import copied

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_policy_commands.py::test_every_finding_is_listed"
    ),
]


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    us = copied(tmp_path).us
    told = follow(us, "".join(blocks("howto/policies.md")), tmp_path).stdout
    assert "accounts-on-request" in told
    (row,) = us.here("policy", "test", str(tmp_path / "cases.toml"), "-o", "json").rows
    assert (row["passed"], row["decided"]) == (True, "generalised")
