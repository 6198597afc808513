"""``node.suspensions``: suspension, resumption, end, and the known standings of all parties."""

from collections.abc import Sequence

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    AgreementNotInForce,
    LiftRefused,
    NotFound,
    StandingUntold,
)
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline.suspensions.history import Interval, stopped_intervals
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.suspensions.transitions import SuspensionStep
from tearline.text.choices import listed
from tearline_client.context import NodeContext
from tearline_client.features.channels.handler import queue_marks, queue_voids
from tearline_client.features.suspensions.effects import Effects, effects_of
from tearline_client.features.suspensions.gaps import Gap, gaps_in_turns, gaps_of
from tearline_client.features.suspensions.handler import OVERTAKEN, change_of, queue_standing
from tearline_client.outbox.outbox import Outbox
from tearline_client.planning.drafts import article_of
from tearline_client.rules.recalls import recall_suspended


@immutable
class Position:
    """One open suspension, as known to this node.

    Attributes:
        agency: URI of the suspending agency.
        suspension: Scope, reason, and handling of mail in flight and of earlier packets.
        ended: Whether the agency has left the agreement permanently.
        since_ms: The log's time; None until the exchange accepts it.
        code: Code of the exchange's refusal, or empty.
    """

    agency: str
    suspension: Suspension
    ended: bool
    since_ms: int | None
    code: str


class SuspensionService:
    """Standings of the parties of our agreements. They take effect here without the exchange.

    Args:
        context: The node.
        outbox: Sends them.
    """

    def __init__(self, context: NodeContext, outbox: Outbox) -> None:
        self._context = context
        self._outbox = outbox

    async def suspend(
        self, agreement: str, suspension: Suspension, *, acted_by: ActedBy | None = None
    ) -> None:
        """Suspends a scope of an agreement: here at once, elsewhere once notified.

        Args:
            agreement: Its name.
            suspension: The scope, and the handling of mail in flight and of earlier packets.
            acted_by: The suspending person.

        Raises:
            AgreementNotInForce: If there is no such agreement, article or direction.
            StandingUntold: If the exchange refuses it. It still applies here.
            ActQueued: If the exchange is unreachable. It applies here, and is sent later.
        """
        found = self._context.stores.agreements.by_name(agreement)
        self._verify_scope(found, suspension)
        await self._say(found.id, change_of(acted_by, suspension))

    async def standing(
        self, agreement: Agreement, suspension: Suspension, *, acted_by: ActedBy | None
    ) -> Position | None:
        """Returns our agency's suspension of that scope, if the person's act would repeat it.

        An act repeats a suspension of the same terms. The act of a person without the role officer
        also repeats one of other terms, which only an officer replaces. Returns None if the act
        would change something, and if the exchange is unreachable: another node of our agency may
        have lifted the suspension, so it must be signed again.

        Args:
            agreement: The agreement.
            suspension: The wanted suspension.
            acted_by: The suspending person, or None.
        """
        officer = acted_by is not None and acted_by.role == Role.OFFICER

        def found() -> Position | None:
            for each in self.positions(agreement):
                ours = each.agency == self._context.agency and not each.ended
                same = each.suspension.scope == suspension.scope
                if ours and same and each.since_ms is not None:
                    return None if officer and each.suspension != suspension else each
            return None

        if found() is None or await self._outbox.read_mailbox():
            return None
        return found()

    async def resume(
        self,
        agreement: str,
        scope: tuple[str, str, str] | None = None,
        *,
        acted_by: ActedBy | None,
    ) -> tuple[Suspension, ...]:
        """Lifts our agency's suspensions; held mail is reissued once the exchange accepts that.

        Args:
            agreement: Its name.
            scope: Article, sender and recipient as suspended; None for all.
            acted_by: The officer in charge.

        Returns:
            The lifted suspensions.

        Raises:
            LiftRefused: If the person is not an officer, or the agreement was ended.
            NotFound: If our agency has no such suspension.
            StandingUntold: If the exchange refuses it.
            ActQueued: If the exchange is unreachable; it is sent later.
        """
        found = self._context.stores.agreements.by_name(agreement)
        _verify_officer(acted_by)
        book = self._context.stores.suspensions.book(found.id, self._context.signer.header)
        standing = book.newest(self._context.agency, found.id)
        if standing is not None and standing.ended:
            raise LiftRefused("an ended agreement cannot be resumed")
        open_now = () if standing is None else standing.suspensions
        lifted = tuple(each for each in open_now if scope in (None, each.scope))
        if not lifted:
            held = dict.fromkeys(each.article or "the whole agreement" for each in open_now)
            raise NotFound(
                f"this agency has suspended of {found.name}: {listed(held) or 'no part'}"
            )
        await self._say(found.id, change_of(acted_by, *lifted, lift=True))
        return lifted

    async def end(
        self,
        agreement: str,
        *,
        reason: Reason,
        in_flight: InFlight,
        originated: Originated,
        acted_by: ActedBy | None,
    ) -> None:
        """Ends an agreement permanently for our agency.

        Raises:
            LiftRefused: If the person is not an officer.
            StandingUntold: If the exchange refuses it. It still applies here.
            ActQueued: If the exchange is unreachable. It applies here, and is sent later.
        """
        found = self._context.stores.agreements.by_name(agreement)
        _verify_officer(acted_by)
        whole = Suspension(
            article="",
            sender="",
            recipient="",
            reason=reason,
            in_flight=in_flight,
            originated=originated,
        )
        self._verify_scope(found, whole)
        await self._say(found.id, change_of(acted_by, whole, ended=True))

    def positions(self, agreement: Agreement) -> tuple[Position, ...]:
        """Returns every open suspension of an agreement, by agency and scope."""
        stores = self._context.stores
        history = [each for each, _ in stores.suspensions.history(agreement.id)]
        book = stores.suspensions.book(agreement.id, self._context.signer.header)
        codes = [w.code for w in stores.suspensions.wishes(agreement.id) if w.change.suspensions]
        found = []
        for standing in book.all():
            said = [each for each in history if each.standing.agency == standing.agency]
            for suspension in standing.suspensions:
                since_ms = None
                for each in reversed(said):
                    if suspension not in each.standing.suspensions:
                        break
                    since_ms = each.time_ms
                found.append(
                    Position(
                        agency=standing.agency,
                        suspension=suspension,
                        ended=standing.ended,
                        since_ms=since_ms,
                        code=next((c for c in codes if c), "") if since_ms is None else "",
                    )
                )
        return tuple(found)

    def intervals(
        self, agreement: Agreement, article: str, *, sender: str, recipient: str
    ) -> tuple[Interval, ...]:
        """Returns the intervals, in log time, in which an article was suspended in a direction.

        Clocks stand still in them. See ``tearline.suspensions.history.stopped_intervals``.
        """
        turns = self._context.stores.suspensions.turns(agreement.id)
        return stopped_intervals(turns, agreement, article, sender=sender, recipient=recipient)

    async def effects(self, agreement: Agreement, suspension: Suspension) -> Effects:
        """Returns the packets of ours that a suspension by our agency affects.

        Raises:
            AgreementNotInForce: If there is no such article or direction.
        """
        self._verify_scope(agreement, suspension)
        return await effects_of(self._context, agreement, suspension)

    def gaps(self, agreement: Agreement) -> tuple[Gap, ...]:
        """Returns the traffic during suspensions, with both parties' marks, from own records."""
        return gaps_of(self._context, agreement)

    async def gaps_in_turns(self, agreement: Agreement) -> tuple[Gap, ...]:
        """Returns the traffic as ``gaps``, while other tasks run."""
        return await gaps_in_turns(self._context, agreement)

    async def _say(self, agreement_id: bytes, change: SuspensionStep) -> None:
        stores = self._context.stores
        async with self._outbox.sending(first=True):
            stores.suspensions.wish(self._context.signer.header, agreement_id, change)
            queue_standing(self._context, agreement_id)
            stores.channels.mark_due(agreement_id)
            recall_suspended(self._context, stores.agreements.newest(agreement_id))
        queue_voids(self._context)
        queue_marks(self._context, due=True)
        await self._outbox.flush(first=True)
        codes = [wish.code for wish in stores.suspensions.wishes(agreement_id) if wish.code]
        if codes and codes[0] not in OVERTAKEN:
            raise StandingUntold(codes[0])

    def _verify_scope(self, agreement: Agreement, suspension: Suspension) -> None:
        if not suspension.article:
            return
        article = article_of(agreement, suspension.article)
        ways = {(way.sender, way.recipient) for way in article.directions}
        if suspension.sender and (suspension.sender, suspension.recipient) not in ways:
            raise AgreementNotInForce("the article has no such direction")
        if suspension.sender and self._context.agency not in suspension.scope[1:]:
            raise AgreementNotInForce("the direction is neither from nor to this agency")


def _verify_officer(acted_by: ActedBy | None) -> None:
    if acted_by is None or acted_by.role != Role.OFFICER:
        raise LiftRefused


def agencies_of(positions: Sequence[Position]) -> tuple[str, ...]:
    """Returns the URIs of the suspending agencies, ascending."""
    return tuple(sorted({position.agency for position in positions}))
