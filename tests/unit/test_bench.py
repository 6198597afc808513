"""The benchmarks run: each is set up and measured once, with counts too small to mean much."""

import importlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from support.paths import ROOT
from tearline.limits import MAX_AGENCY_NODES

pytestmark = pytest.mark.thorough(
    twin="tests/unit/client/cli/test_bench_command.py::test_it_measures_both_ways_of_sending"
)


@pytest.fixture(autouse=True)
def repository_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def default(function: Callable[..., object], name: str) -> int:
    found = inspect.signature(function).parameters[name].default
    assert isinstance(found, int)
    return found


def benchmark(name: str) -> ModuleType:
    return importlib.import_module(f"bench.{name}")


def test_no_federation_has_more_nodes_than_its_agencies_may_have() -> None:
    lanes = {name: default(benchmark(name).run, "lanes") for name in ("b3", "b9", "b12", "b13")}
    b6 = benchmark("b6")
    agency = max(*lanes.values(), 1 + default(benchmark("b5").run, "lanes"))
    assert agency <= MAX_AGENCY_NODES
    assert max(b6.FANS) <= MAX_AGENCY_NODES * len(b6.PARTNERS)


def test_b1_seals_a_packet_beside_the_bare_work() -> None:
    (sealed,) = benchmark("b1").run(rounds=1, packets=1)
    assert sealed.id == "B1"
    assert sealed.figure > 0
    assert sealed.baseline > 0


def test_b2_opens_a_packet_beside_the_bare_work() -> None:
    opened, proven, delivered, story = benchmark("b2").run(rounds=1, packets=2)
    assert [opened.id, proven.id, delivered.id, story.id] == ["B2", "B2p", "B2b", "B2d"]
    assert story.met
    assert opened.baseline == proven.baseline > 0
    assert proven.target is None


@pytest.mark.integration
def test_b3_publishes_to_a_process_beside_echoes() -> None:
    results = benchmark("b3").run(rounds=1, packets=1, lanes=2)
    assert [each.id for each in results] == ["B3", "B3v", "B3c", "B3b"]
    assert results[-1].met
    assert all(each.figure > 0 for each in results)


@pytest.mark.integration
def test_b4_publishes_in_a_stream_beside_a_loop_that_writes_the_same_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    b4, rows, packets = benchmark("b4"), benchmark("rows"), 40
    written: dict[str, int] = {}

    def write(gained: dict[str, list[object]], database: Path, *, packets: int) -> object:
        written.update({name: len(every) for name, every in gained.items()})
        took = rows.write(gained, database, packets=packets)
        assert rows.difference(database, database.with_name("after.db")) == 0
        return took

    monkeypatch.setattr(b4, "write", write)
    result, cost, disk = b4.run(rounds=1, packets=packets)
    assert (result.id, cost.id, disk.id) == ("B4", "B4c", "B4d")
    assert disk.met
    assert result.figure > 0
    assert result.baseline > result.figure
    counted = {name: written[name] for name in ("packet", "statement", "mail", "entry", "event")}
    accepted = 3 * packets  # a packet and two grants
    assert counted == {
        "packet": packets,
        "statement": accepted,
        "mail": 2 * packets,
        "entry": accepted,
        "event": accepted,
    }
    assert written["attestation"] == 1  # the sender's: receipts are not stored


@pytest.mark.integration
def test_b5_opens_what_is_published_idle_and_under_load() -> None:
    results = benchmark("b5").run(rounds=2, seconds=0.2, lanes=2, followed=1)
    assert [each.id for each in results] == ["B5", "B5t", "B5l", "B5lt", "B5f"]
    assert all(each.figure > 0 and each.baseline > 0 for each in results)


@pytest.mark.integration
def test_b6_delivers_one_packet_to_many_and_stores_it_once() -> None:
    results = benchmark("b6").run(rounds=1, fans=(1, 4))
    assert [each.id for each in results] == ["B6-4", "B6c-4"]
    assert all(each.figure > 0 for each in results)


@pytest.mark.integration
def test_b8_measures_memory_of_subscribers_and_of_a_backlog(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.b8._SETTLE_S", 0)
    results = benchmark("b8").run(rounds=1, counted=2, few_mib=3)
    assert [each.id for each in results] == ["B8", "B8s", "B8b", "B8r"]
    assert results[3].figure > 10
    assert all(each.baseline > 0 for each in results)


@pytest.mark.integration
def test_b9_publishes_to_two_processes_over_one_database(database_url: str) -> None:
    """The fixture is asked for so that it is said where there is no PostgreSQL."""
    results = benchmark("b9").run(rounds=1, packets=1, lanes=2)
    assert [each.id for each in results] == ["B9", "B9c"]
    assert all(each.figure > 0 and each.baseline > 0 for each in results)


def test_b18_joins_and_turns_a_light_node_among_members_that_a_council_admitted() -> None:
    results = benchmark("b18").run(members=6, few=3, rounds=1, asked=2)
    assert [each.id for each in results] == [
        *("B18j", "B18jc", "B18", "B18l", "B18lc", "B18x"),
        *("B18t", "B18f", "B18m", "B18g"),
    ]
    by_id = {each.id: each for each in results}
    # Bytes and hashes are counted, not timed.
    assert all(by_id[id_].met for id_ in ("B18j", "B18", "B18l"))
    assert by_id["B18g"].baseline == 30
    assert all(each.figure > 0 for each in results if each.id != "B18m")


def test_the_members_of_b18_are_made_as_use_makes_them() -> None:
    members = benchmark("members")
    log, file = members.founded()
    before = log.trust.read
    members.admit(log, 1)
    # Six votes and a record, three keys, and a directory after each of the two.
    assert log.trust.read - before == members.THRESHOLD + 1 + members.NODES + 2
    state = log.trust.directory.state_of(members.uri_of(1))
    assert (state.status, len(state.keys)) == ("member", members.NODES)
    assert len(file.entries) == 2 * members.COUNCIL + members.COSIGNERS


@pytest.mark.parametrize(("cores", "target"), [(2, "≥ 0.85"), (6, "None"), (8, "≥ 1.6")])
def test_what_two_processes_are_to_reach_depends_on_the_cores(cores: int, target: str) -> None:
    assert str(benchmark("b9")._target(cores)) == target


def test_the_graphs_are_those_of_the_figures_beside_them() -> None:
    graphs = benchmark("graphs")
    lines = json.loads(graphs.MEASURED.read_text("utf-8"))
    for name, draw in graphs.GRAPHS.items():
        assert (graphs.FOLDER / name).read_text("utf-8") == draw(lines), f"run bench.graphs: {name}"


def test_newer_results_take_the_place_of_all_of_their_benchmark() -> None:
    lines = [{"id": id_, "run": 1} for id_ in ("B1", "B10", "B10f", "B6-16")]
    newer = [{"id": id_, "run": 2} for id_ in ("B10", "B6c-16")]
    found = benchmark("graphs").merged(lines, newer)
    assert [(line["id"], line["run"]) for line in found] == [("B1", 1), ("B6c-16", 2), ("B10", 2)]


def test_b6_finds_out_whether_a_packet_is_stored_more_than_once(tmp_path: Path) -> None:
    b6 = benchmark("b6")
    connection = b6.apsw.Connection(str(tmp_path / "db"))
    connection.execute("CREATE TABLE packet (id); INSERT INTO packet VALUES (1), (2)")
    b6._verify_stored_once(tmp_path / "db", 2)
    with pytest.raises(RuntimeError):
        b6._verify_stored_once(tmp_path / "db", 1)


@pytest.mark.integration
def test_b12_compares_a_quiet_node_beside_a_flood_with_itself_alone() -> None:
    results = benchmark("b12").run(rounds=1, number=2, lanes=2, readers=2)
    assert [result.id for result in results] == ["B12", "B12r"]
    assert all(result.figure > 0 and result.baseline > 0 for result in results)


def test_b15_imports_end_to_end() -> None:
    results = benchmark("b15").run(rows=20)
    rate, cost, seals, memory, *disk = results
    assert (rate.id, cost.id, seals.id, memory.id) == ("B15", "B15c", "B15n", "B15m")
    assert [each.id for each in disk] == ["B15s", "B15r", "B15e"]
    assert rate.figure > 0
    assert cost.baseline > 0
    assert seals.baseline > 0
    assert memory.figure > 0
    assert all(each.figure >= 0 for each in disk)  # so few rows may be in no database yet


@pytest.mark.integration
def test_b17_asks_pages_as_an_office_does() -> None:
    pytest.importorskip("jinja2", reason="comes with the extra console")
    size = {"packets": 4, "requests": 1, "officers": 2, "asked": 20, "pause_s": 0.01}
    daemon, *pages = benchmark("b17").run(**size)
    assert daemon.id == "B17"
    assert pages
    assert all(each.figure > 0 for each in (daemon, *pages))


@pytest.mark.integration
def test_b19_delivers_between_nodes_that_all_follow_the_log() -> None:
    results = benchmark("b19").run(members=3, traffic_s=3.0, each_s=0.5)
    assert [each.id for each in results] == ["B19x", "B19m", "B19n", "B19k", "B19s", "B19a", "B19p"]
    assert " 0 lost, " in results[0].what
    assert all(each.figure > 0 and each.baseline > 0 for each in results)


@pytest.mark.integration
def test_b13_compares_many_nodes_with_one() -> None:
    rate, cost = benchmark("b13").run(rounds=1, packets=1, lanes=4, nodes=2)
    assert (rate.id, cost.id) == ("B13", "B13c")
    assert all(each.figure > 0 and each.baseline > 0 for each in (rate, cost))


@pytest.mark.integration
def test_b7_compares_a_long_log_with_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # Searches wait for a checkpoint, of which there is one a second.
    monkeypatch.setattr("tearline_server.tlog.log.CHECKPOINT_INTERVAL_MS", 0)
    results = {each.id: each for each in benchmark("b7").run(rounds=1, number=1, few=900, many=999)}
    assert {"B7", "B7a", "B7f", "B7s", "B7sm", "B7sl", "B7sp", "B7st", "B7o"} < set(results)
    assert all(each.figure > 0 and each.baseline > 0 for each in results.values())


@pytest.mark.integration
def test_b10_verifies_a_log_beside_bare_hashes() -> None:
    results = benchmark("b10").run(few=100, many=600, rows=200)
    assert [each.id for each in results] == [
        "B10",
        "B10f",
        "B10r",
        "B10m",
        "B10fm",
        "B10rm",
        "B10c",
    ]
    assert all(each.figure > 0 and each.baseline > 0 for each in results)


@pytest.mark.integration
def test_b11_suspends_and_nothing_passes() -> None:
    results = benchmark("b11").run()  # as often as an agency may
    assert [each.id for each in results] == ["B11", "B11m"]
    assert all(each.figure > 0 for each in results)


def test_a_grown_log_says_what_traffic_leaves_behind() -> None:
    growth = benchmark("growth")
    events = [growth.event_of(entry) for entry in range(12)]
    assert [event.code for event in events[:3]] == [
        "grant-accepted", "grant-accepted", "grant-delivered",
    ]  # fmt: skip
    assert len({event.id for event in events}) == 12
    assert len({event.packet for event in events}) == 2


@pytest.mark.parametrize(("ratio", "met"), [(0.5, True), (0.49, False)])
def test_a_floor_is_met_from_its_limit_on(ratio: float, met: bool) -> None:
    target = benchmark("harness").Target(limit=0.5, at_most=False)
    assert target.is_met(ratio) is met
    assert str(target) == "≥ 0.5"


def test_contenders_alternate() -> None:
    order: list[str] = []

    def contender(name: str, figure: float) -> float:
        order.append(name)
        return figure

    runs = benchmark("harness").alternate(
        {"a": lambda: contender("a", 1.0), "b": lambda: contender("b", 2.0)}, 2
    )
    assert order == ["a", "b", "a", "b"]
    assert runs == {"a": [1.0, 1.0], "b": [2.0, 2.0]}


def test_results_are_written_with_what_they_were_measured_on(tmp_path: Path) -> None:
    harness = benchmark("harness")
    target = harness.Target(limit=1.6, at_most=True)
    line = harness.result(
        "B0", "work", runs=[4, 2, 3], unit="µs", baseline=[2, 1, 3], baseline_unit="µs bare",
        target=target,
    )  # fmt: skip
    harness.write([line], tmp_path / "latest.json")
    (written,) = json.loads((tmp_path / "latest.json").read_text(encoding="utf-8"))
    assert set(written) == {
        "id", "what", "figure", "unit", "baseline", "baseline_unit", "ratio", "target", "met",
        "runs", "machine", "commit",
    }  # fmt: skip
    assert (written["figure"], written["baseline"], written["ratio"]) == (3, 2, 1.5)
    assert (written["target"], written["met"]) == ("≤ 1.6", True)
    assert "≤ 1.6 met" in harness.table([line])


def test_b14_asks_a_node_s_store_with_many_rows_beside_few() -> None:
    b14 = benchmark("b14")
    results = b14.run(rounds=1, number=1, few=50, many=100)
    assert len(results) == len(b14.QUESTIONS) == len({each.id for each in results})
    assert all(each.figure > 0 for each in results)


def test_b16_asks_an_exchange_s_store_with_many_entries_beside_few() -> None:
    results = benchmark("b16").run(rounds=1, number=1, few=900, many=1800)
    assert len(results) == 15 == len({each.id for each in results})
    assert all(each.figure > 0 for each in results)


def test_a_peer_that_cannot_be_installed_is_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peers, load = benchmark("peers"), benchmark("client").Load(rate=1234.0, cpu_us=560.0)
    row = peers.Row(name="Tearline", loads=[load] * 4, lacks="nothing")
    monkeypatch.setattr(peers, "measure_tearline", lambda objects: row)

    def create(folder: Path, *, with_pip: bool) -> None:
        python = folder / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/sh\necho no such package >&2\nexit 1\n")
        python.chmod(0o700)

    monkeypatch.setattr("venv.create", create)
    monkeypatch.setattr("sys.argv", ["bench.peers", "--keep", str(tmp_path)])
    peers.main()
    told = capsys.readouterr()
    assert "| Tearline | 1,234/s, 0.56 ms |" in told.out
    assert told.err.splitlines() == [
        f"{peer.package} is skipped: no such package" for peer in peers.PEERS
    ]


@pytest.mark.integration
def test_b20_sends_a_document_beside_its_bytes_through_an_echo() -> None:
    sent, memory = benchmark("b20").run(rounds=1, mib=2)
    assert [sent.id, memory.id] == ["B20", "B20m"]
    assert sent.figure > 0
    assert sent.baseline > 0
