"""A C2SP tiled log of fifteen entries, written by Tessera, read from its files alone."""

from pathlib import Path

import pytest

from support.paths import shared
from tearline.errors import CheckpointForeign, CheckpointForged, CheckpointUnsigned
from tearline.tlog.checkpoint import Checkpoint, NoteAlgorithm, parse_checkpoint, parse_verifier_key
from tearline.tlog.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tearline.tlog.tiles import (
    Tile,
    encode_entry_bundle,
    encode_tile,
    parse_entry_bundle,
    parse_tile,
    parse_tile_path,
)

ORIGIN = "example.com/log/testdata"
KEY = parse_verifier_key(f"{ORIGIN}+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
SIZES = range(16)


@pytest.fixture(scope="module")
def log() -> Path:
    return shared("vectors/tessera-log/log")


def read_checkpoint(log: Path, size: int) -> Checkpoint:
    note = (log / f"checkpoint.{size}").read_bytes()
    return parse_checkpoint(note, origin=ORIGIN, required=[KEY]).checkpoint


def read_tile(log: Path, width: int) -> list[bytes]:
    """The leaf hashes of a partial tile."""
    tile = Tile(level=0, index=0, width=width)
    return list(parse_tile((log / tile.path).read_bytes(), width=width))


def read_bundle(log: Path, width: int) -> list[bytes]:
    """The entries of a partial bundle."""
    tile = Tile(level=None, index=0, width=width)
    return list(parse_entry_bundle((log / tile.path).read_bytes(), width=width))


def test_the_key_is_ed25519() -> None:
    assert KEY.algorithm is NoteAlgorithm.ED25519
    assert KEY.encode().startswith(f"{ORIGIN}+33d7b496+")


@pytest.mark.parametrize("size", SIZES)
def test_entries_and_tiles_lead_to_the_signed_root(log: Path, size: int) -> None:
    entries = read_bundle(log, size) if size else []
    leaves = read_tile(log, size) if size else []
    checkpoint = read_checkpoint(log, size)
    assert [leaf_hash(entry) for entry in entries] == leaves
    assert checkpoint.size == size
    assert Frontier().append(leaves)[0].root() == checkpoint.root


def test_our_tiles_are_the_files_that_it_wrote(log: Path) -> None:
    words = read_bundle(log, 15)
    _, nodes = Frontier().append(map(leaf_hash, words))
    stored = {(level, index): node for level, index, node in nodes}
    paths = [str(p.relative_to(log)) for p in (log / "tile").rglob("*") if p.is_file()]
    assert len(paths) == 2 * 15
    for path in paths:
        tile = parse_tile_path(path)
        if tile.level is None:
            ours = encode_entry_bundle(words[tile.start : tile.end])
        else:
            ours = encode_tile(stored[node] for node in tile.nodes())
        assert (log / path).read_bytes() == ours


def test_the_entries_are_those_that_were_logged(log: Path) -> None:
    words = "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten"
    assert read_bundle(log, 15) == [word.encode() for word in words.split()]


def test_the_newest_checkpoint_is_the_last(log: Path) -> None:
    assert (log / "checkpoint").read_bytes() == (log / "checkpoint.15").read_bytes()


def test_all_checkpoints_are_consistent(log: Path) -> None:
    _, nodes = Frontier().append(read_tile(log, 15))
    stored = {(level, index): node for level, index, node in nodes}
    checkpoints = [read_checkpoint(log, size) for size in SIZES]
    pairs = 0
    for new in checkpoints[1:]:
        for old in checkpoints[1 : new.size + 1]:
            proof = consistency_proof(old.size, new.size, lambda *node: stored[node])
            verify_consistency(old.size, new.size, old.root, new.root, proof)
            pairs += 1
    assert pairs == 15 * 16 // 2


def test_all_entries_are_included_in_all_checkpoints(log: Path) -> None:
    leaves = read_tile(log, 15)
    _, nodes = Frontier().append(leaves)
    stored = {(level, index): node for level, index, node in nodes}
    proofs = 0
    for size in SIZES[1:]:
        root = read_checkpoint(log, size).root
        for index in range(size):
            proof = inclusion_proof(index, size, lambda *node: stored[node])
            verify_inclusion(index, size, leaves[index], proof, root)
            proofs += 1
    assert proofs == 15 * 16 // 2


def test_a_changed_root_is_not_believed(log: Path) -> None:
    note = (log / "checkpoint.15").read_bytes()
    other = (log / "checkpoint.14").read_bytes()
    forged = note.replace(note.split(b"\n")[2], other.split(b"\n")[2])
    with pytest.raises(CheckpointForged):
        parse_checkpoint(forged, origin=ORIGIN, required=[KEY])


def test_another_log_or_an_unknown_key_is_not_believed(log: Path) -> None:
    note = (log / "checkpoint.15").read_bytes()
    with pytest.raises(CheckpointForeign):
        parse_checkpoint(note, origin="example.com/log", required=[KEY])
    with pytest.raises(CheckpointUnsigned):
        parse_checkpoint(note, origin=ORIGIN, required=[])
