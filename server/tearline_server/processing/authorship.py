"""Authorship of claims: whether the publisher may publish them, and whether their signatures hold.

Authorship is checked before any database lookup of ids in the claim. A forged statement costs its
publisher a refusal, and the exchange only a key lookup.
"""

from collections.abc import Collection, Iterable

from tearline.dataclass.immutable import immutable
from tearline.errors import ExchangeBusy, NotPermitted, StatementMalformed, TearlineError
from tearline.packets.packet import PacketParts
from tearline.statements.statement import COSIGNED_TYPES
from tearline.verification.moment import Moment
from tearline.verification.trust import ROOT_TYPES, TrustState
from tearline_server.processing.context import Publisher, SubmittedStatement
from tearline_server.processing.handlers.table import HANDLERS

_RETRY_AFTER_MS = 250  # the next batch is judged with the keys of this one


@immutable
class Authored:
    """Claim, and the result of its authorship check.

    Attributes:
        submitted: The claim.
        foreign: The reason why its publisher may not publish it, or None.
        doubt: The reason why its signature is not genuine, or None.
    """

    submitted: SubmittedStatement
    foreign: TearlineError | None
    doubt: TearlineError | None

    @property
    def is_genuine(self) -> bool:
        """Returns whether the publisher may publish it and its signature is genuine."""
        return self.foreign is None and self.doubt is None

    def verify_signature(self, trust: TrustState, at: Moment) -> None:
        """Checks the signature at the claim's place in the log.

        Of a genuine claim only the keys are checked again: they may have changed in the batch, and
        the id of a key is a hash over it.

        Args:
            trust: Members and keys.
            at: That place.

        Raises:
            ExchangeBusy: If it verifies only by a key of the same batch: the ids in the claim were
                not looked up.
            TearlineError: If it does not verify.
        """
        if self.is_genuine:
            _verify_keys(self.submitted, trust, at)
            return
        _verify_signature(self.submitted, trust, at)
        if self.doubt is not None and not HANDLERS[self.submitted.statement.type].by_keys_alone:
            raise ExchangeBusy("its key has just come", retry_after_ms=_RETRY_AFTER_MS)


def authored(
    submitted: SubmittedStatement, publisher: Publisher, trust: TrustState, at: Moment
) -> Authored:
    """Checks the authorship of a claim, and returns the result.

    Args:
        submitted: The claim.
        publisher: Its publisher.
        trust: Members and keys.
        at: The place in the log after which the batch is written. An ended key of the signer
            suffices: a restored log may already hold the statement.
    """
    foreign = doubt = None
    try:
        verify_publisher(submitted, publisher)
    except TearlineError as error:
        foreign = error
    else:
        try:
            _verify_signature(submitted, trust, at, may_have_ended=True)
        except TearlineError as error:
            doubt = error
    return Authored(submitted=submitted, foreign=foreign, doubt=doubt)


def linked_parts(claims: Iterable[Authored]) -> tuple[PacketParts, ...]:
    """Returns the parts of genuine packets that name large documents."""
    genuine = (each.submitted.parts for each in claims if each.is_genuine)
    return tuple(parts for parts in genuine if parts is not None and parts.blobs)


def verify_publisher(submitted: SubmittedStatement, publisher: Publisher) -> None:
    """Checks that a node may publish a claim.

    A node may publish statements signed by itself or its agency's root, co-signed statements of its
    agency, and records of newcomers. For any other statement it learns neither the outcome nor an
    earlier publication.

    Raises:
        TearlineError: If it may not, or the body names no signer.
    """
    if submitted.header is None:
        raise StatementMalformed("the body does not name its signer")
    kind = submitted.statement.type
    by_root = submitted.header.signer == publisher.agency and kind in ROOT_TYPES
    is_own = submitted.header.signer == publisher.node or by_root
    if kind not in COSIGNED_TYPES and not is_own:
        raise NotPermitted("a node may publish only what it or its agency's root signed")
    content = submitted.content
    if isinstance(content, TearlineError):
        if not is_own:
            raise content
        return
    parties = HANDLERS[kind].parties
    if parties is not None:
        _verify_party(publisher, parties(content))


def _verify_party(publisher: Publisher, parties: Collection[str]) -> None:
    if publisher.agency not in parties:
        raise NotPermitted("a co-signed statement may be published only by one of its parties")


def _verify_signature(
    submitted: SubmittedStatement, trust: TrustState, at: Moment, *, may_have_ended: bool = False
) -> None:
    if not HANDLERS[submitted.statement.type].by_any_node:
        trust.verify(submitted.statement, submitted.attestations, at=at, vouched=may_have_ended)


def _verify_keys(submitted: SubmittedStatement, trust: TrustState, at: Moment) -> None:
    statement = submitted.statement
    if HANDLERS[statement.type].by_any_node:
        return
    for inclusion in statement.inclusions:
        signer = submitted.attestations[inclusion.attestation].header
        trust.signing_key(signer, statement.type, at=at)
