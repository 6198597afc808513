"""Keys made by this node."""

from collections.abc import Iterable

from tearline_client.store.database import Store


class OwnKeyStore(Store):
    """Ids of keys, 32 bytes each; they stay when a private key is destroyed."""

    def put(self, ids: Iterable[bytes]) -> None:
        """Records keys whose private half is here."""
        self._db.insert_many(
            "INSERT INTO made VALUES (?) ON CONFLICT DO NOTHING", [(key,) for key in ids]
        )

    def all(self) -> frozenset[bytes]:
        """Returns every key that was ever here."""
        return frozenset(key for (key,) in self._db.rows("SELECT id FROM made"))
