"""Forms of acts, generated from the routes: an act is done as its page showed it, or not at all."""

import html
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

import httpx
import pytest

from attacks.test_proposals import new_terms
from support.node import context_of
from support.simulation import Simulation
from tearline.onward.use import Use
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline_client.console.pages.bound_act import SAID, SEEN, BoundAct
from unit.client.console.browsers import Browser, ConsoleUnderTest, add_person, console_of
from unit.client.console.test_agreement_pages import NAME

Choices = list[tuple[str, str]]
Scene = Callable[[Simulation], Awaitable[tuple[str, str]]]
"""Prepares an act in the first agency's console; returns its path and the query of its page."""


async def _sent(world: Simulation) -> bytes:
    (packet,) = await world.us.send(world.mx, world.cn)
    await world.mx.node.receive()
    await world.cn.node.receive()
    await world.us.node.receive()
    return packet


async def _recall(world: Simulation) -> tuple[str, str]:
    return f"/packets/{(await _sent(world)).hex()}/recall", "reason=mistake"


async def _selection(world: Simulation) -> tuple[str, str]:
    first, second = await _sent(world), await _sent(world)
    return "/selection/recall", f"packet={first.hex()}&packet={second.hex()}"


async def _decision(world: Simulation) -> tuple[str, str]:
    object.__setattr__(context_of(world.us.node), "asks_before_erasing", True)
    (packet,) = await world.mx.send(world.us)
    await world.us.node.receive()
    mx = world.mx.node
    await mx.receive()
    await mx.recalls.recall(mx.recalls.plan(packet), RecallReason.MISTAKE)
    await world.us.node.receive()
    return f"/recalls/{packet.hex()}", "ground=evidence"


async def _suspension(world: Simulation) -> tuple[str, str]:
    found = world.us.node.agreements.by_name(NAME)
    return f"/agreements/{found.id.hex()}/suspend", "reason=review"


async def _end(world: Simulation) -> tuple[str, str]:
    found = world.us.node.agreements.by_name(NAME)
    return f"/agreements/{found.id.hex()}/end", "reason=legal"


async def _signature(world: Simulation) -> tuple[str, str]:
    mx = world.mx.node
    proposed = await mx.proposals.propose(mx.proposals.draft(new_terms()))
    await world.us.node.receive()
    return f"/proposals/{proposed.hex()}/sign", ""


async def _disclosure(world: Simulation) -> tuple[str, str]:
    packet = await _sent(world)
    path = world.us.node.packets.path_of(packet, "Person/name")
    return f"/packets/{packet.hex()}/disclose", urlencode(
        {"path": path, "to": "cn-public-security"}
    )


async def _question(world: Simulation) -> str:
    packet, cn = await _sent(world), world.cn.node
    path = cn.packets.path_of(packet, "Person/name")
    await cn.consents.ask(
        packet, [path], Use.EVIDENCE, "court", ends_ms=0, note="", repeats="", acted_by=None
    )
    await world.us.node.receive()
    (record,) = world.us.node.consents.all()
    return f"/consents/{record.id.hex()}"


async def _gift(world: Simulation) -> tuple[str, str]:
    return f"{await _question(world)}/give", ""


async def _withdrawal(world: Simulation) -> tuple[str, str]:
    return f"{await _question(world)}/withdraw", ""


SCENES: Mapping[str, Scene] = {
    "/selection/recall": _selection,
    "/packets/{packet}/recall": _recall,
    "/packets/{packet}/disclose": _disclosure,
    "/recalls/{packet}": _decision,
    "/consents/{consent}/give": _gift,
    "/consents/{consent}/withdraw": _withdrawal,
    "/agreements/{agreement}/suspend": _suspension,
    "/agreements/{agreement}/end": _end,
    "/proposals/{proposal}/sign": _signature,
}


def is_bound(handler: object) -> bool:
    return isinstance(getattr(handler, "__self__", None), BoundAct)


class Control:
    """A control of a form: its name, its present values and the other values it may take."""

    def __init__(self, name: str, now: Choices, others: list[Choices]) -> None:
        self.name, self.now, self.others = name, now, others


def controls(form: str) -> list[Control]:
    """The controls of a form that holds a digest, as a browser would send them."""
    boxes: dict[str, list[tuple[str, bool]]] = {}
    found = []
    for tag in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        name, value = given.get("name", ""), html.unescape(given.get("value", ""))
        if given.get("type") in ("checkbox", "radio"):
            boxes.setdefault(f"{given['type']} {name}", []).append((value, " checked" in tag))
        elif name:
            is_number = given.get("type") == "number" or given.get("inputmode") == "numeric"
            other = str(int(value or 0) + 1) if is_number else "2031-01-01"
            is_typed = given.get("type") != "hidden" and name not in SAID
            found.append(Control(name, [(name, value)], [[(name, other)]] if is_typed else []))
    for group, states in boxes.items():
        kind, name = group.split(" ")
        now = [(name, value) for value, is_on in states if is_on]
        if kind == "radio":
            others = [[(name, value)] for value, is_on in states if not is_on]
        else:
            others = [
                [(name, v) for v, is_on in states if is_on != (v == value)] for value, _ in states
            ]
        found.append(Control(name, now, others))
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        options = re.findall(r"<option([^>]*)>([^<]*)", inner)
        values = [
            (html.unescape(m[1]) if (m := re.search(r'value="([^"]*)"', a)) else t, "selected" in a)
            for a, t in options
        ]
        now = next((v for v, is_on in values if is_on), values[0][0])
        found.append(Control(name, [(name, now)], [[(name, v)] for v, _ in values if v != now]))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S):
        value = html.unescape(text).removeprefix("\n")
        others = [] if name in SAID else [[(name, f"{value}\n#")]]
        found.append(Control(name, [(name, value)], others))
    return found


def forms_of(text: str, act: str) -> list[str]:
    """The forms of a page for an act."""
    found = re.findall(r"<form.*?</form>", text, re.S)
    return [each for each in found if f'action="{html.escape(act)}"' in each]


def form_of(text: str) -> str:
    """The form of a page with the digest of what it shows."""
    (*_, form) = [
        each for each in re.findall(r"<form.*?</form>", text, re.S) if f'name="{SEEN}"' in each
    ]
    return form


async def submit(browser: Browser, path: str, pairs: Choices) -> httpx.Response:
    values: dict[str, str | list[str]] = {}
    for name, value in pairs:
        values[name] = [*values.get(name, []), value]
    return await browser.post(path, values)


async def send(browser: Browser, path: str, pairs: Choices) -> tuple[int, str]:
    reply = await submit(browser, path, pairs)
    return reply.status_code, reply.text


@pytest.mark.parametrize("route", SCENES)
async def test_a_changed_choice_voids_the_page(world: Simulation, route: str) -> None:
    path, query = await SCENES[route](world)
    add_person(world.us, "ana", Role.LIAISON, Role.OFFICER)
    browser = await console_of(world.us).signed_in("ana")
    page = (await browser.get(f"{path}?{query}")).text
    if f'name="{SEEN}"' not in page:  # a choice is asked for first
        token = await browser.csrf()
        packets = re.findall(r'name="packet" value="([0-9a-f]+)"', page)
        start: Choices = [("csrf", token), ("show", "1"), ("reason", "mistake"), ("hours", "72")]
        recipients = re.findall(r'name="from" value="([^"]+)"', page)
        start += [("packet", each) for each in packets] + [("from", each) for each in recipients]
        _, page = await send(browser, path, start)
    form = form_of(page)
    found = controls(form)
    beside = [each for each in forms_of(page, path) if each != form]
    assert not [each for one in beside for each in controls(one) if each.others]
    word = re.search(r"Type (\S.*?) to confirm", html.unescape(form))
    button = re.findall(r'<button[^>]*name="(verdict)" value="(\w+)"', form)
    said = [("typed", word[1])] if word else []

    def sent(changed: Control | None = None, other: Choices | None = None) -> Choices:
        pairs = [
            pair
            for each in found
            for pair in ((other or []) if each is changed else each.now)
            if pair[0] not in SAID and pair[0] != "show"
        ]
        return [*pairs, *said, *button]

    for control in found:
        for other in control.others:
            status, text = await send(browser, path, sent(control, other))
            assert status != 303, (control.name, other)
            if status == 409:
                assert "Nothing was done" in text
    without = [pair for pair in sent() if pair[0] != SEEN]
    assert (await send(browser, path, without))[0] == 200
    status, text = await send(browser, path, sent())
    assert status == 303, text


async def test_an_effect_that_changes_meanwhile_voids_the_page(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    path = f"/agreements/{world.mx.node.agreements.by_name(NAME).id.hex()}/suspend"
    browser = await console.signed_in("officer")
    form = form_of((await browser.get(f"{path}?reason=review")).text)
    pairs = [p for each in controls(form) for p in each.now if p[0] not in SAID]
    await world.mx.send(world.us)
    status, text = await send(browser, path, [*pairs, ("typed", NAME)])
    assert (status, "Nothing was done" in text) == (409, True)
    assert not world.mx.node.suspensions.positions(world.mx.node.agreements.by_name(NAME))
