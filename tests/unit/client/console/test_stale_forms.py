"""Every form of the console, after another person acted, or after a change of its own choices.

It does what its page showed, or nothing. A form is that of a bound act, which another module tries;
or it has a scene here; or it is harmless, for the reason beside it.
"""

import html
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

import httpx
import pytest

from attacks.simulated_requests import PERSON, ask
from attacks.test_proposals import new_terms
from attacks.test_standings import NAME, OFFICER, WHOLE, suspend
from support.four_eyes import amended, put_in_force
from support.simulation import Simulation
from support.taxii import reader
from tearline.agreements.proposal import ProposalState
from tearline.cases.case import Membership
from tearline.packets.packet import Urgency
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline.requests.step import Ground
from tearline.suspensions.suspension import Originated, Reason
from tearline_client.connectors.importers.ftm import parse_ftm
from tearline_client.console.agreement_text import agreement_text
from tearline_client.console.forms import KEPT
from tearline_client.console.pages.bound_act import SAID, SEEN
from tearline_client.console.routes import ROUTES
from tearline_client.drafting.record_requests import draft_answer
from tearline_client.features.feeds.accounts import FeedRole
from unit.client.console.browsers import Browser, add_person, console_of
from unit.client.console.test_bound_acts import SCENES as BOUND
from unit.client.console.test_bound_acts import (
    Choices,
    Control,
    controls,
    forms_of,
    is_bound,
    submit,
)
from unit.client.console.test_compose import drafted, wish
from unit.client.console.test_request_forms import ASKED
from unit.client.taxii.test_additions import person

Values = dict[str, str | list[str]]
_ANSWER = {"supplement": "1", "item": "2", "phone.phone": "+14155550100"}
_QIU = b'{"id":"a","schema":"Person","properties":{"name":["Qiu"]}}'

_OWN = "changes or shows only what is this person's own"
_COPY = "gives this person a copy of fields that they may read; nothing leaves the node by it"
_READS = "asks a question, and changes nothing"
_DRAFTS = "makes a draft, whose own page leads on"
HARMLESS: Mapping[str, str] = {
    "/packets/{packet}/exhibit": _COPY,
    "/packets/{packet}/print": _COPY,
    "/packets/{packet}/files": _COPY,
    "/packets/{packet}/documents/{slot}": _COPY,
    "/agreements/{agreement}/publish": "sends again the versions that every party has signed",
    "/passkeys": "adds or removes this person's own passkey, by its id",
    "/packets/{packet}/correct": _DRAFTS,
    "/compose": _DRAFTS,
    "/compose/{draft}": _DRAFTS,
    "/compose/{draft}/document": _DRAFTS,
    "/requests/new": _DRAFTS,
    "/requests/{request}/answer": _DRAFTS,
    "/drafts": _DRAFTS,
    "/audit": _READS,
    "/audit/export": _READS,
    "/audit/export/verify": _READS,
    "/audit/exhibit": _READS,
    "/audit/access": _READS,
    "/agency/policies": _READS,
    "/sign-in": _OWN,
    "/sign-in/link": _OWN,
    "/sign-out": _OWN,
    "/enrol": _OWN,
    "/settings": _OWN,
    "/confirm": _OWN,
    "/language": _OWN,
}


def nothing(before: object, after: object) -> bool:
    """Whether nothing was done."""
    return before == after


@dataclass(kw_only=True)
class Stale:
    """A form that a person has before them, and an act of another person meanwhile.

    Attributes:
        act: Its address.
        page: The text of the page that shows it.
        said: The values that the person fills in, and the button, beside those shown.
        rival: The act of another person.
        state: Returns the state of the node that the form acts on.
        is_right: Whether that state before and after is that of nothing done, or as stated.
    """

    act: str
    page: str
    said: Values = field(default_factory=dict)
    rival: Callable[[], Awaitable[object]]
    state: Callable[[], object]
    is_right: Callable[..., bool] = nothing

    def controls(self) -> list[Control]:
        """The controls of the form; of several for one act, of the one with the said button."""

        def fits(form: str) -> int:
            return sum(f'name="{name}" value="{text}"' in form for name, text in self.said.items())

        return controls(max(forms_of(self.page, self.act), key=fits))

    def sent(self, changed: str = "", other: Choices | None = None) -> Choices:
        """The form as a browser sends it; with other values of one control."""
        shown = [
            pair
            for each in self.controls()
            for pair in ((other or []) if each.name == changed else each.now)
            if pair[0] not in self.said
        ]
        said = [(n, [v] if isinstance(v, str) else v) for n, v in self.said.items()]
        return [*shown, *((name, text) for name, texts in said for text in texts)]


Scene = Callable[[Simulation, Browser], Awaitable[Stale]]


async def shown(browser: Browser, page: str) -> str:
    """The text of a page."""
    return (await browser.get(page)).text


async def _read(world: Simulation, ana: Browser) -> Stale:
    us, (first,) = world.us.node, await world.mx.send(world.us)
    await us.receive()
    page = await shown(ana, f"/selection/read?packet={first.hex()}")

    async def rival() -> None:
        await world.mx.send(world.us)
        await us.receive()

    def state() -> dict[bytes, bool]:
        return {each: us.packets.is_unread(each) for each in us.packets.ids()}

    def is_right(before: dict[bytes, bool], after: dict[bytes, bool]) -> bool:
        return after == {**before, first: False}

    return Stale(act="/selection/read", page=page, rival=rival, state=state, is_right=is_right)


async def _question(world: Simulation, ana: Browser) -> Stale:
    us, (packet,) = world.us.node, await world.mx.send(world.us)
    await us.receive()
    path = us.packets.path_of(packet, "Person/name")
    act = f"/packets/{packet.hex()}/consent"
    page, said = await shown(ana, act), {"use": "evidence", "scope": "court", "path": path}

    async def rival() -> None:
        await world.mx.send(world.us)
        await us.receive()

    def state() -> list[list[str]]:
        return [[*each.wanted.terms.fields] for each in us.consents.all() if each.wanted]

    def is_right(before: list[list[str]], after: list[list[str]]) -> bool:
        return (before, after) == ([], [[path]])

    return Stale(act=act, page=page, said={**said}, rival=rival, state=state, is_right=is_right)


async def _refusal(world: Simulation, ana: Browser) -> Stale:
    node = world.us.node
    await BOUND["/consents/{consent}/give"](world)
    (record,) = node.consents.all()
    act = f"/consents/{record.id.hex()}"
    page = await shown(ana, act)

    async def rival() -> None:
        await node.consents.refuse(record.id, note="", repeats="", acted_by=None)

    def state() -> object:
        return [(each.status, len(each.steps)) for each in node.consents.all()]

    return Stale(act=f"{act}/refuse", page=page, rival=rival, state=state)


async def _opening(world: Simulation, ana: Browser) -> Stale:
    node, found = world.us.node, world.us.node.agreements.by_name(NAME)
    page = await shown(ana, "/cases/new")
    said: Values = {"title": "Quay", "agreement": NAME, "with-mx-prosecutor": "1"}

    async def rival() -> None:
        node.cases.open(found, "Quay", ["cn-public-security"])

    def state() -> list[tuple[str, tuple[str, ...]]]:
        return sorted((each.title, each.asked) for each in node.cases.all())

    return Stale(act="/cases/new", page=page, said=said, rival=rival, state=state)


async def _case(world: Simulation) -> tuple[str, Callable[[], object]]:
    """A case of Mexico's, to which this agency is invited, and its state here."""
    us, mx = world.us.node, world.mx.node
    case_id = mx.cases.open(mx.agreements.by_name(NAME), "Quay", ["us-justice"]).hex()
    await world.settle(rounds=3)

    def state() -> object:
        view = us.cases.find(case_id)
        last = us.cases._context.stores.cases.latest(view.id, view.lead, mine=True)
        return view.standing, last.note if last else None

    return case_id, state


async def _join(world: Simulation, ana: Browser) -> Stale:
    case_id, state = await _case(world)
    act, mx = f"/cases/{case_id}/steps/join", world.mx.node
    page = await shown(ana, f"/cases/{case_id}")

    async def rival() -> None:
        mx.cases.invite(mx.cases.find(case_id), "cn-public-security")
        await world.settle(rounds=3)

    return Stale(act=act, page=page, rival=rival, state=state)


async def _closing(world: Simulation, ana: Browser) -> Stale:
    us = world.us.node
    case_id = us.cases.open(us.agreements.by_name(NAME), "Quay", ["mx-prosecutor"]).hex()
    act = f"/cases/{case_id}/steps/close"
    page = await shown(ana, act)

    async def rival() -> None:
        us.cases.invite(us.cases.find(case_id), "cn-public-security")

    def state() -> object:
        return us.cases.find(case_id).standing

    def is_right(before: object, after: object) -> bool:
        return (before, after) == (Membership.IN, Membership.CLOSED)

    return Stale(
        act=act,
        page=page,
        said={"typed": "Quay"},
        rival=rival,
        state=state,
        is_right=is_right,
    )


async def _invitation(world: Simulation, ana: Browser) -> Stale:
    us = world.us.node
    case_id = us.cases.open(us.agreements.by_name(NAME), "Quay", ["mx-prosecutor"]).hex()
    act = f"/cases/{case_id}/members"
    page = await shown(ana, f"/cases/{case_id}")

    async def rival() -> None:
        us.cases.close(us.cases.find(case_id))

    def state() -> object:
        return us.cases.find(case_id).seats

    said: Values = {"partner": "cn-public-security"}
    return Stale(act=act, page=page, said=said, rival=rival, state=state)


async def _vote(world: Simulation, ana: Browser) -> Stale:
    case_id, state = await _case(world)
    us, mx = world.us.node, world.mx.node
    us.cases.join(us.cases.find(case_id))
    mx.cases.invite(mx.cases.find(case_id), "cn-public-security")
    await world.settle(rounds=3)
    act = f"/cases/{case_id}/votes"
    page = await shown(ana, f"/cases/{case_id}")

    async def rival() -> None:
        us.cases.leave(us.cases.find(case_id))

    return Stale(act=act, page=page, said={"answer": "consent"}, rival=rival, state=state)


def _ours(world: Simulation) -> Callable[[], object]:
    return lambda: sorted(
        (each.agreement.name, each.agreement.version) for each in world.us.node.proposals.offers()
    )


async def _terms(ana: Browser, act: str, text: str) -> str:
    """The page of terms with their changes."""
    first: Values = {"csrf": await ana.csrf(), "terms": text, "days": "30"}
    page = (await ana.post(act, first)).text
    assert "Nothing has been sent." in page
    return page


async def _amendment(world: Simulation, ana: Browser) -> Stale:
    node, found = world.us.node, world.us.node.agreements.by_name(NAME)
    text = agreement_text(found, node.directory.members()).replace("days = 730", "days = 365")
    act = f"/agreements/{found.id.hex()}/amend"
    page = await _terms(ana, act, text)

    async def rival() -> None:
        await put_in_force(world, amended(world, NAME, four_eyes=True), world.cn, world.mx)

    return Stale(act=act, page=page, said={"typed": NAME}, rival=rival, state=_ours(world))


async def _proposal(world: Simulation, ana: Browser) -> Stale:
    page, mx = await _terms(ana, "/agreements/new", new_terms()), world.mx.node

    async def rival() -> None:
        await mx.proposals.propose(mx.proposals.draft(new_terms()))
        await world.settle(rounds=1)

    def is_right(before: list[object], after: list[object]) -> bool:
        return after == [*before, ("precursors-2026", 1)]

    return Stale(
        act="/agreements/new",
        page=page,
        said={"typed": "precursors-2026"},
        rival=rival,
        state=_ours(world),
        is_right=is_right,
    )


async def _offered(world: Simulation) -> str:
    mx = world.mx.node
    proposed = await mx.proposals.propose(mx.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    return f"/proposals/{proposed.hex()}"


async def _counter(world: Simulation, ana: Browser) -> Stale:
    path, mx = await _offered(world), world.mx.node
    begun = html.unescape(await shown(ana, f"{path}/counter"))
    (text,) = re.findall(r"<textarea[^>]*>\n(.*)</textarea>", begun, re.S)
    shorter = text.replace("retention_days = 730", "retention_days = 90")
    page = await _terms(ana, f"{path}/counter", shorter)

    async def rival() -> None:
        await mx.proposals.decline(mx.proposals.find(path[11:]))
        await world.settle(rounds=1)

    said: Values = {"typed": "precursors-2026"}
    return Stale(act=f"{path}/counter", page=page, said=said, rival=rival, state=_ours(world))


async def _decline(world: Simulation, ana: Browser) -> Stale:
    path, node = await _offered(world), world.us.node
    page = await shown(ana, path)

    async def rival() -> None:
        await node.proposals.sign(node.proposals.find(path[11:]))

    def state() -> object:
        return node.proposals.state_of(node.proposals.find(path[11:]))

    def is_right(before: object, after: object) -> bool:
        return after is ProposalState.DECLINED

    return Stale(act=f"{path}/decline", page=page, rival=rival, state=state, is_right=is_right)


async def _resumption(world: Simulation, ana: Browser) -> Stale:
    node, found = world.us.node, world.us.node.agreements.by_name(NAME)
    await node.suspensions.suspend(NAME, WHOLE)
    act = f"/agreements/{found.id.hex()}/resume"
    page = await shown(ana, f"/agreements/{found.id.hex()}")

    async def rival() -> None:
        await node.suspensions.resume(NAME, acted_by=OFFICER)
        await node.suspensions.suspend(NAME, replace(WHOLE, reason=Reason.LEAK))

    def state() -> object:
        return [each.suspension for each in node.suspensions.positions(found)]

    return Stale(act=act, page=page, rival=rival, state=state)


async def _step(world: Simulation, ana: Browser) -> Stale:
    node, request = world.us.node, await ask(world.mx, world.us, Urgency.URGENT)
    act = f"/requests/{request.hex()}"
    page = await shown(ana, act)
    said: Values = {"kind": "refuse", "item": ["1", "2"], "ground": "not-held"}

    async def rival() -> None:
        await node.requests.refuse(request, Ground.NOT_HELD, [1], PERSON)

    def state() -> object:
        return [each.ground for each in node.requests.show(request).items]

    return Stale(act=act, page=page, said=said, rival=rival, state=state)


async def _discarding(world: Simulation, ana: Browser) -> Stale:
    drafts = world.us.node.feeds.drafts
    platform = reader(world.us, "platform", roles=[FeedRole.SUBMITTER])
    await platform.post(person(1))
    (first,) = drafts.list()
    page = await shown(ana, "/program-drafts")

    async def rival() -> None:
        await platform.post(person(2))

    def state() -> list[bytes]:
        return sorted(each.id for each in drafts.list())

    def is_right(before: list[bytes], after: list[bytes]) -> bool:
        return after == [each for each in before if each != first.id]

    return Stale(
        act="/program-drafts",
        page=page,
        said={"typed": first.id.hex()[:8]},
        rival=rival,
        state=state,
        is_right=is_right,
    )


async def _person(world: Simulation, ana: Browser) -> Stale:
    register = world.us.node.register

    async def rival() -> None:
        add_person(world.us, "rosa", Role.ANALYST)

    page = await shown(ana, "/agency/add")
    said: Values = {"name": "rosa", "role": "officer", "clearance": Tlp.RED.text}
    return Stale(act="/agency/add", page=page, said=said, rival=rival, state=register.persons)


async def _change(world: Simulation, ana: Browser) -> Stale:
    register = world.us.node.register
    add_person(world.us, "rosa", Role.ANALYST)

    async def rival() -> None:
        add_person(world.us, "luz", Role.ANALYST)

    def is_right(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
        gone = [each for each in after if each not in before]
        return [(each.name, each.enabled) for each in gone] == [("rosa", False)]  # type: ignore[attr-defined]

    return Stale(
        act="/agency/persons/rosa",
        page=await shown(ana, "/agency/persons/rosa"),
        said={"act": "disable", "typed": "rosa"},
        rival=rival,
        state=register.persons,
        is_right=is_right,
    )


async def _account(world: Simulation, ana: Browser) -> Stale:
    accounts = world.us.node.feeds.accounts
    page = await shown(ana, "/agency/service-accounts")
    said: Values = {"act": "add", "name": "platform", "role": "reader"}
    said["article"] = f"{NAME}/money-laundering"

    async def rival() -> None:
        reader(world.us, "platform", roles=[FeedRole.SUBMITTER])

    return Stale(
        act="/agency/service-accounts", page=page, said=said, rival=rival, state=accounts.list
    )


def _leaving(world: Simulation) -> Callable[[], object]:
    node = world.us.node
    return lambda: (sorted(node.packets.ids()), [each.id for each in node.approvals.waiting()])


async def _strict(world: Simulation, is_strict: bool) -> None:
    drafted = amended(world, NAME, four_eyes=is_strict)
    await put_in_force(world, drafted, world.cn, world.mx)


async def _sending(world: Simulation, ana: Browser) -> Stale:
    await _strict(world, True)
    act = f"{await drafted(ana, wish(world))}/send"
    return Stale(
        act=act,
        page=await shown(ana, act),
        rival=lambda: _strict(world, False),
        state=_leaving(world),
    )


async def _request(world: Simulation, ana: Browser) -> Stale:
    await _strict(world, True)
    asked = {"csrf": await ana.csrf(), **ASKED, "to": "mx-prosecutor"}
    act = (await ana.post("/requests/new", asked)).headers["location"]
    return Stale(
        act=act,
        page=await shown(ana, act),
        rival=lambda: _strict(world, False),
        state=_leaving(world),
    )


async def _refused(world: Simulation, ana: Browser) -> tuple[str, Callable[[], Awaitable[object]]]:
    """The draft of a supplement to a refused request, and a colleague's own supplement."""
    node, request = world.us.node, await ask(world.mx, world.us, Urgency.URGENT)
    await node.requests.refuse(request, Ground.NOT_HELD, [], PERSON)
    await world.mx.node.receive()
    plan = draft_answer(node, request, parse_ftm(_QIU), []).plans[0]
    reply = await ana.send(f"/requests/{request.hex()}/answer?supplement=1", _ANSWER)

    async def rival() -> None:
        await node.answers.send(request, plan, [2], acted_by=PERSON, supplement=True)

    return reply.headers["location"], rival


async def _supplement(world: Simulation, ana: Browser) -> Stale:
    act, rival = await _refused(world, ana)
    page = await shown(ana, act)
    (word,) = re.findall(r"Type (\w+) to confirm", page)
    return Stale(act=act, page=page, said={"typed": word}, rival=rival, state=_leaving(world))


async def _approval(world: Simulation, ana: Browser) -> Stale:
    proposed = await _supplement(world, ana)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tearline_client.console.pages.drafts.takes_two", lambda *_: True)
        reply = await submit(ana, proposed.act, proposed.sent())
    add_person(world.us, "bob", Role.LIAISON)
    bob = await console_of(world.us).signed_in("bob")
    ana.client = bob.client
    act = reply.headers["location"]
    return replace(proposed, act=act, page=await shown(ana, act), said={"verdict": "approve"})


async def _export(world: Simulation, ana: Browser) -> Stale:
    us, (packet,) = world.us.node, await world.mx.send(world.us)
    await us.receive()
    chosen: Choices = [("csrf", await ana.csrf()), ("format", "ftm"), ("packet", packet.hex())]
    page, files = (await submit(ana, "/export", chosen)).text, list[str]()

    async def note(reply: httpx.Response) -> None:
        files.extend(reply.headers.get_list("content-disposition"))

    ana.client.event_hooks = {"response": [note]}

    async def rival() -> None:
        await world.mx.node.sync()
        await suspend(world.mx, replace(WHOLE, originated=Originated.FREEZE))
        await us.receive()

    return Stale(act="/export", page=page, rival=rival, state=lambda: [*files])


SCENES: Mapping[str, tuple[Scene, ...]] = {
    "/selection/read": (_read,),
    "/packets/{packet}/consent": (_question,),
    "/consents/{consent}/refuse": (_refusal,),
    "/cases/new": (_opening,),
    "/cases/{case}/steps/{verb}": (_join, _closing),
    "/cases/{case}/members": (_invitation,),
    "/cases/{case}/votes": (_vote,),
    "/agreements/new": (_proposal,),
    "/agreements/{agreement}/amend": (_amendment,),
    "/agreements/{agreement}/resume": (_resumption,),
    "/proposals/{proposal}/decline": (_decline,),
    "/proposals/{proposal}/counter": (_counter,),
    "/requests/{request}": (_step,),
    "/program-drafts": (_discarding,),
    "/agency/add": (_person,),
    "/agency/persons/{person}": (_change,),
    "/agency/service-accounts": (_account,),
    "/compose/{draft}/send": (_sending,),
    "/compose/{draft}/send-red": (),  # the same handler
    "/drafts/{draft}": (_request, _supplement),
    "/approvals/{approval}": (_approval,),
    "/export": (_export,),
}
ITS_OWN = frozenset(
    {
        "/packets/{packet}/consent",
        "/cases/new",
        "/cases/{case}/members",
        "/requests/{request}",
        "/agency/add",
        "/agency/service-accounts",
    }
)
"""Paths of forms whose choices stand beside the button: no page showed an effect of them before."""
MARKS = {*SAID, KEPT, SEEN, "agreed"}
"""Fields that choose no act: they name the page that was shown, or explain."""


def test_every_form_takes_part() -> None:
    posts = {each.path: each.handler for each in ROUTES if each.method == "POST"}
    assert {path for path, handler in posts.items() if is_bound(handler)} == {*BOUND}
    assert posts["/compose/{draft}/send-red"] == posts["/compose/{draft}/send"]
    kinds = [*BOUND, *SCENES, *HARMLESS]
    assert sorted(posts) == sorted(kinds)


@pytest.fixture
async def ana(world: Simulation) -> Browser:
    add_person(world.us, "ana", Role.LIAISON, Role.OFFICER)
    return await console_of(world.us).signed_in("ana")


@pytest.mark.parametrize("scene", [each for some in SCENES.values() for each in some])
async def test_a_stale_form_does_what_its_page_showed_or_nothing(
    world: Simulation, ana: Browser, scene: Scene
) -> None:
    stale = await scene(world, ana)
    await stale.rival()
    before = stale.state()
    reply = await submit(ana, stale.act, stale.sent())
    after = stale.state()
    assert stale.is_right(before, after), (reply.status_code, before, after)


@pytest.mark.parametrize(("path", "scene"), [(p, each) for p in SCENES for each in SCENES[p]])
async def test_a_changed_control_voids_what_its_page_showed(
    world: Simulation, ana: Browser, path: str, scene: Scene
) -> None:
    """The form as shown does something, so that a refusal has no other reason."""
    shown = await scene(world, ana)
    found, before = shown.controls(), shown.state()
    is_bound = any(each.name == SEEN for each in found)
    assert not is_bound or path not in ITS_OWN
    assert is_bound or path in ITS_OWN or not any(each.others for each in found)
    for control in found if is_bound else ():
        is_fixed = not control.others and control.name not in MARKS and control.now[0][1]
        for other in [[]] if is_fixed else control.others:  # a value without a control is left out
            reply = await submit(ana, shown.act, shown.sent(control.name, other))
            assert reply.status_code != 303, (control.name, other)
            assert shown.state() == before, (control.name, other)
    reply = await submit(ana, shown.act, shown.sent())
    assert shown.state() != before, reply.text
