"""The witness port: what strangers can have a node cosign, and what they cannot.

The client here is written by hand, after c2sp.org/tlog-witness, as a foreign one is.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from tlog_scales import signing, tiles
from tlog_scales.reader import TilesReader

from support.forks import path
from support.http import connected, status, told
from support.node import context_of, stores_of
from support.simulation import PASSPHRASE, LyingTransport, Member, Simulation
from tearline.errors import (
    CosignerElsewhere,
    CosignerUnknown,
    LogError,
    LogForked,
    LogInconsistent,
    SendingStopped,
    StoreFull,
    TrustMissing,
)
from tearline.federation.cosigning import AddCheckpoint, CosignedTree
from tearline.federation.equivocation import verify_equivocation
from tearline.federation.members import LogIdentity
from tearline.limits import MAX_CHECKPOINT_BYTES, MAX_LOG_PROOF_BYTES
from tearline.tlog.checkpoint import parse_checkpoint_text
from tearline.tlog.note import NoteSignature, parse_note, parse_note_signature
from tearline.verification.log_entries import entry_hash
from tearline.wire.log_entries import EntryRange
from tearline_client.cosigning import cosigner
from tearline_client.keys.home import Home
from tearline_client.node import Node
from tearline_client.service.backup import back_up, restore
from tearline_client.store.cosigning import CosigningStore
from tearline_server.config import Witness
from tearline_server.exchange import Exchange
from tearline_server.tlog.log import AuditLog
from tearline_server.tlog.witnesses import ask_on


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the port answered."""

    status: int
    headers: dict[str, str]
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Port:
    """The witness port of a node.

    Attributes:
        number: Where it listens.
        told: What the node reported to whoever runs it.
    """

    number: int
    told: list[str]

    async def ask(self, line: str, body: bytes = b"") -> Answer:
        """One request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number)
        head = f"{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        try:
            reply = await asyncio.wait_for(reader.read(), 30)
        finally:
            writer.close()
        first, _, content = reply.partition(b"\r\n\r\n")
        status, *headers = first.decode().split("\r\n")
        return Answer(
            status=int(status.split(" ")[1]),
            headers=dict(header.split(": ", 1) for header in headers),
            content=content,
        )

    async def add(self, old: int, proof: Sequence[bytes], note: bytes) -> Answer:
        """Offers a checkpoint, spelled by hand."""
        lines = [b"old %d" % old, *map(base64.b64encode, proof), b"", b""]
        return await self.ask("POST /add-checkpoint", b"\n".join(lines) + note)

    async def offer(self, offered: AddCheckpoint) -> Answer:
        """Offers a checkpoint."""
        return await self.add(offered.old_size, offered.path, offered.note)


@asynccontextmanager
async def port_of(node: Node) -> AsyncIterator[Port]:
    told: list[str] = []
    async with node.log.serve("127.0.0.1:0", told.append) as number:
        yield Port(number=number, told=told)


async def leaves_of(exchange: Exchange) -> list[bytes]:
    return [entry_hash(entry) for entry in (await exchange.entries(0, 0)).entries]


async def offered(exchange: Exchange, old: int) -> AddCheckpoint:
    """The newest checkpoint of an exchange, with a proof from ``old`` entries."""
    note, leaves = await exchange.checkpoint(), await leaves_of(exchange)
    return AddCheckpoint(old_size=old, path=path(old, len(leaves), leaves), note=note)


async def grown(world: Simulation, member: Member) -> AddCheckpoint:
    """The log, some entries further than a member has read it."""
    size = member.node.cosigning.seen.size
    await world.us.send(world.mx)
    return await offered(world.exchange, size)


def cosigned(member: Member, note: bytes, line: NoteSignature) -> int:
    """The size that a line of a member's node cosigns; it must be a true one."""
    key = member.node.keys.cosigner().verifier
    checkpoint = parse_checkpoint_text(parse_note(note).text)
    key.verify(checkpoint, line)
    return checkpoint.size


def convicted(member: Member) -> None:
    """The node holds evidence that convinces anyone, and sends nothing more."""
    (accusation,) = stores_of(member.node).cosigning.accusations()
    verify_equivocation(accusation.evidence, context_of(member.node).trust.members.log)
    with pytest.raises(SendingStopped):
        context_of(member.node).verify_witnessed()


# The decision, without HTTP.


async def test_what_begins_with_the_last_tree_is_kept_and_cosigned(world: Simulation) -> None:
    offer = await grown(world, world.cn)
    line = await world.cn.node.cosigning.add_checkpoint(offer)
    assert cosigned(world.cn, offer.note, line) == world.cn.node.cosigning.seen.size
    # It has read every entry below: their statements and directories are verified first.
    assert world.cn.node.cosigning.seen.size == stores_of(world.cn.node).log.size


async def test_the_last_tree_is_cosigned_again_and_no_older_one(world: Simulation) -> None:
    offer = await grown(world, world.cn)
    for each in (offer, await offered(world.exchange, parse_size(offer.note))):
        await world.cn.node.cosigning.add_checkpoint(each)
    with pytest.raises(CosignerElsewhere):
        await world.cn.node.cosigning.add_checkpoint(offer)


def parse_size(note: bytes) -> int:
    return parse_checkpoint_text(parse_note(note).text).size


async def test_the_node_reads_on_past_what_it_was_offered(world: Simulation) -> None:
    await world.cn.node.cosigning.add_checkpoint(await grown(world, world.cn))
    await world.us.send(world.mx)
    await world.cn.node.sync()
    assert world.cn.node.cosigning.seen.size == stores_of(world.cn.node).log.size
    assert not world.cn.codes()


async def test_a_node_whose_key_does_not_count_cosigns_nothing(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer, before = await grown(world, world.cn), world.cn.node.cosigning.seen
    monkeypatch.setattr(cosigner, "cosigning_keys", lambda *_: ())
    with pytest.raises(CosignerUnknown):
        await world.cn.node.cosigning.add_checkpoint(offer)
    assert world.cn.node.cosigning.seen == before


# Its spelling in HTTP.


async def test_each_refusal_has_its_status(world: Simulation) -> None:
    offer = await grown(world, world.cn)
    old, size = offer.old_size, parse_size(offer.note)
    text, _, lines = offer.note.partition(b"\n\n")
    other = offer.note.replace(b"exchange.", b"another.", 1)
    stranger = parse_note(offer.note).only_by([]).text.encode() + "\n— x AAAAAAA=\n".encode()
    raw = offer.encode()
    async with port_of(world.cn.node) as port:
        refused = {
            "no request": await port.ask("POST /add-checkpoint", b"no request"),
            "no body": await port.ask("POST /add-checkpoint"),
            "no newline": await port.ask("POST /add-checkpoint", raw[:-1]),
            "spelling": await port.ask("POST /add-checkpoint", raw.replace(b"old ", b"old 0", 1)),
            "above": await port.add(size + 1, (), offer.note),
            "unsigned": await port.add(old, offer.path, stranger),
            "forged": await port.add(
                old, offer.path, text.replace(b"/log\n", b"/log\n1", 1) + b"\n\n" + lines
            ),
            "another log": await port.add(old, offer.path, other),
            "no proof": await port.add(old, (), offer.note),
            "false proof": await port.add(old, [bytes(32)] * len(offer.path), offer.note),
            "from nothing": await port.add(0, (), offer.note),
            "elsewhere": await port.add(old - 1, offer.path, offer.note),
        }
        statuses = {what: answer.status for what, answer in refused.items()}
        assert statuses == {
            "no request": 400,
            "no body": 400,
            "no newline": 400,
            "spelling": 400,
            "above": 400,
            "unsigned": 403,
            "forged": 403,
            "another log": 404,
            "no proof": 422,
            "false proof": 422,
            "from nothing": 409,
            "elsewhere": 409,
        }
        for what, answer in refused.items():
            told = b"%d\n" % old if statuses[what] == 409 else b""
            assert answer.content == told, what
            assert answer.headers["cache-control"] == "no-store"
        assert refused["elsewhere"].headers["content-type"] == "text/x.tlog.size"
        assert world.cn.node.cosigning.seen.size == old
        assert not port.told

        answer = await port.offer(offer)
        assert answer.status == 200
        (line,) = answer.content.decode().splitlines()
        assert cosigned(world.cn, offer.note, parse_note_signature(line)) == size


async def test_a_client_that_knows_nothing_is_told_where_to_begin(world: Simulation) -> None:
    await world.us.send(world.mx)
    async with port_of(world.cn.node) as port:
        told = await port.offer(await offered(world.exchange, 0))
        assert told.status == 409
        again = await port.offer(await offered(world.exchange, int(told.content)))
    assert again.status == 200


async def test_what_is_too_large_or_elsewhere_is_not_read(world: Simulation) -> None:
    offer = (await grown(world, world.cn)).encode()
    async with port_of(world.cn.node) as port:
        large = await port.ask("POST /add-checkpoint", b"x" * (MAX_LOG_PROOF_BYTES + 1))
        assert large.status == 400
        for line, status in (
            ("POST /add-checkpoint?x=1", 404),
            ("POST /%61dd-checkpoint", 404),
            ("POST /add-checkpoint/", 405),
            ("POST /checkpoint", 405),
            ("PUT /add-checkpoint", 405),
            ("GET /add-checkpoint", 400),  # with a body, where none belongs
        ):
            assert (await port.ask(line, offer)).status == status, line


async def test_a_node_that_cannot_keep_it_does_not_sign_it(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: CosigningStore, note: bytes, log: LogIdentity) -> None:
        raise StoreFull

    offer = await grown(world, world.cn)
    monkeypatch.setattr(CosigningStore, "put_cosigned", full)
    async with port_of(world.cn.node) as port:
        answer = await port.offer(offer)
        assert (answer.status, answer.content) == (503, b"")
        assert StoreFull.code in port.told[0]


async def test_the_exchange_asks_it_as_any_witness(world: Simulation) -> None:
    # Its line comes by the port alone: the node itself says nothing here.
    before = world.cn.node.cosigning.seen.size
    await world.us.send(world.mx)
    async with port_of(world.cn.node) as port:
        witness = Witness(
            url=f"http://127.0.0.1:{port.number}", key=world.cn.node.keys.cosigner().verifier
        )
        exchange = world.exchange
        asking = asyncio.create_task(ask_on(witness, exchange._log, exchange._cosignatures))
        async with asyncio.timeout(30):
            while world.cn.node.uri.encode() not in await exchange.checkpoint():
                await asyncio.sleep(0)
        asking.cancel()
    assert world.cn.node.cosigning.seen.size > before
    assert stores_of(world.cn.node).log.size > before


# The mirror.


@dataclass(frozen=True)
class Read:
    """What an independent reader reads, each path asked for before."""

    port: Port
    loop: asyncio.AbstractEventLoop

    def get(self, *names: str) -> bytes | None:
        asked = self.port.ask("GET /" + "/".join(names))
        answer = asyncio.run_coroutine_threadsafe(asked, self.loop).result(30)
        return answer.content if answer.status == 200 else None


async def test_an_independent_reader_verifies_the_mirror(world: Simulation) -> None:
    await world.us.send(world.mx)
    await world.cn.node.sync()
    store = stores_of(world.cn.node).log
    own = signing.Vkey.from_string(world.cn.node.keys.cosigner().verifier.encode())
    log = [signing.Vkey.from_string(key) for key in world.template.identity.log.verifier_keys]

    def read(reader: TilesReader) -> None:
        checkpoint = reader.get_checkpoint()
        assert checkpoint.size == store.size
        for key in (*log, own):
            checkpoint.verify(key)
        assert reader.calculate_root_hash() == checkpoint.root_hash
        for index in range(checkpoint.size):
            proof = reader.get_inclusion_proof(index, checkpoint.size)
            leaf = tiles.leaf_hash(reader.get_entry(index))
            proof.check(leaf, checkpoint.root_hash)

    async with port_of(world.cn.node) as port:
        await asyncio.to_thread(read, TilesReader(Read(port, asyncio.get_running_loop())))
        width = store.size % 256
        partial = await port.ask(f"GET /tile/entries/000.p/{width}")
        assert (partial.status, "immutable" in partial.headers["cache-control"]) == (200, True)
        missing = await port.ask(f"GET /tile/0/000.p/{width + 1}")
        assert (missing.status, missing.headers["cache-control"]) == (404, "no-store")


async def test_a_node_that_has_read_nothing_shows_nothing(world: Simulation) -> None:
    node = world.cn.node
    stores_of(node).database.execute("DELETE FROM setting WHERE name LIKE 'log.%'")
    async with port_of(node) as port:
        assert (await port.ask("GET /checkpoint")).status == 404


# Two histories.


async def test_another_tree_of_the_same_size_is_evidence(world: Simulation) -> None:
    await world.cn.node.sync()
    entries = await world.entries()
    forged = world.sign_log([*entries[:-1], b"\1" + bytes(32)])
    async with port_of(world.cn.node) as port:
        answer = await port.add(len(entries), (), forged)
        assert (answer.status, answer.content) == (409, b"%d\n" % len(entries))
        assert LogForked.code in port.told[0]
        convicted(world.cn)
        # Whoever says it again, with whatever lines beside the log's, adds nothing.
        assert (await port.add(len(entries), (), forged + "— x AAAAAAA=\n".encode())).status == 409
    convicted(world.cn)
    # The other nodes hear of it through the exchange.
    with pytest.raises(LogForked):
        await world.mx.node.sync()


async def test_another_tree_of_a_size_that_was_read_is_evidence(world: Simulation) -> None:
    await world.cn.node.sync()
    entries = await world.entries()
    forged = world.sign_log([*entries[:-3], b"\1" + bytes(32)])
    with pytest.raises(LogForked):
        await world.cn.node.cosigning.add_checkpoint(
            AddCheckpoint(old_size=0, path=(), note=forged)
        )
    convicted(world.cn)


async def test_a_fork_with_its_own_honest_proof_is_not_cosigned(world: Simulation) -> None:
    async with world.forked() as fork:
        await world.us.send(world.cn)
        await world.cn.node.sync()
        seen = world.cn.node.cosigning.seen
        for _ in range(8):  # more than the other history has, whatever a minute adds to it
            await world.log_to(fork)
        with pytest.raises(LogInconsistent):
            await world.cn.node.cosigning.add_checkpoint(await offered(fork, seen.size))
        assert world.cn.node.cosigning.seen == seen


async def test_what_was_cosigned_for_a_stranger_binds_the_node_that_reads_on(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An honest exchange signs nothing more once it is shown that it lost what it had signed.
    monkeypatch.setattr(AuditLog, "verify_whole", lambda self: None)
    async with world.forked() as fork:
        await world.cn.node.cosigning.add_checkpoint(await grown(world, world.cn))
        seen = world.cn.node.cosigning.seen
        # The other history is shown to it, first shorter, then longer than what it cosigned.
        await world.log_to(fork)
        world.cn.exchange.show(fork)
        with pytest.raises(LogForked):
            await world.cn.node.cosigning.follow()
        convicted(world.cn)
        for _ in range(8):
            await world.log_to(fork)
        with pytest.raises(LogForked):
            await world.cn.node.sync()
        assert world.cn.node.cosigning.seen == seen


async def test_what_was_cosigned_and_is_kept_back_is_missed(world: Simulation) -> None:
    async with world.forked() as before:
        await world.cn.node.cosigning.add_checkpoint(await grown(world, world.cn))
        world.cn.exchange.show(before)
        with pytest.raises(LogInconsistent):
            await world.cn.node.cosigning.follow()


# Crashes, and others at work.


async def test_no_fork_is_cosigned_after_a_crash_between_keeping_and_answering(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """The machine did, before a signature was there."""

    def die(*_: object, **__: object) -> None:
        raise Died

    async with world.forked() as fork:
        offer = await grown(world, world.cn)
        signer = world.cn.node.keys.cosigner()
        monkeypatch.setattr(type(signer), "sign", die)
        with pytest.raises(Died):
            await world.cn.node.cosigning.add_checkpoint(offer)
        monkeypatch.undo()
        for _ in range(8):
            await world.log_to(fork)
        transport = LyingTransport(world.exchange, world.cn.node.uri)
        home = world.cn.node.home.path
        await world.cn.node.close()
        async with await Node.open(home, passphrase=PASSPHRASE, transport=transport) as node:
            # The other history would begin with the tree before.
            with pytest.raises(CosignerElsewhere):
                await node.cosigning.add_checkpoint(await offered(fork, offer.old_size))
            assert node.cosigning.seen.size == parse_size(offer.note)
            forged = await offered(fork, parse_size(offer.note))
            with pytest.raises(LogInconsistent):
                await node.cosigning.add_checkpoint(forged)


async def test_a_restored_node_cosigns_nothing_for_strangers(world: Simulation) -> None:
    # It does not know what it cosigned after its backup, and has no key to cosign with.
    file, home = world.folder / "cn.backup", Home(world.folder / "reborn")
    back_up(world.cn.node.home, file, PASSPHRASE)
    await world.cn.node.cosigning.add_checkpoint(await grown(world, world.cn))
    restore(file, home, PASSPHRASE)
    transport = LyingTransport(world.exchange, world.cn.node.uri)
    async with await Node.open(home.path, passphrase=PASSPHRASE, transport=transport) as node:
        async with port_of(node) as port:
            answer = await port.offer(await offered(world.exchange, node.cosigning.seen.size))
            assert (answer.status, answer.content) == (503, b"")
            assert (await port.ask("GET /checkpoint")).status == 200
        assert CosignerUnknown.code in port.told[0]


async def test_of_two_that_offer_at_once_the_later_is_told_so(world: Simulation) -> None:
    # Another process of the node, as a command beside the daemon, has another connection.
    transport = LyingTransport(world.exchange, world.cn.node.uri)
    beside = await Node.open(world.cn.node.home.path, passphrase=PASSPHRASE, transport=transport)
    async with beside:
        small = await grown(world, world.cn)
        large = await grown(world, world.cn)
        await beside.cosigning.add_checkpoint(large)
        with pytest.raises(CosignerElsewhere):
            await world.cn.node.cosigning.add_checkpoint(small)
        assert world.cn.node.cosigning.seen.size == parse_size(large.note)


async def test_lines_of_strangers_are_neither_kept_nor_handed_on(world: Simulation) -> None:
    await grown(world, world.cn)
    own = world.cn.node.keys.cosigner().verifier
    forged = NoteSignature(name=own.name, key_hash=own.key_hash, payload=bytes(2428))
    # Up to the bound of a note: with one line more, it would be none.
    filler = NoteSignature(name="x", key_hash=b"xxxx", payload=bytes(190_000))

    def stuffed(entries: EntryRange) -> EntryRange:
        note = parse_note(entries.checkpoint).with_signatures([forged, filler]).encode()
        assert len(note) > MAX_CHECKPOINT_BYTES - 8000
        return replace(entries, checkpoint=note)

    world.cn.exchange.log = stuffed
    await context_of(world.cn.node).follow()
    told = parse_note(world.cn.node.cosigning.cosign())
    assert {line.name for line in told.signatures} == {
        own.name,
        world.template.identity.log.origin,
    }
    await world.cn.node.sync()


async def test_a_new_node_cosigns_nothing_before_it_knows_the_log(world: Simulation) -> None:
    node = world.cn.node
    offer = await offered(world.exchange, 0)
    for table in ("log_entry", "log_node", "setting"):
        stores_of(node).database.execute(f"DELETE FROM {table}")
    transport = LyingTransport(world.exchange, node.uri)
    await node.close()
    async with await Node.open(node.home.path, passphrase=PASSPHRASE, transport=transport) as new:
        assert new.cosigning.seen == CosignedTree()
        with pytest.raises((TrustMissing, LogError)):
            await new.cosigning.add_checkpoint(offer)


_POST = b"POST /add-checkpoint HTTP/1.1\r\nhost: x\r\n"
_CHUNKED = _POST + b"transfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        _CHUNKED + b"zz\r\n",
        _CHUNKED + b"3\r\nold\r\n-1\r\n",
        _CHUNKED + b"3\r\noldest\r\n0\r\n\r\n",
        _POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\nold 0\n",
    ],
    ids=["no size", "a negative size", "no end", "a length and chunks", "two lengths"],
)
async def test_a_body_that_is_none_is_refused_and_writes_nothing(
    world: Simulation, caplog: pytest.LogCaptureFixture, request_bytes: bytes
) -> None:
    async with port_of(world.cn.node) as port:
        reply = await told(port.number, request_bytes)
        assert (status(reply), reply.count(b"HTTP/1.1 ")) == (400, 1)
        assert not port.told
    assert not caplog.records


async def test_a_caller_that_goes_away_in_the_middle_of_a_body_writes_nothing(
    world: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    async with port_of(world.cn.node) as port:
        for request_bytes in (_CHUNKED + b"3\r\nold\r\n", _POST + b"content-length: 9\r\n\r\nold"):
            async with connected(port.number) as (_, writer):
                writer.write(request_bytes)
                await writer.drain()
        assert (await port.ask("GET /checkpoint")).status in (200, 404)
        assert not port.told
    assert not caplog.records
