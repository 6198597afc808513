"""Authorship: whose a claim is, and whether its signature is genuine.

It is found out before the database is asked for anything that the claim names: a statement of
somebody else costs its publisher a refusal, and the exchange a look at its keys.
"""

from collections.abc import Collection
from dataclasses import dataclass

from tearline.agreement import Agreement
from tearline.erasure import Erasure
from tearline.errors import ExchangeBusy, NotPermitted, StatementMalformed, TearlineError
from tearline.statement import COSIGNED_TYPES, StatementType
from tearline.trust import ROOT_TYPES, Moment, TrustState
from tearline_server.judging.claims import Claim
from tearline_server.judging.hearing import Publisher

_RETRY_AFTER_MS = 250  # the next batch is judged by the keys that this one brings
_ABOUT_MEMBERS = frozenset(
    {StatementType.TRUST_LIST, StatementType.KEY_RECORD, StatementType.REVOCATION}
)
"""What is judged by keys alone: nothing is looked up for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """A claim, and what is known of its author.

    Attributes:
        claim: The claim.
        foreign: Why it is not its publisher's to publish, or None.
        doubt: Why its signature is not genuine, or None.
    """

    claim: Claim
    foreign: TearlineError | None
    doubt: TearlineError | None

    @property
    def is_genuine(self) -> bool:
        """Whether it is its publisher's, and its signature is genuine."""
        return self.foreign is None and self.doubt is None

    def verify_signature(self, trust: TrustState, at: Moment) -> None:
        """Checks that the signature is believed at the claim's place in the log.

        Args:
            trust: Members and keys.
            at: That place.

        Raises:
            ExchangeBusy: If it is believed by a key that came in the same batch: the database
                was not asked for what it names.
            TearlineError: If it is not believed.
        """
        _verify_signature(self.claim, trust, at)
        if self.doubt is not None and self.claim.statement.type not in _ABOUT_MEMBERS:
            raise ExchangeBusy("its key has just come", retry_after_ms=_RETRY_AFTER_MS)


def authored(claim: Claim, publisher: Publisher, trust: TrustState, at: Moment) -> Authored:
    """Finds out whose a claim is, and whether its signature is genuine.

    Args:
        claim: The claim.
        publisher: Who published it.
        trust: Members and keys.
        at: The place in the log behind which the batch is written. A key of its signer's that
            ended before suffices: a log that was restored may have held the statement then.
    """
    foreign = doubt = None
    try:
        verify_publisher(claim, publisher)
    except TearlineError as error:
        foreign = error
    else:
        try:
            _verify_signature(claim, trust, at, may_have_ended=True)
        except TearlineError as error:
            doubt = error
    return Authored(claim=claim, foreign=foreign, doubt=doubt)


def verify_publisher(claim: Claim, publisher: Publisher) -> None:
    """Checks that a claim is its publisher's to publish.

    A node publishes what it signed itself, or its agency's root; of co-signed statements, those
    of which its agency is a party, and trust lists. What became of any other is not for it to
    know: not even whether it was published before.

    Raises:
        TearlineError: If it is not, or does not say whose it is.
    """
    if claim.header is None:
        raise StatementMalformed("the body does not say who signs it")
    kind = claim.statement.type
    by_root = claim.header.signer == publisher.agency and kind in ROOT_TYPES
    is_own = claim.header.signer == publisher.node or by_root
    if kind not in COSIGNED_TYPES and not is_own:
        raise NotPermitted("a node publishes what it, or its agency's root, signed")
    match claim.content:
        case Agreement() as agreement:
            _verify_party(publisher, agreement.terms.parties)
        case Erasure() as order:
            _verify_party(publisher, order.parties)
        case TearlineError() as error if not is_own:
            raise error


def _verify_party(publisher: Publisher, parties: Collection[str]) -> None:
    if publisher.agency not in parties:
        raise NotPermitted("what several sign is published by one of its parties")


def _verify_signature(
    claim: Claim, trust: TrustState, at: Moment, *, may_have_ended: bool = False
) -> None:
    if claim.statement.type is not StatementType.TRUST_LIST:
        # Who may sign a list follows from the list, and is judged when it is applied.
        trust.verify(claim.statement, claim.attestations, at=at, vouched=may_have_ended)
