"""``node.standings``: suspension, resumption, end, and the known standings of all parties."""

from collections.abc import Sequence
from dataclasses import dataclass

from tearline.agreements.agreement import Agreement
from tearline.errors import (
    AgreementNotInForce,
    LiftRefused,
    NotFound,
    SignerKeyUnknown,
    StandingOutdated,
    StandingUntold,
    StatementConflict,
)
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy, StatementType
from tearline.suspensions.freshness import FRESH_MS
from tearline.suspensions.history import Interval, stopped_intervals
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.suspensions.transitions import SuspensionStep, merged
from tearline.text.choices import listed
from tearline.wire.publications import Publication, encode_publication
from tearline.wire.statements import Signed, signed
from tearline.wire.suspensions import encode_standing
from tearline_client.context import NodeContext
from tearline_client.features.suspensions.gaps import Gap, gaps_of
from tearline_client.jobs import Jobs
from tearline_client.outbox.queued_acts import queueing
from tearline_client.outbox.sender import Sender
from tearline_client.planning.drafts import article_of
from tearline_client.rules.recalls import recall_suspended

_AFFIRM_MS = FRESH_MS // 2  # so that a late one is still in time
_OVERTAKEN = (StatementConflict.code, StandingOutdated.code)


@dataclass(frozen=True, slots=True, kw_only=True)
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
        sender: Its outbox.
    """

    def __init__(self, context: NodeContext, sender: Sender) -> None:
        self._context = context
        self._sender = sender

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
        await self._say(found.id, _change(acted_by, suspension))

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
        await self._say(found.id, _change(acted_by, *lifted, lift=True))
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
        await self._say(found.id, _change(acted_by, whole, ended=True))

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

    def gaps(self, agreement: Agreement) -> tuple[Gap, ...]:
        """Returns the traffic during suspensions, with both parties' marks, from own records."""
        return gaps_of(self._context, agreement)

    # Background work.

    def settle(self) -> None:
        """Repeats standings that were refused for a reason that has passed.

        Examples are a faster node of this agency, and an ended signing key. While an earlier
        statement has no answer, none is queued.
        """
        for agreement_id in self._context.stores.suspensions.wished():
            with Jobs(self._context).attempt("standings"):
                self._settle(agreement_id)

    def _settle(self, agreement_id: bytes) -> None:
        standings = self._context.stores.suspensions
        wishes = standings.wishes(agreement_id)
        known = standings.newest(agreement_id).get(self._context.agency)
        said = max(wish.counter for wish in wishes)
        codes = {wish.code for wish in wishes}
        overtaken = not codes.isdisjoint(_OVERTAKEN)
        overtaken = overtaken and known is not None and known.standing.counter >= said
        if overtaken or (SignerKeyUnknown.code in codes and self._context.is_ready()):
            with self._context.stores.database.transaction():
                self._queue(agreement_id)

    def affirm(self) -> None:
        """Queues a fresh standing for every agreement in force with a joint article.

        Partners send under a joint article only with each party's standing of the last hour. So an
        exchange that withholds a suspension stops them, too.
        """
        newest = {found.id: found for found in self._context.stores.agreements.all()}
        for agreement in newest.values():
            with Jobs(self._context).attempt("standings"):
                self._affirm(agreement)

    def _affirm(self, agreement: Agreement) -> None:
        stores, now_ms = self._context.stores, self._context.now_ms()
        joint = any(article.joint for article in agreement.terms.articles)
        in_force = agreement.valid_from_ms <= now_ms < agreement.valid_until_ms
        if not joint or not in_force or stores.suspensions.wishes(agreement.id):
            return
        known = stores.suspensions.newest(agreement.id).get(self._context.agency)
        said_ms = 0 if known is None else min(known.time_ms, known.standing.time_ms)
        if now_ms - said_ms >= _AFFIRM_MS:
            with stores.database.transaction():
                stores.suspensions.wish(self._context.signer.header, agreement.id, _change(None))
                self._queue(agreement.id)

    async def _say(self, agreement_id: bytes, change: SuspensionStep) -> None:
        stores = self._context.stores
        with stores.database.transaction():
            stores.suspensions.wish(self._context.signer.header, agreement_id, change)
            self._queue(agreement_id)
            stores.channels.mark_due(agreement_id)
            recall_suspended(self._context, stores.agreements.newest(agreement_id))
        with queueing(self._context, first=True):
            await self._sender.flush()
            self._sender.tell()
            await self._sender.flush()
        codes = [wish.code for wish in stores.suspensions.wishes(agreement_id) if wish.code]
        if codes and codes[0] not in _OVERTAKEN:
            raise StandingUntold(codes[0])

    def _queue(self, agreement_id: bytes) -> Signed:
        """Signs our agency's current standing, to be sent before all others."""
        stores, signer = self._context.stores, self._context.signer
        known = stores.suspensions.newest(agreement_id).get(self._context.agency)
        wishes = stores.suspensions.wishes(agreement_id)
        standing = merged(
            None if known is None else known.standing,
            [wish.change for wish in wishes],
            header=signer.header,
            agreement_id=agreement_id,
            time_ms=self._context.now_ms(),
        )
        statement = signed(signer.sign([(StatementType.STANDING, encode_standing(standing))]))
        stores.suspensions.say_again(agreement_id, statement.statement.id, standing.counter)
        publication = encode_publication(Publication(signed=(statement,)))
        stores.outbox.put_first([publication], now_ms=self._context.now_ms())
        return statement

    def _verify_scope(self, agreement: Agreement, suspension: Suspension) -> None:
        if not suspension.article:
            return
        article = article_of(agreement, suspension.article)
        ways = {(way.sender, way.recipient) for way in article.directions}
        if suspension.sender and (suspension.sender, suspension.recipient) not in ways:
            raise AgreementNotInForce("the article has no such direction")
        if suspension.sender and self._context.agency not in suspension.scope[1:]:
            raise AgreementNotInForce("the direction is neither from nor to this agency")


def _change(
    acted_by: ActedBy | None, *suspensions: Suspension, lift: bool = False, ended: bool = False
) -> SuspensionStep:
    return SuspensionStep(suspensions=suspensions, lift=lift, ended=ended, acted_by=acted_by)


def _verify_officer(acted_by: ActedBy | None) -> None:
    if acted_by is None or acted_by.role != Role.OFFICER:
        raise LiftRefused


def agencies_of(positions: Sequence[Position]) -> tuple[str, ...]:
    """Returns the URIs of the suspending agencies, ascending."""
    return tuple(sorted({position.agency for position in positions}))
