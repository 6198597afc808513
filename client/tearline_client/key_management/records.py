"""The node's key records in the log: publication and rotation.

The root certifies signing keys; the node's signing key certifies the others. A new key is used once
its record is in the log; the old one stays valid until its own end.
"""

from collections.abc import Iterator, Mapping

from tearline.audit.event import EventCode
from tearline.crypto.keys import key_id
from tearline.errors import (
    AddresseeKeyMissing,
    AgreementSuspended,
    CallerDenied,
    CosigningWaits,
    PacketFrozen,
    TrustError,
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
from tearline_client.keys.rotation import KeyKind, end_of_new, is_past_use, rotation_due
from tearline_client.outbox.outbox import Outbox
from tearline_client.outbox.sender import Sender

_RESUMED = (AgreementSuspended, PacketFrozen)
"""Arrivals quarantined with these errors are opened on resumption, possibly months later."""
_KINDS = {
    KeyUse.SIGN: KeyKind.SIGN,
    KeyUse.KEM: KeyKind.KEM,
    KeyUse.COSIGN: KeyKind.COSIGN,
    KeyUse.WITNESS: KeyKind.COSIGN,  # the same key of a light node, which counts for less
}


class KeyRecords:
    """Key records of a node.

    Args:
        context: The node.
        home: Holds the root's record of a signing key.
        sender: Sends records that are due.
        outbox: Sends those that a person publishes.
    """

    def __init__(self, context: NodeContext, home: Home, sender: Sender, outbox: Outbox) -> None:
        self._context = context
        self._home = home
        self._keys = context.keys
        self._sender = sender
        self._outbox = outbox

    def ends_ms(self) -> Mapping[KeyKind, int]:
        """Returns the end of the newest valid key of each kind, in Unix milliseconds."""
        ends: dict[KeyKind, int] = {}
        for record in self._context.trust.keys_of(
            self._context.uri, at=self._context.next_moment()
        ):
            kind = _KINDS[record.use]
            ends[kind] = max(ends.get(kind, 0), record.not_after_ms)
        return ends

    async def keep(self) -> None:
        """Publishes missing records, rotates due keys, and adopts published ones.

        The caller has read the log, and its clock is right.

        Raises:
            ExchangeError: If the exchange is unreachable.
        """
        self._keys.refresh()
        if self._is_new(certified := self._home.signed_key_record()):
            # A retry is safe: the exchange answers the same record with the same receipt.
            await self._queue(certified)
        self._adopt()
        due = rotation_due(self.ends_ms(), now_ms=self._context.now_ms())
        kinds: tuple[KeyKind, ...] = (KeyKind.KEM, KeyKind.COSIGN)
        if self._context.is_light and self._awaits_record():
            kinds = ()
        for kind in kinds:
            if (kind in due or self._is_lost(kind)) and self._context.is_ready():
                if kind is KeyKind.COSIGN and not self._may_cosign():
                    continue
                await self._queue(self._record(kind, self._waiting(kind)))
        self._adopt()

    async def rotate(self, kind: KeyKind) -> None:
        """Replaces the encryption or cosigning key now.

        Raises:
            CosigningWaits: If this node was restored, and must not cosign yet.
            TearlineError: If the exchange refuses the record, or is unreachable.
        """
        self._context.verify_ready()
        if kind is KeyKind.COSIGN:
            verify_may_cosign(self._context)
        await self._outbox.publish(self._record(kind, self._keys.make(kind)))
        self._adopt()

    async def take_signing_record(self, record: Signed) -> None:
        """Publishes the record of a new signing key, and then uses the key.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        await self._outbox.publish(record)
        self._adopt()

    async def revoke(self, revocation: Signed) -> bool:
        """Publishes the revocation of a key of our agency.

        Returns:
            Whether this node keeps its access; False if the key was its own connection's.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        try:
            await self._outbox.publish(revocation)
        except CallerDenied:
            receipts = self._context.stores.receipts.of(revocation.statement.id)
            if not any(receipt.status is Status.ACCEPTED for receipt in receipts):
                raise
            return False
        return True

    def destroy_ended(self) -> int:
        """Destroys encryption keys for which no mail can arrive any more.

        Opened packets stay readable: the node's storage key wraps their keys. Mail that waits for a
        cosignature or a resumption has not arrived in this sense. With a wrong clock, or waiting
        mail dated at zero, no key is destroyed. The caller has just read the mailbox to its end.

        Returns:
            The number of destroyed keys.
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
        """Returns the encryption keys for which no mail accepted after a time can arrive."""
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
        """Yields the log's times of mail that waits here."""
        stores = self._context.stores
        for grant in stores.awaiting_cosignature.all():
            yield grant.time_ms
        for item in stores.inbox.put_aside_for(error.code for error in _RESUMED):
            evidence = stores.inbox.evidence(item)
            entry = None if evidence is None else parse_delivery(evidence).entry
            if entry is not None:
                yield parse_event(entry.event).time_ms

    def _awaits_record(self) -> bool:
        """Returns whether the log took a record of ours that no turn of a light node covers yet."""
        events = (
            parse_event(each.entry.event) for each in self._context.stores.receipts.promises()
        )
        return any(event.code is EventCode.TRUST for event in events)

    def _is_lost(self, kind: KeyKind) -> bool:
        """Returns whether the private half of the current public key is missing."""
        if kind is KeyKind.COSIGN:
            return self._keys.public(kind) is None
        moment = self._context.next_moment()
        try:
            newest = self._context.trust.kem_key(self._context.uri, at=moment)
        except AddresseeKeyMissing:
            return False  # a due key, not a lost one
        return newest.id not in self._keys.kem_ids()

    def _may_cosign(self) -> bool:
        try:
            verify_may_cosign(self._context)
        except CosigningWaits:
            return False
        return True

    def _is_new(self, certified: Signed) -> bool:
        """Returns whether the root certified a usable key that the log does not have yet."""
        record = parse_key_record(certified.statement.body)
        revoked = (agency_uri_of(record.subject), record.key_id) in self._context.trust.revoked_keys
        known = self._context.trust.record_of(record.subject, record.key_id)
        return known is None and not revoked and self._context.now_ms() < record.not_after_ms

    def _waiting(self, kind: KeyKind) -> bytes:
        """Returns the key to publish: an unpublished one from the keystore, or else a new one."""
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
        is_witness = kind is KeyKind.COSIGN and self._context.is_light
        record = KeyRecord(
            header=self._context.signer.header,
            subject=self._context.uri,
            use=KeyUse.WITNESS if is_witness else KeyUse(kind.value),
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

    async def _queue(self, statement: Signed) -> None:
        with self._context.stores.database.transaction():
            self._sender.store_publications([Publication(signed=(statement,))])
        await self._sender.flush()
        await self._context.follow()


def verify_may_cosign(context: NodeContext) -> None:
    """Checks that another agency vouches for the tree that a restored node is to cosign.

    A restored node does not know its cosignatures since its backup. Another agency vouches if it
    cosigned, since the restore, our tree with at least the entries of the backup.

    Raises:
        CosigningWaits: If no agency did.
    """
    restored = context.stores.recovery.restored()
    if restored is None:
        return
    for partner in context.stores.cosigning.partners():
        if partner.time_s > restored.time_s and partner.size >= restored.log_size:
            return
    raise CosigningWaits
