"""The second verifier's trust: whose keys count, from docs/spec/log-v1.md, sections 2 and 6, and
docs/spec/federation-v1.md.

L-4, L-12 to L-15, F-2 to F-14, and agreements (S-19), which need all of it.
What is refused ends in a ValueError of the error's code and the rule.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import zip_longest

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from vectors.second_basics import (
    commit,
    key_id_of,
    need,
    parse,
    prefixed,
    sha,
    verify_point,
)
from vectors.second_members import Members, directory_root
from vectors.second_schema import Message
from vectors.second_statements import id_of, parse_signed, verify_statement


def agency_of(signer: str) -> str:
    return "/".join(signer.split("/")[:3])


def parse_entry(entry: bytes) -> Message | None:
    """L-4: the statement of a clear entry."""
    blind = entry[:1] == b"\1" and len(entry) == 33
    clear = entry[:1] == b"\0" and len(entry) < 1 << 16
    need(blind or clear, "TL-LOG-020 L-4: no entry")
    return None if blind else parse_signed(entry[1:])


def verify_kem(public: bytes) -> None:
    """L-12: whether something can be sealed to an encryption key."""
    try:
        mlkem.MLKEM768PublicKey.from_public_bytes(public[:1184])
        curve = x25519.X25519PublicKey.from_public_bytes(public[1184:])
        x25519.X25519PrivateKey.from_private_bytes(bytes(32)).exchange(curve)
    except ValueError:
        raise ValueError("TL-KEY-001 L-12: a useless encryption key") from None


def state_of(key: Message) -> bytes:
    """F-14."""
    types = len(key["types"]).to_bytes(4) + bytes(key["types"])
    named = prefixed(key["node"].encode()) + prefixed(key["use"].encode())
    end = key["end"] + 1 if "end" in key else 0
    dates = (key["not_before_ms"], key["not_after_ms"], key["index"], end)
    return bytes(key["id"] + named + types + b"".join(each.to_bytes(8) for each in dates))


def listed(keys: Sequence[Message]) -> list[Message]:
    """F-14: those of a counted cosigner that the federation's state lists, from its own state."""
    left = [key for key in keys if key["use"] == "cosign" and "end" not in key]
    nodes: dict[str, list[int]] = {}
    for key in left:
        nodes.setdefault(key["node"], []).append(key["index"])
    rounds = zip_longest(*(sorted(each, reverse=True) for each in nodes.values()))
    taken = [at for each in rounds for at in sorted(filter(None, each), reverse=True)][:16]
    return [key for key in left if key["index"] in taken]


class Trust:
    """What the clear entries say, read in their order."""

    def __init__(self, federation: bytes, *, is_partial: bool = False) -> None:
        self.federation, self.is_partial, self.members = federation, is_partial, Members()
        self.charter, self.drafted, self.founders = Message(), Message(), Message()
        self.signed: set[str] = set()
        self.records: dict[tuple[str, bytes], Message] = {}
        self.revoked: set[tuple[str, bytes]] = set()  # by agency and key id
        self.entries: Counter[str] = Counter()  # by agency (F-14)

    def counts(self, record: Message, index: int, time_ms: int, vouched: bool = False) -> bool:
        """L-15, of a node's key; P-13, of a manifest's that a grant names."""
        begun: bool = record["index"] < index and record["not_before_ms"] <= time_ms
        ended = time_ms >= record["not_after_ms"] or index > record.get("end", index)
        return begun and (vouched or not ended)

    def verify(
        self, statement: Message, index: int, time_ms: int, vouched: bool = False
    ) -> Message:
        """S-13 to S-17, for what is accepted at this index and time; gives the header."""
        rule = "P-13" if vouched else "L-15"

        def key_of(number: int, signer: str, key_id: bytes) -> bytes:
            in_force, members = self.members.at(index)
            need(in_force["min_suite"] <= 1, "TL-PKT-012 F-3: suite")
            roots = {uri: each["record"]["agency"]["root_key"] for uri, each in members.items()}
            known = signer == in_force["exchange"]["uri"] or agency_of(signer) in roots
            gone = self.members.why_gone(agency_of(signer))
            need(known, f"TL-TRU-001 S-16: not of this federation {gone}")
            if "/node/" in signer:
                record = self.records.get((signer, key_id), Message(use="none"))
                signs = record["use"] == "sign"
                counts = signs and self.counts(record, index, time_ms, vouched)
                need(counts, f"TL-TRU-002 {rule}: no key that counts {record.get('why', '')}")
                public, types = record["public_key"], record["types"]
            else:
                need(signer in roots or "/exchange" in signer, "TL-TRU-001 S-16: no member")
                public = roots.get(signer, in_force["exchange"]["signing_key"])
                types = [2, 3, 4, *range(19, 25)] if signer in roots else [8, 12]
            why = "(F-11)" if signer in self.members.replaced else ""
            need(key_id == key_id_of(public), f"TL-TRU-002 S-16: another key {why}")
            need(number in types, "TL-PKT-005 S-16: not for this type")
            return bytes(public)

        return verify_statement(statement, self.federation, key_of)

    def read(self, index: int, entry: bytes) -> None:
        """One entry, after those before it."""
        if entry[:1] == b"\2" and len(entry) == 41:
            self.read_directory(index, int.from_bytes(entry[1:9]), entry[9:])
            return
        statement = parse_entry(entry)
        if statement is None:
            return
        kind = statement["type"]
        need(kind in (2, 3, *range(19, 25)) or not self.charter, "TL-PKT-001 L-4: not clear")
        if not self.members.constitutions:
            self.read_founding(index, statement)
        else:
            need(kind not in (19, 20), "TL-TRU-004 F-2: founded already")
            reads = (self.read_member, self.read_amendment, self.read_vote, self.read_leave)
            after = dict(enumerate(reads, 21)) | {2: self.read_record, 3: self.read_revocation}
            after[kind](index, statement)
        header = statement["attestations"][0]
        self.entries[agency_of(header["signer"])] += 1

    def read_founding(self, index: int, statement: Message) -> None:
        """F-2 to F-3."""
        kind, body, genesis = statement["type"], statement["body"], bytes(32)
        if not self.charter:
            need(kind == 19, "TL-TRU-005 F-2: no charter")
            need(id_of(statement) == self.federation, "TL-TRU-005 F-2: not the one pinned")
            charter = parse("Charter", body)
            need(charter["constitution"]["min_suite"] <= 1, "TL-PKT-012 F-3: suite")
            need(charter["header"]["federation"] == genesis, "TL-TRU-003 F-2: a federation")
            self.charter, self.drafted = charter, statement
            return
        records, signed = dict(self.founders), {*self.signed}

        def root_of(record: Message) -> Callable[[int, str, bytes], bytes]:
            def key_of(_: int, signer: str, key_id: bytes) -> bytes:
                root: bytes = record["agency"]["root_key"]
                need(key_id == key_id_of(root), "TL-TRU-002 F-3: another root")
                return root

            return key_of

        if kind == 21:
            record, record_id = parse("MemberRecord", body), id_of(statement)
            named = record_id in self.charter["founders"] and record_id not in records
            first = (record["generation"], record["number"]) == (1, 1)
            signer = record["agency"]["uri"]
            uris = {each["agency"]["uri"] for each in records.values()}
            need(named and first and signer not in uris, "TL-TRU-005 F-3: not named")
            verify_statement(statement, genesis, root_of(record))
            if self.drafted["attestations"][0]["signer"] == signer:
                verify_statement(self.drafted, genesis, root_of(record))
                signed.add(signer)
            records[record_id] = record
        else:
            need(kind == 20, "TL-TRU-005 F-3: not of the founding")
            signature = parse("CharterSignature", body)
            signer = signature["header"]["signer"]
            same = signature["charter"] == self.federation and signer not in signed
            need(same, "TL-TRU-005 F-3: another charter, or twice")
            own = [each for each in records.values() if each["agency"]["uri"] == signer]
            need(own, "TL-PKT-004 F-3: no record")
            verify_statement(statement, genesis, root_of(own[0]))
            signed.add(signer)
        if len(signed) == len(self.charter["founders"]):
            self.members.found(index, self.charter, self.federation, records)
        self.founders, self.signed = records, signed

    def read_directory(self, index: int, time_ms: int, root: bytes) -> None:
        """F-13."""
        need(time_ms < 1 << 63, "TL-LOG-020 F-13: the time")
        same = self.is_partial or root == self.directory_root()
        need(same, "TL-TRU-010 F-13: another directory")
        for uri in self.members.pass_time(index, time_ms):
            self.end_keys(uri, index)

    def directory_root(self) -> bytes:
        """F-14."""
        if not self.members.constitutions:
            return directory_root({})
        now, living = self.members.at(1 << 62)
        counted = [
            uri
            for uri in now["cosigners"]
            if uri in living and living[uri]["since"] <= now["index"]
        ]
        cosigning = [key for uri in counted for key in map(state_of, listed(self.kept(uri)))]
        own = now["id"] + now["index"].to_bytes(8) + len(cosigning).to_bytes(4)
        states = {commit("directory", b""): sha(own + b"".join(map(prefixed, cosigning)))}
        for uri, versions in self.members.versions.items():
            last = versions[-1]
            agency, keys = last["record"]["agency"], [*map(state_of, self.kept(uri))]
            state = prefixed(uri.encode()) + prefixed(agency["name"].encode())
            state += last["record"]["generation"].to_bytes(4) + prefixed(last["status"].encode())
            state += last["index"].to_bytes(8) + last["id"] + self.entries[uri].to_bytes(8)
            state += len(keys).to_bytes(4) + b"".join(map(prefixed, keys))
            states[commit("directory", uri.encode())] = sha(state)
        return directory_root(states)

    def kept(self, uri: str) -> list[Message]:
        """F-14: an agency's keys in its state."""
        own = [each for each in self.records.values() if agency_of(each["subject"]) == uri]
        nodes = sorted({each["subject"] for each in own})
        kept = ([e for e in own if e["subject"] == node and e["use"] != "kem"] for node in nodes)
        return [key | {"node": key["subject"]} for keys in kept for key in keys[-16:]]

    def end_keys(self, uri: str, index: int) -> None:
        """F-6."""
        for (subject, _), record in self.records.items():
            if agency_of(subject) == uri and "end" not in record:
                record |= {"end": index, "why": "(F-6)"}

    def read_member(self, index: int, statement: Message) -> None:
        """F-4 and F-5."""
        record, record_id = parse("MemberRecord", statement["body"]), id_of(statement)
        constitution, members = self.members.at(index)
        need(constitution["min_suite"] <= 1, "TL-PKT-012 F-3: suite")
        agency = record["agency"]
        current = members.get(agency["uri"])
        is_change = current and current["record"]["generation"] == record["generation"]
        roots = [agency["root_key"]]
        if is_change and current:
            known, first = current["record"]["agency"], current["record"]["agency"]["root_key"]
            is_new = agency["root_key"] != first
            recovery = known["recovery_key"]
            if is_new and recovery and record["header"]["key_id"] == key_id_of(recovery):
                first = recovery
            roots = [first, agency["root_key"]] if is_new else [first]
        given = statement["attestations"]
        left = iter(roots)

        def key_of(_: int, signer: str, key_id: bytes) -> bytes:
            need(len(given) == len(roots), "TL-PKT-004 F-4: signatures")
            need(signer == given[0]["signer"], "TL-PKT-004 F-4: another agency")
            root = next(left)
            need(key_id == key_id_of(root), "TL-TRU-002 F-4: another root")
            return bytes(root)

        verify_statement(statement, self.federation, key_of)
        if is_change:
            self.members.change(index, record_id, record)
        else:
            self.members.offer(record_id, record)

    def read_amendment(self, index: int, statement: Message) -> None:
        """F-8."""
        self.verify(statement, index, 0)
        amendment = parse("Amendment", statement["body"])
        self.members.propose(index, id_of(statement), amendment)

    def read_vote(self, index: int, statement: Message) -> None:
        """F-9 to F-11."""
        self.verify(statement, index, 0)
        vote = parse("Vote", statement["body"])
        if self.members.vote(index, vote) == "remove":
            self.end_keys(vote["subject"], index)

    def read_leave(self, index: int, statement: Message) -> None:
        """F-6."""
        signer = self.verify(statement, index, 0)["signer"]
        parse("Leave", statement["body"])
        self.members.leave(index, signer)
        self.end_keys(signer, index)

    def read_record(self, index: int, statement: Message) -> None:
        """L-12 to L-13."""
        record = parse("KeyRecord", statement["body"])
        header = self.verify(statement, index, record["not_before_ms"])
        agency, signer = agency_of(record["subject"]), header["signer"]
        own = signer == record["subject"] and record["use"] != "sign"
        need(own or signer == agency, "TL-PKT-004 L-12: another signer")
        if own:
            lasts = self.records[signer, header["key_id"]]["not_after_ms"]
            need(record["not_after_ms"] <= lasts, "TL-TRU-002 L-12: outlasts its signer's key")
        need({*record["types"]} <= {2, *range(4, 19)}, "TL-PKT-005 L-12: not for nodes")
        record |= {"index": index, "id": key_id_of(record["public_key"])}
        name = record["subject"], record["id"]
        need(name not in self.records, "TL-PKT-001 L-12: a second record")
        need((agency, record["id"]) not in self.revoked, "TL-TRU-002 L-13: revoked")
        if record["use"] == "kem":
            verify_kem(record["public_key"])
        elif record["use"] == "sign":
            verify_point(record["public_key"][1952:])
        self.records[name] = record

    def read_revocation(self, index: int, statement: Message) -> None:
        """L-13."""
        signer = self.verify(statement, index, 0)["signer"]
        key = parse("Revocation", statement["body"])["revoked_key"]
        held = [record for record in self.records.values() if record["id"] == key]
        own = [record for record in held if agency_of(record["subject"]) == signer]
        need(own or not held, "TL-TRU-002 L-13: another agency's key")
        self.revoked.add((signer, key))
        for record in own:
            record.setdefault("end", index)

    def verify_agreement(
        self, statement: Message, index: int, time_ms: int, now_ms: int
    ) -> Message:
        """S-19, of an agreement that is accepted at this index and time, as of now."""
        self.verify(statement, index, time_ms)
        agreement = parse("Agreement", statement["body"])
        signers = {agency_of(each["signer"]) for each in statement["attestations"]}
        wanted = {*agreement["parties"], *agreement["oversight"]}
        need(wanted <= signers, "TL-AGR-001 S-19: a party has not signed")
        timely = agreement["valid_from_ms"] <= now_ms < agreement["valid_until_ms"]
        need(timely, "TL-AGR-001 S-19: not at this time")
        return agreement
