"""An independent reader and writer of C2SP logs, and ours, believe each other."""

from pathlib import Path

import pytest
from tlog_scales import signing, tlog
from tlog_scales.reader import TilesReader
from tlog_scales.writer import TilesWriter

from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    parse_checkpoint,
    parse_verifier_key,
    sign_checkpoint,
)
from tearline.tlog.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tearline.tlog.tiles import TILE_WIDTH, Tile, encode_tile

ORIGIN = "exchange.example/log"
TIME_S = 1_763_000_000
SIZE = 66_000  # beyond one full tile of full tiles, so that three levels of tiles are read

SIGNERS = [
    CheckpointSigner(name=ORIGIN, algorithm=NoteAlgorithm.ED25519, seed=b"\x01" * 32),
    CheckpointSigner(name=ORIGIN, algorithm=NoteAlgorithm.MLDSA44, seed=b"\x02" * 32),
    CheckpointSigner(name="agency.example", algorithm=NoteAlgorithm.MLDSA44, seed=b"\x03" * 32),
]
THEIR_SIGNERS = [
    signing.PlainEd25519Signer(ORIGIN, b"\x01" * 32),
    signing.MLDSA44CosignatureSigner(ORIGIN, b"\x02" * 32),
    signing.MLDSA44CosignatureSigner("agency.example", b"\x03" * 32),
]


class OurLog:
    """A log of ours, whose stored nodes are served as tiles."""

    def __init__(self, size: int) -> None:
        self.leaves = [leaf_hash(b"entry %d" % number) for number in range(size)]
        self.frontier, nodes = Frontier().append(self.leaves)
        self.stored = {(level, index): node for level, index, node in nodes}
        checkpoint = Checkpoint(origin=ORIGIN, size=size, root=self.frontier.root())
        self.files = {("checkpoint",): sign_checkpoint(checkpoint, SIGNERS, time_s=TIME_S)}
        level = 0
        while hashes := size >> 8 * level:
            for index in range(-(-hashes // TILE_WIDTH)):
                width = min(TILE_WIDTH, hashes - TILE_WIDTH * index)
                tile = Tile(level=level, index=index, width=width)
                assert tile.is_within(size)
                content = encode_tile(self.stored[node] for node in tile.nodes())
                self.files[tuple(tile.path.split("/"))] = content
            level += 1

    def read(self, level: int, index: int) -> bytes:
        return self.stored[level, index]

    def get(self, *path: str) -> bytes | None:
        """What the independent reader asks for."""
        return self.files.get(path)


@pytest.fixture(scope="module")
def ours() -> OurLog:
    return OurLog(SIZE)


@pytest.fixture(scope="module")
def their_reader(ours: OurLog) -> TilesReader:
    reader = TilesReader(ours)
    reader.get_checkpoint()
    return reader


def test_it_finds_our_root_in_our_tiles(ours: OurLog, their_reader: TilesReader) -> None:
    assert their_reader.size == SIZE
    assert their_reader.calculate_root_hash() == ours.frontier.root()


def test_it_verifies_all_signatures_of_our_checkpoint(ours: OurLog) -> None:
    checkpoint = tlog.Checkpoint.from_text(ours.files[("checkpoint",)].decode())
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, SIZE)
    for signer in SIGNERS:
        checkpoint.verify(signing.Vkey.from_string(signer.verifier.encode()))


@pytest.mark.parametrize("index", [0, 1, 255, 256, 40_000, 65_535, 65_536, SIZE - 1])
def test_inclusion_proofs_are_the_same(ours: OurLog, their_reader: TilesReader, index: int) -> None:
    proof = inclusion_proof(index, SIZE, ours.read)
    assert list(proof) == their_reader.get_inclusion_proof(index, SIZE).node_hashes
    tlog.InclusionProof(index, SIZE, list(proof)).check(ours.leaves[index], ours.frontier.root())
    verify_inclusion(index, SIZE, ours.leaves[index], proof, ours.frontier.root())


@pytest.mark.parametrize("old", [1, 2, 255, 256, 257, 50_000, 65_536, SIZE - 1, SIZE])
def test_consistency_proofs_are_the_same(ours: OurLog, their_reader: TilesReader, old: int) -> None:
    old_root = Frontier().append(ours.leaves[:old])[0].root()
    proof = consistency_proof(old, SIZE, ours.read)
    assert list(proof) == their_reader.get_consistency_proof(old, SIZE).node_hashes
    tlog.ConsistencyProof(old, SIZE, list(proof)).check(old_root, ours.frontier.root())
    verify_consistency(old, SIZE, old_root, ours.frontier.root(), proof)


def test_we_verify_the_log_that_it_wrote(tmp_path: Path) -> None:
    entries = [b"entry %d" % number for number in range(300)]
    writer = TilesWriter.create(tmp_path / "log", ORIGIN)
    for entry in entries:
        writer.add_leaf(entry)
    writer.commit(THEIR_SIGNERS)
    note = (tmp_path / "log/checkpoint").read_bytes()
    keys = [parse_verifier_key(signer.vkey.serialize()) for signer in THEIR_SIGNERS]
    signed = parse_checkpoint(note, origin=ORIGIN, required=keys)
    assert [each.key for each in signed.signatures] == [each.verifier for each in SIGNERS]
    leaves = [leaf_hash(entry) for entry in entries]
    assert signed.checkpoint.root == Frontier().append(leaves)[0].root()
    for index in range(300):
        proof = writer.reader.get_inclusion_proof(index, 300)
        verify_inclusion(index, 300, leaves[index], proof.node_hashes, signed.checkpoint.root)


def test_the_same_seed_is_the_same_key_under_the_same_id() -> None:
    for ours, theirs in zip(SIGNERS, THEIR_SIGNERS, strict=True):
        assert ours.verifier.encode() == theirs.vkey.serialize()
