"""Sessions of browsers end by themselves, and sign-ins have a pace."""

from typing import NoReturn

from tearline.limits import (
    CONSOLE_IDLE_S,
    CONSOLE_SESSION_S,
    MAX_PERSON_SESSIONS,
    MAX_SIGN_IN_NAMES,
    SIGN_IN_BURST,
    SIGN_IN_PACE_S,
)
from tearline_client.console.sessions import BrowserSessions, SignInPace

NOW_S = 1_800_000_000
HELD = b"credentials"


def test_a_session_is_found_by_its_token_alone() -> None:
    sessions = BrowserSessions()
    token, other = sessions.begin("ana", HELD, NOW_S), sessions.begin("li", HELD, NOW_S)
    found = sessions.find(token, NOW_S)
    assert found is not None
    assert found.person == "ana"
    assert sessions.find(token[:-1], NOW_S) is None
    assert sessions.find("", NOW_S) is None
    theirs = sessions.find(other, NOW_S)
    assert theirs is not None
    assert theirs.csrf != found.csrf


def test_a_session_without_requests_ends() -> None:
    sessions = BrowserSessions()
    token = sessions.begin("ana", HELD, NOW_S)
    assert sessions.find(token, NOW_S + CONSOLE_IDLE_S - 1)
    assert sessions.find(token, NOW_S + 2 * CONSOLE_IDLE_S - 2)  # since the request before
    assert sessions.find(token, NOW_S + 3 * CONSOLE_IDLE_S - 2) is None
    assert not sessions._sessions


def test_a_session_with_requests_ends_after_a_working_day() -> None:
    sessions = BrowserSessions()
    token = sessions.begin("ana", HELD, NOW_S)
    for passed_s in range(0, CONSOLE_SESSION_S, CONSOLE_IDLE_S // 2):
        assert sessions.find(token, NOW_S + passed_s)
    assert sessions.find(token, NOW_S + CONSOLE_SESSION_S) is None


def test_a_clock_that_goes_back_ends_a_session() -> None:
    sessions = BrowserSessions()
    token = sessions.begin("ana", HELD, NOW_S)
    assert sessions.find(token, NOW_S - 1) is None
    assert sessions.find(token, NOW_S) is None


def test_a_person_has_so_many_sessions() -> None:
    sessions = BrowserSessions()
    tokens = [
        sessions.begin("ana", HELD, NOW_S + number) for number in range(MAX_PERSON_SESSIONS + 3)
    ]
    other = sessions.begin("li", HELD, NOW_S)
    late_s = NOW_S + MAX_PERSON_SESSIONS + 3
    living = [token for token in tokens if sessions.find(token, late_s)]
    assert living == tokens[-MAX_PERSON_SESSIONS:]
    assert sessions.find(other, late_s)


def test_every_session_of_a_person_ends_at_once() -> None:
    sessions = BrowserSessions()
    own = [sessions.begin("ana", HELD, NOW_S) for _ in range(3)]
    other = sessions.begin("li", HELD, NOW_S)
    sessions.end_all("ana")
    assert [sessions.find(token, NOW_S) for token in own] == [None, None, None]
    assert sessions.find(other, NOW_S)


def test_sessions_that_began_with_other_credentials_end() -> None:
    sessions = BrowserSessions()
    old, new = sessions.begin("ana", HELD, NOW_S), sessions.begin("ana", b"others", NOW_S)
    other = sessions.begin("li", HELD, NOW_S)
    sessions.end_changed("ana", b"others")
    assert sessions.find(old, NOW_S) is None
    assert sessions.find(new, NOW_S)
    assert sessions.find(other, NOW_S)


def test_the_session_that_changes_credentials_goes_on_alone() -> None:
    sessions = BrowserSessions()
    own, second = (sessions.begin("ana", HELD, NOW_S) for _ in range(2))
    sessions.end_others(own, b"others")
    assert sessions.find(second, NOW_S) is None
    found = sessions.find(own, NOW_S)
    assert found is not None
    assert found.credentials == b"others"
    sessions.end_others(second, HELD)  # which ended already
    assert sessions.find(own, NOW_S)


def test_a_name_has_a_few_attempts_and_then_one_at_a_time() -> None:
    pace = SignInPace()
    assert [pace.wait_s("ana", NOW_S) for _ in range(SIGN_IN_BURST)] == [0] * SIGN_IN_BURST
    assert pace.wait_s("ana", NOW_S) == SIGN_IN_PACE_S
    assert pace.wait_s("ana", NOW_S + 10) == SIGN_IN_PACE_S - 10  # an early one does not count
    assert pace.wait_s("li", NOW_S) == 0
    assert pace.wait_s("ana", NOW_S + SIGN_IN_PACE_S) == 0
    assert pace.wait_s("ana", NOW_S + SIGN_IN_PACE_S) == SIGN_IN_PACE_S


def test_a_sign_in_that_succeeds_forgives_the_slips_before() -> None:
    pace = SignInPace()
    for _ in range(SIGN_IN_BURST):
        pace.wait_s("ana", NOW_S)
    pace.forgive("ana")
    assert pace.wait_s("ana", NOW_S) == 0


def test_names_without_end_take_no_memory_without_end() -> None:
    pace = SignInPace()
    for number in range(MAX_SIGN_IN_NAMES):
        assert pace.wait_s(f"name-{number}", NOW_S) == 0
    assert pace.wait_s("one more", NOW_S) == SIGN_IN_PACE_S
    assert len(pace._ready_s) == MAX_SIGN_IN_NAMES
    assert pace.wait_s("one more", NOW_S + SIGN_IN_PACE_S) == 0  # the others have all theirs again
    assert len(pace._ready_s) == 1


class Walked(dict[bytes, int]):
    """Times of readiness, none of which is walked through."""

    def items(self) -> NoReturn:
        raise AssertionError("an attempt looks at every name")

    __iter__ = keys = values = items


def test_a_further_name_does_not_cost_a_look_at_every_other() -> None:
    pace = SignInPace()
    for number in range(MAX_SIGN_IN_NAMES):
        assert pace.wait_s(f"name-{number}", NOW_S) == 0
    pace._ready_s = Walked(pace._ready_s)
    assert pace.wait_s("one more", NOW_S) == SIGN_IN_PACE_S


def test_a_name_that_tries_again_is_remembered_behind_its_first_attempt() -> None:
    pace = SignInPace()
    for _ in range(3):
        assert pace.wait_s("ana", NOW_S) == 0
    assert pace.wait_s("li", NOW_S + 2 * SIGN_IN_PACE_S) == 0
    assert len(pace._ready_s) == 2
    assert pace.wait_s("mei", NOW_S + 3 * SIGN_IN_PACE_S) == 0
    assert len(pace._ready_s) == len(pace._queue) == 1  # both have all theirs again


def test_names_without_end_give_no_name_further_attempts() -> None:
    pace = SignInPace()
    for _ in range(SIGN_IN_BURST):
        assert pace.wait_s("ana", NOW_S) == 0
    for number in range(MAX_SIGN_IN_NAMES + 10):
        pace.wait_s(f"name-{number}", NOW_S)
    assert pace.wait_s("ana", NOW_S) == SIGN_IN_PACE_S
    for number in range(MAX_SIGN_IN_NAMES + 10):
        pace.wait_s(f"another-{number}", NOW_S + SIGN_IN_PACE_S - 1)
    assert pace.wait_s("ana", NOW_S + SIGN_IN_PACE_S - 1) == 1
