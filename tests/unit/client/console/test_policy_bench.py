"""The test bench of policies, and the age of the backup, on the pages of the agency."""

import os

import pytest

from support.simulation import Simulation
from unit.client.console.browsers import Browser, ConsoleUnderTest
from unit.client.console.test_packet_acts import act
from unit.client.console.test_work_pages import text_of

STRICTER = """
@id("as-agreed")
permit (principal, action, resource);

@id("accounts-on-request")
@reason("third-party")
forbid (principal, action in Action::"from-clear", resource)
when { resource.category == Category::"finance.account" };
"""
SAMPLE = {
    "agreement": "narcotics-2026",
    "article": "money-laundering",
    "to": "us-justice",
    "field": "BankAccount/iban",
    "kind": "",
    "purpose": "",
    "policies": STRICTER,
}


@pytest.fixture
async def olga(console: ConsoleUnderTest) -> Browser:
    return await console.signed_in("officer")


async def test_a_sample_is_decided_with_the_policy_that_decided(
    world: Simulation, olga: Browser
) -> None:
    assert 'href="/agency/policies"' in (await olga.get("/agency")).text
    alone = text_of((await act(olga, "/agency/policies", **{**SAMPLE, "policies": ""})).text)
    assert "Decision: Clear" in alone
    assert "No partner would see a category differently." in alone
    reply = await act(olga, "/agency/policies", **SAMPLE)
    text = text_of(reply.text)
    assert reply.status_code == 200
    assert "Decision: Generalised" in text
    assert "forbids accounts-on-request" in text
    assert "finance.account us-justice Clear Generalised" in text
    assert "forbid (principal, action in Action" in text  # the text stays in the form
    assert world.mx.node.own_policies() == ""  # nothing was adopted


async def test_each_defect_of_a_text_is_told_and_nothing_is_decided(olga: Browser) -> None:
    broken = STRICTER.replace("forbid (principal", "forbid (principle")
    reply = await act(olga, "/agency/policies", **{**SAMPLE, "policies": broken})
    text = text_of(reply.text)
    assert "Decision:" not in text
    assert 'role="alert"' in reply.text
    assert "forbid (principle, action" in text  # what was typed stays


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agreement", "none"),
        ("agreement", ""),
        ("article", "none"),
        ("to", "nobody"),
        ("field", "finance"),
        ("kind", "letter"),
        ("policies", "x" * 70_000),
    ],
    ids=["agreement", "no-agreement", "article", "partner", "field", "kind", "size"],
)
async def test_a_wrong_sample_is_refused_and_what_was_typed_stays(
    olga: Browser, name: str, value: str
) -> None:
    reply = await act(olga, "/agency/policies", **{**SAMPLE, name: value})
    assert reply.status_code in (400, 403, 404)
    assert 'role="alert"' in reply.text
    assert "TL-" in reply.text
    assert value[:100] in reply.text or name in ("agreement", "article", "to", "kind")
    assert "accounts-on-request" in reply.text or name == "policies"


async def test_the_age_of_the_backup_is_told(world: Simulation, olga: Browser) -> None:
    assert "No backup was made by this program." in text_of((await olga.get("/agency")).text)
    stamp = world.mx.node.home.path / "last-backup"
    stamp.touch()
    now_s = world.mx.node.now_ms() // 1000
    os.utime(stamp, (now_s, now_s))
    assert "more than a week ago" not in text_of((await olga.get("/agency")).text)
    os.utime(stamp, (now_s - 8 * 86_400, now_s - 8 * 86_400))
    assert "That is more than a week ago." in text_of((await olga.get("/agency")).text)
