"""light-v1.json: a light reader's turns, and turns that it must not believe."""

from dataclasses import replace

from support import agencies as b
from support.decisions import admission, amending, leaving
from support.light import FIVE, LightLog, cosigner, cosigning_record, light_log
from tearline.federation.directory import (
    AgencyState,
    Directory,
    DirectoryEntry,
    KeyState,
    counted_keys,
)
from tearline.federation.members import KeyUse
from tearline.federation.turns import Leaf, OwnEntries, Turn
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner
from tearline.verification.log_entries import clear_entry
from tearline.verification.turns import LoggedDirectory
from tearline.wire.federation import encode_key_record
from tearline.wire.turns import encode_leaf, encode_turn
from vectors.own.plain import Json

ME, PARTNER, NEWCOMER = FIVE[0], FIVE[1], "spiffe://jp-customs.example"
FOUR = [cosigner(uri) for uri in FIVE[:4]]


class Turns:
    """A reader's turns so far, and those that it refused in between."""

    def __init__(self) -> None:
        self.log = light_log()
        self.reader = self.log.reader(ME)
        self.turns: list[Json] = []
        self.refused: list[Json] = []
        self.leaves: list[Json] = []

    def next(self, by: list[CheckpointSigner] | None = None) -> Turn:
        """The next turn, which the reader has not taken."""
        return self.log.turn(ME, self.reader.request, by)

    def take(self, name: str) -> None:
        """The next turn, which it takes."""
        turn, made = self.next(), self.log.own(ME)
        self.reader = self.reader.take(turn, made)
        newest = self.reader.newest
        assert newest is not None
        self.turns.append(
            {
                "name": name,
                "turn": encode_turn(turn).hex(),
                "made": told(made),
                "size": newest.checkpoint.checkpoint.size,
                "counted_s": newest.counted_s,
                "decision": self.reader.decision.hex(),
                "keys": [each.state.id.hex() for each in self.reader.keys],
                "entries": self.reader.own.entries if self.reader.own else 0,
            }
        )

    def refuse(
        self, rule: str, name: str, code: str, turn: Turn, made: OwnEntries | None = None
    ) -> None:
        """A turn that it must not take after those so far."""
        self.refused.append(
            {
                "rule": rule,
                "name": name,
                "code": code,
                "read": len(self.turns),
                "turn": encode_turn(turn).hex(),
                "made": told(made or self.log.own(ME)),
            }
        )

    def show(self, rule: str, name: str, code: str, uri: str, leaf: Leaf, after_s: int = 0) -> None:
        """A state that is shown to it after the turns so far; with a code, one it must refuse."""
        self.leaves.append(
            {
                "rule": rule,
                "name": name,
                "code": code,
                "read": len(self.turns),
                "uri": uri,
                "leaf": encode_leaf(leaf).hex(),
                "now_s": self.log.time_ms // 1000 + after_s,
            }
        )


def told(made: OwnEntries) -> Json:
    """The entries of an agency, as a file holds them."""
    return {
        "indexes": list(made.indexes),
        "records": sorted(each.hex() for each in made.records),
        "keys": sorted(each.hex() for each in made.keys),
    }


def light_vectors() -> Json:
    """A reader joins, follows a key, an amendment and an admission, and is lied to."""
    story = Turns()
    log = story.log
    founding = [*log.fed.clear[: 2 * len(FIVE)]]
    founding += [cosigning_record(log.fed, uri) for uri in FIVE]
    first = story.next()
    _first_refused(story, first)
    story.take("the first turn")
    log.state()
    other = _another_history()
    story.refuse("F-17", "another history", "TL-LOG-003", other.turn(ME, story.reader.request))
    again = story.next()
    log.add(*admission(log.trust, NEWCOMER, *FIVE[1:4]), cosigning_record(log.fed, PARTNER, "b"))
    log.state()
    story.refuse("F-17", "a withheld key", "TL-TRU-002", replace(story.next(), keys=()))
    story.take("an admission, and a cosigner's second key")
    story.refuse("F-17", "an older turn", "TL-LOG-001", again)
    _shown(story)
    log.add(*amending(log.trust, *FIVE[:3], cosigners=FIVE[:4], quorum=3))
    log.state()
    turn = story.next()
    story.refuse("F-17", "a withheld amendment", "TL-TRU-010", replace(turn, amendment=b""))
    story.refuse("F-17", "the new quorum alone", "TL-LOG-044", story.next(FOUR[:3]))
    story.take("an amendment of the counted cosigners")
    _own_refused(story)
    return {
        "uri": ME,
        "federation": log.fed.id.hex(),
        "founding": [clear_entry(each).hex() for each in founding],
        "turns": story.turns,
        "refused": story.refused,
        "leaves": story.leaves,
        "listed": listed_vectors(),
    }


def listed_vectors() -> list[Json]:
    """States of a counted cosigner, with the keys of it that the federation's state lists."""
    first, second = (f"{PARTNER}/node/{name}" for name in ("a", "b"))
    many = [f"{PARTNER}/node/n{number:02}" for number in range(20)]
    made = {
        "fewer than sixteen": [(second, "cosign", 0), (first, "cosign", 0)],
        "seventeen nodes": [(node, "cosign", 0) for node in many[:17]],
        "a node of one key, and later one of sixteen": [
            (second, "cosign", 0),
            *[(first, "cosign", 0)] * 16,
        ],
        "three keys of each of twenty nodes": [
            (node, "cosign", 0) for node in (*many, *many, *many)
        ],
        "eight keys of each of two nodes, and one more": [
            (node, "cosign", 0) for node in (*[first] * 9, *[second] * 8)
        ],
        "keys that ended, and those of other uses": [
            (first, "cosign", 40),
            (first, "witness", 0),
            (first, "sign", 0),
            (second, "cosign", 0),
        ],
    }
    return [_listed(name, keys) for name, keys in made.items()]


def _listed(name: str, keys: list[tuple[str, str, int]]) -> Json:
    states = [
        KeyState(
            id=b.secret(f"{name} {number}"),
            subject=node,
            use=use,
            types=(6,) if use == "sign" else (),
            not_before_ms=b.NOW_MS,
            not_after_ms=b.NOW_MS + b.DAY_MS,
            index=20 + number,
            end=end,
        )
        for number, (node, use, end) in enumerate(keys)
    ]
    states.sort(key=lambda each: each.subject)
    own = AgencyState(
        uri=PARTNER,
        name="cn",
        generation=1,
        status="member",
        index=10,
        record=b.secret("record"),
        entries=len(keys),
        keys=tuple(states),
    )
    listed = [key.id.hex() for key in counted_keys(states)]
    return {"name": name, "state": own.encode().hex(), "listed": listed}


def _first_refused(story: Turns, first: Turn) -> None:
    log = story.log
    cut = replace(first.own, state=first.own.state[:-1])
    story.refuse("F-14", "a state cut off", "TL-LOG-001", replace(first, own=cut))
    changed = replace(first.federation, state=first.federation.state[:-1] + b"\1")
    story.refuse(
        "F-14", "another federation's state", "TL-LOG-001", replace(first, federation=changed)
    )
    story.refuse("F-17", "three of five cosigners", "TL-LOG-044", story.next(FOUR[:3]))
    twice = [cosigner(FIVE[0]), *FOUR[:2]]
    story.refuse("F-17", "two agencies", "TL-LOG-044", story.next(twice[1:]))
    unsigned = replace(first, lines=first.lines[1:])
    story.refuse("F-17", "without a key of the log", "TL-LOG-007", unsigned)
    later = replace(first, directory=replace(first.directory, time_ms=log.time_ms + 1))
    story.refuse("F-17", "another time of the directory", "TL-LOG-002", later)
    story.refuse(
        "F-17", "a hash too many", "TL-LOG-001", replace(first, last=(*first.last, bytes(32)))
    )
    partner = log.turns().leaf(PARTNER)
    story.refuse("F-18", "the state of another agency", "TL-LOG-001", replace(first, own=partner))


def _another_history() -> LightLog:
    log = light_log()
    log.append(b"\1" + bytes(32))
    log.state()
    return log


def _shown(story: Turns) -> None:
    log = story.log
    turns = log.turns()
    state, none = turns.leaf(PARTNER), turns.leaf("spiffe://absent.example")
    story.show("F-19", "a partner", "", PARTNER, state, 600)
    story.show("F-19", "an agency that never was one", "", "spiffe://absent.example", none)
    story.show("F-19", "a second too late", "TL-TRU-006", PARTNER, state, 601)
    story.show("F-19", "a clock that is behind", "TL-TRU-007", PARTNER, state, -121)
    story.show("F-14", "a member's absence", "TL-LOG-001", PARTNER, replace(state, state=b""))
    story.show("F-14", "a newcomer's absence", "TL-LOG-001", NEWCOMER, none)
    story.show("F-14", "a partner in another's place", "TL-LOG-001", NEWCOMER, state)


def _own_refused(story: Turns) -> None:
    log = story.log
    assert log.logged is not None
    earlier = log.logged.tree
    made = log.own(ME)
    root = log.fed.signer(ME)
    public = b.signing_key("a thief's key").public.encoded
    record = b.key_record(root.header, b.node_of(ME), KeyUse.SIGN, public)
    log.add(b.signed_by(StatementType.KEY_RECORD, encode_key_record(record), root))
    log.state()
    turn = story.next()
    story.refuse("F-18", "an entry that it did not make", "TL-TRU-011", turn, made)
    counted = replace(log.own(ME), keys=made.keys)
    story.refuse("F-18", "a key that it did not make", "TL-TRU-011", turn, counted)
    renamed = replace(log.own(ME), records=frozenset({bytes(32)}))
    story.refuse("F-18", "a record that it did not make", "TL-TRU-011", turn, renamed)
    log.add(leaving(log.trust, PARTNER))
    log.state()
    story.take("a key of its own, and a partner that left")
    past = DirectoryEntry(time_ms=log.time_ms - 1, root=log.trust.directory.root)
    _enter_unread(log, past, log.trust.directory.copy())
    story.refuse("F-17", "a time before that of the last turn", "TL-TRU-010", story.next())
    back = DirectoryEntry(time_ms=log.time_ms, root=earlier.root)
    _enter_unread(log, back, earlier)
    story.refuse("F-18", "its own state as it was before", "TL-TRU-010", story.next())


def _enter_unread(log: LightLog, entry: DirectoryEntry, tree: Directory) -> None:
    """A directory that no reader of all entries takes; a dishonest quorum cosigns it."""
    log.logged = LoggedDirectory(index=log.frontier.size, entry=entry, tree=tree)
    log.append(entry.encode())
