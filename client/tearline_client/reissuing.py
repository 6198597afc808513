"""Grants that came back, issued anew.

A grant is sealed to a key that counts then, and may leave the house days later. Where the key
has ended by that time, the exchange returns the grant, and the same release is sealed to the
recipient's key of now. Nobody decides anew: what the grant releases, for what and by whom is
as it was, and the exchange judges it by the agreement as it judges every grant.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace

from tearline.channel import Address
from tearline.errors import SendingStopped, SignerKeyUnknown, SignerUnknown, TrustError
from tearline.grant import GRANT_ID_SIZE, Grant
from tearline.identity import agency_uri_of
from tearline.keys import KemPublicKey
from tearline.packet import WithholdReason
from tearline.policy.engine import ReleaseRequest
from tearline.sealing import SealedPacket, release_of, seal_release
from tearline.statement import StatementType
from tearline.wire.flow import encode_grant
from tearline.wire.statements import Signed, signed
from tearline_client.outgoing import sign_together
from tearline_client.sender import Sender
from tearline_client.state import NodeState
from tearline_client.views import open_view, sealed_again


class Reissuing:
    """The desk for what came back. Its caller has read the log before it calls.

    Args:
        state: The node.
        sender: Its outbox at work.
    """

    def __init__(self, state: NodeState, sender: Sender) -> None:
        self._state = state
        self._sender = sender

    def reissue(self) -> Mapping[bytes, bytes]:
        """Queues every returned grant anew whose recipient has another key by now.

        Returns:
            The ids of the new grants, by the id of the one that came back. None where nothing
            may be sealed now: what came back waits.
        """
        anew: dict[bytes, bytes] = {}
        returned_grants = self._state.stores.returned.all()
        if not returned_grants or not self._may_seal():
            return anew
        for returned in returned_grants:
            new = self._reissue(returned)
            if new is not None:
                anew[returned] = new.statement.id
        return anew

    def _reissue(self, returned: bytes) -> Signed | None:
        stores = self._state.stores
        stored = stores.packets.grant(returned)
        if stored is None or stored.grant.not_after_ms <= self._state.now_ms():
            with stores.database.transaction():
                stores.returned.drop(returned)
            return None
        grant = stored.grant
        key = self._key_of(grant)
        if key is None:
            return None
        with stores.database.transaction():
            if not stores.returned.drop(returned):
                return None  # another process of this node was faster
            new = self._sealed_anew(grant, key)
            tree, publication = sign_together(
                self._state.signer, [(StatementType.GRANT, encode_grant(new))]
            )
            self._sender.store_grants([signed(tree)])
            self._sender.store_publications([publication])
        return signed(tree)

    def _may_seal(self) -> bool:
        try:
            self._state.verify_ready()
            self._state.verify_witnessed()
        except (TrustError, SendingStopped):
            return False
        return True

    def _key_of(self, grant: Grant) -> KemPublicKey | None:
        """The recipient's key of now; None while it has no other than the one that ended."""
        try:
            key = self._state.trust.kem_key(grant.address.recipient, at=self._state.next_moment())
        except (SignerKeyUnknown, SignerUnknown):
            return None
        return None if key.id == grant.kem_key_id else key

    def _sealed_anew(self, grant: Grant, key: KemPublicKey) -> Grant:
        stores, address = self._state.stores, grant.address
        sealed = sealed_again(open_view(stores.packets, grant.packet, node=self._state.uri))
        new = replace(
            grant,
            header=self._state.signer.header,
            address=Address(
                recipient=address.recipient,
                agreement_id=address.agreement_id,
                seq=stores.channels.next_seq(address.recipient, address.agreement_id),
            ),
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
        """Why a compartment is only told of, as the policies say: nobody kept it."""
        agreement = self._state.stores.agreements.newest(grant.address.agreement_id)
        decision = self._state.policies.under(agreement).decide(
            ReleaseRequest(
                article=sealed.manifest.agreement.article,
                sender=agency_uri_of(self._state.uri),
                recipient=agency_uri_of(grant.address.recipient),
                purpose=grant.purpose,
                kind=sealed.manifest.kind.value,
                marking=sealed.openings[compartment].marking,
            )
        )
        return WithholdReason(decision.reason or "unspecified")
