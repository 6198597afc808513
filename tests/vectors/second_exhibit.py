"""The second verifier's exhibits, from docs/spec/exhibit-v1.md alone: X-1 to X-3 and X-6 to X-12.

What is refused ends in a ValueError of the error's code and the rule.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from vectors.second_basics import commit, need, parse, sha
from vectors.second_log import blind, verify_inclusion, verify_note
from vectors.second_schema import Message
from vectors.second_statements import id_of, with_attestations
from vectors.second_trust import Trust
from vectors.second_verifier import cells, field_of, marked

PEM = re.compile(
    r"-----BEGIN TEARLINE EXHIBIT-----\n((?:[A-Za-z0-9+/=]{64}\n)*[A-Za-z0-9+/=]{1,64}\n)"
    r"-----END TEARLINE EXHIBIT-----\n"
)


@contextmanager
def under(rule: str) -> Iterator[None]:
    """Names the rule of exhibits beside that of what is inside."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error} ({rule})") from None


def read_file(text: str) -> bytes:
    """X-2, S-31."""
    found = PEM.fullmatch(text.replace("\r\n", "\n"))
    if found is None:
        raise ValueError("TL-USE-001 X-2: no file of that label")
    encoded = found[1].replace("\n", "")
    data = b64decode(encoded)
    need(b64encode(data).decode() == encoded, "TL-USE-001 X-2: another spelling")
    return data


def parse_exhibit(data: bytes) -> Message:
    """X-1; statements come back parsed."""
    need(len(data) <= 4 << 20, "TL-PKT-001 X-1: too large")
    with under("X-1"):
        exhibit = parse("Exhibit", data)
    manifest, *receipts = map(with_attestations, [exhibit["manifest"], *exhibit["receipts"]])
    ids = [id_of(receipt) for receipt in receipts]
    need(len({*ids}) == len(ids), "TL-PKT-001 X-1: a receipt twice")
    return exhibit | {"manifest": manifest, "receipts": dict(zip(ids, receipts, strict=True))}


def verify_event(event: Message, packet: bytes) -> None:
    """X-7, but for the actor."""
    fit = event["code"] in ("packet-accepted", "receipt") and event["outcome"] == "ok"
    need(fit and not event["decisions"], "TL-LOG-020 X-7: no event for an exhibit")
    own = event["code"] == "receipt" or event["statement_id"] == packet
    need(event["packet"] == packet and own, "TL-LOG-020 X-7: about another packet")


def open_field(manifest: Message, shown: Message) -> Message:
    """X-12, of one field."""
    slot, plaintext = shown["slot"], shown["plaintext"]
    slots = cells(manifest["slots"], 32)
    need(slot < len(slots), "TL-PKT-006 X-12: no such slot")
    where = manifest["packet_id"] + slot.to_bytes(4)
    found = commit("slot", where, shown["salt"], marked(shown), plaintext)
    need(found == slots[slot], "TL-PKT-006 X-12: not what was signed")
    with under("X-12"):
        return {"slot": slot, "field": field_of(plaintext, shown)}


def verify_receipt(trust: Trust, receipt: Message, event: Message, index: int) -> int:
    """X-11; gives the status."""
    need(receipt["type"] == 8, "TL-PKT-001 X-11: no receipt")
    header = trust.verify(receipt, index, event["time_ms"])
    body = parse("Receipt", receipt["body"])
    need(header["signer"] == event["actor"], "TL-LOG-020 X-11: of another node")
    to = (body["address"] or {}).get("recipient")
    need(to == event["counterpart"], "TL-LOG-020 X-11: for another node")
    return int(body["status"])


def verify_exhibit(text: str, federation: bytes) -> Message:
    """X-6 to X-12: what an exhibit shows."""
    exhibit = parse_exhibit(read_file(text))
    manifest, receipts, trust = (
        exhibit["manifest"],
        exhibit["receipts"],
        Trust(federation, is_partial=True),
    )
    packet, known, signer, leaves = id_of(manifest), [], "", []
    sightings = []
    for entry in exhibit["entries"]:
        index, content = entry["index"], entry["content"]
        if content[0] == 0:
            with under("X-6"):
                trust.read(index, content)
            leaves.append(sha(b"\0", content))
            continue
        with under("X-3"):
            opening = parse("LogOpening", content)
        need(manifest["type"] == 6, "TL-PKT-001 X-10: no manifest")
        need(opening["index"] == index, "TL-LOG-020 X-6: the opening of another index")
        event = parse("Event", opening["event"])
        verify_event(event, packet)
        leaves.append(sha(b"\0", blind(opening)))
        known.append((index, event))
        if len(known) == 1:
            with under("X-10"):
                signer = trust.verify(manifest, index, event["time_ms"])["signer"]
        if event["code"] == "receipt":
            receipt = receipts.pop(event["statement_id"], None)
            status = receipt and verify_receipt(trust, receipt, event, index)
            at = {"index": index, "time_ms": event["time_ms"]}
            sightings.append({"node": event["actor"], "status": status, "at": at})
        else:
            need(event["actor"] == signer, "TL-LOG-020 X-7: another originator")
    with under("X-9"):
        log = trust.members.at(1 << 62)[0]["log"]
        note = verify_note(exhibit["checkpoint"], log["origin"], log["verifier_keys"])
    with under("X-8"):
        for entry, leaf in zip(exhibit["entries"], leaves, strict=True):
            verify_inclusion(leaf, entry["index"], note["size"], entry["path"], note["root"])
    need(known, "TL-LOG-027 X-10: no entry about the packet")
    need(not receipts, "TL-LOG-027 X-11: a receipt without its entry")
    body = parse("Manifest", manifest["body"])
    fields = [open_field(body, shown) for shown in exhibit["fields"]]
    forms = [(each["field"]["path"], each["field"]["form"]) for each in fields]
    need(len({*forms}) == len(forms), "TL-PKT-009 X-12: a path twice")
    index, event = known[0]
    return {
        "packet": packet,
        "originator": signer,
        "known_at": {"index": index, "time_ms": event["time_ms"]},
        "accepted": event["code"] == "packet-accepted",
        "fields": fields,
        "sightings": sightings,
    }
