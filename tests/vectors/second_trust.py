"""The second verifier's trust: whose keys count, from docs/spec/log-v1.md, sections 2, 5 and 6.

L-4, L-6 and L-16 to L-23, and agreements (S-30), which need all of it. What is refused ends in a
ValueError of the error's code and the rule.
"""

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from vectors.second_basics import key_id_of, need, parse, verify_point
from vectors.second_schema import TYPES, Message
from vectors.second_statements import id_of, parse_signed, verify_statement


def agency_of(signer: str) -> str:
    return "/".join(signer.split("/")[:3])


def parse_entry(entry: bytes) -> Message | None:
    """L-4 to L-6: the statement of a clear entry."""
    blind = entry[:1] == b"\1" and len(entry) == 33
    clear = entry[:1] == b"\0" and len(entry) < 1 << 16
    need(blind or clear, "TL-LOG-020 L-6: no entry")
    return None if blind else parse_signed(entry[1:])


def verify_succession(old: Message, new: Message, signers: set[str]) -> None:
    """Whether the roots that L-18 asks for have signed."""
    was, now = ({agency["uri"]: agency for agency in each["agencies"]} for each in (old, new))
    if now.keys() - was.keys():
        need(was.keys() | now.keys() <= signers, "TL-TRU-004 L-18: admission lacks a root")
    for gone in was.keys() - now.keys():
        enough = gone in signers or was.keys() - {gone} <= signers
        need(enough, "TL-TRU-004 L-18: removal lacks a root")
    for uri in was.keys() & now.keys():
        same = was[uri] == now[uri] or uri in signers
        need(same, "TL-TRU-004 L-18: an agency was changed without its root")
    same = all(old[name] == new[name] for name in ("exchange", "log", "min_suite", "threshold"))
    enough = len(was.keys() & signers) >= old["threshold"]
    need(same or enough, "TL-TRU-004 L-18: a change below the threshold")


def verify_kem(public: bytes) -> None:
    """L-20: whether something can be sealed to an encryption key."""
    try:
        mlkem.MLKEM768PublicKey.from_public_bytes(public[:1184])
        curve = x25519.X25519PublicKey.from_public_bytes(public[1184:])
        x25519.X25519PrivateKey.from_private_bytes(bytes(32)).exchange(curve)
    except ValueError:
        raise ValueError("TL-KEY-001 L-20: a useless encryption key") from None


class Trust:
    """What the clear entries say, read in their order."""

    def __init__(self, federation: bytes) -> None:
        self.federation, self.list, self.list_id = federation, Message(), b""
        self.records: dict[tuple[str, bytes], Message] = {}
        self.revoked: set[tuple[str, bytes]] = set()  # by agency and key id
        self.lists: dict[int, Message] = {}  # by index

    def counts(self, record: Message, index: int, time_ms: int) -> bool:
        """L-23, of a node's key."""
        timely: bool = record["not_before_ms"] <= time_ms < record["not_after_ms"]
        return timely and record["index"] < index <= record.get("end", index)

    def verify(self, statement: Message, index: int, time_ms: int) -> Message:
        """S-23 to S-28, for what is accepted at this index and time; gives the header."""

        def key_of(number: int, signer: str, key_id: bytes) -> bytes:
            in_force = self.lists[max(place for place in self.lists if place < index)]
            need(in_force["min_suite"] <= 1, "TL-PKT-012 L-23: suite")
            roots = {agency["uri"]: agency["root_key"] for agency in in_force["agencies"]}
            known = signer == in_force["exchange"]["uri"] or agency_of(signer) in roots
            need(known, "TL-TRU-001 S-27: not of this federation")
            if "/node/" in signer:
                record = self.records.get((signer, key_id), Message(use="none"))
                counts = record["use"] == "sign" and self.counts(record, index, time_ms)
                need(counts, f"TL-TRU-002 L-23: no key that counts {record.get('why', '')}")
                public, types = record["public_key"], record["types"]
            else:
                need(signer in roots or "/exchange" in signer, "TL-TRU-001 S-27: no member")
                public = roots.get(signer, in_force["exchange"]["signing_key"])
                types = [1, 2, 3, 4] if signer in roots else [8]
            need(key_id == key_id_of(public), "TL-TRU-002 S-27: another key")
            need(number in types, "TL-PKT-005 S-27: not for this type")
            return bytes(public)

        return verify_statement(statement, self.federation, key_of)

    def read(self, index: int, entry: bytes) -> None:
        """One entry, after those before it."""
        statement = parse_entry(entry)
        if statement is None:
            return
        need(statement["type"] in (1, 2, 3), "TL-PKT-001 L-4: not for clear entries")
        (self.read_list, self.read_record, self.read_revocation)[statement["type"] - 1](
            index, statement
        )

    def read_list(self, index: int, statement: Message) -> None:
        """L-16 to L-19."""
        old, new, first = self.list, parse("TrustList", statement["body"]), not self.list
        follows = (new["number"], new["previous"]) == (old.get("number", 0) + 1, self.list_id)
        need(follows, "TL-TRU-004 L-18: does not follow")
        need(
            not first or id_of(statement) == self.federation, "TL-TRU-005 L-16: not the one pinned"
        )
        federation = bytes(32) if first else self.federation
        need(new["header"]["federation"] == federation, "TL-TRU-003 L-16: another federation")

        def key_of(_: int, signer: str, key_id: bytes) -> bytes:
            need((old or new)["min_suite"] <= 1, "TL-PKT-012 L-23: suite")
            roots = {each["uri"]: each["root_key"] for each in new["agencies"]}
            roots |= {each["uri"]: each["root_key"] for each in old.get("agencies", [])}
            need(signer in roots, "TL-TRU-001 L-17: no agency")
            need(key_id == key_id_of(roots[signer]), "TL-TRU-002 L-17: not the root that counts")
            return bytes(roots[signer])

        verify_statement(statement, federation, key_of)
        signers = {each["signer"] for each in statement["attestations"]}
        members = {each["uri"] for each in new["agencies"]}
        need(not first or members <= signers, "TL-TRU-004 L-18: a root lacks")
        if not first:
            verify_succession(old, new, signers)
        self.list, self.list_id = new, id_of(statement)
        self.lists[index] = new
        for (subject, _), record in self.records.items():
            if agency_of(subject) not in members and "end" not in record:
                record |= {"end": index, "why": "(L-19)"}

    def read_record(self, index: int, statement: Message) -> None:
        """L-20 to L-22."""
        record = parse("KeyRecord", statement["body"])
        header = self.verify(statement, index, record["not_before_ms"])
        agency, signer = agency_of(record["subject"]), header["signer"]
        own = signer == record["subject"] and record["use"] != "sign"
        need(own or signer == agency, "TL-PKT-004 L-20: another signer")
        if own:
            lasts = self.records[signer, header["key_id"]]["not_after_ms"]
            need(record["not_after_ms"] <= lasts, "TL-TRU-002 L-21: outlasts its signer's key")
        need({*record["types"]} <= TYPES.keys() - {1, 3}, "TL-PKT-005 L-20: not for nodes")
        record |= {"index": index, "id": key_id_of(record["public_key"])}
        name = record["subject"], record["id"]
        need(name not in self.records, "TL-PKT-001 L-20: a second record")
        need((agency, record["id"]) not in self.revoked, "TL-TRU-002 L-22: revoked")
        if record["use"] == "kem":
            verify_kem(record["public_key"])
        elif record["use"] == "sign":
            verify_point(record["public_key"][1952:])
        self.records[name] = record

    def read_revocation(self, index: int, statement: Message) -> None:
        """L-22."""
        signer = self.verify(statement, index, 0)["signer"]
        key = parse("Revocation", statement["body"])["revoked_key"]
        held = [record for record in self.records.values() if record["id"] == key]
        own = [record for record in held if agency_of(record["subject"]) == signer]
        need(own or not held, "TL-TRU-002 L-22: another agency's key")
        self.revoked.add((signer, key))
        for record in own:
            record.setdefault("end", index)

    def verify_agreement(
        self, statement: Message, index: int, time_ms: int, now_ms: int
    ) -> Message:
        """S-30, of an agreement that is accepted at this index and time, as of now."""
        self.verify(statement, index, time_ms)
        agreement = parse("Agreement", statement["body"])
        signers = {agency_of(each["signer"]) for each in statement["attestations"]}
        need({*agreement["parties"]} <= signers, "TL-AGR-001 S-30: a party has not signed")
        timely = agreement["valid_from_ms"] <= now_ms < agreement["valid_until_ms"]
        need(timely, "TL-AGR-001 S-30: not at this time")
        return agreement
