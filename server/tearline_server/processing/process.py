"""Rulings: takes each claim of a publication through the same steps, and rules on it.

1. Authorship: a node publishes statements signed by itself or its agency's root, or co-signed
   statements that concern its agency.
2. Repetition: an earlier ruling is returned unchanged, with the same receipt under a new signature.
3. Signature: it must verify at the place in the log that the statement would get. This is checked
   before any lookup of ids, and again if the batch changes keys.
4. Budget: the part of its agency's budget that it is charged to must not be used up.
5. Identifier: it must be unused.
6. Rules of the statement's type: ``apply`` of its handler.

A claim is refused without a receipt, and counted, if its signature does not verify. The same holds
for temporary obstacles: an earlier place of the channel is still empty, the mailbox has no room, a
budget is used up, or too many ids are named. A recall that leaves too little time to answer is also
refused in this way. Every other refusal is signed, logged and final, as long as its agency's budget
of refusals lasts.
"""

from collections.abc import Iterable

from tearline.audit.event import Event, EventCode, EventOutcome
from tearline.errors import (
    ErasureRefused,
    ErrorClass,
    ExchangeBusy,
    StatementConflict,
    TearlineError,
)
from tearline.limits import CHARGE_BYTES
from tearline.statements.budget import Amount, BudgetPart, part_of
from tearline.wire.grants import parse_event
from tearline.wire.publications import Refused
from tearline_server.processing.authorship import Authored
from tearline_server.processing.batch import Batch, Result, refused
from tearline_server.processing.context import Context, Publisher
from tearline_server.processing.day_budget import charge, verify_budget
from tearline_server.processing.handlers.table import HANDLERS
from tearline_server.processing.registry import Registry
from tearline_server.storage.lookups import Settled


def process(
    submissions: Iterable[Authored], publisher: Publisher, registry: Registry, batch: Batch
) -> tuple[Result, ...]:
    """Rules on every claim of a publication, in order, and returns the rulings.

    Args:
        submissions: The publication's statements, with their authorship.
        publisher: The publisher.
        registry: Keys, agreements, channels, mailboxes; updated by accepted claims.
        batch: The batch, which receives the writes.
    """
    return tuple(_rule(submitted, publisher, registry, batch) for submitted in submissions)


def _rule(author: Authored, publisher: Publisher, registry: Registry, batch: Batch) -> Result:
    submitted = author.submitted
    handler = HANDLERS[submitted.statement.type]
    result = Result(
        statement=submitted.statement, signer=submitted.key[1], natural=submitted.natural
    )
    context = Context(
        submitted=submitted, publisher=publisher, registry=registry, batch=batch, result=result
    )
    if author.foreign is not None:
        return _not_ruled(context, author.foreign)
    earlier = batch.ruled.get(_key(context))
    if earlier is not None and not (earlier.refusal and handler.is_judged_anew):
        return earlier
    settled = _settled(context)
    if settled is not None and not (settled.code and handler.is_judged_anew):
        return _repeat(context, settled)
    try:
        author.verify_signature(registry.trust, batch.moment_of(submitted.statement.id))
    except TearlineError as error:
        return _not_ruled(context, error)
    part, before = part_of(submitted.statement.type), _kept(batch)
    try:
        if part is not None:
            verify_budget(registry, batch, publisher.agency, part)
        _verify_free(context)
        _apply(context)
    except TearlineError as error:
        if handler.by_any_node or error.error_class is ErrorClass.LATER:
            return _not_ruled(context, error)
        if earlier is not None:
            return earlier
        if settled is not None:
            return _repeat(context, settled)
        part = BudgetPart.REFUSAL
        try:
            verify_budget(registry, batch, publisher.agency, part)
        except ExchangeBusy as busy:
            return _not_ruled(context, busy, error.code)
        _refuse(context, error)
    if part is not None:
        _charge(context, part, _kept(batch) - before)
    batch.ruled[_key(context)] = result
    if result.refusal is None and result.natural is not None:
        batch.naturals[result.signer, result.natural] = submitted.statement.id
    return result


def _settled(context: Context) -> Settled | None:
    """Returns the earlier ruling on a claim, if its publisher may learn of it.

    Where any node may publish it, the receipt opens an entry of its first publisher.
    """
    settled = context.batch.known.statements.get(context.submitted.key)
    if settled is None or not HANDLERS[context.submitted.statement.type].by_any_node:
        return settled
    first = "" if settled.logged is None else parse_event(settled.logged.event).actor
    return settled if first == context.publisher.node else None


def _key(context: Context) -> tuple[bytes, str]:
    """Returns the key of a claim within the batch; with its publisher if any node may be it."""
    statement = context.submitted.statement
    if HANDLERS[statement.type].by_any_node:
        return statement.id, context.publisher.node
    return context.submitted.key


def _verify_free(context: Context) -> None:
    natural = context.submitted.natural
    if natural is None:
        return
    key = (context.signer, natural)
    taken = context.batch.naturals.get(key) or context.batch.known.naturals.get(key)
    if taken is not None and taken != context.submitted.statement.id:
        raise StatementConflict("this packet or grant id is already used")


def _apply(context: Context) -> None:
    submitted = context.submitted
    if isinstance(submitted.content, TearlineError):
        raise submitted.content
    HANDLERS[submitted.statement.type].apply(context, submitted.content)


def _refuse(context: Context, error: TearlineError) -> None:
    conflict = isinstance(error, StatementConflict)
    context.result.refusal = refused(error)
    context.result.natural = None
    event = Event(
        statement_id=context.submitted.statement.id,
        code=EventCode.CONFLICT if conflict else EventCode.REFUSED,
        party=context.publisher.node,
        time_ms=context.batch.now_ms,
        actor=context.publisher.node,
        outcome=EventOutcome.REFUSED,
        reason=error.code,
    )
    context.batch.settle(context.result, event)


def _kept(batch: Batch) -> int:
    """Returns the entries and items of mailboxes that a batch has so far."""
    return len(batch.items) + len(batch.mail)


def _charge(context: Context, part: BudgetPart, entries: int) -> None:
    """Charges the agency for a ruling that added so many entries and items of mailboxes."""
    statement, size = context.submitted.statement, CHARGE_BYTES
    if part is not BudgetPart.REFUSAL:
        packet = context.batch.packets.get(statement.id)
        size += len(statement.body) + (sum(packet.lengths) if packet else 0)
    amount = Amount(entries=entries, bytes=size)
    charge(context.registry, context.batch, context.publisher.agency, part, amount)


def _not_ruled(context: Context, error: TearlineError, counted: str = "") -> Result:
    """Returns a result without a ruling, which is counted under a code: the error's, or another."""
    context.result.refusal = refused(error)
    context.batch.strangers.append((context.publisher.node, counted or error.code))
    return context.result


def _repeat(context: Context, settled: Settled) -> Result:
    """Repeats an earlier ruling; the receipt names the same entry."""
    result = context.result
    if settled.logged is None:
        result.refusal = refused(ErasureRefused("the receipt was erased together with its entry"))
        return result
    result.refusal = Refused(code=settled.code, why=settled.why) if settled.code else None
    result.logged = settled.logged
    context.batch.repeated.append(result)
    return result
