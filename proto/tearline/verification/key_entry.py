"""Key on record: from which entry of the log to which it counts."""

from dataclasses import dataclass

from tearline.crypto.keys import KemPublicKey, SigningPublicKey
from tearline.errors import SignerMismatch
from tearline.federation.members import KeyRecord, KeyUse
from tearline.verification.moment import Moment


@dataclass(slots=True)
class KeyEntry:
    """Record of a key, with the entries that began and ended it."""

    record: KeyRecord
    start: int
    end: int | None = None

    def has_begun(self, at: Moment) -> bool:
        """Returns whether its record precedes a moment, and it has started."""
        return self.start < at.index and self.record.not_before_ms <= at.time_ms

    def counts(self, at: Moment) -> bool:
        """Returns whether it is in force at a moment."""
        is_revoked = self.end is not None and self.end < at.index
        return self.has_begun(at) and not is_revoked and at.time_ms < self.record.not_after_ms

    def end_at(self, index: int) -> None:
        """Ends the key by an entry, unless an earlier one did."""
        if self.end is None:
            self.end = index


def verify_certifier(certifier: str, record: KeyRecord, agency: str) -> None:
    """Checks that a key's own agency certifies it: its root, or the key's node except for signing.

    Raises:
        SignerMismatch: If another does.
    """
    by_itself = certifier == record.subject and record.use is not KeyUse.SIGN
    if certifier != agency and not by_itself:
        raise SignerMismatch("a key is certified by its agency's root or its own node")


def verify_encoding(record: KeyRecord) -> None:
    """Checks that the public key of a record is one.

    Raises:
        MalformedInput: If it is none.
    """
    if record.use is KeyUse.KEM:
        KemPublicKey(encoded=record.public_key).verify()
    elif record.use is KeyUse.SIGN:
        SigningPublicKey(encoded=record.public_key).verify_halves()
