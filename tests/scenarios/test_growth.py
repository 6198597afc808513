"""A federation that grows from three agencies to ten, loses one under load, and replaces roots."""

from dataclasses import replace
from pathlib import Path

from support.agencies import (
    AGREEMENT_ID,
    CN,
    DAY_MS,
    MX,
    US,
    member_record,
    node_of,
    signing_key,
)
from support.agencies import agency as listed
from support.decisions import admission, amending, deciding, own_change, removal, vote
from support.exchange import ARTICLE, World, agreed, agreement, codes, opened, read_trust, terms
from tearline.errors import PartyDeparted
from tearline.federation.charter import rules_of
from tearline.federation.decisions import VoteKind
from tearline.limits import DIRECTORY_INTERVAL_MS, ROOT_REPLACEMENT_DELAY_MS
from tearline.packets.packet import AgreementRef
from tearline.verification.moment import Moment
from tearline.wire.statements import Signed

NEWCOMERS = [f"spiffe://agency-{number}.example" for number in range(7)]


async def publish(world: World, *entries: Signed) -> None:
    """Has an agency publish each: the signer's own, or US for a newcomer's record."""
    for entry in entries:
        signer = next(iter(entry.attestations.values())).signer
        known = {each.uri for each in world.exchange.members.agencies}
        assert codes(await world.publish_signed(signer if signer in known else US, entry)) == [""]


async def mail(world: World, version: int = 1) -> None:
    """Has US send a packet to CN under a version of the agreement, and CN get it."""
    before = len(await world.read(CN))
    sealed = world.packet(agreement=AgreementRef(id=AGREEMENT_ID, version=version, article=ARTICLE))
    assert codes(await world.send(sealed, world.grant(sealed, CN))) == ["", ""]
    assert len(await world.read(CN)) == before + 1


async def test_a_federation_grows_while_mail_flows(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        for newcomer in NEWCOMERS:
            await mail(world)
            await publish(world, *admission(await read_trust(world), newcomer, US, MX))
        state = await read_trust(world)
        assert len(state.members.agencies) == 10

        # The newcomers get seats, and the council's votes are counted anew.
        council = tuple(sorted((US, MX, CN, *NEWCOMERS[:2])))
        first, *votes = amending(state, US, MX, *NEWCOMERS[:2], council=council, rules=rules_of(3))
        await publish(world, first, *votes[:3])
        state = await read_trust(world)
        assert state.members.council == {*council}

        # One is removed under load; what it was sent before stays accepted.
        await publish(world, *removal(state, MX, US, CN))
        await mail(world)
        await publish(world, vote(await read_trust(world), NEWCOMERS[0], VoteKind.REMOVE, MX))

        # Mail waits until the remaining parties sign without the removed one.
        sealed = world.packet()
        assert codes(await world.send(sealed)) == [PartyDeparted.code]
        root = world.parties.signer(US).header
        without = agreement(root, version=2, terms=terms((US, CN)))
        await publish(world, agreed(world.parties, without))
        await mail(world, version=2)
        state = await read_trust(world)
        assert MX not in [each.uri for each in state.members.agencies]
        at = Moment(index=world.exchange.snapshot.entries, time_ms=world.clock.time_ms)
        assert state.keys_of(node_of(MX), at=at) == ()

        # A root is rotated, and signs the next decision.
        new = signing_key("the second root of us-justice")
        change = own_change(state, US, signing_key(US), new, root_key=new.public.encoded)
        await publish(world, change)
        await mail(world, version=2)

    # The exchange starts anew from its store, and derives the same.
    async with opened(tmp_path) as world:
        again = await read_trust(world)
        assert again.members.council == {US, CN, *NEWCOMERS[:2]}
        assert len(again.members.agencies) == 9


async def test_a_lost_root_is_replaced_after_its_delay(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        state, new = await read_trust(world), signing_key("replacement")
        lost = replace(listed(MX), root_key=new.public.encoded)
        record = member_record(lost, world.parties.id, new, generation=2)
        await publish(world, *deciding(state, VoteKind.REPLACE, record, US, CN))
        world.clock.time_ms += ROOT_REPLACEMENT_DELAY_MS - DAY_MS
        await world.exchange.maintenance.write_directory()
        version = (await read_trust(world)).members.version(MX)
        assert version is not None
        assert version.record.generation == 1
        world.clock.time_ms += DAY_MS + DIRECTORY_INTERVAL_MS
        await world.exchange.maintenance.write_directory()
        state = await read_trust(world)
        version = state.members.version(MX)
        assert version is not None
        assert version.record.generation == 2
        assert MX not in state.members.council
        at = Moment(index=world.exchange.snapshot.entries, time_ms=world.clock.time_ms)
        assert state.keys_of(node_of(MX), at=at) == ()
        # A node under the old root knows by the log that its membership ended, and a new one not.
        assert state.ended(node_of(MX), world.parties.node(MX).header.key_id) == version
        assert state.ended(node_of(MX), bytes(32)) is None
