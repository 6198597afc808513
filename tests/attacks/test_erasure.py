"""Erasure by order: who may, what is left, and every false word that something was erased."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.audit.erasure import Erasure
from tearline.audit.event import EventCode
from tearline.errors import ErasureRefused, NotFound
from tearline.statements.statement import StatementType
from tearline.tlog.proof import LogProof, parse_log_proof
from tearline.wire.erasures import (
    ErasedEntry,
    encode_erased_entry,
    encode_erasure,
    parse_erased_entry,
    parse_erasure,
)
from tearline.wire.publications import Outcome, Publication
from tearline.wire.statements import Signed, cosigned, signed
from tearline_client.audit.proofs import prove
from tearline_client.audit.verifier import AuditVerifier, Judgement
from tearline_client.audit.verifier import Outcome as Worth
from tearline_server.tlog.fsck import LogVerifier

REASON = "the term that both agreed on has passed"


async def sent(world: Simulation) -> int:
    """A grant of ours that the partner took in; the index of its entry."""
    await world.us.send(world.cn)
    for member in (world.cn, world.us, world.cn):
        await member.node.receive()
    log = stores_of(world.us.node).log
    return next(
        each.opening.index for each in log.openings() if each.event.code is EventCode.GRANT_ACCEPTED
    )


def order_for(world: Simulation, index: int, *others: Member) -> Signed:
    """An order by us, signed by the others after a look at it."""
    order = world.us.node.erasures.draft([index], REASON)
    for member in others:
        order = member.node.erasures.sign(order)
    return order


def forged(order: Erasure, *members: Member, **changes: object) -> Signed:
    """An order in other words, signed past every node."""
    body = encode_erasure(replace(order, header=members[0].signer.header, **changes))
    return cosigned(
        [(member.signer.sign([(StatementType.ERASURE, body)]), 0) for member in members]
    )


async def publish(member: Member, order: Signed) -> Outcome:
    return (await member.publish(Publication(signed=(order,))))[0]


async def erased(world: Simulation) -> tuple[int, Signed]:
    """An entry that was erased, and the order."""
    index = await sent(world)
    order = order_for(world, index, world.cn)
    await world.cn.node.erasures.publish(order)
    for member in world.members:
        await member.node.receive()
    return index, order


async def findings(world: Simulation) -> tuple[list[str], int]:
    verifier = LogVerifier(world.store, world.template.identity.log)
    found = [f"{each.place}: {each.what}" async for each in verifier.findings()]
    return found, verifier.erased


async def test_what_was_erased_is_gone_everywhere_and_the_tree_is_the_same(
    world: Simulation,
) -> None:
    index = await sent(world)
    before = await world.entries()
    opened = stores_of(world.cn.node).log.opened(index)
    assert opened is not None
    await world.us.node.erasures.publish(order_for(world, index, world.cn))
    for member in (world.us, world.cn):
        await member.node.receive()
        assert member.codes() == []
        assert stores_of(member.node).log.opened(index) is None
        assert [o.order.indices for o in stores_of(member.node).erasures.orders()] == [(index,)]
        about = opened.event.statement_id
        receipts = stores_of(member.node).receipts.of(about)
        assert not [r for r in receipts if r.entry is not None and r.entry.index == index]
    assert (await world.entries())[: len(before)] == before
    assert await findings(world) == ([], 1)
    list(world.store._db._writer_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    for path in world.folder.glob("exchange.db*"):
        assert opened.opening.salt not in path.read_bytes()
    with pytest.raises(NotFound):
        prove(context_of(world.cn.node), opened.event.statement_id.hex())


async def test_the_order_reaches_who_it_concerns_and_nobody_else(world: Simulation) -> None:
    await erased(world)
    assert stores_of(world.mx.node).erasures.orders() == ()
    assert world.mx.codes() == []


async def test_what_is_told_once_more_stays_erased(world: Simulation) -> None:
    index = await sent(world)
    opened = stores_of(world.cn.node).log.opened(index)
    assert opened is not None
    await world.us.node.erasures.publish(order_for(world, index, world.cn))
    await world.cn.node.receive()
    stores_of(world.cn.node).log.put_opening(opened.opening)
    assert stores_of(world.cn.node).log.opened(index) is None


# Who may.


async def test_one_party_alone_erases_nothing(world: Simulation) -> None:
    index = await sent(world)
    await world.refuses([await publish(world.us, order_for(world, index))], ErasureRefused)
    assert await findings(world) == ([], 0)


async def test_the_parties_are_those_whom_the_entry_names(world: Simulation) -> None:
    index = await sent(world)
    order = parse_erasure(order_for(world, index).statement.body)
    us, mx = context_of(world.us.node).agency, context_of(world.mx.node).agency
    alone = forged(order, world.us, parties=(us,))
    with_another = forged(order, world.us, world.mx, parties=tuple(sorted((us, mx))))
    outcomes = [await publish(world.us, each) for each in (alone, with_another)]
    await world.refuses(outcomes, ErasureRefused, ErasureRefused)
    for member in (world.mx, world.cn):
        with pytest.raises((ErasureRefused, NotFound)):
            member.node.erasures.sign(with_another)


async def test_an_entry_of_others_and_none_are_refused_alike(world: Simulation) -> None:
    index = await sent(world)
    order = parse_erasure(order_for(world, index).statement.body)
    mx = context_of(world.mx.node).agency
    outcomes = [
        await publish(world.mx, forged(order, world.mx, parties=(mx,), indices=(each,)))
        for each in (index, 1 << 40)
    ]
    assert outcomes[0].refusal == outcomes[1].refusal
    await world.refuses(outcomes, ErasureRefused, ErasureRefused)


async def test_an_order_cannot_be_erased_nor_erase_twice(world: Simulation) -> None:
    _, order = await erased(world)
    found = stores_of(world.us.node).erasures.orders()[0]
    with pytest.raises(ErasureRefused):
        world.us.node.erasures.draft([found.entry], REASON)
    again = forged(parse_erasure(order.statement.body), world.us, world.cn, reason="again")
    await world.refuses([await publish(world.us, again)], ErasureRefused)


async def test_nothing_is_erased_that_a_node_has_not_taken_in(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.us.node.receive()
    log = stores_of(world.us.node).log
    index = next(
        o.opening.index for o in log.openings() if o.event.code is EventCode.GRANT_ACCEPTED
    )
    order = parse_erasure(order_for(world, index).statement.body)
    both = forged(order, world.us, world.cn)
    await world.refuses([await publish(world.us, both)], ErasureRefused, waiting=1)
    await world.cn.node.receive()
    assert (await publish(world.us, both)).refusal is None


async def test_a_node_erases_only_what_the_order_covers(world: Simulation) -> None:
    """An exchange that lets two others order what names us is caught by what we hold."""
    _, order = await erased(world)
    await world.us.send(world.cn)
    for member in (world.us, world.cn):
        await member.node.receive()
    kept = stores_of(world.cn.node).log.openings()
    other = next(o for o in reversed(kept) if o.event.code is EventCode.GRANT_ACCEPTED)
    said = parse_erasure(order.statement.body)
    false = forged(said, world.us, world.cn, agreement_id=bytes(16), indices=(other.opening.index,))
    with pytest.raises(ErasureRefused):
        stores_of(world.cn.node).erasures.erase(false, 1 << 20)
    assert stores_of(world.cn.node).log.opened(other.opening.index) == other


# What an auditor is shown.


async def proof_of(world: Simulation) -> tuple[int, LogProof, ErasedEntry, Signed]:
    index, order = await erased(world)
    found = prove(context_of(world.us.node), order.statement.id.hex())
    (only,) = [each for each in found if each.index == index]
    proof = parse_log_proof(only.data)
    return index, proof, parse_erased_entry(proof.extra), order


def judged(world: Simulation, proof: LogProof) -> Judgement:
    trust = context_of(world.us.node).trust
    return AuditVerifier(trust.members.log, trust.federation).judge(proof.encode())


async def test_presence_stays_provable(world: Simulation) -> None:
    index, proof, shown, order = await proof_of(world)
    judgement = judged(world, proof)
    assert judgement.findings == ()
    assert judgement.index == index
    assert judgement.event is None
    assert judgement.erased is not None
    assert judgement.erased.entry == shown.erased.index
    assert judgement.erased.statement == order.statement.id


async def test_without_the_federation_it_cannot_be_told(world: Simulation) -> None:
    _, proof, _, _ = await proof_of(world)
    verifier = AuditVerifier(context_of(world.us.node).trust.members.log)
    assert verifier.judge(proof.encode()).outcome is Worth.INDETERMINATE


async def test_neither_opening_nor_order_is_a_failure(world: Simulation) -> None:
    _, proof, _, _ = await proof_of(world)
    judgement = judged(world, replace(proof, extra=b""))
    assert [finding.code for finding in judgement.findings] == ["TL-LOG-020"]
    assert judgement.outcome is Worth.FAILED


def _one_signature_less(world: Simulation, shown: ErasedEntry, said: Erasure) -> ErasedEntry:
    first = shown.order.statement.inclusions[0]
    statement = replace(shown.order.statement, inclusions=(first,))
    attestations = {first.attestation: shown.order.attestations[first.attestation]}
    return replace(shown, order=Signed(statement=statement, attestations=attestations))


def _signed_by_us_alone(world: Simulation, shown: ErasedEntry, said: Erasure) -> ErasedEntry:
    return replace(shown, order=forged(said, world.us))


def _of_another_entry(world: Simulation, shown: ErasedEntry, said: Erasure) -> ErasedEntry:
    return replace(shown, order=forged(said, world.us, world.cn, indices=(said.indices[0] - 1,)))


def _not_in_the_log(world: Simulation, shown: ErasedEntry, said: Erasure) -> ErasedEntry:
    return replace(shown, order=forged(said, world.us, world.cn, reason="never published"))


def _elsewhere(world: Simulation, shown: ErasedEntry, said: Erasure) -> ErasedEntry:
    # Another index may take a path of another length, which is another fault.
    return replace(shown, path=(*shown.path[:-1], bytes(32)))


def _another_statement(world: Simulation, shown: ErasedEntry, said: Erasure) -> ErasedEntry:
    tree = world.us.signer.sign([(StatementType.AUDIT_EXPORT, encode_erasure(said))])
    return replace(shown, order=signed(tree))


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (_one_signature_less, "TL-LOG-038"),
        (_signed_by_us_alone, "TL-LOG-038"),
        (_of_another_entry, "TL-LOG-038"),
        (_not_in_the_log, "TL-LOG-038"),
        (_elsewhere, "TL-LOG-002"),
        (_another_statement, "TL-LOG-038"),
    ],
)
async def test_a_false_word_that_it_was_erased_fails(
    world: Simulation,
    lie: Callable[[Simulation, ErasedEntry, Erasure], ErasedEntry],
    code: str,
) -> None:
    _, proof, shown, order = await proof_of(world)
    false = lie(world, shown, parse_erasure(order.statement.body))
    judgement = judged(world, replace(proof, extra=encode_erased_entry(false)))
    assert judgement.outcome is Worth.FAILED
    assert code in [finding.code for finding in judgement.findings]
    assert judgement.erased is None


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM erasure",
        "UPDATE erasure SET statement = statement - 1",
        "UPDATE erasure SET idx = idx - 1",
        "UPDATE statement SET envelope = NULL WHERE type = 12",
    ],
)
async def test_an_operator_who_only_says_that_it_was_erased_is_told(
    world: Simulation, edit: str
) -> None:
    index, _ = await erased(world)
    await world.store._db.write(lambda connection: list(connection.execute(edit)))
    found, _ = await findings(world)
    assert any(each.startswith(f"event {index}:") for each in found), found
