"""Keys of the node, as ``node.keys``."""

from collections.abc import Awaitable, Callable

from tearline.crypto.certificates import certified_key_id, verify_leaf
from tearline.crypto.keys import key_id
from tearline.dataclass.immutable import immutable
from tearline.errors import HomeMissing, SignerUnknown, TlsError
from tearline.tlog.checkpoint import CheckpointSigner
from tearline.wire.federation import parse_revocation
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.features.packets.free_text import FreeText
from tearline_client.key_management.records import KeyRecords
from tearline_client.keys.home import Home
from tearline_client.keys.rotation import KeyKind, rotation_due
from tearline_client.transport.connection import Connection


@immutable
class HeldKey:
    """Private key in the node's keystore.

    Attributes:
        use: ``sign``, ``kem``, ``cosign`` or ``tls``; a light node's witness key is ``cosign``.
        id: 32 bytes.
        until_ms: End of the certificate of a TLS key; None for other keys, whose record states it.
    """

    use: str
    id: bytes
    until_ms: int | None = None


class Keys:
    """Keys of this node.

    Args:
        context: The node.
        home: Holds the certificate.
        records: The key records in the log.
        connection: The connection to the exchange.
        words: Checks the reason of a revocation.
        sync: Synchronises the node.
    """

    def __init__(
        self,
        context: NodeContext,
        home: Home,
        records: KeyRecords,
        connection: Connection,
        words: FreeText,
        sync: Callable[[], Awaitable[None]],
    ) -> None:
        self._context = context
        self._home = home
        self._records = records
        self._connection = connection
        self._words = words
        self._sync = sync

    def due(self) -> tuple[KeyKind, ...]:
        """Returns the kinds of key to replace; after ``sync``, those that require a person."""
        ends_ms = {**self._records.ends_ms(), KeyKind.TLS: self._connection.end_ms}
        return rotation_due(ends_ms, now_ms=self._context.now_ms())

    def held(self) -> tuple[HeldKey, ...]:
        """Returns the private keys in the keystore, by their public ids."""
        keys = self._context.keys
        held = [HeldKey(use=KeyKind.KEM, id=key) for key in keys.kem_ids()]
        for kind in (KeyKind.SIGN, KeyKind.COSIGN):
            public = keys.public(kind)
            if public is not None:
                held.append(HeldKey(use=kind, id=key_id(public)))
        certificate = certified_key_id(self._home.tls_certificate())
        return (*held, HeldKey(use=KeyKind.TLS, id=certificate, until_ms=self._certificate_end()))

    def known(self) -> frozenset[bytes]:
        """Returns the ids of the agency's keys: its nodes' records, and this keystore."""
        trust, at = self._context.trust, self._context.next_moment()
        ours = trust.nodes_of(self._context.agency)
        records = {record.key_id for uri in ours for record in trust.keys_of(uri, at=at)}
        return frozenset(records | {key.id for key in self.held()})

    def revoked(self) -> frozenset[bytes]:
        """Returns the ids of the keys that the agency revoked."""
        revoked = self._context.trust.revoked_keys
        return frozenset(key for owner, key in revoked if owner == self._context.agency)

    def cosigner(self) -> CheckpointSigner:
        """Returns the signer of checkpoints in use; see ``NodeKeys``."""
        return self._context.keys.cosigner()

    def make_signing_key(self) -> bytes:
        """Makes the next signing key, used once its record is in the log; returns its public half.

        See ``enrolment.certify_next``.
        """
        return self._context.keys.make(KeyKind.SIGN)

    async def take_signing_record(self, record: Signed) -> None:
        """Publishes the root's record of a new signing key, and then signs with this key.

        Raises:
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self._context.follow()
        await self._records.take_signing_record(record)

    async def rotate_encryption(self) -> None:
        """Publishes a fresh encryption key before the old one ends.

        The old private key stays, for messages sealed to it.

        Raises:
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self._sync()
        await self._records.rotate(KeyKind.KEM)

    async def rotate_cosigning(self) -> None:
        """Publishes a fresh cosigning key, and then cosigns with it.

        Raises:
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self._sync()
        await self._records.rotate(KeyKind.COSIGN)

    async def revoke(self, revocation: Signed, *, repeats: str = "") -> bool:
        """Publishes the end of a key of our agency in the log.

        Args:
            revocation: By our root; every member and the exchange read its reason.
            repeats: Why the reason may repeat a value that its readers may not have in clear.

        Returns:
            Whether this node still has access: not if that was its own connection's key.

        Raises:
            ValueRepeated: If the reason repeats a value, and ``repeats`` is empty.
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self._context.follow()
        reason = parse_revocation(revocation.statement.body).reason
        if self._words.verify_open([reason], repeats, about=()):
            with self._context.stores.database.transaction():
                self._words.keep(revocation.statement.id, repeats)
        return await self._records.revoke(revocation)

    def _certificate_end(self) -> int | None:
        """Returns the end of the certificate; None if it is missing or not valid now."""
        try:
            agency = self._context.trust.agency_of(self._context.uri)
            leaf = verify_leaf(
                self._home.tls_certificate(),
                {self._home.identity().domain: agency.certificate_authorities},
                self._context.now_ms() // 1000,
            )
        except (HomeMissing, SignerUnknown, TlsError):
            return None
        return leaf.not_after_s * 1000
