"""Kinds at the command line: what each asks for, its example, and what becomes of a wrong file."""

import json
import re

import pytest

from support.cli import Desk
from tearline.bodies.registry import KINDS
from tearline.packets.packet import PacketKind

ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)
TRANSFER = KINDS[PacketKind.VALUE_TRANSFER].example


def preview(desk: Desk, text: str, kind: str, *options: object) -> object:
    file = desk.folder / "body.jsonl"
    file.write_text(text)
    return desk.run("-o", "json", "packet", "preview", file, *ORDER, "--kind", kind, *options)


def test_every_kind_with_rules_is_listed(desk: Desk) -> None:
    rows = desk.rows("packet", "kinds")
    assert [row["kind"] for row in rows] == [kind.value for kind in KINDS]
    assert all(row["tells"].endswith(".") for row in rows)


def test_a_kind_is_shown_with_what_it_needs(desk: Desk) -> None:
    rows = {row["field"]: row for row in desk.rows("packet", "kinds", "value-transfer")}
    assert rows["TransferLeg/amount"]["needed"] == "yes"
    assert rows["TransferLeg/rate"]["needed"] == "no"
    assert rows["TransferLeg/payer"]["values"] == "several"
    assert rows["TransferLeg/currency"]["example"] == "USD"


def test_a_kind_without_required_fields_says_so_and_names_its_example(desk: Desk) -> None:
    shown = desk.run("packet", "kinds", "lead")
    assert "A lead requires no field. Next: tearline packet kinds lead --example" in shown.stderr


@pytest.mark.parametrize("kind", [PacketKind.VALUE_TRANSFER, PacketKind.FEEDBACK, PacketKind.LEAD])
def test_an_example_can_be_sent_as_it_is_printed(desk: Desk, kind: PacketKind) -> None:
    printed = desk.run("packet", "kinds", kind.value, "--example")
    assert printed.stdout == KINDS[kind].example
    shown = preview(desk, printed.stdout, kind.value)
    assert shown.exit_code == 0, shown.output


def test_an_example_is_of_one_kind(desk: Desk) -> None:
    assert desk.run("packet", "kinds", "--example").exit_code == 2


def test_a_body_that_lacks_something_is_refused_with_what_and_an_example(desk: Desk) -> None:
    refused = preview(desk, TRANSFER.replace('"currency":["USD"],', ""), "value-transfer")
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "TL-PKT-030" in refused.stderr
    assert "leg-in/TransferLeg/currency: it is missing: a currency of ISO 4217, such as USD" in (
        refused.stderr
    )


def test_a_wrong_value_is_refused_with_its_line_and_column(desk: Desk) -> None:
    wrong = TRANSFER.replace("250000.00", "250k")
    asked = preview(desk, wrong, "value-transfer")
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert "line 1, TransferLeg.amount: not a decimal number; or keep it" in asked.stderr
    refused = preview(desk, wrong, "value-transfer", "--as-typed")
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "TL-PKT-031" in refused.stderr
    assert "leg-in/TransferLeg/amount: not a decimal number above zero" in refused.stderr
    assert "line 1, TransferLeg.amount: not a decimal number" in refused.stderr
    assert "250k" not in asked.stderr + refused.stderr


def test_in_a_lead_a_wrong_value_travels_and_is_named(desk: Desk) -> None:
    shown = preview(desk, TRANSFER.replace("250000.00", "250k"), "lead", "--as-typed")
    assert shown.exit_code == 0, shown.output
    assert "line 1, TransferLeg.amount: not a decimal number" in shown.stderr
    assert "250k" in shown.stdout


def test_legs_come_from_a_table_by_a_mapping(desk: Desk) -> None:
    table = desk.folder / "legs.csv"
    table.write_text("No,Paid,Cur,When\n1,250000.00,USD,17.02.2026\n2,9000k,USD,18.02.2026\n")
    mapping = desk.folder / "legs.toml"
    mapping.write_text(
        """
[entities.leg]
schema = "TransferLeg"
id = ["No"]

[entities.leg.properties]
side = { value = "pay-in" }
method = { value = "cash" }
country = { value = "us" }
amount = "Paid"
currency = "Cur"
date = { column = "When", date = "%d.%m.%Y" }
"""
    )
    asked = ("import", "csv", table, "--mapping", mapping, *ORDER, "--kind", "value-transfer")
    refused = desk.run(*asked, "--dry-run")
    assert refused.exit_code == 4
    assert "line 3, Paid: not a decimal number" in refused.stderr
    table.write_text(table.read_text().replace("9000k", "9000"))
    assert desk.run(*asked, "--dry-run").exit_code == 0


def test_what_is_shown_explains_the_evaluation(desk: Desk) -> None:
    file = desk.folder / "body.jsonl"
    file.write_text(TRANSFER)
    (row,) = desk.rows(
        "packet", "send", "--yes", file, *ORDER, "--kind", "value-transfer", "--evaluation", "B2"
    )
    shown = desk.run("packet", "show", row["packet"], "--no-sync")
    assert re.search(r"Source +B: mostly reliable", shown.stdout)
    assert re.search(r"Information +2: known personally to the source", shown.stdout)


def test_a_file_of_lines_stays_json(desk: Desk) -> None:
    for kind in KINDS:
        printed = desk.run("packet", "kinds", kind.value, "--example").stdout
        assert all(json.loads(line)["schema"] for line in printed.splitlines()), kind
