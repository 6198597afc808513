"""A light node's questions: the exchange answers with parts, of a megabyte each."""

import pytest

from tearline.errors import ProofMalformed
from tearline.federation.turns import LightEntries, LightEntry
from tearline.wire.turns import encode_light_entries, parse_light_entries_request
from tearline_client.log.light_follower import read_listed


async def read(most: int) -> list[int]:
    """Reads four entries of an exchange that shows so many at once."""

    async def answer(request: bytes) -> bytes:
        asked = parse_light_entries_request(request).indexes[:most]
        entries = tuple(LightEntry(index=index, entry=b"", path=()) for index in asked)
        return encode_light_entries(LightEntries(entries=entries, next=0))

    runs = [entries async for entries in read_listed(answer, 9, [7, 1, 5, 3])]
    return [each.index for entries in runs for each in entries]


async def test_entries_may_come_in_several_answers() -> None:
    assert await read(4) == await read(3) == await read(1) == [1, 3, 5, 7]


async def test_an_entry_that_is_withheld_is_noticed() -> None:
    with pytest.raises(ProofMalformed):
        await read(0)
