"""Persons and logins as the keystore has them, and the decisions about them."""

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import field

from tearline.crypto.passphrase import SALT_SIZE, stretch
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    KeystoreDamaged,
    LoginRefused,
    LoginRequired,
    PersonAmbiguous,
    TearlineError,
)
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp, parse_tlp
from tearline.text.choices import listed

PERSONS = "persons"
SESSIONS = "sessions"
"""Entries of the keystore."""


UTC_NAME = "UTC"
"""Name of the time zone of a person who has chosen none."""


@immutable
class PersonRecord:
    """A person of the agency.

    Attributes:
        name: The agency's name for them; never reused for another person.
        roles: Their roles; at least one.
        clearance: The strictest TLP label they are cleared for.
        enabled: Whether they may act.
        salt: 16 random bytes.
        verifier: Slow digest of their passphrase with the salt.
        zone: Name of the time zone in which they read times.
    """

    name: str
    roles: frozenset[Role]
    clearance: Tlp
    enabled: bool
    salt: bytes = field(repr=False)
    verifier: bytes = field(repr=False)
    zone: str = UTC_NAME


@immutable
class Session:
    """Login of a person.

    Attributes:
        name: The person's name.
        began_s: Time of the login, Unix seconds.
        ends_s: End of the session, Unix seconds.
    """

    name: str
    began_s: int
    ends_s: int


def verify_login(persons: Sequence[PersonRecord], name: str, passphrase: bytes) -> None:
    """Checks that ``passphrase`` belongs to the enabled person ``name``.

    Every refusal takes the same time and has the same text.

    Raises:
        LoginRefused: If the person is unknown or disabled, or the passphrase is wrong.
    """
    found = next((person for person in persons if person.name == name and person.enabled), None)
    salt = found.salt if found else bytes(SALT_SIZE)
    given = stretch(passphrase, salt)
    if found is None or not hmac.compare_digest(given, found.verifier):
        raise LoginRefused


def living_sessions(sessions: Sequence[Session], now_s: int) -> tuple[Session, ...]:
    """Returns the sessions that are valid at ``now_s``."""
    # A session from the future was made under another clock: it could last for ever.
    return tuple(each for each in sessions if each.began_s <= now_s < each.ends_s)


def choose_session(sessions: Sequence[Session], name: str, now_s: int) -> Session:
    """Returns the valid session of ``name`` at ``now_s``, or the only one for an empty name.

    Raises:
        LoginRequired: If there is none.
        PersonAmbiguous: If there are several, for an empty name.
    """
    found = [each for each in living_sessions(sessions, now_s) if name in ("", each.name)]
    if len(found) > 1:
        raise PersonAmbiguous(listed(each.name for each in found))
    if not found:
        raise LoginRequired(name)
    return found[0]


def encode_persons(persons: Iterable[PersonRecord]) -> bytes:
    """Returns persons as one secret."""
    return _encode(
        [
            person.name,
            sorted(person.roles),
            person.clearance.text,
            person.enabled,
            person.salt.hex(),
            person.verifier.hex(),
            person.zone,
        ]
        for person in sorted(persons, key=lambda person: person.name)
    )


def parse_persons(data: bytes) -> tuple[PersonRecord, ...]:
    """Returns the persons in a secret of ``encode_persons``.

    Raises:
        KeystoreDamaged: If it is malformed.
    """
    try:
        return tuple(
            PersonRecord(
                name=name,
                roles=frozenset(Role(role) for role in roles),
                clearance=parse_tlp(clearance),
                enabled=bool(enabled),
                salt=bytes.fromhex(salt),
                verifier=bytes.fromhex(verifier),
                zone=str(*zone) or UTC_NAME,  # keystores of earlier nodes have none
            )
            for name, roles, clearance, enabled, salt, verifier, *zone in json.loads(data)
        )
    except (ValueError, TypeError, TearlineError):
        raise KeystoreDamaged(PERSONS) from None


def encode_sessions(sessions: Iterable[Session]) -> bytes:
    """Returns sessions as one secret."""
    return _encode([each.name, each.began_s, each.ends_s] for each in sessions)


def parse_sessions(data: bytes) -> tuple[Session, ...]:
    """Returns the sessions in a secret of ``encode_sessions``.

    Raises:
        KeystoreDamaged: If it is malformed.
    """
    try:
        return tuple(
            Session(name=name, began_s=int(began_s), ends_s=int(ends_s))
            for name, began_s, ends_s in json.loads(data)
        )
    except (ValueError, TypeError):
        raise KeystoreDamaged(SESSIONS) from None


def _encode(rows: Iterable[Sequence[object]]) -> bytes:
    return json.dumps(list(rows), separators=(",", ":")).encode()
