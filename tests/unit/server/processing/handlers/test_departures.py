"""Departures of parties at the exchange: mail is returned, and agreements wait for new versions."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, US, member_record, node_of, signing_key
from support.agencies import agency as listed
from support.decisions import admission, deciding, leaving, own_change, removal
from support.exchange import ARTICLE, World, agreed, agreement, codes, opened, read_trust, terms
from tearline.audit.event import Event, EventCode
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.limits import DIRECTORY_INTERVAL_MS, ROOT_REPLACEMENT_DELAY_MS
from tearline.packets.packet import AgreementRef
from tearline.statements.channel import Mark
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import parse_entry
from tearline.wire.grants import encode_mark, parse_event
from tearline.wire.statements import Signed

DEPARTED = "TL-AGR-017"
JP = "spiffe://jp-customs.example"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as world:
        await world.agree()
        yield world


async def send(world: World, recipient: str, sender: str = US, *, version: int = 1) -> list[str]:
    reference = AgreementRef(id=AGREEMENT_ID, version=version, article=ARTICLE)
    sealed = world.packet(sender, agreement=reference)
    return codes(await world.send(sealed, world.grant(sealed, recipient, sender), sender=sender))


async def publish(world: World, *entries: Signed) -> None:
    for entry in entries:
        signer = next(iter(entry.attestations.values())).signer
        is_record = entry.statement.type is StatementType.MEMBER_RECORD
        assert codes(await world.publish_signed(US if is_record else signer, entry)) == [""]


async def remove(world: World, subject: str) -> None:
    voters = [uri for uri in (US, CN, MX) if uri != subject]
    await publish(world, *removal(await read_trust(world), subject, *voters))


async def agree_anew(world: World, *parties: str) -> None:
    header = world.parties.signer(US).header
    found = agreement(header, version=2, terms=terms(parties))
    assert codes(await world.publish_signed(US, agreed(world.parties, found))) == [""]


async def returned(world: World) -> set[tuple[str, str]]:
    """Sender and recipient of the grants that the log says were returned."""
    rows = await world.store.event_rows(0, limit=1000)
    found: list[Event] = [parse_event(row.event) for row in rows]
    events = [event for event in found if event.code is EventCode.RETURNED]
    return {(event.party, event.counterpart) for event in events}


async def test_a_removal_returns_undelivered_grants_from_and_to_the_agency(world: World) -> None:
    for sender, recipient in ((US, CN), (CN, MX), (US, MX)):
        assert await send(world, recipient, sender) == ["", ""]
    await remove(world, CN)
    assert await returned(world) == {(node_of(US), node_of(CN)), (node_of(CN), node_of(MX))}
    told = [each.entry for each in await world.read(US) if each.entry is not None]
    assert EventCode.RETURNED in [parse_event(entry.event).code for entry in told]


async def test_an_agency_that_leaves_gets_no_more_mail(world: World) -> None:
    assert await send(world, MX) == ["", ""]
    await publish(world, leaving(await read_trust(world), MX))
    assert await returned(world) == {(node_of(US), node_of(MX))}


async def test_an_agreement_with_a_departed_party_waits_for_a_version_without_it(
    world: World,
) -> None:
    await remove(world, CN)
    assert codes(await world.send(world.packet())) == [DEPARTED]
    await agree_anew(world, US, MX)
    assert await send(world, MX, version=2) == ["", ""]


async def test_mail_of_the_remaining_parties_from_before_is_handed_out(world: World) -> None:
    assert await send(world, MX) == ["", ""]
    await remove(world, CN)
    read = [each.statements[0].type for each in await world.read(MX)]
    assert StatementType.GRANT in read


async def test_an_agency_admitted_again_is_no_party_until_a_version_names_it_again(
    world: World,
) -> None:
    await remove(world, MX)
    await publish(world, *admission(await read_trust(world), MX, US, CN, generation=2))
    assert codes(await world.send(world.packet())) == [DEPARTED]
    await agree_anew(world, US, CN, MX)
    assert await send(world, CN, version=2) == ["", ""]


async def test_a_party_that_stays_is_not_dropped_without_its_signature(world: World) -> None:
    await remove(world, CN)
    await publish(world, *admission(await read_trust(world), JP, US, MX))
    header = world.parties.signer(US).header
    without_mx = agreement(header, version=2, terms=terms((US, JP)))
    outcomes = await world.publish_signed(US, agreed(world.parties, without_mx))
    assert codes(outcomes) == ["TL-AGR-002"]


async def test_a_packet_from_before_is_not_granted_any_more(world: World) -> None:
    sealed = world.packet()
    assert codes(await world.send(sealed)) == [""]
    await remove(world, CN)
    assert codes([await world.grant_only(world.grant(sealed, MX))]) == [DEPARTED]


async def test_the_departure_outlives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        await remove(world, CN)
    async with opened(tmp_path) as world:
        assert codes(await world.send(world.packet())) == [DEPARTED]


async def replace_root(world: World, uri: str) -> None:
    """Has the two other agencies replace a lost root, and waits for the week to pass."""
    new = signing_key("replacement")
    record = member_record(
        replace(listed(uri), root_key=new.public.encoded), world.parties.id, new, generation=2
    )
    voters = [each for each in (US, CN, MX) if each != uri]
    await publish(world, *deciding(await read_trust(world), VoteKind.REPLACE, record, *voters))
    for passed_ms in (DIRECTORY_INTERVAL_MS, ROOT_REPLACEMENT_DELAY_MS):
        world.clock.time_ms += passed_ms
        await world.exchange.maintenance.write_directory()


async def test_a_replaced_root_returns_undelivered_grants_at_once(world: World) -> None:
    for sender, recipient in ((US, CN), (CN, MX), (US, MX)):
        assert await send(world, recipient, sender) == ["", ""]
    await replace_root(world, CN)
    assert await returned(world) == {(node_of(US), node_of(CN)), (node_of(CN), node_of(MX))}
    state = await read_trust(world)  # verifies each directory
    version = state.members.version(CN)
    assert version is not None
    assert version.record.generation == 2
    (last,) = (await world.exchange.entries(world.exchange.snapshot.entries - 1, 0)).entries
    assert isinstance(parse_entry(last), DirectoryEntry)


async def test_a_decision_beside_it_replaces_a_root_with_the_same_effects(world: World) -> None:
    assert await send(world, CN) == ["", ""]
    new = signing_key("replacement")
    record = member_record(
        replace(listed(CN), root_key=new.public.encoded), world.parties.id, new, generation=2
    )
    await publish(world, *deciding(await read_trust(world), VoteKind.REPLACE, record, US, MX))
    world.clock.time_ms += ROOT_REPLACEMENT_DELAY_MS + DIRECTORY_INTERVAL_MS
    second = signing_key("the second root of us-justice")
    state = await read_trust(world)
    changed = own_change(state, US, signing_key(US), second, root_key=second.public.encoded)
    await publish(world, changed)
    assert (node_of(US), node_of(CN)) in await returned(world)


async def test_the_mailbox_of_a_former_member_counts_as_acknowledged(world: World) -> None:
    assert await send(world, MX) == ["", ""]
    await remove(world, MX)
    for agency in (US, CN):
        last = (await world.read(agency))[-1]
        await world.exchange.acknowledge(node_of(agency), last.cursor)
    assert (await world.store.backlog()).statements == 0


async def test_a_last_mark_to_a_former_member_waits_for_no_reader(world: World) -> None:
    assert await send(world, MX) == ["", ""]
    await remove(world, MX)
    mark = Mark(
        header=world.parties.node(CN).header,
        recipient=node_of(MX),
        agreement_id=AGREEMENT_ID,
        counter=1,
        highest_sent=0,
        highest_received=0,
        time_ms=world.clock.time_ms,
    )
    assert codes([await world.say(CN, StatementType.MARK, encode_mark(mark))]) == [""]
    for agency in (US, CN):
        last = (await world.read(agency))[-1]
        await world.exchange.acknowledge(node_of(agency), last.cursor)
    assert (await world.store.backlog()).statements == 0
