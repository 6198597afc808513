"""What the exchange takes of packets that take the place of others."""

from collections.abc import Sequence
from dataclasses import replace

from support.agencies import CN, DAY_MS, MX, NOW_MS, US
from support.exchange import World, address, codes, manifest_id, packet_publication, parts_of
from tearline.packets.grant import Grant
from tearline.packets.recall import Recall, RecallOrder, RecallReason
from tearline.sealing import SealedPacket
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_grant
from tearline.wire.packets import encode_manifest
from tearline.wire.publications import Outcome, publication_of
from tearline.wire.recalls import encode_recall

REFUSED = "TL-PKT-034"
TWICE = "TL-PKT-035"
RECALLED = "TL-GRT-011"


async def sent(world: World, *recipients: str, agency: str = US) -> bytes:
    sealed = world.packet(agency)
    grants = [world.grant(sealed, recipient, agency) for recipient in recipients]
    assert set(codes(await world.send(sealed, *grants, sender=agency))) == {""}
    return manifest_id(sealed)


async def corrected(
    world: World, packet: bytes, *recipients: str, agency: str = US, **changed: object
) -> tuple[bytes, list[str]]:
    """Sends a correction; its id, and what became of it and of each grant."""
    sealed = world.packet(agency, supersedes=packet, **changed)
    grants = [world.grant(sealed, recipient, agency) for recipient in recipients]
    return manifest_id(sealed), codes(await world.send(sealed, *grants, sender=agency))


async def together(
    world: World, packets: Sequence[SealedPacket], grants: Sequence[Grant] = ()
) -> tuple[Outcome, ...]:
    """Several packets in one message."""
    bodies = [(StatementType.MANIFEST, encode_manifest(each.manifest)) for each in packets]
    bodies += [(StatementType.GRANT, encode_grant(each)) for each in grants]
    tree = world.parties.node(US).sign(bodies)
    parts = [parts_of(each) for each in packets]
    return await world.publish(US, publication_of(tree, range(len(bodies)), parts))


def why(outcome: Outcome) -> str:
    assert outcome.refusal is not None
    return outcome.refusal.why


async def test_a_correction_goes_to_who_had_the_packet(world: World) -> None:
    await world.agree()
    packet = await sent(world, CN, MX)
    assert (await corrected(world, packet, CN, MX))[1] == ["", "", ""]


async def test_it_goes_to_nobody_else(world: World) -> None:
    await world.agree()
    packet = await sent(world, CN)
    assert (await corrected(world, packet, CN, MX))[1] == ["", "", REFUSED]


async def test_who_had_any_of_the_line_gets_the_last(world: World) -> None:
    await world.agree()
    first = await sent(world, CN, MX)
    second, outcome = await corrected(world, first, CN)
    assert outcome == ["", ""]
    third, outcome = await corrected(world, second, CN, MX)
    assert outcome == ["", "", ""]
    assert (await corrected(world, third, CN, MX))[1] == ["", "", ""]


async def test_it_may_come_in_the_same_message_as_what_it_corrects(world: World) -> None:
    await world.agree()
    first = world.packet()
    later = world.packet(supersedes=manifest_id(first))
    assert codes(await together(world, [first, later], [world.grant(first)])) == ["", "", ""]
    outcomes = [await world.grant_only(world.grant(later, each)) for each in (CN, MX)]
    assert codes(outcomes) == ["", REFUSED]


async def test_somebody_elses_packet_is_refused_as_one_that_does_not_exist(world: World) -> None:
    await world.agree()
    packet = await sent(world, CN)
    refusals = []
    for named in (packet, bytes(32)):
        sealed = world.packet(CN, supersedes=named)
        (outcome,) = await world.send(sealed, sender=CN)
        assert codes([outcome]) == [REFUSED]
        refusals.append(why(outcome))
    assert refusals[0] == refusals[1]


async def test_other_terms_are_refused(world: World) -> None:
    await world.agree()
    packet = await sent(world, CN)
    assert (await corrected(world, packet, case_id="another"))[1] == [REFUSED]


async def test_what_was_corrected_is_not_corrected_again(world: World) -> None:
    await world.agree()
    packet = await sent(world, CN)
    assert (await corrected(world, packet, CN))[1] == ["", ""]
    assert (await corrected(world, packet))[1] == [TWICE]


async def test_of_two_corrections_in_one_message_the_first_counts(world: World) -> None:
    await world.agree()
    packet = await sent(world, CN)
    both = [world.packet(supersedes=packet) for _ in range(2)]
    assert codes(await together(world, both)) == ["", TWICE]


async def test_a_refused_correction_takes_no_place(world: World) -> None:
    await world.agree()
    packet = await sent(world, CN)
    broken: SealedPacket = world.packet(supersedes=packet)
    publication = packet_publication(world.parties.node(US), broken, [])
    bare = replace(publication.parts[0], ciphertexts={})
    outcomes = await world.publish(US, replace(publication, parts=(bare,)))
    assert codes(outcomes) == ["TL-PKT-007"]
    assert (await corrected(world, packet, CN))[1] == ["", ""]


async def test_what_was_recalled_from_everybody_is_not_corrected(world: World) -> None:
    await world.agree()
    packet, other = await sent(world, CN), await sent(world, CN)
    for named, whole in ((packet, True), (other, False)):
        order = RecallOrder(
            whole=whole, reason=RecallReason.MISTAKE, respond_by_ms=NOW_MS + 3 * DAY_MS
        )
        said = Recall(
            header=world.parties.node(US).header,
            address=address(CN, world.seq(US, CN)),
            packet=named,
            said=order,
        )
        assert codes([await world.say(US, StatementType.RECALL, encode_recall(said))]) == [""]
    assert (await corrected(world, packet))[1] == [RECALLED]
    assert (await corrected(world, other))[1] == [""]
