"""Exhibits out of a federation at work: what a recipient shows, cannot show, and cannot forge."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from support.canary import canary, found
from support.docs_pages import program
from support.light_node import state
from support.node import context_of
from support.simulation import Member, Simulation, narrative
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.errors import (
    CommitmentMismatch,
    LogInconsistent,
    MomentUnproven,
    NotFound,
    OnwardUseForbidden,
    PacketTooLarge,
)
from tearline.policy.form import Form
from tearline.tlog.policy import parse_log_policy
from tearline.verification.exhibit import Shown, verify_exhibit
from tearline.wire.exhibits import Exhibit, encode_exhibit, parse_exhibit
from tearline_client.audit import exhibits
from tearline_client.audit.exhibit_verifier import judge_exhibit, outcome_of
from tearline_client.audit.log_policy import log_policy
from tearline_client.audit.proofs import Certification, prove
from tearline_client.audit.verifier import AuditVerifier, Outcome
from tearline_client.demo.lead import ACCOUNT, AMOUNT, METHOD, SOURCE, SUSPECT

SHOWN = ("Payment/amount",)


async def received(world: Simulation, *members: Member, told: str = "") -> bytes:
    """The lead at these members, each of whose receipts is in the log; the packet's id."""
    extra = [narrative(told)] if told else []
    (packet,) = (await world.us.node.packets.send([world.us.plan(*members, extra=extra)])).packets
    for member in members:
        await member.node.receive()
        await context_of(member.node).follow()
    await world.us.node.receive()
    return packet


def read(text: str) -> Exhibit:
    return parse_exhibit(parse_armor(Armor.EXHIBIT, text))


def verified(world: Simulation, text: str) -> Shown:
    return verify_exhibit(read(text), context_of(world.us.node).trust.federation)


async def test_a_recipient_shows_what_it_could_open_and_no_more(world: Simulation) -> None:
    """China got a band of the amount, and is told of sources and methods: no word of them."""
    word = canary()
    packet = await received(world, world.cn, world.mx, told=word)
    text = await world.cn.node.audit.exhibit(packet, SHOWN)
    shown = verified(world, text)
    assert [opened.field.form for opened in shown.fields] == [Form.GENERALISED]
    assert [sighting.node for sighting in shown.sightings] == [world.cn.node.uri]
    places = [text.encode(), parse_armor(Armor.EXHIBIT, text)]
    hidden = [word, AMOUNT, ACCOUNT, SUSPECT, SOURCE, METHOD, "identity.source", "narrative"]
    assert found([*hidden, world.mx.node.uri], places) == set()


async def test_the_program_of_the_specification_verifies_it(
    world: Simulation, tmp_path: Path
) -> None:
    packet = await received(world, world.mx)
    file = tmp_path / "exhibit.pem"
    file.write_text(await world.mx.node.audit.exhibit(packet, SHOWN))
    path = program("spec/verify-exhibit.md", tmp_path)
    federation = context_of(world.us.node).trust.federation.hex()
    command = [sys.executable, "-I", str(path), str(file), federation]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.stdout.startswith(f"verified: signed by {world.us.node.uri}\n"), ran
    assert "Payment/amount" in ran.stdout


async def test_nobody_shows_what_they_cannot_open(world: Simulation) -> None:
    packet = await received(world, world.cn)
    manifest = world.cn.node.packets.show(packet).manifest
    open_here = {opened.slot for opened in world.cn.node.packets.show(packet).view.fields}
    for slot in set(range(len(manifest.slots))) - open_here:
        with pytest.raises(NotFound):
            await world.cn.node.audit.exhibit(packet, [f"slot:{slot}"])


async def test_a_recipient_does_not_show_on_what_its_originator_keeps(world: Simulation) -> None:
    packet = await received(world, world.mx)
    with pytest.raises(OnwardUseForbidden):
        await world.mx.node.audit.exhibit(packet, ["Person/name"])
    assert verified(
        world,
        await world.us.node.audit.exhibit(packet, ["Person/name"]),
    ).accepted


async def test_a_recipient_does_not_show_another_value(world: Simulation) -> None:
    """A patched node that writes whatever it likes into the file."""
    packet = await received(world, world.mx)
    exhibit = read(await world.mx.node.audit.exhibit(packet, SHOWN))
    (field,) = exhibit.fields
    altered = field.plaintext.replace(AMOUNT.encode(), b"9" * len(AMOUNT))
    forged = replace(exhibit, fields=(replace(field, plaintext=altered),))
    with pytest.raises(CommitmentMismatch):
        verify_exhibit(forged, context_of(world.us.node).trust.federation)
    text = armor(Armor.EXHIBIT, encode_exhibit(forged)).encode()
    examined = judge_exhibit(text, context_of(world.us.node).trust.federation)
    assert (outcome_of(examined), examined.shown) == (Outcome.FAILED, None)


async def test_one_packets_field_is_not_shown_as_anothers(world: Simulation) -> None:
    first, second = await received(world, world.mx), await received(world, world.mx)
    made = [await world.mx.node.audit.exhibit(packet, SHOWN) for packet in (first, second)]
    one, other = map(read, made)
    with pytest.raises(CommitmentMismatch):
        verify_exhibit(
            replace(one, fields=other.fields), context_of(world.us.node).trust.federation
        )


async def test_receipts_name_who_got_something_of_it(world: Simulation) -> None:
    packet = await received(world, world.cn, world.mx)
    bare = verified(world, await world.us.node.audit.exhibit(packet, SHOWN))
    assert bare.sightings == ()
    named = verified(
        world,
        await world.us.node.audit.exhibit(packet, SHOWN, receipts=True),
    )
    assert {sighting.node for sighting in named.sightings} == {
        world.cn.node.uri,
        world.mx.node.uri,
    }
    assert all(sighting.status is not None for sighting in named.sightings)


async def test_before_the_log_has_its_receipt_a_recipient_proves_nothing(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.sync()
    async for _ in world.mx.node.inbox():
        pass
    with pytest.raises(MomentUnproven):
        await world.mx.node.audit.exhibit(packet, SHOWN)


async def test_an_exhibit_holds_after_the_key_was_replaced(world: Simulation) -> None:
    packet = await received(world, world.mx)
    await world.mx.node.keys.rotate_encryption()
    await context_of(world.us.node).follow()
    text = await world.us.node.audit.exhibit(packet, SHOWN)
    assert verified(world, text).accepted


async def test_a_policy_tells_whether_the_parties_cosigned_what_is_shown(
    world: Simulation,
) -> None:
    """Whoever demands cosignatures need not believe that the log showed all the same history."""
    packet = await received(world, world.mx)
    state = context_of(world.us.node)
    demanding = log_policy(state.trust, state.next_moment(), [world.us.node.uri, world.mx.node.uri])
    bare = (await world.us.node.audit.exhibit(packet, SHOWN)).encode()
    (missing,) = judge_exhibit(bare, state.trust.federation, policy=demanding).errors
    assert missing.code == "TL-LOG-007"
    for member in (world.us, world.mx):
        await member.node.cosigning.turn()
    await state.follow()
    cosigned = (await world.us.node.audit.exhibit(packet, SHOWN)).encode()
    assert judge_exhibit(cosigned, state.trust.federation, policy=demanding).errors == ()
    (proof, *_) = prove(state, packet.hex())
    assert AuditVerifier(demanding).judge(proof.data).outcome is Outcome.VERIFIED
    with pytest.raises(NotFound):
        log_policy(state.trust, state.next_moment(), ["spiffe://nobody.example/node/hub"])


# By the directory.


async def test_a_full_node_certifies_by_the_directory_where_asked(world: Simulation) -> None:
    packet = await received(world, world.mx)
    await state(world)
    us, context = world.us.node, context_of(world.us.node)
    text = await us.audit.exhibit(
        packet, SHOWN, receipts=True, certified_by=Certification.DIRECTORY
    )
    policy = parse_log_policy(us.audit.log_policy(counted=True).encode())
    shown = verify_exhibit(read(text), None, policy=policy)
    assert shown.originator.signer == us.uri
    assert [each.node for each in shown.sightings] == [world.mx.node.uri]
    assert shown.directory is not None
    assert len(text) < len(await us.audit.exhibit(packet, SHOWN, receipts=True)) / 2
    # A member's own node knows the counted cosigners; a stranger needs a policy.
    federation = context.trust.federation
    own = judge_exhibit(text.encode(), federation, trust=context.trust)
    assert outcome_of(own) is Outcome.VERIFIED
    stranger = judge_exhibit(text.encode(), federation)
    assert outcome_of(stranger) is Outcome.INDETERMINATE
    assert [error.code for error in stranger.lacking] == ["TL-LOG-022"]


async def test_a_packet_behind_the_newest_directory_waits(world: Simulation) -> None:
    await state(world)
    packet = await received(world, world.mx)
    with pytest.raises(MomentUnproven):
        await world.us.node.audit.exhibit(packet, SHOWN, certified_by=Certification.DIRECTORY)


async def test_statements_that_do_not_fit_give_way_to_the_directory(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a federation of more than some four hundred founders."""
    packet = await received(world, world.mx)
    await state(world)
    audit = world.us.node.audit
    size = len(encode_exhibit(read(await audit.exhibit(packet, SHOWN))))
    monkeypatch.setattr(exhibits, "MAX_EXHIBIT_BYTES", size - 1)
    assert read(await audit.exhibit(packet, SHOWN)).leaves
    with pytest.raises(PacketTooLarge):
        await audit.exhibit(packet, SHOWN, certified_by=Certification.STATEMENTS)


async def test_a_directory_of_another_log_makes_no_exhibit(world: Simulation) -> None:
    """The exchange and the cosigners would show a court what this node never saw."""
    packet = await received(world, world.mx)
    await state(world)
    world.us.exchange.turn = lambda turn: replace(turn, root=bytes(32))
    with pytest.raises(LogInconsistent):
        await world.us.node.audit.exhibit(packet, SHOWN, certified_by=Certification.DIRECTORY)
