"""Passkeys of the console against replays, other origins, other persons and copies."""

import json
from collections.abc import Mapping

import pytest
from click.testing import CliRunner

from attacks.test_console import INJECTIONS
from support.cases import each_case
from support.simulation import PASSPHRASE as NODE_PASSPHRASE
from support.simulation import Simulation
from tearline.errors import LoginRequired
from tearline.limits import (
    ENROLMENT_CODE_S,
    PASSKEY_CHALLENGE_S,
    SIGN_IN_BURST,
    WIDE_PAGE_S,
    WIDE_READING_S,
)
from tearline.persons.tokens import Role
from tearline_client.cli import command
from tearline_client.console.challenges import Challenges
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.authenticators import (
    PRESENT,
    VERIFIED,
    Authenticator,
    added,
    enrolled,
    options_of,
    signed_in_by,
)
from unit.client.console.browsers import (
    ConsoleUnderTest,
    add_person,
    console_of,
    csrf_of,
)


@pytest.fixture
def console(world: Simulation) -> ConsoleUnderTest:
    for role in Role:
        add_person(world.mx, role.value, role)
    return console_of(world.mx)


def code_for(world: Simulation, console: ConsoleUnderTest, name: str = "liaison") -> str:
    return LocalIssuer(world.mx.node.keystore).enrol(name, console.clock())


async def holder(
    world: Simulation, console: ConsoleUnderTest, name: str = "liaison", *, counts: bool = False
) -> Authenticator:
    """An authenticator with an enrolled passkey; it counts nothing, so that no counter helps."""
    found = Authenticator(counts=counts)
    await enrolled(console.browser(), name, code_for(world, console, name), found)
    return found


async def test_an_answer_signs_in_once(world: Simulation, console: ConsoleUnderTest) -> None:
    held, browser = await holder(world, console), console.browser()
    answer = held.get(options_of((await browser.get("/sign-in")).text))
    assert (await browser.post("/sign-in", {"passkey": answer})).status_code == 303
    thief = console.browser()
    assert (await thief.post("/sign-in", {"passkey": answer})).status_code == 403
    console.clock.now_s += PASSKEY_CHALLENGE_S  # even once the challenge is forgotten
    assert (await thief.post("/sign-in", {"passkey": answer})).status_code == 403


async def test_an_old_answer_signs_nobody_in(world: Simulation, console: ConsoleUnderTest) -> None:
    held, browser = await holder(world, console), console.browser()
    answer = held.get(options_of((await browser.get("/sign-in")).text))
    console.clock.now_s += PASSKEY_CHALLENGE_S
    assert (await browser.post("/sign-in", {"passkey": answer})).status_code == 403


@pytest.mark.parametrize("challenge", ["", "AAAA", "A" * 75, "!!"])
async def test_a_challenge_of_another_s_making_is_refused(
    world: Simulation, console: ConsoleUnderTest, challenge: str
) -> None:
    held, browser = await holder(world, console), console.browser()
    options = {**options_of((await browser.get("/sign-in")).text), "challenge": challenge}
    assert (await browser.post("/sign-in", {"passkey": held.get(options)})).status_code == 403


async def test_a_challenge_of_another_console_is_refused(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held, other = await holder(world, console), console_of(world.mx)  # after a restart, for one
    options = options_of((await other.browser().get("/sign-in")).text)
    reply = await console.browser().post("/sign-in", {"passkey": held.get(options)})
    assert reply.status_code == 403


async def test_an_answer_for_the_sign_in_confirms_no_session(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held, browser = await holder(world, console), await console.signed_in("liaison")
    answer = held.get(options_of((await console.browser().get("/sign-in")).text))
    values = {"csrf": await browser.csrf(), "passkey": answer}
    assert (await browser.post("/confirm", values)).status_code == 403


async def test_an_answer_for_one_session_confirms_no_other(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held = await holder(world, console)
    own, stolen = await console.signed_in("liaison"), await console.signed_in("liaison")
    answer = held.get(options_of((await own.get("/confirm")).text))
    values = {"csrf": await stolen.csrf(), "passkey": answer}
    assert (await stolen.post("/confirm", values)).status_code == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8471",  # a console of another agency on the same machine
        "https://localhost:8470",
        "http://evil.example",
        "http://localhost:8470.evil.example",
        "http://LOCALHOST:8470",
        "null",
        "",
    ],
)
async def test_a_page_of_another_origin_gets_no_sign_in(
    world: Simulation, console: ConsoleUnderTest, origin: str
) -> None:
    held = await holder(world, console)
    held.origin = origin
    assert not await signed_in_by(console.browser(), held)
    held.origin = Authenticator().origin
    assert await signed_in_by(console.browser(), held)


async def test_a_signature_for_another_relying_party_is_refused(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held = await holder(world, console)
    held.rp_id = "evil.example"
    assert not await signed_in_by(console.browser(), held)


@pytest.mark.parametrize("extra", [{"crossOrigin": True}, {"crossOrigin": "no"}])
async def test_a_frame_in_a_page_elsewhere_gets_no_sign_in(
    world: Simulation, console: ConsoleUnderTest, extra: Mapping[str, object]
) -> None:
    held = await holder(world, console)
    held.frame = extra
    assert not await signed_in_by(console.browser(), held)
    held.frame = {}
    assert await signed_in_by(console.browser(), held)


@pytest.mark.parametrize("flags", [0, PRESENT, VERIFIED])
async def test_a_person_who_was_not_verified_is_refused(
    world: Simulation, console: ConsoleUnderTest, flags: int
) -> None:
    held = await holder(world, console)
    held.flags = flags
    assert not await signed_in_by(console.browser(), held)
    browser = await console.signed_in("officer")
    assert await added(browser, Authenticator(flags=flags), "laptop") == 403


async def test_a_passkey_signs_in_its_own_person_alone(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    own = await holder(world, console, "analyst")
    other = await holder(world, console, "officer")
    own.handle = other.handle  # the attacker's own authenticator names the officer
    assert not await signed_in_by(console.browser(), own)
    own.id = other.id  # and has the id of the officer's passkey
    assert not await signed_in_by(console.browser(), own)
    own.handle = b""
    assert not await signed_in_by(console.browser(), own)


async def test_a_colleague_s_passkey_confirms_no_session(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    await holder(world, console)
    colleague = await holder(world, console, "analyst")
    browser = await console.signed_in("liaison")
    options = options_of((await browser.get("/confirm")).text)
    for handle in (colleague.handle, b""):
        colleague.handle = handle
        values = {"csrf": await browser.csrf(), "passkey": colleague.get(options)}
        assert (await browser.post("/confirm", values)).status_code == 403


async def test_a_copy_of_an_authenticator_stops_the_passkey(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held = await holder(world, console, counts=True)
    copy = Authenticator(handle=held.handle, id=held.id, key=held.key, count=held.count)
    assert await signed_in_by(console.browser(), held)
    assert not await signed_in_by(console.browser(), copy)  # its counter is behind
    assert not await signed_in_by(console.browser(), held)  # neither of them from now on
    (stored,) = world.mx.node.sign_ins.passkeys.owned("liaison")
    assert stored.is_stopped
    assert (
        "Stopped: its counter went back"
        in (await (await console.signed_in("liaison")).get("/passkeys")).text
    )


async def test_a_counter_that_is_gone_stops_the_passkey(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held = await holder(world, console, counts=True)
    held.count, held.counts = 0, False
    assert not await signed_in_by(console.browser(), held)


async def test_a_code_enrols_one_passkey(world: Simulation, console: ConsoleUnderTest) -> None:
    code, browser = code_for(world, console), console.browser()
    await enrolled(browser, "liaison", code, Authenticator())
    reply = await browser.post("/enrol", {"name": "liaison", "code": code})
    assert reply.status_code == 403
    assert "TL-TLS-013" in reply.text


async def test_of_two_enrolments_by_one_code_one_counts(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    code, browser = code_for(world, console), console.browser()
    values = {"name": "liaison", "code": code}
    pages = [await browser.post("/enrol", values) for _ in range(2)]
    statuses = []
    for number, page in enumerate(pages):
        created = Authenticator().create(options_of(page.text))
        sent = {**values, "label": f"key {number}", "created": created}
        statuses.append((await browser.post("/enrol", sent)).status_code)
    assert statuses == [303, 403]


async def test_a_code_ends_after_a_day(world: Simulation, console: ConsoleUnderTest) -> None:
    code, browser = code_for(world, console), console.browser()
    console.clock.now_s += ENROLMENT_CODE_S - 1
    assert (await browser.post("/enrol", {"name": "liaison", "code": code})).status_code == 200
    console.clock.now_s += 1
    assert (await browser.post("/enrol", {"name": "liaison", "code": code})).status_code == 403


async def test_a_new_code_ends_the_one_before(world: Simulation, console: ConsoleUnderTest) -> None:
    old, new, browser = code_for(world, console), code_for(world, console), console.browser()
    assert (await browser.post("/enrol", {"name": "liaison", "code": old})).status_code == 403
    assert (await browser.post("/enrol", {"name": "liaison", "code": new})).status_code == 200


async def test_a_code_is_for_its_person_alone(world: Simulation, console: ConsoleUnderTest) -> None:
    code, browser = code_for(world, console, "analyst"), console.browser()
    for name in ("officer", "nobody", "node", ""):
        refused = await browser.post("/enrol", {"name": name, "code": code})
        assert refused.status_code == 403
        assert "TL-TLS-013" in refused.text
    page = await browser.post("/enrol", {"name": "analyst", "code": code})
    held = Authenticator()
    created = held.create(options_of(page.text))
    values = {"name": "officer", "code": code, "label": "laptop", "created": created}
    assert (await browser.post("/enrol", values)).status_code == 403
    assert world.mx.node.sign_ins.passkeys.owned("officer") == ()


async def test_codes_are_guessed_at_a_pace(world: Simulation, console: ConsoleUnderTest) -> None:
    code, browser = code_for(world, console), console.browser()
    for number in range(SIGN_IN_BURST):
        guess = {"name": "liaison", "code": f"AAAAA-AAAAA-AAAAA-AAAA{number + 2}"}
        assert (await browser.post("/enrol", guess)).status_code == 403
    right = {"name": "liaison", "code": code}
    assert (await browser.post("/enrol", right)).status_code == 429
    assert (await console.browser().sign_in("liaison")).status_code == 303  # of their own pace


async def test_the_keystore_has_no_code(world: Simulation, console: ConsoleUnderTest) -> None:
    code = code_for(world, console)
    stored = world.mx.node.keystore.get("enrolments")
    assert code.replace("-", "").encode() not in stored
    assert code[:5].encode() not in stored


async def test_a_passkey_is_added_by_its_session_alone(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    own, officer = await console.signed_in("analyst"), await console.signed_in("officer")
    created = Authenticator().create(options_of((await own.get("/passkeys")).text))
    values = {"csrf": await officer.csrf(), "act": "add", "label": "x", "created": created}
    assert (await officer.post("/passkeys", values)).status_code == 403
    assert world.mx.node.sign_ins.passkeys.owned("officer") == ()


async def test_a_stolen_session_adds_and_removes_no_passkey_later(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held, browser = await holder(world, console), await console.signed_in("liaison")
    token, page = await browser.csrf(), await browser.get("/passkeys")
    console.clock.now_s += WIDE_PAGE_S
    assert (await browser.get("/passkeys")).headers["location"].startswith("/confirm")
    console.clock.now_s += WIDE_READING_S - 1
    await browser.get("/state")
    console.clock.now_s += 1
    created = Authenticator().create(options_of(page.text))
    for values in (
        {"act": "add", "label": "x", "created": created},
        {"act": "remove", "id": held.id.hex()},
    ):
        assert (await browser.post("/passkeys", {"csrf": token, **values})).status_code == 403
    assert [each.id for each in world.mx.node.sign_ins.passkeys.owned("liaison")] == [held.id]


async def test_a_person_removes_no_passkey_of_another(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held, browser = await holder(world, console), await console.signed_in("analyst")
    values = {"csrf": await browser.csrf(), "act": "remove", "id": held.id.hex()}
    assert (await browser.post("/passkeys", values)).status_code == 303
    assert await signed_in_by(console.browser(), held)


async def test_whoever_is_disabled_at_a_terminal_is_out_everywhere(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, browser = await holder(world, console), console.browser()
    assert await signed_in_by(browser, held)
    page = await browser.get("/passkeys")
    code = code_for(world, console)
    monkeypatch.setenv("TEARLINE_PASSPHRASE", NODE_PASSPHRASE.decode())
    home = str(world.mx.node.home.path)
    done = CliRunner().invoke(command, ["--home", home, "person", "disable", "liaison"])
    assert done.exit_code == 0, done.output
    assert (await browser.get("/state")).headers["location"].startswith("/sign-in")
    values = {"csrf": csrf_of(page.text), "act": "add", "label": "x"}
    assert (await browser.post("/passkeys", values)).status_code == 303
    assert not await signed_in_by(console.browser(), held)
    assert (await console.browser().sign_in("liaison")).status_code == 403
    enrol = await console.browser().post("/enrol", {"name": "liaison", "code": code})
    assert enrol.status_code == 403
    assert world.mx.node.sign_ins.passkeys.owned("liaison") == ()
    with pytest.raises(LoginRequired):
        world.mx.node.persons.acted_by("liaison", b"", Role.LIAISON)


@each_case(
    "answer",
    [
        *INJECTIONS,
        "{}",
        "[]",
        "null",
        "1e999",
        "[" * 5000,
        '{"id":1,"rawId":2,"response":{}}',
        '{"id":"AA","rawId":"AA","response":{"clientDataJSON":"e30","authenticatorData":"AA"}}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"bnVsbA",'
        '"authenticatorData":"AA","signature":"AA","userHandle":7}}',
        "x" * 20_000,
    ],
)
async def test_an_answer_that_is_none_is_refused(
    world: Simulation, console: ConsoleUnderTest, answer: str
) -> None:
    browser = console.browser()
    reply = await browser.post("/sign-in", {"passkey": answer})
    assert reply.status_code == 403
    assert "TL-TLS-014" in reply.text
    own = await console.signed_in("liaison")
    values = {"csrf": await own.csrf(), "act": "add", "label": "x", "created": answer}
    assert (await own.post("/passkeys", values)).status_code == 403
    assert console.reports == []


async def test_a_passkey_without_a_key_is_refused(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    own = await console.signed_in("liaison")
    page = await own.get("/passkeys")
    values = {
        "csrf": csrf_of(page.text),
        "act": "add",
        "label": "x",
        "created": Authenticator(gives_key=False).create(options_of(page.text)),
    }
    reply = await own.post("/passkeys", values)
    assert reply.status_code == 403
    assert "TL-TLS-014" in reply.text
    assert console.reports == []


@pytest.mark.parametrize("junk", [7, -1, 1.5, True, [], [1], {}, {"a": 1}, "", "é", "A"], ids=str)
async def test_every_member_of_another_type_is_refused(
    world: Simulation, console: ConsoleUnderTest, junk: object
) -> None:
    held, browser = await holder(world, console), console.browser()
    options = options_of((await browser.get("/sign-in")).text)
    own = await console.signed_in("officer")
    token, creation = await own.csrf(), options_of((await own.get("/passkeys")).text)
    for read, send in (
        (json.loads(held.get(options)), lambda text: browser.post("/sign-in", {"passkey": text})),
        (
            json.loads(Authenticator().create(creation)),
            lambda text: own.post(
                "/passkeys", {"csrf": token, "act": "add", "label": "x", "created": text}
            ),
        ),
    ):
        for name in ("id", "rawId", "type", "response"):
            reply = await send(json.dumps({**read, name: junk}))
            assert reply.status_code == 403, (name, reply.text)
        for name in read["response"]:
            response = {**read["response"], name: junk}
            reply = await send(json.dumps({**read, "response": response}))
            assert reply.status_code == 403, (name, reply.text)
    assert console.reports == []


async def test_every_changed_byte_of_an_answer_is_refused(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held, browser = await holder(world, console), console.browser()
    answer = json.loads(held.get(options_of((await browser.get("/sign-in")).text)))
    for part in ("clientDataJSON", "authenticatorData", "signature"):
        text = answer["response"][part]
        for at in range(0, len(text) - 1, 7):
            other = "B" if text[at] != "B" else "C"
            changed = f"{text[:at]}{other}{text[at + 1 :]}"
            sent = {**answer, "response": {**answer["response"], part: changed}}
            reply = await browser.post("/sign-in", {"passkey": json.dumps(sent)})
            assert reply.status_code == 403, (part, at)
    assert console.reports == []
    reply = await browser.post("/sign-in", {"passkey": json.dumps(answer)})
    assert reply.status_code == 303


async def test_sign_in_pages_without_end_take_no_memory(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    challenges, now_s = Challenges(), console.clock()
    for _ in range(1000):
        challenges.issue("sign in", now_s)
    assert challenges._spent == {}
    for late_s in range(0, 10 * PASSKEY_CHALLENGE_S, PASSKEY_CHALLENGE_S):
        challenges.spend(challenges.issue("sign in", now_s + late_s), "sign in", now_s + late_s)
    assert len(challenges._spent) == 1
