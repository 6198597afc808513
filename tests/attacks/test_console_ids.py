"""Every id in an address of the console: one of others is answered as one that does not exist."""

import re

from attacks.onward_packets import path_of
from attacks.simulated_requests import ask
from attacks.test_proposals import terms
from support.node import context_of
from support.simulation import Simulation
from tearline.onward.use import Use
from tearline.persons.tokens import Role
from tearline_client.console.routes import ROUTES
from tearline_client.console.visit import ConsoleRoute
from unit.client.console.browsers import Browser, accesses, add_person, console_of
from unit.client.console.test_compose import drafted, wish

ABSENT = {
    "packet": "ab" * 32,
    "request": "ab" * 32,
    "case": "ab" * 16,
    "agreement": "ab" * 16,
    "proposal": "ab" * 32,
    "approval": "ab" * 32,
    "consent": "ab" * 32,
    "draft": "ab" * 16,
    "entry": "99999",
}
"""Ids of the right form, under which there is nothing."""
OPEN = {
    "person": "names a colleague, to officers in charge, who may list all of them",
    "slot": "names a part of the packet before it",
    "verb": "names an act",
}
"""The other parts of addresses."""
FIELDS = {
    "typed": "bilateral",
    "kind": "admit",
    "does": "preview",
    "verdict": "approve",
    "agreed": "ab" * 32,
    "reason": "review",
    "in_flight": "drop",
    "originated": "keep",
    "path": "person-qiu/Person/name",
    "slot": "0",
    "to": "mx-prosecutor",
    "partner": "mx-prosecutor",
    "agency": "mx-prosecutor",
    "answer": "consent",
    "hours": "24",
    "terms": "x",
    "days": "3",
}
"""What the forms of the acts hold, so that only the id can be wrong."""


def ids_of(route: ConsoleRoute) -> set[str]:
    return {*re.findall(r"{(\w+)}", route.path)} - OPEN.keys()


async def reply(browser: Browser, route: ConsoleRoute, ids: dict[str, str]) -> tuple[int, str]:
    """The answer to an address, without what differs from answer to answer."""
    path = route.path.format_map({"slot": "0", "verb": "close", **ids})
    if route.method == "GET":
        got = await browser.get(path)
    elif path.startswith("/compose/") or path.endswith(("/answer", "/correct")):
        got = await browser.send(path, FIELDS)
    else:
        got = await browser.post(path, {"csrf": await browser.csrf(), **FIELDS})
    words = got.text.partition("<main")[2]
    for each in (path, *(ids[name] for name in ids_of(route))):
        words = words.replace(each, "")
    return got.status_code, re.sub(r"value=\"[^\"]*\"|[0-9a-f]{12,64}", "", words)


def test_every_id_in_an_address_was_decided_on() -> None:
    found = {name for route in ROUTES for name in re.findall(r"{(\w+)}", route.path)}
    assert found == {*ABSENT, *OPEN}


async def test_an_id_of_others_is_answered_as_one_that_does_not_exist(world: Simulation) -> None:
    us, mx, cn = world.us.node, world.mx.node, world.cn.node
    (packet,) = await world.us.send(world.mx)
    entry = context_of(us).stores.log.openings()[-1].opening.index
    request = await ask(world.us, world.mx)
    case = us.cases.open(us.agreements.by_name("bilateral"), "Riverbank", ["mx-prosecutor"])
    parties = ("us-justice", "mx-prosecutor")
    proposal = await us.proposals.propose(us.proposals.draft(terms(*parties, name="two-2026")))
    await mx.receive()
    consent = await mx.consents.ask(packet, [path_of(world.mx, packet)], Use.EVIDENCE, "case 12")
    await world.settle(rounds=1)
    for name in ("dora", "rival"):
        add_person(world.cn, name, *Role)
    console = console_of(world.cn)
    # A colleague's draft is theirs alone, too.
    values = wish(world) | {"to": ["mx-prosecutor"]}
    draft = await drafted(await console.signed_in("rival"), values)
    theirs = {
        "packet": packet.hex(),
        "request": request.hex(),
        "case": case.hex(),
        "agreement": mx.agreements.by_name("bilateral").id.hex(),
        "proposal": proposal.hex(),
        "approval": packet.hex(),
        "consent": consent.id.hex(),
        "draft": draft.rpartition("/")[2],
        "entry": str(entry),
    }
    browser = await console.signed_in("dora")
    before = accesses(world.cn)
    differing, shown = [], []
    for route in ROUTES:
        if not ids_of(route):
            continue
        answers = [await reply(browser, route, ids) for ids in (theirs, ABSENT)]
        if answers[0] != answers[1]:
            differing.append((route.method, route.path, *answers))
        if answers[0][0] not in (400, 403, 404):
            shown.append((route.method, route.path, answers[0]))
    assert differing == []
    assert shown == []
    assert accesses(world.cn) == before
    assert not cn.packets.ids()
