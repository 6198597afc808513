"""Pairs of legs from files and from packets here."""

import json
from pathlib import Path

import pytest

from support.cli import AUDITOR, Desk
from tearline.bodies.registry import KINDS
from tearline.packets.packet import PacketKind
from tearline_client.store.packets import PacketStore

EXAMPLE = KINDS[PacketKind.VALUE_TRANSFER].example.splitlines(keepends=True)
ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026", "--kind", "value-transfer"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)


def written(desk: Desk, name: str, *lines: str) -> Path:
    path = desk.folder / name
    path.write_text("".join(lines))
    return path


def two_files(desk: Desk) -> tuple[Path, Path]:
    return written(desk, "ours.jsonl", EXAMPLE[0]), written(desk, "theirs.jsonl", EXAMPLE[1])


def test_a_pair_from_two_files_is_proposed_and_explained(desk: Desk) -> None:
    ours, theirs = two_files(desk)
    (row,) = desk.rows("transfer", "match", ours, theirs, "--rate", "USD/CNY=7.2")
    assert (row["pay_in"], row["pay_out"]) == ("ours.jsonl: leg-in", "theirs.jsonl: leg-out")
    assert "250000.00 USD at 7.2 is 1800000 CNY, and 1800000.00 was paid: 0.00 %" in row["why"]
    assert desk.rows("transfer", "match", ours, theirs, "--hours", "1") == []


def test_legs_in_packets_are_compared_with_those_of_a_file(desk: Desk) -> None:
    ours, theirs = two_files(desk)
    (sent,) = desk.rows("packet", "send", "--yes", theirs, *ORDER)
    (row,) = desk.rows("transfer", "match", ours, "--inbox", "--rate", "USD/CNY=7.2")
    assert row["pay_out"] == f"{sent['packet'][:12]}: leg-out"
    assert row["pay_out_source"] == sent["packet"]
    shown = desk.rows("audit", "access", "action:access-print", "--as", AUDITOR)
    assert [entry["packet"] for entry in shown] == [sent["packet"]]


def test_legs_in_frozen_packets_are_passed_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = two_files(desk)
    desk.rows("packet", "send", "--yes", theirs, *ORDER)
    monkeypatch.setattr(PacketStore, "is_frozen", lambda store, packet: True)
    assert desk.rows("transfer", "match", ours, "--inbox", "--rate", "USD/CNY=7.2") == []


def test_what_cannot_be_compared_is_counted(desk: Desk) -> None:
    partly = json.loads(EXAMPLE[1])
    del partly["properties"]["amount"], partly["properties"]["rate"]
    other = EXAMPLE[1].replace('"rate":["0.1389"],', "")
    legs = written(desk, "legs.jsonl", EXAMPLE[0], other, json.dumps(partly | {"id": "p"}) + "\n")
    told = desk.run("transfer", "match", legs)
    assert told.exit_code == 0, told.output
    assert "2 legs compared, 0 pairs proposed." in told.stderr
    assert "1 leg left out: a field to compare is not readable, or malformed." in told.stderr
    assert "--rate USD/CNY=" in told.stderr


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--inbox", "--rate", "USD=7.2"),
        ("--inbox", "--rate", "USD/XXX=7.2"),
        ("--inbox", "--rate", "USD/CNY=7,2"),
        ("--inbox", "--percent", "-3"),
        ("--inbox", "--hours", "1e3"),
    ],
)
def test_a_slip_is_told_before_anything_is_read(desk: Desk, options: tuple[str, ...]) -> None:
    slip = desk.run("transfer", "match", *options)
    assert (slip.exit_code, slip.stdout) == (2, "")
