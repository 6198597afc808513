"""The page on agreements: what one agency types by itself, followed to the letter."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from federation import serving
from support import ROOT

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs" / "howto" / "agreements.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TERMS = """
name = "precursors-2026"
parties = ["cn-public-security", "us-justice"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "None."

[article.precursors]
purposes = ["criminal-investigation"]
kinds = ["lead"]
crime_areas = ["drug-trafficking"]
highest_tlp = "red"
directions = "all"
"""


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        agency = federation.cn
        word = tmp_path / "word"
        word.write_text("a word of her own", encoding="utf-8")
        word.chmod(0o600)
        for told in (("person", "add", "olga", "--role", "officer"), ("login", "olga")):
            agency.here(*told, "--person-passphrase-file", str(word))
        (tmp_path / "terms.toml").write_text(TERMS, encoding="utf-8")
        followed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "".join(_BLOCK.findall(PAGE))],
            env={
                **agency.environment,
                "TEARLINE_HOME": str(agency.home),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert followed.returncode == 0, followed
        (row,) = [
            row
            for row in agency.here("agreement", "list", "-o", "json").rows
            if row["agreement"] == "precursors-2026"
        ]
        assert (row["state"], row["signed_by"]) == ("proposed", "cn-public-security")
