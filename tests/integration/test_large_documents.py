"""Large documents and a real exchange that is killed: what it acknowledged is there afterwards."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from support.agencies import CN, US
from support.blobs import document
from support.exchange_process import founded
from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.errors import ExchangeUnreachable, OutcomeUnknown
from tearline.wire.blobs import encode_offer, encode_part, parse_state

pytestmark = pytest.mark.thorough(
    twin="tests/unit/client/cli/test_large_documents.py::test_a_sender_that_was_cut_off_sends_the_rest"
)

PARTS = 8
MEMORY_KIB = 64 << 10


def peak_kib(pid: int) -> int:
    """The most memory that a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


async def test_no_acknowledged_part_is_lost_and_one_is_repeated_at_most(tmp_path: Path) -> None:
    made = document(PARTS * PART_PLAIN_BYTES)
    served = await founded(tmp_path / "exchange", (CN, US))
    try:
        for cut in range(1, PARTS, 3):
            await served.start()
            async with served.transport(US) as transport:
                held = parse_state(await transport.offer_blob(encode_offer(made.offer)))
                for part in made.parts[held:cut]:
                    held = parse_state(await transport.put_blob(encode_part(part)))
                    assert held == part.number + 1
                putting = asyncio.create_task(transport.put_blob(encode_part(made.parts[held])))
                await asyncio.sleep(0)
                assert await served.stop(signal.SIGKILL) == -signal.SIGKILL
                with suppress(ExchangeUnreachable, OutcomeUnknown):
                    await putting
            acknowledged = held
            await served.start()
            async with served.transport(US) as transport:
                held = parse_state(await transport.offer_blob(encode_offer(made.offer)))
                assert acknowledged <= held <= acknowledged + 1
            assert await served.stop() == 0
        await served.start()
        assert served.process is not None
        before_kib = peak_kib(served.process.pid)
        async with served.transport(US) as transport:
            held = parse_state(await transport.offer_blob(encode_offer(made.offer)))
            for part in made.parts[held:]:
                held = parse_state(await transport.put_blob(encode_part(part)))
        assert held == len(made.parts)
        assert peak_kib(served.process.pid) - before_kib < MEMORY_KIB
        assert await served.stop() == 0
    finally:
        await served.end()
    folder = next((tmp_path / "exchange" / "blobs").glob("*/*"))
    assert (folder / "parts").read_bytes() == b"".join(part.data for part in made.parts)
