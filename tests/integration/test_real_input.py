"""Real sources cross the border whole: imported, sent, received, exported, and the same."""

import csv
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from support.federation import CN, COMMAND_S, MX, US, Agency, Ended, Federation, serving
from support.paths import shared
from tearline_client.connectors.importers.ofac import read_ofac

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/connectors/test_stix_round_trip.py::test_a_sample_of_others_loses_only_what_is_reported"
    ),
]

PEAK_BYTES = 300 << 20
FTM = "data/ftm_parteispenden.ftm.json"
OFAC = "data/ofac_sdn_drugs_tco_2024-05-03.csv"
CATEGORIES = (
    *("reference", "measure", "organisation", "transport", "chemical", "time", "location"),
    *("document", "relation", "finance", "contact", "identity", "narrative", "local-id"),
)
# Linux counts to a child's peak what its parent held when it started it, so a small process
# has to stand between a large one and what is weighed.
WEIGH = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
Values = Counter[tuple[str, str, str]]


def agreement(name: str, partner: str) -> str:
    """An agreement of two, by which the partner gets every ordinary category, ids by name."""
    shares = "".join(f'{category} = "clear"\n' for category in CATEGORIES)
    return f"""
name = "{name}"
parties = ["{US}", "{partner}"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "Only by a grant of the originator."
[article.sanctions]
purposes = ["designation"]
kinds = ["lead"]
crime_areas = ["drug-trafficking"]
highest_tlp = "red"
directions = [["{US}", "{partner}"]]
[article.sanctions.share.{partner}]
{shares}"""


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with serving(tmp_path_factory.mktemp("input")) as federation:
        federation.agree("donations", agreement("donations", CN), (US, CN))
        federation.agree("listings", agreement("listings", MX), (US, MX))
        federation.us.done_here("node", "sync")
        yield federation


def order(name: str, partner: str) -> tuple[str, ...]:
    return (
        *("--agreement", name, "--to", partner, "--article", "sanctions"),
        *("--purpose", "designation", "-o", "json"),
    )


def values_of(entities: Iterable[tuple[str, dict[str, Iterable[str]]]]) -> Values:
    return Counter(
        (schema, name, value)
        for schema, properties in entities
        for name, values in properties.items()
        for value in values
    )


def lines_of(text: str) -> Values:
    entities = [json.loads(line) for line in text.splitlines()]
    return values_of((entity["schema"], entity["properties"]) for entity in entities)


def weighed(agency: Agency, *arguments: str) -> Ended:
    """Runs a command that must succeed, and must take little memory."""
    ran = subprocess.run(
        [sys.executable, "-S", "-c", WEIGH, *agency.command(*arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=agency.environment,
        timeout=COMMAND_S,
    )
    assert ran.returncode == 0, (arguments, ran)
    said, _, kibibytes = ran.stderr.rstrip("\n").rpartition("\n")
    assert int(kibibytes) * 1024 <= PEAK_BYTES
    return Ended(status=0, out=ran.stdout, err=f"{said}\n")


def test_every_value_of_the_ftm_file_arrives(federation: Federation) -> None:
    source = shared(FTM)
    text = source.read_text(encoding="utf-8")
    wanted = lines_of(text)
    assert (len(text.splitlines()), sum(wanted.values())) == (475, 2385)

    sent = weighed(federation.us, "import", "ftm", str(source), *order("donations", CN))
    assert "\n475 entities in " in sent.err
    assert "none was changed" in sent.err
    assert " 0 messages refused in part." in sent.err

    federation.cn.done_here("node", "sync")
    exported = federation.cn.done("export", "ftm")
    assert lines_of(exported.out) == wanted
    assert exported.err.startswith("Carried: 475 objects; ")


def test_every_row_of_the_ofac_file_arrives(federation: Federation) -> None:
    source = shared(OFAC)
    imported = read_ofac(source)
    wanted = values_of((e.schema, dict(e.properties)) for e in imported.entities)
    with source.open(encoding="utf-8", newline="") as rows:
        numbers = {row["ent_num"] for row in csv.DictReader(rows)}
    assert len(numbers) == 441

    sent = weighed(federation.us, "import", "ofac", str(source), *order("listings", MX))
    assert f"\n{len(imported.entities)} entities in " in sent.err
    assert " 0 messages refused in part." in sent.err
    assert [(r["line"], r["column"]) for r in sent.rows] == [
        (finding.line, finding.column) for finding in imported.findings
    ]

    federation.mx.done_here("node", "sync")
    exported = federation.mx.done("export", "ftm").out
    assert lines_of(exported) == wanted
    ids = {json.loads(line)["id"] for line in exported.splitlines()}
    assert {f"ofac-{number}" for number in numbers} <= ids


# What no country, date or amount may look like, by a property that has it.
SPOILT = {"country": "xq", "date": "31.02.2011", "amountEur": "many", "addressEntity": "\u2603"}


def spoil(text: str, seed: int) -> tuple[str, set[tuple[int, str]]]:
    """The file with one value of each kind made invalid, and where those stand."""
    chance = random.Random(seed)
    lines = text.splitlines()
    spoilt = set()
    for name, value in SPOILT.items():
        numbers = [n for n, line in enumerate(lines, 1) if name in json.loads(line)["properties"]]
        if not numbers:
            continue
        number = chance.choice(numbers)
        entity = json.loads(lines[number - 1])
        entity["properties"][name] = [value]
        lines[number - 1] = json.dumps(entity)
        spoilt.add((number, f"{entity['schema']}.{name}"))
    return "\n".join(lines) + "\n", spoilt


def test_a_value_that_is_not_valid_is_named_by_line_and_column(
    federation: Federation, tmp_path: Path
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    text = shared(FTM).read_text(encoding="utf-8")
    reports = []
    file = tmp_path / "entities.jsonl"
    spoilt_text, spoilt = spoil(text, seed)
    for content in (text, spoilt_text):
        file.write_text(content, encoding="utf-8")
        ended = federation.us.done("import", "ftm", str(file), "--dry-run", *order("donations", CN))
        reports.append({(row["line"], row["column"]) for row in ended.rows})
        assert f"{len(ended.rows)} values could not be validated, none was changed" in ended.err
    assert len(spoilt) >= 3
    assert reports[1] == reports[0] | spoilt
