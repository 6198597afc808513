"""Operator's log entries while the exchange is stopped: trust lists, keys, time corrections.

The operator makes no decision here. The agencies signed each statement, and it passes the same
checks as a statement from a node.
"""

import secrets
from dataclasses import dataclass, replace

from tearline.errors import StoreBusy, TrustListRejected
from tearline.event import Event, EventCode
from tearline.federation import TrustList
from tearline.ledger import parse_entry
from tearline.limits import MAX_LOG_TIME_SKEW_MS
from tearline.statement import HASH_SIZE, StatementType
from tearline.wire.statements import Signed
from tearline.wire.trust import parse_trust_list
from tearline_server.auditlog import append
from tearline_server.house import House, begin_time, known_time_ms
from tearline_server.judging.members import verify_authorities, verify_names_us
from tearline_server.judging.registry import Registry
from tearline_server.storage.commit import Commit
from tearline_server.storage.known import Known
from tearline_server.storage.rows import Head
from tearline_server.storage.store import ask_nothing


async def take_clear(house: House, signed: Signed, *, clock_is_right: bool = False) -> int | None:
    """Logs a trust list, a key record or a revocation.

    Args:
        house: A stopped exchange.
        signed: The statement, signed by the agencies.
        clock_is_right: Whether the operator confirmed the clock.

    Returns:
        The index of its entry, or None if it was already in the log.

    Raises:
        ClockDoubted: If the clock is in doubt, or the log is ahead of it.
        TearlineError: If the statement does not verify, or names another exchange.
    """
    stored = await house.store.load()
    entries = [parse_entry(entry) for _, entry in stored.clear]
    if any(entry and entry.statement.id == signed.statement.id for entry in entries):
        return None
    trust_list: TrustList | None = None
    if signed.statement.type is StatementType.TRUST_LIST:
        trust_list = parse_trust_list(signed.statement.body)
        verify_names_us(trust_list, house.installation)
    current: TrustList | None = None
    if stored.clear:
        registry = Registry.restore(house.installation, stored)
        current = registry.trust.trust_list
    elif trust_list is None:
        raise TrustListRejected("the first statement in the log must be a trust list")
    else:
        # The first trust list defines the federation that the exchange serves.
        registry = Registry(house.installation, signed.statement.id)
    begin_time(house, stored, registry.trust)
    if clock_is_right:
        house.timekeeper.accept()
    if trust_list is not None:
        verify_authorities(trust_list, current, now_s=house.clock() // 1000)
    index = stored.head.tree.size
    registry.trust.apply(index, signed)

    def write(head: Head, known: Known) -> Commit:
        if head.serial != stored.head.serial:
            raise StoreBusy("it was written to meanwhile")
        house.timekeeper.verify(head.time_ms)
        time_ms = max(house.clock(), head.time_ms)
        uri = house.installation.identity.exchange.uri
        event = Event(
            statement_id=signed.statement.id,
            code=EventCode.OPERATOR,
            party=uri,
            time_ms=time_ms,
            actor=uri,
        )
        appended = append(head.tree, [signed, event])
        return Commit(
            tree=appended.tree,
            time_ms=time_ms,
            entries=appended.entries,
            nodes=appended.nodes,
            events=appended.events,
        )

    await house.store.commit(ask_nothing, write)
    return index


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Log that is dated in the future.

    Attributes:
        last_ms: The date of its last entry, or of a checkpoint over it; Unix milliseconds.
        clock_ms: The clock at that moment.
        entry: Index of the first correcting entry; None if none was written.
    """

    last_ms: int
    clock_ms: int
    entry: int | None


async def correct_time(house: House, *, clock_is_right: bool) -> Ahead | None:
    """Resets the time of a log that is ahead to this machine's clock.

    No entry is changed: one new entry per agency records the change of time. The order of the log
    is the order of its entries, which the tree proves, and not of their dates.

    Args:
        house: A stopped exchange.
        clock_is_right: Whether the operator confirmed the clock; otherwise no entry is written.

    Returns:
        The times found; None if the log is not ahead.

    Raises:
        StoreBusy: If an exchange wrote meanwhile.
    """
    stored = await house.store.load()
    registry = Registry.restore(house.installation, stored)
    house.timekeeper.accept()
    clock_ms, last_ms = house.clock(), known_time_ms(house, stored)
    if last_ms <= clock_ms + MAX_LOG_TIME_SKEW_MS:
        return None
    found = Ahead(last_ms=last_ms, clock_ms=clock_ms, entry=None)
    if not clock_is_right:
        return found
    about, uri = secrets.token_bytes(HASH_SIZE), house.installation.identity.exchange.uri
    events = [
        Event(
            statement_id=about, code=EventCode.TIME, party=agency.uri, time_ms=clock_ms, actor=uri
        )
        for agency in registry.trust.trust_list.agencies
    ]

    def write(head: Head, known: Known) -> Commit:
        if head.serial != stored.head.serial:
            raise StoreBusy("it was written to meanwhile")
        appended = append(head.tree, events)
        return Commit(
            tree=appended.tree,
            time_ms=clock_ms,
            entries=appended.entries,
            nodes=appended.nodes,
            events=appended.events,
        )

    await house.store.commit(ask_nothing, write)
    return replace(found, entry=stored.head.tree.size)
