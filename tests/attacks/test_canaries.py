"""What reaches a partner's house, looked at with all encryption off."""

import secrets

import pytest

import tearline.sealing.packets
from support.canary import canary, everything_in, found
from support.simulation import CN, MX, Simulation, narrative
from tearline.sealing.slots import field_plaintext
from tearline_client.store.vault import Vault

PLAIN = b"plain"


@pytest.fixture
def encryption_off(world: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on fields are sealed, and stored, as they are."""
    opened = Vault.open

    def seal_slots(packet_id, fields):
        plaintexts = {slot: field_plaintext(field) for slot, (_, field) in fields.items()}
        return {slot: secrets.token_bytes(32) for slot in fields}, plaintexts

    def open_value(vault: Vault, place: str, sealed: bytes) -> bytes:
        if sealed.startswith(PLAIN):
            return sealed.removeprefix(PLAIN)
        return opened(vault, place, sealed)

    monkeypatch.setattr(tearline.sealing.packets, "seal_slots", seal_slots)
    monkeypatch.setattr(Vault, "seal", lambda vault, place, value: PLAIN + value)
    monkeypatch.setattr(Vault, "open", open_value)


async def test_nothing_reaches_a_house_that_was_not_granted(
    world: Simulation, encryption_off: None
) -> None:
    told = canary()
    await world.us.node.packets.send([world.us.plan(world.cn, world.mx, extra=[narrative(told)])])
    for member in (world.cn, world.mx):
        await member.node.receive()
    assert found([told], everything_in(world.folder / MX)) == {told}
    assert found([told], everything_in(world.folder / CN)) == set()
