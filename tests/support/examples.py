"""The number of examples of a property: few in the quick run, all in the thorough one."""

import os

THOROUGH = 200
EXAMPLES = int(os.environ.get("TEARLINE_EXAMPLES", "20"))
"""Examples of a property that names no number of its own."""


def examples(most: int) -> int:
    """Returns the number of examples for this run, of a property that names a number."""
    return max(1, most * min(EXAMPLES, THOROUGH) // THOROUGH)
