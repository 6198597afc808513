"""A federation under load: two agencies send to partners without a pause, and all take in.

Every application keeps a journal, so that in the end a history of every packet can be told.
"""

import fcntl
import functools
import json
import operator
import os
import sqlite3
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from faults.history import Event, What
from faults.relay import LongLine
from support.federation import CN, MX, NODES, US, Agency, Federation, Running
from tearline.statements.receipt import Status

PARTNERS = {US: (CN, MX), MX: (CN,), CN: ()}
SENDERS = (US, MX)
NAMES = (US, CN, MX)
DELAY_S = 0.15  # until an answer of the exchange arrives, as between two continents
WITHIN_S = 600  # whatever is waited for: a machine may have a tenth of a core for all of it
AIM_S = 60  # for a transaction to be open
LOOK_S = 0.01  # between two looks
APPLICATION = Path(__file__).with_name("application.py")
INJECT = Path(__file__).with_name("inject")
PATHS = os.pathsep.join((str(INJECT), str(Path(__file__).parents[1])))  # an application's, too
SOONER = {"NODE_RETRY_S": [1]}  # a node's pauses grow to half a minute, which takes long

# Where SQLite locks the index of a write-ahead log for a writer (sqlite.org/walformat.html, 2.3.1).
_WRITE_LOCK = 120
_FLOCK = "hhqqi"  # struct flock of 64-bit Linux


@dataclass(kw_only=True)
class Load:
    """The processes under load.

    Attributes:
        federation: Its homes.
        exchange: The exchange at work.
        line: Between it and the nodes.
        nodes: The application of each agency.
        read: What was read of each journal, up to the offset beside it.
        offsets: Bytes.
        kills: Kills, of the exchange and of nodes.
        hits: Those that left a transaction open.
    """

    federation: Federation
    exchange: Running
    line: LongLine
    nodes: dict[str, Running] = field(default_factory=dict)
    read: dict[Path, list[dict[str, Any]]] = field(default_factory=dict)
    offsets: Counter[Path] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)

    @property
    def line_address(self) -> str:
        """Where nodes reach the exchange under load."""
        return self.line.address

    @property
    def address(self) -> str:
        """Where it listens."""
        return self.federation.operator.address

    def stored(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query of what the exchange keeps."""
        return rows(self.federation.operator.home / "exchange.db", sql)

    def start(self, name: str) -> None:
        """Starts an agency's application; where it sends to nobody, that is ``node run``."""
        agency = self.federation.agencies[name]
        agency.variables["TEARLINE_EXCHANGE"] = self.line_address
        hook = self._hook(name)
        if not PARTNERS[name]:
            self.nodes[name] = agency.start("node", "run", "--on", "packet-arrived", hook)
            return
        log = agency.home.parent / f"{name}.application"
        program = [sys.executable, str(APPLICATION), str(agency.home), str(self.journal(name))]
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [*program, hook, *PARTNERS[name]],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=agency.environment | {"PYTHONPATH": PATHS},  # it imports these helpers
            )
        self.nodes[name] = Running(process, log)

    def journal(self, name: str) -> Path:
        """Where a sending application notes what it does."""
        return self.federation.folder / f"{name}.journal"

    def given(self, name: str) -> Path:
        """Where an application notes what it is given."""
        return self.federation.folder / f"{name}.given"

    def _hook(self, name: str) -> str:
        return f"tee -a {self.given(name)}"

    def lines(self, path: Path) -> list[dict[str, Any]]:
        """What a journal holds so far."""
        read = self.read.setdefault(path, [])
        if path.exists():
            with path.open("rb") as stream:
                stream.seek(self.offsets[path])
                whole, newline, _ = stream.read().rpartition(b"\n")
            self.offsets[path] += len(whole + newline)
            # A line that a kill cut short has no end; the next life begins a new one.
            read += [json.loads(line) for line in whole.splitlines() if line.endswith(b"}")]
        return read

    def notes(self, name: str, what: str) -> list[dict[str, Any]]:
        """What a sending application noted so far, of one kind."""
        return [note for note in self.lines(self.journal(name)) if note["what"] == what]

    def await_load(self, *names: str) -> None:
        """Waits until one more packet of one of the agencies is accepted, or given to it."""

        def count() -> int:
            return sum(
                len(
                    self.notes(name, "accepted") if PARTNERS[name] else self.lines(self.given(name))
                )
                for name in names
            )

        before = count()
        self.await_(lambda: count() > before, f"{names}: one more packet")

    def await_(self, ready: Callable[[], bool], what: str) -> None:
        """Waits until something is so, as long as the exchange is at work."""
        self.exchange.await_(ready, what, within_s=WITHIN_S)

    def await_code(self, code: str) -> None:
        """Waits until each sender meets a refusal with a code, once more."""

        before = self.refusals(code)
        self.await_(
            lambda: all(map(operator.gt, self.refusals(code), before)), f"they were told {code}"
        )

    def refusals(self, code: str) -> list[int]:
        """How often each sender met a refusal with a code."""
        return [
            [note["code"] for note in self.notes(name, "unreached")].count(code) for name in SENDERS
        ]

    def kill_exchange(self, *, aimed: bool) -> None:
        """kill -9 of the exchange, wherever it is; then it is started again.

        Args:
            aimed: Whether that is where a transaction is open.
        """
        database = self.federation.operator.home / "exchange.db"
        self._kill(self.exchange, database, "exchange", aimed=aimed)
        self.exchange = self.federation.operator.serve()

    def kill_node(self, name: str, *, aimed: bool) -> None:
        """kill -9 of an agency's node, wherever it is; then it is started again.

        Args:
            name: The agency.
            aimed: Whether that is where a transaction is open.
        """
        database = self.federation.agencies[name].home / "node.db"
        self._kill(self.nodes[name], database, "node", aimed=aimed)
        self.start(name)

    def _kill(self, victim: Running, database: Path, kind: str, *, aimed: bool) -> None:
        is_hit = freeze(victim, lambda: has_open_transaction(database, victim.pid), aimed=aimed)
        self.kills[kind] += 1
        self.hits[kind] += is_hit
        victim.kill()

    def stop(self) -> None:
        """Ends the load, once everybody has moved on."""
        for name in NAMES:  # the last to be killed may be still starting
            self.await_load(name)
        for name in NAMES:
            assert self.nodes[name].terminate() == 0, self.nodes[name].said

    def settle(self) -> None:
        """Lets everything arrive that is under way; the exchange must serve."""
        for agency in self.federation.agencies.values():
            agency.variables["TEARLINE_EXCHANGE"] = self.address
        # Each sends what is left, and answers what came by receipts, which are answered by nothing:
        # one after the other, in the order in which they send, two turns bring rest.
        for name in (*NAMES, *NAMES):
            self.federation.agencies[name].done_here("node", "sync")
        for name, agency in self.federation.agencies.items():
            if told_all(agency):
                continue
            # What an application was not told of, the next life tells it.
            arguments = ("node", "run", "--on", "packet-arrived", self._hook(name))
            running = self.nodes[name] = agency.start(*arguments)
            told = functools.partial(told_all, agency)
            running.await_(told, "everything was told", within_s=WITHIN_S)
            assert running.terminate() == 0

    def end(self) -> None:
        """Ends what a failed test left behind."""
        for running in (self.exchange, *self.nodes.values()):
            running.kill()

    def history(self) -> Iterator[Event]:
        """What happened to every packet, told by each of its witnesses; of a load at rest."""
        uri = NODES.__getitem__
        for name in SENDERS:
            for note in self.lines(self.journal(name)):
                if note["what"] in (What.PUBLISHED, What.ACCEPTED):
                    for packet in note["packets"]:
                        for partner in PARTNERS[name]:
                            yield Event(
                                what=What(note["what"]),
                                sender=uri(name),
                                recipient=uri(partner),
                                packet=packet,
                            )
            signed_for = f"{SIGNED_FOR} AND status >= {Status.STORED.value}"
            for packet, recipient in node_rows(self.federation.agencies[name], signed_for):
                yield Event(
                    what=What.SIGNED_FOR,
                    sender=uri(name),
                    recipient=recipient,
                    packet=packet.hex(),
                )
        for sender, recipient, packet in self.stored(DELIVERED):
            yield Event(
                what=What.DELIVERED, sender=sender, recipient=recipient, packet=packet.hex()
            )
        for name in NAMES:
            notices: dict[int, dict[str, Any]] = {}
            for notice in self.lines(self.given(name)):
                # It may be told of something again, under the same number.
                if notices.setdefault(notice["notice"], notice) is notice:
                    yield Event(
                        what=What.GIVEN,
                        sender=notice["sender"],
                        recipient=uri(name),
                        packet=notice["packet"],
                    )
                assert notices[notice["notice"]] == notice


DELIVERED = """
SELECT packet.signer, event.party, event.packet FROM event
JOIN statement AS packet ON packet.id = event.packet AND packet.code = ''
WHERE event.code = 'grant-delivered' ORDER BY event.idx
"""
SIGNED_FOR = "SELECT packet, peer FROM packet_grant WHERE incoming = 0"
TOLD = """
SELECT (SELECT min(told) FROM notice_hook)
    >= (SELECT coalesce(max(id), 0) FROM notice WHERE event = 'packet-arrived')
"""


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, asked beside whoever writes."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def node_rows(agency: Agency, sql: str) -> list[tuple[Any, ...]]:
    """Those of an agency's database."""
    return rows(agency.home / "node.db", sql)


def told_all(agency: Agency) -> bool:
    """Whether an agency's application was told of every packet."""
    return node_rows(agency, TOLD) == [(1,)]


def freeze(victim: Running, is_open: Callable[[], bool], *, aimed: bool) -> bool:
    """Stops a process wherever it is; aimed, it goes on until a transaction is open.

    Returns:
        Whether one is. Where none was in a minute, it stands still all the same.
    """
    deadline = time.monotonic() + (AIM_S if aimed else 0)
    victim.freeze()
    while not (found := is_open()) and time.monotonic() < deadline:
        victim.thaw()
        time.sleep(LOOK_S)
        victim.freeze()
    return found


def has_open_transaction(database: Path, pid: int) -> bool:
    """Whether a process, which stands still, is in the middle of a transaction that writes."""
    path = database.with_name(database.name + "-shm")
    if not path.exists():
        return False
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, 0, _WRITE_LOCK, 1, 0)
    with path.open("rb") as index:
        held = fcntl.fcntl(index, fcntl.F_GETLK, asked)
    kind, _, _, _, holder = struct.unpack(_FLOCK, held)
    return kind != fcntl.F_UNLCK and holder == pid


@contextmanager
def loaded(
    federation: Federation, limits: Mapping[str, int] = MappingProxyType({})
) -> Iterator[Load]:
    """A federation under load, with other limits; its exchange must end well."""
    for program in (federation.operator, *federation.agencies.values()):
        program.variables |= {"PYTHONPATH": PATHS, "LIMITS": json.dumps(SOONER | limits)}
    with LongLine(federation.operator.address, DELAY_S) as line:
        load = Load(federation=federation, exchange=federation.operator.serve(), line=line)
        try:
            for name in NAMES:
                load.start(name)
            yield load
            assert load.exchange.terminate() == 0
        finally:
            load.end()
