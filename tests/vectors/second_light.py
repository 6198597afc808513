"""The second verifier's light reader, from docs/spec/federation-v1.md (F-14, F-16 to F-19).

What is refused ends in a ValueError of the error's code and the rule.
"""

from base64 import b64encode
from collections.abc import Sequence

from vectors.second_basics import commit, key_id_of, need, parse, sha
from vectors.second_log import parse_vkey, verify_consistency, verify_inclusion, verify_note
from vectors.second_schema import Message
from vectors.second_statements import id_of
from vectors.second_trust import Trust, agency_of, listed


class State:
    """A state's bytes, read from the front (F-14)."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def take(self, size: int) -> bytes:
        need(len(self.left) >= size, "TL-PKT-001 F-14: cut off")
        found, self.left = self.left[:size], self.left[size:]
        return found

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def part(self) -> bytes:
        return self.take(self.number(4))

    def keys(self) -> list[Message]:
        found = []
        for _ in range(self.number(4)):
            key = State(self.part())
            told = Message(id=key.take(32), node=key.part().decode(), use=key.part().decode())
            told |= {"types": [*key.take(key.number(4))]}
            told |= {"begin": key.number(8), "end": key.number(8)}
            found.append(told | {"index": key.number(8), "ended": key.number(8)})
            need(not key.left, "TL-PKT-001 F-14: more")
        need(not self.left, "TL-PKT-001 F-14: more")
        return found

    def agency(self) -> Message:
        told = Message(uri=self.part().decode(), name=self.part().decode())
        told |= {"generation": self.number(4), "status": self.part().decode()}
        told |= {"index": self.number(8), "record": self.take(32), "entries": self.number(8)}
        return told | {"keys": self.keys()}


def verify_leaf(root: bytes, uri: str, leaf: Message) -> bytes:
    """F-14; gives the state, empty for absence."""
    key, siblings, other = commit("directory", uri.encode()), leaf["siblings"], leaf["other"]
    bits = [key[depth // 8] >> (7 - depth % 8) & 1 for depth in range(len(siblings))]
    found = bytes(32)
    if leaf["state"]:
        need(not other, "TL-LOG-001 F-14: of another agency")
        found = sha(b"\0", key, sha(leaf["state"]))
    elif other:
        theirs = [other[depth // 8] >> (7 - depth % 8) & 1 for depth in range(len(siblings))]
        need(other[:32] != key and theirs == bits, "TL-LOG-001 F-14: elsewhere")
        found = sha(b"\0", other)
    for bit, sibling in zip(reversed(bits), reversed(siblings), strict=True):
        found = sha(b"\1", sibling, found) if bit else sha(b"\1", found, sibling)
    need(found == root, "TL-LOG-001 F-14: another root")
    state: bytes = leaf["state"]
    return state


class Light:
    """A light reader; it begins with the founding and the cosigners' key records."""

    def __init__(self, uri: str, federation: bytes, entries: Sequence[bytes]) -> None:
        trust = Trust(federation, is_partial=True)
        for index, entry in enumerate(entries):
            trust.read(index, entry)
        self.uri, self.own = uri, Message()
        self.constitution = trust.members.at(1 << 62)[0]
        self.newest = Message()
        self.keys = [
            Message(
                node=record["subject"],
                public=record["public_key"],
                begin=record["not_before_ms"],
                end=record["not_after_ms"],
            )
            for uri in self.constitution["cosigners"]
            for record in listed(trust.kept(uri))
        ]

    def take(self, data: bytes, made: Message) -> None:
        """F-17 to F-18."""
        turn = parse("LightTurn", data)
        entry = turn["directory"]
        need(len(entry) == 41 and entry[:1] == b"\2", "TL-PKT-001 F-17: no directory entry")
        time_ms, root = int.from_bytes(entry[1:9]), entry[9:]
        read = State(verify_leaf(root, "", turn["federation"]))
        decision, _, listed = read.take(32), read.number(8), read.keys()
        constitution = self.constitution
        if decision != constitution["id"]:
            body = turn["amendment"]
            need(id_of({"type": 22, "body": body}) == decision, "TL-TRU-010 F-17: withheld")
            constitution = parse("Amendment", body)["constitution"] | {"id": decision}
            same = constitution["log"]["origin"] == self.constitution["log"]["origin"]
            need(same, "TL-LOG-006 F-17: another log")
        publics = {key_id_of(each): each for each in turn["keys"]}
        publics |= {key_id_of(each["public"]): each["public"] for each in self.keys}
        need({each["id"] for each in listed} <= publics.keys(), "TL-TRU-002 F-17: a key is missing")
        keys = [each | {"public": publics[each["id"]]} for each in listed]
        lines = self.lines(turn, constitution, keys)
        counted(lines, self.keys, self.constitution)
        counted_s = counted(lines, keys, constitution)
        size = turn["size"]
        leaf = sha(b"\0", entry)
        verify_inclusion(leaf, size - 1, size, turn["last"], turn["root"], "F-17")
        if self.newest:
            old = self.newest
            roots = old["root"], turn["root"]
            verify_consistency(roots, old["size"], size, turn["consistency"])
            need(time_ms >= old["time_ms"], "TL-TRU-010 F-17: back in time")
        state = verify_leaf(root, self.uri, turn["own"])
        own = State(state).agency() if state else Message()
        self.verify_own(own, made, size - 1)
        self.constitution, self.keys, self.own = constitution, keys, own
        self.newest = {"size": size, "root": turn["root"], "time_ms": time_ms}
        self.newest |= {"directory": root, "counted_s": counted_s}

    def lines(self, turn: Message, constitution: Message, keys: Sequence[Message]) -> Message:
        """F-17: the time of each verified line, by the cosigner's public key."""
        origin = constitution["log"]["origin"]
        head = f"{origin}\n{turn['size']}\n{b64encode(turn['root']).decode()}\n\n"

        def note(names: set[tuple[str, bytes]]) -> str:
            return head + "".join(
                f"— {line['name']} {b64encode(line['key_hash'] + line['payload']).decode()}\n"
                for line in turn["lines"]
                if (line["name"], line["key_hash"]) in names
            )

        logs = constitution["log"]["verifier_keys"]
        named = {parse_vkey(vkey)[:2] for vkey in logs}
        present = {(line["name"], line["key_hash"]) for line in turn["lines"]}
        need(named <= present, "TL-LOG-007 F-17: the log did not sign")
        verify_note(note(named), origin, logs)
        times = {}
        for key in (*self.keys, *keys):
            vkey = vkey_of(key)
            name = parse_vkey(vkey)[:2]
            if name in present:
                (signed,) = verify_note(note({name}), origin, [vkey])["signed"]
                times[key["public"]] = signed["time_s"]
        return times

    def verify_own(self, own: Message, made: Message, index: int) -> None:
        """F-18."""
        if not own:
            need(not self.own, "TL-TRU-010 F-18: it went away")
            return
        for name in ("generation", "index", "entries"):
            need(own[name] >= self.own.get(name, 0), "TL-TRU-010 F-18: it goes back")
        mine = sum(each < index for each in made["indexes"])
        need(own["entries"] == mine, "TL-TRU-011 F-18: entries")
        need(own["record"].hex() in made["records"], "TL-TRU-011 F-18: a record")
        keys = {key["id"].hex() for key in own["keys"]}
        need(keys <= {*made["keys"]}, "TL-TRU-011 F-18: a key")

    def show(self, uri: str, data: bytes, now_s: int) -> Message:
        """F-19: the state of another agency, or nothing where it has none."""
        newest = self.newest
        oldest = min(newest["counted_s"], newest["time_ms"] // 1000) if newest else 0
        need(now_s - oldest <= 600, "TL-TRU-006 F-19: too old")
        need(newest["counted_s"] - now_s <= 120, "TL-TRU-007 F-19: of the future")
        state = verify_leaf(newest["directory"], uri, parse("DirectoryLeaf", data))
        return State(state).agency() if state else Message()


def listed_in(state: bytes) -> list[bytes]:
    """F-14: the ids of the keys that the federation's state lists of a counted cosigner."""
    keys = State(state).agency()["keys"]
    own = [{name: key[name] for name in ("id", "node", "use", "index")} for key in keys]
    ended = [{"end": key["ended"] - 1} if key["ended"] else {} for key in keys]
    return [key["id"] for key in listed([a | b for a, b in zip(own, ended, strict=True)])]


def vkey_of(key: Message) -> str:
    """L-9."""
    name, public = key["node"], b"\6" + key["public"]
    digest = sha(name.encode(), b"\n", public)[:4]
    return f"{name}+{digest.hex()}+{b64encode(public).decode()}"


def counted(times: Message, keys: Sequence[Message], constitution: Message) -> int:
    """F-16, with the keys that a reader has; gives the counted time."""
    newest: dict[str, int] = {}
    for key in keys:
        time_s = times.get(key["public"])
        if time_s is not None and key["begin"] // 1000 <= time_s < key["end"] / 1000:
            agency = agency_of(key["node"])
            newest[agency] = max(time_s, newest.get(agency, 0))
    quorum = constitution["quorum"]
    need(len(newest) >= quorum, "TL-LOG-044 F-17: too few cosigners")
    return sorted(newest.values())[-quorum]
