"""``tearline import``: whole sources at once, and once only."""

import asyncio
import gc
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

import tearline_client.features.packets.bulk
from support.cli import Desk
from support.simulation import opened
from tearline.errors import (
    BodyIncomplete,
    ExchangeBusy,
    ExchangeUnreachable,
    FieldsUnmarked,
    MailboxFull,
    MalformedInput,
    NotFound,
    NothingReleased,
    StoreBusy,
)
from tearline_client.cli.connector_group import _MEANINGS
from tearline_client.connectors.importers.report import Concern
from tearline_client.connectors.importers.saved_mappings import SavedMappings
from tearline_client.drafting import from_file
from tearline_client.features.packets.bulk import BulkSender
from tearline_client.features.packets.service import PacketService
from tearline_client.outbox.sender import Sender
from tearline_client.planning.release_plan import Draft, ReleasePlan

MAPPING = (
    '[entities.person]\nschema = "Person"\nid = ["number"]\n'
    '[entities.person.properties]\nname = "name"\n'
)
ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)
PEOPLE = 10


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten strangers, who make ten packets; two fit under one signature."""
    monkeypatch.setattr(tearline_client.features.packets.bulk, "TREE_SIZE", 4)
    path = tmp_path / "people.jsonl"
    lines = [
        json.dumps({"id": f"p{n}", "schema": "Person", "properties": {"name": [f"Person {n}"]}})
        for n in range(PEOPLE)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def arrived(desk: Desk) -> list[str]:
    """The names that the partner can read, each as often as it came."""

    async def read() -> list[str]:
        async with opened(desk.template, desk.folder) as world:
            await world.mx.node.receive()
            assert world.mx.codes() == []
            views = [world.mx.node.packets.show(packet) for packet in world.mx.grants()]
            return sorted(
                value.decode()
                for shown in views
                for field in shown.view.fields
                for value in field.field.values
                if value.startswith(b"Person ")
            )

    return asyncio.run(read())


NAMES = sorted(f"Person {n}" for n in range(PEOPLE))


def test_an_import_sends_every_packet(desk: Desk, people: Path) -> None:
    done = desk.run("import", "ftm", people, *ORDER)
    assert done.exit_code == 0, done.output
    assert "10 entities in 10 packets" in done.stderr
    assert "10 packets sent, 0 messages refused" in done.stderr
    assert arrived(desk) == NAMES


def test_a_table_is_imported_by_a_mapping_that_the_home_keeps(desk: Desk, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("".join(["number,name\n", *(f"{n},Person {n}\n" for n in range(PEOPLE))]))
    SavedMappings(desk.home / "mappings").save("registry-a", MAPPING)
    done = desk.run("import", "csv", table, "--mapping", "registry-a", *ORDER)
    assert done.exit_code == 0, done.output
    assert arrived(desk) == NAMES
    unknown = desk.run("import", "csv", table, "--mapping", "registry-b", *ORDER)
    assert (unknown.exit_code, "TL-REQ-006" in unknown.stderr) == (NotFound.exit_status, True)


def test_the_same_import_is_not_sent_twice_unless_asked(desk: Desk, people: Path) -> None:
    for _ in range(2):
        assert desk.run("import", "ftm", people, *ORDER).exit_code == 0
    assert arrived(desk) == NAMES
    told = desk.run("import", "ftm", people, *ORDER).stderr
    assert "10 packets sent earlier" in told
    assert "0 packets sent" in told
    assert desk.run("import", "ftm", people, "--again", *ORDER).exit_code == 0
    assert arrived(desk) == sorted(NAMES * 2)


def test_the_same_file_for_somebody_else_is_another_import(desk: Desk, people: Path) -> None:
    assert desk.run("import", "ftm", people, *ORDER).exit_code == 0
    other = ("--to", "cn-public-security", *ORDER[2:])
    assert "10 packets sent" in desk.run("import", "ftm", people, *other).stderr


def test_what_is_refused_is_refused_before_any_of_it_is_sent(
    desk: Desk, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, left = PacketService.plan, PEOPLE - 1

    def strict(service: PacketService, draft: Draft, to: Iterable[str]) -> ReleasePlan:
        nonlocal left
        if not left:
            raise BodyIncomplete("the last one")
        left -= 1
        return plan(service, draft, to)

    with monkeypatch.context() as patch:
        patch.setattr(PacketService, "plan", strict)
        assert desk.run("import", "ftm", people, *ORDER).exit_code == BodyIncomplete.exit_status
    assert arrived(desk) == []


def test_an_import_holds_no_more_plans_than_it_seals_together(
    desk: Desk, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held() -> int:
        return sum(type(each) is ReleasePlan for each in gc.get_objects())

    advance, counts = BulkSender.advance, []

    def counted(importing: BulkSender, import_id: bytes, packets: int, *, behind: int) -> None:
        counts.append(held() - before)
        advance(importing, import_id, packets, behind=behind)

    monkeypatch.setattr(from_file, "_KEPT_FIELDS", 0)  # of the first packets
    monkeypatch.setattr(BulkSender, "advance", counted)
    gc.collect()
    before = held()
    assert desk.run("import", "ftm", people, *ORDER).exit_code == 0
    assert len(counts) == PEOPLE // 2
    assert max(counts) <= 3  # a batch, and the first of the next


@pytest.mark.parametrize("batches", range(5))
def test_an_import_that_was_cut_off_goes_on(
    desk: Desk, people: Path, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    flush, left = Sender.flush, batches + 1  # the node sends once before it begins

    async def broken(sender: Sender) -> None:
        nonlocal left
        if not left:
            raise ExchangeUnreachable
        left -= 1
        await flush(sender)

    with monkeypatch.context() as patch:
        patch.setattr(Sender, "flush", broken)
        cut_off = desk.run("import", "ftm", people, *ORDER)
        assert cut_off.exit_code == ExchangeUnreachable.exit_status
    done = desk.run("import", "ftm", people, *ORDER)
    assert done.exit_code == 0, done.output
    assert f"{2 * batches + 2} packets sent earlier" in done.stderr
    assert arrived(desk) == NAMES


def test_an_import_says_that_it_waits(
    desk: Desk, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, calls = Sender.flush, 0

    async def full_once(sender: Sender) -> ExchangeBusy | None:
        nonlocal calls
        calls += 1
        return MailboxFull(retry_after_ms=1) if calls == 2 else await flush(sender)

    monkeypatch.setattr(Sender, "flush", full_once)
    done = desk.run("import", "ftm", people, *ORDER)
    assert done.exit_code == 0, done.output
    assert done.stderr.count(f"{MailboxFull.what} Continuing in 1 s.") == 1
    assert arrived(desk) == NAMES


def test_two_processes_are_not_at_the_same_import(
    desk: Desk, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tearline_client.features.packets.bulk.BulkSender.advance

    def late(importing, import_id, packets, *, behind):  # type: ignore[no-untyped-def]
        store(importing, import_id, packets, behind=behind + 2)

    monkeypatch.setattr(tearline_client.features.packets.bulk.BulkSender, "advance", late)
    done = desk.run("import", "ftm", people, *ORDER)
    assert done.exit_code == StoreBusy.exit_status
    assert arrived(desk) == []


# Fields without a category.


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A source with a schema, and a property, that the marking profile does not know."""
    path = tmp_path / "odd.jsonl"
    lines = [
        {"id": "s", "schema": "Spaceship", "properties": {"name": ["Person 0"]}},
        {"id": "p", "schema": "Person", "properties": {"name": ["Person 1"], "shoeSize": ["43"]}},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("command", [("import", "ftm"), ("packet", "send"), ("packet", "preview")])
def test_fields_without_a_category_are_refused_by_name(
    desk: Desk, odd: Path, command: tuple[str, str]
) -> None:
    refused = desk.run(*command, odd, *ORDER)
    assert refused.exit_code == FieldsUnmarked.exit_status
    assert "Person/shoeSize (1), Spaceship (1)" in refused.stderr
    assert arrived(desk) == []


def test_what_an_option_allows_is_counted_and_no_partner_sees_it(desk: Desk, odd: Path) -> None:
    odd.write_text(odd.read_text().splitlines()[1] + "\n")
    done = desk.run("import", "ftm", odd, "--unmarked", *ORDER)
    assert done.exit_code == 0, done.output
    assert "Not sent, because they have no category: Person/shoeSize (1)." in done.stderr
    assert arrived(desk) == ["Person 1"]


def test_a_packet_of_which_a_partner_gets_nothing_is_refused_before_any_is_sent(
    desk: Desk, odd: Path
) -> None:
    lines = odd.read_text().splitlines()
    odd.write_text(f"{lines[1]}\n{lines[0]}\n")
    refused = desk.run("import", "ftm", odd, "--unmarked", *ORDER)
    assert refused.exit_code == NothingReleased.exit_status
    assert arrived(desk) == []


# Partners under several agreements.


def test_partners_are_sent_to_under_their_own_agreements(desk: Desk, people: Path) -> None:
    both = ("--agreement", "bilateral", *ORDER[2:])
    to = ("--to", "cn-public-security", "--to", "mx-prosecutor=bilateral")
    done = desk.run("import", "ftm", people, *to, *both)
    assert done.exit_code == 0, done.output
    assert "10 entities in 20 packets" in done.stderr
    assert "20 packets sent" in done.stderr
    assert arrived(desk) == NAMES
    again = desk.run("import", "ftm", people, *to, *both)
    assert again.stderr.count("10 packets sent earlier") == 2
    assert "0 packets sent" in again.stderr


@pytest.mark.parametrize(
    ("to", "why"),
    [
        (("mx-prosecutor",), "choose one, --to mx-prosecutor=narcotics-2026"),
        (("cn-public-security",), "no named partner is in bilateral"),
        (("cn-public-security=bilateral",), "cn-public-security is in none of them"),
    ],
)
def test_who_is_sent_to_under_which_agreement_is_not_guessed(
    desk: Desk, people: Path, to: tuple[str, ...], why: str
) -> None:
    named = [part for each in to for part in ("--to", each)]
    refused = desk.run("import", "ftm", people, *named, *ORDER[2:], "--agreement", "bilateral")
    assert refused.exit_code == MalformedInput.exit_status
    assert why in refused.stderr
    assert arrived(desk) == []


def test_a_report_explains_the_words_that_it_has(desk: Desk, tmp_path: Path) -> None:
    table, mapping = tmp_path / "people.csv", tmp_path / "mapping.toml"
    table.write_text("number,name,born\n1,Qiu,14.03.79\n2,Ana,15.04.1980\n")
    mapping.write_text(f'{MAPPING}birthDate = "born"\n')
    told = desk.run("import", "csv", table, "--mapping", mapping, "--dry-run", *ORDER).stderr
    assert "unvalidated: the value is carried unchanged; compare it with the source." in told
    assert "stays-home: the value is not carried." in told
    assert "understood: the value is carried in its canonical spelling." in told
    assert "not-understood" not in told
    assert "repeated:" not in told


def test_each_concern_is_explained() -> None:
    assert {*_MEANINGS} == {*Concern}
