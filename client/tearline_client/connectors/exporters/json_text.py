"""JSON that is safe to show on a terminal."""

import json
import re

# JSON escapes only control characters below U+0020. A terminal interprets others too, and
# invisible or direction-changing characters mislead a reader.
_UNSEEN = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def encode_json(data: object) -> bytes:
    """Returns data as one line of JSON in UTF-8, without its line end."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return _UNSEEN.sub(_escaped, text).encode("utf-8")


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
