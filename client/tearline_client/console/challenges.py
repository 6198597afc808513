"""Challenges for passkeys: each is for one purpose, for minutes, and for one answer.

A challenge carries its end and a tag under a key of this process. So a page that asks for a
passkey leaves nothing behind here, however often it is opened. Only an answer that verified is
remembered, until its challenge ends.
"""

import hashlib
import hmac
import secrets

from tearline.errors import PasskeyRefused
from tearline.limits import PASSKEY_CHALLENGE_S

_NONCE = 16
_TIME = 8
_TAG = 32


class Challenges:
    """Challenges of this process; a restart ends them all."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._spent: dict[bytes, int] = {}

    def issue(self, purpose: str, now_s: int) -> bytes:
        """Returns a new challenge for a purpose."""
        ends_s = now_s + PASSKEY_CHALLENGE_S
        body = secrets.token_bytes(_NONCE) + ends_s.to_bytes(_TIME, "big")
        return body + self._tag(body, purpose)

    def verify(self, challenge: bytes, purpose: str, now_s: int) -> None:
        """Checks that a challenge was issued for a purpose, and is neither spent nor too old.

        Raises:
            PasskeyRefused: If it is not so.
        """
        body, tag = challenge[: _NONCE + _TIME], challenge[_NONCE + _TIME :]
        if not hmac.compare_digest(tag, self._tag(body, purpose)):
            raise PasskeyRefused
        ends_s = int.from_bytes(body[_NONCE:], "big")
        if not now_s < ends_s <= now_s + PASSKEY_CHALLENGE_S or challenge in self._spent:
            raise PasskeyRefused

    def spend(self, challenge: bytes, purpose: str, now_s: int) -> None:
        """Ends a challenge, whose answer verified.

        Raises:
            PasskeyRefused: If it is not a living one for the purpose.
        """
        self.verify(challenge, purpose, now_s)
        self._spent = {each: ends_s for each, ends_s in self._spent.items() if now_s < ends_s}
        self._spent[challenge] = int.from_bytes(challenge[_NONCE : _NONCE + _TIME], "big")

    def _tag(self, body: bytes, purpose: str) -> bytes:
        return hmac.digest(self._key, body + purpose.encode(), hashlib.sha256)
