"""Agreements in the console: hostile terms, pages elsewhere, colleagues, and others' agreements."""

import re

import pytest

from attacks.test_console import INJECTIONS, ORIGINS_OF_OTHERS, is_harmless
from attacks.test_proposals import new_terms, terms
from support.simulation import Simulation
from tearline.persons.tokens import Role
from unit.client.console.browsers import ConsoleUnderTest, add_person, console_of, seen_in

NAME = "narcotics-2026"
WHOLE = {"reason": "leak", "in_flight": "hold", "originated": "keep", "typed": NAME}


@pytest.fixture
def console(world: Simulation) -> ConsoleUnderTest:
    for role in Role:
        add_person(world.mx, role.value, role)
    return console_of(world.mx)


def without_picture(text: str) -> str:
    """A page without its own picture, whose tags are the console's."""
    return re.sub(r"<svg.*?</svg>", "", text, flags=re.S)


@pytest.mark.parametrize("injected", INJECTIONS)
async def test_no_name_or_term_of_a_partner_runs_in_a_page(
    world: Simulation, console: ConsoleUnderTest, injected: str
) -> None:
    name = injected.replace("\x00", "").replace("\x1b", "")[:60]
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    text = terms(name="NAME").replace('name = "NAME"', f'name = "{quoted}"', 1)
    text = text.replace('onward_use = "None."', f'onward_use = "{quoted}"')
    us = world.us.node
    proposed = await us.proposals.propose(us.proposals.draft(text))
    await world.settle(rounds=1)
    browser = await console.signed_in("officer")
    path = f"/proposals/{proposed.hex()}"
    for each in ("/agreements", path, f"{path}/sign", f"{path}/counter", "/to-do"):
        page = await browser.get(each)
        assert page.status_code == 200
        assert is_harmless(page.text, name)
    for member in (world.mx, world.cn):
        await member.node.proposals.sign(member.node.proposals.offer(proposed))
    await world.settle(rounds=1)
    (agreed,) = (each for each in world.mx.node.agreements.list() if each.name == name)
    path = f"/agreements/{agreed.id.hex()}"
    for each in (path, f"{path}/suspend?reason=leak", f"{path}/end", f"{path}/amend"):
        page = await browser.get(each)
        assert page.status_code == 200
        assert is_harmless(page.text, name)


@pytest.mark.parametrize("injected", INJECTIONS)
async def test_no_choice_in_an_address_runs_in_a_page(
    world: Simulation, console: ConsoleUnderTest, injected: str
) -> None:
    browser = await console.signed_in("officer")
    path = f"/agreements/{world.mx.node.agreements.by_name(NAME).id.hex()}"
    for name in ("reason", "article", "direction", "in_flight", "originated", "version", "done"):
        for page in (path, f"{path}/suspend", f"{path}/end"):
            reply = await browser.client.get(page, params={name: injected})
            assert reply.status_code in (200, 400, 403)
            assert is_harmless(reply.text, injected)
    for name in ("terms", "days", "typed"):
        values = {"csrf": await browser.csrf(), "terms": new_terms(), "days": "1", name: injected}
        reply = await browser.post(f"{path}/amend", values)
        assert reply.status_code in (200, 400)
        assert is_harmless(reply.text, injected)
    assert not world.mx.node.proposals.offers()


@pytest.mark.parametrize("headers", ORIGINS_OF_OTHERS)
async def test_no_page_elsewhere_suspends_or_signs(
    world: Simulation, console: ConsoleUnderTest, headers: dict[str, str]
) -> None:
    us, mx = world.us.node, world.mx.node
    proposed = await us.proposals.propose(us.proposals.draft(new_terms()))
    await mx.receive()
    browser = await console.signed_in("officer")
    found, token = mx.agreements.by_name(NAME), await browser.csrf()
    for path in (
        f"/agreements/{found.id.hex()}/suspend",
        f"/agreements/{found.id.hex()}/end",
        f"/proposals/{proposed.hex()}/sign",
        f"/proposals/{proposed.hex()}/decline",
    ):
        values = {**WHOLE, "csrf": token}
        reply = await browser.client.post(path, data=values, headers=headers)
        assert reply.status_code == 403
        reply = await browser.post(path, {**WHOLE, "csrf": "of another session"})
        assert reply.status_code == 400
    assert not mx.suspensions.positions(found)
    assert len(mx.proposals.offer(proposed).steps) == 1


async def test_an_act_without_the_typed_name_does_nothing(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    us, mx = world.us.node, world.mx.node
    proposed = await us.proposals.propose(us.proposals.draft(new_terms()))
    await mx.receive()
    browser = await console.signed_in("officer")
    found = mx.agreements.by_name(NAME)
    for path in (
        f"/agreements/{found.id.hex()}/suspend",
        f"/agreements/{found.id.hex()}/end",
        f"/proposals/{proposed.hex()}/sign",
    ):
        for typed in ("", "bilateral", NAME.upper(), f"{NAME}x"):
            reply = await browser.act(path, **{**WHOLE, "typed": typed})
            assert (reply.status_code, "TL-USE-005" in reply.text) == (400, True)
    assert not mx.suspensions.positions(found)
    assert len(mx.proposals.offer(proposed).steps) == 1


@pytest.mark.parametrize("verb", ["suspend", "resume", "end", "publish", "amend"])
async def test_an_agreement_of_others_and_none_at_all_are_answered_alike(
    world: Simulation, verb: str
) -> None:
    add_person(world.cn, "officer", Role.OFFICER)
    browser = await console_of(world.cn).signed_in("officer")
    theirs = world.us.node.agreements.by_name("bilateral").id.hex()
    replies = []
    for each in (theirs, "ab" * 16):
        values = {**WHOLE, "csrf": await browser.csrf(), "typed": "bilateral"}
        for reply in (
            await browser.post(f"/agreements/{each}/{verb}", values),
            await browser.get(f"/agreements/{each}"),
            await browser.get(f"/agreements/{each}/silence"),
        ):
            text = re.sub(r"[0-9a-f]{32}|\"[\w-]{30,}\"", "", reply.text)
            assert "bilateral" not in text
            replies.append((reply.status_code, text))
    assert replies[:3] == replies[3:]
    assert {status for status, _ in replies} <= {403, 404}


async def test_a_proposal_to_others_and_none_at_all_are_answered_alike(
    world: Simulation,
) -> None:
    us = world.us.node
    parties = ("us-justice", "mx-prosecutor")
    proposed = await us.proposals.propose(us.proposals.draft(terms(*parties, name="two-2026")))
    await world.settle(rounds=1)
    add_person(world.cn, "officer", Role.OFFICER)
    browser = await console_of(world.cn).signed_in("officer")
    replies = []
    for each in (proposed.hex(), "ab" * 32):
        values = {"csrf": await browser.csrf(), "typed": "two-2026"}
        for reply in (
            await browser.get(f"/proposals/{each}"),
            await browser.post(f"/proposals/{each}/sign", values),
            await browser.post(f"/proposals/{each}/decline", values),
        ):
            text = re.sub(r"[0-9a-f]{64}|\"[\w-]{30,}\"", "", reply.text)
            replies.append((reply.status_code, text))
    assert replies[:3] == replies[3:]
    assert {status for status, _ in replies} == {404}


async def test_an_agreement_named_as_the_id_of_another_does_not_replace_it(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    us, mx = world.us.node, world.mx.node
    found = mx.agreements.by_name(NAME)
    proposed = await us.proposals.propose(us.proposals.draft(terms(name=found.id.hex())))
    await world.settle(rounds=1)
    for member in (world.cn, world.mx):
        await member.node.proposals.sign(member.node.proposals.offer(proposed))
    await world.settle(rounds=1)
    assert found.id.hex() in {each.name for each in mx.agreements.list()}
    browser = await console.signed_in("officer")
    reply = await browser.act(f"/agreements/{found.id.hex()}/suspend", **WHOLE)
    assert reply.status_code == 303
    assert mx.suspensions.positions(found)


async def test_a_changed_choice_suspends_nothing(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    found = world.mx.node.agreements.by_name(NAME)
    path = f"/agreements/{found.id.hex()}/suspend"
    browser = await console.signed_in("officer")
    article = {"article": found.terms.articles[0].id}
    values = {**WHOLE, "csrf": await browser.csrf()}
    shown = await browser.post(path, {**values, **article})
    for seen in (seen_in(shown.text), "", "00" * 32):
        await browser.post(path, {**values, "seen": seen})
        assert not world.mx.node.suspensions.positions(found)


async def test_a_partner_whose_box_is_unticked_keeps_its_packet(world: Simulation) -> None:
    (packet,) = await world.mx.send(world.us, world.cn)
    add_person(world.mx, "ana", Role.LIAISON)
    browser = await console_of(world.mx).signed_in("ana")
    path = f"/packets/{packet.hex()}/recall"
    both = ["cn-public-security", "us-justice"]
    typed = f"{packet.hex()[:6]} 2"
    values = {"reason": "mistake", "hours": "72", "typed": typed, "csrf": await browser.csrf()}
    shown = await browser.post(path, {**values, "from": both})
    sent = {**values, "seen": seen_in(shown.text)}
    for chosen in (["us-justice"], []):
        reply = await browser.post(path, {**sent, "from": chosen})
        assert reply.status_code in (400, 409)
        assert not world.mx.node.recalls.of(packet)
