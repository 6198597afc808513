"""The page on keys, followed to the letter at a node with its root in place."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from federation import Agency, serving
from support import ROOT

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs" / "howto" / "keys.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def environment(agency: Agency) -> dict[str, str]:
    """As in a shell of that agency: its home and its passphrase's file."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**agency.environment, "TEARLINE_HOME": str(agency.home), "PATH": path}


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        before = keys(federation.cn)
        followed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "".join(_BLOCK.findall(PAGE))],
            env=environment(federation.cn),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert followed.returncode == 0, followed
        assert {use for use, _ in keys(federation.cn) - before} == {"tls", "sign", "kem", "cosign"}


def keys(agency: Agency) -> set[tuple[str, str]]:
    """Use and id of the keys that are here and count."""
    rows = agency.here("keys", "list", "-o", "json").rows
    return {(row["use"], row["id"]) for row in rows if row["here"] and row["state"] == "in force"}
