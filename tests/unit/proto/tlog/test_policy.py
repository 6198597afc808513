"""Policies on checkpoints: c2sp.org/tlog-policy, read, written and applied."""

from dataclasses import replace

import pytest

import tearline.tlog.note
from support.agencies import NOW_MS, ORIGIN, log_signers, secret
from support.cases import each_case
from tearline.errors import CheckpointUnsigned, KeyMalformed, LogPolicyMalformed
from tearline.limits import MAX_COUNTED_KEYS, MAX_POLICY_FILE_BYTES
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    VerifierKey,
    sign_checkpoint,
)
from tearline.tlog.note import NoteSignature, parse_note_signature
from tearline.tlog.policy import CosignerGroup, LogPolicy, parse_log_policy, trusted_keys

LOG, LOG_PQ = log_signers()
X1, X2, X3, Y1 = (
    CheckpointSigner(name=f"{name}.example", algorithm=NoteAlgorithm.MLDSA44, seed=secret(name))
    for name in ("x1", "x2", "x3", "y1")
)
CHECKPOINT = Checkpoint(origin=ORIGIN, size=7, root=secret("root"))


def note(*signers: CheckpointSigner) -> bytes:
    return sign_checkpoint(CHECKPOINT, signers, time_s=NOW_MS // 1000)


def lines(*texts: str) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


def witness(name: str, signer: CheckpointSigner) -> str:
    return f"witness {name} {signer.verifier.encode()}"


EXAMPLE = lines(
    "# two houses",
    "",
    f"log {LOG.verifier.encode()} https://exchange.example/",
    witness("X1", X1),
    f" \t{witness('X2', X2)}  https://x2.example ",
    witness("X3", X3),
    "group X-witnesses 2 X1 X2 X3",
    witness("Y1", Y1),
    "group Y-witnesses any Y1",
    "group both all X-witnesses Y-witnesses",
    "quorum both",
)


def codes(policy: LogPolicy, data: bytes) -> list[str]:
    return [error.code for error in policy.failings(data)]


def test_a_policy_of_cosigners_with_many_nodes_can_be_read() -> None:
    """Five counted cosigners may have 64 nodes each."""
    names = [f"spiffe://a{number // 64}.example/node/n{number % 64}" for number in range(5 * 64)]
    witnesses = {
        name: VerifierKey(
            name=name,
            algorithm=NoteAlgorithm.MLDSA44,
            public=number.to_bytes(NoteAlgorithm.MLDSA44.public_size),
        )
        for number, name in enumerate(names)
    }
    policy = trusted_keys([LOG.verifier.encode()], witnesses, names[:1])
    assert parse_log_policy(policy.encode()) == policy


def test_a_policy_is_read_and_comes_back() -> None:
    policy = parse_log_policy(EXAMPLE)
    assert policy.logs == (LOG.verifier,)
    assert dict(policy.witnesses) == {
        "X1": X1.verifier, "X2": X2.verifier, "X3": X3.verifier, "Y1": Y1.verifier,
    }  # fmt: skip
    assert policy.groups["both"] == CosignerGroup(needed=2, members=("X-witnesses", "Y-witnesses"))
    assert policy.quorum == "both"
    assert parse_log_policy(policy.encode()) == policy


@pytest.mark.parametrize(
    ("signers", "believed"),
    [
        ((LOG, X1, X2, Y1), True),
        ((LOG, X1, X2, X3, Y1), True),
        ((LOG, X1, Y1), False),
        ((LOG, X1, X2, X3), False),
        ((LOG,), False),
        ((X1, X2, Y1), False),
        ((LOG_PQ, X1, X2, Y1), False),
    ],
)
def test_the_quorum_decides(signers: tuple[CheckpointSigner, ...], believed: bool) -> None:
    policy = parse_log_policy(EXAMPLE)
    assert codes(policy, note(*signers)) == ([] if believed else ["TL-LOG-007"])
    if believed:
        assert policy.verify(note(*signers)).checkpoint == CHECKPOINT
    else:
        with pytest.raises(CheckpointUnsigned):
            policy.verify(note(*signers))


def test_a_quorum_of_nobody_asks_for_the_log_alone() -> None:
    policy = parse_log_policy(lines(f"log {LOG.verifier.encode()}", "quorum none"))
    assert codes(policy, note(LOG)) == []
    assert codes(policy, note(X1)) == ["TL-LOG-007"]


def test_any_one_of_several_logs_is_enough() -> None:
    policy = LogPolicy(logs=(LOG.verifier, LOG_PQ.verifier))
    assert codes(policy, note(LOG)) == codes(policy, note(LOG_PQ)) == []


def test_a_policy_from_a_constitution_asks_for_every_key_of_the_log() -> None:
    policy = trusted_keys([LOG_PQ.verifier.encode(), LOG.verifier.encode()])
    assert parse_log_policy(policy.encode()) == policy
    assert codes(policy, note(LOG, LOG_PQ)) == []
    assert codes(policy, note(LOG)) == codes(policy, note(LOG_PQ)) == ["TL-LOG-007"]
    one = trusted_keys([LOG.verifier.encode()])
    assert (one.quorum, codes(one, note(LOG))) == ("none", [])


def test_cosigners_are_verified_where_they_signed_and_demanded_where_needed() -> None:
    keys = [each.verifier.encode() for each in log_signers()]
    known = trusted_keys(keys, {"x1": X1.verifier, "x2": X2.verifier}, ["x1"])
    assert parse_log_policy(known.encode()) == known
    assert codes(known, note(LOG, LOG_PQ, X1)) == []
    assert codes(known, note(LOG, LOG_PQ, X2)) == ["TL-LOG-007"]
    forged = note(LOG, LOG_PQ, X1, X2)
    stranger = replace(X2.verifier, public=X3.verifier.public)
    wrong = trusted_keys(keys, {"x1": X1.verifier, "x2": stranger}, ["x1"])
    assert codes(wrong, forged) == []  # another key id: a line of somebody unknown


def test_a_forged_cosignature_is_named_though_nobody_needs_it() -> None:
    keys = [each.verifier.encode() for each in log_signers()]
    policy = trusted_keys(keys, {"x1": X1.verifier})
    other = sign_checkpoint(replace(CHECKPOINT, size=8), [X1], time_s=1)
    line = other.decode().split("\n")[-2]
    assert codes(policy, note(LOG, LOG_PQ) + f"{line}\n".encode()) == ["TL-LOG-008"]


def test_a_key_that_signs_twice_is_named() -> None:
    policy = trusted_keys([LOG.verifier.encode()])
    assert codes(policy, note(LOG, LOG)) == ["TL-LOG-005", "TL-LOG-007"]


def test_a_note_of_many_lines_is_not_read_for_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def parse(line: str) -> NoteSignature:
        read.append(line)
        return parse_note_signature(line)

    monkeypatch.setattr(tearline.tlog.note, "parse_note_signature", parse)
    signers = [LOG, LOG_PQ, X1, X2, X3]
    policy = trusted_keys([each.verifier.encode() for each in signers])
    assert codes(policy, note(*signers)) == []
    assert len(read) == len(signers)


def test_every_shortcoming_is_named() -> None:
    assert codes(parse_log_policy(EXAMPLE), note(X1)) == ["TL-LOG-007", "TL-LOG-007"]


def test_another_log_or_no_note_at_all() -> None:
    policy = parse_log_policy(EXAMPLE)
    foreign = sign_checkpoint(replace(CHECKPOINT, origin="other.example"), [LOG], time_s=1)
    assert codes(policy, foreign) == ["TL-LOG-006"]
    assert codes(policy, b"nothing") == ["TL-LOG-005"]
    with pytest.raises(LogPolicyMalformed):
        trusted_keys([])


KEY = LOG.verifier.encode()


@each_case(
    "texts",
    [
        (f"log {KEY}",),
        ("quorum",),
        ("quorum none", "quorum none"),
        ("quorum nobody",),
        (f"log {KEY}", f"log {KEY}", "quorum none"),
        ("log none", "quorum none"),
        ("log exchange.example/log+00000000+BAAA", "quorum none"),
        (f"log {KEY} a b", "quorum none"),
        (f"witness none {KEY}", "quorum none"),
        (witness("a", X1), witness("b", X1), "quorum none"),
        (witness("a", X1), witness("a", X2), "quorum none"),
        (witness("a", X1), "group a all a", "quorum none"),
        (witness("a", X1), "group g all", "quorum none"),
        (witness("a", X1), "group g all b", "quorum none"),
        (witness("a", X1), "group g 0 a", "quorum none"),
        (witness("a", X1), "group g 2 a", "quorum none"),
        (witness("a", X1), "group g 01 a", "quorum none"),
        (witness("a", X1), "group g some a", "quorum none"),
        (witness("a", X1), "group g any none", "quorum none"),
        (witness("a", X1), "group g any a a", "quorum none"),
        (witness("a", X1), "group g any a", "group h any a", "quorum none"),
        ("group g any g", "quorum none"),
        ("quorum g", witness("g", X1)),
        ("witnesses", "quorum none"),
        ("\x01", "quorum none"),
        ("\x7f", "quorum none"),
        ("quorum none\r",),
    ],
)
def test_what_is_no_policy_is_refused(texts: tuple[str, ...]) -> None:
    with pytest.raises(LogPolicyMalformed) as refused:
        parse_log_policy(lines(*texts))
    assert refused.value.code == "TL-CFG-010"


def test_names_are_octets_and_lines_are_bounded() -> None:
    name = b"\xe2\x84\xaa\xff"
    data = b"witness " + name + b" " + X1.verifier.encode().encode() + b"\nquorum " + name + b"\n"
    policy = parse_log_policy(data)
    assert policy.encode() == data
    with pytest.raises(LogPolicyMalformed):
        parse_log_policy(b"#" * (MAX_POLICY_FILE_BYTES + 1))
    with pytest.raises(LogPolicyMalformed):
        parse_log_policy(b"\n" * 4 * MAX_COUNTED_KEYS + b"quorum none\n")


def test_a_key_of_no_kind_in_use_is_named() -> None:
    with pytest.raises(KeyMalformed):
        trusted_keys(["exchange.example/log+00000000+BAAA"])
