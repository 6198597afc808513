"""The monitoring port of a real exchange, read as a stranger reads it."""

import asyncio
import json
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tlog_scales import signing
from tlog_scales import tiles as tlog_tiles
from tlog_scales.reader import TilesReader

from support.agencies import CN, MX, US
from support.exchange_process import Served, founded
from tearline.audit.event import Event, EventCode
from tearline.federation.members import Revocation
from tearline.statements.statement import StatementType
from tearline.tlog.merkle import root_from_leaf_hashes
from tearline.tlog.tiles import TILE_WIDTH, Tile, parse_entry_bundle, parse_tile
from tearline.verification.log_entries import entry_hash, parse_entry, verify_cosigned
from tearline.wire.federation import encode_revocation
from tearline.wire.publications import Publication
from tearline.wire.statements import signed
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import ask_nothing
from tearline_server.storage.lookups import LookupResults
from tearline_server.storage.rows import Head
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.log import append

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/server/http/test_ports.py::test_health_is_whether_calls_are_taken_and_the_last_change_was_written"
    ),
]

SIZE = 600
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the port answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class Port:
    """The monitoring port of an exchange that serves."""

    number: int

    def ask(self, path: str, method: str = "GET") -> Answer:
        request = Request(f"http://127.0.0.1:{self.number}{path}", method=method)
        try:
            with urlopen(request, timeout=30) as reply:
                return Answer(status=reply.status, headers=reply.headers, content=reply.read())
        except HTTPError as error:
            with error:
                return Answer(status=error.code, headers=error.headers, content=error.read())

    def get(self, *path: str) -> bytes | None:
        """As the independent reader asks."""
        answer = self.ask("/" + "/".join(path))
        return answer.content if answer.status == 200 else None


def port_of(served: Served) -> Port:
    return Port(int(str(served.serving["http"])))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """An exchange whose log has two full tiles and a partial one."""
    exchange = await founded(tmp_path / "exchange", [US, CN, MX], http="127.0.0.1:0")
    await grow(exchange, SIZE)
    await exchange.start()
    yield exchange
    await exchange.stop()


async def grow(served: Served, size: int) -> None:
    """Logs events until there are ``size`` entries."""

    def write(head: Head, known: LookupResults) -> Commit:
        appended = append(head.tree, [event() for _ in range(head.tree.size, size)])
        return Commit(
            tree=appended.tree,
            time_ms=head.time_ms,
            entries=appended.entries,
            nodes=appended.nodes,
            events=appended.events,
        )

    store = SqliteStore(served.config.database)
    await store.commit(ask_nothing, write)
    await store.close()


def event() -> Event:
    return Event(
        statement_id=secrets.token_bytes(32),
        code=EventCode.OPERATOR,
        party="spiffe://exchange.example/exchange",
        time_ms=1,
        actor="spiffe://exchange.example/exchange",
    )


def asked(served: Served, *paths: str, method: str = "GET") -> list[Answer]:
    port = port_of(served)
    return [port.ask(path, method) for path in paths]


def statuses(answers: list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


async def test_an_independent_reader_verifies_our_log(served: Served) -> None:
    def read() -> None:
        reader = TilesReader(port_of(served))
        checkpoint = reader.get_checkpoint()
        assert (checkpoint.origin, checkpoint.size) == ("exchange.example/log", SIZE)
        for key in served.identity.log.verifier_keys:
            checkpoint.verify(signing.Vkey.from_string(key))
        assert reader.calculate_root_hash() == checkpoint.root_hash
        kinds = set()
        for index in (0, 1, 13, 14, 255, 256, 511, 512, SIZE - 1):
            entry = reader.get_entry(index)
            kinds.add(parse_entry(entry) is None)
            proof = reader.get_inclusion_proof(index, SIZE)
            proof.check(tlog_tiles.leaf_hash(entry), checkpoint.root_hash)
        assert kinds == {True, False}  # blind ones and clear ones
        for old in (1, 255, 256, 257, SIZE):
            root = root_from_leaf_hashes(leaves[:old])
            reader.get_consistency_proof(old, SIZE).check(root, checkpoint.root_hash)

    leaves = [entry_hash(entry) for entry in await asyncio.to_thread(entries_of, served)]
    await asyncio.to_thread(read)


def entries_of(served: Served) -> list[bytes]:
    """Every entry, read as bundles, each believed for its hash in the tile beside it."""
    (checkpoint,) = asked(served, "/checkpoint")
    tree = verify_cosigned(checkpoint.content, served.identity.log).checkpoint
    entries: list[bytes] = []
    for index in range(-(-tree.size // TILE_WIDTH)):
        width = min(TILE_WIDTH, tree.size - index * TILE_WIDTH)
        places = (Tile(level=level, index=index, width=width) for level in (None, 0))
        bundle, tile = asked(served, *(f"/{place.path}" for place in places))
        found = parse_entry_bundle(bundle.content, width=width)
        assert tuple(map(entry_hash, found)) == parse_tile(tile.content, width=width)
        entries += found
    assert root_from_leaf_hashes(map(entry_hash, entries)) == tree.root
    return entries


async def test_each_answer_says_what_it_is_and_how_long_it_is_true(served: Served) -> None:
    expected = {
        "/checkpoint": ("text/plain; charset=utf-8", "no-cache"),
        "/tile/0/000": ("application/octet-stream", FOREVER),
        "/tile/0/002.p/88": ("application/octet-stream", FOREVER),
        "/tile/1/000.p/2": ("application/octet-stream", FOREVER),
        "/tile/entries/001": ("application/octet-stream", FOREVER),
        "/tile/entries/002.p/88": ("application/octet-stream", FOREVER),
        "/healthz": ("text/plain; charset=utf-8", "no-store"),
    }
    for method in ("GET", "HEAD"):
        answers = await asyncio.to_thread(asked, served, *expected, method=method)
        assert statuses(answers) == [200] * len(expected)
        told = [(each.headers["content-type"], each.headers["cache-control"]) for each in answers]
        assert told == list(expected.values())
        lengths = [int(each.headers["content-length"]) for each in answers]
        assert lengths[1:4] == [8192, 88 * 32, 64]
        sizes = lengths if method == "GET" else [0] * len(lengths)
        assert [len(each.content) for each in answers] == sizes
        assert all("server" not in each.headers for each in answers)


async def test_what_does_not_exist_yet_is_not_there_and_not_remembered(served: Served) -> None:
    missing = (
        "/tile/0/002",
        "/tile/0/002.p/89",
        "/tile/0/003.p/1",
        "/tile/1/000",
        "/tile/1/000.p/3",
        "/tile/2/000.p/1",
        "/tile/63/000.p/1",
        "/tile/entries/002",
        "/tile/entries/002.p/89",
        "/tile/0/x001/000.p/1",
    )
    answers = await asyncio.to_thread(asked, served, "/checkpoint", *missing)
    assert statuses(answers) == [200] + [404] * len(missing)
    assert {each.headers["cache-control"] for each in answers[1:]} == {"no-store"}


async def test_only_what_a_checkpoint_covers_is_shown(served: Served) -> None:
    wider = "/tile/0/002.p/89"
    await asyncio.to_thread(asked, served, "/checkpoint")
    revocation = Revocation(header=served.root(CN).header, revoked_key=b"k" * 32, reason="lost")
    body = encode_revocation(revocation)
    tree = served.root(CN).sign([(StatementType.REVOCATION, body)])
    async with served.client(CN) as client:
        (outcome,) = await client.publish(Publication(signed=(signed(tree),)))
    assert outcome.refusal is None
    before = await asyncio.to_thread(asked, served, wider, "/tile/0/002.p/88")
    after = await asyncio.to_thread(asked, served, "/checkpoint", wider, "/tile/0/002.p/88")
    assert statuses(before) == [404, 200]
    assert statuses(after) == [200, 200, 200]
    assert before[1].content == after[2].content == after[1].content[:-32]


async def test_a_path_has_one_spelling_and_everything_else_is_not_there(served: Served) -> None:
    refused = (
        "/",
        "/checkpoint/",
        "//checkpoint",
        "/Checkpoint",
        "/checkpoint?",
        "/%63heckpoint",
        "/healthz/",
        "/metrics",
        "/tile/0/0",
        "/tile/0/000?x=1",
        "/tile/0/%30%30%30",
        "/tile/0/000/",
        "/tile/00/000",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/x000/000",
        "/tile/0/../0/000",
        "/tile/entries/000%2ep/1",
        "/tile/0/000%0a",
        "/exchange.db",
    )
    answers = await asyncio.to_thread(asked, served, "/checkpoint", *refused)
    wrong = [
        path for path, answer in zip(refused, answers[1:], strict=True) if answer.status != 404
    ]
    # A query without anything in it is none, by the time anybody sees it.
    assert wrong == ["/checkpoint?"]


async def test_nothing_can_be_changed(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answers = await asyncio.to_thread(
            asked, served, "/checkpoint", "/tile/0/000", method=method
        )
        assert statuses(answers) == [405, 405]
        assert {each.headers["allow"] for each in answers} == {"GET, HEAD"}


async def test_it_stops_with_a_reader_connected_and_logs_no_reader(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(served).number)
    writer.write(b"GET /tile/0/000 HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    assert await served.stop(signal.SIGTERM) == 0
    await reader.read()
    writer.close()
    messages = [line["message"] for line in served.lines]
    assert messages[messages.index("serving") :] == ["serving", "draining", "stopped"]


async def test_without_the_setting_there_is_no_such_port(tmp_path: Path) -> None:
    exchange = await founded(tmp_path / "exchange", [US, CN])
    await exchange.start()
    assert await exchange.stop() == 0
    assert "http" not in exchange.serving


async def test_metrics_have_a_port_of_their_own(tmp_path: Path) -> None:
    exchange = await founded(tmp_path / "exchange", [US, CN], metrics="127.0.0.1:0")
    await exchange.start()
    try:
        assert "http" not in exchange.serving
        port = Port(int(str(exchange.serving["metrics"])))
        said = await asyncio.to_thread(port.ask, "/metrics")
        assert (said.status, said.headers["cache-control"]) == (200, "no-store")
        lines = said.content.decode().splitlines()
        assert {"tearline_ready 1.0", "tearline_disk_low 0.0"} <= set(lines)
        assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
        assert (await asyncio.to_thread(port.ask, "/checkpoint")).status == 404
    finally:
        assert await exchange.stop() == 0


async def test_the_status_of_a_running_exchange(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    exchange = await founded(tmp_path / "exchange", [US, CN], metrics=address)
    line = [sys.executable, "-m", "tearline_server", "status", "--home", tmp_path / "exchange"]
    await exchange.start()
    try:
        asked = await asyncio.to_thread(
            subprocess.run, [*line, "--json"], capture_output=True, text=True, check=False
        )
    finally:
        assert await exchange.stop() == 0
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    assert told["healthy"]
    assert {"service", "store", "clock", "disk", "log", "queue", "certificate", "backup"} <= {
        row["check"] for row in told["checks"]
    }
    gone = await asyncio.to_thread(
        subprocess.run, line, capture_output=True, text=True, check=False
    )
    assert (gone.returncode, gone.stdout.split()[:2]) == (3, ["failed", "service"])


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        exchange = await founded(tmp_path / "exchange", [US, CN], http=address)
        with pytest.raises(RuntimeError, match=f"TL-CFG-003.*{address}"):
            await exchange.start()
        assert await exchange.stop() == 1
