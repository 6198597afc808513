"""An uploaded exhibit is verified, and neither its name nor its bytes are trusted."""

import pytest

from support.light_node import state
from support.simulation import Simulation
from tearline.crypto.armor import Armor, armor
from tearline.limits import MAX_CONSOLE_EXHIBIT_BYTES, MAX_EXHIBIT_BYTES
from tearline.persons.tokens import Role
from tearline_client.audit.exhibit_verifier import DOES_NOT_SAY, RELIES_ON
from tearline_client.audit.proofs import Certification
from tearline_client.console.words import EXHIBIT_GROUNDS, EXHIBIT_LIMITS
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, add_person, console_of
from unit.client.console.test_packet_acts import act, path_to
from unit.client.console.test_work_pages import text_of

PLACE = "/audit/exhibit"


@pytest.fixture
async def made(world: Simulation) -> bytes:
    """An exhibit of one field, made in America's console."""
    (packet,) = await world.us.send(world.mx)
    await world.us.node.receive()
    await world.us.node.log.follow()
    add_person(world.us, "ana", Role.LIAISON)
    ana = await console_of(world.us).signed_in("ana")
    path = path_to(world, packet, "Person/name")
    return (await act(ana, f"/packets/{packet.hex()}/exhibit", path=path)).content


@pytest.fixture
async def auditor(console: ConsoleUnderTest) -> Browser:
    return await console.signed_in("auditor")


def file(content: bytes, name: str = "lead.exhibit") -> list[tuple[str, tuple[str, bytes]]]:
    return [("exhibit", (name, content))]


async def test_a_verified_exhibit_shows_its_fields_and_its_limits(
    world: Simulation, made: bytes, auditor: Browser
) -> None:
    federation = world.mx.node.directory.federation().hex()
    page = await auditor.get(PLACE)
    assert f'value="{federation}"' in page.text
    before = len(accesses(world.mx))
    reply = await auditor.send(PLACE, {"federation": federation}, file(made, "../<b>.svg"))
    text = text_of(reply.text)
    assert reply.status_code == 200
    assert " Verified Signed by us-justice" in text
    assert "Person.name Qiu Wenhao" in text
    assert "It does not say that the values are true" in text
    assert "finance" not in text
    assert "<b>" not in reply.text
    assert len(accesses(world.mx)) == before  # a file of the reader's own is no packet here


async def test_the_own_node_names_the_cosigners_of_an_exhibit_by_the_directory(
    world: Simulation, auditor: Browser
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.us.node.receive()
    await state(world)
    made = await world.us.node.audit.exhibit(
        packet, ["Person/name"], certified_by=Certification.DIRECTORY
    )
    federation = world.mx.node.directory.federation().hex()
    reply = await auditor.send(PLACE, {"federation": federation}, file(made.encode()))
    text = text_of(reply.text)
    assert " Verified Signed by us-justice" in text
    assert "It relies on the policy that the reader named" in text
    assert "Person.name Qiu Wenhao" in text
    other = await auditor.send(PLACE, {"federation": "ab" * 32}, file(made.encode()))
    assert "Qiu" not in other.text


@pytest.mark.parametrize("change", ["value", "cut", "other", "empty", "bytes"])
async def test_a_changed_exhibit_is_not_verified(
    world: Simulation, made: bytes, auditor: Browser, change: str
) -> None:
    middle = len(made) // 2
    flipped = made[:middle] + (b"A" if made[middle : middle + 1] != b"A" else b"B")
    content = {
        "value": flipped + made[middle + 1 :],
        "cut": made[:middle],
        "other": b"<svg onload=alert(1)>",
        "empty": b"",
        "bytes": bytes(range(256)),
    }[change]
    federation = world.mx.node.directory.federation().hex()
    reply = await auditor.send(PLACE, {"federation": federation}, file(content))
    text = text_of(reply.text)
    assert " Not verified " in text
    assert "TL-" in text
    assert "Qiu" not in text
    assert "<svg" not in reply.text.replace("<svg class", "")


async def test_another_federation_s_exhibit_is_not_verified(made: bytes, auditor: Browser) -> None:
    reply = await auditor.send(PLACE, {"federation": "ab" * 32}, file(made))
    assert " Not verified " in text_of(reply.text)
    assert "Qiu" not in reply.text
    assert "ab" * 32 in reply.text


@pytest.mark.parametrize("federation", ["", "xyz", "ab" * 31])
async def test_a_malformed_id_and_no_file_are_refused(
    world: Simulation, made: bytes, auditor: Browser, federation: str
) -> None:
    assert (await auditor.send(PLACE, {"federation": federation}, file(made))).status_code == 400
    ours = world.mx.node.directory.federation().hex()
    assert (await auditor.send(PLACE, {"federation": ours})).status_code == 400
    large = file(b"x" * (MAX_CONSOLE_EXHIBIT_BYTES + 1))
    reply = await auditor.send(PLACE, {"federation": ours}, large)
    assert reply.status_code == 400
    assert 'name="exhibit"' in reply.text  # another file can be chosen


async def test_the_largest_exhibit_that_a_node_makes_fits_the_form(auditor: Browser) -> None:
    largest = armor(Armor.EXHIBIT, b"x" * MAX_EXHIBIT_BYTES).encode()
    reply = await auditor.send(PLACE, {"federation": "00" * 32}, file(largest))
    assert reply.status_code == 200
    assert "Not verified" in text_of(reply.text)


def test_every_limit_of_an_exhibit_is_a_message() -> None:
    assert [*EXHIBIT_LIMITS] == [*EXHIBIT_LIMITS.values()] == [*DOES_NOT_SAY]
    assert [*EXHIBIT_GROUNDS] == [*EXHIBIT_GROUNDS.values()] == [*RELIES_ON]
