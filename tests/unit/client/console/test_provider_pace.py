"""An identity provider that fails is asked at a pace, and persons are told."""

from support.simulation import Simulation
from tearline.limits import MAX_PROVIDER_REST_S, PROVIDER_REST_S
from tearline_client.console.provider import FailurePace
from unit.client.console.browsers import PASSPHRASE, ConsoleUnderTest
from unit.client.console.identity_provider import IdentityProvider, through
from unit.client.console.test_provider import console, linked, provider

__all__ = ["console", "provider"]
WAY = "/sign-in/provider"


async def test_a_failing_provider_is_not_asked_by_each_sign_in(
    provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    provider.fails = True
    browser = console.browser()
    first = await browser.get(WAY)
    assert "answered with status 503" in first.text
    for _ in range(5):
        told = await console.browser().get(WAY)
        assert f"it is asked again in {PROVIDER_REST_S} s" in told.text
        assert told.status_code == 429
        assert 'name="passphrase"' in told.text
    assert provider.asked == 1
    console.clock.now_s += PROVIDER_REST_S
    await browser.get(WAY)
    assert provider.asked == 2
    assert f"it is asked again in {2 * PROVIDER_REST_S} s" in (await browser.get(WAY)).text
    assert (await browser.sign_in("liaison", PASSPHRASE)).status_code == 303


async def test_a_provider_that_is_back_signs_in(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    linked(world, provider)
    provider.fails = True
    await console.browser().get(WAY)
    provider.fails = False
    console.clock.now_s += PROVIDER_REST_S
    reply = await through(console.browser(), WAY)
    assert reply.status_code == 303


async def test_a_refused_code_keeps_no_other_person_from_signing_in(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    linked(world, provider)
    stranger = console.browser()
    place = (await stranger.get(WAY)).headers["location"]
    state = place.partition("state=")[2].partition("&")[0]
    back = f"/sign-in/finish?code=invented&state={state}&iss={provider.issuer}"
    assert "TL-TLS-015" in (await stranger.get(back)).text
    assert provider.tokens == 1
    assert (await through(console.browser(), WAY)).status_code == 303


def test_rests_grow_up_to_a_bound_and_end_with_an_answer() -> None:
    pace, rests = FailurePace(), []
    for _ in range(40):
        pace.failed(1000)
        rests.append(pace.wait_s(1000))
    assert rests[:3] == [PROVIDER_REST_S, 2 * PROVIDER_REST_S, 4 * PROVIDER_REST_S]
    assert rests[-1] == MAX_PROVIDER_REST_S
    assert pace.wait_s(999) == 0  # the clock was set back
    pace.answered()
    assert pace.wait_s(1000) == 0
