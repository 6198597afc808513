"""Erasure by an agreement's retention: what goes, what stays, and who erases too much."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import tearline_server.processing.handlers.erasures
from support.agencies import signed_by
from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from support.stores import openings_of
from tearline.audit.erasure import RETAINED, Erasure
from tearline.audit.event import Event, EventCode
from tearline.errors import (
    EntryMismatch,
    EntryWithheld,
    NotPermitted,
    OrderContradicted,
    RetentionBroken,
    RetentionUnknown,
    TearlineError,
)
from tearline.statements.receipt import LogOpening, Status
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.proof import LogProof, parse_log_proof
from tearline.wire.agreements import encode_agreement
from tearline.wire.audit_search import SearchRequest
from tearline.wire.deliveries import START, Delivery
from tearline.wire.erasures import (
    ErasedEntry,
    encode_erased_entry,
    encode_erasure,
    parse_erased_entry,
    parse_erasure,
)
from tearline.wire.publications import Publication
from tearline.wire.statements import Signed, merge_signed
from tearline_client.audit.proofs import prove
from tearline_client.audit.retention import GRACE_MS, kept_too_long
from tearline_client.audit.search import BEGINNING, search
from tearline_client.audit.verifier import AuditVerifier, Judgement, Outcome, worst
from tearline_client.audit.who_saw import who_saw
from tearline_client.features.recalls.handler import run_due
from tearline_client.store.log import OpenedEvent
from tearline_client.store.packets import PacketStore
from tearline_server.ingest.commands import EraseDueCommand
from tearline_server.storage.columns import parts_of
from tearline_server.tlog.fsck import LogVerifier

NAME = "narcotics-2026"
DAY_MS = 24 * 3_600_000
KEPT_MS = 30 * DAY_MS


@pytest.fixture
async def kept(world: Simulation) -> Simulation:
    """The federation under an agreement that has the log keep entries for thirty days."""
    await amend(world, version=2, log_retention_ms=KEPT_MS)
    return world


async def amend(
    world: Simulation, *, version: int, log_retention_ms: int, retention_ms: int = 30 * DAY_MS
) -> Signed:
    """Puts another version of the agreement in force; every node has it."""
    found = world.us.node.agreements.by_name(NAME)
    changed = replace(
        found, version=version, retention_ms=retention_ms, log_retention_ms=log_retention_ms
    )
    body = encode_agreement(changed)
    signed = merge_signed(
        [signed_by(StatementType.AGREEMENT, body, each.signer) for each in world.members]
    )
    await world.us.node.agreements.publish(signed)
    await world.settle()
    return signed


def set_time(world: Simulation, offset_ms: int) -> None:
    """Moves all clocks to so much from now."""
    world.clock.offset_ms = offset_ms
    for member in world.members:
        object.__setattr__(context_of(member.node), "now_ms", world.clock)


def told(member: Member) -> list[OpenedEvent]:
    """What it can open of what retention may erase under the agreement."""
    agreement = member.node.agreements.by_name(NAME).id
    return [
        each
        for each in stores_of(member.node).log.openings()
        if each.event.agreement_id == agreement and each.event.code in RETAINED
    ]


def index_of(member: Member, code: EventCode = EventCode.GRANT_ACCEPTED) -> int:
    return next(each.opening.index for each in told(member) if each.event.code is code)


def both(*members: Member) -> tuple[str, ...]:
    """Their agencies, as an order names them."""
    return tuple(sorted(context_of(member.node).agency for member in members))


async def findings(world: Simulation) -> tuple[list[str], int]:
    verifier = LogVerifier(world.store, world.template.identity.log)
    found = [f"{each.place}: {each.what}" async for each in verifier.findings()]
    return found, verifier.erased


async def erased(world: Simulation) -> bytes:
    """A packet whose every entry is erased everywhere; its id."""
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    set_time(world, KEPT_MS + DAY_MS)
    await world.exchange.maintenance.erase_due()
    await world.settle()
    return packet


async def test_what_is_over_is_erased_everywhere_and_the_tree_is_the_same(kept: Simulation) -> None:
    await kept.us.send(kept.cn)
    await kept.settle()
    before, opened = await kept.entries(), [*told(kept.us), *told(kept.cn)]
    assert {each.event.code for each in opened} >= {
        EventCode.PACKET_ACCEPTED,
        EventCode.GRANT_ACCEPTED,
        EventCode.RECEIPT,
    }
    set_time(kept, KEPT_MS - DAY_MS)
    await kept.exchange.maintenance.erase_due()
    assert await findings(kept) == ([], 0)
    set_time(kept, KEPT_MS + DAY_MS)
    await kept.exchange.maintenance.erase_due()
    await kept.settle()
    for member in kept.members:
        assert member.codes() == []
        log = stores_of(member.node).log
        assert [each for each in opened if log.opened(each.opening.index)] == []
    assert (await kept.entries())[: len(before)] == before
    found, count = await findings(kept)
    assert found == []
    assert count >= len({each.opening.index for each in opened})


async def test_an_exchange_that_erases_nothing_is_told(kept: Simulation) -> None:
    await kept.us.send(kept.cn)
    await kept.settle()
    first = min(each.opening.index for each in told(kept.cn))
    set_time(kept, KEPT_MS + GRACE_MS - DAY_MS)
    assert kept_too_long(context_of(kept.cn.node)) == ()
    set_time(kept, KEPT_MS + GRACE_MS + DAY_MS)
    (found,) = kept_too_long(context_of(kept.cn.node))
    assert (found.agreement.name, found.first) == (NAME, first)
    assert found.entries == len(told(kept.cn))
    assert await kept.cn.node.audit.count_kept_too_long() == found.entries
    assert kept_too_long(context_of(kept.mx.node)) == ()  # it was told of nothing that is over
    await kept.exchange.maintenance.erase_due()
    await kept.settle()
    assert kept_too_long(context_of(kept.cn.node)) == ()


async def test_an_honest_exchange_has_time_when_less_may_be_kept_of_much(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is over all at once takes a while to go: by the log's size, and from that version on."""
    await world.us.send(world.cn)
    await world.settle()
    late_ms = KEPT_MS + 2 * GRACE_MS
    set_time(world, late_ms)
    await amend(world, version=2, log_retention_ms=KEPT_MS)
    cn = context_of(world.cn.node)
    assert kept_too_long(cn) == ()
    set_time(world, late_ms + GRACE_MS - DAY_MS)
    assert kept_too_long(cn) == ()
    set_time(world, late_ms + GRACE_MS + DAY_MS)
    assert len(kept_too_long(cn)) == 1
    million = [0]
    monkeypatch.setattr(type(cn.stores.log), "size", property(lambda _: million[0] * 10**6))
    million[0] = 9
    assert len(kept_too_long(cn)) == 1
    million[0] = 20  # two days more
    assert kept_too_long(cn) == ()


async def test_much_that_is_over_is_erased_in_one_round_and_each_round_ends(
    kept: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        await kept.us.send(kept.cn)
    await kept.settle()
    count = len({each.opening.index for m in kept.members for each in told(m)})
    monkeypatch.setattr("tearline_server.jobs.retention.MAX_RETENTION_PAGE", 2)
    monkeypatch.setattr("tearline_server.jobs.retention.MAX_RETENTION_PAGES", 3)
    set_time(kept, KEPT_MS + DAY_MS)
    await kept.exchange.maintenance.erase_due()
    _, first = await findings(kept)
    assert first <= 6
    monkeypatch.setattr("tearline_server.jobs.retention.MAX_RETENTION_PAGES", 64)
    await kept.exchange.maintenance.erase_due()
    _, erased_entries = await findings(kept)
    assert erased_entries >= count > 6


async def test_what_may_be_kept_for_less_goes_earlier(kept: Simulation) -> None:
    """At the recipient and at the exchange, although it was sent when more was agreed."""
    (packet,) = await kept.us.send(kept.cn)
    await kept.settle()
    assert run_due(context_of(kept.cn.node)) == 0
    await amend(kept, version=3, log_retention_ms=KEPT_MS, retention_ms=DAY_MS)
    set_time(kept, 2 * DAY_MS)
    await kept.exchange.maintenance.drop_ended()
    await kept.settle()
    await kept.settle()
    assert stores_of(kept.cn.node).packets.packet(packet).keys == ()
    (grant,) = stores_of(kept.us.node).packets.grants(packet)
    assert grant.status is Status.ERASED
    stored = (await kept.store.packets([packet])).get(packet)
    assert stored is not None
    assert parts_of(stored.ciphertexts).ciphertexts == {}
    assert await findings(kept) == ([], 0)


async def test_what_goes_on_is_not_broken_by_it(kept: Simulation) -> None:
    """Of a grant whose entry is gone its recipient still says that it erased the packet, too."""
    packet = await erased(kept)
    (grant,) = stores_of(kept.us.node).packets.grants(packet)
    assert grant.status is Status.ERASED
    assert [member.codes() for member in kept.members] == [[], [], []]


async def test_each_agency_is_told_of_its_own_entries_alone(kept: Simulation) -> None:
    await erased(kept)
    assert stores_of(kept.mx.node).erasures.orders() == ()
    ours = stores_of(kept.us.node).erasures.orders()
    assert {found.order.parties for found in ours} == {
        (context_of(kept.us.node).agency,),
        both(kept.us, kept.cn),
    }


async def test_what_waits_for_a_node_stays(kept: Simulation) -> None:
    await kept.us.send(kept.cn)
    await kept.us.node.receive()
    index = index_of(kept.us)
    set_time(kept, KEPT_MS + DAY_MS)
    await kept.exchange.maintenance.erase_due()
    await kept.us.node.receive()
    assert stores_of(kept.us.node).log.opened(index) is not None
    await kept.settle()
    await kept.exchange.maintenance.erase_due()
    await kept.settle()
    assert stores_of(kept.us.node).log.opened(index) is None
    assert kept.cn.codes() == []


async def test_how_it_came_about_and_who_erased_it_stays(kept: Simulation) -> None:
    await erased(kept)
    set_time(kept, 3 * KEPT_MS)
    await kept.exchange.maintenance.erase_due()
    await kept.settle()
    left = {each.event.code for each in stores_of(kept.us.node).log.openings()}
    assert {EventCode.AGREEMENT, EventCode.ERASED} <= left
    assert not left & RETAINED
    assert (await findings(kept))[0] == []


async def test_another_agreement_keeps_its_own(kept: Simulation) -> None:
    """An agreement that says nothing of it has the log keep everything."""
    await amend(kept, version=3, log_retention_ms=0)
    await erased(kept)
    assert told(kept.us)
    assert await findings(kept) == ([], 0)


async def test_the_page_is_read_by_the_index_of_the_agreement(kept: Simulation) -> None:
    from tearline_server.storage.sqlite.log import RETAINED as SQL

    plan = await kept.store._db.read(
        lambda connection: [
            row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL}", (bytes(16), -1, 10))
        ]
    )
    assert plan[0] == "SEARCH e USING INDEX event_agreement (agreement=? AND rowid>?)"
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP" in step]


# An exchange that erases too much.


def exchange_of(world: Simulation) -> Signer:
    return Signer(
        federation=world.us.signer.header.federation,
        uri=world.template.identity.exchange.uri,
        key=world.template.keys.signing,
    )


def order_of(world: Simulation, index: int, **changes: Any) -> Erasure:
    """An order by retention for one entry that names China and us."""
    agreement = world.us.node.agreements.by_name(NAME)
    order = Erasure(
        header=exchange_of(world).header,
        agreement_id=agreement.id,
        indices=(index,),
        parties=both(world.us, world.cn),
        reason="",
        agreement_version=agreement.version,
        latest_ms=world.clock() - KEPT_MS,
    )
    return replace(order, **changes)


async def carried_out(
    world: Simulation,
    order: Erasure,
    by: Signer | None = None,
    to: Member | None = None,
    *,
    ahead_ms: int = 0,
) -> LogOpening:
    """Has a node receive an order that truly stands in the log, past every rule of an exchange.

    Its entry is dated ahead by some time; the checkpoint over it is not.
    """
    signer, to = by or exchange_of(world), to or world.cn
    signed = signed_by(StatementType.ERASURE, encode_erasure(order), signer)
    event = Event(
        statement_id=signed.statement.id,
        code=EventCode.ERASED,
        party=context_of(to.node).agency,
        time_ms=world.clock() + ahead_ms,
        actor=signer.header.signer,
        agreement_id=order.agreement_id,
    )
    await world.log(event)
    (row,) = await openings_of(world.store, signed.statement.id, event.party)
    await to.take(
        Delivery(
            cursor=START,
            statements=(signed.statement,),
            attestations=signed.attestations,
            entry=row.opening,
        )
    )
    return row.opening


def keeps(member: Member, index: int, error: type[TearlineError]) -> None:
    """Checks that the opening is there still, and what the node keeps as evidence."""
    assert stores_of(member.node).log.opened(index) is not None
    assert stores_of(member.node).erasures.orders() == ()
    assert member.codes() == [error.code]


async def sent(world: Simulation) -> int:
    """A grant of ours that China took in; the index of its entry."""
    await world.us.send(world.cn)
    await world.settle()
    return index_of(world.cn)


async def test_too_early_is_told_by_the_order_itself(kept: Simulation) -> None:
    index = await sent(kept)
    set_time(kept, KEPT_MS - DAY_MS)
    await carried_out(kept, order_of(kept, index, latest_ms=kept.clock() - KEPT_MS + DAY_MS))
    keeps(kept.cn, index, RetentionBroken)


async def test_too_early_is_told_by_what_the_entry_says(kept: Simulation) -> None:
    """The order says that the entry is older than it is."""
    index = await sent(kept)
    set_time(kept, KEPT_MS - DAY_MS)
    await carried_out(kept, order_of(kept, index))
    keeps(kept.cn, index, RetentionBroken)


async def test_a_log_that_runs_ahead_brings_no_end_near(kept: Simulation) -> None:
    index = await sent(kept)
    order = order_of(kept, index, latest_ms=kept.clock() + DAY_MS)
    await carried_out(kept, order, ahead_ms=KEPT_MS + DAY_MS)
    keeps(kept.cn, index, RetentionUnknown)
    set_time(kept, KEPT_MS + DAY_MS)
    await kept.log_to(kept.exchange)  # it is tried again once the log has grown
    await context_of(kept.cn.node).follow()
    await kept.settle()
    assert kept.cn.codes() == []
    assert stores_of(kept.cn.node).log.opened(index) is None


async def test_what_stands_under_another_agreement_stays(kept: Simulation) -> None:
    draft = kept.us.draft(agreement="bilateral")
    await kept.us.node.packets.send([kept.us.node.packets.plan(draft, [kept.mx.node.uri])])
    await kept.settle()
    log = stores_of(kept.mx.node).log
    index = next(e.opening.index for e in log.openings() if e.event.code in RETAINED)
    set_time(kept, KEPT_MS + DAY_MS)
    await carried_out(kept, order_of(kept, index, parties=both(kept.us, kept.mx)), to=kept.mx)
    keeps(kept.mx, index, RetentionBroken)


async def test_what_stays_for_ever_stays(kept: Simulation) -> None:
    """That the agreement came into force names the same two agencies."""
    openings = stores_of(kept.cn.node).log.openings()
    index = next(e.opening.index for e in openings if e.event.code is EventCode.AGREEMENT)
    set_time(kept, KEPT_MS + DAY_MS)
    await carried_out(kept, order_of(kept, index))
    keeps(kept.cn, index, RetentionBroken)


async def test_a_rule_that_was_replaced_erases_nothing(kept: Simulation) -> None:
    index = await sent(kept)
    await amend(kept, version=3, log_retention_ms=0)
    set_time(kept, KEPT_MS + DAY_MS)
    for version in (2, 3):
        await carried_out(kept, order_of(kept, index, agreement_version=version))
    assert stores_of(kept.cn.node).log.opened(index) is not None
    assert kept.cn.codes() == [RetentionBroken.code] * 2


async def test_a_rule_that_did_not_come_erases_nothing(kept: Simulation) -> None:
    index = await sent(kept)
    set_time(kept, KEPT_MS + DAY_MS)
    await carried_out(kept, order_of(kept, index, agreement_version=3))
    keeps(kept.cn, index, RetentionUnknown)


async def test_grants_are_dated_anew_only_where_the_retention_changes(
    kept: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    dated: list[PacketStore] = []
    look_again = PacketStore.look_again

    def counted(packets: PacketStore) -> None:
        dated.append(packets)
        look_again(packets)

    monkeypatch.setattr(PacketStore, "look_again", counted)
    await amend(kept, version=3, log_retention_ms=0)
    assert dated == []
    await amend(kept, version=4, log_retention_ms=0, retention_ms=DAY_MS)
    assert len(dated) == len(kept.members)


async def test_nobody_but_the_exchange_erases_by_retention(kept: Simulation) -> None:
    """A party that the entry does not name signs, as the exchange would."""
    index = await sent(kept)
    set_time(kept, KEPT_MS + DAY_MS)
    order = order_of(kept, index, header=kept.mx.signer.header)
    await carried_out(kept, order, by=kept.mx.signer)
    keeps(kept.cn, index, RetentionBroken)


async def test_no_node_publishes_or_signs_an_order_by_retention(kept: Simulation) -> None:
    index = await sent(kept)
    set_time(kept, KEPT_MS + DAY_MS)
    order = order_of(kept, index, header=kept.us.signer.header)
    signed = signed_by(StatementType.ERASURE, encode_erasure(order), kept.us.signer)
    (outcome,) = await kept.us.publish(Publication(signed=(signed,)))
    assert outcome.refusal is not None
    assert outcome.refusal.code == NotPermitted.code
    with pytest.raises(RetentionBroken):
        kept.cn.node.erasures.sign(signed)


async def test_what_is_on_its_way_to_be_erased_is_not_missed(kept: Simulation) -> None:
    """The exchange has erased it, and the auditor's node learns of that while it searches."""
    index = await sent(kept)
    set_time(kept, KEPT_MS + DAY_MS)
    await kept.exchange.maintenance.erase_due()
    assert await searched(kept.us) == []
    assert stores_of(kept.us.node).log.opened(index) is None
    assert kept.us.codes() == []


async def test_what_is_left_out_of_a_search_without_an_order_is_missed(kept: Simulation) -> None:
    index = await sent(kept)
    await kept.store._db.write(
        lambda connection: list(connection.execute("DELETE FROM event WHERE idx = ?", (index,)))
    )
    with pytest.raises(EntryWithheld):
        await searched(kept.us)


async def searched(member: Member) -> list[int]:
    node = member.node
    request = SearchRequest(query="action:grant-accepted", after=BEGINNING, limit=0)
    found = search(context_of(node), request, lambda: "", receive=node.receive)
    return [each.index async for each in found]


# What an auditor is shown.


async def proof_of(world: Simulation) -> tuple[int, LogProof, ErasedEntry]:
    """The proof of an entry that was erased with others, and what it shows instead."""
    await erased(world)
    orders = stores_of(world.us.node).erasures.orders()
    found = next(each for each in orders if len(each.order.parties) == 2)
    index = found.order.indices[0]
    proofs = prove(context_of(world.us.node), found.signed.statement.id.hex())
    data = next(each.data for each in proofs if each.index == index)
    proof = parse_log_proof(data)
    return index, proof, parse_erased_entry(proof.extra)


def judged(world: Simulation, proof: LogProof) -> Judgement:
    trust = context_of(world.us.node).trust
    return AuditVerifier(trust.members.log, trust.federation).judge(proof.encode())


async def test_presence_stays_provable(kept: Simulation) -> None:
    index, proof, shown = await proof_of(kept)
    judgement = judged(kept, proof)
    assert (judgement.findings, judgement.index, judgement.event) == ((), index, None)
    assert judgement.erased is not None
    assert judgement.erased.agreement == kept.us.node.agreements.by_name(NAME)
    assert judgement.erased.entry == shown.erased.index


async def test_who_saw_names_the_order(kept: Simulation) -> None:
    packet = await erased(kept)
    (sighting,) = who_saw(context_of(kept.us.node), packet, "BankAccount/iban").sightings
    orders = stores_of(kept.us.node).erasures.orders()
    assert sighting.erased_by == tuple(found.entry for found in orders)
    assert sighting.proven is Outcome.INDETERMINATE


Lie = Callable[[Simulation, ErasedEntry], ErasedEntry]


def _in_other_words(world: Simulation, shown: ErasedEntry, **changes: Any) -> ErasedEntry:
    order = replace(parse_erasure(shown.order.statement.body), **changes)
    return replace(
        shown, order=signed_by(StatementType.ERASURE, encode_erasure(order), exchange_of(world))
    )


def _of_another_entry(world: Simulation, shown: ErasedEntry) -> ErasedEntry:
    return _in_other_words(world, shown, indices=(0,))


def _too_early(world: Simulation, shown: ErasedEntry) -> ErasedEntry:
    return _in_other_words(world, shown, latest_ms=world.clock())


def _without_the_agreement(world: Simulation, shown: ErasedEntry) -> ErasedEntry:
    return replace(shown, agreement=None)


def _agreement(world: Simulation, shown: ErasedEntry, signed: Signed) -> ErasedEntry:
    assert shown.agreement is not None
    return replace(shown, agreement=replace(shown.agreement, signed=signed))


def _another_agreement(world: Simulation, shown: ErasedEntry) -> ErasedEntry:
    agreements = stores_of(world.us.node).agreements
    (signed,) = agreements.versions(agreements.by_name("bilateral").id)
    return _agreement(world, shown, signed)


def _an_agreement_that_not_all_signed(world: Simulation, shown: ErasedEntry) -> ErasedEntry:
    assert shown.agreement is not None
    signed = shown.agreement.signed
    first = signed.statement.inclusions[0]
    return _agreement(
        world,
        shown,
        Signed(
            statement=replace(signed.statement, inclusions=(first,)),
            attestations={first.attestation: signed.attestations[first.attestation]},
        ),
    )


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (_of_another_entry, "TL-LOG-041"),
        (_too_early, "TL-LOG-041"),
        (_without_the_agreement, "TL-LOG-041"),
        (_another_agreement, "TL-LOG-041"),
        (_an_agreement_that_not_all_signed, "TL-LOG-041"),
    ],
)
async def test_a_false_word_that_it_was_over_fails(kept: Simulation, lie: Lie, code: str) -> None:
    _, proof, shown = await proof_of(kept)
    false = replace(proof, extra=encode_erased_entry(lie(kept, shown)))
    judgement = judged(kept, false)
    assert judgement.outcome is Outcome.FAILED
    assert code in [finding.code for finding in judgement.findings]
    assert judgement.erased is None


async def test_an_order_that_contradicts_itself_fails_though_the_log_holds_it(
    kept: Simulation,
) -> None:
    """It comes a day too early by its own words, and nothing else is amiss."""
    index = await sent(kept)
    set_time(kept, KEPT_MS - DAY_MS)
    early = order_of(kept, index, latest_ms=kept.clock() - KEPT_MS + DAY_MS)
    opening = await carried_out(kept, early)
    signed = signed_by(StatementType.ERASURE, encode_erasure(early), exchange_of(kept))
    stores = stores_of(kept.cn.node)
    with stores.database.transaction():
        stores.log.put_opening(opening)
        stores.erasures.erase(signed, opening.index)
    with pytest.raises(EntryMismatch, match="TL-LOG-041"):
        prove(context_of(kept.cn.node), signed.statement.id.hex())


async def test_an_order_that_makes_an_entry_older_than_one_before_it_is_not_verified(
    kept: Simulation,
) -> None:
    """The exchange erases a day early, and says that the entry was a day older than it is."""
    await kept.us.send(kept.mx)
    index = await sent(kept)
    before = stores_of(kept.us.node).log.openings_between(-1, index - 1)
    (*_, earlier) = [opened for opened in before if opened.event.code is EventCode.GRANT_ACCEPTED]
    set_time(kept, KEPT_MS - DAY_MS // 2)
    lie = order_of(kept, index, latest_ms=earlier.event.time_ms - DAY_MS)
    opening = await carried_out(kept, lie, to=kept.us)
    signed = signed_by(StatementType.ERASURE, encode_erasure(lie), exchange_of(kept))
    stores, trust = stores_of(kept.us.node), context_of(kept.us.node).trust
    (shown,) = prove(context_of(kept.us.node), earlier.event.statement_id.hex())
    with stores.database.transaction():
        stores.database.execute("DELETE FROM log_opening WHERE idx = ?", (index,))  # never told
        stores.log.put_opening(opening)
        stores.erasures.erase(signed, opening.index)
    proofs = prove(context_of(kept.us.node), signed.statement.id.hex())
    erased = next(each.data for each in proofs if each.index == index)
    for files in ((shown.data, erased), (erased, shown.data)):
        verifier = AuditVerifier(trust.members.log, trust.federation)
        compared = [verifier.compared(each) for each in [*map(verifier.judge, files)]]
        codes = {each.index: [found.code for found in each.findings] for each in compared}
        assert codes == {earlier.opening.index: [], index: [OrderContradicted.code]}
        assert worst(each.outcome for each in compared) is Outcome.INDETERMINATE


@pytest.mark.parametrize(
    "edit",
    ["DELETE FROM erasure", "UPDATE erasure SET statement = statement + 1"],
)
async def test_an_operator_who_only_says_that_it_was_over_is_told(
    kept: Simulation, edit: str
) -> None:
    await erased(kept)
    await kept.store._db.write(lambda connection: list(connection.execute(edit)))
    found, _ = await findings(kept)
    assert any(each.startswith("event ") for each in found), found


@pytest.mark.parametrize("said_ms", [0, DAY_MS])
async def test_an_exchange_that_erased_too_early_is_told_by_its_own_log(
    kept: Simulation, monkeypatch: pytest.MonkeyPatch, said_ms: int
) -> None:
    """Whether it says how old the entry is, or that it is a day older."""
    monkeypatch.setattr(tearline_server.processing.handlers.erasures, "is_due", lambda *_: True)
    monkeypatch.setattr(
        tearline_server.processing.handlers.erasures, "verify_covers", lambda *_: None
    )
    index = await sent(kept)
    opened = stores_of(kept.cn.node).log.opened(index)
    assert opened is not None
    set_time(kept, KEPT_MS - DAY_MS)
    order = order_of(kept, index, latest_ms=opened.event.time_ms - said_ms - DAY_MS // 2)
    signed = signed_by(StatementType.ERASURE, encode_erasure(order), exchange_of(kept))
    work = EraseDueCommand(signed, order)
    await kept.exchange._committer.submit(work, internal=True)
    assert work.erased
    (found,), _ = await findings(kept)
    assert found.startswith(f"event {index}: no order erased it; TL-LOG-041")
