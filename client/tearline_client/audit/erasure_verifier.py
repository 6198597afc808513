"""What an erased entry is worth that is shown instead of an opening, judged offline.

The steps are those of docs/spec/log-v1.md, L-74 and L-79.
"""

from collections.abc import Iterator, Sequence

from tearline.agreements.agreement import Agreement, verify_parties_signed
from tearline.audit.erasure import Erasure, verify_logged, verify_signers
from tearline.audit.event import EventCode
from tearline.audit.retention import verify_rule
from tearline.errors import EntryMismatch, ErasureRefused, RetentionBroken, TearlineError
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import StatementType, signers_of
from tearline.tlog.checkpoint import Checkpoint
from tearline.tlog.merkle import verify_inclusion
from tearline.verification.log_entries import blind_entry, entry_hash, parse_entry
from tearline.verification.trust import Moment, TrustState
from tearline.wire.agreements import parse_agreement
from tearline.wire.erasures import ErasedEntry, parse_erasure
from tearline.wire.grants import parse_event


def order_of(erased: ErasedEntry) -> Erasure:
    """The order that is shown; not yet verified.

    Raises:
        StatementMalformed, ErasureRefused: If it is none.
    """
    if erased.order.statement.type is not StatementType.ERASURE:
        raise ErasureRefused("what stands in the order's place is none")
    return parse_erasure(erased.order.statement.body)


def rule_of(erased: ErasedEntry) -> Agreement | None:
    """The agreement that is shown with an order by retention; not yet verified.

    Raises:
        StatementMalformed: If it is none.
    """
    return parse_agreement(erased.agreement.signed.statement.body) if erased.agreement else None


def failings(
    erased: ErasedEntry, index: int, checkpoint: Checkpoint, federation: bytes | None
) -> Iterator[TearlineError]:
    """Everything that speaks against an order having erased the entry at ``index``.

    Args:
        erased: What is shown.
        index: The entry's index; that it stands there is judged elsewhere.
        checkpoint: The log's state that all is proven under.
        federation: 32 bytes, known by another way; None where only contradictions can be found.
    """
    try:
        order = order_of(erased)
        if index not in order.indices:
            yield order.refusal(f"it does not name entry {index}")
        event = parse_event(erased.erased.event)
        verify_logged(order, erased.order.statement.id, erased.erased.index, event)
        _verify_in_log(erased.erased, erased.path, checkpoint)
        trust = _trust(erased, checkpoint, federation)
        at = Moment(index=erased.erased.index, time_ms=event.time_ms)
        statement, attestations = erased.order.statement, erased.order.attestations
        trust.verify(statement, attestations, at=at)
        exchange = trust.trust_list_at(at).exchange.uri
        verify_signers(order, signers_of(statement, attestations), exchange)
        if order.is_by_retention:
            verify_rule(order, _agreement(erased, checkpoint, trust), event.time_ms)
    except TearlineError as error:
        yield error


def _verify_in_log(opening: LogOpening, path: Sequence[bytes], checkpoint: Checkpoint) -> None:
    leaf = entry_hash(blind_entry(opening.salt, opening.event))
    verify_inclusion(opening.index, checkpoint.size, leaf, path, checkpoint.root)


def _agreement(erased: ErasedEntry, checkpoint: Checkpoint, trust: TrustState) -> Agreement:
    """The agreement that is shown, signed by all its parties, in force before the order."""
    shown = erased.agreement
    if shown is None or shown.signed.statement.type is not StatementType.AGREEMENT:
        raise RetentionBroken("the agreement that it rests on is not shown")
    statement, attestations = shown.signed.statement, shown.signed.attestations
    event = parse_event(shown.entry.event)
    if (event.code, event.statement_id) != (EventCode.AGREEMENT, statement.id):
        raise RetentionBroken("the entry shown for the agreement is of something else")
    if shown.entry.index >= erased.erased.index:
        raise RetentionBroken("the agreement came into force after the order")
    _verify_in_log(shown.entry, shown.path, checkpoint)
    at = Moment(index=shown.entry.index, time_ms=event.time_ms)
    trust.verify(statement, attestations, at=at)
    agreement = parse_agreement(statement.body)
    verify_parties_signed(agreement, signers_of(statement, attestations))
    return agreement


def _trust(erased: ErasedEntry, checkpoint: Checkpoint, federation: bytes | None) -> TrustState:
    trust = None
    for entry in erased.entries:
        leaf = entry_hash(entry.content)
        verify_inclusion(entry.index, checkpoint.size, leaf, entry.path, checkpoint.root)
        signed = parse_entry(entry.content)
        if signed is None:
            raise EntryMismatch(f"entry {entry.index} tells nothing of keys")
        if trust is None:
            trust = TrustState(federation=federation or signed.statement.id)
        trust.apply(entry.index, signed)
    if trust is None:
        raise EntryMismatch("nothing says whose keys signed the order")
    return trust
