"""B17: the pages of a console that an office of fifty uses at once, over a node with many packets.

Everything is a process, as an agency runs it: an exchange on SQLite, a sender that imports a table
and asks for records, and the recipient's ``console``, which is its daemon, too. Each officer has a
session and asks one page after another, with a pause to read. The mix is that of a day's work. A
page's time is the whole of its request; its processor time is measured before, alone. Meanwhile the
sender sends packets, as it does without load: the daemon's own work is to open and store them. An
answer of its health port, in the same event loop, is no more than one turn of that loop.
"""

import asyncio
import os
import random
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import connect
from statistics import quantiles
from types import SimpleNamespace
from typing import Any

import httpx

from bench.b15 import MAPPING, arrived_at, iban, serving, table_rows
from bench.harness import Result, Target, result
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups

_FULL = bool(os.environ.get("FULL"))
PACKETS, REQUESTS, OFFICERS = (10_000, 500, 50) if _FULL else (300, 4, 8)
ASKED = 1500 if _FULL else 200
PAUSE_S = 10.0 if _FULL else 1.6  # of a reader: fifty ask five pages a second
GOAL_MS = 200
TARGET = Target(limit=1, at_most=True)
DELAY = Target(limit=1.5, at_most=True)
GROWTH = Target(limit=1.25, at_most=True)
_ALONE = 10  # times that each page is asked before, for its processor time
_MAIL_EACH_S = 0.25
_SIGN_INS = 3  # pages at once: the console verifies passphrases one by one
_ORDER = (
    *("--agreement", "narcotics-2026", "--article", "money-laundering"),
    *("--purpose", "criminal-investigation"),
)
_PASSPHRASE = "a word of their own"
_ONE_EACH = httpx.Limits(max_keepalive_connections=0)  # the port ends connections after a minute
_STILL_S = 600

MIX: Mapping[str, int] = {
    "to do": 20,
    "packets": 15,
    "packets with names": 5,
    "a packet": 15,
    "search": 8,
    "requests": 10,
    "a request": 7,
    "who saw": 4,
    "agreements": 4,
    "an agreement": 3,
    "cases": 3,
    "compose": 3,
    "state": 3,
}
"""Pages, by how often each is asked of a hundred."""


@dataclass(kw_only=True)
class Office:
    """A console under load: its addresses, its content, and the times of its answers.

    Attributes:
        console: Its origin.
        health: Address of the daemon's health.
        packets: Ids of packets.
        requests: Ids of requests.
        agreement: Path of an agreement.
        values: Values that packets hold.
        times_ms: Times by page.
        cpu_ms: Processor times by page, alone.
        pid: The console's process.
    """

    console: str
    health: str
    packets: Sequence[str] = ()
    requests: Sequence[str] = ()
    agreement: str = ""
    values: Sequence[str] = ()
    times_ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MIX})
    cpu_ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MIX})
    pid: int = 0

    def spent_ms(self) -> float:
        """Returns the console's processor time so far; clock_getcpuclockid(3) makes its clock."""
        return time.clock_gettime((~self.pid << 3) | 2) * 1000

    def memory_mib(self) -> float:
        """Returns the console's resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


@dataclass(frozen=True, kw_only=True)
class Waits:
    """How long the daemon's own work took, in milliseconds.

    Attributes:
        mail: From sending a packet until the daemon has opened and stored it.
        health: Answers of its health port.
        memory_mib: Its memory afterwards.
    """

    mail: Sequence[float]
    health: Sequence[float]
    memory_mib: float


def run(
    *,
    packets: int = PACKETS,
    requests: int = REQUESTS,
    officers: int = OFFICERS,
    asked: int = ASKED,
    pause_s: float = PAUSE_S,
) -> Sequence[Result]:
    """Measures B17.

    Args:
        packets: Packets that the node has received.
        requests: Requests that it is to answer.
        officers: Sessions that ask pages.
        asked: Pages that they ask together.
        pause_s: Pause of each officer between two pages.
    """
    with tempfile.TemporaryDirectory() as folder, _console(Path(folder), packets, requests) as at:
        names = [f"officer{number}" for number in range(officers)]
        office, us, agency = at
        secret = Path(folder) / "person.pass"
        _write_secret(secret)
        for name in names:
            agency.done_here(
                *("person", "add", name, "--role", "liaison", "--role", "auditor"),
                *("--person-passphrase-file", str(secret)),
            )
        alone, beside = asyncio.run(_measure(office, (us, agency), names, asked, pause_s))
    about = f"{packets:,} packets, {requests} requests, {officers} officers"
    pages = [
        result(
            f"B17{chr(ord('a') + place)}",
            f"page '{name}', p95 of {len(times)}; alone, in processor time, "
            f"{_percentile(office.cpu_ms[name], 95):.0f} ms; {about}",
            runs=[_percentile(times, 95)],
            unit="ms",
            baseline=[GOAL_MS],
            baseline_unit="the goal, ms",
            target=TARGET,
        )
        for place, (name, times) in enumerate(office.times_ms.items())
        if times
    ]
    daemon = result(
        "B17",
        f"until the daemon has a packet that was sent beside the pages, p99; {about}",
        runs=[_percentile(beside.mail, 99)],
        unit="ms",
        baseline=[_percentile(alone.mail, 99)],
        baseline_unit="ms, without load",
        target=DELAY,
    )
    health = result(
        "B17y",
        f"one turn of the daemon's event loop beside the pages (its health port), p99; {about}",
        runs=[_percentile(beside.health, 99)],
        unit="ms",
        baseline=[_percentile(alone.health, 99)],
        baseline_unit="ms, without load",
    )
    memory = result(
        "B17z",
        f"memory of daemon and console after the pages; {about}",
        runs=[beside.memory_mib],
        unit="MiB",
        baseline=[alone.memory_mib],
        baseline_unit="before, each page asked ten times, MiB",
        target=GROWTH,
    )
    return [daemon, health, memory, *pages]


@contextmanager
def _console(folder: Path, packets: int, requests: int) -> Iterator[tuple[Office, Any, Any]]:
    """A node that received so much, with its console at work."""
    with serving(folder) as (federation, _):
        us, mx = federation.us, federation.mx
        from support.federation import free_port

        console, metrics = free_port(), free_port()
        mx.variables |= {
            "TEARLINE_CONSOLE": f"localhost:{console}",
            "TEARLINE_METRICS": f"127.0.0.1:{metrics}",
        }
        office = Office(
            console=f"http://localhost:{console}", health=f"http://127.0.0.1:{metrics}/healthz"
        )
        at_work = mx.start("console")
        at_work.await_(lambda: "Serving the console" in at_work.said, "it served")
        office.pid = at_work.pid
        _fill(folder, us, mx, packets, requests)
        yield office, us, mx
        if status := at_work.terminate():
            raise RuntimeError(f"the console ended with {status}: {at_work.said}")


def _fill(folder: Path, us: Any, mx: Any, packets: int, requests: int) -> None:
    """Has the sender import a table and ask for records, until the recipient has all of it."""
    table, mapping, secret = (
        folder / name for name in ("payments.csv", "mapping.toml", "ana.pass")
    )
    table.write_text("".join(table_rows(packets)))
    mapping.write_text(MAPPING)
    _write_secret(secret)
    person = ("--person-passphrase-file", str(secret))
    us.done_here("person", "add", "ana", "--role", "liaison", *person)
    us.done_here("login", "ana", *person)
    importing = us.start(
        *("import", "csv", str(table), "--mapping", str(mapping), *_ORDER),
        *("--to", mx.home.name, "--as", "ana"),
    )
    _await_arrivals(mx, packets)
    if importing.ended():
        raise RuntimeError(f"the import ended: {importing.said}")
    asyncio.run(_ask_records(us, mx, requests))
    _await_arrivals(mx, packets + requests)


async def _ask_records(us: Any, mx: Any, requests: int) -> None:
    """Has the sender ask for records so often, as its officer."""
    from attacks.simulated_requests import ask

    async with await _node(us) as node:
        for _ in range(requests):
            partner = SimpleNamespace(node=SimpleNamespace(uri=mx.node))
            await ask(SimpleNamespace(node=node), partner, store=False)  # type: ignore[arg-type]


async def _node(agency: Any) -> Node:
    """Opens an agency's node in this process."""
    secret = agency.secret.read_text().strip().encode()
    return await Node.open(
        agency.home, passphrase=secret, address=agency.variables["TEARLINE_EXCHANGE"]
    )


def _await_arrivals(mx: Any, packets: int) -> None:
    """Waits until a node has so many packets."""
    since, before = time.monotonic(), -1
    while (now := arrived_at(mx.home)) < packets:
        if now > before:
            since, before = time.monotonic(), now
        if time.monotonic() - since > _STILL_S:
            raise RuntimeError(f"{now} packets arrived, of {packets}")
        time.sleep(0.5)


def _write_secret(path: Path) -> None:
    path.touch(mode=0o600)
    path.write_text(_PASSPHRASE)


async def _measure(
    office: Office, agencies: tuple[Any, Any], names: Sequence[str], asked: int, pause_s: float
) -> tuple[Waits, Waits]:
    """Fills the times of the office; returns the daemon's, without load and beside it."""
    signing_in = asyncio.Semaphore(_SIGN_INS)

    async def signed_in(name: str) -> httpx.AsyncClient:
        async with signing_in:
            return await _signed_in(office.console, name)

    browsers = await asyncio.gather(*map(signed_in, names))
    office.packets = await _ids(browsers[0], "/packets", r"/packets/([0-9a-f]{64})")
    office.requests = await _ids(browsers[0], "/requests", r"/requests/([0-9a-f]{64})")
    agreements = await _ids(browsers[0], "/agreements", r"(/agreements/[0-9a-f]+)\"")
    office.agreement, office.values = agreements[0], [iban(2 * number) for number in range(50)]
    for name in MIX:
        for number in range(_ALONE + 1):
            before = office.spent_ms()
            await _ask(office, browsers[0], name, random.Random(number))
            if number:  # the first one makes what is made once for all pages
                office.cpu_ms[name].append(office.spent_ms() - before)
    us, mx = agencies
    async with await _node(us) as sender:
        quiet = asyncio.sleep(pause_s * asked / len(names) / 4)
        alone = await _waited(office, sender, mx, quiet)
        working = [
            _officer(office, browser, asked // len(names), pause_s, random.Random(number))
            for number, browser in enumerate(browsers)
        ]
        beside = await _waited(office, sender, mx, asyncio.gather(*working))
    for browser in browsers:
        await browser.aclose()
    return alone, beside


async def _waited(office: Office, sender: Node, recipient: Any, work: Any) -> Waits:
    """Sends packets and asks for the daemon's health until the work has ended."""
    task = asyncio.ensure_future(work)
    mail, health = await asyncio.gather(
        _mailed(sender, recipient, task), _probed(office.health, task)
    )
    await task
    return Waits(mail=mail, health=health, memory_mib=office.memory_mib())


async def _mailed(sender: Node, recipient: Any, task: asyncio.Future[object]) -> Sequence[float]:
    """Returns the times from sending each packet until the recipient has stored it."""
    about = About(article="money-laundering", purpose="criminal-investigation")
    sent_ms = dict[bytes, float]()
    while not task.done():
        # A group of its own each: a packet with the contents of another would be a repetition.
        account = Entity(
            id=f"mail-{len(sent_ms)}-{time.time_ns()}",
            schema="BankAccount",
            properties={"accountNumber": (str(time.time_ns()),)},
        )
        (group,) = connected_groups([account])
        draft = sender.packets.draft(group, about, agreement="narcotics-2026")
        plan, now_ms = sender.packets.plan(draft, [recipient.node]), time.time() * 1000
        sent = await sender.packets.send([plan])
        sent_ms[sent.packets[0]] = now_ms
        await asyncio.sleep(_MAIL_EACH_S)
    _await_stored(recipient.home, sent_ms)
    with closing(connect(f"file:{recipient.home / 'node.db'}?mode=ro", uri=True)) as database:
        stored = dict(database.execute("SELECT id, received_ms FROM packet"))
    return [stored[packet] - time_ms for packet, time_ms in sent_ms.items()]


def _await_stored(home: Path, packets: Iterable[bytes]) -> None:
    """Waits until a node has these packets."""
    ends, missing = time.monotonic() + _STILL_S, {*packets}
    while missing:
        with closing(connect(f"file:{home / 'node.db'}?mode=ro", uri=True)) as database:
            missing -= {each for (each,) in database.execute("SELECT id FROM packet")}
        if time.monotonic() > ends:
            raise RuntimeError(f"{len(missing)} packets did not arrive")
        time.sleep(0.1 if missing else 0)


async def _signed_in(console: str, name: str) -> httpx.AsyncClient:
    browser = httpx.AsyncClient(base_url=console, timeout=60, limits=_ONE_EACH)
    own = {"origin": console, "sec-fetch-site": "same-origin"}
    form = {"name": name, "passphrase": _PASSPHRASE}
    reply = await browser.post("/sign-in", data=form, headers=own)
    if reply.status_code != 303:
        raise RuntimeError(f"{name} is not signed in: {reply.status_code}")
    return browser


async def _ids(browser: httpx.AsyncClient, path: str, pattern: str) -> Sequence[str]:
    found = re.findall(pattern, (await browser.get(path)).text)
    if not found:
        raise RuntimeError(f"{path} lists none")
    return list(dict.fromkeys(found))


async def _officer(
    office: Office, browser: httpx.AsyncClient, asked: int, pause_s: float, chance: random.Random
) -> None:
    """Asks pages of the mix, each after a pause."""
    names, weights = [*MIX], [*MIX.values()]
    await asyncio.sleep(chance.random() * pause_s)
    for _ in range(asked):
        (name,) = chance.choices(names, weights)
        office.times_ms[name].append(await _ask(office, browser, name, chance))
        await asyncio.sleep(chance.uniform(0.5, 1.5) * pause_s)


async def _ask(
    office: Office, browser: httpx.AsyncClient, name: str, chance: random.Random
) -> float:
    """Asks one page; milliseconds until it is there."""
    value = chance.choice(office.values)
    token = ""
    if name == "who saw":
        page = await browser.get("/audit")
        token = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
    started = time.perf_counter()
    match name:
        case "to do":
            reply = await browser.get("/to-do")
        case "packets":
            reply = await browser.get("/packets")
        case "packets with names":
            reply = await browser.get("/packets", params={"subjects": "1"})
        case "a packet":
            reply = await browser.get(f"/packets/{chance.choice(office.packets)}")
        case "search":
            reply = await browser.get("/packets", params={"q": value})
        case "requests":
            reply = await browser.get("/requests")
        case "a request":
            reply = await browser.get(f"/requests/{chance.choice(office.requests)}")
        case "who saw":
            own = {"origin": office.console, "sec-fetch-site": "same-origin"}
            form = {"csrf": token, "value": value}
            reply = await browser.post("/audit", data=form, headers=own)
        case "an agreement":
            reply = await browser.get(office.agreement)
        case _:
            reply = await browser.get(f"/{name}")
    took_ms = (time.perf_counter() - started) * 1000
    if reply.status_code != 200:
        raise RuntimeError(f"{name}: status {reply.status_code}")
    return took_ms


async def _probed(health: str, task: asyncio.Future[object]) -> Sequence[float]:
    """Returns the times of the daemon's answers, one after another, until the work has ended."""
    times = list[float]()
    async with httpx.AsyncClient(timeout=60, limits=_ONE_EACH) as probe:
        while not task.done():
            started = time.perf_counter()
            (await probe.get(health)).raise_for_status()
            times.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.1)
    return times


def _percentile(times: Sequence[float], percent: int) -> float:
    return quantiles(times, n=100)[percent - 1] if len(times) > 1 else times[0]
