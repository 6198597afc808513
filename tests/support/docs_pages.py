"""A page of the documentation, followed to the letter in a shell of an agency."""

import os
import re
import subprocess
import sys
from pathlib import Path

from support.federation import Agency
from support.paths import ROOT

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MAX_S = 120  # a busy machine takes long to start a dozen programs


def blocks(name: str) -> list[str]:
    """What a page of ``docs`` has its reader type, block by block."""
    return _BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))


def program(name: str, folder: Path) -> Path:
    """The one program on a page of ``docs``, as a file in ``folder``."""
    (source,) = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs" / name).read_text(), re.M | re.S
    )
    path = folder / "program.py"
    path.write_text(source, encoding="utf-8")
    return path


def follow(agency: Agency, commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs commands as in a shell of that agency, in ``folder``; all of them must succeed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    followed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        env={**agency.environment, "TEARLINE_HOME": str(agency.home), "PATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_MAX_S,
    )
    assert followed.returncode == 0, followed
    return followed
