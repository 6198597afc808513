"""What the log says of the node's keys, and how it is kept up to date.

The root certifies signing keys; the node itself, with its signing key, the rest. A new key is
used once its record is in the log; the old one counts beside it until its own end.
"""

from collections.abc import Iterator, Mapping

from tearline.crypto.keys import key_id
from tearline.errors import (
    AgreementSuspended,
    CallerDenied,
    CosigningWaits,
    OutcomeUnknown,
    PacketFrozen,
    RefusedOtherwise,
    SignerKeyUnknown,
    TrustError,
    error_by_code,
)
from tearline.federation.members import KeyRecord, KeyUse
from tearline.identity import agency_uri_of
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.tlog.agreed_time import AgreedTime
from tearline.wire.deliveries import parse_delivery
from tearline.wire.federation import encode_key_record, parse_key_record
from tearline.wire.grants import parse_event
from tearline.wire.publications import Publication
from tearline.wire.statements import Signed, signed
from tearline_client.context import NodeContext
from tearline_client.keys.home import Home
from tearline_client.keys.node_keys import NodeKeys
from tearline_client.keys.rotation import KeyKind, end_of_new, is_past_use, rotation_due
from tearline_client.outbox.sender import Sender
from tearline_client.store.outbox import OutboxState

_RESUMED = (AgreementSuspended, PacketFrozen)
"""What is put aside with these is opened on resumption, which may take months."""
_KINDS = {use: KeyKind(use.value) for use in KeyUse}


class KeyRecords:
    """The records of a node's keys.

    Args:
        context: The node.
        home: Where the root leaves the record of a signing key.
        keys: The private halves.
        sender: Its outbox at work.
    """

    def __init__(self, context: NodeContext, home: Home, keys: NodeKeys, sender: Sender) -> None:
        self._context = context
        self._home = home
        self._keys = keys
        self._sender = sender

    def ends_ms(self) -> Mapping[KeyKind, int]:
        """When the newest key of each kind that counts ends, Unix milliseconds."""
        ends: dict[KeyKind, int] = {}
        for record in self._context.trust.keys_of(
            self._context.uri, at=self._context.next_moment()
        ):
            kind = _KINDS[record.use]
            ends[kind] = max(ends.get(kind, 0), record.not_after_ms)
        return ends

    async def keep(self) -> None:
        """Puts on record what should be, makes what is due, and uses what is on record now.

        The caller has read the log, and its clock is right.

        Raises:
            RequestError: If the exchange is out of reach.
        """
        self._keys.refresh()
        if self._is_new(certified := self._home.signed_key_record()):
            # A retry is safe: the exchange answers the same record with the same receipt.
            await self._queue(certified)
        self._adopt()
        due = rotation_due(self.ends_ms(), now_ms=self._context.now_ms())
        for kind in (KeyKind.KEM, KeyKind.COSIGN):
            if (kind in due or self._is_lost(kind)) and self._context.is_ready():
                if kind is KeyKind.COSIGN and not self._may_cosign():
                    continue
                await self._queue(self._record(kind, self._waiting(kind)))
        self._adopt()

    async def rotate(self, kind: KeyKind) -> None:
        """Replaces the encryption or cosigning key, whatever is left of the old one's life.

        Raises:
            CosigningWaits: If this node was restored, and must not cosign yet.
            TearlineError: If the exchange refuses its record, or is out of reach.
        """
        self._context.verify_ready()
        if kind is KeyKind.COSIGN:
            self._context.verify_may_cosign()
        await self._publish(self._record(kind, self._keys.make(kind)))
        self._adopt()

    async def take_signing_record(self, record: Signed) -> None:
        """Puts the record of a new signing key in the log, and uses the key from then on.

        Raises:
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self._publish(record)
        self._adopt()

    async def revoke(self, revocation: Signed) -> bool:
        """Has the log say, from now on, that a key of our agency has ended.

        Returns:
            Whether this node is still let in: not where that was its own connection's key.

        Raises:
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        try:
            await self._publish(revocation)
        except CallerDenied:
            receipts = self._context.stores.receipts.of(revocation.statement.id)
            if not any(receipt.status is Status.ACCEPTED for receipt in receipts):
                raise
            return False
        return True

    def destroy_ended(self) -> int:
        """Destroys the encryption keys to which nothing can arrive any more.

        What they opened stays readable: its keys were wrapped under the node's storage key. What
        came and waits, for a cosignature or a resumption, has not arrived in that sense.

        By a wrong clock, or where the exchange dated what waits at zero, no key has ended: then
        none is destroyed. The caller has just read the
        mailbox to its end.

        Returns:
            How many.
        """
        try:
            emptied = self._context.agreed_time()
            ended = self._past_use(emptied)
            if ended:
                came_ms = min(self._came_ms(), default=emptied.time_ms)
                ended = self._past_use(emptied.no_later_than(came_ms))
        except TrustError:
            return 0
        for key in ended:
            self._keys.destroy_kem(key)
        return len(ended)

    def _past_use(self, emptied: AgreedTime) -> list[bytes]:
        """The encryption keys here to which nothing arrives that was accepted after a time."""
        records = {
            key: self._context.trust.record_of(self._context.uri, key)
            for key in self._keys.kem_ids()
        }
        return [
            key
            for key, record in records.items()
            if record is not None and is_past_use(record.not_after_ms, emptied)
        ]

    def _came_ms(self) -> Iterator[int]:
        """When the log took what waits here, to be opened later."""
        stores = self._context.stores
        for grant in stores.awaiting_cosignature.all():
            yield grant.time_ms
        for item in stores.inbox.put_aside_for(error.code for error in _RESUMED):
            evidence = stores.inbox.evidence(item)
            entry = None if evidence is None else parse_delivery(evidence).entry
            if entry is not None:
                yield parse_event(entry.event).time_ms

    def _is_lost(self, kind: KeyKind) -> bool:
        """Whether the private half of the key that others use now is not here."""
        if kind is KeyKind.COSIGN:
            return self._keys.public(kind) is None
        moment = self._context.next_moment()
        try:
            newest = self._context.trust.kem_key(self._context.uri, at=moment)
        except SignerKeyUnknown:
            return False  # a key that is due, not lost
        return newest.id not in self._keys.kem_ids()

    def _may_cosign(self) -> bool:
        try:
            self._context.verify_may_cosign()
        except CosigningWaits:
            return False
        return True

    def _is_new(self, certified: Signed) -> bool:
        """Whether the root certified a key that the log does not know yet, and that may count."""
        record = parse_key_record(certified.statement.body)
        revoked = (agency_uri_of(record.subject), record.key_id) in self._context.trust.revoked_keys
        known = self._context.trust.record_of(record.subject, record.key_id)
        return known is None and not revoked and self._context.now_ms() < record.not_after_ms

    def _waiting(self, kind: KeyKind) -> bytes:
        """The key to put on record: one that is here and never was, else a new one."""
        if kind is KeyKind.COSIGN:
            for public in (self._keys.public(kind), self._keys.next_public(kind)):
                if public is not None and not self._is_known(public):
                    return public
        return self._keys.make(kind)

    def _is_known(self, public: bytes) -> bool:
        trust, uri = self._context.trust, self._context.uri
        return (
            trust.record_of(uri, key_id(public)) is not None
            or (agency_uri_of(uri), key_id(public)) in trust.revoked_keys
        )

    def _record(self, kind: KeyKind, public: bytes) -> Signed:
        now_ms = self._context.now_ms()
        record = KeyRecord(
            header=self._context.signer.header,
            subject=self._context.uri,
            use=KeyUse(kind.value),
            public_key=public,
            types=(),
            not_before_ms=now_ms,
            not_after_ms=end_of_new(kind, self.ends_ms(), now_ms=now_ms),
        )
        body = encode_key_record(record)
        return signed(self._context.signer.sign([(StatementType.KEY_RECORD, body)]))

    def _adopt(self) -> None:
        moment = self._context.next_moment()
        counting = {r.key_id for r in self._context.trust.keys_of(self._context.uri, at=moment)}
        for kind in (KeyKind.SIGN, KeyKind.COSIGN):
            public = self._keys.next_public(kind)
            if public is not None and key_id(public) in counting:
                self._keys.adopt(kind, public)

    async def _queue(self, statement: Signed) -> int:
        with self._context.stores.database.transaction():
            (item,) = self._sender.store_publications([Publication(signed=(statement,))])
        await self._sender.flush()
        await self._context.follow()
        return item

    async def _publish(self, statement: Signed) -> None:
        item = self._context.stores.outbox.item(await self._queue(statement))
        if item is None or item.state in (OutboxState.SEALED, OutboxState.UNKNOWN):
            raise OutcomeUnknown("it waits in the outbox")
        if item.code:
            raise (error_by_code(item.code) or RefusedOtherwise)(item.why)
