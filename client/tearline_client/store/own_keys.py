"""Keys and public statements made by this node."""

from collections.abc import Iterable

from tearline_client.store.database import Store


class OwnKeyStore(Store):
    """Ids of keys and of published statements, 32 bytes each.

    They stay when a private key is destroyed.
    """

    def put(self, ids: Iterable[bytes]) -> None:
        """Records keys whose private half is here, or statements to be published."""
        self._db.insert_many(
            "INSERT INTO made VALUES (?) ON CONFLICT DO NOTHING", [(key,) for key in ids]
        )

    def all(self) -> frozenset[bytes]:
        """Returns every key and statement that was ever here: a few in a year."""
        return frozenset(key for (key,) in self._db.rows("SELECT id FROM made"))
