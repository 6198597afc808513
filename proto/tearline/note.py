"""Signed notes: a text, and who signed it (c2sp.org/signed-note).

    whatever the text says, in one line or more

    — exchange.example/log Az3grlgtzPICa5OS8np…     key id and signature, in base64

An empty line ends the text, and a line for each signature follows. What is parsed here is not
verified yet: see ``tearline.checkpoint``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from tearline.encoding import encode_base64, parse_base64, parse_utf8
from tearline.errors import MalformedInput, NoteMalformed
from tearline.limits import MAX_CHECKPOINT_BYTES

KEY_HASH_SIZE = 4

# Lone surrogates are no text: they would not survive UTF-8.
KEY_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_SIGNATURE_LINE = re.compile(rf"— ({KEY_NAME.pattern}) ([A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NamedKey(Protocol):
    """A key, as far as a signature line names it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def key_hash(self) -> bytes:
        """4 bytes that tell it from others of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line, not yet verified.

    Attributes:
        name: The name of the key.
        key_hash: 4 bytes that, with the name, tell keys apart; no proof of anything.
        payload: The signature, for ML-DSA-44 behind a time in 8 bytes.
    """

    name: str
    key_hash: bytes
    payload: bytes

    def encode(self) -> str:
        """The line, without its newline."""
        return f"— {self.name} {encode_base64(self.key_hash + self.payload)}"


def parse_note_signature(line: str) -> NoteSignature:
    """A signature line, without its newline.

    Raises:
        NoteMalformed: If it is not one.
    """
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteMalformed("a signature line is not one")
    name, text = match.groups()
    try:
        value = parse_base64(text)
    except MalformedInput as error:
        raise NoteMalformed(error.why) from None
    if len(value) <= KEY_HASH_SIZE:
        raise NoteMalformed("a signature line holds no signature")
    return NoteSignature(name=name, key_hash=value[:KEY_HASH_SIZE], payload=value[KEY_HASH_SIZE:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A signed note, not yet verified: its text and its signature lines."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note in UTF-8."""
        lines = "".join(f"{signature.encode()}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()

    def with_signatures(self, signatures: Iterable[NoteSignature]) -> "Note":
        """The note with more signatures; a later one of the same key replaces the earlier."""
        merged = {(each.name, each.key_hash): each for each in (*self.signatures, *signatures)}
        return Note(text=self.text, signatures=tuple(merged.values()))

    def only_by(self, keys: Iterable[NamedKey]) -> "Note":
        """The note with the lines of ``keys`` alone: those of others were verified by nobody."""
        known = {(key.name, key.key_hash) for key in keys}
        lines = (each for each in self.signatures if (each.name, each.key_hash) in known)
        return Note(text=self.text, signatures=tuple(lines))


def parse_note(data: bytes) -> Note:
    """A signed note in the one spelling it has.

    Raises:
        NoteMalformed: If ``data`` is anything else, or larger than a checkpoint may be.
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
