"""The exchange as a process: real TLS, real signals, real files, and both stores."""

import asyncio
import contextlib
import dataclasses
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import pytest

from support.agencies import CN, MX, US
from support.exchange import (
    codes,
    receipt_of,
    said,
)
from support.exchange_process import Served, founded, member, refusal
from support.leads import agree, lead
from tearline.crypto.certificates import verify_leaf
from tearline.errors import (
    CallerDenied,
    ExchangeUnreachable,
    StatementMalformed,
    TearlineError,
    TokenRequired,
)
from tearline.federation.members import Revocation
from tearline.persons.tokens import Binding, Person, Role, issue_token, pairwise_id
from tearline.policy.marking import Tlp
from tearline.statements.statement import StatementType
from tearline.tlog.merkle import Frontier
from tearline.verification.log_entries import blind_entry, entry_hash, verify_cosigned
from tearline.wire.audit_search import (
    SearchRequest,
    encode_search,
    parse_proven_events,
)
from tearline.wire.deliveries import START, encode_cursor, parse_cursor
from tearline.wire.federation import encode_revocation
from tearline.wire.log_entries import encode_entries_request, parse_entries
from tearline.wire.publications import Publication, encode_publication, parse_outcomes
from tearline.wire.statements import signed
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.credentials import with_access_token
from tearline_server.storage.open import open_store
from tearline_server.tlog.fsck import LogVerifier

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/integration/test_cli_story.py::test_founding_speaks_on_stderr_and_prints_no_data"
    ),
]

CHECK = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"
STREAMS = 20


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest) -> dict[str, object]:
    """Where the exchange keeps what it keeps."""
    if request.param == "sqlite":
        return {}
    return {"store": request.getfixturevalue("database_url")}


@pytest.fixture
async def served(tmp_path: Path, settings: dict[str, object]) -> AsyncIterator[Served]:
    exchange = await founded(tmp_path / "exchange", [US, CN, MX], **settings)
    await exchange.start()
    yield exchange
    await exchange.stop()


async def test_a_packet_crosses_and_its_grant_stands_in_the_log(served: Served) -> None:
    await agree(served)
    async with served.client(US) as us, served.client(CN) as cn:
        publication = lead(served, 1)
        outcomes = await us.publish(publication)
        assert codes(outcomes) == ["", ""]
        assert said(await us.publish(publication)) == said(outcomes)
        delivery = (await cn.waiting())[-1]
        assert delivery.statements[0].id == outcomes[1].about
        assert parse_cursor(await cn.call(methods.ACKNOWLEDGE, encode_cursor(delivery.cursor))) == (
            delivery.cursor
        )

        page = await us.entries()
        checkpoint = verify_cosigned(page.checkpoint, served.identity.log)
        tree, _ = Frontier().append(map(entry_hash, page.entries))
        assert tree.root() == checkpoint.checkpoint.root
        entry = receipt_of(outcomes[1]).entry
        assert entry == delivery.entry
        assert page.entries[entry.index] == blind_entry(entry.salt, entry.event)


async def test_a_stream_answers_each_message_in_order(served: Served) -> None:
    await agree(served)
    publications = [lead(served, seq) for seq in range(1, 41)]

    async def messages() -> AsyncIterator[bytes]:
        for publication in publications:
            yield encode_publication(publication)

    async with served.client(US) as client:
        stream = client.channel.stream_stream(methods.PUBLISH_STREAM)(messages())
        replies = [parse_outcomes(reply) async for reply in stream]
    assert [reply[0].about for reply in replies] == [
        publication.statements()[0].id for publication in publications
    ]
    assert all(codes(reply) == ["", ""] for reply in replies)


async def test_a_stream_is_answered_before_it_ends(served: Served) -> None:
    await agree(served)
    async with served.client(US) as client:
        stream = client.channel.stream_stream(methods.PUBLISH_STREAM)()
        for seq in (1, 2):
            await stream.write(encode_publication(lead(served, seq)))
            assert codes(parse_outcomes(await stream.read())) == ["", ""]
        await stream.done_writing()


async def test_a_node_publishes_in_a_stream(served: Served) -> None:
    await agree(served)
    publications = [lead(served, seq) for seq in (1, 2, 3)]
    async with served.transport(US) as transport:
        async with transport.publishing() as stream:
            for publication in publications:
                await stream.send(encode_publication(publication))
            replies = [parse_outcomes(await stream.receive()) for _ in publications]
        assert [codes(reply) for reply in replies] == [["", ""]] * 3
        assert [reply[1].about for reply in replies] == [p.ids()[1] for p in publications]

        async with transport.publishing() as stream:
            await stream.send(b"no message")
            await stream.send(encode_publication(publications[0]))
            with pytest.raises(StatementMalformed):
                await stream.receive()

        await served.stop()
        async with transport.publishing() as stream:
            await stream.send(encode_publication(publications[0]))
            with pytest.raises(ExchangeUnreachable):
                await stream.receive()


async def test_a_refusal_is_heard_by_whoever_still_writes(served: Served) -> None:
    message = bytes(64 << 10)
    async with served.transport(US) as transport:
        # The refusal meets a write in most of the streams, not in all.
        for _ in range(STREAMS):
            async with transport.publishing() as stream:
                await stream.send(b"no message")
                for _ in range(8):
                    await stream.send(message)
                with pytest.raises(StatementMalformed):
                    await stream.receive()


async def test_a_node_goes_on_at_the_next_address(served: Served) -> None:
    nobody = ("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")
    async with served.transport(US, *nobody) as transport:
        transport._at = 0
        assert parse_entries(await transport.entries(encode_entries_request(0, 0))).entries
        assert transport._at == len(nobody)
        transport._at = 1
        with pytest.raises(ExchangeUnreachable):
            await anext(transport.subscribe(encode_cursor(START)))
        assert transport._at == 2
        async with transport.publishing() as stream:
            with pytest.raises(ExchangeUnreachable):
                await stream.receive()
        assert await anext(transport.subscribe(encode_cursor(START)))
        await served.stop()
        with pytest.raises(ExchangeUnreachable):
            await transport.entries(encode_entries_request(0, 0))


async def test_what_comes_wakes_a_stream_that_waits(served: Served) -> None:
    await agree(served)
    async with served.client(US) as us, served.client(CN) as cn:
        stream = cn.subscribe()
        seen = [await anext(stream) for _ in range(2)]
        assert [len(each.statements) for each in seen] == [1, 0]
        following = asyncio.ensure_future(anext(stream))
        await us.publish(lead(served, 1))
        assert len((await following).statements) == 2
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_a_restart_loses_nothing_that_was_acknowledged(served: Served) -> None:
    await agree(served)
    publication = lead(served, 1)
    async with served.client(US) as us:
        outcomes = await us.publish(publication)
    for number in (signal.SIGKILL, signal.SIGTERM):
        await served.stop(number)
        await served.start()
        async with served.client(US) as us, served.client(CN) as cn:
            assert said(await us.publish(publication)) == said(outcomes)
            deliveries = await cn.waiting()
            assert deliveries[-1].statements[0].id == outcomes[1].about
            assert [each.cursor.seq for each in deliveries] == [1, 2]
    await served.stop()
    store = await open_store(served.config)
    verifier = LogVerifier(store, served.identity.log)
    assert [each async for each in verifier.findings()] == []
    await store.close()


async def test_on_sigterm_what_is_under_way_is_answered_and_streams_end(served: Served) -> None:
    await agree(served)
    publications = [lead(served, seq) for seq in range(1, 9)]
    async with served.client(US) as us, served.client(CN) as cn:
        stream = cn.subscribe()
        await anext(stream)
        await anext(stream)
        rest = asyncio.ensure_future(_drained(stream))
        # In one stream: calls side by side may overtake each other, and places would be missing.
        publishing = us.channel.stream_stream(methods.PUBLISH_STREAM)()
        for publication in publications:
            await publishing.write(encode_publication(publication))
        taken = [parse_outcomes(await publishing.read())]
        stopping = asyncio.ensure_future(served.stop())
        with contextlib.suppress(grpc.aio.AioRpcError):
            await publishing.done_writing()
            while (reply := await publishing.read()) is not grpc.aio.EOF:
                taken.append(parse_outcomes(reply))
        assert await stopping == 0
        assert [codes(outcomes) for outcomes in taken] == [["", ""]] * len(taken)
        await rest
    await served.start()
    async with served.client(CN) as cn:
        found = {delivery.statements[0].id for delivery in await cn.waiting()}
        assert {outcomes[1].about for outcomes in taken} <= found
    messages = [line["message"] for line in served.lines]
    assert [m for m in messages if m in ("draining", "stopped")] == ["draining", "stopped"]


async def test_on_sighup_it_takes_a_fresh_certificate_and_goes_on(served: Served) -> None:
    await agree(served)
    process = served.process
    assert process is not None
    async with served.client(US) as us, served.client(CN) as cn:
        stream = cn.subscribe()
        await anext(stream)
        await anext(stream)
        for times in (1, 2):
            process.send_signal(signal.SIGHUP)
            await served.until("certificate renewed", times)
        await us.publish(lead(served, 1))
        assert len((await anext(stream)).statements) == 2  # on the connections of before
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    async with served.client(CN) as cn:
        assert await cn.waiting()
    assert await served.stop() == 0


async def _drained(stream: AsyncIterator[object]) -> None:
    with contextlib.suppress(ExchangeUnreachable, StopAsyncIteration):
        while True:
            await anext(stream)


async def test_health_is_told_to_nodes(served: Served) -> None:
    async with served.client(US) as client:
        assert await client.call(CHECK, b"") == SERVING


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_second_exchange_does_not_share_home_or_port(served: Served) -> None:
    second = dataclasses.replace(served, port=0, lines=[])
    with pytest.raises(RuntimeError, match="TL-STO-001"):
        await second.start()
    await second.stop()


async def test_a_stranger_is_refused_by_its_certificate(served: Served) -> None:
    stranger = member("spiffe://stranger.example")
    async with served.client(US, stranger.identity) as client:
        with pytest.raises(ExchangeUnreachable):
            await client.call(CHECK, b"")
    # Of a CA that is accepted, for another agency's name.
    impostor = member(CN)
    impostor.authority.trust_domain = CN.removeprefix("spiffe://")
    async with served.client(US, impostor.identity) as client:
        with pytest.raises(ExchangeUnreachable):
            await client.call(CHECK, b"")


async def test_the_operator_is_told_of_strangers(served: Served) -> None:
    await served.stop()
    inject = Path(__file__).parents[1] / "faults" / "inject"
    await served.start(PYTHONPATH=str(inject), LIMITS='{"REFUSALS_FLUSH_S": 1}')
    async with served.client(US) as us:
        await us.call(CHECK, b"")
    async with served.client(US, member("spiffe://stranger.example").identity) as stranger:
        with pytest.raises(ExchangeUnreachable):
            await stranger.call(CHECK, b"")
    await served.until("connections without a call")
    (line,) = (line for line in served.lines if line["message"] == "connections without a call")
    assert (line["level"], line["times"]) == ("warning", 1)  # and not the node that called
    await served.stop()
    await served.start()


async def test_a_revoked_tls_key_is_shut_out_on_its_open_connection(served: Served) -> None:
    held = served.members[US].identity
    root = served.root(US)
    revocation = Revocation(header=root.header, revoked_key=held.key.id, reason="stolen")
    tree = root.sign([(StatementType.REVOCATION, encode_revocation(revocation))])
    async with served.client(US) as client:
        assert await client.call(CHECK, b"") == SERVING
        (outcome,) = await client.publish(Publication(signed=(signed(tree),)))
        assert outcome.refusal is None
        with pytest.raises(CallerDenied):
            await client.call(CHECK, b"")
    async with served.client(CN) as client:
        assert await client.call(CHECK, b"") == SERVING


async def test_what_is_no_message_is_refused_with_a_code(served: Served) -> None:
    async with served.client(US) as client:
        for method in (methods.PUBLISH, methods.ENTRIES, methods.ACKNOWLEDGE):
            with pytest.raises(StatementMalformed):
                await client.call(method, b"\xff\xff\xff")
        stream = client.channel.unary_stream(methods.SUBSCRIBE)(b"\xff")
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await stream.read()
        assert isinstance(refusal(ended.value), StatementMalformed)


def token(served: Served, uri: str, role: Role) -> str:
    found = served.members[uri]
    leaf = verify_leaf(
        found.identity.certificate,
        {uri.removeprefix("spiffe://"): [found.authority.certificate]},
        int(time.time()),
    )
    person = Person(
        subject=pairwise_id(b"k" * 32, "auditor", bytes(16)).hex(),
        roles=frozenset({role}),
        clearance=Tlp.RED,
    )
    binding = Binding(
        node=leaf.node,
        thumbprint=leaf.thumbprint,
        audience=str(served.config.uri),
        issuer_keys=[],
    )
    return issue_token(found.issuer, person, binding, token_id=bytes(16), now_s=int(time.time()))


async def test_only_an_auditor_searches_and_sees_what_is_its_agencys(served: Served) -> None:
    await agree(served)
    request = encode_search(SearchRequest(query="action:grant-accepted", after=-1, limit=10))
    async with served.client(US) as us, served.client(CN) as cn, served.client(MX) as mx:
        await us.publish(lead(served, 1))
        with pytest.raises(TokenRequired):
            await us.search(request)
        liaison = with_access_token(token(served, CN, Role.LIAISON))
        with pytest.raises(TearlineError) as refused:
            await cn.search(request, liaison)
        assert refused.value.code == "TL-TLS-006"
        theirs = with_access_token(token(served, CN, Role.AUDITOR))
        with pytest.raises(TearlineError) as stolen:
            await us.search(request, theirs)
        assert stolen.value.code == "TL-TLS-004"
        for client, uri, expected in ((cn, CN, 1), (mx, MX, 0)):
            metadata = with_access_token(token(served, uri, Role.AUDITOR))
            (page,) = map(parse_proven_events, await client.search(request, metadata))
            assert len(page.events) == expected


async def test_a_search_that_follows_tells_of_what_comes_and_ends_with_the_exchange(
    served: Served,
) -> None:
    await agree(served)
    request = encode_search(
        SearchRequest(query="action:packet-accepted", after=-1, limit=0, follow=True)
    )
    metadata = with_access_token(token(served, US, Role.AUDITOR))
    async with served.client(US) as us:
        stream = us.channel.unary_stream(methods.SEARCH)(request, metadata=metadata)
        for number in (1, 2):
            await us.publish(lead(served, number))
            page = parse_proven_events(await stream.read())
            assert len(page.events) == 1
        await served.stop()
        assert parse_proven_events(await stream.read()).events == ()
        assert await stream.read() is grpc.aio.EOF
    await served.start()


async def test_the_logs_hold_ids_and_sizes_only(served: Served) -> None:
    await agree(served)
    async with served.client(US) as us:
        await us.publish(lead(served, 1))
        with pytest.raises(StatementMalformed):
            await us.call(methods.PUBLISH, b"\xff")
    await served.stop()
    text = str(served.lines)
    assert "call refused" in text
    for secret in ("Li Wei", "李伟", "narcotics", "investigation", "Traceback"):
        assert secret not in text
    await served.start()
