"""B18: light nodes in a federation of 10,000 agencies, with real bytes, in one process.

A council of nine admits every member by six votes, and each puts three node keys on record. Light
nodes join, take turns and verify a partner; the exchange makes turns at few members and at many. A
log of a thousand million entries repeats one subtree. ``FULL=1`` takes 10,000 members, which takes
some minutes; else there are 500.
"""

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bench.harness import Result, Runs, Target, alternate, cpu_us, result
from bench.members import NODES, TimedReader, admit, file_bytes, founded, uri_of
from bench.repeated import RepeatedLog
from tearline.federation.turns import OwnEntries, Turn, TurnRequest
from tearline.tlog.merkle import (
    ReadNode,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from tearline.tlog.tiles import TILE_WIDTH, Tile, encode_tile, parse_tile
from tearline.verification.light_reader import LightReader, begin
from tearline.verification.log_entries import entry_hash
from tearline.verification.trust import TrustState
from tearline.verification.turns import Turns
from tearline.wire.federation import FederationFile, parse_federation_file
from tearline.wire.turns import encode_leaf, encode_turn, parse_leaf, parse_turn

MEMBERS = 10_000 if os.environ.get("FULL") else 500
FEW = 100
ROUNDS = 5
ENTRIES = 1_000_000_000
JOIN_KB, JOIN_MS, TURN_KB, LEAF_BYTES, LEAF_US = 1000, 3000, 20, 1500, 1000
_WITHIN = Target(limit=1, at_most=True)
_GROWS = Target(limit=1.5, at_most=True)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An exchange that makes turns at one checkpoint, over the nodes of its tree.

    Attributes:
        turns: The turns.
        node: Returns a node.
    """

    turns: Turns
    node: ReadNode

    def turn(self, uri: str, request: TurnRequest) -> Turn:
        """The turn of an agency's reader that holds a tree no larger than this one."""
        size = min(request.size, self.turns.size - 1)
        path = consistency_proof(size, self.turns.size, self.node) if size else ()
        return self.turns.turn(uri, request, path)


@dataclass(frozen=True, kw_only=True)
class Federations:
    """The exchange's turns at two sizes of one federation, and a reader of the larger one.

    Attributes:
        few: Turns at few members.
        many: Turns at all members.
        file: The file from which a light node joins.
        reader: A light node of the last member, after its first turn.
        made: The entries of its agency.
        full: A full node that read all entries.
        now_s: The time of the last directory, Unix seconds.
        gained_mib: Memory that reading them took, the log's tree included.
    """

    few: Asked
    many: Asked
    file: FederationFile
    reader: LightReader
    made: OwnEntries
    full: TimedReader
    now_s: int
    gained_mib: float


def run(
    *, members: int = MEMBERS, few: int = FEW, rounds: int = ROUNDS, asked: int = 200
) -> Sequence[Result]:
    """Measures B18.

    Args:
        members: Members that the council admits.
        few: The same, of the smaller federation.
        rounds: Of each measurement.
        asked: Turns and leaves in a round.
    """
    grown = _grown(members, few)
    request = grown.reader.request
    own = grown.many.turn(grown.reader.uri, request)
    partner = uri_of(members // 2)
    leaf = encode_leaf(grown.many.turns.leaf(partner))
    runs = alternate(
        {
            "join": lambda: cpu_us(lambda _: _join(grown), 1) / 1000,
            "few": lambda: cpu_us(partial(_turn, grown.few, few, request), asked),
            "many": lambda: cpu_us(partial(_turn, grown.many, members, request), asked),
            "take": lambda: cpu_us(lambda _: grown.reader.take(own, grown.made), 10) / 1000,
            "leaf": lambda: cpu_us(
                lambda _: grown.reader.verify_partner(partner, parse_leaf(leaf), grown.now_s),
                asked,
            ),
        },
        rounds,
    )
    about = f"{members:,} members with {NODES} node keys each"
    joined = len(file_bytes(grown.file)) + len(encode_turn(_first(grown)))
    return [
        _bounded("B18j", f"a light node's join; {about}", [joined / 1000], "KB", JOIN_KB),
        _bounded("B18jc", "processor time of the same", runs["join"], "ms", JOIN_MS),
        _bounded("B18", f"a light node's turn; {about}", [_size(own)], "KB", TURN_KB),
        _bounded("B18l", f"a partner's state and proof; {about}", [len(leaf)], "bytes", LEAF_BYTES),
        _bounded("B18lc", "processor time to verify it", runs["leaf"], "µs", LEAF_US),
        result(
            "B18x",
            f"processor time of a turn at the exchange; {about}",
            runs=runs["many"],
            unit="µs",
            baseline=runs["few"],
            baseline_unit=f"{few} members, µs",
            target=_GROWS,
        ),
        *_full(grown, runs, members),
        *_large(rounds),
    ]


def _bounded(id_: str, what: str, runs: Sequence[float], unit: str, most: float) -> Result:
    return result(
        id_,
        what,
        runs=runs,
        unit=unit,
        baseline=[most],
        baseline_unit=f"the most it may take, {unit}",
        target=_WITHIN,
    )


def _grown(members: int, few: int) -> Federations:
    """Admits all members, and keeps the exchange's turns at the smaller size."""
    from support.light import cosigner

    log, file = founded()
    by = [cosigner(uri) for uri in log.trust.members.constitution.cosigners[:4]]
    before, early = _memory_mib(), None
    for number in range(1, members + 1):
        admit(log, number)
        if number == few:
            early = Asked(turns=log.turns(by), node=log.node)
    gained = _memory_mib() - before
    assert early is not None
    assert isinstance(log.trust, TimedReader)
    uri = uri_of(members)
    reader = log.taken(log.reader(uri), by)
    log.state()
    return Federations(
        few=early,
        many=Asked(turns=log.turns(by), node=log.node),
        file=file,
        reader=reader,
        made=log.own(uri),
        full=log.trust,
        now_s=log.time_ms // 1000,
        gained_mib=gained,
    )


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _first(grown: Federations) -> Turn:
    return grown.many.turn(grown.reader.uri, TurnRequest(size=0, decision=bytes(32), keys=()))


def _join(grown: Federations) -> None:
    """Reads the founding from its bytes, and takes the first turn."""
    file = parse_federation_file(file_bytes(grown.file))
    trust = TrustState(federation=file.federation, is_partial=True)
    for index, entry in enumerate(file.entries):
        trust.apply(index, entry)
    reader = begin(grown.reader.uri, trust)
    turn = grown.many.turn(reader.uri, reader.request)
    reader.take(parse_turn(encode_turn(turn)), grown.made)


def _turn(turns: Asked, members: int, request: TurnRequest, number: int) -> None:
    encode_turn(turns.turn(uri_of(number % members + 1), request))


def _size(turn: Turn) -> float:
    return len(encode_turn(turn)) / 1000


def _full(grown: Federations, runs: Runs, members: int) -> Sequence[Result]:
    full = grown.full
    return [
        result(
            "B18t",
            "processor time of a light node to take a turn",
            runs=runs["take"],
            unit="ms",
            baseline=[full.spent_ns / 1e6],
            baseline_unit=f"a full node's, to read {full.read:,} entries of members, ms",
        ),
        result(
            "B18f",
            "a full node's processor time for an entry of members",
            runs=[full.spent_ns / full.read / 1000],
            unit="µs",
            baseline=[full.read_bytes / full.read],
            baseline_unit="its size, bytes",
        ),
        result(
            "B18m",
            "memory of a process that holds state and tree of the same",
            runs=[grown.gained_mib],
            unit="MiB",
            baseline=[members],
            baseline_unit="members",
        ),
    ]


def _large(rounds: int) -> Sequence[Result]:
    """Proofs and tiles of a log of a thousand million entries."""
    entry = entry_hash(b"\2" + bytes(40))
    log = RepeatedLog(ENTRIES // TILE_WIDTH - 1, [entry] * (TILE_WIDTH + ENTRIES % TILE_WIDTH))
    size, root = log.frontier.size, log.frontier.root()
    old = RepeatedLog(ENTRIES // TILE_WIDTH - 2, ())
    places = [0, 1, size // 3, size // 2, size - 2, size - 1]

    def prove(number: int) -> None:
        at = places[number % len(places)]
        path = inclusion_proof(at, size, log.node)
        verify_inclusion(at, size, log.node(0, at), path, root)
        proof = consistency_proof(old.frontier.size, size, log.node)
        verify_consistency(old.frontier.size, size, old.frontier.root(), root, proof)

    for level in range(4):
        index = (size >> 8 * level) // TILE_WIDTH - 1
        tile = Tile(level=level, index=max(index, 0), width=min(TILE_WIDTH, size >> 8 * level))
        assert tile.is_within(size)
        hashes = [log.node(*node) for node in tile.nodes()]
        assert list(parse_tile(encode_tile(hashes), width=tile.width)) == hashes
    runs = [cpu_us(prove, 120) for _ in range(rounds)]
    path = inclusion_proof(size // 3, size, log.node)
    return [
        result(
            "B18g",
            f"an inclusion and a consistency proof made and verified; {size:,} entries",
            runs=runs,
            unit="µs",
            baseline=[len(path)],
            baseline_unit="hashes in an inclusion proof",
        )
    ]
