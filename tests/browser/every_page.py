"""Every page of the console with something on it, and the addresses that lead there."""

import re
from dataclasses import dataclass

from playwright.async_api import Page

from attacks.onward_packets import path_of
from attacks.simulated_requests import PERSON, ask
from attacks.test_proposals import terms
from browser.conftest import Screen
from support.node import context_of
from support.simulation import PASSPHRASES, Member, Simulation
from support.taxii import reader
from tearline.onward.use import Use
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline_client.connectors.importers.documents import Document, document_fields
from tearline_client.connectors.importers.saved_mappings import SavedMappings
from tearline_client.console.routes import ROUTES
from tearline_client.demo.lead import ENTITIES, lead_jsonl
from tearline_client.drafting.from_file import confirmed
from tearline_client.enrolment import root_signer
from tearline_client.features.federation.acts import amended
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from unit.client.cli.test_import_commands import MAPPING
from unit.client.console.browsers import add_person
from unit.client.console.test_federation_page import JP, invited, vote
from unit.client.console.test_packet_acts import POLYGLOT
from unit.client.taxii.test_additions import person

PERSON_NAME = "dora"
FILES = (
    "/to-do/",
    "/proof",
    "/pictures/",
    "/documents/",
    "/print",
    "/exhibit/",
    "/sign-in/",
    "/provider",
)
"""Parts of the addresses of files, of parts of pages, and of the way to a provider: no pages."""
OWN = ("/recall", "/correct", "/disclose")
"""Ends of the addresses of pages for a packet of ours."""
SUBJECTS = {"/field": "?path={path}", "/disclose": "?path={path}&to=us-justice"}
"""Pages with their subject in the query."""
NOT_HERE = {"approval", "verb"}
"""Pages of an act that a second person, or a member of a case, takes: their own tests see them."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """The texts of partners on the pages.

    Attributes:
        text: Of each field, note and title.
        short: Of names.
        file: Names of documents, with contents.
    """

    text: str
    short: str
    files: tuple[tuple[str, str, bytes], ...]


PLAIN_WORDS = Words(
    text="Cash is taken to the trading firm",
    short="Harbour",
    files=(
        ("point.png", "image/png", POLYGLOT),
        ("notes.txt", "text/plain; charset=utf-8", b"as told"),
    ),
)


def hostile_entities(words: Words) -> list[Entity]:
    """The entities of the lead, with a text beside each value."""
    return [
        Entity(
            id=str(each["id"]),
            schema=str(each["schema"]),
            properties={
                name: tuple(values) if name in _LINKS else (*values, words.text)
                for name, values in each["properties"].items()
            },
        )
        for each in ENTITIES
    ]


_LINKS = ("owner", "asset", "payer", "beneficiary", "beneficiaryAccount")


async def fill(world: Simulation, words: Words) -> dict[str, str]:
    """Has partners send one of everything to the Mexican agency; returns the ids."""
    us, mx = world.us.node, world.mx.node
    add_person(world.mx, PERSON_NAME, *Role)
    case = us.cases.open(
        us.agreements.by_name("narcotics-2026"), words.short, ["mx-prosecutor"], summary=words.text
    )
    proposed = terms(name="NAME").replace('"NAME"', _quoted(words.short[:60]))
    proposal = await us.proposals.propose(us.proposals.draft(proposed))
    (theirs,) = await _lead(world.us, world.mx, words)
    (ours,) = await _lead(world.mx, world.us, words)
    request = await ask(world.us, world.mx)
    mine = await ask(world.mx, world.us)
    await us.receive()
    await us.requests.clarify(mine, words.text, PERSON)
    object.__setattr__(context_of(mx), "asks_before_erasing", True)
    (recalled,) = await world.us.send(world.mx)
    await mx.receive()
    await us.recalls.recall(us.recalls.plan(recalled), RecallReason.MISTAKE)
    consent = await us.consents.ask(ours, [path_of(world.us, ours)], Use.EVIDENCE, words.short)
    await _decide(world)
    await reader(world.mx, "platform", roles=[FeedRole.SUBMITTER]).post(person(1))
    (added,) = mx.feeds.drafts.list()
    SavedMappings(mx.home.mappings).save("cards", MAPPING)
    typed = [("title", words.short), ("summary", words.text)]
    mx.forms.keep(PERSON_NAME, "ab" * 16, "/cases/new", typed)
    await mx.receive()
    return {
        "packet": theirs.hex(),
        "ours": ours.hex(),
        "recalled": recalled.hex(),
        "consent": consent.id.hex(),
        "request": request.hex(),
        "mine": mine.hex(),
        "case": case.hex(),
        "proposal": proposal.hex(),
        "agreement": mx.agreements.by_name("narcotics-2026").id.hex(),
        "entry": str(context_of(mx).stores.log.openings()[-1].opening.index),
        "slot": "0",
        "added": added.id.hex(),
        "person": PERSON_NAME,
    }


async def _decide(world: Simulation) -> None:
    """Has the council admit an agency, and leaves a vote on its rules open."""
    await invited(world)
    await vote(world.mx, world.us.node.federation.find(JP))
    us = world.us.node
    await us.sync()
    root = root_signer(us.home, PASSPHRASES.root, us.directory.federation())
    rules = amended(us.directory.members(), {"remove": 3}, (), ())
    proposed, decision = us.federation.proposal(root, rules)
    await vote(world.us, decision, proposed)


async def _lead(sender: Member, to: Member, words: Words) -> tuple[bytes, ...]:
    about = About(article="money-laundering", purpose="criminal-investigation")
    (group,) = connected_groups(hostile_entities(words))
    documents = [
        field
        for name, media_type, content in words.files
        for field in document_fields(Document(name=name, media_type=media_type, content=content))
    ]
    packets = sender.node.packets
    draft = packets.draft(group, about, agreement="narcotics-2026", extra=documents)
    plan = packets.plan(draft, [to.node.uri])
    sent = await packets.send([confirmed(plan, "a person looked at the pictures")])
    assert not sent.refused
    await to.node.receive()
    return sent.packets


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def addresses(ids: dict[str, str]) -> list[str]:
    """The address of each page that a person with every role may see, by its ids."""
    found = [f"/requests/{ids['mine']}", "/packets?subjects=1", "/packets?q=wenhao"]
    terms = f"{ids['agreement']}.money-laundering"
    found += [f"/compose?terms={terms}&kind=lead&by={by}" for by in ("form", "csv", "camt")]
    found += [f"/compose?draft={ids['added']}"]
    found += [f"/compose?terms={terms}&kind=lead&by=stix&draft={ids['added']}"]
    for path in dict.fromkeys(each.path for each in ROUTES if each.method == "GET"):
        names = {*re.findall(r"{(\w+)}", path)}
        if any(part in path for part in FILES) or names & NOT_HERE or "{draft}" in path:
            continue
        own = {"packet": ids["ours"]} if path.endswith(OWN) else {}
        if path.startswith("/recalls/"):
            own = {"packet": ids["recalled"]}
        query = SUBJECTS.get(f"/{path.rpartition('/')[2]}", "").format(path="Person/name")
        if path.startswith("/selection/") or path == "/export":
            query = f"?packet={ids['ours']}&packet={ids['recalled']}"
        found.append(path.format(**ids | own) + query)
    return found


async def drafts(screen: Screen, page: Page, words: Words) -> list[str]:
    """Composes a packet and a request up to their last page; the addresses of these."""
    found = []
    await page.goto(f"{screen.origin}/compose")
    await page.locator("#terms").select_option(label="narcotics-2026 · money-laundering")
    await page.locator("#by").select_option("ftm")
    await page.locator("form:has(#by) button.primary").click()
    await page.locator("input[name=to]").first.check()
    await page.locator("#ftm").fill(lead_jsonl())
    await page.locator("#narrative").fill(words.text)
    await page.locator("form.compose button.primary").click()
    await page.locator("table.matrix").first.wait_for()
    found.append(page.url)
    found.append(str(await page.locator("p.next a").get_attribute("href")))
    await page.goto(f"{screen.origin}/requests/new")
    await page.locator("select[name=to]").select_option(index=1)
    under = page.locator("select[name=under]")
    await under.select_option("narcotics-2026/money-laundering")
    await page.locator("input[name=offence]").fill(words.text)
    await page.locator("textarea[name=link]").fill(words.text)
    await page.locator("textarea[name=record]").first.fill(words.text)
    await page.locator("form:has(textarea[name=record]) button.primary").click()
    await page.wait_for_url("**/drafts/*")
    found.append(page.url)
    return [each.removeprefix(screen.origin) for each in found]
