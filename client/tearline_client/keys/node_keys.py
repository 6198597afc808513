"""The private halves of a node's keys, as its keystore holds them.

A signing or cosigning key is made beside the one in use, and takes its place once the log
shows its record. Encryption keys lie side by side: each opens what was sealed to it.
"""

import secrets
from contextlib import suppress

from tearline.crypto.keys import SEED_SIZE, KemKey, SigningKey, key_id
from tearline.errors import KeystoreEntryMissing
from tearline.statements.statement import Signer
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline_client.keys.home import (
    COSIGNING_KEY,
    KEM_PREFIX,
    SIGNING_KEY,
    Identity,
    cosigner_of,
    kem_entry,
    kem_key_by_id,
)
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.rotation import KeyKind

_IN_USE = {KeyKind.SIGN: SIGNING_KEY, KeyKind.COSIGN: COSIGNING_KEY}
_NEXT = {kind: f"{name}-next" for kind, name in _IN_USE.items()}


class NodeKeys:
    """A node's keys.

    Args:
        keystore: The node's, open.
        identity: Whose keys they are.
        federation: 32 bytes, in which they count.
    """

    def __init__(self, keystore: Keystore, identity: Identity, federation: bytes) -> None:
        self._keystore = keystore
        self._identity = identity
        self._federation = federation
        self._seeds = b""
        self.refresh()

    def refresh(self) -> None:
        """Takes up the signing key that another process of the node put in place."""
        seeds = self._keystore.get(SIGNING_KEY)
        if seeds != self._seeds:
            self._seeds = seeds
            self.signer = Signer(
                federation=self._federation, uri=self._identity.uri, key=SigningKey(seeds)
            )

    def cosigner(self) -> CheckpointSigner:
        """What signs checkpoints of the log for this node; see ``home.cosigner_of``."""
        return cosigner_of(self._keystore, self._identity)

    def kem_key(self, key: bytes) -> KemKey:
        """An encryption key by id, 32 bytes.

        Raises:
            KeystoreEntryMissing: If it is not here, or was destroyed.
        """
        return kem_key_by_id(self._keystore, key)

    def public(self, kind: KeyKind) -> bytes | None:
        """The public half of the signing or cosigning key in use; None if there is none."""
        return self._public(kind, _IN_USE[kind])

    def next_public(self, kind: KeyKind) -> bytes | None:
        """The public half of the one that waits for its record; None if none does."""
        return self._public(kind, _NEXT[kind])

    def make(self, kind: KeyKind) -> bytes:
        """Makes a key, to be used once it is on record; returns its public half."""
        if kind is KeyKind.KEM:
            kem = KemKey.generate()
            self._keystore.put(kem_entry(kem), kem.private_bytes())
            return kem.public.encoded
        size = 2 * SEED_SIZE if kind is KeyKind.SIGN else SEED_SIZE
        seed = secrets.token_bytes(size)
        self._keystore.put(_NEXT[kind], seed)
        return self._public_of(kind, seed)

    def adopt(self, kind: KeyKind, public: bytes) -> None:
        """Puts the key that waited in the place of the one in use, which is destroyed.

        Args:
            kind: Signing or cosigning.
            public: The key that waited. Another process of the node may have put it in place
                since it was looked at, and may even have made the next one.
        """
        with self._keystore.alone():
            if self.next_public(kind) == public:
                self._keystore.put(_IN_USE[kind], self._keystore.get(_NEXT[kind]))
                self._keystore.delete(_NEXT[kind])
        self.refresh()

    def kem_ids(self) -> tuple[bytes, ...]:
        """The ids of the encryption keys that are here, 32 bytes each."""
        names = [name for name in self._keystore.names() if name.startswith(KEM_PREFIX)]
        seeds = [seed for name in names if (seed := self._present(name)) is not None]
        return tuple(KemKey(seed).id for seed in seeds)

    def ids(self) -> tuple[bytes, ...]:
        """The ids of all keys on record, or on their way there, whose private half is here."""
        publics = [
            public
            for kind in _IN_USE
            for public in (self.public(kind), self.next_public(kind))
            if public is not None
        ]
        return (*self.kem_ids(), *map(key_id, publics))

    def destroy_kem(self, key: bytes) -> None:
        """Destroys an encryption key: what is sealed to it is closed to everybody from now on."""
        with suppress(KeystoreEntryMissing):  # another process of the node was faster
            self._keystore.delete(kem_entry(self.kem_key(key)))

    def destroy_cosigning(self) -> None:
        """Destroys the cosigning key in use, and the one that waits for its record."""
        for name in (_IN_USE[KeyKind.COSIGN], _NEXT[KeyKind.COSIGN]):
            with suppress(KeystoreEntryMissing):
                self._keystore.delete(name)

    def _public(self, kind: KeyKind, name: str) -> bytes | None:
        seed = self._present(name)
        return None if seed is None else self._public_of(kind, seed)

    def _present(self, name: str) -> bytes | None:
        try:
            return self._keystore.get(name)
        except KeystoreEntryMissing:
            return None

    def _public_of(self, kind: KeyKind, seed: bytes) -> bytes:
        if kind is KeyKind.SIGN:
            return SigningKey(seed).public.encoded
        return CheckpointSigner(
            name=self._identity.uri, algorithm=NoteAlgorithm.MLDSA44, seed=seed
        ).verifier.public
