"""Exchange files: PEM (RFC 7468) around one encoded value.

The label names the kind, for example ``-----BEGIN TEARLINE AGREEMENT-----``. Exactly one spelling
is accepted: 64 characters a line, no headers, no text before or after.
"""

from enum import StrEnum

from tearline.encoding import encode_base64, parse_base64
from tearline.errors import MalformedInput
from tearline.limits import MAX_MESSAGE_BYTES

_WIDTH = 64


class Armor(StrEnum):
    """Kinds of file."""

    AGENCY = "TEARLINE AGENCY"
    EXCHANGE = "TEARLINE EXCHANGE"
    FEDERATION = "TEARLINE FEDERATION"
    SUCCESSION = "TEARLINE SUCCESSION"
    DECISION = "TEARLINE DECISION"
    KEY_RECORD = "TEARLINE KEY RECORD"
    AGREEMENT = "TEARLINE AGREEMENT"
    EVIDENCE = "TEARLINE EVIDENCE"
    EXHIBIT = "TEARLINE EXHIBIT"
    AUDIT_EXPORT = "TEARLINE AUDIT EXPORT"
    ERASURE = "TEARLINE ERASURE"


def armor(kind: Armor, data: bytes) -> str:
    """Returns the text of a file that holds ``data``."""
    text = encode_base64(data)
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


def parse_armor(kind: Armor, text: str) -> bytes:
    """Returns the contents of a file of this kind.

    Raises:
        MalformedInput: If ``text`` is not the canonical form of such a file.
    """
    if len(text) > 2 * MAX_MESSAGE_BYTES:
        raise MalformedInput("the file is too large")
    begin, end = f"-----BEGIN {kind}-----\n", f"\n-----END {kind}-----\n"
    text = text.replace("\r\n", "\n")
    if not text.startswith(begin) or not text.endswith(end):
        raise MalformedInput(f"a file that begins with {begin.strip()} was expected")
    data = parse_base64(text[len(begin) : -len(end)].replace("\n", ""))
    if not data or armor(kind, data) != text:
        raise MalformedInput("the file is not in canonical form")
    return data
