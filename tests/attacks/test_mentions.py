"""Values that are kept back as fields, and written into texts that leave all the same."""

from dataclasses import replace

import pytest

from attacks.onward_packets import given, path_of
from attacks.simulated_requests import PERSON, ask
from attacks.test_cases_edges import CN, cut_off, end_key
from attacks.test_erasure import sent
from support.documents import FORMATS, png
from support.node import context_of, stores_of
from support.simulation import ARTICLE, PASSPHRASE, PURPOSE, Member, Simulation
from tearline.errors import DocumentUnsearched, ExchangeUnreachable, ValueRepeated
from tearline.onward.use import Use
from tearline.requests.step import Ground
from tearline_client.connectors.importers.documents import (
    Document,
    document_fields,
    document_of,
)
from tearline_client.drafting.from_file import confirmed
from tearline_client.enrolment import revoke
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.mentions import Mention
from tearline_client.planning.release_plan import ReleasePlan

SOURCE = "Lu Jing 鹿静"


def told(
    member: Member, purpose: str, *to: Member, source: str = SOURCE, guarded: bool = True
) -> ReleasePlan:
    """A payment to an informant, whose name is withheld as a field where it is guarded."""
    person = Entity(id="source", schema="Person", properties={"name": (source,)})
    payment = Entity(
        id="payment",
        schema="Payment",
        properties={"beneficiary": ("source",), "purpose": (purpose,), "amount": ("1847250",)},
    )
    (group,) = connected_groups([person, payment])
    guards = {("source", "name"): "identity.source"} if guarded else {}
    about = About(article=ARTICLE, purpose=PURPOSE, guarded=guards)
    draft = member.node.packets.draft(group, about, agreement="narcotics-2026")
    return member.node.packets.plan(draft, [each.node.uri for each in to])


def places(mentions: tuple[Mention, ...]) -> set[tuple[str, str]]:
    return {(m.text.partition("/")[2], m.value.partition("/")[2]) for m in mentions}


@pytest.mark.parametrize(
    "purpose",
    ["fee for LU, Jing", "fee of Jing Lu, as agreed", "鹿静的费用", "lu-jing 鹿静", "for Lú Jīng"],
)
async def test_a_text_that_repeats_what_is_kept_back_is_not_sent(
    world: Simulation, purpose: str
) -> None:
    plan = told(world.us, purpose, world.mx, source=SOURCE if "鹿" in purpose else "Lu Jing")
    assert places(world.us.node.packets.mentions(plan)) == {("Payment/purpose", "Person/name")}
    held = await world.mx.waiting()
    with pytest.raises(ValueRepeated):
        await world.us.node.packets.send([plan])
    assert await world.mx.waiting() == held
    with pytest.raises(ValueRepeated):
        await world.us.node.packets.send([confirmed(plan, " ")])  # no reason


async def test_a_person_says_why_it_may_stand_there(world: Simulation) -> None:
    reason = "the name of a street"
    plan = confirmed(told(world.us, "fee for Lu Jing", world.mx, source="Lu Jing"), reason)
    sent = await world.us.node.packets.send([plan])
    assert not sent.refused
    assert stores_of(world.us.node).repeats.of(sent.packets[0]) == (reason,)


async def test_only_a_reader_who_may_not_have_it_counts(world: Simulation) -> None:
    plan = told(world.us, "fee for Qiu Wenhao", world.mx)
    assert world.us.node.packets.mentions(plan) == ()
    assert not (await world.us.node.packets.send([plan])).refused


async def test_a_text_that_repeats_a_partner_s_value_is_not_sent(world: Simulation) -> None:
    packet = await given(world, world.cn)
    plan = told(world.cn, "paid for Wenhao Qiu's boat", world.mx)
    assert [mention.packet for mention in world.cn.node.packets.mentions(plan)] == [packet]
    with pytest.raises(ValueRepeated):
        await world.cn.node.packets.send([plan])
    back = told(world.cn, "paid for Wenhao Qiu's boat", world.us)
    assert world.cn.node.packets.mentions(back) == ()
    declared = replace(plan, draft=replace(plan.draft, derived_from=(packet,)))
    assert world.cn.node.packets.mentions(declared) == ()


async def test_what_waits_for_a_second_person_says_why_as_well(world: Simulation) -> None:
    plan = told(world.us, "fee for Lu Jing", world.mx, source="Lu Jing")
    with pytest.raises(ValueRepeated):
        world.us.node.approvals.draft([plan])


PURPOSE_OF, NAME_OF = "Payment/purpose", "Person/name"


async def sent_to(member: Member, plan: ReleasePlan) -> bytes:
    """A packet that a person confirmed, for those who got it then."""
    sent = await member.node.packets.send([confirmed(plan, "the name of a street")])
    assert not sent.refused
    return sent.packets[0]


async def test_a_text_that_is_disclosed_later_is_searched_anew(world: Simulation) -> None:
    plan = told(world.us, "fee for Lu Jing", world.cn, source="Lu Jing")
    packet = await sent_to(world.us, plan)
    path, mx = path_of(world.us, packet, PURPOSE_OF), world.mx.node.uri
    held = await world.mx.waiting()
    with pytest.raises(ValueRepeated):
        await world.us.node.packets.disclose(packet, path, mx)
    assert await world.mx.waiting() == held
    reason = "they know the informant"
    assert not (await world.us.node.packets.disclose(packet, path, mx, repeats=reason)).refused
    assert await world.mx.waiting() != held
    assert stores_of(world.us.node).repeats.of(packet) == ("the name of a street", reason)


async def test_a_text_that_is_disclosed_later_repeats_no_partner_s_value(
    world: Simulation,
) -> None:
    await given(world, world.cn)
    packet = await sent_to(world.cn, told(world.cn, "paid for Wenhao Qiu's boat", world.us))
    path = path_of(world.cn, packet, PURPOSE_OF)
    with pytest.raises(ValueRepeated):
        await world.cn.node.packets.disclose(packet, path, world.mx.node.uri)


async def test_a_text_that_is_passed_on_is_searched_for_the_third_party(
    world: Simulation,
) -> None:
    plan = told(world.us, "fee for Lu Jing", world.mx, source="Lu Jing", guarded=False)
    packet = await sent_to(world.us, plan)
    await world.mx.node.receive()
    path, name = path_of(world.us, packet, PURPOSE_OF), path_of(world.us, packet, NAME_OF)
    cn = world.cn.node.uri
    alone = await world.mx.node.consents.pass_on(packet, [path], cn)
    both = await world.mx.node.consents.pass_on(packet, [path, name], cn)
    await world.us.node.receive()
    held = await world.cn.waiting()
    with pytest.raises(ValueRepeated):
        await world.us.node.consents.give(alone.id, acted_by=PERSON)
    assert await world.cn.waiting() == held
    await world.us.node.consents.give(both.id, acted_by=PERSON)
    # Now nothing of it is kept back any more.
    await world.us.node.consents.give(alone.id, acted_by=PERSON)
    assert stores_of(world.us.node).repeats.of(packet) == ("the name of a street",)


# Words beside packets.

BOAT = "it is about Wenhao Qiu's boat"
REASON = "they told us of the boat themselves"


async def test_the_words_of_a_step_repeat_no_partner_s_value(world: Simulation) -> None:
    await given(world, world.mx)  # the name, by America
    request = await ask(world.cn, world.mx)
    desk, held = world.mx.node.requests, await world.cn.waiting()
    with pytest.raises(ValueRepeated, match="the text beside it repeats packet"):
        await desk.clarify(request, BOAT, PERSON)
    with pytest.raises(ValueRepeated):
        await desk.refuse(request, Ground.NOT_HELD, [], PERSON, "Qiu Wenhao")
    assert await world.cn.waiting() == held
    await desk.clarify(request, BOAT, PERSON, repeats=REASON)
    said = desk.show(request).steps[-1]
    reasons = stores_of(world.mx.node).repeats
    assert reasons.of_statement(said.signed.statement.id) == REASON
    # Who told it may read it again.
    back = await ask(world.us, world.mx)
    await desk.clarify(back, BOAT, PERSON)


async def test_the_words_of_an_answer_repeat_nothing_that_the_answer_keeps_back(
    world: Simulation,
) -> None:
    request = await ask(world.cn, world.us)
    plan = told(world.us, "fee", world.cn, source="Lu Jing")
    held = await world.cn.waiting()
    with pytest.raises(ValueRepeated, match="repeats Person/name"):
        await world.us.node.answers.send(request, plan, [], acted_by=PERSON, text="ask for Jing Lu")
    with pytest.raises(ValueRepeated):
        world.us.node.approvals.draft_answer(request, plan, text="ask for Jing Lu")
    assert await world.cn.waiting() == held
    sent = await world.us.node.packets.send([plan])
    with pytest.raises(ValueRepeated):
        await world.us.node.requests.answer(request, sent.packets[0], [], PERSON, "from Jing Lu")
    await world.us.node.requests.answer(
        request, sent.packets[0], [], PERSON, "from Jing Lu", repeats=REASON
    )


async def test_the_note_of_a_consent_repeats_nothing_that_its_reader_lacks(
    world: Simulation,
) -> None:
    plan = told(world.us, "fee", world.mx, source="Lu Jing")
    packet = (await world.us.node.packets.send([plan])).packets[0]
    await world.mx.node.receive()
    path = path_of(world.mx, packet, PURPOSE_OF)
    asked = await world.mx.node.consents.pass_on(packet, [path], world.cn.node.uri)
    await world.us.node.receive()
    desk, held = world.us.node.consents, await world.cn.waiting()
    for act in (desk.give, desk.refuse):
        with pytest.raises(ValueRepeated, match="repeats Person/name"):
            await act(asked.id, note="Jing Lu agrees", acted_by=PERSON)
    assert await world.cn.waiting() == held
    await desk.refuse(asked.id, note="Jing Lu agrees", repeats=REASON, acted_by=PERSON)
    (refused,) = [each for each in desk.find(asked.id.hex()).steps if each.ours]
    assert stores_of(world.us.node).repeats.of_statement(refused.id) == REASON


async def test_the_title_of_a_case_repeats_no_partner_s_value(world: Simulation) -> None:
    await given(world, world.mx)
    desk, terms = world.mx.node.cases, world.mx.node.agreements.by_name("narcotics-2026")
    for words in ({"title": "Qiu Wenhao"}, {"title": "boats", "summary": BOAT}):
        with pytest.raises(ValueRepeated):
            desk.open(terms, partners=["cn-public-security"], **words)
    desk.open(terms, "Qiu Wenhao", ["us-justice"])
    (view,) = desk.all()
    with pytest.raises(ValueRepeated):
        desk.invite(view, "cn-public-security")
    assert desk.reasons(view) == ()
    desk.invite(view, "cn-public-security", repeats=REASON)
    assert desk.reasons(view) == (REASON,)


async def test_the_reason_stays_with_words_that_are_said_again(world: Simulation) -> None:
    await given(world, world.mx)
    request = await ask(world.cn, world.mx)
    cut_off(world.mx)
    desk, reasons = world.mx.node.requests, stores_of(world.mx.node).repeats
    with pytest.raises(ExchangeUnreachable):
        await desk.clarify(request, BOAT, PERSON, repeats=REASON)
    (first,) = desk.show(request).steps
    world.mx.exchange.publication = lambda publication: publication
    await end_key(world, world.cn, CN)
    for member in (world.mx, world.cn, world.mx):
        await member.node.receive()
    (again,) = desk.show(request).steps
    assert (first.signed.statement.id == again.signed.statement.id, again.code) == (False, "")
    assert reasons.of_statement(again.signed.statement.id) == REASON


async def test_the_reason_of_an_order_to_erase_repeats_no_value_of_what_it_erases(
    world: Simulation,
) -> None:
    index = await sent(world)
    us, cn = world.us.node, world.cn.node
    told = "court order on Wenhao Qiu"
    for member in (us, cn):
        with pytest.raises(ValueRepeated):
            member.erasures.draft([index], told)
    order = us.erasures.draft([index], told, repeats="the order names him")
    with pytest.raises(ValueRepeated):
        cn.erasures.sign(order)  # the other party looks at the words, too
    complete = cn.erasures.sign(order, repeats="so does ours")
    kept = [stores_of(each).repeats.of_statement(order.statement.id) for each in (us, cn)]
    assert kept == ["the order names him", "so does ours"]
    await us.erasures.publish(complete)
    plain = us.erasures.draft([index], "the term has passed")
    assert stores_of(us).repeats.of_statement(plain.statement.id) == ""


async def test_the_reason_of_a_revocation_repeats_no_partner_s_value(world: Simulation) -> None:
    await given(world, world.cn)
    node, key = world.cn.node, world.cn.signer.header.key_id
    told = revoke(node.home, PASSPHRASE, key, "it was copied by Wenhao Qiu")
    with pytest.raises(ValueRepeated):
        await node.keys.revoke(told)
    await context_of(node).follow()
    assert (context_of(node).agency, key) not in context_of(node).trust.revoked_keys
    reason = "every member shall know"
    await node.keys.revoke(told, repeats=reason)
    assert (context_of(node).agency, key) in context_of(node).trust.revoked_keys
    assert stores_of(node).repeats.of_statement(told.statement.id) == reason


# Printed forms, and documents.

IBAN = "DE02120300000000202051"


async def test_a_partner_s_account_is_found_as_it_is_printed(world: Simulation) -> None:
    account = Entity(id="account-1", schema="BankAccount", properties={"iban": (IBAN,)})
    about = About(article=ARTICLE, purpose=PURPOSE)
    (group,) = connected_groups([account])
    draft = world.us.node.packets.draft(group, about, agreement="narcotics-2026")
    sent = await world.us.node.packets.send(
        [world.us.node.packets.plan(draft, [world.cn.node.uri])]
    )
    await world.cn.node.receive()
    desk = world.cn.node.packets
    for text in (
        "to DE02 1203 0000 0000 2020 51 today",
        "to account 12030000 / 0000 2020 51",
        "token-DE02 1203 0000 0000 2020 51",
    ):
        plan = told(world.cn, text, world.mx)
        assert [each.packet for each in desk.mentions(plan)] == list(sent.packets), text
        with pytest.raises(ValueRepeated):
            await desk.send([plan])


async def test_a_text_that_looks_like_a_reference_is_searched(world: Simulation) -> None:
    plan = told(world.us, "token-Lu Jing", world.mx, source="Lu Jing")
    assert places(world.us.node.packets.mentions(plan)) == {("Payment/purpose", "Person/name")}


async def test_the_scope_of_a_consent_repeats_nothing_that_its_reader_lacks(
    world: Simulation,
) -> None:
    await given(world, world.mx)  # the name, by America
    plan = told(world.cn, "fee", world.mx, source="Lu Jing")
    packet = (await world.cn.node.packets.send([plan])).packets[0]
    await world.mx.node.receive()
    path = path_of(world.mx, packet, PURPOSE_OF)
    held, ask_for = await world.cn.waiting(), world.mx.node.consents.ask
    with pytest.raises(ValueRepeated):
        await ask_for(packet, [path], Use.EVIDENCE, "the trial of Wenhao Qiu")
    assert await world.cn.waiting() == held
    await ask_for(packet, [path], Use.EVIDENCE, "the trial of Wenhao Qiu", repeats=REASON)


async def test_the_reason_to_leave_repeats_no_partner_s_value(world: Simulation) -> None:
    await given(world, world.cn)
    node = world.cn.node
    with pytest.raises(ValueRepeated):
        await node.federation.leave(world.root("cn-public-security"), BOAT)
    await context_of(node).follow()  # still a member
    await node.federation.leave(world.root("cn-public-security"), BOAT, repeats="all may know")


def with_document(member: Member, document: Document, *to: Member) -> ReleasePlan:
    """A person whose name is withheld, with a document."""
    person = Entity(id="source", schema="Person", properties={"name": ("Lu Jing",)})
    (group,) = connected_groups([person])
    about = About(article=ARTICLE, purpose=PURPOSE, guarded={("source", "name"): "identity.source"})
    draft = member.node.packets.draft(
        group, about, agreement="narcotics-2026", extra=document_fields(document)
    )
    return member.node.packets.plan(draft, [each.node.uri for each in to])


@pytest.mark.parametrize("name", ["letter.docx", "letter.eml", "letter.pdf", "table.xlsx"])
async def test_a_document_that_repeats_what_is_kept_back_is_not_sent(
    world: Simulation, name: str
) -> None:
    _, make = FORMATS[name.rpartition(".")[2]]
    plan = with_document(world.us, document_of(name, make("fee for Jing Lu")), world.mx)
    held = await world.mx.waiting()
    assert places(world.us.node.packets.mentions(plan)) == {("Document/file", "Person/name")}
    with pytest.raises(ValueRepeated, match="Document/file repeats Person/name"):
        await world.us.node.packets.send([plan])
    assert await world.mx.waiting() == held


async def test_a_document_that_cannot_be_searched_is_not_sent_without_a_reason(
    world: Simulation,
) -> None:
    plan = with_document(world.us, document_of("scan.png", png()), world.mx)
    held = await world.mx.waiting()
    with pytest.raises(DocumentUnsearched, match="Document/file: an image"):
        await world.us.node.packets.send([plan])
    assert await world.mx.waiting() == held
    sent = await world.us.node.packets.send([confirmed(plan, "I looked at it")])
    assert stores_of(world.us.node).repeats.of(sent.packets[0]) == ("I looked at it",)
