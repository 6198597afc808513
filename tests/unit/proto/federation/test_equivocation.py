"""Evidence that the log signed two histories: what convinces, and what does not."""

from dataclasses import replace

import pytest

from support.forks import FORKED, LEAVES, LOG, SIGNERS, hashes_of, note, path
from tearline.errors import (
    CheckpointUnsigned,
    EvidenceInsufficient,
    LogError,
    LogInconsistent,
    ProofMalformed,
    StatementMalformed,
)
from tearline.federation.equivocation import Equivocation, verify_equivocation
from tearline.tlog.merkle import consistency_proof, leaf_hash, root_from_leaf_hashes
from tearline.wire.cosigning import (
    CosignReply,
    CosignRequest,
    encode_cosign_news,
    encode_cosign_turn,
    encode_equivocation,
    parse_cosign_news,
    parse_cosign_turn,
    parse_equivocation,
)


def forked(older: int, newer: int) -> Equivocation:
    """Two checkpoints of two histories that part at entry 12."""
    return Equivocation(
        older=note(older),
        newer=note(newer, FORKED),
        root=root_from_leaf_hashes(FORKED[:older]),
        path=path(older, newer, FORKED),
    )


@pytest.mark.parametrize(("older", "newer"), [(20, 20), (13, 14), (20, 33), (32, 40)])
def test_two_histories_convict_the_log(older: int, newer: int) -> None:
    found = verify_equivocation(forked(older, newer), LOG)
    assert [signed.checkpoint.size for signed in found] == [older, newer]


@pytest.mark.parametrize(("older", "newer"), [(12, 33), (5, 12), (3, 40)])
def test_one_history_does_not(older: int, newer: int) -> None:
    # They part later than the older one ends: nothing contradicts it.
    with pytest.raises(EvidenceInsufficient):
        verify_equivocation(forked(older, newer), LOG)


def test_evidence_is_the_logs_own_word_and_nothing_else() -> None:
    good = forked(20, 33)
    bad: list[tuple[Equivocation, type[LogError]]] = [
        (replace(good, older=note(20, signers=SIGNERS[:1])), CheckpointUnsigned),
        (replace(good, newer=note(33, FORKED, signers=SIGNERS[1:])), CheckpointUnsigned),
        (replace(good, root=leaf_hash(b"invented")), LogInconsistent),
        (replace(good, path=good.path[:-1]), ProofMalformed),
        (replace(good, older=good.newer, newer=good.older), ProofMalformed),
        (replace(good, older=note(0)), ProofMalformed),
    ]
    for evidence, error in bad:
        with pytest.raises(error):
            verify_equivocation(evidence, LOG)


def test_evidence_travels_in_one_spelling() -> None:
    evidence = forked(20, 33)
    data = encode_equivocation(evidence)
    assert parse_equivocation(data) == evidence
    for bad in (data + data, data + b"\x28\x01", b"\x1a\x01\x00", b"\xff", data * 40):
        with pytest.raises(StatementMalformed):
            parse_equivocation(bad)


def test_a_turn_and_its_answer_travel() -> None:
    turn = CosignRequest(checkpoint=note(3), evidence=(forked(20, 20),), wait=True)
    assert parse_cosign_turn(encode_cosign_turn(turn)) == turn
    news = CosignReply(checkpoints=(note(3), note(2)), evidence=(forked(20, 20),))
    assert parse_cosign_news(encode_cosign_news(news)) == news
    with pytest.raises(StatementMalformed):
        parse_cosign_news(encode_cosign_news(CosignReply(checkpoints=())))
    with pytest.raises(StatementMalformed):
        parse_cosign_turn(encode_cosign_turn(CosignRequest(evidence=(forked(20, 20),) * 5)))


def test_the_proof_in_evidence_is_an_honest_one() -> None:
    nodes = hashes_of(FORKED)
    assert forked(20, 33).path == consistency_proof(20, 33, lambda *node: nodes[node])
    assert LEAVES[12] != FORKED[12]
