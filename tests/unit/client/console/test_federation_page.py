"""The page of members, open votes and decisions: every person reads it, and it signs nothing."""

import re

import pytest

from support.simulation import PASSPHRASES, Member, Simulation
from tearline.crypto.keys import key_id
from tearline.persons.tokens import Role
from tearline_client.enrolment import Passphrases, found_agency, read_agency, root_signer
from tearline_client.features.federation.acts import amended
from tearline_client.features.federation.open_decisions import OpenDecision
from tearline_client.keys.home import Home, Identity
from unit.client.console.browsers import ConsoleUnderTest

JP = "jp-customs"


async def vote(member: Member, decision: OpenDecision, *contents: object) -> None:
    """Casts an agency's vote."""
    await member.node.sync()
    root = root_signer(member.node.home, PASSPHRASES.root, member.node.directory.federation())
    await member.node.federation.vote(root, decision, *contents)  # type: ignore[arg-type]


async def invited(world: Simulation) -> str:
    """Has the United States invite Japan; returns the id of its root key."""
    home = Home(world.us.node.home.path.parent / JP)
    identity = Identity(agency=JP, domain="customs.jp.example", node="liaison")
    pinned = world.us.node.directory.federation()
    found_agency(home, identity, Passphrases(node=PASSPHRASES.node, root=PASSPHRASES.root), pinned)
    record = read_agency(home.enrolment(identity))
    decision = world.us.node.federation.invitation(record)
    await vote(world.us, decision, record)
    assert decision.record is not None
    return key_id(decision.record.agency.root_key).hex()


async def shown(console: ConsoleUnderTest, person: str = "liaison", query: str = "") -> str:
    reply = await (await console.signed_in(person)).get(f"/federation{query}")
    assert reply.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", reply.text).split())


@pytest.mark.parametrize("person", [role.value for role in Role])
async def test_every_person_sees_the_members_with_their_fingerprints(
    world: Simulation, console: ConsoleUnderTest, person: str
) -> None:
    text = await shown(console, person)
    for agency in world.mx.node.directory.members().agencies:
        assert f"{agency.name} {agency.uri} Member" in text
        assert key_id(agency.root_key).hex() in text
    assert key_id(world.mx.node.directory.members().exchange.signing_key).hex() in text
    assert "No vote is open." in text
    assert "has decided nothing since the charter" in text
    assert "Votes to admit 2" in text


async def test_an_open_vote_names_voters_the_new_root_and_the_command(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    root = await invited(world)
    await world.mx.node.sync()
    text = await shown(console)
    assert f"Admit a member: {JP}" in text
    assert f"New root key {root}" in text
    assert "Voted us-justice Not voted yet" in text
    assert "Votes missing 1" in text
    assert f"This agency may vote for it: tearline federation vote {JP}" in text
    assert "This console never has it and casts no vote." in text

    await vote(world.mx, world.mx.node.federation.find(JP))
    await world.mx.node.sync()
    text = await shown(console)
    assert "No vote is open." in text
    assert f"Admit a member {JP} mx-prosecutor , us-justice" in text
    assert f"{JP} spiffe://customs.jp.example Member" in text


async def test_an_amendment_is_shown_part_by_part(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    node = world.us.node
    root = root_signer(node.home, PASSPHRASES.root, node.directory.federation())
    following = amended(node.directory.members(), {"remove": 3}, (), ())
    proposed, decision = node.federation.proposal(root, following)
    await vote(world.us, decision, proposed)
    await world.mx.node.sync()
    text = await shown(console)
    assert "Change the constitution" in text
    assert "Part Now Proposed value Votes to remove 2 3" in text
    typed = proposed.statement.id.hex()[:12]
    assert f"tearline federation vote {typed}" in text


async def test_a_removed_member_stays_in_the_list(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    uri = next(
        each.uri
        for each in world.us.node.directory.members().agencies
        if each.name == "cn-public-security"
    )
    for member in (world.us, world.mx):
        await vote(member, member.node.federation.removal(uri))
    await world.mx.node.sync()
    text = await shown(console)
    assert f"cn-public-security {uri} Removed" in text
    assert "Remove a member cn-public-security mx-prosecutor , us-justice" in text


async def test_agencies_are_found_by_a_part_of_their_name(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    text = await shown(console, query="?agency=PROSEC")
    assert "mx-prosecutor spiffe://" in text
    assert "us-justice spiffe://" not in text
    assert "No agency has such a name." in await shown(console, query="?agency=%3Cb%3E")
