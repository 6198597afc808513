"""Reissue of returned and held grants.

A grant is sealed to the recipient's current key, and may be sent days later. If the key has ended
by then, the exchange returns the grant, and the same release is sealed to the new key. The release,
purpose and persons are unchanged, and the exchange judges the grant as usual.

A suspension may hold a grant for months. On resumption, the current policies decide the parts still
to be sent. Parts recalled in the meantime are never sent.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

from tearline.agreements.agreement import Agreement
from tearline.crypto.keys import KemPublicKey
from tearline.errors import (
    AddresseeKeyMissing,
    AgreementSuspended,
    PartyDeparted,
    SignerUnknown,
    StandingStale,
)
from tearline.identity import agency_uri_of
from tearline.packets.grant import GRANT_ID_SIZE, Grant
from tearline.packets.packet import WithholdReason
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.release import Decision
from tearline.sealing import SealedPacket, release_of, seal_release
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_grant
from tearline.wire.publications import encode_publication
from tearline.wire.statements import Signed, signed
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.messages.compose import GrantContext, make_grant, sign_together
from tearline_client.messages.packet_view import sealed_again
from tearline_client.planning.release_plan import Selection
from tearline_client.rules.recalls import slots_recalled
from tearline_client.rules.suspensions import SuspensionRules


def store_grant(context: NodeContext, grant: Grant) -> tuple[Signed, tuple[int, ...]]:
    """Signs, stores and queues a single grant, inside the caller's transaction.

    Returns:
        Its statement, and its message's places in the outbox.
    """
    tree, publication = sign_together(context.signer, [(StatementType.GRANT, encode_grant(grant))])
    context.stores.packets.put_grant(signed(tree), incoming=False, status=None)
    messages = [encode_publication(publication)]
    return signed(tree), context.stores.outbox.put(messages, now_ms=context.now_ms())


def reissue(context: NodeContext) -> Mapping[bytes, bytes]:
    """Reissues returned and held grants; see ``GrantReissuer.reissue``."""
    return GrantReissuer(context).reissue()


class GrantReissuer:
    """Service that reissues returned and held grants. Its caller has read the log."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._obeying = SuspensionRules(context)

    def reissue(self) -> Mapping[bytes, bytes]:
        """Queues returned grants anew whose recipients have a new key.

        It also queues held grants that may pass again.

        Returns:
            The ids of the new grants, by the id of the old one. Empty while sealing is not allowed.
        """
        anew: dict[bytes, bytes] = {}
        returned_grants = self._context.stores.returned_grants.all()
        held = self._context.stores.stopped_grants.held()
        if not (returned_grants or held) or not self._context.may_seal():
            return anew
        acts: list[tuple[bytes, Callable[[bytes], Signed | None]]] = [
            *((each, self._reissue) for each in returned_grants),
            *((each, self._resume) for each in held),
        ]
        for grant_id, act in acts:
            with Jobs(self._context).attempt("issuing anew"):
                new = act(grant_id)
                if new is not None:
                    anew[grant_id] = new.statement.id
        return anew

    def _reissue(self, returned: bytes) -> Signed | None:
        stores = self._context.stores
        stored = stores.packets.grant(returned)
        if stored is None or stored.grant.not_after_ms <= self._context.now_ms():
            with stores.database.transaction():
                stores.returned_grants.drop(returned)
            return None
        grant = stored.grant
        key = self._key_of(grant)
        if key is None:
            return None
        with stores.database.transaction():
            if not stores.returned_grants.drop(returned):
                return None  # another process of this node was faster
            sealed = sealed_again(self._context.open_view(grant.packet))
            left = self._not_recalled(grant, sealed)
            if left is None:
                return None
            anew, _ = store_grant(self._context, self._sealed_anew(left, sealed, key))
        return anew

    def _resume(self, held: bytes) -> Signed | None:
        """Returns a held grant anew within the current policies; None while it must wait."""
        stores = self._context.stores
        stored = stores.packets.grant(held)
        if stored is None or held in stores.stopped_grants.owed():
            return None
        grant = stored.grant
        manifest = stores.packets.manifest(grant.packet)
        agreement = stores.agreements.newest(manifest.agreement.id)
        try:
            self._obeying.verify_may_send(
                agreement, manifest.agreement.article, grant.address.recipient
            )
            self._context.kem_key_of(grant.address.recipient)
        except (
            AgreementSuspended,
            PartyDeparted,
            StandingStale,
            AddresseeKeyMissing,
            SignerUnknown,
        ):
            return None
        with stores.database.transaction():
            if not stores.stopped_grants.release(held):
                return None  # another process of this node was faster
            new = self._decided_anew(grant, agreement)
            if new is None:
                return None
            anew, _ = store_grant(self._context, new)
        return anew

    def _decided_anew(self, grant: Grant, agreement: Agreement) -> Grant | None:
        """Returns a grant reduced to the current policies; None if no part is left."""
        if grant.not_after_ms <= self._context.now_ms():
            return None
        shown = self._context.open_view(grant.packet)
        sealed = sealed_again(shown)
        left = self._not_recalled(grant, sealed)
        if left is None:
            return None
        existences: dict[int, WithholdReason] = {}
        compartments, slots = [], []
        for c in (*left.openings, *left.compartments):
            decision = self._decide(grant, sealed, c, agreement)
            if c in left.compartments and decision.form >= sealed.openings[c].form:
                compartments.append(c)
            elif decision.form >= Form.EXISTS:
                existences[c] = WithholdReason(decision.reason or "unspecified")
        for slot in left.fields:
            c = next(c for c, opening in sealed.openings.items() if slot in opening.slots)
            # A person disclosed it despite the agency's own policies; the agreement's still apply.
            own = slot not in grant.fields
            if self._decide(grant, sealed, c, agreement, own=own).form >= sealed.openings[c].form:
                slots.append(slot)
        if not (existences or compartments or slots):
            return None
        return make_grant(
            sealed,
            grant.packet,
            Selection(existences=existences, compartments=tuple(compartments)),
            grant.address.recipient,
            GrantContext(
                signer=self._context.signer,
                acted_by=grant.acted_by,
                seconded_by=grant.seconded_by,
                kem_key_of=self._context.kem_key_of,
                next_place=self._context.stores.channels.next_place,
            ),
            purpose=grant.purpose,
            slots=tuple(slots),
        )

    def _not_recalled(self, grant: Grant, sealed: SealedPacket) -> Grant | None:
        """Returns a grant without the parts recalled since; None if no part is left.

        If one slot of a compartment is recalled, the other slots are granted singly.
        """
        gone = slots_recalled(self._context, grant.packet, grant.address.recipient)
        if gone is None:
            return None
        slots, whole = set(grant.fields), []
        for c in grant.compartments:
            if gone.isdisjoint(sealed.openings[c].slots):
                whole.append(c)
            else:
                slots.update(sealed.openings[c].slots)
        left = replace(grant, compartments=tuple(whole), fields=tuple(sorted(slots - gone)))
        return left if left.openings or left.compartments or left.fields else None

    def _key_of(self, grant: Grant) -> KemPublicKey | None:
        """Returns the recipient's current key; None while it has no new one."""
        try:
            key = self._context.kem_key_of(grant.address.recipient)
        except (AddresseeKeyMissing, SignerUnknown):
            return None
        return None if key.id == grant.kem_key_id else key

    def _sealed_anew(self, grant: Grant, sealed: SealedPacket, key: KemPublicKey) -> Grant:
        stores, address = self._context.stores, grant.address
        new = replace(
            grant,
            header=self._context.signer.header,
            address=stores.channels.next_place(address.recipient, address.agreement_id),
            grant_id=secrets.token_bytes(GRANT_ID_SIZE),
            kem_key_id=key.id,
            sealed=b"",
        )
        release = release_of(
            sealed,
            existences={c: self._reason(grant, sealed, c) for c in grant.openings},
            compartments=grant.compartments,
            slots=grant.fields,
        )
        return seal_release(new, release, key)

    def _reason(self, grant: Grant, sealed: SealedPacket, compartment: int) -> WithholdReason:
        """Returns the policies' reason for a compartment that is only reported as existing."""
        agreement = self._context.stores.agreements.newest(grant.address.agreement_id)
        decision = self._decide(grant, sealed, compartment, agreement)
        return WithholdReason(decision.reason or "unspecified")

    def _decide(
        self,
        grant: Grant,
        sealed: SealedPacket,
        compartment: int,
        agreement: Agreement,
        *,
        own: bool = True,
    ) -> Decision:
        return self._context.policies.under(agreement, own=own).decide(
            ReleaseRequest(
                article=sealed.manifest.agreement.article,
                sender=agency_uri_of(self._context.uri),
                recipient=agency_uri_of(grant.address.recipient),
                purpose=grant.purpose,
                kind=sealed.manifest.kind.value,
                marking=sealed.openings[compartment].marking,
            )
        )
