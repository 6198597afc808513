"""One-time codes with which persons enrol a passkey; the keystore has only their hashes."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable

from tearline.dataclass.immutable import immutable
from tearline.errors import EnrolmentRefused, KeystoreDamaged, KeystoreEntryMissing
from tearline.limits import ENROLMENT_CODE_S
from tearline_client.keys.keystore import Keystore

_CODES = "enrolments"
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # without letters that look like others
_GROUPS, _GROUP = 4, 5  # 98 bits: a hash of one is not searched


@immutable
class EnrolmentCode:
    """A code as stored.

    Attributes:
        name: The person.
        digest: SHA-256 of the code's letters.
        ends_s: Its end, Unix seconds.
    """

    name: str
    digest: bytes
    ends_s: int


class EnrolmentCodes:
    """Codes of an agency's persons: one for each, for a day."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore

    def issue(self, name: str, now_s: int) -> str:
        """Returns a new code for a person, and ends an earlier one."""
        letters = "".join(secrets.choice(_LETTERS) for _ in range(_GROUPS * _GROUP))
        code = EnrolmentCode(name=name, digest=_digest(letters), ends_s=now_s + ENROLMENT_CODE_S)
        with self._keystore.alone():
            others = (each for each in self._codes() if each.name != name and now_s < each.ends_s)
            self._put([*others, code])
        return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))

    def verify(self, name: str, code: str, now_s: int) -> None:
        """Checks a code without using it up.

        Raises:
            EnrolmentRefused: If it is not the person's, was used, or ended.
        """
        verify_code(self._codes(), name, code, now_s)

    def spend(self, name: str, code: str, now_s: int) -> None:
        """Uses up a code.

        Raises:
            EnrolmentRefused: If it is not the person's, was used, or ended.
        """
        with self._keystore.alone():
            codes = self._codes()
            verify_code(codes, name, code, now_s)
            self._put(each for each in codes if each.name != name)

    def end(self, name: str) -> None:
        """Ends the code of a person, if there is one."""
        with self._keystore.alone():
            codes = self._codes()
            others = [each for each in codes if each.name != name]
            if len(others) < len(codes):
                self._put(others)

    def end_all(self) -> None:
        """Ends every code."""
        with self._keystore.alone():
            self._put([])

    def _codes(self) -> tuple[EnrolmentCode, ...]:
        try:
            return parse_codes(self._keystore.get(_CODES))
        except KeystoreEntryMissing:
            return ()

    def _put(self, codes: Iterable[EnrolmentCode]) -> None:
        rows = [[each.name, each.digest.hex(), each.ends_s] for each in codes]
        self._keystore.put(_CODES, json.dumps(rows, separators=(",", ":")).encode())


def verify_code(codes: Iterable[EnrolmentCode], name: str, code: str, now_s: int) -> None:
    """Checks that a code is the living one of a person; spaces, hyphens and case do not count.

    Raises:
        EnrolmentRefused: If it is not.
    """
    found = next((each for each in codes if each.name == name), None)
    digest = _digest("".join(code.replace("-", "").split()).upper())
    expected = bytes(32) if found is None else found.digest
    if not hmac.compare_digest(digest, expected) or found is None or now_s >= found.ends_s:
        raise EnrolmentRefused
    # One from the far future was made under another clock: it could last for ever. A clock may be
    # set back a little.
    if found.ends_s > now_s + 2 * ENROLMENT_CODE_S:
        raise EnrolmentRefused


def parse_codes(data: bytes) -> tuple[EnrolmentCode, ...]:
    """Returns the codes in the keystore's entry.

    Raises:
        KeystoreDamaged: If it is malformed.
    """
    try:
        return tuple(
            EnrolmentCode(name=str(name), digest=bytes.fromhex(digest), ends_s=int(ends_s))
            for name, digest, ends_s in json.loads(data)
        )
    except (ValueError, TypeError):
        raise KeystoreDamaged(_CODES) from None


def _digest(letters: str) -> bytes:
    return hashlib.sha256(letters.encode("utf-8", "surrogateescape")).digest()
