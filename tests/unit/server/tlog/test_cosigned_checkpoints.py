"""The newest cosigned checkpoints: a turn costs the same, however many nodes cosign."""

import pytest

from support.costs import steps
from tearline.federation.members import KeyUse
from tearline.tlog.note import Note, NoteSignature
from tearline_server.tlog.cosigned_checkpoints import CosignedCheckpoints, Signers

ORIGIN = "exchange.example/log"
LOG = NoteSignature(name=ORIGIN, key_hash=b"logs", payload=b"signature")
WITNESS = NoteSignature(name="witness.example", key_hash=b"wits", payload=b"signature")


def node(agency: str) -> str:
    return f"spiffe://{agency}.example/node/hub"


def note(size: int, *agencies: str, beside: tuple[NoteSignature, ...] = (LOG,)) -> Note:
    lines = (
        NoteSignature(name=node(each), key_hash=b"keys", payload=b"signature") for each in agencies
    )
    return Note(text=f"{ORIGIN}\n{size}\nroot\n", signatures=(*beside, *lines))


def use_of(line: NoteSignature) -> KeyUse:
    return KeyUse.WITNESS if "light" in line.name else KeyUse.COSIGN


def cosigners(*agencies: str) -> list[Signers]:
    return [(f"spiffe://{each}.example", KeyUse.COSIGN) for each in agencies]


def empty() -> CosignedCheckpoints:
    """Of these agencies, "counted" alone keeps all its lines."""
    return CosignedCheckpoints(lambda agency: "counted" not in agency, use_of)


def test_a_turn_costs_the_same_however_many_nodes_cosign() -> None:
    def turn(others: int) -> int:
        found = empty()
        for number in range(others):
            found.add(1, note(1, f"other{number}"))
        found.add(1, note(1, "us", "mx", "counted"))
        told = cosigners("counted", "us", "mx", "cn")

        def act() -> None:
            found.add(2, note(2, "us"))  # and its line over the first goes
            assert [*found.newest_of(told)] == [1, 2]
            (first,) = found.parts(1, told)
            assert [line.name for line in first.signatures] == [ORIGIN, node("counted"), node("mx")]

        return steps(act)

    assert turn(10) == turn(1000)


def test_a_checkpoint_goes_with_its_last_line_unless_a_witness_signed_it() -> None:
    found = empty()
    found.add(1, note(1, "us"))
    found.add(2, note(2, "mx", beside=(LOG, WITNESS)))
    found.add(3, note(3, "us", "mx"))
    assert list(found.parts(1, ())) == []
    (witnessed,) = found.parts(2, cosigners("mx"))
    assert witnessed.signatures == (LOG, WITNESS)
    assert found.sizes == {KeyUse.COSIGN: {node("us"): 3, node("mx"): 3}}


def test_a_node_whose_newest_checkpoint_is_displaced_has_no_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.tlog.cosigned_checkpoints.MAX_COSIGNED_SIZES", 2)
    found = empty()
    for size, agency in enumerate(("us", "counted", "mx"), start=1):
        found.add(size, note(size, agency))
    assert found.newest_of(cosigners("us", "mx")) == {3: cosigners("mx")}
    assert found.sizes == {KeyUse.COSIGN: {node("counted"): 2, node("mx"): 3}}
    found.add(1, note(1, "us"))
    assert found.displaced_by(1) == [1]
    assert list(found.parts(1, ())) == []
