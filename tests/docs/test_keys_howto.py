"""The page on keys, followed to the letter at a node with its root in place."""

from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import Agency, serving

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_keys_commands.py::test_the_keys_of_a_node_are_listed"
    ),
]


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        before = keys(federation.cn)
        follow(federation.cn, "".join(blocks("howto/keys.md")), tmp_path)
        assert {use for use, _ in keys(federation.cn) - before} == {"tls", "sign", "kem", "cosign"}


def keys(agency: Agency) -> set[tuple[str, str]]:
    """Use and id of the keys that are here and count."""
    rows = agency.here("keys", "list", "-o", "json").rows
    return {(row["use"], row["id"]) for row in rows if row["here"] and row["state"] == "in force"}
