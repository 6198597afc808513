"""Operator's log entries while the exchange is stopped: charter, keys, decisions, times.

The operator makes no decision here. The agencies signed each statement, and it passes the same
checks as a statement from a node.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from tearline.audit.event import Event, EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import MembershipRejected, StoreBusy, error_by_code
from tearline.federation.decisions import MemberRecord
from tearline.federation.directory import DirectoryEntry
from tearline.identity import NodeUri
from tearline.limits import MAX_LOG_TIME_SKEW_MS
from tearline.statements.budget import BudgetLevel
from tearline.statements.statement import HASH_SIZE, StatementType
from tearline.verification.log_entries import parse_clear
from tearline.verification.trust import ROOT_TYPES
from tearline.wire.federation import parse_charter, parse_member_record
from tearline.wire.publications import Publication
from tearline.wire.statements import Signed, header_of
from tearline_server.bootstrap import Components, begin_time, known_time_ms
from tearline_server.exchange import Exchange
from tearline_server.processing.context import Publisher
from tearline_server.processing.handlers.members import verify_authorities, verify_names_us
from tearline_server.processing.registry import Registry
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Store, ask_nothing
from tearline_server.storage.lookups import LookupResults
from tearline_server.storage.rows import Head, StandingRow
from tearline_server.tlog.log import append


async def take_clear(
    components: Components, signed: Signed, *, clock_is_right: bool = False
) -> int | None:
    """Logs a statement of members, votes or keys.

    Args:
        components: A stopped exchange.
        signed: The statement, signed by the agencies.
        clock_is_right: Whether the operator confirmed the clock.

    Returns:
        The index of its entry, or None if it was already in the log.

    Raises:
        ClockDoubted: If the clock is in doubt, or the log is ahead of it.
        TearlineError: If the statement does not verify, or names another exchange.
    """
    stored = await components.store.load()
    entries = [parse_clear(entry) for _, entry in stored.clear]
    if any(entry and entry.statement.id == signed.statement.id for entry in entries):
        return None
    kind = signed.statement.type
    if kind is StatementType.CHARTER:
        charter = parse_charter(signed.statement.body)
        verify_names_us(charter.constitution, components.installation)
    if stored.clear:
        registry = Registry.restore(components.installation, stored)
    elif kind is StatementType.CHARTER:
        # The charter defines the federation that the exchange serves.
        registry = Registry(components.installation, signed.statement.id)
    else:
        raise MembershipRejected("the first statement in the log must be a charter")
    begin_time(components, stored, registry.trust)
    if clock_is_right:
        components.timekeeper.accept()
    if kind is StatementType.MEMBER_RECORD:
        record = parse_member_record(signed.statement.body)
        known = _known_authorities(registry, record)
        verify_authorities(record, known, now_s=components.clock() // 1000)
    index = stored.head.tree.size
    registry.trust.apply(index, signed)
    states_directory = registry.trust.membership.has_changed_at(index)

    components.timekeeper.verify(stored.head.time_ms)
    time_ms = max(components.clock(), stored.head.time_ms)
    uri = components.installation.identity.exchange.uri
    event = Event(
        statement_id=signed.statement.id,
        code=EventCode.OPERATOR,
        party=uri,
        time_ms=time_ms,
        actor=uri,
    )
    items: list[Signed | Event | DirectoryEntry] = [signed, event]
    if states_directory:
        items.append(registry.trust.directory.entry(time_ms))
    await write_entries(components.store, stored.head, items, time_ms)
    return index


async def judge(exchange: Exchange, operator: NodeUri, signed: Signed) -> None:
    """Has an exchange judge and log a statement of an agency's root, as if its node published it.

    Args:
        exchange: An exchange that is opened, and serves no calls.
        operator: The name that the event has in place of a node's, of the exchange's domain.
        signed: The statement.

    Raises:
        MembershipRejected: If it is not a root's.
        TearlineError: If the exchange refuses it.
    """
    if signed.statement.type not in ROOT_TYPES:
        raise MembershipRejected("only votes, member records and amendments are decided by files")
    publisher = Publisher(node=str(operator), agency=header_of(signed.statement.body).signer)
    for outcome in await exchange.publish(publisher, Publication(signed=(signed,)), 0):
        if outcome.refusal is not None:
            refused = error_by_code(outcome.refusal.code) or MembershipRejected
            raise refused(outcome.refusal.why)


async def write_entries(
    store: Store,
    after: Head,
    items: Sequence[Signed | Event | DirectoryEntry],
    time_ms: int,
    emptied: Registry | None = None,
) -> None:
    """Appends entries to the log of a stopped exchange, dated by one time.

    Args:
        store: The store.
        after: Its head.
        items: The entries.
        time_ms: Their time.
        emptied: The state whose buckets are emptied: of budgets, marks and standings; or None.

    Raises:
        StoreBusy: If the store was written to after that head.
        StoreError: If it cannot be written.
    """

    def write(head: Head, known: LookupResults) -> Commit:
        if head.serial != after.serial:
            raise StoreBusy("it was written to meanwhile")
        appended = append(head.tree, items)
        return Commit(
            tree=appended.tree,
            time_ms=time_ms,
            entries=appended.entries,
            nodes=appended.nodes,
            events=appended.events,
            budgets=dict.fromkeys(emptied.budgets, BudgetLevel()) if emptied else {},
            channels=[replace(row, empty_ms=0) for row in emptied.channels.values()]
            if emptied
            else [],
            standings=[
                StandingRow(agency=agency, agreement=agreement, statement=told.statement)
                for (agency, agreement), told in emptied.told.items()
            ]
            if emptied
            else [],
        )

    await store.commit(ask_nothing, write)


def _known_authorities(registry: Registry, record: MemberRecord) -> tuple[bytes, ...]:
    if not registry.trust.membership.is_founded:
        return ()
    current = registry.trust.members.agency(record.agency.uri)
    return current.certificate_authorities if current else ()


@immutable
class FutureLog:
    """Log that is dated in the future.

    Attributes:
        last_ms: The date of its last entry, or of a checkpoint over it; Unix milliseconds.
        clock_ms: The clock at that moment.
        entry: Index of the first correcting entry; None if none was written.
    """

    last_ms: int
    clock_ms: int
    entry: int | None


async def correct_time(components: Components, *, clock_is_right: bool) -> FutureLog | None:
    """Resets the time of a log that is ahead to this machine's clock.

    No entry is changed: one new entry per agency records the change of time. The order of the log
    is the order of its entries, which the tree proves, and not of their dates. Buckets that the
    wrong time filled are emptied: otherwise agencies would wait until that time.

    Args:
        components: A stopped exchange.
        clock_is_right: Whether the operator confirmed the clock; otherwise no entry is written.

    Returns:
        The times found; None if the log is not ahead.

    Raises:
        StoreBusy: If an exchange wrote meanwhile.
    """
    stored = await components.store.load()
    registry = Registry.restore(components.installation, stored)
    components.timekeeper.accept()
    clock_ms, last_ms = components.clock(), known_time_ms(stored, registry.trust)
    if last_ms <= clock_ms + MAX_LOG_TIME_SKEW_MS:
        return None
    found = FutureLog(last_ms=last_ms, clock_ms=clock_ms, entry=None)
    if not clock_is_right:
        return found
    about, uri = secrets.token_bytes(HASH_SIZE), components.installation.identity.exchange.uri
    events = [
        Event(
            statement_id=about, code=EventCode.TIME, party=agency.uri, time_ms=clock_ms, actor=uri
        )
        for agency in registry.trust.members.agencies
    ]
    await write_entries(components.store, stored.head, events, clock_ms, registry)
    return replace(found, entry=stored.head.tree.size)
