"""Under an article that asks for four eyes, nobody releases alone: at any of three places."""

from dataclasses import dataclass, replace

import pytest

import tearline_server.processing.handlers.packets
from support.four_eyes import amended, log_in, put_in_force
from support.node import context_of, sealed_and_granted, stores_of
from support.simulation import BILATERAL, Simulation
from tearline.audit.event import EventCode
from tearline.errors import (
    DraftEnded,
    NotFound,
    ReleaseChanged,
    RoleUnfit,
    SecondPersonMissing,
)
from tearline.persons.tokens import Role
from tearline.policy.form import Form
from tearline.statements.channel import Address
from tearline.statements.statement import ActedBy
from tearline.wire.publications import Outcome
from tearline.wire.statements import Signed
from tearline_client.messages.compose import GrantContext
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.approvals import ApprovalStore
from unit.client.console.browsers import accesses

STRICT = BILATERAL.replace('"bilateral"', '"strict"').replace(
    'directions = "all"', 'directions = "all"\nfour_eyes = true'
)
LOOSE = STRICT.replace("four_eyes = true", "four_eyes = false")


@dataclass(kw_only=True)
class Strict:
    """A federation with an agreement that asks for four eyes, and persons at one node."""

    world: Simulation

    def plan(self) -> ReleasePlan:
        """The lead for Mexico."""
        node = self.world.us.node
        draft = self.world.us.draft()
        strict = node.agreements.by_name("strict")
        names = tuple(field for field in draft.fields if "/Person/name" in field.path)
        return node.packets.plan(
            replace(draft, agreement=strict, fields=names), [self.world.mx.node.uri]
        )

    def person(self, name: str, role: Role) -> ActedBy:
        """A person who is logged in, as partners may know them."""
        return log_in(self.world.us, name, role, "strict")

    async def publish(
        self, acted_by: ActedBy | None, seconded_by: ActedBy | None = None
    ) -> tuple[Outcome, ...]:
        """Publishes the lead past every rule of the node, in the name of these persons."""
        us = self.world.us
        releaser = GrantContext(
            signer=us.signer,
            acted_by=acted_by,
            seconded_by=seconded_by,
            kem_key_of=context_of(us.node).kem_key_of,
            next_place=lambda recipient, agreement_id: Address(
                recipient=recipient, agreement_id=agreement_id, seq=1
            ),
        )
        return await us.publish(sealed_and_granted([self.plan()], releaser).publications[0])


@pytest.fixture
async def strict(world: Simulation) -> Strict:
    await agree(world, STRICT)
    return Strict(world=world)


async def agree(world: Simulation, text: str) -> None:
    await put_in_force(world, world.us.node.agreements.draft(text), world.mx)


async def publish(world: Simulation, drafted: Signed) -> None:
    """Puts an agreement in force of which the two have not heard yet."""
    await world.us.node.agreements.publish(world.mx.node.agreements.sign(drafted))


# What is refused.


async def test_a_release_by_one_person_is_refused(strict: Strict) -> None:
    outcomes = await strict.publish(strict.person("ana", Role.OFFICER))
    await strict.world.refuses(outcomes, None, SecondPersonMissing)


async def test_a_release_by_no_person_is_refused(strict: Strict) -> None:
    await strict.world.refuses(await strict.publish(None), None, SecondPersonMissing)


async def test_one_person_does_not_pass_for_two(strict: Strict) -> None:
    ana = strict.person("ana", Role.OFFICER)
    await strict.world.refuses(await strict.publish(ana, ana), None, SecondPersonMissing)


async def test_an_analyst_does_not_approve(strict: Strict) -> None:
    outcomes = await strict.publish(
        strict.person("ana", Role.LIAISON), strict.person("li", Role.ANALYST)
    )
    await strict.world.refuses(outcomes, None, RoleUnfit)


async def test_an_exchange_that_lets_it_pass_does_not_get_it_past_the_recipient(
    strict: Strict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        tearline_server.processing.handlers.packets,
        "_verify_persons",
        lambda found, grant, manifest: None,
    )
    await strict.publish(strict.person("ana", Role.OFFICER))
    await strict.world.mx.catches(SecondPersonMissing)


async def test_the_own_node_seals_nothing_for_one_person(strict: Strict) -> None:
    node = strict.world.us.node
    with pytest.raises(SecondPersonMissing):
        await node.packets.send([strict.plan()], acted_by=strict.person("ana", Role.OFFICER))
    assert stores_of(node).packets.ids() == []


async def test_who_drafted_does_not_approve(strict: Strict) -> None:
    strict.person("ana", Role.LIAISON)
    second = strict.world.us.node.approvals
    pending = second.draft([strict.plan()], person="ana")
    with pytest.raises(SecondPersonMissing):
        await second.approve(pending, person="ana")
    assert [each.id for each in second.waiting()] == [pending]


# What passes.


async def test_two_persons_release_and_the_partner_knows_that_they_are_two(strict: Strict) -> None:
    world, second = strict.world, strict.world.us.node.approvals
    first, other = strict.person("ana", Role.ANALYST), strict.person("li", Role.LIAISON)
    pending = second.draft([strict.plan()], person="ana")
    assert stores_of(world.us.node).packets.ids() == []
    sent = await second.approve(pending, person="li")
    assert not sent.refused
    assert second.waiting() == ()
    await world.mx.node.receive()
    (grant,) = stores_of(world.mx.node).packets.grants(sent.packets[0])
    assert grant.grant.acted_by is not None
    assert grant.grant.seconded_by is not None
    assert grant.grant.acted_by.pseudonym == first.pseudonym
    assert grant.grant.seconded_by.pseudonym == other.pseudonym


async def test_one_more_field_takes_two_persons_as_well(strict: Strict) -> None:
    world, second = strict.world, strict.world.us.node.approvals
    strict.person("ana", Role.ANALYST)
    strict.person("li", Role.LIAISON)
    sent = await second.approve(second.draft([strict.plan()], person="ana"), person="li")
    (packet,) = sent.packets
    path = next(f.path for f in strict.plan().draft.fields)
    mx = world.mx.node.uri
    with pytest.raises(SecondPersonMissing):
        await world.us.node.packets.disclose(packet, path, mx)
    more = await second.approve(
        second.draft_disclosure(packet, path, mx, person="ana"), person="li"
    )
    assert not more.refused
    await world.mx.node.receive()
    assert len(stores_of(world.mx.node).packets.grants(packet)) == 2


async def test_what_an_amendment_changed_is_agreed_to_before_it_is_sent(strict: Strict) -> None:
    second = strict.world.us.node.approvals
    strict.person("ana", Role.ANALYST)
    strict.person("li", Role.LIAISON)
    pending = second.draft([strict.plan()], person="ana")
    assert second.review(pending, person="li").changed == ()
    (share,) = strict.plan().draft.agreement.terms.articles[0].shares
    await publish(
        strict.world, amended(strict.world, "strict", shares=(replace(share, form=Form.EXISTS),))
    )
    await strict.world.us.node.receive()
    with pytest.raises(ReleaseChanged):
        await second.approve(pending, person="li")
    review = second.review(pending, person="li")
    assert [(c.before, c.cell.form.text) for c in review.changed] == [("clear", "exists")]
    assert not (await second.approve(pending, person="li", agreed=review.mark)).refused


async def test_a_release_of_a_backup_is_approved_no_more(strict: Strict) -> None:
    """It may have been approved, or rejected, since; a restore is recorded as a take-over is."""
    strict.person("ana", Role.LIAISON)
    node = strict.world.us.node
    pending = node.approvals.draft([strict.plan()], person="ana")
    node.take_over()
    with pytest.raises(DraftEnded):
        await node.approvals.approve(pending, person="li")
    await node.sync()
    assert node.approvals.waiting() == ()
    assert accesses(strict.world.us)[-1].purpose == pending.hex()


async def test_what_two_approve_at_once_is_sent_once(strict: Strict) -> None:
    world, second = strict.world, strict.world.us.node.approvals
    strict.person("ana", Role.ANALYST)
    strict.person("li", Role.LIAISON)
    pending = second.draft([strict.plan()], person="ana")
    review, get = second.review(pending, person="li"), ApprovalStore.get
    await second.approve(pending, person="li")
    with pytest.MonkeyPatch.context() as patch:
        # Both had looked before either sealed.
        patch.setattr(
            ApprovalStore,
            "get",
            lambda store, wanted: review.pending if wanted == pending else get(store, wanted),
        )
        with pytest.raises(NotFound):
            await second.approve(pending, person="li")
    await world.mx.node.receive()
    assert len(world.mx.grants()) == 1


async def test_what_is_rejected_is_gone(strict: Strict) -> None:
    second = strict.world.us.node.approvals
    strict.person("ana", Role.ANALYST)
    pending = second.draft([strict.plan()], person="ana")
    second.reject(pending, person="ana")
    assert second.waiting() == ()
    told = [(each.code, each.actor, each.purpose) for each in accesses(strict.world.us)]
    assert told[-1:] == [(EventCode.ACCESS_DISCARDED, "ana", pending.hex())]


async def test_a_grant_from_before_four_eyes_were_asked_for_is_opened_after(
    world: Simulation,
) -> None:
    await agree(world, LOOSE)
    await Strict(world=world).publish(None)
    await publish(world, amended(world, "strict", four_eyes=True))
    grant, amendment = await world.mx.waiting()
    await world.mx.take(amendment)
    assert world.mx.node.agreements.by_name("strict").version == 2
    await world.mx.take(grant)
    assert len(world.mx.grants()) == 1
