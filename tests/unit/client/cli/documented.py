"""Compares rows of commands with the reference of their keys."""

import json
import sys
from collections.abc import Iterable, Iterator
from functools import cache

from jsonschema import Draft202012Validator

from support.paths import ROOT
from tearline_client.rendering.output import Row, to_json

sys.path.append(str(ROOT / "docs" / "reference"))
from outputs import OUTPUTS

__all__ = ["OUTPUTS", "compared", "rows_of"]


@cache
def rows_of(words: str) -> Draft202012Validator:
    """Compares a row with the keys of a command, and refuses other keys."""
    return Draft202012Validator({"anyOf": [kind.schema(exact=True) for kind in OUTPUTS[words]]})


def compared(rows: Iterable[Row], words: str) -> Iterator[Row]:
    """Yields rows of a command, each once it fits."""
    for row in rows:
        rows_of(words).validate(json.loads(to_json(row)))
        yield row
