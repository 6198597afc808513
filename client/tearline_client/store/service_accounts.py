"""Service accounts: programs of the agency that read over TAXII. A token is stored as its hash."""

from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_ACCOUNT = Column("service_account", "sealed", ("name",))


class ServiceAccountStore(Store):
    """Records of service accounts by name; ``MAX_SERVICE_ACCOUNTS`` at most."""

    def names(self) -> tuple[str, ...]:
        """Returns the names of all accounts, in order."""
        return tuple(name for (name,) in self._db.rows("SELECT name FROM service_account"))

    def get(self, name: str) -> bytes | None:
        """Returns the record of an account, or None."""
        sealed = self._db.value("SELECT sealed FROM service_account WHERE name = ?", (name,))
        return None if sealed is None else self._db.vault.open(_ACCOUNT.at(name), sealed)

    def put(self, name: str, record: bytes) -> None:
        """Stores a new account."""
        sealed = self._db.vault.seal(_ACCOUNT.at(name), record)
        self._db.execute("INSERT INTO service_account VALUES (?, ?)", (name, sealed))

    def remove(self, name: str) -> None:
        """Deletes an account."""
        self._db.erase("DELETE FROM service_account WHERE name = ?", (name,))
