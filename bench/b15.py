"""B15: a table of payments imported, sealed, published, delivered and opened, end to end.

Everything is a process, as agencies run it: an exchange on SQLite, two partners' ``node run``, and
``tearline import csv``. Each row becomes a packet of three entities to both partners. A packet
counts once a partner has verified, opened and stored it. What is compared is the last tenth with
the first: what fills up must not slow down. An hour is long, and other programs slow every core
down meanwhile: so a packet is sealed now and then beside it, and the cost is also told in those.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from sqlite3 import connect
from typing import Any

from bench.exchange import enrolment
from bench.federation import found
from bench.harness import Result, Target, cpu_us, result
from bench.memory import peak_kib_of
from bench.packet import compose, lead, releaser

ROWS = 100_000 if os.environ.get("FULL") else 2_000
RATE = Target(limit=0.9, at_most=False)
COST = Target(limit=1.11, at_most=True)
ROOM = Target(limit=1, at_most=True)
MEMORY_MIB = 300
DISK_KIB = {"sender": 40, "recipient": 35, "exchange": 15}
_POLL_S = 0.5
_STILL_S = 600  # nothing arrives for so long: something stands still

MAPPING = """
[entities.payer]
schema = "BankAccount"
id = ["From"]
[entities.payer.properties]
iban = "From"

[entities.beneficiary]
schema = "BankAccount"
id = ["To"]
[entities.beneficiary.properties]
iban = "To"

[entities.payment]
schema = "Payment"
id = "row"
[entities.payment.properties]
payerAccount = { entity = "payer" }
beneficiaryAccount = { entity = "beneficiary" }
amount = "Amount"
currency = { value = "EUR" }
date = "Day"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run showed.

    Attributes:
        rates: Packets a second by partner, of each tenth.
        cpu_ms: Processor time of all processes a packet, milliseconds, of each tenth.
        seals: The same in seals of a packet of 24 fields (B1), as long as they took meanwhile.
        peak_mib: The most memory that the import took.
        disk_kib: By house, for each packet.
    """

    rates: Mapping[str, Sequence[float]]
    cpu_ms: Sequence[float]
    seals: Sequence[float]
    peak_mib: float
    disk_kib: Mapping[str, float]


def run(*, rows: int = ROWS) -> Sequence[Result]:
    """Measures B15.

    Args:
        rows: Rows of the table, ten at least.
    """
    with tempfile.TemporaryDirectory() as folder:
        measured = _measure(Path(folder), rows)
    first = [rates[0] for rates in measured.rates.values()]
    last = [rates[-1] for rates in measured.rates.values()]
    return [
        result(
            "B15",
            f"import a table of {rows:,} rows, until partners have opened each packet: last tenth",
            runs=last,
            unit="packets/s",
            baseline=first,
            baseline_unit="the first tenth, packets/s",
            target=RATE,
        ),
        result(
            "B15c",
            "processor time of exchange, importer and both partners, for each packet: last tenth",
            runs=[measured.cpu_ms[-1]],
            unit="ms",
            baseline=[measured.cpu_ms[0]],
            baseline_unit="the first tenth, ms",
        ),
        result(
            "B15n",
            "the same, in seals of a packet of 24 fields that were measured meanwhile",
            runs=[measured.seals[-1]],
            unit="seals",
            baseline=[measured.seals[0]],
            baseline_unit="the first tenth, seals",
            target=COST,
        ),
        result(
            "B15m",
            "the import's memory, at most",
            runs=[measured.peak_mib],
            unit="MiB",
            baseline=[MEMORY_MIB],
            baseline_unit="what it may take, MiB",
            target=ROOM,
        ),
        *(
            result(
                f"B15{house[0]}",
                f"disk of the {house} for such a packet",
                runs=[kib],
                unit="KiB",
                baseline=[DISK_KIB[house]],
                baseline_unit="what it may take, KiB",
                target=ROOM,
            )
            for house, kib in measured.disk_kib.items()
        ),
    ]


def _measure(folder: Path, rows: int) -> Run:
    with serving(folder) as (federation, exchange):
        us, partners = federation.us, (federation.cn, federation.mx)
        table, mapping = folder / "payments.csv", folder / "mapping.toml"
        table.write_text("".join(table_rows(rows)))
        mapping.write_text(MAPPING)
        homes = {
            "sender": us.home,
            "recipient": partners[0].home,
            "exchange": federation.operator.home,
        }
        before = {house: _size(home) for house, home in homes.items()}
        at_work = [partner.start("node", "run") for partner in partners]
        to = [part for partner in partners for part in ("--to", partner.home.name)]
        importing = us.start(
            *("import", "csv", str(table), "--mapping", str(mapping), *to),
            *("--agreement", "narcotics-2026", "--article", "money-laundering"),
            *("--purpose", "criminal-investigation"),
        )
        progress = _Progress([exchange, importing, *at_work])
        peak_kib = _await(importing, partners, rows, progress)
        rates = {partner.home.name: _rates(partner.home, rows) for partner in partners}
        for running in at_work:
            running.terminate()
        disk = {house: (_size(home) - before[house]) / rows / 1024 for house, home in homes.items()}
        return Run(
            rates=rates,
            cpu_ms=progress.cpu_ms(rows),
            seals=progress.seals(rows),
            peak_mib=peak_kib / 1024,
            disk_kib=disk,
        )


@dataclass(frozen=True, slots=True)
class _Point:
    """How far it was: packets, seconds of a core until then, and seconds for that many seals."""

    arrived: int
    spent_s: float
    sealing_s: float
    seals: int


class _Progress:
    """Processor time that some processes had taken when so many packets had arrived."""

    def __init__(self, processes: Sequence[Any]) -> None:
        self._spent_s = {process.pid: 0.0 for process in processes}
        federation = found(enrolment())
        plan, sealing = lead(federation, federation.partners()), releaser(federation)
        self._seal: Callable[[int], object] = lambda _: compose([plan], sealing)
        self._seal(0)
        self._points = [_Point(0, self._spent(), 0.0, 0)]

    def note(self, arrived: int) -> None:
        """Notes that so many have arrived."""
        last = self._points[-1]
        took_s = cpu_us(self._seal, 1) / 1e6
        point = _Point(arrived, self._spent(), last.sealing_s + took_s, last.seals + 1)
        self._points.append(point)

    def cpu_ms(self, rows: int) -> Sequence[float]:
        """Returns milliseconds a packet, of each tenth as far as it was noted."""
        return [
            (end.spent_s - start.spent_s) * 1000 / max(1, end.arrived - start.arrived)
            for start, end in pairwise(self._ends(rows))
        ]

    def seals(self, rows: int) -> Sequence[float]:
        """Returns the same in seals, by what one took in that tenth; 0 where none was made."""
        ends = pairwise(self._ends(rows))
        seal_ms = [
            (end.sealing_s - start.sealing_s) * 1000 / max(1, end.seals - start.seals)
            for start, end in ends
        ]
        return [
            cost_ms / each_ms if each_ms else 0.0
            for cost_ms, each_ms in zip(self.cpu_ms(rows), seal_ms, strict=True)
        ]

    def _ends(self, rows: int) -> Sequence[_Point]:
        return [
            next(point for point in self._points if point.arrived >= number * rows // 10)
            for number in range(11)
        ]

    def _spent(self) -> float:
        for pid in self._spent_s:
            with suppress(OSError):  # it has ended; what it took until then is known
                # clock_getcpuclockid(3): a process's clock is made of its id.
                self._spent_s[pid] = time.clock_gettime((~pid << 3) | 2)
        return sum(self._spent_s.values())


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Any, Any]]:
    """A federation of processes, founded by the command lines, and its exchange at work."""
    from support.federation import copied
    from support.run_cache import VARIABLE

    is_alone = VARIABLE not in os.environ  # a run of tests has its own
    if is_alone:
        (folder / "run").mkdir()
        os.environ[VARIABLE] = str(folder / "run")
    try:
        federation = copied(folder / "federation")
        exchange = federation.operator.serve()
        yield federation, exchange
        if status := exchange.terminate():
            raise RuntimeError(f"the exchange ended with {status}: {exchange.said}")
    finally:
        if is_alone:
            del os.environ[VARIABLE]


def _await(importing: Any, partners: Sequence[Any], rows: int, progress: _Progress) -> int:
    """Waits until all has arrived; returns the most memory that the import took, in KiB."""
    peak_kib, arrived, since = 0, 0, time.monotonic()
    while arrived < rows:
        peak_kib = max(peak_kib, peak_kib_of(importing.pid))
        now = min(arrived_at(partner.home) for partner in partners)
        if now > arrived:
            arrived, since = now, time.monotonic()
            progress.note(arrived)
        if importing.is_over and importing.ended():
            raise RuntimeError(f"the import ended: {importing.said}")
        if time.monotonic() - since > _STILL_S:
            raise RuntimeError(f"{arrived} of {rows} packets arrived: {importing.said}")
        time.sleep(_POLL_S)
    while not importing.is_over:
        peak_kib = max(peak_kib, peak_kib_of(importing.pid))
        time.sleep(_POLL_S)
    if importing.ended():
        raise RuntimeError(f"the import ended: {importing.said}")
    return peak_kib


def table_rows(rows: int) -> Iterator[str]:
    """Rows of accounts that each occur once, so that each row is a packet of its own."""
    yield "From,To,Amount,Day\n"
    for number in range(rows):
        payer, beneficiary = iban(2 * number), iban(2 * number + 1)
        yield f"{payer},{beneficiary},{number % 90_000 + 100}.00,2026-{number % 12 + 1:02}-17\n"


def iban(number: int) -> str:
    """An invented account at an invented bank, with the check digits that it must have."""
    account = f"99999999{number:010}"
    check = 98 - int(f"{account}131400") % 97  # D is 13 and E is 14
    return f"DE{check:02}{account}"


def arrived_at(home: Path) -> int:
    with closing(connect(f"file:{home / 'node.db'}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM packet").fetchone()[0])


def _rates(home: Path, rows: int) -> Sequence[float]:
    """Packets a second of each tenth, by when they were stored."""
    with closing(connect(f"file:{home / 'node.db'}?mode=ro", uri=True)) as database:
        found = database.execute("SELECT received_ms FROM packet ORDER BY received_ms")
        times_ms = [time_ms for (time_ms,) in found]
    tenth = rows // 10
    ends = [times_ms[min(number * tenth, rows - 1)] for number in range(11)]
    return [tenth * 1000 / max(1, end - start) for start, end in pairwise(ends)]


def _size(folder: Path) -> int:
    """Bytes of the databases there, with what their write-ahead logs still hold."""
    files = list(folder.rglob("*.db"))
    for file in files:
        with closing(connect(file)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(file.stat().st_size for file in files)
