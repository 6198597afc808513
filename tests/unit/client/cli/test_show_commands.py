"""``packet show``: one document in every format, with tear line, markings and handling."""

import csv
import io
import json
import re

from support.cli import Desk
from support.simulation import opened
from tearline.packets.packet import WithholdReason
from tearline.policy.marking import Tlp
from tearline_client.planning.explain import CAVEATS, REASONS, TLP
from tearline_client.rendering.packet_document import packet_rows
from tearline_client.rendering.packets import TEAR_LINE

MX, CN = "mx-prosecutor", "cn-public-security"


def shown(desk: Desk, *arguments: str, agency: str = CN) -> str:
    done = desk.run("packet", "show", desk.packet, *arguments, agency=agency)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_people_read_the_document_by_entity_with_its_handling(desk: Desk) -> None:
    text = shown(desk)
    above, _, below = text.partition(TEAR_LINE)
    assert "Lead from us-justice" in above
    assert re.search(r"Person: Qiu Wenhao\n-+\n(?:  .*\n)*  Name  \[identity\.subject", above)
    assert re.search(r"  │ Qiu Wenhao\n", above)
    assert "Handling" in below
    assert CAVEATS["H0"] in below
    assert f"Packet {desk.packet}" in below
    assert "Copy" not in text  # only a printed one has a number


def test_the_tear_line_and_the_handling_are_rows_of_the_data(desk: Desk) -> None:
    rows = [json.loads(line) for line in shown(desk, "-o", "jsonl").splitlines()]
    assert rows == json.loads(shown(desk, "-o", "json"))
    assert len({frozenset(row) for row in rows}) == 1  # the same keys in each
    parts = {
        part: [row for row in rows if row["part"] == part]
        for part in dict.fromkeys(row["part"] for row in rows)
    }
    assert [*parts] == ["field", "kept back", "handling"]
    name = next(row for row in parts["field"] if row["path"].endswith("Person/name"))
    assert name["marking"].startswith("identity.subject ")
    told = {row["code"]: row["text"] for row in parts["handling"]}
    assert told["H0"] == CAVEATS["H0"]
    assert told.items() & {f"TLP:{t.text.upper()}": TLP[t] for t in Tlp}.items()


def test_a_spreadsheet_gets_the_same_rows(desk: Desk) -> None:
    rows = list(csv.DictReader(io.StringIO(shown(desk, "-o", "csv"))))
    assert {row["part"] for row in rows} >= {"field", "handling"}
    assert all(row["marking"] for row in rows if row["part"] == "field")
    assert all(row["text"] for row in rows if row["part"] != "field")


def test_a_wide_table_of_the_fields_is_there_as_well(desk: Desk) -> None:
    head, *lines = shown(desk, "-o", "wide").splitlines()
    assert head.split()[:3] == ["part", "field", "category"]
    assert any("Qiu Wenhao" in line for line in lines)


async def test_fields_kept_back_are_counted_with_their_reason(desk: Desk) -> None:
    async with opened(desk.template, desk.folder) as world:
        (packet,) = await world.us.send(world.cn)
        await world.cn.node.receive()
        rows = packet_rows(world.cn.node.packets.show(packet))
    below = {row["category"]: row for row in rows if row["part"] == "kept back"}
    phone = below["contact.phone"]
    assert (phone["count"], phone["text"]) == (1, REASONS[WithholdReason(phone["reason"])])
