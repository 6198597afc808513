"""Partners that use what they were given otherwise than its originator allows."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from attacks.onward_packets import NAME, given, path_of, person_draft, planned
from support.agencies import signed_by
from support.consents import PERSON
from support.node import context_of, sealed_and_granted, stores_of
from support.simulation import ARTICLE, PURPOSE, Member, Simulation
from support.suspensions import OFFICER, WHOLE, of_article
from tearline.audit.event import EventCode
from tearline.errors import (
    ActQueued,
    AgreementSuspended,
    ConsentClosed,
    ConsentMisplaced,
    CopyUndeclared,
    DerivedWeaker,
    ExchangeUnreachable,
    MailboxFull,
    OnwardUseForbidden,
    PassOnForbidden,
    PurposeForbidden,
    SourceUnknown,
)
from tearline.identity import agency_uri_of
from tearline.onward.consent import Consent, ConsentStatus, ConsentStep, ConsentTerms
from tearline.onward.use import Use
from tearline.packets.packet import View
from tearline.sealing import seal_note
from tearline.statements.channel import Address
from tearline.statements.statement import StatementType
from tearline.suspensions.suspension import InFlight, Originated
from tearline.wire.consents import encode_consent, encode_consent_prefix, encode_terms
from tearline.wire.packets import parse_manifest
from tearline.wire.publications import Publication
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.features.packets.service import Persons
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.rules.onward_sources import verify_taken
from tearline_client.store.consents import ConsentRecord


async def asked(
    world: Simulation, packet: bytes, use: Use = Use.PASS_ON, scope: str = "", end: str = NAME
) -> ConsentRecord:
    """China's question to America, arrived."""
    record = await world.cn.node.consents.ask(
        packet, [path_of(world.cn, packet, end)], use, scope or world.mx.node.uri
    )
    await world.us.node.receive()
    return record


def status(member: Member, record: ConsentRecord) -> ConsentStatus:
    return member.node.consents.find(record.id.hex()).status


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes that seal whatever they are told to."""
    monkeypatch.setattr(OnwardUse, "verify", lambda self, plan: None)


# At the sender's node.


async def test_a_copy_that_nobody_declared_is_found(world: Simulation) -> None:
    await given(world, world.cn)
    copied = planned(world.cn, person_draft(world.cn, "QIU, Wenhao"), world.mx)
    assert stores_of(world.cn.node).index_queue.due() == []  # it was indexed as it came
    held = await world.mx.waiting()
    with pytest.raises(CopyUndeclared):
        await world.cn.node.packets.send([copied])
    assert await world.mx.waiting() == held


async def test_what_an_officer_has_from_elsewhere_is_no_copy(world: Simulation) -> None:
    packet = await given(world, world.cn)
    path = path_of(world.cn, packet)
    world.cn.node.own_sources.record(packet, path, "our own register", person="Zhao")
    plan = planned(world.cn, person_draft(world.cn, "Qiu Wenhao"), world.mx)
    assert not (await world.cn.node.packets.send([plan])).refused
    (own,) = world.cn.node.own_sources.all()
    assert (own.path, own.person, own.reason) == (path, "Zhao", "our own register")


async def test_a_value_that_many_share_opens_no_packet(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nationality stands in thousands of partners' packets; sending does not read them all."""
    await given(world, world.cn)
    group = connected_groups(
        [Entity(id="p", schema="Person", properties={"name": ("Lu Own",), "nationality": ("cn",)})]
    )[0]
    draft = world.cn.node.packets.draft(
        group, About(article=ARTICLE, purpose=PURPOSE), agreement="narcotics-2026"
    )
    plan = planned(world.cn, draft, world.mx)
    opened: list[bytes] = []
    monkeypatch.setattr(
        "tearline_client.messages.packet_view.open_packet",
        lambda manifest, *_: opened.append(manifest),
    )
    assert not (await world.cn.node.packets.send([plan])).refused
    assert opened == []


async def test_what_goes_back_to_its_originator_is_no_copy(world: Simulation) -> None:
    await given(world, world.cn)
    plan = planned(world.cn, person_draft(world.cn, "Qiu Wenhao"), world.us)
    assert not (await world.cn.node.packets.send([plan])).refused


async def test_a_derived_packet_is_not_sent_without_consent(world: Simulation) -> None:
    packet = await given(world, world.cn)
    draft = person_draft(world.cn, "Qiu Wenhao", packet)
    assert {field.marking.handling for field in draft.fields if NAME in field.path} == {("H2",)}
    with pytest.raises(PassOnForbidden):
        await world.cn.node.packets.send([planned(world.cn, draft, world.mx)])
    assert not (await world.cn.node.packets.send([planned(world.cn, draft, world.us)])).refused


async def test_a_derived_packet_is_sent_where_its_originator_passed_the_field_on(
    world: Simulation,
) -> None:
    packet = await given(world, world.cn)
    record = await asked(world, packet)
    await world.us.node.consents.give(record.id, acted_by=PERSON)
    await world.cn.node.receive()
    await world.mx.node.receive()
    assert packet in world.mx.grants()  # from America, and no copy of China's
    draft = person_draft(world.cn, "Qiu Wenhao", packet)
    sent = await world.cn.node.packets.send([planned(world.cn, draft, world.mx)])
    assert not sent.refused
    await world.mx.node.receive()
    assert sent.packets[0] in world.mx.grants()
    assert world.mx.codes() == []


async def test_a_consent_that_was_withdrawn_allows_nothing(world: Simulation) -> None:
    packet = await given(world, world.cn)
    record = await asked(world, packet)
    await world.us.node.consents.give(record.id, acted_by=PERSON)
    await world.us.node.consents.withdraw(record.id)
    await world.cn.node.receive()
    draft = person_draft(world.cn, "Qiu Wenhao", packet)
    with pytest.raises(PassOnForbidden):
        await world.cn.node.packets.send([planned(world.cn, draft, world.mx)])


async def test_another_purpose_needs_a_consent(world: Simulation) -> None:
    packet = await given(world, world.cn)
    draft = replace(person_draft(world.cn, "Qiu Wenhao", packet), purpose="tax")
    plan = replace(planned(world.cn, person_draft(world.cn, "Qiu Wenhao"), world.mx), draft=draft)
    with pytest.raises(PurposeForbidden):
        await world.cn.node.packets.send([plan])


async def test_a_draft_claims_no_more_trust_than_its_source(world: Simulation) -> None:
    packet = await given(world, world.cn)
    draft = person_draft(world.cn, "Li Na", packet, evaluation="A1")
    with pytest.raises(DerivedWeaker):
        await world.cn.node.packets.send([planned(world.cn, draft, world.us)])


async def test_a_draft_names_only_what_is_here(world: Simulation) -> None:
    with pytest.raises(SourceUnknown):
        person_draft(world.cn, "Li Na", bytes(32))


# At the exchange, from a patched node.


async def test_a_patched_node_sends_on_what_was_not_given_to_its_recipient(
    world: Simulation, patched: None
) -> None:
    packet = await given(world, world.cn)
    plan = planned(world.cn, person_draft(world.cn, "Qiu Wenhao", packet), world.mx)
    sent = await world.cn.node.packets.send([plan])
    assert [code for code, _ in sent.refused] == [PassOnForbidden.code]
    await world.mx.node.receive()
    assert world.mx.grants() == []


async def test_a_patched_node_claims_more_trust_than_its_source(
    world: Simulation, patched: None
) -> None:
    packet = await given(world, world.cn, world.mx)
    plan = planned(world.cn, person_draft(world.cn, "Li Na", packet, evaluation="A1"), world.mx)
    sent = await world.cn.node.packets.send([plan])
    assert [code for code, _ in sent.refused] == [DerivedWeaker.code]


async def test_a_patched_node_names_what_it_was_never_given(
    world: Simulation, patched: None
) -> None:
    secret = await given(world, world.mx)
    refusals = []
    for source in (secret, bytes(32)):
        draft = replace(person_draft(world.cn, "Li Na"), derived_from=(source,))
        sent = await world.cn.node.packets.send([planned(world.cn, draft, world.mx)])
        refusals.append(sent.refused)
    assert refusals[0] == refusals[1]
    assert [code for code, _ in refusals[0]] == [SourceUnknown.code]


# At the recipient's node.


async def test_a_value_of_a_source_that_is_marked_milder_is_refused(
    world: Simulation, patched: None
) -> None:
    packet = await given(world, world.cn, world.mx)
    draft = person_draft(world.cn, "Qiu Wenhao")
    milder = tuple(
        replace(field, marking=replace(field.marking, handling=())) for field in draft.fields
    )
    loose = replace(draft, fields=milder, derived_from=(packet,))
    sent = await world.cn.node.packets.send([planned(world.cn, loose, world.mx)])
    assert not sent.refused  # the exchange reads no values
    await world.mx.node.receive()
    world.mx.caught(DerivedWeaker, packets=1)


# Consents.


async def test_a_consent_is_asked_and_given_and_counts(world: Simulation) -> None:
    packet = await given(world, world.cn)
    record = await asked(world, packet, Use.EVIDENCE, "case 12/26")
    path = path_of(world.cn, packet)
    with pytest.raises(OnwardUseForbidden):
        await world.cn.node.audit.exhibit(packet, [path])
    await world.us.node.consents.give(record.id, acted_by=PERSON, note="for this trial only")
    await world.cn.node.receive()
    assert status(world.cn, record) is status(world.us, record) is ConsentStatus.GIVEN
    assert await world.cn.node.audit.exhibit(packet, [path])


async def test_a_refusal_reaches_the_asker(world: Simulation) -> None:
    packet = await given(world, world.cn)
    record = await asked(world, packet)
    await world.us.node.consents.refuse(record.id, note="the source would be known")
    await world.cn.node.receive()
    assert status(world.cn, record) is ConsentStatus.REFUSED
    assert world.cn.node.consents.find(record.id.hex()).steps[-1].terms.note
    with pytest.raises(ConsentClosed):
        await world.us.node.consents.give(record.id, acted_by=PERSON)


async def test_both_act_at_once_and_end_at_the_same_place(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    packet = await given(world, world.cn)
    record = await asked(world, packet)
    await world.cn.node.consents.withdraw(record.id)
    with monkeypatch.context() as patched:
        patched.setattr(world.us.exchange, "subscribe", _undelivered)
        await world.us.node.consents.give(record.id, acted_by=PERSON)
    for member in (world.cn, world.us):
        await member.node.receive()
    assert status(world.cn, record) is status(world.us, record) is ConsentStatus.WITHDRAWN


async def test_a_consent_that_was_withdrawn_meanwhile_is_not_given(world: Simulation) -> None:
    packet = await given(world, world.cn)
    record = await asked(world, packet)
    await world.cn.node.consents.withdraw(record.id)
    with pytest.raises(ConsentClosed):
        await world.us.node.consents.give(record.id, acted_by=PERSON)


async def _undelivered(cursor: bytes) -> AsyncIterator[bytes]:
    """A mailbox out of reach, of an exchange that takes what is published."""
    raise ExchangeUnreachable("no mail is delivered")
    yield cursor


async def test_the_exchange_learns_neither_fields_nor_scope(world: Simulation) -> None:
    packet = await given(world, world.cn)
    await world.cn.node.consents.ask(
        packet, [path_of(world.cn, packet)], Use.EVIDENCE, "in the matter of Q", note="please"
    )
    said = [mail.statements[0] for mail in await world.us.waiting()]
    (step,) = [each for each in said if each.type is StatementType.CONSENT]
    for told in (b"/name", b"in the matter of Q", b"please"):
        assert told not in step.body


async def forged(
    world: Simulation,
    by: Member,
    to: Member,
    packet: bytes,
    step: ConsentStep,
    fields: Sequence[str] = ("aa/Person/name",),
    consent_id: bytes = bytes(16),
) -> None:
    """A step that no honest node would take, truly in the log."""
    state = context_of(by.node)
    key = state.kem_key_of(to.node.uri)
    names = step in (ConsentStep.ASK, ConsentStep.GIVE)
    terms = ConsentTerms(fields=tuple(fields), scope="case 1") if names else ConsentTerms()
    bare = Consent(
        header=by.signer.header,
        address=Address(
            recipient=to.node.uri,
            agreement_id=by.node.agreements.by_name("narcotics-2026").id,
            seq=state.stores.channels.sent(
                to.node.uri, by.node.agreements.by_name("narcotics-2026").id
            )
            + 1,
        ),
        consent_id=consent_id,
        step=step,
        use=Use.EVIDENCE,
        packet=packet,
        ends_ms=world.clock() + 1000 if names else 0,
        kem_key_id=key.id,
        acted_by=PERSON,
        sealed=b"",
    )
    before = encode_consent_prefix(bare)
    note = seal_note(encode_terms(terms), key, StatementType.CONSENT, before)
    body = encode_consent(replace(bare, sealed=note))
    signed = signed_by(StatementType.CONSENT, body, by.signer)
    await to.take(await world.forge(to, signed, code=EventCode.CONSENT))


async def test_nobody_asks_for_what_was_not_given_to_them(world: Simulation) -> None:
    packet = await given(world, world.mx)
    await forged(world, world.cn, world.us, packet, ConsentStep.ASK)
    assert world.us.codes() == [ConsentMisplaced.code]
    assert world.us.node.consents.all() == ()


async def test_nobody_gives_what_is_not_theirs(world: Simulation) -> None:
    packet = await given(world, world.cn)
    await forged(world, world.cn, world.us, packet, ConsentStep.GIVE)
    assert world.us.codes() == [ConsentMisplaced.code]
    assert stores_of(world.us.node).consents.permissions([packet]) == ()


async def test_an_originator_does_not_give_what_nobody_asked_for(world: Simulation) -> None:
    packet = await given(world, world.cn)
    record = await asked(world, packet, Use.EVIDENCE, "case 1")
    await world.cn.node.receive()
    await forged(
        world, world.us, world.cn, packet, ConsentStep.GIVE, ["bb/Person/phone"], record.id
    )
    assert world.cn.codes() == [ConsentMisplaced.code]
    assert status(world.cn, record) is ConsentStatus.ASKED


async def test_what_the_exchange_refused_is_granted_when_it_is_given_again(
    world: Simulation,
) -> None:
    packet = await given(world, world.mx)
    path = path_of(world.mx, packet)
    record = await world.mx.node.consents.pass_on(packet, [path], world.cn.node.uri)
    await world.us.node.receive()
    returning = replace(WHOLE, in_flight=InFlight.RETURN)
    await world.cn.node.suspensions.suspend("narcotics-2026", returning, acted_by=OFFICER)
    with pytest.raises(AgreementSuspended):
        await world.us.node.consents.give(record.id, acted_by=PERSON)
    await world.cn.node.suspensions.resume("narcotics-2026", acted_by=OFFICER)
    await world.us.node.receive()
    await world.us.node.consents.give(record.id, acted_by=PERSON)
    await world.cn.node.receive()
    assert path_of(world.cn, packet) == path


async def test_nothing_is_said_to_be_given_while_its_grant_waits(world: Simulation) -> None:
    packet = await given(world, world.mx)
    path = path_of(world.mx, packet)
    record = await world.mx.node.consents.pass_on(packet, [path], world.cn.node.uri)
    await world.us.node.receive()

    def keep_out(publication: Publication) -> Publication:
        if any(s.type is StatementType.GRANT for s in publication.statements()):
            raise MailboxFull
        return publication

    world.us.exchange.publication = keep_out
    with pytest.raises(ActQueued):  # the grant is in the outbox, and the consent decided
        await world.us.node.consents.give(record.id, acted_by=PERSON)
    await world.us.node.sync()
    assert status(world.us, record) is ConsentStatus.ASKED
    assert len(world.us.node.decisions.waiting()) == 1
    world.us.exchange.publication = lambda publication: publication
    await world.us.node.sync()
    assert status(world.us, record) is ConsentStatus.GIVEN
    assert world.us.node.decisions.waiting() == ()
    await world.cn.node.receive()
    assert len(stores_of(world.cn.node).packets.grants(packet)) == 1


async def test_what_is_made_from_a_frozen_packet_waits_until_that_is_resumed(
    world: Simulation,
) -> None:
    packet = await given(world, world.cn, world.mx)
    path = path_of(world.mx, packet)
    record = await world.mx.node.consents.pass_on(packet, [path], world.cn.node.uri)
    await world.us.node.receive()
    await world.us.node.consents.give(record.id, acted_by=PERSON)
    await world.mx.node.receive()
    to_china = of_article(
        ARTICLE,
        sender=context_of(world.us.node).agency,
        recipient=context_of(world.cn.node).agency,
        originated=Originated.FREEZE,
    )
    await world.us.node.suspensions.suspend("narcotics-2026", to_china, acted_by=OFFICER)
    await world.cn.node.receive()
    name = context_of(world.mx.node).open_view(packet).field(path)
    assert name is not None
    draft = person_draft(world.mx, name.field.texts[0], packet)
    sent = await world.mx.node.packets.send(
        [world.mx.node.packets.plan(draft, [world.cn.node.uri])]
    )
    assert not sent.refused
    await world.cn.node.receive()
    assert sent.packets[0] not in world.cn.grants()
    await world.us.node.suspensions.resume("narcotics-2026", acted_by=OFFICER)
    await world.cn.node.receive()
    assert sent.packets[0] in world.cn.grants()
    assert world.cn.codes() == []


@pytest.mark.parametrize("sender", ["us", "mx"])
async def test_a_frozen_source_holds_up_nothing_of_its_originator_nor_once_it_was_erased(
    world: Simulation, sender: str
) -> None:
    packet = await given(world, world.cn)
    by, cn = getattr(world, sender), world.cn.node
    if by is not world.us:
        cn.recalls.erase_for(
            context_of(world.us.node).agency, world.us.node.agreements.by_name("narcotics-2026").id
        )
    with stores_of(cn).database.transaction():
        manifest = stores_of(cn).packets.manifest(packet)
        stores_of(cn).suspensions.freeze(
            manifest.agreement.id,
            agency_uri_of(manifest.header.signer),
            [manifest.agreement.article],
        )
    draft = replace(person_draft(by, "Rosa Ortiz"), derived_from=(packet,))
    plan = by.node.packets.plan(draft, [cn.uri])
    (composed,) = sealed_and_granted([plan], by.node.packets._releases.releaser(Persons())).packets
    manifest = parse_manifest(composed.manifest.statement.body)
    verify_taken(stores_of(cn).packets, manifest, View(fields=(), existences=()), node=cn.uri)
