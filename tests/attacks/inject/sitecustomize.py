"""Run by every interpreter that has this folder on its path: takes away what is to be."""

import importlib.util
import os
from pathlib import Path

if "TEARLINE_MUTANT" in os.environ:
    # By its path, for the tests are not on the path of the processes that a test starts.
    _spec = importlib.util.spec_from_file_location(
        "_tearline_mutant", Path(__file__).parent.parent / "mutant.py"
    )
    _mutant = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_mutant)
    _mutant.install(_mutant.parse_mutant(os.environ["TEARLINE_MUTANT"]))
