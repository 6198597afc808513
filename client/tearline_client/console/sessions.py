"""Sessions of browsers and the pace of sign-ins; both in memory alone, and without I/O.

A session is known by the hash of its token. The token itself is only in the browser's cookie. A
restart of the console ends every session.
"""

import hashlib
import heapq
import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.errors import LoginRequired
from tearline.limits import (
    CONSOLE_IDLE_S,
    CONSOLE_SESSION_S,
    MAX_PERSON_SESSIONS,
    MAX_SIGN_IN_NAMES,
    SIGN_IN_BURST,
    SIGN_IN_PACE_S,
    WIDE_PAGE_S,
    WIDE_READING_S,
)

_TOKEN_BYTES = 32


@immutable
class BrowserSession:
    """A session of one person in one browser.

    Attributes:
        person: The person, by the agency's own name.
        credentials: Digest of their roles and proofs before the sign-in; see ``SignIns``.
        csrf: Token that each form of the session carries.
        began_s: Time of the sign-in, Unix seconds.
        seen_s: Time of the latest request, Unix seconds.
        proved_s: Time of the latest authentication, Unix seconds.
    """

    person: str
    credentials: bytes
    csrf: str
    began_s: int
    seen_s: int
    proved_s: int

    def ends_s(self) -> int:
        """Returns the end of the session if no request follows, Unix seconds."""
        return min(self.seen_s + CONSOLE_IDLE_S, self.began_s + CONSOLE_SESSION_S)

    def is_living(self, now_s: int) -> bool:
        """Returns whether the session has not ended."""
        # A session from the future was made under another clock: it could last for ever.
        return self.seen_s <= now_s < self.ends_s()

    def may_open_wide(self, now_s: int) -> bool:
        """Returns whether the page of a wide act opens without a new authentication."""
        return now_s < self.proved_s + WIDE_PAGE_S

    def may_act_wide(self, now_s: int) -> bool:
        """Returns whether a wide act needs no new authentication; its page was read first."""
        return now_s < self.proved_s + WIDE_PAGE_S + WIDE_READING_S


class BrowserSessions:
    """All sessions of this process."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, BrowserSession] = {}

    def begin(self, person: str, credentials: bytes, now_s: int) -> str:
        """Begins a session, and returns its token; ends the person's oldest ones over the bound."""
        own = [key for key, each in self._sessions.items() if each.person == person]
        own.sort(key=lambda key: self._sessions[key].seen_s)
        for key in own[: max(0, len(own) + 1 - MAX_PERSON_SESSIONS)]:
            del self._sessions[key]
        csrf = secrets.token_urlsafe(_TOKEN_BYTES)
        return self._keep(
            BrowserSession(
                person=person,
                credentials=credentials,
                csrf=csrf,
                began_s=now_s,
                seen_s=now_s,
                proved_s=now_s,
            )
        )

    def prove(self, token: str, now_s: int) -> str:
        """Records a new authentication in a session, and returns its new token.

        The earlier token ends: a copy of it gains nothing. Forms in other windows stay valid, and
        the session ends no later.

        Raises:
            LoginRequired: If the session ended meanwhile.
        """
        session = self.find(token, now_s)
        if session is None:
            raise LoginRequired("the session ended")
        self.end(token)
        return self._keep(replace(session, proved_s=now_s))

    def _keep(self, session: BrowserSession) -> str:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._sessions[_key(token)] = session
        return token

    def find(self, token: str, now_s: int, *, is_request: bool = True) -> BrowserSession | None:
        """Returns the living session of a token, seen now; or None.

        Args:
            token: The token.
            now_s: The time, Unix seconds.
            is_request: Whether a person asks; otherwise the session lasts no longer for it.
        """
        key = _key(token)
        session = self._sessions.get(key)
        if session is None:
            return None
        if not session.is_living(now_s):
            del self._sessions[key]
            return None
        if is_request:
            self._sessions[key] = replace(session, seen_s=now_s)
        return self._sessions[key]

    def living(self, csrf: str, now_s: int) -> BrowserSession | None:
        """Returns the living session with a token in its forms, without a request; or None."""
        found = (each for each in self._sessions.values() if hmac.compare_digest(each.csrf, csrf))
        session = next(found, None)
        return session if session and session.is_living(now_s) else None

    def end(self, token: str) -> None:
        """Ends the session of a token, if there is one."""
        self._sessions.pop(_key(token), None)

    def count(self, person: str) -> int:
        """Returns the number of sessions of a person that were not ended."""
        return sum(each.person == person for each in self._sessions.values())

    def end_all(self, person: str) -> None:
        """Ends every session of a person."""
        self._keep_only(person, lambda _, session: False)

    def end_changed(self, person: str, credentials: bytes) -> None:
        """Ends every session of a person that began with other credentials."""
        self._keep_only(person, lambda _, session: session.credentials == credentials)

    def end_others(self, token: str, credentials: bytes) -> None:
        """Ends the other sessions of a session's person, whose credentials it just changed."""
        own = _key(token)
        session = self._sessions.get(own)
        if session is not None:
            self._keep_only(session.person, lambda key, _: key == own)
            self._sessions[own] = replace(session, credentials=credentials)

    def _keep_only(self, person: str, keeps: Callable[[bytes, BrowserSession], bool]) -> None:
        ended = [
            key
            for key, each in self._sessions.items()  # few for each of MAX_PERSONS
            if each.person == person and not keeps(key, each)
        ]
        for key in ended:
            del self._sessions[key]


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


class SignInPace:
    """Rate limit of sign-ins for each name, whether or not a person has it.

    A name has ``SIGN_IN_BURST`` attempts, and one more for each ``SIGN_IN_PACE_S`` seconds. It is
    forgotten only once it has them all again: a flood of other names gives it no further ones.
    """

    def __init__(self) -> None:
        self._ready_s: dict[bytes, int] = {}
        # Each name once, with a time of readiness that it had: the earliest ones come first.
        self._queue: list[tuple[int, bytes]] = []

    def wait_s(self, name: str, now_s: int) -> int:
        """Counts an attempt, and returns 0; or returns the seconds until the next one."""
        key, recovered_s = _key(name), now_s - SIGN_IN_BURST * SIGN_IN_PACE_S
        ready_s = max(self._ready_s.get(key, 0), recovered_s) + SIGN_IN_PACE_S
        if ready_s > now_s:
            return ready_s - now_s
        if key not in self._ready_s:
            self._forget(recovered_s)
            if len(self._ready_s) >= MAX_SIGN_IN_NAMES:
                return SIGN_IN_PACE_S
            heapq.heappush(self._queue, (ready_s, key))
        self._ready_s[key] = ready_s
        return 0

    def forgive(self, name: str) -> None:
        """Gives a name all its attempts again, after one that succeeded."""
        key = _key(name)
        if key in self._ready_s:
            self._ready_s[key] = 0

    def _forget(self, recovered_s: int) -> None:
        """Forgets the names that have all attempts again; looks at few others."""
        while self._queue and self._queue[0][0] <= recovered_s:
            _, key = self._queue[0]
            if self._ready_s[key] <= recovered_s:
                del self._ready_s[key]
                heapq.heappop(self._queue)
            else:
                heapq.heapreplace(self._queue, (self._ready_s[key], key))
