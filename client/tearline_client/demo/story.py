"""The story, step by step: each step makes a claim, acts, and proves the claim by evidence."""

import shutil
import sqlite3
from pathlib import Path

from tearline.errors import NotFound
from tearline.verification.trust import founded
from tearline_client.audit.verifier import AuditVerifier, Outcome
from tearline_client.demo.cooperation import case, correct, precursor, recall, request, suspend
from tearline_client.demo.lead import (
    ACCOUNT,
    AGREEMENT,
    AMOUNT,
    NARRATIVE,
    OWN_POLICY,
    SECRETS,
    SOURCE,
    SUSPECT,
    lead_jsonl,
)
from tearline_client.demo.step import CN, MX, US, Step, StepResult, Story
from tearline_client.demo.world import AGENCIES
from tearline_client.founding.charter_file import read_federation

_DECIDING = "dora"
"""The person who may override the agency's own policies."""


def federation(story: Story) -> StepResult:
    """Creates three agencies and an exchange; three roots sign one charter."""
    world = story.world
    for name, agency in world.agencies.items():
        agency.begin("found", agency=name, domain=AGENCIES[name])
    enrolment = world.exchange.init()
    files = [agency.end() for agency in world.agencies.values()]
    trust = world.folder / "federation.trust"
    us, cn, mx = world.agencies.values()
    federation_id = us.ask(
        "draft_charter", exchange=str(enrolment), agencies=files, target=str(trust)
    )
    cn.ask("sign_charter", path=str(trust))
    early = mx.refused("pin", path=str(trust))
    roots = mx.ask("sign_charter", path=str(trust))
    world.all("pin", path=str(trust))
    world.exchange.trust(trust)
    world.exchange.serve()
    us.ask("write_policy", text=OWN_POLICY)
    opened = world.all("open")
    return StepResult(
        proved=roots == 3
        and early is not None
        and early.code.startswith("TL-TRU")
        and all(node["keys"] == 3 for node in opened.values()),
        lines=[
            f"federation {federation_id[:16]}…, signed by {roots} roots",
            f"with only two roots, {MX} refused it: {early.code if early else 'not refused'}",
            "each node published its signing, encryption and cosigning keys in the log",
        ],
        evidence={"federation": federation_id, "roots": roots, "file": str(trust)},
    )


def agreement(story: Story) -> StepResult:
    """Puts an agreement in force once all three parties signed."""
    world = story.world
    us, cn, mx = world.agencies.values()
    path = str(world.folder / "narcotics-2026.agreement")
    us.ask("draft_agreement", text=AGREEMENT, target=path)
    cn.ask("sign_agreement", path=path)
    early = us.refused("publish_agreement", path=path)
    signed = mx.ask("sign_agreement", path=path)
    mx.ask("publish_agreement", path=path)
    world.all("receive")
    held = world.all("agreements")
    return StepResult(
        proved=early is not None
        and early.code.startswith("TL-AGR")
        and signed == 3
        and all(names == ["narcotics-2026"] for names in held.values()),
        lines=[
            f"with two signatures it was refused: {early.code if early else 'not refused'}",
            "with three it is in force, and every node stores a copy",
        ],
        evidence={"agreement": "narcotics-2026", "signatures": signed, "file": path},
    )


def preview(story: Story) -> StepResult:
    """Previews each partner's view before sending."""
    story.lead.write_text(lead_jsonl(), encoding="utf-8")
    us = story.world.agencies[US]
    cells = us.ask("preview", source=str(story.lead), order=story.order, narrative=NARRATIVE)
    partners = {f"spiffe://{AGENCIES[name]}/node/liaison": name for name in (CN, MX)}
    seen: dict[str, dict[str, str]] = {}
    for cell in cells:
        shown = cell["shown"] or cell["form"]
        seen.setdefault(cell["path"].partition("/")[2], {})[partners[cell["partner"]]] = shown
    width = max(map(len, seen))
    lines = [f"{'':{width}}  {CN:34}  {MX}"]
    lines += [
        f"{path:{width}}  {_cut(row[CN], 34):34}  {_cut(row[MX], 34)}"
        for path, row in sorted(seen.items())
    ]
    amount = seen["Payment/amount"]
    return StepResult(
        proved=amount[MX] == AMOUNT
        and amount[CN] == "1000000-5000000"
        and seen["Company/notes"] == {CN: "withheld", MX: "exists"}
        and all(cell["policies"] for cell in cells if cell["form"] != "withheld"),
        lines=lines,
        evidence={"cells": len(cells), "command": "tearline packet preview lead.jsonl …"},
    )


def send(story: Story) -> StepResult:
    """Sends the lead: sealed once, granted twice, logged before its receipt."""
    us = story.world.agencies[US]
    sent = us.ask("send", source=str(story.lead), order=story.order, narrative=NARRATIVE)
    story.packet = sent["packets"][0]
    found, searched = _secrets_in_exchange(story)
    return StepResult(
        proved=sent["accepted"] == 3 and not sent["refused"] and not found and searched,
        lines=[
            f"packet {story.packet[:16]}…: one signature, one packet, two grants",
            f"three receipts, with log entries {', '.join(map(str, sent['entries']))}",
            f"no file of the exchange contains any of its {len(SECRETS)} secret values",
        ],
        evidence={"packet": story.packet, "entries": sent["entries"], "found": found},
    )


def views(story: Story) -> StepResult:
    """Opens each partner's view; the tear line shows the fields kept back."""
    cn, mx = story.world.agencies[CN], story.world.agencies[MX]
    for agency in (cn, mx):
        agency.ask("receive")
    at_cn, at_mx = cn.ask("view"), mx.ask("view")
    us = story.world.agencies[US].ask("view", packet=story.packet)
    lines = []
    for name, view in ((CN, at_cn), (MX, at_mx)):
        lines.append(f"{name} sees")
        lines += [
            f"    {row['field'].partition('/')[2]:28} {row['form']:12} {_cut(row['shown'], 60)}"
            for row in view["rows"]
        ]
        lines += [f"    {line}" for line in view["below"]]
        lines.append("")
    text = {name: str(view) for name, view in ((CN, at_cn), (MX, at_mx), (US, us))}
    return StepResult(
        proved=SUSPECT in text[CN]
        and SUSPECT in text[MX]
        and SOURCE in text[US]
        and SOURCE not in text[CN] + text[MX]
        and AMOUNT in text[MX]
        and AMOUNT not in text[CN]
        and "identity.source" in str(at_mx["below"])
        and "identity.source" not in text[CN],
        lines=lines,
        evidence={
            "fields": {name: len(view["rows"]) for name, view in ((CN, at_cn), (MX, at_mx))},
            "command": "tearline packet show " + story.packet[:12],
        },
    )


def overstep(story: Story) -> StepResult:
    """Sends more than agreed from a patched node; the exchange refuses it by policy id."""
    us = story.world.agencies[US]
    refused = us.ask("overstep", source=str(story.lead), order=story.order)["refused"]
    story.world.agencies[CN].ask("receive")
    codes = [code for code, _ in refused]
    return StepResult(
        proved="TL-POL-009" in codes,
        lines=[f"refused: {code} {why}" for code, why in refused] or ["not refused"],
        evidence={"refused": refused},
    )


def disclose(story: Story) -> StepResult:
    """Releases one more field later, under the original signature."""
    us, cn = story.world.agencies[US], story.world.agencies[CN]
    before = str(cn.ask("view", packet=story.packet)["rows"])
    us.ask("add_person", name=_DECIDING, role="liaison")
    sent = us.ask(
        "disclose", packet=story.packet, field="BankAccount/iban", to=CN, person=_DECIDING
    )
    cn.ask("receive")
    after = str(cn.ask("view", packet=story.packet)["rows"])
    return StepResult(
        proved=ACCOUNT not in before and ACCOUNT in after and not sent["refused"],
        lines=[
            f"{CN} saw the account's bank and last two digits; now it sees the whole number:"
            " the agency's own policy withheld it until a person decided",
            f"log entry {', '.join(map(str, sent['entries']))}; the packet was not sealed again",
        ],
        evidence={"entries": sent["entries"], "field": "BankAccount/iban"},
    )


def receipts(story: Story) -> StepResult:
    """Shows the status of each grant, from receipts signed by its recipient."""
    for name in (CN, MX):
        story.world.agencies[name].ask("receive")
    statuses = story.world.agencies[US].ask("statuses", packet=story.packet)
    return StepResult(
        proved=len(statuses) == 3 and all(s["status"] in ("opened", "stored") for s in statuses),
        lines=[
            f"{s['partner']} signed: {s['status']}, for {'the lead' if s['whole'] else 'one field'}"
            for s in statuses
        ],
        evidence={"statuses": statuses},
    )


def audit(story: Story) -> StepResult:
    """Shows each partner's view of the account number, with proofs for an independent verifier."""
    us, folder = story.world.agencies[US], story.world.folder
    sightings = us.ask("who_saw", packet=story.packet, field="BankAccount/iban")
    proofs = folder / "proofs"
    proofs.mkdir()
    files = us.ask("prove", packet=story.packet, folder=str(proofs))
    # The verifier uses only the charter and the files.
    pinned = founded(read_federation(folder / "federation.trust"))
    verifier = AuditVerifier(pinned.members.log)
    honest = [verifier.judge(Path(file).read_bytes()).outcome for file in files]
    altered = bytearray(Path(files[0]).read_bytes())
    altered[100] ^= 1  # in the event: a bit of an unknown cosigner's signature would not matter
    forged = verifier.judge(bytes(altered)).outcome
    forms = sorted((s["partner"], s["form"]) for s in sightings if s["form"] != "withheld")
    cn, mx = (f"spiffe://{AGENCIES[name]}/node/liaison" for name in (CN, MX))
    return StepResult(
        proved=forms == sorted([(cn, "generalised"), (cn, "clear"), (mx, "clear")])
        and all(s["proven"] == "verified" for s in sightings)
        and set(honest) == {Outcome.VERIFIED}
        and forged is Outcome.FAILED,
        lines=[
            f"{s['partner']}: {s['form']}, article {s['article']}, log entry {s['entry']},"
            f" {s['proven']}"
            for s in sightings
        ]
        + [f"{len(files)} proof files verify offline; one with a single bit changed: {forged}"],
        evidence={"files": len(files), "command": "tearline audit verify proofs"},
    )


def tampering(story: Story) -> StepResult:
    """Edits the operator's database; verification detects it."""
    exchange = story.world.exchange
    exchange.stop()
    intact, words_intact = exchange.verify_log()
    copy = story.world.folder / "exchange-edited"
    shutil.copytree(exchange.home, copy)
    _edit_event(copy / exchange.database.name)
    edited, words = exchange.verify_log(copy)
    return StepResult(
        proved=intact == 0 and edited == 5,
        lines=[
            f"unchanged: {_last(words_intact)}",
            f"with one recipient edited: {_last(words)}",
        ],
        evidence={"intact": intact, "edited": edited, "command": "tearline-server verify-log"},
    )


STEPS = (
    Step(
        id="federation",
        title="Three agencies form a federation",
        claim="Every agency approved every member.",
        tell=federation,
    ),
    Step(
        id="agreement",
        title="They sign an agreement",
        claim="An agreement is in force only once every party signed it.",
        tell=agreement,
    ),
    Step(
        id="preview",
        title=f"{US} previews the packet",
        claim="Every cell shows a partner's view and its policy.",
        tell=preview,
    ),
    Step(
        id="send",
        title="The lead is sent",
        claim="The packet is accepted, logged, and unreadable to the exchange.",
        tell=send,
    ),
    Step(
        id="views",
        title="Two partners, two views",
        claim="Each partner sees its granted fields, and permitted notices of the rest.",
        tell=views,
    ),
    Step(
        id="overstep",
        title="A patched node tries to give more than agreed",
        claim="The exchange checks every grant against the agreement.",
        tell=overstep,
    ),
    Step(
        id="disclose",
        title="One more field, later",
        claim="A field can be released long after the packet was signed.",
        tell=disclose,
    ),
    Step(
        id="receipts",
        title="Receipts",
        claim="Each recipient signed the status of its grant.",
        tell=receipts,
    ),
    Step(
        id="audit",
        title="An auditor traces the account number",
        claim="Each disclosure and its article verify offline.",
        tell=audit,
    ),
    Step(
        id="case",
        title="They work on a joint case",
        claim="Packets can be filed only for case members, and each sees its own part.",
        tell=case,
    ),
    Step(
        id="request",
        title=f"{MX} asks for records, in an emergency",
        claim="All parties compute the same deadline; each item is answered or refused.",
        tell=request,
    ),
    Step(
        id="precursor",
        title=f"{CN} reports a diversion of precursors",
        claim="A mistyped substance is never sent, and each partner reads the right one.",
        tell=precursor,
    ),
    Step(
        id="correct",
        title=f"{US} corrects the amount in the lead",
        claim="Every recipient gets the correction, and the first packet names it.",
        tell=correct,
    ),
    Step(
        id="suspend",
        title=f"{CN} suspends the article and resumes it",
        claim="No packet passes during a suspension, and both parties can prove it.",
        tell=suspend,
    ),
    Step(
        id="recall",
        title=f"{US} recalls the lead and its correction from {CN}",
        claim="Recalled packets are erased, and the recipient signed the erasure.",
        tell=recall,
    ),
    Step(
        id="tampering",
        title="The operator edits the log",
        claim="An edited database does not verify.",
        tell=tampering,
    ),
)


def _secrets_in_exchange(story: Story) -> tuple[list[str], bool]:
    """Returns the secrets found in the exchange's files, and whether the search works."""
    data = b"".join(
        path.read_bytes() for path in story.world.exchange.home.rglob("*") if path.is_file()
    )
    found = [secret for secret in SECRETS if secret.encode() in data]
    # The packet id must be found, so that an empty result means something.
    return found, bytes.fromhex(story.packet) in data


def _edit_event(database: Path) -> None:
    """Edits the log's event to name another recipient."""
    connection = sqlite3.connect(database)
    row = connection.execute(
        "SELECT idx, event FROM event WHERE code = 'grant-accepted' ORDER BY idx LIMIT 1"
    ).fetchone()
    if row is None:
        raise NotFound("no grant was logged")
    index, event = row
    forged = event.replace(b"police.cn.example", b"others.cn.example")
    forged = forged.replace(b"fiscalia.mx.example", b"somebody.mx.example")
    connection.execute("UPDATE event SET event = ? WHERE idx = ?", (forged, index))
    connection.commit()
    connection.close()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _last(words: str) -> str:
    lines = [line for line in words.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"
