"""Data and errors as JSON: what commands print fits the published schemas."""

import json

import pytest
from jsonschema import Draft202012Validator, ValidationError

from support.cases import each_case
from support.cli import Desk
from support.paths import ROOT
from tearline.errors import concrete_errors
from unit.client.cli.documented import OUTPUTS, rows_of

REFERENCE = ROOT / "docs" / "reference"
NAME = "narcotics-2026"
TERMS = ("--agreement", NAME, "--article", "money-laundering")

# Commands that only read, by the name of their schema.
READING: dict[str, tuple[str, ...]] = {
    "todo": ("todo",),
    "inbox": ("inbox",),
    "federation-show": ("federation", "show"),
    "person-list": ("person", "list"),
    "agreement-list": ("agreement", "list"),
    "agreement-show": ("agreement", "show", NAME),
    "policy-matrix": ("policy", "matrix", *TERMS),
    "policy-explain": ("policy", "explain", "finance.amount", *TERMS, "--to", "mx-prosecutor"),
    "packet-kinds": ("packet", "kinds"),
    "packet-list": ("packet", "list"),
    "packet-pending": ("packet", "pending"),
    "packet-recalls": ("packet", "recalls"),
    "packet-show": ("packet", "show", "PACKET"),
    "packet-status": ("packet", "status", "PACKET"),
    "request-list": ("request", "list"),
    "consent-list": ("consent", "list"),
    "case-list": ("case", "list"),
    "audit-checkpoint": ("audit", "checkpoint"),
    "audit-search": ("audit", "search", "action:grant-accepted"),
    "log-cosigners": ("log", "cosigners"),
    "log-evidence": ("log", "evidence"),
    "keys-list": ("keys", "list"),
    "node-queue": ("node", "queue"),
    "node-status": ("node", "status"),
    "config-show": ("config", "show"),
    "version": ("version",),
}


def schema(name: str) -> Draft202012Validator:
    text = (REFERENCE / "schemas" / f"{name}.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


@pytest.mark.parametrize("form", ["json", "jsonl"])
@pytest.mark.parametrize("name", READING)
def test_a_command_prints_what_its_schema_says(desk: Desk, name: str, form: str) -> None:
    words = [desk.packet if word == "PACKET" else word for word in READING[name]]
    result = desk.run("-o", form, *words)
    assert result.exit_code == 0, result.output
    data = (
        json.loads(result.stdout)
        if form == "json"
        else [json.loads(line) for line in result.stdout.splitlines()]
    )
    assert isinstance(data, list)
    schema(name).validate(data)


def test_the_list_reads_ids_and_times_in_full(desk: Desk) -> None:
    (row,) = desk.rows("packet", "list")
    assert row["packet"] == desk.packet
    assert row["at"].endswith("Z")
    assert all(row["until"].endswith("Z") for row in desk.rows("agreement", "list"))
    assert all(len(key["key"]) == 64 for key in desk.rows("keys", "list"))
    found = desk.rows("audit", "search", "action:grant-accepted")
    assert found
    assert all(row["time"].endswith("Z") for row in found)


@each_case("name", ["error", *(words.replace(" ", "-") for words in OUTPUTS)])
def test_every_schema_is_one(name: str) -> None:
    text = (REFERENCE / "schemas" / f"{name}.json").read_text("utf-8")
    Draft202012Validator.check_schema(json.loads(text))
    assert name in (REFERENCE / "outputs.md").read_text("utf-8")


def test_the_folder_holds_no_other_schema() -> None:
    expected = {"error", *(words.replace(" ", "-") for words in OUTPUTS)}
    assert {path.stem for path in (REFERENCE / "schemas").iterdir()} == expected


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_an_error_fits_its_schema(desk: Desk, form: str) -> None:
    result = desk.run("-o", form, "packet", "show", "ffffffff")
    assert result.exit_code == 6
    error = json.loads(result.stderr.splitlines()[-1])
    schema("error").validate(error)
    assert error["error"]["exit_status"] == 6
    assert error["error"]["code"] in {each.code for each in concrete_errors()}


@pytest.mark.parametrize(
    "change",
    [
        {"at": "2026-02-17 12:30:00"},
        {"at": 1_771_331_400_000},
        {"packet": "9f2c61aa"},
        {"kind": None},
        {"new": "key"},
    ],
)
def test_a_row_that_differs_is_refused(change: dict[str, object]) -> None:
    row = dict.fromkeys(["packet", "id"], "00" * 16) | {"at": "2026-02-17T12:30:00Z"}
    row |= {"corrects": "", "corrected_by": "", "recalled": False}
    row |= dict.fromkeys(["from", "kind", "case", "case_id", "urgency"], "text")
    rows_of("packet list").validate(row)
    with pytest.raises(ValidationError):
        rows_of("packet list").validate(row | change)


def test_a_row_without_a_key_is_refused() -> None:
    with pytest.raises(ValidationError):
        rows_of("case open").validate({"id": "00" * 16})
