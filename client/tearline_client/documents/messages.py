"""Messages (RFC 5322) with their headers, texts and attachments (MIME)."""

import binascii
import email
import re
from collections.abc import Callable
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from tearline_client.documents.collected_text import Gap, Gathering, TraceKind

_MAIL_ERRORS = (
    MessageError,
    binascii.Error,
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Errors that ``email`` raises for a damaged message."""
_PART = re.compile(rb"^content-type:|boundary", re.IGNORECASE | re.MULTILINE)
_MOST_PARTS = 128
_LONGEST_HEADER = 16 << 10
_OF_WAY = ("received", "x-originating-ip", "x-mailer", "user-agent", "message-id")
_PLAIN = ("7bit", "8bit", "binary")
_AUTHORS = ("from", "sender", "reply-to")
Nested = Callable[[str, bytes, Gathering], None]
"""Reads a document within a document, by its name."""


def read_message(content: bytes, into: Gathering, nested: Nested) -> None:
    """Adds the headers, texts and attachments of a message."""
    if sum(1 for _ in _PART.finditer(content)) > _MOST_PARTS:
        into.exhaust()  # the parser calls itself for each message within a message
    try:
        message = email.message_from_bytes(content)
    except _MAIL_ERRORS:
        into.gap(Gap.DAMAGED)
        return
    for part in message.walk():
        if any(len(value) > _LONGEST_HEADER for _, value in part.raw_items()):
            into.exhaust()  # time to decode one grows with its square
        _read_part(part, into, nested)


def _read_part(part: Message, into: Gathering, nested: Nested) -> None:
    for name, value in part.raw_items():
        text = _decoded(_unescaped(value, into), into)
        into.add(f"{name}: {text}")
        if name.lower() in _AUTHORS:
            into.trace(TraceKind.AUTHOR, text)
        elif name.lower() in _OF_WAY:
            into.trace(TraceKind.HEADER, f"{name}: {text}")
    for beside in (part.preamble, part.epilogue):
        into.add(_unescaped(str(beside or ""), into))
    try:
        name = part.get_filename() or ""
        payload = None if part.is_multipart() else part.get_payload(decode=True)
        charset = part.get_content_charset() or "utf-8"
    except _MAIL_ERRORS:
        into.gap(Gap.DAMAGED)
        return
    if not isinstance(payload, bytes):
        if str(part.get("content-transfer-encoding", "8bit")).strip().lower() not in _PLAIN:
            into.gap(Gap.UNKNOWN)  # parts in a coding, which the parser takes for their text
        return
    if name:
        into.add(name)
        into.trace(TraceKind.ATTACHMENT, name)
    if part.get_content_maintype() == "text":
        try:
            payload = payload.decode(charset).encode()
        except (LookupError, ValueError):
            into.gap(Gap.UNKNOWN)
    into.count(len(payload))
    if payload.strip():
        nested(name, payload, into)


def _unescaped(text: str, into: Gathering) -> str:
    """Returns a text of the parser with the bytes that it could not read, which are UTF-8."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        into.gap(Gap.UNKNOWN)
        return data.decode("latin-1")


def _decoded(value: str, into: Gathering) -> str:
    """Returns a header's text with its encoded words decoded."""
    try:
        pieces = decode_header(value)
        return "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "raw-unicode-escape")
            for piece, charset in pieces
        )
    except _MAIL_ERRORS:
        into.gap(Gap.DAMAGED)
        return value
