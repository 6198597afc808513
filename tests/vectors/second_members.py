"""The second verifier's members: who decides what, from docs/spec/federation-v1.md (F-4 to F-14).

What is refused ends in a ValueError of the error's code and the rule.
"""

from collections import Counter
from collections.abc import Iterator

from vectors.second_basics import commit, need, prefixed, sha
from vectors.second_schema import Message

DAY_MS = 86_400_000
NOTHING = bytes(32)
NOT_NEXT = "TL-TRU-004"


class Members:
    """What the entries of members say, read in their order; signatures are verified before."""

    def __init__(self) -> None:
        self.versions: dict[str, list[Message]] = {}
        self.constitutions: list[Message] = []
        self.time_ms = 0
        self.votes: dict[tuple[str, str, bytes, bytes], dict[str, int]] = {}
        self.candidates: dict[bytes, Message] = {}
        self.amendments: dict[bytes, Message] = {}
        self.replacements: dict[str, Message] = {}
        self.names: dict[str, str] = {}
        self.voided: set[bytes] = set()
        self.replaced: set[str] = set()
        self.changes: Counter[str] = Counter()

    def at(self, index: int) -> tuple[Message, dict[str, Message]]:
        """The constitution in force at an index, and the members by URI."""
        known = [each for each in self.constitutions if each["index"] < index]
        need(known, "TL-TRU-001 S-16: no charter")
        constitution = known[-1]
        newest = {
            uri: [each for each in versions if each["index"] < index][-1:]
            for uri, versions in self.versions.items()
        }
        return constitution, {
            uri: found[0]
            for uri, found in newest.items()
            if found and found[0]["status"] == "member"
        }

    def seats(self) -> set[str]:
        """F-7."""
        constitution, members = self.at(1 << 62)
        named = constitution["council"]
        return {
            uri
            for uri in named
            if uri in members and members[uri]["since"] <= constitution["index"]
        }

    def found(self, index: int, charter: Message, charter_id: bytes, records: Message) -> None:
        """F-3."""
        constitution = charter["constitution"]
        agencies = [record["agency"] for record in records.values()]
        uris, names = ({each[key] for each in agencies} for key in ("uri", "name"))
        alone = len(uris) == len(names) == len(agencies)
        named = {*constitution["council"], *constitution["cosigners"]} <= uris
        apart = constitution["exchange"]["uri"].removesuffix("/exchange") not in uris
        need(alone and named and apart, "TL-TRU-005 F-3: founders")
        self.constitutions.append(constitution | {"index": index, "id": charter_id})
        for record_id, record in records.items():
            self.put(index, index, record_id, record)

    def put(
        self, index: int, since: int, record_id: bytes, record: Message, status: str = "member"
    ) -> None:
        uri = record["agency"]["uri"]
        self.names[record["agency"]["name"]] = uri
        self.versions.setdefault(uri, []).append(
            {
                "index": index,
                "since": since,
                "status": status,
                "id": record_id,
                "record": record,
            }
        )

    def may_be_named(self, agency: Message) -> None:
        """F-5."""
        own = self.names.get(agency["name"], agency["uri"]) == agency["uri"]
        need(own, f"{NOT_NEXT} F-5: the name of another")

    def change(self, index: int, record_id: bytes, record: Message) -> None:
        """F-4."""
        uri = record["agency"]["uri"]
        current = self.versions[uri][-1]
        follows = record["number"] == current["record"]["number"] + 1
        follows = follows and record["previous"] == current["id"]
        need(follows, f"{NOT_NEXT} F-4: does not follow")
        need(self.changes[uri] < 256, "TL-TRU-009 F-4: too many changes")
        same = record["agency"]["name"] == current["record"]["agency"]["name"]
        need(same, f"{NOT_NEXT} F-4: another name")
        self.changes[uri] += 1
        self.put(index, current["since"], record_id, record)
        self.replacements.pop(uri, None)
        self.void(uri, {"replace"})

    def offer(self, record_id: bytes, record: Message) -> None:
        """F-5."""
        uri = record["agency"]["uri"]
        wanted = any(key[1] == uri and key[3] == record_id for key in self.open())
        need(wanted, f"{NOT_NEXT} F-5: no vote names it")
        self.first(record)
        need(record_id not in self.candidates, f"{NOT_NEXT} F-5: once more")
        self.candidates[record_id] = record

    def first(self, record: Message) -> None:
        """F-5."""
        uri = record["agency"]["uri"]
        known = self.versions.get(uri)
        generation = known[-1]["record"]["generation"] + 1 if known else 1
        fits = (record["generation"], record["number"]) == (generation, 1)
        need(fits, f"{NOT_NEXT} F-5: another generation")
        exchange = self.constitutions[-1]["exchange"]["uri"]
        need(exchange != f"{uri}/exchange", f"{NOT_NEXT} F-5: the exchange's domain")
        self.may_be_named(record["agency"])

    def why_gone(self, uri: str) -> str:
        """F-6, where an agency left by itself."""
        versions = self.versions.get(uri)
        return "(F-6)" if versions and versions[-1]["status"] == "left" else ""

    def leave(self, index: int, uri: str) -> None:
        """F-6."""
        self.end(index, uri, "left")

    def end(self, index: int, uri: str, status: str) -> None:
        current = self.versions[uri][-1]
        self.put(index, current["since"], current["id"], current["record"], status)
        self.replacements.pop(uri, None)
        self.void(uri)

    def propose(self, index: int, amendment_id: bytes, amendment: Message) -> None:
        """F-8 and F-23."""
        now, proposer = self.constitutions[-1], amendment["header"]["signer"]
        following = amendment["constitution"]
        need(proposer in self.seats(), f"{NOT_NEXT} F-8: no seat")
        need(amendment["predecessor"] == now["id"], f"{NOT_NEXT} F-8: another decision")
        need(amendment_id not in self.amendments, f"{NOT_NEXT} F-8: once more")
        own = [e for e in self.amendments.values() if e["header"]["signer"] == proposer]
        need(len(own) < 8, f"{NOT_NEXT} F-8: too many")
        need(changed(now, following), f"{NOT_NEXT} F-8: nothing changes")
        same = following["log"]["origin"] == now["log"]["origin"]
        need(same, f"{NOT_NEXT} F-8: another origin")
        domain = following["exchange"]["uri"].removesuffix("/exchange")
        need(domain not in self.versions, f"{NOT_NEXT} F-8: an agency's domain")
        self.only_members(following)
        if amendment["size"]:
            need(amendment["size"] == index, f"{NOT_NEXT} F-23: not the next entry")
            keys = {*following["log"]["verifier_keys"]} & {*now["log"]["verifier_keys"]}
            need(not keys, f"{NOT_NEXT} F-23: a key of the old log")
        self.amendments[amendment_id] = amendment

    def only_members(self, following: Message) -> None:
        members = self.at(1 << 62)[1]
        named = {*following["council"], *following["cosigners"]}
        need(named <= members.keys(), f"{NOT_NEXT} F-8: no members")

    def open(self) -> Iterator[tuple[str, str, bytes, bytes]]:
        """The decisions with a vote that has not expired."""
        for key, votes in self.votes.items():
            if any(self.time_ms < end_ms for end_ms in votes.values()):
                yield key

    def state(self, uri: str) -> bytes:
        """F-9."""
        if uri not in self.versions:
            return NOTHING
        last = self.versions[uri][-1]
        generation = last["record"]["generation"].to_bytes(4)
        status = prefixed(last["status"].encode())
        return commit("member-state", prefixed(uri.encode()) + generation + status)

    def vote(self, index: int, vote: Message) -> str:
        """F-9 to F-11; gives the kind of the decision that it completes, if it does."""
        now, members = self.at(1 << 62)
        voter, subject, kind = vote["header"]["signer"], vote["subject"], vote["kind"]
        need(vote["predecessor"] == now["id"], f"{NOT_NEXT} F-9: another decision")
        need(voter != subject, f"{NOT_NEXT} F-9: on itself")
        seats = self.seats()
        following, new, amends = now, seats - {subject}, kind == "amend"
        if amends:
            amendment = self.amendments.get(vote["content"])
            void = "(F-10)" if vote["content"] in self.voided else ""
            need(amendment, f"{NOT_NEXT} F-10: no such amendment {void}")
            assert amendment is not None
            following = amendment["constitution"]
            new = {uri for uri in following["council"] if uri in members}
        else:
            need((subject in members) != (kind == "admit"), f"{NOT_NEXT} F-9: subject")
            need(vote["subject_state"] == self.state(subject), f"{NOT_NEXT} F-9: state")
            waits = kind == "replace" and subject in self.replacements
            need(not waits, f"{NOT_NEXT} F-9: decided already")
        old = seats - {subject}
        need(voter in old | new, f"{NOT_NEXT} F-9 (F-7): no seat")
        left_ms = vote["expires_ms"] - self.time_ms
        need(7 * DAY_MS <= left_ms <= 90 * DAY_MS, f"{NOT_NEXT} F-9: expiry")
        key = kind, subject, vote["subject_state"], vote["content"]
        counted = {v for v, end in self.votes.get(key, {}).items() if self.time_ms < end}
        has_voted = voter in counted
        counted |= {voter}
        rules = needed(vote, now, following, subject in seats)
        done = all(enough(counted, old, now["rules"][rule]) for rule in rules)
        if amends and rules & {"council", "rules"}:
            mine = following["rules"]
            done = done and all(enough(counted, new, mine[rule]) for rule in rules)
        record = self.candidates.get(vote["content"])
        if kind in ("admit", "replace") and record is None:
            done = False
        need(done or not has_voted, f"{NOT_NEXT} F-10: once more")
        if done and amends:
            self.only_members(following)
        elif done and record is not None:
            need(record["agency"]["uri"] == subject, f"{NOT_NEXT} F-10: another's record")
            self.first(record)
        held = [votes for votes in self.votes.values() if voter in votes]
        live = sum(self.time_ms < votes[voter] for votes in held)
        need(has_voted or live < 64, f"{NOT_NEXT} F-9: too many votes")
        self.votes.setdefault(key, {})[voter] = vote["expires_ms"]
        if done:
            self.complete(index, vote, following)
        return kind if done else ""

    def complete(self, index: int, vote: Message, following: Message) -> None:
        """F-10 and F-11."""
        kind, subject, content = vote["kind"], vote["subject"], vote["content"]
        if kind == "amend":
            self.constitutions.append(following | {"index": index, "id": content})
            self.voided |= self.amendments.keys() - {content}
            self.votes, self.amendments, self.candidates = {}, {}, {}
            return
        if kind == "admit":
            self.put(index, index, content, self.candidates.pop(content))
        elif kind == "remove":
            self.end(index, subject, "removed")
        else:
            record = self.candidates.pop(content)
            self.names[record["agency"]["name"]] = subject
            self.replacements[subject] = {"id": content, "record": record, "due_ms": None}
        self.void(subject)

    def void(self, subject: str, kinds: set[str] | None = None) -> None:
        self.votes = {
            key: votes
            for key, votes in self.votes.items()
            if key[1] != subject or (kinds is not None and key[0] not in kinds)
        }

    def pass_time(self, index: int, time_ms: int) -> list[str]:
        """F-11 and F-13; gives the agencies whose root is replaced."""
        need(time_ms >= self.time_ms, f"{NOT_NEXT} F-13: back in time")
        self.time_ms, replaced = time_ms, []
        for uri, waiting in [*self.replacements.items()]:
            if waiting["due_ms"] is None:
                waiting["due_ms"] = time_ms + 7 * DAY_MS
            elif waiting["due_ms"] <= time_ms:
                del self.replacements[uri]
                self.put(index, index, waiting["id"], waiting["record"])
                self.void(uri)
                replaced.append(uri)
                self.replaced.add(uri)
        return replaced


def changed(before: Message, after: Message) -> set[str]:
    """The rules by which a change is decided (F-10)."""
    parts = {
        "exchange": ("exchange", "log"),
        "council": ("council",),
        "rules": ("rules",),
        "cosigners": ("cosigners", "quorum"),
        "min_suite": ("min_suite",),
    }
    return {
        rule for rule, names in parts.items() if any(before[name] != after[name] for name in names)
    }


def needed(vote: Message, now: Message, following: Message, is_seated: bool) -> set[str]:
    """F-10."""
    if vote["kind"] == "amend":
        return changed(now, following)
    if vote["kind"] == "admit":
        return {"admit"}
    rules = {"remove"} if vote["kind"] == "remove" else {"admit", "remove"}
    return rules | {"council"} if is_seated else rules


def enough(voters: set[str], seats: set[str], threshold: int) -> bool:
    """F-10."""
    return bool(seats) and len(voters & seats) >= min(threshold, len(seats))


def directory_root(states: dict[bytes, bytes], depth: int = 0) -> bytes:
    """F-14, of state hashes by key."""
    if not states:
        return NOTHING
    if len(states) == 1:
        ((key, state),) = states.items()
        return sha(b"\0", key, state)
    halves: list[dict[bytes, bytes]] = [{}, {}]
    for key, state in states.items():
        halves[key[depth // 8] >> (7 - depth % 8) & 1][key] = state
    return sha(b"\1", *(directory_root(half, depth + 1) for half in halves))
