"""Offline verification of an erased entry that is shown instead of an opening.

The steps are those of docs/spec/log-v1.md, L-25 and L-29.
"""

from collections.abc import Iterator, Sequence

from tearline.agreements.agreement import Agreement
from tearline.audit.erasure import Erasure, verify_logged, verify_signers
from tearline.audit.event import EventCode
from tearline.audit.retention import verify_rule
from tearline.errors import EntryMismatch, ErasureRefused, RetentionBroken, TearlineError
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import StatementType, signers_of
from tearline.tlog.checkpoint import Checkpoint
from tearline.tlog.merkle import verify_inclusion
from tearline.verification.log_entries import blind_entry, entry_hash, parse_entry
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.agreements import parse_agreement
from tearline.wire.erasures import ErasedEntry, parse_erasure
from tearline.wire.grants import parse_event
from tearline.wire.statements import Signed


def order_of(erased: ErasedEntry) -> Erasure:
    """Returns the shown order, unverified.

    Raises:
        StatementMalformed, ErasureRefused: If it is not an order.
    """
    if erased.order.statement.type is not StatementType.ERASURE:
        raise ErasureRefused("the shown statement is not an order")
    return parse_erasure(erased.order.statement.body)


def rule_of(erased: ErasedEntry) -> Agreement | None:
    """Returns the agreement shown with an order by retention, unverified.

    Raises:
        StatementMalformed: If it is not an agreement.
    """
    return parse_agreement(erased.agreement.signed.statement.body) if erased.agreement else None


def failings(
    erased: ErasedEntry, index: int, checkpoint: Checkpoint, federation: bytes | None
) -> Iterator[TearlineError]:
    """Yields every reason against the erasure of the entry at ``index`` by an order.

    Args:
        erased: The shown data.
        index: The entry's index; its inclusion is verified elsewhere.
        checkpoint: The log's state for all proofs.
        federation: 32 bytes, known out of band; None to find contradictions only.
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
        exchange = trust.members_at(at).exchange.uri
        verify_signers(order, signers_of(statement, attestations), exchange)
        if order.is_by_retention:
            verify_rule(order, _agreement(erased, checkpoint, trust), event.time_ms)
        elif erased.agreement is not None:
            yield order.refusal("an agreement is shown with an order of the parties")
    except TearlineError as error:
        yield error


def _verify_in_log(opening: LogOpening, path: Sequence[bytes], checkpoint: Checkpoint) -> None:
    leaf = entry_hash(blind_entry(opening.salt, opening.event))
    verify_inclusion(opening.index, checkpoint.size, leaf, path, checkpoint.root)


def _agreement(erased: ErasedEntry, checkpoint: Checkpoint, trust: TrustState) -> Agreement:
    """Returns the shown agreement, signed by all its parties, in force before the order."""
    shown = erased.agreement
    if shown is None or shown.signed.statement.type is not StatementType.AGREEMENT:
        raise RetentionBroken("its agreement is not shown")
    statement, attestations = shown.signed.statement, shown.signed.attestations
    event = parse_event(shown.entry.event)
    if (event.code, event.statement_id) != (EventCode.AGREEMENT, statement.id):
        raise RetentionBroken("the shown entry is not the agreement's")
    if shown.entry.index >= erased.erased.index:
        raise RetentionBroken("the agreement came into force after the order")
    _verify_in_log(shown.entry, shown.path, checkpoint)
    at = Moment(index=shown.entry.index, time_ms=event.time_ms)
    trust.verify(statement, attestations, at=at)
    agreement = parse_agreement(statement.body)
    if not set(agreement.signatories) <= signers_of(statement, attestations):
        raise RetentionBroken("not every signatory signed that version of the agreement")
    return agreement


def _trust(erased: ErasedEntry, checkpoint: Checkpoint, federation: bytes | None) -> TrustState:
    trust = None
    for entry in erased.entries:
        leaf = entry_hash(entry.content)
        verify_inclusion(entry.index, checkpoint.size, leaf, entry.path, checkpoint.root)
        signed = parse_entry(entry.content)
        if signed is None:
            raise EntryMismatch(f"entry {entry.index} contains no key data")
        if trust is None:
            if not isinstance(signed, Signed):
                raise EntryMismatch("the entries do not begin with the charter")
            trust = TrustState(federation=federation or signed.statement.id, is_partial=True)
        trust.apply(entry.index, signed)
    if trust is None:
        raise EntryMismatch("the signing keys of the order are not shown")
    return trust
