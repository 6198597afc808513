"""Members, council and votes, as ``node.federation``."""

from collections.abc import Sequence

from tearline.crypto.keys import SigningKey
from tearline.errors import MembershipEnded, NotFound
from tearline.federation.charter import Constitution
from tearline.federation.decisions import VoteKind
from tearline.federation.membership import Decision, Membership
from tearline.federation.versions import MemberVersion
from tearline.statements.receipt import Status
from tearline.statements.signer import Signer
from tearline.text.choices import one_of
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.features.federation.acts import (
    OpenDecision,
    amendment_of,
    invitation,
    leaving,
    rotated,
    vote_on,
)
from tearline_client.outbox.outbox import Outbox


class FederationService:
    """Federation as the log makes it, and this agency's acts in it.

    Every act is signed by the agency's root, which the caller opens.

    Args:
        context: The node.
        outbox: Publishes statements.
    """

    def __init__(self, context: NodeContext, outbox: Outbox) -> None:
        self._context = context
        self._outbox = outbox

    @property
    def state(self) -> Membership:
        """Returns members, constitution and open votes, as far as the log was read."""
        return self._context.trust.membership

    def members(self) -> tuple[MemberVersion, ...]:
        """Returns every agency that was ever a member, ascending by URI."""
        return self.state.now.versions

    def history(self) -> Sequence[Decision]:
        """Returns all decisions, in order."""
        return self.state.decisions

    def pending(self) -> tuple[OpenDecision, ...]:
        """Returns the open decisions."""
        return tuple(
            OpenDecision(key=key, voters=tuple(sorted(voters)))
            for key, voters in self.state.pending().items()
        )

    def find(self, text: str) -> OpenDecision:
        """Returns the open decision about an agency's short name or URI, or of an id's beginning.

        Raises:
            NotFound: If no decision, or several, fit.
        """
        names = {each.uri: each.name for each in self.state.now.agencies}
        found = [
            each
            for each in self.pending()
            if text in (each.subject, names.get(each.subject), self._candidate_name(each))
            or (text and each.content.hex().startswith(text))
        ]
        if len(found) != 1:
            choices = [each.subject or each.content.hex()[:16] for each in self.pending()]
            raise NotFound(one_of(text, "open decision", choices))
        return found[0]

    def _candidate_name(self, decision: OpenDecision) -> str:
        record = self.state.candidate(decision.content)
        return "" if record is None else record.agency.name

    async def invite(self, root: Signer, record: Signed) -> None:
        """Votes to admit the agency of an enrolment file, or to replace its lost root.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        await self._outbox.publish(*invitation(root, self.state, record))

    async def remove(self, root: Signer, uri: str) -> None:
        """Votes to remove a member.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        await self._outbox.publish(vote_on(root, self.state, VoteKind.REMOVE, uri, bytes(32)))

    async def vote(self, root: Signer, decision: OpenDecision) -> None:
        """Votes for an open decision.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        await self._outbox.publish(
            vote_on(root, self.state, decision.kind, decision.subject, decision.content)
        )

    async def amend(self, root: Signer, constitution: Constitution) -> None:
        """Proposes a constitution, and votes for it.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        await self._outbox.publish(*amendment_of(root, self.state, constitution))

    async def rotate_root(self, root: Signer, new: SigningKey) -> None:
        """Replaces the agency's root key by a new one, which signs too.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        uri, federation = root.header.signer, root.header.federation
        signer = Signer(federation=federation, uri=uri, key=new)
        await self._outbox.publish(rotated(self.state, root, signer, new.public.encoded))

    async def leave(self, root: Signer, reason: str) -> None:
        """Leaves the federation at once.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        statement, stores = leaving(root, reason), self._context.stores
        try:
            await self._outbox.publish(statement)
        except MembershipEnded:
            # The exchange answers, and from then on denies access: our own log ends before it.
            receipts = stores.receipts.of(statement.statement.id)
            if not any(receipt.status is Status.ACCEPTED for receipt in receipts):
                raise
            with stores.database.transaction():
                stores.membership.note_told(self._context.now_ms())
