"""What the operator puts into the log while the exchange does not serve: trust, keys.

The operator decides nothing by it: each of these is signed by the agencies themselves, and
goes through the same judgement as if a node had brought it.
"""

from tearline.errors import StoreBusy, TrustListRejected
from tearline.event import Event, EventCode
from tearline.federation import TrustList
from tearline.ledger import parse_entry
from tearline.statement import StatementType
from tearline.wire.statements import Signed
from tearline.wire.trust import parse_trust_list
from tearline_server.auditlog import append
from tearline_server.house import House
from tearline_server.judging.members import verify_authorities, verify_names_us
from tearline_server.judging.registry import Registry
from tearline_server.storage.commit import Commit
from tearline_server.storage.known import Known
from tearline_server.storage.rows import Head
from tearline_server.storage.store import ask_nothing


async def take_clear(house: House, signed: Signed) -> int | None:
    """Takes a trust list, a key record or a revocation into the log.

    Args:
        house: An exchange that does not serve.
        signed: What the agencies signed.

    Returns:
        The index of its entry, or None if it was in the log before.

    Raises:
        TearlineError: If it must not be believed, or names another exchange.
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
        raise TrustListRejected("a trust list comes before anything else")
    else:
        # The operator says by this which federation the exchange serves.
        registry = Registry(house.installation, signed.statement.id)
    if trust_list is not None:
        verify_authorities(trust_list, current, now_s=house.clock() // 1000)
    index = stored.head.tree.size
    registry.trust.apply(index, signed)

    def write(head: Head, known: Known) -> Commit:
        if head.serial != stored.head.serial:
            raise StoreBusy("it was written to meanwhile")
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
