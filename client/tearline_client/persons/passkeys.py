"""Passkeys of persons: public keys of WebAuthn, stored in the node's keystore.

These are public keys: a copy of them signs no person in. The keystore protects them against
replacement. The console verifies signatures; this module stores the
keys, and decides by the counter of an authenticator whether a copy of it may exist.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.errors import KeystoreDamaged, KeystoreEntryMissing, PasskeyRefused
from tearline.limits import MAX_CREDENTIAL_BYTES, MAX_PASSKEY_NAME, MAX_PASSKEYS
from tearline_client.keys.keystore import Keystore

_PREFIX = "passkeys-"


@immutable
class Passkey:
    """A passkey of a person.

    Attributes:
        id: The credential's id, given by the authenticator.
        name: The person's name for it, for example of the machine.
        key: The credential with its public key, as WebAuthn encodes both.
        count: The authenticator's counter of signatures; 0 if it has none.
        added_s: Time of the enrolment, Unix seconds.
        used_s: Time of the latest use, Unix seconds, or 0.
        is_stopped: Whether its counter went back: then a copy of it may exist.
    """

    id: bytes
    name: str
    key: bytes
    count: int
    added_s: int
    used_s: int = 0
    is_stopped: bool = False


class Passkeys:
    """Passkeys of an agency's persons.

    Each person has an entry of the keystore, under a keyed hash of their name. The same hash is
    the handle that authenticators store: it names the person to this node alone.
    """

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore

    def handle(self, name: str) -> bytes:
        """Returns the handle of a person for authenticators, 32 bytes."""
        key = self._keystore.storage_key("passkeys")
        return hmac.digest(key, name.encode(), hashlib.sha256)

    def owned(self, name: str) -> tuple[Passkey, ...]:
        """Returns the passkeys of a person, oldest first."""
        try:
            return parse_passkeys(self._keystore.get(self._entry(name)))
        except KeystoreEntryMissing:
            return ()

    def verify_room(self, name: str, added: Passkey) -> None:
        """Checks that a passkey can be added to those of a person.

        Raises:
            PasskeyRefused: If it cannot.
        """
        verify_addition(self.owned(name), added)

    def add(self, name: str, added: Passkey) -> None:
        """Adds a passkey of a person.

        Raises:
            PasskeyRefused: If the person has it already, or too many; or if its name is unusable.
        """
        with self._keystore.alone():
            owned = self.owned(name)
            verify_addition(owned, added)
            self._put(name, [*owned, added])

    def remove(self, name: str, passkey_id: bytes) -> None:
        """Removes a passkey of a person, if there is such a one."""
        self._change(name, lambda owned: [each for each in owned if each.id != passkey_id])

    def record_use(self, name: str, passkey_id: bytes, count: int, now_s: int) -> None:
        """Records a use of a passkey, after its signature was verified.

        Raises:
            PasskeyRefused: If it was removed meanwhile, or its counter went back, now or before.
        """
        with self._keystore.alone():
            owned = self.owned(name)
            found = next((each for each in owned if each.id == passkey_id), None)
            if found is None:
                raise PasskeyRefused
            used = after_use(found, count, now_s)
            self._put(name, [used if each is found else each for each in owned])
        if used.is_stopped:
            raise PasskeyRefused("its counter went back: a copy of it may exist")

    def end(self, name: str) -> None:
        """Removes every passkey of a person."""
        self._change(name, lambda _: [])

    def _change(self, name: str, changed: Callable[[Sequence[Passkey]], Sequence[Passkey]]) -> None:
        with self._keystore.alone():
            if owned := self.owned(name):
                self._put(name, changed(owned))

    def _put(self, name: str, owned: Iterable[Passkey]) -> None:
        self._keystore.put(self._entry(name), encode_passkeys(owned))

    def _entry(self, name: str) -> str:
        return _PREFIX + self.handle(name).hex()[:32]


def verify_addition(owned: Sequence[Passkey], added: Passkey) -> None:
    """Checks that a passkey can be added to others of its person.

    Raises:
        PasskeyRefused: If it is among them, they are too many, or its id or name is unusable.
    """
    if not 0 < len(added.id) <= MAX_CREDENTIAL_BYTES:
        raise PasskeyRefused(f"its id has {len(added.id)} bytes")
    if not 0 < len(added.name) <= MAX_PASSKEY_NAME or not added.name.isprintable():
        raise PasskeyRefused(f"its name is a line of at most {MAX_PASSKEY_NAME} characters")
    if any(each.id == added.id for each in owned):
        raise PasskeyRefused("it is stored already")
    if any(each.name == added.name for each in owned):
        raise PasskeyRefused("another passkey has this name")
    if len(owned) >= MAX_PASSKEYS:
        raise PasskeyRefused(f"there are {MAX_PASSKEYS} already; remove one first")


def after_use(passkey: Passkey, count: int, now_s: int) -> Passkey:
    """Returns a passkey after a use, stopped if its counter did not go forward.

    Passkeys that several machines share count nothing: their counter stays 0.
    """
    if passkey.is_stopped or (count <= passkey.count and (count or passkey.count)):
        return replace(passkey, is_stopped=True)
    return replace(passkey, count=count, used_s=now_s)


def encode_passkeys(passkeys: Iterable[Passkey]) -> bytes:
    """Returns passkeys as one secret."""
    rows = [
        [
            each.id.hex(),
            each.name,
            each.key.hex(),
            each.count,
            each.added_s,
            each.used_s,
            each.is_stopped,
        ]
        for each in passkeys
    ]
    return json.dumps(rows, separators=(",", ":")).encode()


def parse_passkeys(data: bytes) -> tuple[Passkey, ...]:
    """Returns the passkeys in a secret of ``encode_passkeys``.

    Raises:
        KeystoreDamaged: If it is malformed.
    """
    try:
        return tuple(
            Passkey(
                id=bytes.fromhex(passkey_id),
                name=str(name),
                key=bytes.fromhex(key),
                count=int(count),
                added_s=int(added_s),
                used_s=int(used_s),
                is_stopped=bool(is_stopped),
            )
            for passkey_id, name, key, count, added_s, used_s, is_stopped in json.loads(data)
        )
    except (ValueError, TypeError):
        raise KeystoreDamaged(_PREFIX) from None
