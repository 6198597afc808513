"""Signed notes: a text and its signatures (c2sp.org/signed-note).

    any text, in one line or more

    — exchange.example/log Az3grlgtzPICa5OS8np…     key id and signature, in base64

An empty line ends the text, and a line for each signature follows. Parsing does not verify: see
``tearline.tlog.checkpoint``.
"""

import re
from collections.abc import Iterable
from typing import Protocol

from tearline.dataclass.immutable import immutable
from tearline.encoding import encode_base64, parse_base64, parse_utf8
from tearline.errors import MalformedInput, NoteMalformed
from tearline.limits import MAX_CHECKPOINT_BYTES, MAX_URI_BYTES

KEY_HASH_SIZE = 4
LineName = tuple[str, bytes]
"""Name and hash of a key in a line of a note."""

# Lone surrogates are refused: UTF-8 cannot encode them.
KEY_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_SIGNATURE_LINE = re.compile(rf"— ({KEY_NAME.pattern}) ([A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NamedKey(Protocol):
    """Key, as a signature line names it."""

    @property
    def name(self) -> str:
        """Returns its name."""

    @property
    def key_hash(self) -> bytes:
        """Returns 4 bytes that distinguish it from other keys of that name."""


@immutable
class NoteSignature:
    """Signature line, not yet verified.

    Attributes:
        name: The name of the key.
        key_hash: 4 bytes that, with the name, identify a key; they prove no identity.
        payload: The signature, for ML-DSA-44 behind a time in 8 bytes.
    """

    name: str
    key_hash: bytes
    payload: bytes

    def encode(self) -> str:
        """Returns the line, without its newline."""
        return f"— {self.name} {encode_base64(self.key_hash + self.payload)}"


def parse_note_signature(line: str) -> NoteSignature:
    """Returns a signature line, given without its newline.

    Raises:
        NoteMalformed: If it is not valid.
    """
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteMalformed("a signature line is not valid")
    name, text = match.groups()
    if len(name.encode()) > MAX_URI_BYTES:
        raise NoteMalformed("the name of a key is too long")
    try:
        value = parse_base64(text)
    except MalformedInput as error:
        raise NoteMalformed(error.why) from None
    if len(value) <= KEY_HASH_SIZE:
        raise NoteMalformed("a signature line has no signature")
    return NoteSignature(name=name, key_hash=value[:KEY_HASH_SIZE], payload=value[KEY_HASH_SIZE:])


@immutable
class Note:
    """Signed note, not yet verified: its text and its signature lines."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Returns the note in UTF-8."""
        lines = "".join(f"{signature.encode()}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()

    def with_signatures(self, signatures: Iterable[NoteSignature]) -> "Note":
        """Returns the note with more signatures; a later one replaces that of the same key."""
        merged = {(each.name, each.key_hash): each for each in (*self.signatures, *signatures)}
        return Note(text=self.text, signatures=tuple(merged.values()))

    def only_by(self, keys: Iterable[NamedKey]) -> "Note":
        """Returns the note with the lines of ``keys`` alone; other lines are not verified."""
        known = {(key.name, key.key_hash) for key in keys}
        lines = (each for each in self.signatures if (each.name, each.key_hash) in known)
        return Note(text=self.text, signatures=tuple(lines))


def parse_note(data: bytes) -> Note:
    """Returns a signed note from its canonical form.

    Raises:
        NoteMalformed: If ``data`` is not in that form, or larger than a checkpoint may be.
    """
    if len(data) > MAX_CHECKPOINT_BYTES:
        raise NoteMalformed("the note is too large")
    try:
        whole = parse_utf8(data)
    except MalformedInput as error:
        raise NoteMalformed(error.why) from None
    if _CONTROL.search(whole):
        raise NoteMalformed("the note holds a control character")
    text, gap, lines = whole.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise NoteMalformed("the note has no signatures, or does not end with a line")
    signatures = tuple(parse_note_signature(line) for line in lines[:-1].split("\n"))
    return Note(text=text + "\n", signatures=signatures)
