"""kill -9 of the exchange and of nodes under load: nothing acknowledged is lost, nothing doubled.

Two agencies send to a third without a pause, and its daemon takes it in. Processes are killed
at moments drawn uniformly, and started again. Then the load ends, everything comes to rest, and
every acknowledged packet must be where it belongs, once.
"""

import asyncio
import itertools
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from faults.application import CALL_S, receipts_of
from faults.relay import LongLine
from federation import CN, MX, PASSPHRASE, US, Agency, Federation, Running, copied
from tearline.receipt import Status
from tearline_client.demo.world import AGENCIES
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.link.transport import GrpcTransport

pytestmark = [pytest.mark.faults, pytest.mark.slow]

HITS = 12  # kills that must hit a publish without an answer
OF_EACH = 5  # so many of them of the exchange, and so many of nodes
SENDERS = (US, MX)
MOST_KILLS = 40
DELAY_S = 0.15  # until an answer of the exchange arrives, as between two continents
LONGEST_S = 0.5  # of one round under load, before the kill
MOST_RETRIES = 40
APPLICATION = Path(__file__).with_name("application.py")


@dataclass(kw_only=True)
class Load:
    """The processes under load.

    Attributes:
        federation: Its homes.
        exchange: The exchange at work.
        line: Between it and the applications.
        nodes: The application of each agency.
        read: What was read of each application's journal, up to the offset beside it.
        offsets: Bytes.
        killed: When the exchange was.
        hit_nodes: How many kills of nodes found a publish under way.
    """

    federation: Federation
    exchange: Running
    line: LongLine
    nodes: dict[str, Running] = field(default_factory=dict)
    read: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    offsets: Counter[str] = field(default_factory=Counter)
    killed: list[float] = field(default_factory=list)
    hit_nodes: int = 0

    def start(self, name: str) -> None:
        agency = self.federation.agencies[name]
        if name == CN:
            self.nodes[name] = agency.start("node", "run")
            return
        log = agency.home.parent / f"{name}.application"
        program = [sys.executable, str(APPLICATION)]
        arguments = [str(agency.home), str(self.journal(name)), self.line.address, CN]
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [*program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=agency.environment,
            )
        self.nodes[name] = Running(process, log)

    def end(self) -> None:
        """Ends what a failed test left behind."""
        for running in (self.exchange, *self.nodes.values()):
            running.kill()

    def journal(self, name: str) -> Path:
        return self.federation.folder / f"{name}.journal"

    def notes(self, name: str, what: str) -> list[dict[str, Any]]:
        """What an application noted so far, of one kind."""
        read = self.read.setdefault(name, [])
        path = self.journal(name)
        if path.exists():
            with path.open("rb") as stream:
                stream.seek(self.offsets[name])
                whole, newline, _ = stream.read().rpartition(b"\n")
            self.offsets[name] += len(whole + newline)
            # A line that a kill cut short has no end; the next life begins a new one.
            read += [json.loads(line) for line in whole.splitlines() if line.endswith(b"}")]
        return [note for note in read if note["what"] == what]

    def done(self, name: str) -> int:
        """What an agency did so far: packets that were acknowledged to it, or that it received."""
        if name in SENDERS:
            return len(self.notes(name, "acknowledged"))
        return int(node_rows(self.federation.agencies[name], "SELECT count(*) FROM packet")[0][0])

    def await_load(self, *names: str) -> None:
        """Waits until the exchange acknowledges or delivers one more to one of the agencies."""

        def count() -> int:
            return sum(self.done(name) for name in names)

        before = count()
        self.exchange.await_(lambda: count() > before, f"{names}: one more packet")

    def kill_exchange(self) -> None:
        self.killed.append(time.monotonic())
        self.exchange.kill()
        self.exchange = self.federation.operator.serve()

    def kill_node(self, name: str) -> None:
        self.nodes[name].kill()
        sent = "SELECT count(*) FROM outbox WHERE state = 'unknown'"
        self.hit_nodes += node_rows(self.federation.agencies[name], sent) != [(0,)]
        self.start(name)

    @property
    def hit_exchange(self) -> int:
        """How many kills of the exchange found a publish under way, which had no answer."""
        spans = [
            (note["began"], note["at"])
            for name in SENDERS
            for note in self.notes(name, "unanswered")
        ]
        return sum(any(began < at < end for began, end in spans) for at in self.killed)


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def node_rows(agency: Agency, sql: str) -> list[tuple[Any, ...]]:
    return rows(agency.home / "node.db", sql)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """The federation after the kills, at rest, with the exchange serving."""
    seed = int(os.environ.get("TEARLINE_SEED") or random.randrange(1 << 32))
    print(f"TEARLINE_SEED={seed}")
    chance = random.Random(seed)
    federation = copied(tmp_path_factory.mktemp("kill"))
    with LongLine(federation.operator.address, DELAY_S) as line:
        load = Load(federation=federation, exchange=federation.operator.serve(), line=line)
        try:
            for name in AGENCIES:
                load.start(name)
            under_fire(load, chance)
            yield load
            assert load.exchange.terminate() == 0
        finally:
            load.end()


def under_fire(load: Load, chance: random.Random) -> None:
    """Kills and restarts until enough kills hit; then lets everything come to rest."""
    victims = itertools.cycle(("", US, "", MX, "", CN))
    for victim in itertools.islice(victims, MOST_KILLS):
        if enough(load):
            break
        load.await_load(*SENDERS)
        time.sleep(chance.uniform(0, LONGEST_S))
        if victim:
            load.kill_node(victim)
        else:
            load.kill_exchange()
    for name in AGENCIES:  # the last to be killed may be still starting
        load.await_load(name)
    for name in AGENCIES:
        assert load.nodes[name].terminate() == 0, load.nodes[name].said
    # Grants are answered by receipts, which are answered by nothing: two turns bring rest.
    for _ in range(2):
        load.federation.all("node", "sync")
    print(
        f"hits: {load.hit_exchange} of {len(load.killed)} kills of the exchange,"
        f" {load.hit_nodes} of nodes; {len(acknowledged(load))} packets acknowledged"
    )


def enough(load: Load) -> bool:
    hits = (load.hit_exchange, load.hit_nodes)
    return min(hits) >= OF_EACH and sum(hits) >= HITS


def acknowledged(load: Load) -> dict[str, str]:
    """Packets that an application was told are accepted, with who sent them."""
    return {
        packet: name
        for name in SENDERS
        for note in load.notes(name, "acknowledged")
        for packet in note["packets"]
    }


def test_enough_kills_hit_a_publish_without_an_answer(load: Load) -> None:
    assert enough(load), (load.hit_exchange, load.hit_nodes)


def test_every_acknowledged_packet_is_there_once(load: Load) -> None:
    federation, sent = load.federation, acknowledged(load)
    assert len(sent) > 2 * HITS
    stored = Counter(rows(federation.operator.home / "exchange.db", MANIFESTS))
    found = {
        name: Counter(node_rows(agency, GRANTS)) for name, agency in federation.agencies.items()
    }
    for packet, sender in sent.items():
        key = bytes.fromhex(packet)
        assert stored[(key,)] == 1, packet
        assert found[sender][key, federation.cn.node, 0] == 1, packet
        assert found[CN][key, federation.agencies[sender].node, 1] == 1, packet
    # And no grant twice, whoever was told what.
    assert {count for counted in found.values() for count in counted.values()} == {1}


MANIFESTS = "SELECT s.id FROM statement s JOIN packet p ON p.id = s.id WHERE s.code = ''"
GRANTS = "SELECT packet, peer, incoming FROM packet_grant"


def test_what_was_sealed_before_a_kill_was_sent_after_it(load: Load) -> None:
    for agency in load.federation.agencies.values():
        states = node_rows(agency, "SELECT state, count(*) FROM outbox GROUP BY state")
        assert [state for state, _ in states] == ["accepted"]
        sent = "SELECT count(*) FROM packet_grant WHERE incoming = 0 AND status < ?"
        assert node_rows(agency, sent.replace("?", str(int(Status.STORED)))) == [(0,)]


def test_an_application_is_given_nothing_twice(load: Load) -> None:
    for name in SENDERS:
        given = Counter(note["statement"] for note in load.notes(name, "delivered"))
        assert given
        assert max(given.values()) == 1


def test_no_channel_has_a_gap_and_nothing_was_put_aside(load: Load) -> None:
    agencies = load.federation.agencies.values()
    for agency in agencies:
        assert node_rows(agency, "SELECT code, why FROM quarantine") == []
        assert node_rows(agency, "SELECT * FROM channel_ahead") == []
    sent = {
        (agency.node, peer): seq
        for agency in agencies
        for peer, seq in node_rows(agency, "SELECT recipient, seq FROM channel_out")
    }
    received = {
        (peer, agency.node): contiguous
        for agency in agencies
        for peer, contiguous in node_rows(agency, "SELECT sender, contiguous FROM channel_in")
    }
    assert len(sent) == 4
    assert sent == received


def test_no_receipt_without_its_packet(load: Load) -> None:
    federation = load.federation
    known = {
        about.hex(): code
        for about, code in rows(
            federation.operator.home / "exchange.db", "SELECT id, code FROM statement"
        )
    }
    stored = {
        grant.hex()
        for agency in federation.agencies.values()
        for (grant,) in node_rows(
            agency, "SELECT statement_id FROM packet_grant WHERE incoming = 1"
        )
    }
    receipts = 0
    for name in SENDERS:
        for about, status in node_rows(
            federation.agencies[name], "SELECT about, status FROM receipt"
        ):
            receipts += 1
            assert known[about.hex()] == ""
            if status >= Status.STORED:
                assert about.hex() in stored
    assert receipts > 2 * HITS


def test_a_retry_has_the_same_receipt(load: Load) -> None:

    async def again(name: str) -> int:
        home = Home(load.federation.agencies[name].home)
        identity = home.tls_identity(Keystore.open(home.keys, PASSPHRASE.encode()))
        transport = GrpcTransport(
            home.trust_list()[1].exchange,
            identity,
            timeout_s=CALL_S,
            address=load.federation.operator.address,
        )
        messages = load.journal(name).with_suffix(".messages")
        unanswered = {note["message"] for note in load.notes(name, "unanswered")}
        answers = {n["message"]: n["receipts"] for n in load.notes(name, "answered")}
        # Those that a kill left without an answer first; then others.
        for message in sorted(answers, key=lambda m: m not in unanswered)[:MOST_RETRIES]:
            reply = await transport.publish((messages / message).read_bytes())
            assert receipts_of(reply) == answers[message]
        await transport.close()
        return len(unanswered & set(answers))

    async def all_again() -> list[int]:
        return [await again(name) for name in SENDERS]

    assert sum(asyncio.run(all_again())) >= OF_EACH


def test_the_log_verifies(load: Load) -> None:
    assert load.exchange.terminate() == 0
    verified = load.federation.operator.done("verify-log")
    assert verified.out.endswith("entries: all as they were logged\n")
    load.exchange = load.federation.operator.serve()
