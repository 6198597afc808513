"""Consents to onward use: a question, its fields, and the answer by a person."""

from datetime import UTC, datetime

import pytest

from attacks.onward_packets import NAME, given, path_of
from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline.onward.consent import ConsentStatus
from tearline.persons.tokens import Role
from unit.client.console.browsers import Browser, accesses, add_person, console_of
from unit.client.console.test_packet_acts import act
from unit.client.console.test_work_pages import text_of


@pytest.fixture
async def packet(world: Simulation) -> bytes:
    return await given(world, world.cn)


@pytest.fixture
async def bo(world: Simulation, packet: bytes) -> Browser:
    """A liaison officer of the agency that received the packet."""
    add_person(world.cn, "bo", Role.LIAISON)
    return await console_of(world.cn).signed_in("bo")


@pytest.fixture
async def ana(world: Simulation, packet: bytes) -> Browser:
    """A liaison officer of its originator."""
    add_person(world.us, "ana", Role.LIAISON)
    return await console_of(world.us).signed_in("ana")


async def asked(world: Simulation, packet: bytes, bo: Browser, **other: str) -> str:
    """A question by China's officer, arrived; the way to its page."""
    values = {"use": "evidence", "scope": "case 12/26, district court", **other}
    path = path_of(world.cn, packet)
    reply = await act(bo, f"/packets/{packet.hex()}/consent", path=path, **values)
    assert reply.headers.get("location") == "/consents?done=asked", reply.text
    await world.us.node.receive()
    (record,) = world.us.node.consents.all()
    return f"/consents/{record.id.hex()}"


def status(world: Simulation) -> list[ConsentStatus]:
    return [each.status for each in world.us.node.consents.all()]


async def test_a_packet_leads_to_the_question_and_the_question_to_its_fields(
    world: Simulation, packet: bytes, bo: Browser
) -> None:
    place = f"/packets/{packet.hex()}/consent"
    assert f'href="{place}"' in (await bo.get(f"/packets/{packet.hex()}")).text
    page = await bo.get(place)
    assert path_of(world.cn, packet) in page.text
    assert "<option>mx-prosecutor</option>" in page.text
    assert "<option>us-justice</option>" not in page.text  # its originator is no third party


@pytest.mark.parametrize(
    "values",
    [{"use": ""}, {"use": "evidence", "scope": " "}, {"use": "pass-on", "to": ""}, {"path": ""}],
    ids=str,
)
async def test_an_incomplete_question_is_refused(
    world: Simulation, packet: bytes, bo: Browser, values: dict[str, str]
) -> None:
    whole = {"use": "evidence", "scope": "court", "path": path_of(world.cn, packet), "to": ""}
    reply = await act(bo, f"/packets/{packet.hex()}/consent", **{**whole, **values})
    assert reply.status_code in (400, 404)
    assert world.cn.node.consents.all() == ()


async def test_a_consent_is_seen_with_its_values_and_given(
    world: Simulation, packet: bytes, bo: Browser, ana: Browser
) -> None:
    place = await asked(world, packet, bo, until="2027-06-30", note="before Monday")
    tasks = await ana.get("/to-do")
    assert f'href="{place}"' in tasks.text
    text = text_of((await ana.get(place)).text)
    (record,) = world.us.node.consents.all()
    assert record.wanted is not None
    ends = datetime.fromtimestamp(record.wanted.consent.ends_ms / 1000, UTC)
    assert ends.isoformat(timespec="milliseconds") == "2027-06-30T23:59:59.999+00:00"
    assert "Use it as evidence" in text
    assert "case 12/26, district court" in text
    assert "before Monday" in text
    before = len(accesses(world.us))
    page = await ana.get(f"{place}/give")
    assert "QIU" in page.text.upper()
    (opened,) = accesses(world.us)[before:]
    assert opened.code is EventCode.ACCESS_OPEN
    path = path_of(world.us, packet)
    page = await act(ana, f"{place}/give")
    assert 'name="seen"' not in page.text  # no field is chosen
    assert status(world) == [ConsentStatus.ASKED]
    reply = await act(ana, f"{place}/give", path=path, until="", note="")
    assert reply.headers["location"] == f"{place}?done=given"
    assert status(world) == [ConsentStatus.GIVEN]
    await world.cn.node.receive()
    assert "Given" in text_of((await bo.get("/consents")).text)


async def test_a_packet_is_passed_on_by_its_originator(
    world: Simulation, packet: bytes, bo: Browser, ana: Browser
) -> None:
    place = await asked(world, packet, bo, use="pass-on", scope="", to="mx-prosecutor")
    page = await ana.get(f"{place}/give")
    assert "This node grants the chosen fields to mx-prosecutor itself." in text_of(page.text)
    reply = await act(ana, f"{place}/give", path=path_of(world.us, packet))
    assert reply.headers["location"] == f"{place}?done=given"
    await world.mx.node.receive()
    assert path_of(world.mx, packet, NAME)


async def test_a_consent_is_refused_with_a_note(
    world: Simulation, packet: bytes, bo: Browser, ana: Browser
) -> None:
    place = await asked(world, packet, bo)
    reply = await act(ana, f"{place}/refuse", note="the source would be known")
    assert reply.headers["location"] == f"{place}?done=consent_refused"
    assert status(world) == [ConsentStatus.REFUSED]
    await world.cn.node.receive()
    page = await bo.get(place)
    assert "the source would be known" in text_of(page.text)
    assert f"{place}/give" not in page.text


async def test_a_withdrawal_takes_the_typed_name_of_the_partner(
    world: Simulation, packet: bytes, bo: Browser, ana: Browser
) -> None:
    place = await asked(world, packet, bo)
    await act(ana, f"{place}/give", path=path_of(world.us, packet))
    refused = await act(ana, f"{place}/withdraw", typed="mx-prosecutor")
    assert refused.status_code == 400
    assert status(world) == [ConsentStatus.GIVEN]
    reply = await act(ana, f"{place}/withdraw", typed="cn-public-security")
    assert reply.headers["location"] == f"{place}?done=withdrawn"
    assert status(world) == [ConsentStatus.WITHDRAWN]


async def test_a_note_that_repeats_a_kept_value_asks_for_a_reason(
    world: Simulation, packet: bytes, bo: Browser, ana: Browser
) -> None:
    place = await asked(world, packet, bo)
    kept = "1847250.00"  # the amount, which China got generalised
    reply = await act(ana, f"{place}/refuse", note=f"it was {kept}")
    assert reply.status_code == 403
    assert 'name="repeats"' in reply.text
    assert kept in reply.text  # the note is not lost
    assert status(world) == [ConsentStatus.ASKED]


async def test_two_persons_give_where_the_article_asks(
    world: Simulation, packet: bytes, bo: Browser, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await asked(world, packet, bo)
    monkeypatch.setattr("tearline_client.drafting.release.takes_two", lambda *_: True)
    reply = await act(ana, f"{place}/give", path=path_of(world.us, packet))
    assert reply.headers["location"] == f"{place}?done=given_waits"
    assert status(world) == [ConsentStatus.ASKED]
    assert "for a second person" in text_of((await ana.get("/consents")).text)
    assert f'href="{place}"' not in (await ana.get("/to-do")).text
