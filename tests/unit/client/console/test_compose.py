"""A packet from its contents to its partners, as an officer composes it."""

import datetime
import hashlib
import html
import io
import json
import re
from collections.abc import Mapping
from urllib.parse import quote

import httpx
import openpyxl
import pytest

from attacks.test_console import INJECTIONS
from support.documents import exif, jpeg
from support.simulation import ARTICLE, PURPOSE, Simulation
from tearline.limits import (
    CONSOLE_DRAFT_S,
    MAX_CONSOLE_ENTITIES,
    MAX_CONSOLE_PACKETS,
    MAX_CONSOLE_UPLOAD_BYTES,
    MAX_PERSON_DRAFTS,
)
from tearline.packets.packet import PacketKind
from tearline.persons.tokens import Role
from tearline_client.demo.lead import ENTITIES
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, Group
from tearline_client.planning.ftm_schema import SCHEMATA
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, add_person, console_of
from unit.client.console.test_packet_acts import DOT
from unit.client.console.test_packet_pages import text_of

FTM = "\n".join(json.dumps(each, ensure_ascii=False) for each in ENTITIES)
Values = Mapping[str, str | list[str]]


@pytest.fixture
def theirs(world: Simulation) -> ConsoleUnderTest:
    """The console of the agency that composes."""
    for name, role in (("ana", Role.LIAISON), ("bob", Role.LIAISON), ("rita", Role.ANALYST)):
        add_person(world.us, name, role)
    return console_of(world.us)


@pytest.fixture
async def ana(theirs: ConsoleUnderTest) -> Browser:
    return await theirs.signed_in("ana")


def terms(world: Simulation, article: str = "money-laundering") -> str:
    return f"{world.us.node.agreements.by_name('narcotics-2026').id.hex()}.{article}"


def wish(world: Simulation, **more: str | list[str]) -> dict[str, str | list[str]]:
    """What the form of a lead holds, with the two partners."""
    return {
        "terms": terms(world),
        "kind": "lead",
        "by": "ftm",
        "does": "preview",
        "to": ["cn-public-security", "mx-prosecutor"],
        "purpose": "criminal-investigation",
        "urgency": "routine",
        "evaluation": "B2",
        "ftm": FTM,
        **more,
    }


async def post(
    browser: Browser,
    path: str,
    values: Values,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
) -> httpx.Response:
    """Sends a form with files, as a browser does."""
    given = {"csrf": await browser.csrf(), **values}
    headers = {"origin": browser.origin, "sec-fetch-site": "same-origin"}
    sent = files or {"file": ("", b"", "application/octet-stream")}
    return await browser.client.post(path, data=given, files=dict(sent), headers=headers)


async def changed(browser: Browser, draft: str, values: Mapping[str, str]) -> httpx.Response:
    """Sends a form of a draft's preview."""
    return await browser.post(draft, {"csrf": await browser.csrf(), **values})


async def drafted(browser: Browser, values: Values) -> str:
    """The place of a draft's preview."""
    reply = await post(browser, "/compose", values)
    assert reply.status_code == 303, text_of(reply.text)
    return reply.headers["location"]


async def sent(browser: Browser, draft: str, **values: str) -> httpx.Response:
    page = await browser.get(draft)
    (step,) = re.findall(rf'href="{draft}/([a-z-]+)"', page.text)
    assert (await browser.get(f"{draft}/{step}")).status_code == 200
    return await browser.post(f"{draft}/{step}", {"csrf": await browser.csrf(), **values})


async def test_a_lead_is_composed_previewed_and_sent(world: Simulation, ana: Browser) -> None:
    first = await ana.get("/compose")
    assert f'value="{terms(world)}"' in first.text
    form = await ana.get(f"/compose?terms={terms(world)}&kind=lead&by=ftm")
    assert 'value="mx-prosecutor"' in form.text
    assert 'value="us-justice"' not in form.text
    draft = await drafted(ana, wish(world, narrative="Cash changes hands."))
    page = text_of((await ana.get(draft)).text)
    assert re.search(r"Amount finance\.amount Generalised 1000000-5000000 .+? Clear 1847250", page)
    assert re.search(r"Narrative narrative Exists .+? Clear Cash changes hands\.", page)
    assert not world.us.node.packets.ids()
    last = text_of((await ana.get(f"{draft}/send")).text)
    assert "1 packet leaves Kind Lead Agreement narcotics-2026" in last
    reply = await sent(ana, draft)
    (packet,) = world.us.node.packets.ids()
    assert reply.headers["location"] == f"/packets/{packet.hex()}?done=sent"
    manifest = world.us.node.packets.manifest(packet)
    assert (manifest.kind, manifest.evaluation) == (PacketKind.LEAD, "B2")
    assert {g.grant.acted_by is not None for g in world.us.node.packets.grants(packet)} == {True}
    await world.mx.node.receive()
    values = {t for o in world.mx.node.packets.show(packet).view.best() for t in o.field.values}
    assert {b"1847250", b"Cash changes hands."} <= values


async def test_the_last_page_names_the_case(world: Simulation, ana: Browser) -> None:
    us, mx = world.us.node, world.mx.node
    case = us.cases.open(us.agreements.by_name("narcotics-2026"), "Quay", ["mx-prosecutor"]).hex()
    await world.settle(rounds=3)
    mx.cases.join(mx.cases.find(case))
    await world.settle(rounds=3)
    draft = await drafted(ana, wish(world, to="mx-prosecutor", case=case))
    last = text_of((await ana.get(f"{draft}/send")).text)
    assert "Case Quay Urgency Routine" in last


async def test_a_packet_is_sent_once(world: Simulation, ana: Browser) -> None:
    draft = await drafted(ana, wish(world))
    replies = [await sent(ana, draft)]
    replies.append(await ana.post(f"{draft}/send", {"csrf": await ana.csrf()}))
    assert replies[0].headers["location"] == replies[1].headers["location"]
    assert len(world.us.node.packets.ids()) == 1
    assert (await ana.get(draft)).status_code == 404


def entities_in(page: str) -> list[tuple[str, str]]:
    return re.findall(r'name="(e\d+)\.id" value="([^"]+)"', page)


async def test_a_form_of_fields_is_filled_in_step_by_step(world: Simulation, ana: Browser) -> None:
    first = await ana.get(f"/compose?terms={terms(world)}&kind=lead&by=form")
    ((key, person),) = entities_in(first.text)
    values: dict[str, str | list[str]] = {
        **wish(world, by="form", does="add", schema="BankAccount"),
        key: "Person",
        f"{key}.id": person,
        f"{key}.name": "Qiu Wenhao\n裘文昊",
    }
    second = await post(ana, "/compose", values)
    assert ">\nQiu Wenhao\n裘文昊</textarea>" in second.text
    (_, (_, account)) = entities_in(second.text)
    values |= {"e1": "BankAccount", "e1.id": account, "e1.iban": "DE02120300000000202051"}
    third = await post(ana, "/compose", {**values, "does": "more:1", "more1": "balance"})
    assert 'name="e1.balance"' in third.text
    fourth = await post(ana, "/compose", {**values, "does": "drop:0"})
    assert "Qiu Wenhao" not in fourth.text
    values |= {"e2": "UnknownLink", "e2.id": "link", "e2.subject": person, "e2.object": account}
    draft = await drafted(ana, {**values, "does": "preview"})
    page = text_of((await ana.get(draft)).text)
    assert "Clear DE02120300000000202051" in page
    assert "→ Qiu Wenhao" in page
    await sent(ana, draft)
    assert len(world.us.node.packets.ids()) == 1


async def test_a_button_of_an_entity_keeps_its_place_on_the_page(
    world: Simulation, ana: Browser
) -> None:
    values = {**wish(world, by="form", does="add", schema="BankAccount"), "e0": "Person"}
    text = (await post(ana, "/compose", values)).text
    places = re.findall(r'<section class="card entity" id="([^"]+)"', text)
    assert places == ["entity-0", "entity-1"]
    buttons = re.findall(r'<button[^>]* value="(add|more:1|drop:1)" formaction="([^"]+)"', text)
    # Each leads to the entity that it shows: the new one, the same, or the one before.
    assert dict(buttons) == {
        "add": "/compose#entity-2",
        "more:1": "/compose#entity-1",
        "drop:1": "/compose#entity-0",
    }


async def test_ids_of_new_entities_do_not_repeat(world: Simulation, ana: Browser) -> None:
    place = f"/compose?terms={terms(world)}&kind=lead&by=form"
    ids = {entities_in((await ana.get(place)).text)[0][1] for _ in range(3)}
    assert len(ids) == 3  # entities of one id are one entity for every partner


async def test_an_error_stands_beside_its_field(world: Simulation, ana: Browser) -> None:
    values = {
        **wish(world, kind="value-transfer", by="form"),
        "e0": "TransferLeg",
        "e0.id": "leg",
        "e0.side": "sideways",
        "e0.amount": "many",
        "e0.currency": "QQQ",
        "e0.date": "yesterday",
        "e1": "BankAccount",
        "e1.id": "account",
        "e1.iban": "DE02120300000000202052",
        "e2": "Person",
        "e2.id": "p",
        "e2.phone": "55 5555 0142",
        "e2.birthDate": "1979-02-30",
    }
    reply = await post(ana, "/compose", values)
    assert reply.status_code in (400, 403)
    assert "TL-PKT" in reply.text
    for name, why in {
        "e0.side": "none of: pay-in, pay-out",
        "e0.amount": "not a decimal number",
        "e0.currency": "not a currency code",
        "e0.date": "not a day as",
        "e1.iban": "the check digit of the iban",
        "e2.phone": "not a telephone number",
        "e2.birthDate": "no such day",
    }.items():
        assert re.search(rf'id="{re.escape(name)}\.why"[^>]*>{re.escape(why)}', reply.text), name
    assert ">\nsideways</textarea>" in reply.text  # what was typed is kept


def payment(world: Simulation, **more: str | list[str]) -> dict[str, str | list[str]]:
    """The form of a lead with one payment."""
    values = {"e0": "Payment", "e0.id": "p1", "e0.amount": "250,000.50", "e0.currency": "usd"}
    return {**wish(world, by="form"), **values, "e0.date": "25/04/2026", **more}


async def test_a_sum_as_people_write_it_is_understood_and_shown(
    world: Simulation, ana: Browser
) -> None:
    page = text_of((await ana.get(await drafted(ana, payment(world)))).text)
    assert "Payment, Amount: understood as 250000.50." in page
    assert "Payment, Currency: understood as USD." in page
    assert "Payment, Date: understood as 2026-04-25." in page
    assert re.search(r"Amount finance\.amount Generalised 100000-500000 .+? Clear 250000\.50", page)
    assert re.search(r"Currency finance\.amount Generalised USD", page)
    assert "has no coarser form" not in page


@pytest.mark.parametrize(
    ("amount", "readings"),
    [
        ("1,234", ["1234", "1.2340"]),
        ("1.234", ["1234", "1.2340"]),
        ("EUR 250.000", ["250000 EUR", "250.0000 EUR"]),
    ],
)
async def test_a_sum_with_two_readings_is_asked_about(
    world: Simulation, ana: Browser, amount: str, readings: list[str]
) -> None:
    values = payment(world, **{"e0.amount": amount, "e0.currency": ""})
    asked = await post(ana, "/compose", values)
    assert asked.status_code == 400
    offered = re.findall(r'name="read\.e0\.amount\.0" value="([^"]+)"', asked.text)
    assert offered == readings
    assert f">\n{amount}</textarea>" in asked.text
    forged = await post(ana, "/compose", {**values, "read.e0.amount.0": "9"})
    assert forged.status_code == 400
    draft = await drafted(ana, {**values, "read.e0.amount.0": readings[0]})
    number, _, currency = readings[0].partition(" ")
    page = text_of((await ana.get(draft)).text)
    assert f"Clear {number}" in page
    assert not currency or f"Clear {currency}" in page


async def test_a_date_with_two_readings_is_asked_about(world: Simulation, ana: Browser) -> None:
    values = payment(world, **{"e0.date": "03/04/2026", "e0.amount": "5\n1.234"})
    asked = await post(ana, "/compose", values)
    offered = re.findall(r'name="read\.(e0\.\w+\.\d)" value="([^"]+)"', asked.text)
    assert offered == [
        ("e0.amount.1", "1234"),
        ("e0.amount.1", "1.2340"),
        ("e0.date.0", "2026-04-03"),
        ("e0.date.0", "2026-03-04"),
    ]
    chosen = {"read.e0.date.0": "2026-03-04", "read.e0.amount.1": "1.2340"}
    page = text_of((await ana.get(await drafted(ana, {**values, **chosen}))).text)
    assert "Clear 2026-03-04" in page
    assert "Clear 5 · 1.2340" in page


async def test_what_cannot_be_read_is_sent_only_as_it_was_typed_and_said_to_be_lessened(
    world: Simulation, ana: Browser
) -> None:
    values = payment(world, **{"e0.amount": "$5", "e0.currency": "usd"})
    asked = await post(ana, "/compose", values)
    assert asked.status_code == 400
    assert "several currencies have this sign" in asked.text
    assert ">\nUSD</textarea>" in asked.text  # the others are understood meanwhile
    assert "Understood so; you wrote: usd" in asked.text
    draft = await drafted(ana, {**values, "e0.currency": "USD", "e0.date": "2026", "as_typed": "1"})
    page = text_of((await ana.get(draft)).text)
    lessened = "The value has no coarser form: the partner learns only that it exists."
    assert re.search(rf"Amount finance\.amount Exists {re.escape(lessened)} .+? Clear \$5", page)
    assert page.count(lessened) == 1


async def test_a_currency_beside_a_sum_fills_its_field_or_is_contradicted(
    world: Simulation, ana: Browser
) -> None:
    values = payment(world, **{"e0.amount": "250.000,50 €", "e0.currency": ""})
    page = text_of((await ana.get(await drafted(ana, values))).text)
    assert "Clear 250000.50" in page
    assert "Clear EUR" in page
    other = await post(ana, "/compose", {**values, "e0.currency": "USD"})
    assert other.status_code == 400
    assert "the currency beside the sum is another than the entity" in other.text


async def test_a_cas_number_is_checked(world: Simulation, ana: Browser) -> None:
    values = {
        **wish(world, kind="precursor-incident", by="form"),
        "terms": terms(world, "precursors"),
        "purpose": "precursor-control",
        "e0": "Substance",
        "e0.id": "s",
        "e0.casNumber": "23056-29-4",
    }
    reply = await post(ana, "/compose", values)
    assert re.search(r'id="e0\.casNumber\.why"[^>]*>not a CAS number', reply.text)


async def test_a_table_is_mapped(world: Simulation, ana: Browser) -> None:
    mapping = (
        '[entities.person]\nschema = "Person"\nid = ["number"]\n'
        '[entities.person.properties]\nname = "name"\n'
    )
    form = await ana.get(f"/compose?terms={terms(world)}&kind=lead&by=csv")
    assert 'name="mapping"' in form.text
    values = wish(world, by="csv", ftm="number,name\n1,Ana Ruiz\n", mapping=mapping)
    reply = await post(ana, "/compose", values)
    if reply.status_code != 303:  # the keys of a mapping are in the refusal
        pytest.fail(text_of(reply.text))
    assert "Ana Ruiz" in (await ana.get(reply.headers["location"])).text


async def test_entities_without_a_link_are_told_to_part(world: Simulation, ana: Browser) -> None:
    told = "Entities without a link go in separate packets."
    assert told not in (await ana.get(await drafted(ana, wish(world)))).text
    stray = json.dumps({"id": "stray", "schema": "Person", "properties": {"name": ["Chen Dawei"]}})
    apart = await ana.get(await drafted(ana, wish(world, ftm=f"{FTM.strip()}\n{stray}\n")))
    assert told in apart.text
    assert "Packet 2 of 2" in apart.text


async def test_a_file_is_read(world: Simulation, ana: Browser) -> None:
    files = {"file": ("lead.ftm.json", FTM.encode(), "application/json")}
    reply = await post(ana, "/compose", wish(world, ftm=""), files)
    assert reply.status_code == 303
    bad = {"file": ("lead.ftm.json", b"\xff\xfe<html>", "text/html")}
    reply = await post(ana, "/compose", wish(world, ftm=""), bad)
    assert reply.status_code in (400, 403)
    assert "refusal" in reply.text


async def test_documents_are_attached_and_only_of_types_that_travel(
    world: Simulation, ana: Browser
) -> None:
    draft = await drafted(ana, wish(world))
    for name, content in {
        "a.svg": b"<svg onload=alert(1)/>",
        "a.html": b"<script>alert(1)</script>",
        "a.png": b"<svg onload=alert(1)/>",
        "a.pdf": DOT,
        "a": DOT,
        "empty.png": b"",
    }.items():
        files = {"file": (name, content, "image/png")}
        reply = await post(ana, f"{draft}/document", {"category": ""}, files)
        assert reply.status_code in (400, 403), name
        assert "alert(1)" not in reply.text
    files = {"file": ('裘"><b>.png', DOT, "image/png")}
    reply = await post(ana, f"{draft}/document", {"category": ""}, files)
    assert reply.status_code == 303, reply.text
    draft = reply.headers["location"]
    page = await ana.get(draft)
    assert "<b>" not in page.text.split("<main")[1]
    (name,) = re.findall(r'name="name" value="([^"]+)"', page.text)
    again = await post(ana, f"{draft}/document", {"category": ""}, files)
    assert "a document of that name is there already" in html.unescape(again.text)
    reply = await changed(ana, draft, {"does": "detach", "name": html.unescape(name)})
    assert 'name="name"' not in (await ana.get(reply.headers["location"])).text


async def test_a_refused_change_stands_on_the_page_of_its_draft(
    world: Simulation, ana: Browser
) -> None:
    draft = await drafted(ana, wish(world))
    files = {"file": ("a.svg", b"<svg/>", "image/svg+xml")}
    refused = await post(ana, f"{draft}/document", {"category": ""}, files)
    assert "What each partner will see" in refused.text
    assert 'class="refusal" role="alert"' in refused.text
    assert 'type="file"' in refused.text
    files = {"file": ("a.png", DOT, "image/png")}
    reply = await post(ana, f"{draft}/document", {"category": ""}, files)
    assert "a.png" in (await ana.get(reply.headers["location"])).text


async def test_a_field_is_protected_more_strictly(world: Simulation, ana: Browser) -> None:
    draft = await drafted(ana, wish(world))
    values = {"does": "guard", "field": "company-lantern/notes", "category": "identity.source"}
    reply = await changed(ana, draft, values)
    page = text_of((await ana.get(reply.headers["location"])).text)
    assert "Notes identity.source Withheld" in page
    loose = {"does": "guard", "field": "account-lantern/iban", "category": "reference"}
    assert (await changed(ana, draft, loose)).status_code in (400, 403)
    unknown = {"does": "guard", "field": "nobody/nothing", "category": "method"}
    assert (await changed(ana, draft, unknown)).status_code == 400


async def test_a_text_that_names_a_guarded_value_needs_a_reason(
    world: Simulation, ana: Browser
) -> None:
    draft = await drafted(ana, wish(world, to=["cn-public-security"], narrative="x"))
    transfer = json.loads(FTM.splitlines()[-1])
    transfer["properties"]["purpose"] = ["Mirror transfer, call +525555550142"]
    text = "\n".join([*FTM.splitlines()[:-1], json.dumps(transfer)])
    draft = await drafted(ana, wish(world, ftm=text))
    page = text_of((await ana.get(draft)).text)
    assert "which cn-public-security may not have in clear." in page
    assert 'name="repeats"' in (await ana.get(f"{draft}/send")).text
    reply = await sent(ana, draft)
    assert reply.status_code == 403
    assert "TL-POL-030" in reply.text
    assert not world.us.node.packets.ids()
    reason = "The partner asked for this number itself."
    reply = await ana.post(f"{draft}/send-red", {"csrf": await ana.csrf(), "repeats": reason})
    assert (reply.status_code, f"{reason}</textarea>" in reply.text) == (403, True)
    reply = await sent(ana, draft, repeats=reason)
    assert reply.status_code == 303
    (packet,) = world.us.node.packets.ids()
    assert world.us.node.packets.repeats(packet)


async def test_a_document_that_cannot_be_searched_needs_a_reason_and_loses_its_metadata(
    world: Simulation, ana: Browser
) -> None:
    draft = await drafted(ana, wish(world))
    values = {"does": "guard", "field": "company-lantern/notes", "category": "identity.source"}
    draft = (await changed(ana, draft, values)).headers["location"]
    files = {"file": ("a.jpg", jpeg((0xE1, exif())), "image/jpeg")}
    reply = await post(ana, f"{draft}/document", {"category": ""}, files)
    draft = reply.headers["location"]
    page = text_of((await ana.get(draft)).text)
    assert "a.jpg cannot be searched for values that mx-prosecutor" in page
    assert "may not have in clear: an image." in page
    assert "location: 19.00000, -99.00000" in page
    digest = hashlib.sha256(jpeg((0xE1, exif()))).hexdigest()
    assert digest[:16] in page
    reply = await changed(ana, draft, {"does": "strip", "name": "a.jpg"})
    draft = reply.headers["location"]
    page = text_of((await ana.get(draft)).text)
    assert "It has metadata" not in page
    assert hashlib.sha256(jpeg()).hexdigest()[:16] in page
    reply = await sent(ana, draft)
    assert reply.status_code == 403
    assert "TL-POL-031" in reply.text
    assert not world.us.node.packets.ids()
    reply = await sent(ana, draft, repeats="I looked at it.")
    assert reply.status_code == 303
    assert world.us.node.packets.repeats(world.us.node.packets.ids()[0])


async def test_feedback_names_the_packet_it_is_about(world: Simulation, ana: Browser) -> None:
    (packet,) = await world.mx.send(world.us)
    await world.us.node.receive()
    first = await ana.get(f"/compose?source={packet.hex()}")
    assert re.search(r'<option value="feedback" selected>', first.text)
    form = await ana.get(
        f"/compose?terms={terms(world)}&kind=feedback&by=form&source={packet.hex()}"
    )
    assert f">\n{packet.hex()}</textarea>" in form.text
    missing = await ana.get(f"/compose?source={'ab' * 32}")
    assert missing.status_code == 404


async def test_a_packet_is_corrected_for_its_recipients(world: Simulation, ana: Browser) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    place = f"/packets/{packet.hex()}/correct"
    page = await ana.get(f"{place}?by=ftm")
    (text,) = re.findall(r'<textarea id="ftm"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    text = html.unescape(text)
    assert "DE02120300000000202051" in text
    assert [each.actor for each in accesses(world.us)] == ["ana", "ana"]
    changed = text.replace("1847250", "1874250")
    values = {"ftm": changed, "narrative": "", "evaluation": "X4"}
    reply = await post(ana, place, values)
    draft = reply.headers["location"]
    shown = text_of((await ana.get(draft)).text)
    assert "Amount mx-prosecutor 1847250 1874250" in shown
    last = await ana.get(f"{draft}/send")
    assert "This correction leaves" in last.text
    reply = await sent(ana, draft)
    (newest, _) = world.us.node.packets.ids()
    assert reply.headers["location"] == f"/packets/{newest.hex()}?done=corrected"
    assert world.us.node.corrections.newest(packet) == newest
    broken = await post(ana, place, {**values, "ftm": "no entity"})
    assert broken.status_code == 400
    assert "no entity</textarea>" in broken.text


async def test_a_guard_that_a_correction_ends_is_named_before_it_leaves(
    world: Simulation, ana: Browser
) -> None:
    def person(ftm_id: str, name: str) -> str:
        return json.dumps({"id": ftm_id, "schema": "Person", "properties": {"name": [name]}})

    us = world.us.node
    group = Group(
        entities=(Entity(id="s1", schema="Person", properties={"name": ("Lopez Arriaga",)}),),
        outside=(),
    )
    about = About(article=ARTICLE, purpose=PURPOSE, guarded={("s1", "name"): "identity.source"})
    first = us.packets.draft(group, about, agreement="narcotics-2026")
    (packet,) = (await us.packets.send([us.packets.plan(first, [world.mx.node.uri])])).packets
    values = {"ftm": person("s2", "Lopes Arriaga"), "narrative": "", "evaluation": "X4"}
    draft = (await post(ana, f"/packets/{packet.hex()}/correct", values)).headers["location"]
    told = "Person/name was guarded from mx-prosecutor, and has no guarded successor."
    assert told in text_of((await ana.get(draft)).text)
    assert 'name="repeats"' in (await ana.get(f"{draft}/send")).text
    assert (await sent(ana, draft)).status_code != 303
    assert us.corrections.superseded() == {}


def filled(page: str) -> dict[str, str | list[str]]:
    """The fields of a form of entities as a browser would send them."""
    typed = re.findall(r'<textarea id="[^"]+" name="([^"]+)"[^>]*>\n(.*?)</textarea>', page, re.S)
    inputs = re.findall(r'<input[^>]* name="(by|e\d+|e\d+\.id)" value="([^"]*)"', page)
    chosen = re.findall(
        r'<select id="[^"]+" name="(e\d+\.\w+)">(?:(?!</select>).)*?value="([^"]+)" selected',
        page,
        re.S,
    )
    return {name: html.unescape(value) for name, value in [*inputs, *typed, *chosen]}


async def test_a_correction_is_made_in_the_form_of_its_entities(
    world: Simulation, ana: Browser
) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    place = f"/packets/{packet.hex()}/correct"
    page = await ana.get(place)
    assert 'name="ftm"' not in page.text
    values = filled(page.text) | {"evaluation": "X4"}
    more = await post(ana, place, {**values, "does": "add", "schema": "Vehicle"})
    assert "<h2>Vehicle</h2>" in more.text
    (amount,) = (name for name, value in values.items() if value == "1847250")
    wrong = await post(ana, place, {**values, amount: "much", "does": "preview"})
    assert wrong.status_code == 400
    reply = await post(ana, place, {**values, amount: "1874250", "does": "preview"})
    shown = text_of((await ana.get(reply.headers["location"])).text)
    changes = shown.partition("Changes")[2].partition("Field Category")[0]
    assert "Amount mx-prosecutor 1847250 1874250" in changes
    assert changes.count("mx-prosecutor") == 1


async def test_a_value_that_looks_wrong_is_asked_about_before_the_preview(
    world: Simulation, ana: Browser
) -> None:
    values = wish(world, by="form", e0="BankAccount", does="preview") | {
        "e0.id": "account",
        "e0.iban": "DE02120300000000202052",
    }
    asked = await post(ana, "/compose", values)
    assert asked.status_code == 400
    assert "the check digit of the iban does not hold" in asked.text
    assert "A value above looks wrong" in asked.text
    assert (await post(ana, "/compose", {**values, "as_typed": "1"})).status_code == 303


async def test_a_partner_s_packet_is_not_corrected(world: Simulation, ana: Browser) -> None:
    (packet,) = await world.mx.send(world.us)
    await world.us.node.receive()
    place = f"/packets/{packet.hex()}/correct"
    assert (await ana.get(place)).status_code == 404
    reply = await post(ana, place, {"ftm": FTM, "evaluation": "X4"})
    assert reply.status_code == 404
    assert not accesses(world.us)


async def test_under_four_eyes_it_waits_for_another_person(
    world: Simulation, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tearline_client.console.pages.compose import review
    from tearline_client.drafting import release

    for module in (review, release):
        monkeypatch.setattr(module, "takes_two", lambda *_: True)
    draft = await drafted(ana, wish(world))
    assert "other than you approves it" in (await ana.get(f"{draft}/send")).text
    reply = await sent(ana, draft)
    assert reply.headers["location"] == "/compose?done=waits"
    assert "requires a second person" in (await ana.get(reply.headers["location"])).text
    (waiting,) = world.us.node.approvals.waiting()
    assert waiting.drafter.subject == "ana"
    assert not world.us.node.packets.ids()


async def test_what_is_for_named_eyes_alone_has_a_page_of_its_own(
    world: Simulation, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tearline_client.console.pages.compose.prepared import Prepared

    draft = await drafted(ana, wish(world))
    monkeypatch.setattr(Prepared, "is_red", lambda _: True)
    assert "TLP:RED" in (await ana.get(f"{draft}/send-red")).text
    reply = await ana.post(f"{draft}/send", {"csrf": await ana.csrf()})
    assert reply.status_code == 403
    assert not world.us.node.packets.ids()
    reply = await sent(ana, draft)
    assert reply.status_code == 303
    assert len(world.us.node.packets.ids()) == 1


async def test_a_draft_is_its_person_s_alone(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    draft = await drafted(ana, wish(world))
    bob = await theirs.signed_in("bob")
    for place in (draft, f"{draft}/send", f"{draft}/send-red", "/compose/" + "ab" * 16):
        replies = [await bob.get(place)]
        if "send" in place:
            replies.append(await bob.post(place, {"csrf": await bob.csrf()}))
        else:
            replies.append(await changed(bob, place, {"does": "detach", "name": "x"}))
        assert [each.status_code for each in replies] == [404, 404], place
    rita = await theirs.signed_in("rita")
    assert (await rita.get(draft)).status_code == 403
    assert (await rita.get("/compose")).status_code == 403
    assert not world.us.node.packets.ids()
    assert "/compose" not in (await rita.get("/to-do")).text


async def test_drafts_are_few_and_end(
    world: Simulation, theirs: ConsoleUnderTest, ana: Browser
) -> None:
    drafts = [await drafted(ana, wish(world)) for _ in range(MAX_PERSON_DRAFTS + 1)]
    assert [(await ana.get(each)).status_code for each in drafts] == [404, 200, 200]
    theirs.clock.now_s += CONSOLE_DRAFT_S - 1
    await ana.sign_in("ana")
    assert (await ana.get(drafts[-1])).status_code == 200
    theirs.clock.now_s += 1
    assert (await ana.get(drafts[-1])).status_code == 404


async def test_no_contents_stand_in_an_address(world: Simulation, ana: Browser) -> None:
    draft = await drafted(ana, wish(world, narrative="Cash changes hands."))
    assert re.fullmatch(r"/compose/[0-9a-f]{64}", draft)
    page = await ana.get(draft)
    places = re.findall(r'(?:href|action|src)="([^"]+)"', page.text)
    assert not [each for each in places if "Qiu" in each or "1847250" in each]
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "record-request"},
        {"kind": "letter"},
        {"terms": "x"},
        {"terms": ""},
        {"by": "odf"},
        {"to": []},
        {"to": ["nobody"]},
        {"to": ["us-justice"]},
        {"purpose": "curiosity"},
        {"urgency": "now"},
        {"evaluation": "Z9"},
        {"case": "no such case"},
        {"source": "abcdef"},
        {"ftm": ""},
        {"ftm": '{"id": "x", "schema": "Person", "properties": {"name": ["' + "x" * 9 + '"]}}\n[]'},
        {"does": "more:9"},
        {"does": "drop:-1"},
        {"does": "add", "schema": "Thing"},
        {"does": "add", "schema": "<script>"},
        {"by": "csv", "mapping": "not = [toml"},
    ],
    ids=str,
)
async def test_bad_input_is_refused_and_sends_no_packet(
    world: Simulation, ana: Browser, odd: dict[str, str | list[str]]
) -> None:
    reply = await post(ana, "/compose", wish(world, **odd))
    assert reply.status_code in (400, 403, 404), reply.text
    assert "TL-" in reply.text
    assert not world.us.node.packets.ids()


async def test_too_much_is_refused(world: Simulation, ana: Browser) -> None:
    people = "\n".join(
        json.dumps({"id": f"p{i}", "schema": "Person", "properties": {"name": [f"Ana {i}"]}})
        for i in range(MAX_CONSOLE_PACKETS + 1)
    )
    reply = await post(ana, "/compose", wish(world, ftm=people))
    assert "tearline import" in reply.text
    many = {f"e{i}": "Person" for i in range(MAX_CONSOLE_ENTITIES + 1)}
    reply = await post(ana, "/compose", {**wish(world, by="form"), **many})
    assert reply.status_code == 400
    big = {"file": ("a.json", b"x" * MAX_CONSOLE_UPLOAD_BYTES, "application/json")}
    reply = await post(ana, "/compose", wish(world, ftm=""), big)
    assert reply.status_code == 400
    assert "TL-USE-008" in reply.text


async def test_a_form_of_another_session_composes_no_packet(
    world: Simulation, ana: Browser
) -> None:
    draft = await drafted(ana, wish(world))
    for path in ("/compose", draft, f"{draft}/send"):
        reply = await ana.post(path, {"csrf": "x", "does": "preview"})
        assert reply.status_code == 400
        assert "TL-USE-008" in reply.text
    assert not world.us.node.packets.ids()


@pytest.mark.parametrize("injected", INJECTIONS)
async def test_no_word_of_a_draft_runs_in_a_page(
    world: Simulation, ana: Browser, injected: str
) -> None:
    injected = injected.replace("\x00", "")
    words = f"Wenhao {injected}"
    fields = {"e0": "Person", "e0.id": words, "e0.name": words, "e0.phone": words}
    form = dict.fromkeys(("narrative", "reference", "source", "ftm", "mapping"), words)
    pages = [
        await post(
            ana,
            "/compose",
            {**wish(world, by="form", does="more:0", more0="alias", **form), **fields},
        ),
        await post(ana, "/compose", wish(world, by="csv", **form)),
        await post(ana, "/compose", {**wish(world, to=[words]), **form}),
        await ana.get(f"/compose?terms={terms(world)}&kind=lead&by=form&source={quote(words)}"),
    ]
    person = {"id": "x", "schema": "Person", "properties": {"name": [words], "notes": [words]}}
    lead = wish(world, ftm=json.dumps(person), narrative=words)
    draft = await drafted(ana, lead)
    files = {"file": (f"{quote(words)}.png", DOT, "image/png")}
    reply = await post(ana, f"{draft}/document", {"category": ""}, files)
    assert reply.status_code == 303, reply.text
    draft = reply.headers["location"]
    pages += [await ana.get(draft), await ana.get(f"{draft}/send")]
    for page in pages:
        assert page.status_code in (200, 400, 404)
        assert "Wenhao" in page.text or page is pages[-1]  # which has the name of the file alone
        text = page.text.split("<main")[1]
        assert "<script" not in text
        found = set(re.findall(r"<(\w+)", text))
        assert not found & {"svg", "img", "base", "style", "math", "iframe", "b"}
        assert not re.search(r"<[^>]* on\w+=", re.sub(r'"[^"]*"', '""', text))


async def test_every_offered_schema_has_a_form(world: Simulation, ana: Browser) -> None:
    shown = [name for name, each in SCHEMATA.items() if not each.abstract]
    for begin in range(0, len(shown), MAX_CONSOLE_ENTITIES - 1):
        part = shown[begin : begin + MAX_CONSOLE_ENTITIES - 1]
        values: dict[str, str | list[str]] = dict(wish(world, by="form", does="add"))
        values |= {f"e{i}": name for i, name in enumerate(part)}
        reply = await post(ana, "/compose", {**values, "schema": part[0]})
        assert reply.status_code == 200
        assert len(entities_in(reply.text)) >= 1


def save(book: openpyxl.Workbook, target: io.BytesIO) -> None:
    """Saves a workbook by the library, which writes to a temporary file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", None)
        book.save(target)


async def test_a_spreadsheet_is_uploaded_with_a_mapping(world: Simulation, ana: Browser) -> None:
    book, target = openpyxl.Workbook(), io.BytesIO()
    book.active.append(("Name", "Born"))
    book.active.append(("Qiu Wenhao", datetime.date(1979, 3, 14)))
    save(book, target)
    mapping = '[entities.a]\nschema = "Person"\nid = "row"\n'
    mapping += '[entities.a.properties]\nname = "Name"\nbirthDate = "Born"\n'
    given = wish(world, by="csv", mapping=mapping)
    upload = {"file": ("people.xlsx", target.getvalue(), "application/octet-stream")}
    reply = await post(ana, "/compose", given, upload)
    page = text_of((await ana.get(reply.headers["location"])).text)
    assert "Qiu Wenhao" in page
    assert "1979-03-14" in page
    broken = {"file": ("people.xlsx", target.getvalue()[:200], "application/octet-stream")}
    reply = await post(ana, "/compose", given, broken)
    assert (reply.status_code, "not a workbook" in reply.text) == (400, True)


async def test_hidden_columns_of_a_spreadsheet_are_told_and_read_if_a_person_asks(
    world: Simulation, ana: Browser
) -> None:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in (("Born", "Name"), (datetime.date(1979, 3, 14), "Qiu Wenhao")):
        book.active.append(row)
    book.active.column_dimensions["B"].hidden = True
    save(book, target)
    upload = {"file": ("people.xlsx", target.getvalue(), "application/octet-stream")}
    given = wish(world, by="csv", ftm="", does="table")
    told = text_of((await post(ana, "/compose", given, upload)).text)
    assert "column B" in told
    assert "the column is hidden" in told
    assert "Qiu Wenhao" not in told
    whole = await post(ana, "/compose", {**given, "hidden": "1"}, upload)
    assert "Qiu Wenhao" in whole.text
    assert "the column is hidden" not in whole.text
    assert re.search('name="hidden" value="1" checked', whole.text)
    mapping = (
        '[entities.a]\nschema = "Person"\nid = "row"\n[entities.a.properties]\nname = "Name"\n'
    )
    sent = wish(world, by="csv", mapping=mapping)
    refused = await post(ana, "/compose", sent, upload)
    assert "hidden = true in the mapping" in html.unescape(refused.text)
    reply = await post(ana, "/compose", {**sent, "hidden": "1"}, upload)
    assert "Qiu Wenhao" in text_of((await ana.get(reply.headers["location"])).text)


async def test_columns_are_mapped_by_boxes_under_the_first_rows(
    world: Simulation, ana: Browser
) -> None:
    table = "Name;Born;Remark\nMaría Peña;1979-03-14;<b>x\n".encode("cp1252")
    upload = {"file": ("people.csv", table, "text/csv")}
    shown = await post(ana, "/compose", wish(world, by="csv", ftm="", does="table"), upload)
    assert shown.status_code == 200
    text = text_of(shown.text)
    assert "Read as CP1252, separated by semicolons. No byte order mark says so" in text
    assert "María Peña" in text
    assert "<b>x" not in shown.text.replace("&lt;b&gt;x", "")
    # A column with the name of a property supplies it, until a person chooses another.
    assert '<option value="name" selected>' in shown.text
    boxes = {"column0": "name", "column1": "birthDate", "column2": "", "id0": "1"}
    chosen = {"by": "csv", "ftm": table.decode("cp1252"), "schema": "Person", "mapped": "Person"}
    written = await post(ana, "/compose", wish(world, does="map", **chosen, **boxes))
    (mapping,) = re.findall(r'<textarea id="mapping"[^>]*>(.*?)</textarea>', written.text, re.S)
    reply = await post(ana, "/compose", wish(world, **chosen, mapping=html.unescape(mapping)))
    page = text_of((await ana.get(reply.headers["location"])).text)
    assert "María Peña" in page
    assert "1979-03-14" in page
    for wrong in ({"column0": ""}, {"column0": "no-such"}, {"schema": "Thing"}, {"ftm": ""}):
        refused = await post(ana, "/compose", {**wish(world, does="map", **chosen), **wrong})
        assert refused.status_code == 400
