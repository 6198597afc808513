"""B3: publish to a real exchange, beside echoes of the same bytes.

The exchange, and each echo server, is a process; this process is their client. All are on
loopback with mutual TLS and share the server set-up. Sixty-four calls are in flight, each
lane of them with a channel of its own, since the places of one channel must come in order.
Everything is sealed before the clock starts, and the database is on the disk of this folder.
"""

import asyncio
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

import tearline.rpc  # noqa: F401 (sets gRPC's cipher suites before anything imports gRPC)
from bench.echo import METHOD
from bench.exchange import NAME, Home, Process
from bench.federation import SENDER, Federation, found
from bench.harness import LATEST, Result, Target, result
from bench.packet import lead, releaser
from tearline.certificates import verify_leaf
from tearline.identity import parse_node_uri
from tearline.policy.marking import Tlp
from tearline.rpc import methods
from tearline.rpc.credentials import (
    TlsIdentity,
    client_credentials,
    client_options,
    with_access_token,
)
from tearline.tokens import Binding, Person, Role, issue_token
from tearline.wire.publications import Publication, encode_publication, parse_outcomes
from tearline_client.link.outgoing import compose
from tearline_client.planning.plan import ReleasePlan

LANES = 64
RECIPIENTS = 2
ECHO_TARGET = Target(limit=0.25, at_most=False)
VERIFYING_TARGET = Target(limit=0.5, at_most=False)

Call = Callable[[bytes], Awaitable[bytes]]
Lanes = Sequence[Sequence[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one server did with one run's messages.

    Attributes:
        rate: Messages a second.
        cpu_us: The server's processor time for each, in microseconds.
    """

    rate: float
    cpu_us: float


class Client:
    """The sending node's one connection to a server."""

    def __init__(self, server: Process, identity: TlsIdentity, authority: bytes) -> None:
        import grpc.aio

        self._server = server
        self._channel = grpc.aio.secure_channel(
            server.address,
            client_credentials(identity, authority),
            # Each client is a program of its own: it shares no connection with another.
            options=[*client_options(NAME), ("grpc.use_local_subchannel_pool", 1)],
        )

    async def call(self, method: str, request: bytes, token: str = "") -> bytes:
        """Calls once."""
        metadata = with_access_token(token) if token else ()
        reply: bytes = await self._channel.unary_unary(method, None, None)(
            request, metadata=metadata
        )
        return reply

    def stream(self, method: str, request: bytes) -> AsyncIterator[bytes]:
        """Calls once, and is answered by many."""
        return aiter(self._channel.unary_stream(method, None, None)(request))

    async def converse(self, method: str, requests: Sequence[bytes]) -> list[bytes]:
        """Calls with a stream of messages; returns the answer to each."""
        stream = self._channel.stream_stream(method, None, None)(None)

        async def write() -> None:
            for request in requests:
                await stream.write(request)
            await stream.done_writing()

        writing = asyncio.create_task(write())
        replies = [await stream.read() for _ in requests]
        await writing
        return replies

    async def load(self, method: str, lanes: Lanes) -> tuple[Load, list[bytes]]:
        """Sends every message, one at a time in each lane; returns all replies."""
        call: Call = self._channel.unary_unary(method, None, None)

        async def lane(messages: Sequence[bytes]) -> list[bytes]:
            return [await call(message) for message in messages]

        started, used_us = time.perf_counter(), self._server.cpu_us
        replies = await asyncio.gather(*map(lane, lanes))
        elapsed, used_us = time.perf_counter() - started, self._server.cpu_us - used_us
        sent = sum(map(len, lanes))
        load = Load(rate=sent / elapsed, cpu_us=used_us / sent)
        return load, [reply for each in replies for reply in each]

    async def close(self) -> None:
        """Ends the connection."""
        await self._channel.close(None)


class Sealer:
    """The sending node, which seals a run's messages in advance.

    Args:
        federation: Whose node it is; each partner has as many nodes as there are lanes.
        lanes: How many.
        first: The number of the nodes of the first of them.
    """

    def __init__(self, federation: Federation, lanes: int, *, first: int = 0) -> None:
        self._plans: list[ReleasePlan] = [
            lead(federation, federation.partners(number)[:RECIPIENTS])
            for number in range(first, first + lanes)
        ]
        self._places: Counter[tuple[str, bytes]] = Counter()
        self._releaser = releaser(federation, self._next_seq)

    def lanes(self, packets: int) -> Lanes:
        """``packets`` messages for each lane: a packet and its grants under one signature."""
        return [
            [
                encode_publication(compose([plan], self._releaser).publications[0])
                for _ in range(packets)
            ]
            for plan in self._plans
        ]

    def _next_seq(self, recipient: str, agreement: bytes) -> int:
        self._places[recipient, agreement] += 1
        return self._places[recipient, agreement]


def run(*, rounds: int = 7, packets: int = 8, lanes: int = LANES) -> Sequence[Result]:
    """Measures B3.

    Args:
        rounds: Alternations.
        packets: Messages of each lane in each run.
        lanes: Calls in flight.
    """
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=LATEST.parent))
        home = Home(Path(folder))
        federation = found(home.operator.enrolment, nodes=lanes)
        home.begin(federation.trust_list, federation.records)
        servers = {
            "echo": stack.enter_context(home.serve_echo()),
            "verifying": stack.enter_context(home.serve_echo("--verify")),
            "exchange": stack.enter_context(home.serve()),
        }
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        return runner.run(_measure(home, federation, servers, (rounds, packets, lanes)))


async def _measure(
    home: Home,
    federation: Federation,
    servers: dict[str, Process],
    size: tuple[int, int, int],
) -> Sequence[Result]:
    rounds, packets, lanes = size
    identity = federation.members[SENDER].tls(federation.sender.header.signer)
    authority = home.operator.keys.authority.certificate
    clients = {name: Client(server, identity, authority) for name, server in servers.items()}
    await agree(clients["exchange"], federation, identity)
    sealer = Sealer(federation, lanes)
    loads: dict[str, list[Load]] = {name: [] for name in clients}
    await _round(clients, sealer.lanes(1))  # connections are made, policies are decided
    for _ in range(rounds):
        for name, load in (await _round(clients, sealer.lanes(packets))).items():
            loads[name].append(load)
    for client in clients.values():
        await client.close()
    return _results(loads)


async def _round(clients: dict[str, Client], messages: Lanes) -> dict[str, Load]:
    loads = {}
    for name, client in clients.items():
        method = methods.PUBLISH if name == "exchange" else METHOD
        loads[name], replies = await client.load(method, messages)
        if name == "exchange":
            verify_accepted(replies)
    return loads


def verify_accepted(replies: Sequence[bytes]) -> None:
    """Checks that every statement of every message was accepted."""
    for reply in replies:
        outcomes = parse_outcomes(reply)
        refused = [outcome.refusal for outcome in outcomes if outcome.refusal is not None]
        if refused or len(outcomes) != 1 + RECIPIENTS or not all(o.receipt for o in outcomes):
            raise RuntimeError(f"the exchange refused: {refused}")


async def agree(client: Client, federation: Federation, identity: TlsIdentity) -> None:
    """Puts the agreement in force, as an officer of the sender's."""
    member, now_s = federation.members[SENDER], int(time.time())
    node = parse_node_uri(federation.sender.header.signer)
    leaf = verify_leaf(identity.certificate, {SENDER: (member.authority.certificate,)}, now_s)
    officer = Person(
        subject=secrets.token_hex(32), roles=frozenset({Role.OFFICER}), clearance=Tlp.RED
    )
    binding = Binding(
        node=node,
        thumbprint=leaf.thumbprint,
        audience=f"spiffe://{NAME}/exchange",
        issuer_keys=(member.issuer.public,),
    )
    token = issue_token(
        member.issuer, officer, binding, token_id=secrets.token_bytes(16), now_s=now_s
    )
    message = encode_publication(Publication(signed=(federation.agreed(),)))
    (outcome,) = parse_outcomes(await client.call(methods.PUBLISH, message, token))
    if outcome.refusal is not None:
        raise RuntimeError(f"the agreement was refused: {outcome.refusal}")


def _results(loads: dict[str, list[Load]]) -> Sequence[Result]:
    rates = {name: [load.rate for load in found] for name, found in loads.items()}
    costs = {name: [load.cpu_us for load in found] for name, found in loads.items()}
    what = "publish a packet with 2 grants, one signature, durable, 64 in flight"
    results = [
        result(
            "B3",
            what,
            runs=rates["exchange"],
            unit="packets/s",
            baseline=rates["echo"],
            baseline_unit="echoes/s of the same bytes",
            target=ECHO_TARGET,
        ),
        result(
            "B3v",
            what,
            runs=rates["exchange"],
            unit="packets/s",
            baseline=rates["verifying"],
            baseline_unit="echoes/s that verify one composite signature",
            target=VERIFYING_TARGET,
        ),
    ]
    if all(cost > 0 for found in costs.values() for cost in found):
        results.append(
            result(
                "B3c",
                "the exchange's processor time for each packet",
                runs=costs["exchange"],
                unit="µs",
                baseline=costs["verifying"],
                baseline_unit="µs of the verifying echo server",
            )
        )
    return results
