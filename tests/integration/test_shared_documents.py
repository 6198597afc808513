"""Large documents and two real exchanges over one database and one object store."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import CN, US
from support.blobs import document
from support.exchange_process import Served, founded
from support.object_store import CREDENTIALS, ObjectStore
from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.errors import ExchangeBusy, ExchangeUnreachable, OutcomeUnknown, TearlineError
from tearline.wire.blobs import encode_offer, encode_part, parse_state

pytestmark = pytest.mark.thorough(
    twin="tests/unit/server/blobs/test_several.py::test_no_part_is_given_after_a_suspension_at_another_exchange"
)

PARTS = 6


@pytest.fixture
async def pair(
    tmp_path: Path, whole_database_url: str, object_store: ObjectStore
) -> AsyncIterator[tuple[Served, Served]]:
    home = tmp_path / "exchange"
    first = await founded(home, (CN, US), store=whole_database_url)
    secret = home / "bucket.credentials"
    secret.touch(0o600)
    secret.write_text(f"{CREDENTIALS.key_id}\n{CREDENTIALS.secret}\n")
    with (home / "exchange.toml").open("a") as file:
        file.write(
            f'[blobs]\nendpoint = "{object_store.place.endpoint}"\n'
            f'bucket = "{object_store.place.bucket}"\ncredentials = "bucket.credentials"\n'
        )
    second = replace(first, lines=[])
    for each in (first, second):
        await each.start()
    yield first, second
    for each in (first, second):
        await each.end()


async def test_an_upload_goes_on_at_another_exchange(
    pair: tuple[Served, Served], object_store: ObjectStore
) -> None:
    made = document(PARTS * PART_PLAIN_BYTES)
    first, second = pair
    async with first.transport(US) as one:
        assert parse_state(await one.offer_blob(encode_offer(made.offer))) == 0
        for part in made.parts[:3]:
            held = parse_state(await one.put_blob(encode_part(part)))
            assert held == part.number + 1
        putting = asyncio.create_task(one.put_blob(encode_part(made.parts[3])))
        await asyncio.sleep(0)
        assert await first.stop(signal.SIGKILL) == -signal.SIGKILL
        with suppress(ExchangeUnreachable, OutcomeUnknown):
            await putting
    async with second.transport(US) as other:
        held = parse_state(await other.offer_blob(encode_offer(made.offer)))
        assert 3 <= held <= 4
        for part in made.parts[held:]:
            held = parse_state(await other.put_blob(encode_part(part)))
    assert held == len(made.parts)
    await first.start()
    async with first.transport(US) as one:
        assert parse_state(await one.offer_blob(encode_offer(made.offer))) == len(made.parts)
    stored = {each.name.rpartition("-")[2]: each.read_bytes() for each in object_store.objects()}
    assert stored == {str(part.number): part.data for part in made.parts}
    for each in pair:
        assert await each.stop() == 0
        assert CREDENTIALS.secret not in str(each.lines)


async def test_a_lost_object_store_stops_documents_alone(
    pair: tuple[Served, Served], object_store: ObjectStore
) -> None:
    made = document(PARTS * PART_PLAIN_BYTES)
    served, _ = pair
    async with served.transport(US) as transport:
        await transport.offer_blob(encode_offer(made.offer))
        object_store.stop()
        try:
            with pytest.raises(ExchangeBusy):
                await transport.put_blob(encode_part(made.parts[0]))
        finally:
            object_store.start()
        assert parse_state(await transport.put_blob(encode_part(made.parts[0]))) == 1
    await served.until("object store failed")


async def test_two_lines_of_one_upload_store_each_part_once(
    pair: tuple[Served, Served], object_store: ObjectStore
) -> None:
    made = document(PARTS * PART_PLAIN_BYTES)

    async def send(served: Served) -> int:
        async with served.transport(US) as transport:
            held = parse_state(await transport.offer_blob(encode_offer(made.offer)))
            while held < len(made.parts):
                with suppress(TearlineError):
                    held = parse_state(await transport.put_blob(encode_part(made.parts[held])))
        return held

    assert await asyncio.gather(*map(send, pair)) == [len(made.parts)] * 2
    assert sorted(each.read_bytes() for each in object_store.objects()) == sorted(
        part.data for part in made.parts
    )
