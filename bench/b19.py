"""B19: many agencies at one exchange, each with a full node that follows and cosigns the whole log.

Every node is the program that agencies run, with its own keys, database and connection; the nodes
share a few processes, since each would take the memory of Python anew. Groups of ten have an
agreement, and each node sends its partners a packet now and then. ``FULL=1`` takes 200 agencies and
ten minutes; the baseline is always a tenth of the agencies, each as busy.
"""

import asyncio
import json
import math
import os
import random
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import tearline.crypto.passphrase
from bench.exchange import Home as ExchangeHome
from bench.exchange import Process
from bench.harness import LATEST, ROOT, Result, result
from tearline.federation.members import ExchangeEnrolment
from tearline.wire.federation import FederationFile
from tearline_client.enrolment import Passphrases, found_agency, read_agency
from tearline_client.founding.charter_file import draft_charter, pin, sign_charter
from tearline_client.keys.home import Home, Identity
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.service.daemon import run_daemon

MEMBERS, TRAFFIC_S = (200, 600) if os.environ.get("FULL") else (40, 60)
GROUP = 10  # parties of one agreement
NODES_PER_PROCESS = 50
AT_ONCE = 20  # nodes that join at the same time
EACH_S = 60.0  # between two packets of one node, on average
WATCH_S = 0.1  # between two looks for arrivals
LAST_S = 120  # the longest wait for arrivals after the last packet
LEAST_KIB = 32  # the least that Argon2id takes for four lanes: two hundred keystores open
ARTICLE, PURPOSE = "money-laundering", "criminal-investigation"
PASSPHRASE = b"a passphrase of a benchmark"
PASSPHRASES = Passphrases(node=PASSPHRASE, root=PASSPHRASE)


def run(
    members: int = MEMBERS, traffic_s: float = TRAFFIC_S, each_s: float = EACH_S
) -> list[Result]:
    """Measures many agencies beside a tenth of them, of ten at least."""
    fewer = min(members, max(GROUP, members // 10))
    few, many = (_measured(count, traffic_s, each_s) for count in (fewer, members))
    told = (
        f"{members} agencies for {traffic_s:g} s: {len(many.accepted_ms)} packets, {many.lost}"
        f" lost, {many.entries} entries"
    )
    lines = (
        (
            "B19x",
            f"exchange, of a core; {told}",
            "%",
            lambda each: each.exchange_cpu_s / each.s * 100,
        ),
        ("B19m", "exchange, memory", "MiB", lambda each: each.exchange_mib),
        ("B19n", "one node, of a core", "%", lambda each: each.node_cpu_s / each.s * 100),
        ("B19k", "one node, memory beside others", "MiB", lambda each: each.node_mib),
        ("B19s", "send, half of the times", "ms", lambda each: _share(each.accepted_ms, 0.5)),
        ("B19a", "arrival, half of the times", "ms", lambda each: _share(each.latencies_ms, 0.5)),
        ("B19p", "arrival, 95 %", "ms", lambda each: _share(each.latencies_ms, 0.95)),
    )
    return [
        result(
            name,
            what,
            runs=[figure(many)],
            unit=unit,
            baseline=[figure(few)],
            baseline_unit=f"{fewer} agencies, {few.lost} lost, {unit}",
        )
        for name, what, unit, figure in lines
    ]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Traffic of some agencies, and its cost.

    Attributes:
        accepted_ms: Of each packet, from the call to ``send`` until the exchange's receipt.
        latencies_ms: Of each one that arrived, from that receipt until it is opened and stored.
        s: Seconds of the traffic and its aftermath.
        exchange_cpu_s: Processor time of the exchange in them.
        exchange_mib: Its memory at the end.
        node_cpu_s: Processor time of one node in them, on average.
        node_mib: Memory that one node adds to a process with others.
        entries: The log at the end.
    """

    accepted_ms: Sequence[float]
    latencies_ms: Sequence[float]
    s: float
    exchange_cpu_s: float
    exchange_mib: float
    node_cpu_s: float
    node_mib: float
    entries: int

    @property
    def lost(self) -> int:
        """Packets that were accepted, and did not arrive."""
        return len(self.accepted_ms) - len(self.latencies_ms)


def _share(times: Sequence[float], share: float) -> float:
    """Returns the time below which a share of some times is."""
    return sorted(times)[math.ceil(share * len(times)) - 1]


def _measured(count: int, traffic_s: float, each_s: float) -> Taken:
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=LATEST.parent) as folder:
        place = Path(folder) / "exchange"
        place.mkdir()
        exchange = ExchangeHome(place)
        homes = [Home(Path(folder) / f"agency-{number:03}") for number in range(count)]
        with _quickly():
            exchange.begin(_found(homes, exchange.operator.enrolment), ())
            with exchange.serve() as server:
                asyncio.run(_agree(homes))
                return _worked(homes, server, [str(traffic_s), str(each_s)])


@contextmanager
def _quickly() -> Iterator[None]:
    """Makes and opens keystores with little memory inside."""
    usual_kib = tearline.crypto.passphrase.MEMORY_KIB
    tearline.crypto.passphrase.MEMORY_KIB = LEAST_KIB
    try:
        yield
    finally:
        tearline.crypto.passphrase.MEMORY_KIB = usual_kib


def _found(homes: Sequence[Home], exchange: ExchangeEnrolment) -> FederationFile:
    for home in homes:
        identity = Identity(agency=home.path.name, domain=f"{home.path.name}.example", node="one")
        found_agency(home, identity, PASSPHRASES)
    founders = [read_agency(home.enrolment(home.identity())) for home in homes]
    founding = draft_charter(
        homes[0], PASSPHRASE, name="many", exchange=exchange, founders=founders
    )
    for home in homes[1:]:
        founding = sign_charter(home, PASSPHRASE, founding)
    for home in homes:
        pin(home, PASSPHRASES, founding)
    return founding


async def _agree(homes: Sequence[Home]) -> None:
    """Puts each group's agreement in force, once every node's keys are on record."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(await Node.open(home.path, passphrase=PASSPHRASE))
            for home in homes
        ]
        for _ in range(2):  # the second time each reads the others' keys, and cosigns them
            await _all(nodes, Node.sync)
        for start in range(0, len(nodes), GROUP):
            group = nodes[start : start + GROUP]
            agreement = group[0].agreements.draft(_terms(homes[start : start + GROUP]))
            for node in group[1:]:
                agreement = node.agreements.sign(agreement)
            await group[0].agreements.publish(agreement)
        await _all(nodes, Node.receive)


async def _all(nodes: Iterable[Node], act: Callable[[Node], Awaitable[object]]) -> None:
    """Lets nodes act, a few at once: the exchange serves each of them."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(node: Node) -> None:
        async with turns:
            await act(node)

    await asyncio.gather(*map(one, nodes))


def _terms(homes: Sequence[Home]) -> str:
    names = [home.path.name for home in homes]
    shares = "".join(f'[article.{ARTICLE}.share.{name}]\nidentity = "clear"\n' for name in names)
    return f"""
name = "many-2026"
parties = {json.dumps(names)}
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "None."

[article.{ARTICLE}]
purposes = ["{PURPOSE}"]
kinds = ["lead"]
crime_areas = ["money-laundering"]
highest_tlp = "red"
directions = "all"

{shares}"""


def _worked(homes: Sequence[Home], server: Process, traffic: Sequence[str]) -> Taken:
    """Lets all nodes work in processes of their own, and returns what that took."""
    groups = [
        [*traffic, *(str(home.path) for home in homes[start : start + NODES_PER_PROCESS])]
        for start in range(0, len(homes), NODES_PER_PROCESS)
    ]
    before_us, started = server.cpu_us, time.monotonic()
    with _started(groups) as processes:
        told = [json.loads(process.communicate()[0]) for process in processes]
    for process in processes:
        assert process.returncode == 0
    return Taken(
        accepted_ms=[ms for each in told for ms in each["accepted_ms"]],
        latencies_ms=[ms for each in told for ms in each["latencies_ms"]],
        s=time.monotonic() - started,
        exchange_cpu_s=(server.cpu_us - before_us) / 1e6,
        exchange_mib=server.memory_kib / 1024,
        node_cpu_s=sum(each["cpu_s"] for each in told) / len(homes),
        node_mib=sum(each["mib"] for each in told) / len(homes),
        entries=max(each["entries"] for each in told),
    )


@contextmanager
def _started(groups: Sequence[Sequence[str]]) -> Iterator[list["subprocess.Popen[str]"]]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.b19", *group],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for group in groups
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@dataclass(kw_only=True)
class _Work:
    """What one process's nodes did.

    Attributes:
        accepted_ms: Of each packet, until its sender had the exchange's receipt.
        latencies_ms: Of each one that arrived, from its receipt on.
    """

    accepted_ms: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    cpu_s: float = 0
    mib: float = 0
    entries: int = 0


async def _work(traffic_s: float, each_s: float, paths: Sequence[str]) -> _Work:
    """Runs the daemons of some homes; each sends to the members of its group, all of them here."""
    work, stop = _Work(), asyncio.Event()
    under_way: dict[bytes, tuple[Node, float]] = {}

    async def watch() -> None:
        """Records arrivals: any act of a node reads its mailbox, so they are looked for stored."""
        while True:
            for packet, (recipient, since) in [*under_way.items()]:
                grants = recipient._context.stores.packets.grants(packet)
                if any(grant.incoming for grant in grants):
                    work.latencies_ms.append((time.monotonic() - since) * 1000)
                    del under_way[packet]
            await asyncio.sleep(WATCH_S)

    async def send(node: Node, partners: Sequence[Node]) -> None:
        end = time.monotonic() + traffic_s
        while (pause_s := random.expovariate(1 / each_s)) + time.monotonic() < end:
            await asyncio.sleep(pause_s)
            partner = random.choice(partners)
            plan = node.packets.plan(_draft(node), [partner.uri])
            since = time.monotonic()
            sent = await node.packets.send([plan])
            assert not sent.refused, sent.refused
            work.accepted_ms.append((time.monotonic() - since) * 1000)
            under_way.update(dict.fromkeys(sent.packets, (partner, time.monotonic())))

    bare_mib = _memory_mib()
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(await Node.open(path, passphrase=PASSPHRASE))
            for path in paths
        ]
        daemons = [
            asyncio.create_task(run_daemon(node, stop, report=lambda _: None)) for node in nodes
        ]
        watching = asyncio.create_task(watch())
        groups = [nodes[start : start + GROUP] for start in range(0, len(nodes), GROUP)]
        async with asyncio.TaskGroup() as senders:
            for group in groups:
                for node in group:
                    partners = [other for other in group if other is not node]
                    senders.create_task(send(node, partners))
        deadline = time.monotonic() + LAST_S
        while under_way and time.monotonic() < deadline:
            await asyncio.sleep(WATCH_S)
        work.entries = nodes[0].log.size
        stop.set()
        watching.cancel()
        await asyncio.gather(*daemons)
        work.mib = _memory_mib() - bare_mib
    used = resource.getrusage(resource.RUSAGE_SELF)
    work.cpu_s = used.ru_utime + used.ru_stime
    return work


def _draft(node: Node):  # type: ignore[no-untyped-def]  # the type is the service's own
    name = {"name": (f"Bench {secrets.token_hex(4)}",)}
    person = Entity(id=secrets.token_hex(8), schema="Person", properties=name)
    (entities,) = connected_groups([person])
    about = About(article=ARTICLE, purpose=PURPOSE)
    return node.packets.draft(entities, about, agreement="many-2026")


def _memory_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    with _quickly():
        print(
            json.dumps(
                asdict(asyncio.run(_work(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])))
            )
        )
