"""The private halves of a node's keys, in its keystore.

The next signing or cosigning key is made while the current one is in use. It replaces the
current key once its record is in the log. Several encryption keys are kept; each opens the
messages sealed to it.
"""

import secrets
from contextlib import suppress

from tearline.crypto.keys import SEED_SIZE, KemKey, SigningKey, key_id
from tearline.errors import KeystoreEntryMissing
from tearline.statements.signer import Signer
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
        keystore: The node's open keystore.
        identity: Identity of the node.
        federation: Id of the federation, 32 bytes.
    """

    def __init__(self, keystore: Keystore, identity: Identity, federation: bytes) -> None:
        self._keystore = keystore
        self._identity = identity
        self._federation = federation
        self._seeds = b""
        self.refresh()

    def refresh(self) -> None:
        """Loads the signing key if another process of the node replaced it."""
        seeds = self._keystore.get(SIGNING_KEY)
        if seeds != self._seeds:
            self._seeds = seeds
            self.signer = Signer(
                federation=self._federation, uri=self._identity.uri, key=SigningKey(seeds)
            )

    def cosigner(self) -> CheckpointSigner:
        """Returns the signer of checkpoints for this node; see ``home.cosigner_of``."""
        return cosigner_of(self._keystore, self._identity)

    def kem_key(self, key: bytes) -> KemKey:
        """Returns an encryption key by id, 32 bytes.

        Raises:
            KeystoreEntryMissing: If it is missing or was destroyed.
        """
        return kem_key_by_id(self._keystore, key)

    def public(self, kind: KeyKind) -> bytes | None:
        """Returns the public half of the signing or cosigning key in use, or None."""
        return self._public(kind, _IN_USE[kind])

    def next_public(self, kind: KeyKind) -> bytes | None:
        """Returns the public half of the next key, which waits for its record, or None."""
        return self._public(kind, _NEXT[kind])

    def make(self, kind: KeyKind) -> bytes:
        """Makes the next key, for use once its record is in the log; returns its public half."""
        if kind is KeyKind.KEM:
            kem = KemKey.generate()
            self._keystore.put(kem_entry(kem), kem.private_bytes())
            return kem.public.encoded
        size = 2 * SEED_SIZE if kind is KeyKind.SIGN else SEED_SIZE
        seed = secrets.token_bytes(size)
        self._keystore.put(_NEXT[kind], seed)
        return self._public_of(kind, seed)

    def adopt(self, kind: KeyKind, public: bytes) -> None:
        """Replaces the key in use by the next key, and destroys the replaced one.

        Args:
            kind: Signing or cosigning.
            public: Public half of the next key. Another process of the node may have adopted
                it meanwhile, and may even have made a further key.
        """
        with self._keystore.alone():
            if self.next_public(kind) == public:
                self._keystore.put(_IN_USE[kind], self._keystore.get(_NEXT[kind]))
                self._keystore.delete(_NEXT[kind])
        self.refresh()

    def kem_ids(self) -> tuple[bytes, ...]:
        """Returns the ids of the encryption keys in the keystore, 32 bytes each."""
        names = [name for name in self._keystore.names() if name.startswith(KEM_PREFIX)]
        seeds = [seed for name in names if (seed := self._present(name)) is not None]
        return tuple(KemKey(seed).id for seed in seeds)

    def ids(self) -> tuple[bytes, ...]:
        """Returns the ids of all keys with a private half here, with or without a record yet.

        The next key is read first: another process of the node may put it in use meanwhile.
        """
        publics = [
            public
            for kind in _IN_USE
            for public in (self.next_public(kind), self.public(kind))
            if public is not None
        ]
        return (*self.kem_ids(), *map(key_id, publics))

    def destroy_kem(self, key: bytes) -> None:
        """Destroys an encryption key; messages sealed to it cannot be opened any more."""
        with suppress(KeystoreEntryMissing):  # another process of the node was faster
            self._keystore.delete(kem_entry(self.kem_key(key)))

    def destroy_cosigning(self) -> None:
        """Destroys the cosigning key in use, and the next one."""
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
