"""What tests share: where public vectors and real data lie."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def shared(relative: str) -> Path:
    """The path of a public vector or data file beside the checkout.

    Skips the test where the file is absent, with a reason. Where everything is required
    and the folder itself exists, a missing file is a failure instead.
    """
    path = SHARED / relative
    if not path.exists():
        if os.environ.get("TEARLINE_REQUIRE_ALL") == "1" and SHARED.exists():
            pytest.fail(f"required and missing beside the checkout: {relative}")
        pytest.skip(f"not beside the checkout: {relative}")
    return path
