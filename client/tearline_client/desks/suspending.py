"""``node.standings``: suspending, resuming, ending, and what is known of how everybody stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from tearline.agreement import Agreement
from tearline.choices import listed
from tearline.errors import (
    AgreementNotInForce,
    LiftRefused,
    NotFound,
    SignerKeyUnknown,
    StandingOutdated,
    StandingUntold,
    StatementConflict,
)
from tearline.standing.freshness import FRESH_MS
from tearline.standing.history import Interval, stopped_intervals
from tearline.standing.succession import Change, merged
from tearline.standing.suspension import InFlight, Originated, Reason, Suspension
from tearline.statement import ActedBy, StatementType
from tearline.tokens import Role
from tearline.wire.publications import Publication, encode_publication
from tearline.wire.standings import encode_standing
from tearline.wire.statements import Signed, signed
from tearline_client.border.gaps import Gap, gaps_of
from tearline_client.border.ordering import recall_suspended
from tearline_client.border.sender import Sender
from tearline_client.chores import Chores
from tearline_client.desks.queue import queueing
from tearline_client.planning.drafts import article_of
from tearline_client.state import NodeState

_AFFIRM_MS = FRESH_MS // 2  # so that one that is late is still in time
_OVERTAKEN = (StatementConflict.code, StandingOutdated.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One open suspension, as this node knows it.

    Attributes:
        agency: URI of the agency that suspended.
        suspension: What, why, and what becomes of mail and of what was sent.
        ended: Whether the agency has left the agreement for good.
        since_ms: The log's time; None while the exchange has not taken it.
        code: Of the exchange's refusal of it; empty without one.
    """

    agency: str
    suspension: Suspension
    ended: bool
    since_ms: int | None
    code: str


class Standings:
    """Where the parties of our agreements stand. Nothing here waits for the exchange.

    Args:
        state: The node.
        sender: Its outbox at work.
    """

    def __init__(self, state: NodeState, sender: Sender) -> None:
        self._state = state
        self._sender = sender
        sender.on_refusal(
            StatementType.STANDING,
            lambda statement, code: state.stores.standings.refuse(statement.id, code),
        )

    async def suspend(
        self, agreement: str, suspension: Suspension, *, acted_by: ActedBy | None = None
    ) -> None:
        """Suspends something of an agreement: here at once, and everywhere once it is told.

        Args:
            agreement: Its name.
            suspension: What, and what becomes of mail in flight and of what we sent before.
            acted_by: Who does.

        Raises:
            AgreementNotInForce: If there is no such agreement, article or direction.
            StandingUntold: If the exchange refuses it. It holds here all the same.
            ActQueued: If the exchange is away. It holds here, and is sent later.
        """
        found = self._state.stores.agreements.by_name(agreement)
        self._verify_scope(found, suspension)
        await self._say(found.id, _change(acted_by, suspension))

    async def resume(
        self,
        agreement: str,
        scope: tuple[str, str, str] | None = None,
        *,
        acted_by: ActedBy | None,
    ) -> tuple[Suspension, ...]:
        """Lifts suspensions of our agency, and issues anew what was held once that is taken.

        Args:
            agreement: Its name.
            scope: Article, sender and recipient as they were suspended; None for all.
            acted_by: The officer in charge.

        Returns:
            What was lifted.

        Raises:
            LiftRefused: If it is no officer, or the agreement was ended.
            NotFound: If our agency has suspended nothing of that.
            StandingUntold: If the exchange refuses it.
            ActQueued: If the exchange is away; it is sent later.
        """
        found = self._state.stores.agreements.by_name(agreement)
        _verify_officer(acted_by)
        book = self._state.stores.standings.book(found.id, self._state.signer.header)
        standing = book.newest(self._state.agency, found.id)
        if standing is not None and standing.ended:
            raise LiftRefused("what was ended stays ended")
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
        """Ends an agreement for our agency, for good.

        Raises:
            LiftRefused: If it is no officer.
            StandingUntold: If the exchange refuses it. It holds here all the same.
            ActQueued: If the exchange is away. It holds here, and is sent later.
        """
        found = self._state.stores.agreements.by_name(agreement)
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
        """Every open suspension of an agreement, by agency and scope."""
        stores = self._state.stores
        history = [each for each, _ in stores.standings.history(agreement.id)]
        book = stores.standings.book(agreement.id, self._state.signer.header)
        codes = [w.code for w in stores.standings.wishes(agreement.id) if w.change.suspensions]
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
        """When an article's packets could not pass from one agency to another, in log time.

        Clocks stand still meanwhile. See ``tearline.standing.history.stopped_intervals``.
        """
        turns = self._state.stores.standings.turns(agreement.id)
        return stopped_intervals(turns, agreement, article, sender=sender, recipient=recipient)

    def gaps(self, agreement: Agreement) -> tuple[Gap, ...]:
        """What passed while something was suspended, with both ends' marks, from own records."""
        return gaps_of(self._state, agreement)

    # By the way.

    def settle(self) -> None:
        """Says again what the exchange did not take for a reason that has passed.

        So it is where another node was faster, or where the key had ended that signed it. Nothing
        is queued while what was said has no answer yet.
        """
        for agreement_id in self._state.stores.standings.wished():
            with Chores(self._state).attempt("standings"):
                self._settle(agreement_id)

    def _settle(self, agreement_id: bytes) -> None:
        standings = self._state.stores.standings
        wishes = standings.wishes(agreement_id)
        known = standings.newest(agreement_id).get(self._state.agency)
        said = max(wish.counter for wish in wishes)
        codes = {wish.code for wish in wishes}
        overtaken = not codes.isdisjoint(_OVERTAKEN)
        overtaken = overtaken and known is not None and known.standing.counter >= said
        if overtaken or (SignerKeyUnknown.code in codes and self._state.is_ready()):
            with self._state.stores.database.transaction():
                self._queue(agreement_id)

    def affirm(self) -> None:
        """Queues a fresh standing under every agreement in force that has a joint article.

        Partners send under one only while they know of each party, within the hour, where it
        stands: so whoever keeps a suspension back from them stops them all the same.
        """
        newest = {found.id: found for found in self._state.stores.agreements.all()}
        for agreement in newest.values():
            with Chores(self._state).attempt("standings"):
                self._affirm(agreement)

    def _affirm(self, agreement: Agreement) -> None:
        stores, now_ms = self._state.stores, self._state.now_ms()
        joint = any(article.joint for article in agreement.terms.articles)
        in_force = agreement.valid_from_ms <= now_ms < agreement.valid_until_ms
        if not joint or not in_force or stores.standings.wishes(agreement.id):
            return
        known = stores.standings.newest(agreement.id).get(self._state.agency)
        said_ms = 0 if known is None else min(known.time_ms, known.standing.time_ms)
        if now_ms - said_ms >= _AFFIRM_MS:
            with stores.database.transaction():
                stores.standings.wish(self._state.signer.header, agreement.id, _change(None))
                self._queue(agreement.id)

    async def _say(self, agreement_id: bytes, change: Change) -> None:
        stores = self._state.stores
        with stores.database.transaction():
            stores.standings.wish(self._state.signer.header, agreement_id, change)
            self._queue(agreement_id)
            stores.channels.mark_due(agreement_id)
            recall_suspended(self._state, stores.agreements.newest(agreement_id))
        with queueing(self._state, first=True):
            await self._sender.flush()
            self._sender.tell()
            await self._sender.flush()
        codes = [wish.code for wish in stores.standings.wishes(agreement_id) if wish.code]
        if codes and codes[0] not in _OVERTAKEN:
            raise StandingUntold(codes[0])

    def _queue(self, agreement_id: bytes) -> Signed:
        """Signs what our agency's standing says by now, to be sent before all that waits."""
        stores, signer = self._state.stores, self._state.signer
        known = stores.standings.newest(agreement_id).get(self._state.agency)
        wishes = stores.standings.wishes(agreement_id)
        standing = merged(
            None if known is None else known.standing,
            [wish.change for wish in wishes],
            header=signer.header,
            agreement_id=agreement_id,
            time_ms=self._state.now_ms(),
        )
        statement = signed(signer.sign([(StatementType.STANDING, encode_standing(standing))]))
        stores.standings.say_again(agreement_id, statement.statement.id, standing.counter)
        publication = encode_publication(Publication(signed=(statement,)))
        stores.outbox.put_first([publication], now_ms=self._state.now_ms())
        return statement

    def _verify_scope(self, agreement: Agreement, suspension: Suspension) -> None:
        if not suspension.article:
            return
        article = article_of(agreement, suspension.article)
        ways = {(way.sender, way.recipient) for way in article.directions}
        if suspension.sender and (suspension.sender, suspension.recipient) not in ways:
            raise AgreementNotInForce("the article has no such direction")
        if suspension.sender and self._state.agency not in suspension.scope[1:]:
            raise AgreementNotInForce("the direction is neither from nor to this agency")


def _change(
    acted_by: ActedBy | None, *suspensions: Suspension, lift: bool = False, ended: bool = False
) -> Change:
    return Change(suspensions=suspensions, lift=lift, ended=ended, acted_by=acted_by)


def _verify_officer(acted_by: ActedBy | None) -> None:
    if acted_by is None or acted_by.role != Role.OFFICER:
        raise LiftRefused


def agencies_of(positions: Sequence[Position]) -> tuple[str, ...]:
    """URIs of the agencies that suspended something, ascending."""
    return tuple(sorted({position.agency for position in positions}))
