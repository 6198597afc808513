"""Persons behind a release: who is disabled, what waits too long, and where nobody is asked."""

from dataclasses import replace

import pytest

from attacks.test_four_eyes import STRICT, Strict, agree
from attacks.test_key_life import DAY_MS, pass_time
from support.four_eyes import log_in
from support.node import context_of, stores_of
from support.simulation import Simulation
from tearline.errors import DraftEnded, DrafterGone, LoginRequired, PersonAmbiguous
from tearline.limits import MAX_PENDING_AGE_MS
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline.policy.ruleset import parse_policy_set
from tearline_client.demo.lead import OWN_POLICY
from tearline_client.persons.issuer import NODE, LocalIssuer


@pytest.fixture
async def strict(world: Simulation) -> Strict:
    await agree(world, STRICT)
    return Strict(world=world)


def drafted(strict: Strict) -> bytes:
    strict.person("ana", Role.ANALYST)
    strict.person("li", Role.LIAISON)
    return strict.world.us.node.approvals.draft([strict.plan()], person="ana")


async def test_what_a_disabled_person_drafted_is_not_approved(strict: Strict) -> None:
    us = strict.world.us.node
    pending = drafted(strict)
    LocalIssuer(us.keystore).disable("ana")
    with pytest.raises(DrafterGone):
        await us.approvals.approve(pending, person="li")
    assert not list(stores_of(us).packets.ids())
    us.approvals.reject(pending, person="li")
    assert us.approvals.waiting() == ()


async def test_a_draft_ends(strict: Strict) -> None:
    second, world = strict.world.us.node.approvals, strict.world
    pending = drafted(strict)
    pass_time(world, MAX_PENDING_AGE_MS - DAY_MS)
    for member in (*world.members, *world.members):
        await member.node.sync()
    assert [each.id for each in second.waiting()] == [pending]
    pass_time(world, 2 * DAY_MS)
    for member in (world.cn, world.mx):
        await member.node.sync()
    await context_of(world.us.node).follow()
    strict.person("pia", Role.LIAISON)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(second), "expire", lambda _: None)
        with pytest.raises(DraftEnded):
            await second.approve(pending, person="pia")
    await world.us.node.sync()
    assert second.waiting() == ()


async def test_a_clock_of_our_own_alone_ends_no_draft(strict: Strict) -> None:
    us, clock = strict.world.us.node, strict.world.clock
    pending = drafted(strict)
    object.__setattr__(context_of(us), "now_ms", lambda: clock() + 400 * DAY_MS)
    us.approvals.expire()
    assert [each.id for each in us.approvals.waiting()] == [pending]


@pytest.fixture
async def held_back(world: Simulation) -> tuple[bytes, str]:
    """A packet of which the sender's own policies keep the account from China."""
    (packet,) = await world.us.send(world.mx)
    us = world.us.node
    policies = replace(context_of(us).policies, own=parse_policy_set(OWN_POLICY))
    object.__setattr__(context_of(us), "policies", policies)
    fields = us.packets.show(packet).view.best()
    return packet, next(o.field.path for o in fields if o.field.path.endswith("/BankAccount/iban"))


async def test_nobody_passes_our_own_policies_without_a_person(
    world: Simulation, held_back: tuple[bytes, str]
) -> None:
    packet, path = held_back
    us, cn = world.us.node, world.cn.node.uri
    with pytest.raises(LoginRequired, match="accounts-on-request"):
        await us.packets.disclose(packet, path, cn)
    assert not await world.cn.waiting()
    person = log_in(world.us, "dora", Role.LIAISON, "narcotics-2026")
    assert not (await us.packets.disclose(packet, path, cn, acted_by=person)).refused
    assert len(await world.cn.waiting()) == 1


async def test_what_our_own_policies_give_takes_nobody(
    world: Simulation, held_back: tuple[bytes, str]
) -> None:
    packet, path = held_back
    assert not (await world.us.node.packets.disclose(packet, path, world.mx.node.uri)).refused


async def test_of_several_persons_none_acts_unnamed(world: Simulation) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    mx = world.mx.node
    agreement_id = mx.agreements.by_name("narcotics-2026").id
    for name, role in (("dora", Role.LIAISON), ("eva", Role.AUDITOR), ("olga", Role.OFFICER)):
        LocalIssuer(mx.keystore).add(
            name, roles=[role], clearance=Tlp.RED, passphrase=b"a word of theirs"
        )
        LocalIssuer(mx.keystore).login(name, b"a word of theirs", context_of(mx).now_ms() // 1000)
    for act in (
        lambda: mx.persons.acted_by("", agreement_id, Role.LIAISON),
        lambda: mx.persons.person("", Role.OFFICER),
        lambda: mx.persons.token(""),
        lambda: mx.packets.show(packet),
    ):
        with pytest.raises(PersonAmbiguous, match="dora, eva, olga"):
            act()
    with pytest.raises(PersonAmbiguous, match="dora, eva, olga"):
        await mx.packets.search("Qiu")
    assert mx.persons.acted_by("dora", agreement_id, Role.LIAISON) is not None
    assert mx.persons.acted_by(NODE, agreement_id, Role.LIAISON) is None
    assert mx.packets.show(packet, person=NODE).view.fields
    for decide in (
        lambda: mx.persons.person(NODE, Role.OFFICER),
        lambda: mx.persons.token(NODE),
        lambda: mx.approvals.draft([world.mx.plan(world.us)], person=NODE),
    ):
        with pytest.raises(LoginRequired, match="a person"):
            decide()


async def test_a_disabled_person_does_not_make_it_the_nodes_own_act(world: Simulation) -> None:
    us = world.us.node
    agreement_id = us.agreements.by_name("narcotics-2026").id
    log_in(world.us, "dora", Role.LIAISON, "narcotics-2026")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalIssuer, "logout", lambda *_: None)  # as where that was cut short
        LocalIssuer(us.keystore).disable("dora")
    with pytest.raises(LoginRequired, match="disabled"):
        us.persons.acted_by("", agreement_id, Role.LIAISON)
    with pytest.raises(LoginRequired, match="disabled"):
        us.persons.reader("")
