"""Attestations, each stored once: one covers all statements of a batch."""

from tearline.errors import StoreDamaged
from tearline.statements.statement import Attestation
from tearline.wire.statements import (
    Signed,
    encode_attestation,
    encode_statement,
    parse_attestation,
    parse_statement,
    signed_of,
)
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_ATTESTATION = Column("attestation", "sealed", ("hash",))


class AttestationStore(Store):
    """Attestations, stored in the transaction of their statements."""

    def encode(self, signed: Signed) -> bytes:
        """Stores a statement's attestations; returns the encoded statement without them."""
        for key, attestation in signed.attestations.items():
            if self._db.row("SELECT 1 FROM attestation WHERE hash = ?", (key,)) is None:
                sealed = self._db.vault.seal(_ATTESTATION.at(key), encode_attestation(attestation))
                self._db.execute("INSERT INTO attestation VALUES (?, ?)", (key, sealed))
        return encode_statement(signed.statement)

    def parse(self, data: bytes) -> Signed:
        """Returns a statement with its attestations.

        Raises:
            StoreDamaged: If one of them is missing.
        """
        statement = parse_statement(data)
        hashes = [inclusion.attestation for inclusion in statement.inclusions]
        return signed_of(statement, {key: self._attestation(key) for key in hashes})

    def _attestation(self, key: bytes) -> Attestation:
        sealed = self._db.value("SELECT sealed FROM attestation WHERE hash = ?", (key,))
        if sealed is None:
            raise StoreDamaged("an attestation is missing")
        return parse_attestation(self._db.vault.open(_ATTESTATION.at(key), sealed))
