"""What an erased entry is worth that is shown instead of an opening (spec L-74), judged offline."""

from collections.abc import Iterator

from tearline.checkpoint import Checkpoint
from tearline.erasure import Erasure, signers_of, verify_logged, verify_signed_by_all
from tearline.errors import EntryMismatch, ErasureRefused, TearlineError
from tearline.ledger import blind_entry, entry_hash, parse_entry
from tearline.merkle import verify_inclusion
from tearline.statement import StatementType
from tearline.trust import Moment, TrustState
from tearline.wire.erasures import ErasedEntry, parse_erasure
from tearline.wire.flow import parse_event


def order_of(erased: ErasedEntry) -> Erasure:
    """The order that is shown; not yet verified.

    Raises:
        StatementMalformed, ErasureRefused: If it is none.
    """
    if erased.order.statement.type is not StatementType.ERASURE:
        raise ErasureRefused("what stands in the order's place is none")
    return parse_erasure(erased.order.statement.body)


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
            yield ErasureRefused(f"it does not name entry {index}")
        event = parse_event(erased.erased.event)
        verify_logged(order, erased.order.statement.id, erased.erased.index, event)
        _verify_logged_entry(erased, checkpoint)
        trust = _trust(erased, checkpoint, federation)
        at = Moment(index=erased.erased.index, time_ms=event.time_ms)
        statement, attestations = erased.order.statement, erased.order.attestations
        trust.verify(statement, attestations, at=at)
        verify_signed_by_all(order, signers_of(statement, attestations))
    except TearlineError as error:
        yield error


def _verify_logged_entry(erased: ErasedEntry, checkpoint: Checkpoint) -> None:
    opening = erased.erased
    leaf = entry_hash(blind_entry(opening.salt, opening.event))
    verify_inclusion(opening.index, checkpoint.size, leaf, erased.path, checkpoint.root)


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
