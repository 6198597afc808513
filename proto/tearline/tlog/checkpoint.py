"""Checkpoints: signed states of the log, which the log cannot deny later.

A checkpoint is a signed note with a text of three lines (c2sp.org/tlog-checkpoint):

    exchange.example/log                            the origin, the log's name for good
    20852163                                        the size of its tree
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    the root of that tree

The format allows more lines; they are refused here, since ML-DSA-44 does not sign them.

Two kinds of signature are known. Ed25519 (0x01) signs the text. ML-DSA-44 (0x06,
c2sp.org/tlog-cosignature) signs a structure that also names the signer and a time. It means "this
is the largest tree of this log I have seen". A cosigner may make it only after it has checked that
the tree extends its last signed tree.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from tearline.dataclass.immutable import immutable
from tearline.encoding import encode_base64, parse_base64, parse_decimal, parse_hex, u8, u64
from tearline.errors import (
    CheckpointForeign,
    CheckpointForged,
    CheckpointUnsigned,
    KeyMalformed,
    MalformedInput,
    NoteMalformed,
)
from tearline.limits import MAX_LOG_SIZE, MAX_URI_BYTES
from tearline.tlog.merkle import EMPTY_ROOT, HASH_SIZE
from tearline.tlog.note import KEY_HASH_SIZE, KEY_NAME, Note, NoteSignature, parse_note

SEED_SIZE = 32

_MAX_TIME_S = (1 << 63) - 1
_COSIGNED_LABEL = b"subtree/v1\n\0"
# Lone surrogates are refused: UTF-8 cannot encode them.
_ORIGIN = re.compile(r"[^\x00-\x1f\ud800-\udfff]+")


class NoteAlgorithm(IntEnum):
    """Signature types in use, by the byte that c2sp.org/signed-note assigns."""

    ED25519 = 0x01
    MLDSA44 = 0x06

    @property
    def public_size(self) -> int:
        """Returns the size of a public key in bytes."""
        return {NoteAlgorithm.ED25519: 32, NoteAlgorithm.MLDSA44: 1312}[self]

    @property
    def time_size(self) -> int:
        """Returns the size in bytes of the signed time before a signature."""
        return {NoteAlgorithm.ED25519: 0, NoteAlgorithm.MLDSA44: 8}[self]


@immutable
class Checkpoint:
    """State of a log at one size.

    Attributes:
        origin: The log's name, at most 255 bytes of UTF-8 without control characters.
        size: Entries in the log.
        root: 32 bytes, the root over them.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not _ORIGIN.fullmatch(self.origin) or len(self.origin.encode()) > MAX_URI_BYTES:
            raise NoteMalformed("the origin is empty, too long or not one line")
        if not 0 <= self.size <= MAX_LOG_SIZE or len(self.root) != HASH_SIZE:
            raise NoteMalformed("the size or the root is not possible")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteMalformed("an empty tree has another root")

    def encode(self) -> str:
        """Returns the text of the note, three lines."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    def signed_bytes(self, key: "VerifierKey", time_s: int) -> bytes:
        """Returns the bytes that ``key`` signs for this checkpoint.

        For ML-DSA-44 they are ``cosigned_message`` of c2sp.org/tlog-cosignature, with start 0.
        """
        if key.algorithm is NoteAlgorithm.ED25519:
            return self.encode().encode()
        name, origin = key.name.encode(), self.origin.encode()
        return b"".join(
            [
                _COSIGNED_LABEL,
                u8(len(name)) + name,
                u64(time_s),
                u8(len(origin)) + origin,
                u64(0) + u64(self.size),
                self.root,
            ]
        )


def parse_checkpoint_text(text: str) -> Checkpoint:
    """Returns the checkpoint in the text of a note.

    Raises:
        NoteMalformed: If ``text`` is not exactly a checkpoint's three lines.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise NoteMalformed("a checkpoint has three lines")
    try:
        size = parse_decimal(lines[1], maximum=MAX_LOG_SIZE)
        root = parse_base64(lines[2])
    except MalformedInput as error:
        raise NoteMalformed(error.why) from None
    return Checkpoint(origin=lines[0], size=size, root=root)


# Keys.


@dataclass(frozen=True, kw_only=True)
class VerifierKey:
    """Public key of a log or a cosigner, with its name.

    Attributes:
        name: At most 255 bytes of UTF-8 without spaces or plus; a log's is its origin.
        algorithm: The signature type; taken from the verifier's own record, never from a note.
        public: 32 bytes of Ed25519 or 1,312 of ML-DSA-44.
    """

    name: str
    algorithm: NoteAlgorithm
    public: bytes

    def __post_init__(self) -> None:
        if not KEY_NAME.fullmatch(self.name) or len(self.name.encode()) > MAX_URI_BYTES:
            raise KeyMalformed("the name of a key is empty, too long, or has a space or plus")
        if len(self.public) != self.algorithm.public_size:
            raise KeyMalformed(f"this kind of key has {self.algorithm.public_size} bytes")

    @cached_property
    def key_hash(self) -> bytes:
        """Returns the 4 bytes that name this key in a signature line."""
        parts = self.name.encode() + b"\n" + u8(self.algorithm) + self.public
        return hashlib.sha256(parts).digest()[:KEY_HASH_SIZE]

    @cached_property
    def _public_key(self) -> Ed25519PublicKey | MLDSA44PublicKey:
        # Any bytes of the right size are taken for a key of these two kinds.
        if self.algorithm is NoteAlgorithm.ED25519:
            return Ed25519PublicKey.from_public_bytes(self.public)
        return MLDSA44PublicKey.from_public_bytes(self.public)

    def encode(self) -> str:
        """Returns the key as a vkey: name, key id and key, joined by plus signs."""
        key = encode_base64(u8(self.algorithm) + self.public)
        return f"{self.name}+{self.key_hash.hex()}+{key}"

    def verify(self, checkpoint: Checkpoint, signature: NoteSignature) -> "VerifiedSignature":
        """Checks that this key made ``signature`` over ``checkpoint``.

        Raises:
            CheckpointForged: If it did not.
        """
        if (signature.name, signature.key_hash) != (self.name, self.key_hash):
            raise CheckpointForged("the signature names another key")
        time_size = self.algorithm.time_size
        time, bare = signature.payload[:time_size], signature.payload[time_size:]
        time_s = int.from_bytes(time, "big")
        if time_s > _MAX_TIME_S:
            raise CheckpointForged("the signature's time is not possible")
        try:
            self._public_key.verify(bare, checkpoint.signed_bytes(self, time_s))
        except InvalidSignature:
            raise CheckpointForged(f"size {checkpoint.size}, key {self.key_hash.hex()}") from None
        return VerifiedSignature(key=self, time_s=time_s if time else None)


def parse_verifier_key(text: str) -> VerifierKey:
    """Returns the key of a vkey (c2sp.org/signed-note, "Verifier keys").

    Raises:
        KeyMalformed: If ``text`` is not one, or its key id does not match the key.
    """
    parts = text.split("+", 2)
    try:
        name, key_hash, value = parts[0], parse_hex(parts[1], size=4), parse_base64(parts[2])
        algorithm = NoteAlgorithm(value[0])
    except (MalformedInput, IndexError, ValueError):
        raise KeyMalformed("the text is not a verifier key of a kind in use") from None
    key = VerifierKey(name=name, algorithm=algorithm, public=value[1:])
    if key.key_hash != key_hash:
        raise KeyMalformed("the key id does not match the key")
    return key


def _private_key(algorithm: NoteAlgorithm, seed: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    match algorithm:
        case NoteAlgorithm.ED25519:
            return Ed25519PrivateKey.from_private_bytes(seed)
        case NoteAlgorithm.MLDSA44:
            return MLDSA44PrivateKey.from_seed_bytes(seed)


class CheckpointSigner:
    """Private key of a log or a cosigner, kept as a 32-byte seed."""

    def __init__(self, *, name: str, algorithm: NoteAlgorithm, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise KeyMalformed(f"a checkpoint key is kept as {SEED_SIZE} bytes")
        self._seed = seed
        self._key = _private_key(algorithm, seed)
        public = self._key.public_key().public_bytes_raw()
        self.verifier = VerifierKey(name=name, algorithm=algorithm, public=public)

    @classmethod
    def generate(cls, *, name: str, algorithm: NoteAlgorithm) -> "CheckpointSigner":
        """Returns a fresh key from the system's randomness."""
        return cls(name=name, algorithm=algorithm, seed=secrets.token_bytes(SEED_SIZE))

    def private_bytes(self) -> bytes:
        """Returns the seed, for a keystore that encrypts it."""
        return self._seed

    def sign(self, checkpoint: Checkpoint, *, time_s: int) -> NoteSignature:
        """Returns a signature line over ``checkpoint``; Ed25519 does not sign the time."""
        key = self.verifier
        time = u64(time_s)[: key.algorithm.time_size]
        bare = self._key.sign(checkpoint.signed_bytes(key, time_s))
        return NoteSignature(name=key.name, key_hash=key.key_hash, payload=time + bare)

    def __repr__(self) -> str:
        return f"CheckpointSigner({self.verifier.name}, {self.verifier.key_hash.hex()})"


# Signing and verifying.


@immutable
class VerifiedSignature:
    """Key that signed, and its signed time in Unix seconds (None for Ed25519)."""

    key: VerifierKey
    time_s: int | None


@immutable
class SignedCheckpoint:
    """Checkpoint with verified signatures, and its note.

    Attributes:
        checkpoint: The signed state.
        note: The note's bytes, exactly as received.
        signatures: The signatures of known keys, all verified.
    """

    checkpoint: Checkpoint
    note: bytes
    signatures: tuple[VerifiedSignature, ...]

    @property
    def time_s(self) -> int:
        """Returns the latest verified time of a signature, Unix seconds; 0 without any."""
        return max((each.time_s for each in self.signatures if each.time_s), default=0)


def sign_checkpoint(
    checkpoint: Checkpoint, signers: Iterable[CheckpointSigner], *, time_s: int
) -> bytes:
    """Returns the note of ``checkpoint``, signed by all ``signers``, in their order."""
    signatures = tuple(signer.sign(checkpoint, time_s=time_s) for signer in signers)
    return Note(text=checkpoint.encode(), signatures=signatures).encode()


def parse_checkpoint(
    data: bytes,
    *,
    origin: str,
    required: Iterable[VerifierKey],
    known: Iterable[VerifierKey] = (),
) -> SignedCheckpoint:
    """Returns the checkpoint in a note, with its verified signatures.

    1. The note and its text are in canonical form.

    2. The log is the expected one.

    3. No key signs twice, and every signature of a known key verifies ("verifiers MUST verify the
    signature"); lines of unknown keys are ignored ("MUST ignore").

    4. Every required key has signed, and there is at least one ("MUST reject the note").

    Args:
        data: The note.
        origin: The expected name of the log.
        required: Keys that must have signed.
        known: Further keys, such as cosigners'; their signatures are verified where present.

    Raises:
        NoteMalformed: If the note is not valid, or not a checkpoint's.
        CheckpointForeign: If it belongs to another log.
        CheckpointForged: If a signature of a known key does not verify.
        CheckpointUnsigned: If a required signature is missing.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint_text(note.text)
    if checkpoint.origin != origin:
        raise CheckpointForeign()
    required = tuple(required)
    keys = {(key.name, key.key_hash): key for key in (*known, *required)}
    verified: dict[VerifierKey, VerifiedSignature] = {}
    for signature in note.signatures:
        key = keys.get((signature.name, signature.key_hash))
        if key is None:
            continue
        if key in verified:
            raise NoteMalformed("a key signs twice")
        verified[key] = key.verify(checkpoint, signature)
    if not verified or not verified.keys() >= set(required):
        missing = ", ".join(key.name for key in required if key not in verified)
        raise CheckpointUnsigned(
            f"size {checkpoint.size}, not signed by {missing or 'a known key'}"
        )
    return SignedCheckpoint(checkpoint=checkpoint, note=data, signatures=tuple(verified.values()))
