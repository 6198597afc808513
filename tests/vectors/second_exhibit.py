"""The second verifier's exhibits, from docs/spec/exhibit-v1.md alone: X-1, X-4 to X-12.

What is refused ends in a ValueError of the error's code and the rule.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from vectors.second_basics import commit, key_id_of, need, parse, sha
from vectors.second_light import State, verify_leaf
from vectors.second_log import blind, parse_vkey, verify_inclusion, verify_note
from vectors.second_schema import Message
from vectors.second_statements import id_of, verify_statement, with_attestations
from vectors.second_trust import Trust, agency_of
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
    """X-1, S-22."""
    found = PEM.fullmatch(text.replace("\r\n", "\n"))
    if found is None:
        raise ValueError("TL-USE-001 X-1: no file of that label")
    encoded = found[1].replace("\n", "")
    data = b64decode(encoded)
    need(b64encode(data).decode() == encoded, "TL-USE-001 X-1: another spelling")
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
    """X-4, but for the actor."""
    fit = event["code"] in ("packet-accepted", "receipt") and event["outcome"] == "ok"
    need(fit and not event["decisions"], "TL-LOG-020 X-4: no event for an exhibit")
    own = event["code"] == "receipt" or event["statement_id"] == packet
    need(event["packet"] == packet and own, "TL-LOG-020 X-4: about another packet")


def open_field(manifest: Message, shown: Message) -> Message:
    """X-9, of one field."""
    slot, plaintext = shown["slot"], shown["plaintext"]
    slots = cells(manifest["slots"], 32)
    need(slot < len(slots), "TL-PKT-006 X-9: no such slot")
    where = manifest["packet_id"] + slot.to_bytes(4)
    found = commit("slot", where, shown["salt"], marked(shown), plaintext)
    need(found == slots[slot], "TL-PKT-006 X-9: not what was signed")
    with under("X-9"):
        return {"slot": slot, "field": field_of(plaintext, shown)}


class Stated:
    """X-12: the signers' keys by the directory."""

    def __init__(self, federation: bytes, exhibit: Message) -> None:
        *others, last = [entry["content"] for entry in exhibit["entries"]]
        need(not {*b"\0\2"} & {each[0] for each in others}, "TL-PKT-001 X-11: both forms")
        need(last[0] == 2 and len(last) == 41, "TL-LOG-020 X-11: no directory")
        statements = [exhibit["manifest"], *exhibit["receipts"].values()]
        headers = [each["attestations"][0] for each in statements]
        states = [State(leaf["state"]).agency() for leaf in exhibit["leaves"]]
        agencies = sorted({agency_of(each["signer"]) for each in headers})
        uris, keys = [state["uri"] for state in states], exhibit["keys"]
        ids = {each["key_id"] for each in headers} == {*map(key_id_of, keys)}
        known = uris == agencies and ids and keys == sorted({*keys})
        need(known, "TL-PKT-001 X-12: not the signers' leaves and keys")
        for uri, leaf in zip(uris, exhibit["leaves"], strict=True):
            verify_leaf(last[9:], uri, leaf)
        self.federation, self.index = federation, exhibit["entries"][-1]["index"]
        self.publics = {key_id_of(public): public for public in keys}
        self.keys = {(key["node"], key["id"]): key for state in states for key in state["keys"]}

    def verify(self, statement: Message, index: int, time_ms: int) -> Message:
        def key_of(number: int, signer: str, key_id: bytes) -> bytes:
            key = self.keys.get((signer, key_id), Message(use="none"))
            counts = key["use"] == "sign" and key["index"] < index
            counts = counts and key["begin"] <= time_ms < key["end"]
            counts = counts and not 0 < key["ended"] <= index
            need(counts, "TL-TRU-002 X-12: no key that counts")
            need(number in key["types"], "TL-PKT-005 X-12: not for this type")
            return bytes(self.publics[key_id])

        return verify_statement(statement, self.federation, key_of)


def verify_policy(policy: str, note: str) -> Message:
    """X-12: a checkpoint that the reader's policy accepts; a node has one key in it."""
    words = [line.split(" ") for line in policy.splitlines()]
    logs = [each[1] for each in words if each[0] == "log"]
    witnesses = {each[1]: parse_vkey(each[2]) for each in words if each[0] == "witness"}
    origin = parse_vkey(logs[0])[0]
    found = verify_note(note, origin, logs, witnesses.values())

    def is_met(signed: set[str]) -> bool:
        met = {"none"} | {name for name, key in witnesses.items() if key[0] in signed}
        for _, name, count, *members in (each for each in words if each[0] == "group"):
            met |= {name} if len(met.intersection(members)) >= int(count) else set()
        return words[-1][1] in met

    need(not is_met({origin}), "TL-LOG-022 X-12: no cosigner is required")
    need(is_met(found["cosigners"]), "TL-LOG-007 X-12: the quorum did not sign")
    return found


def verify_receipt(trust: Trust | Stated, receipt: Message, event: Message, index: int) -> int:
    """X-8; gives the status."""
    need(receipt["type"] == 8, "TL-PKT-001 X-8: no receipt")
    header = trust.verify(receipt, index, event["time_ms"])
    body = parse("Receipt", receipt["body"])
    need(header["signer"] == event["actor"], "TL-LOG-020 X-8: of another node")
    to = (body["address"] or {}).get("recipient")
    need(to == event["counterpart"], "TL-LOG-020 X-8: for another node")
    return int(body["status"])


def certified(exhibit: Message, federation: bytes) -> Trust | Stated:
    """X-11: the keys by the directory, or by the statements to come."""
    if exhibit["leaves"]:
        with under("X-12"):
            return Stated(federation, exhibit)
    clear = any(entry["content"][0] == 0 for entry in exhibit["entries"])
    need(clear and not exhibit["keys"], "TL-PKT-001 X-11: neither form")
    return Trust(federation, is_partial=True)


def verify_exhibit(text: str, federation: bytes, policy: str) -> Message:
    """X-4 to X-12: what an exhibit shows."""
    exhibit = parse_exhibit(read_file(text))
    manifest, receipts = exhibit["manifest"], dict(exhibit["receipts"])
    trust = certified(exhibit, federation)
    packet, known, signer, leaves = id_of(manifest), [], "", []
    sightings = []
    for entry in exhibit["entries"]:
        index, content = entry["index"], entry["content"]
        if content[0] in (0, 2):
            with under("X-4"):
                if isinstance(trust, Trust):
                    trust.read(index, content)
            leaves.append(sha(b"\0", content))
            continue
        with under("X-1"):
            opening = parse("LogOpening", content)
        need(manifest["type"] == 6, "TL-PKT-001 X-7: no manifest")
        need(opening["index"] == index, "TL-LOG-020 X-4: the opening of another index")
        event = parse("Event", opening["event"])
        verify_event(event, packet)
        leaves.append(sha(b"\0", blind(opening)))
        known.append((index, event))
        if len(known) == 1:
            with under("X-7, X-12"):
                signer = trust.verify(manifest, index, event["time_ms"])["signer"]
        if event["code"] == "receipt":
            receipt = receipts.pop(event["statement_id"], None)
            status = receipt and verify_receipt(trust, receipt, event, index)
            at = {"index": index, "time_ms": event["time_ms"]}
            sightings.append({"node": event["actor"], "status": status, "at": at})
        else:
            need(event["actor"] == signer, "TL-LOG-020 X-4: another originator")
    with under("X-6, X-12"):
        if isinstance(trust, Trust):
            log = trust.members.at(1 << 62)[0]["log"]
            note = verify_note(exhibit["checkpoint"], log["origin"], log["verifier_keys"])
        else:
            note = verify_policy(policy, exhibit["checkpoint"])
            need(note["size"] == trust.index + 1, "TL-LOG-020 X-12: not the last entry")
    with under("X-5"):
        for entry, leaf in zip(exhibit["entries"], leaves, strict=True):
            verify_inclusion(leaf, entry["index"], note["size"], entry["path"], note["root"])
    need(known, "TL-LOG-027 X-7: no entry about the packet")
    need(not receipts, "TL-LOG-027 X-8: a receipt without its entry")
    body = parse("Manifest", manifest["body"])
    fields = [open_field(body, shown) for shown in exhibit["fields"]]
    forms = [(each["field"]["path"], each["field"]["form"]) for each in fields]
    need(len({*forms}) == len(forms), "TL-PKT-009 X-9: a path twice")
    index, event = known[0]
    return {
        "packet": packet,
        "originator": signer,
        "known_at": {"index": index, "time_ms": event["time_ms"]},
        "accepted": event["code"] == "packet-accepted",
        "fields": fields,
        "sightings": sightings,
    }
