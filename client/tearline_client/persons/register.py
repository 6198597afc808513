"""Changes of the agency's persons by an officer in charge: ``node.register``."""

from collections.abc import Callable, Iterable

from tearline.errors import NotFound
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline.text.choices import one_of
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.persons.records import PersonRecord


class PersonRegister:
    """The agency's persons, changed by a present officer in charge.

    ``tearline person`` changes them too; it opens the keystore, and needs no role.

    Args:
        issuer: The agency's persons.
        officer: Raises an error unless a person may act as an officer in charge.
        now_ms: Returns the time, Unix milliseconds.
    """

    def __init__(
        self, issuer: LocalIssuer, officer: Callable[[str], object], now_ms: Callable[[], int]
    ) -> None:
        self._issuer = issuer
        self._officer = officer
        self._now_ms = now_ms

    def persons(self) -> tuple[PersonRecord, ...]:
        """Returns every present and past person, ascending by name."""
        return self._issuer.persons()

    def person(self, name: str) -> PersonRecord:
        """Returns a present or past person.

        Raises:
            NotFound: If there is no such person.
        """
        persons = {each.name: each for each in self.persons()}
        if name not in persons:
            raise NotFound(one_of(name, "person", persons))
        return persons[name]

    def add(self, name: str, *, roles: Iterable[Role], clearance: Tlp, by: str) -> str:
        """Adds a person without a passphrase, and returns their one-time code.

        They enrol by the code alone, until ``tearline person passphrase`` gives a passphrase.

        Raises:
            TlsError: If the officer may not, or the name was used before.
            MalformedInput: If the name or the roles are invalid.
        """
        self._officer(by)
        self._issuer.add(name, roles=roles, clearance=clearance, passphrase=None, by=by)
        return self._issuer.enrol(name, self._now_s(), by=by)

    def enrol(self, name: str, *, by: str) -> str:
        """Returns a new one-time code with which a person enrols a passkey.

        Raises:
            TlsError: If the officer may not, or there is no such enabled person.
        """
        self._officer(by)
        return self._issuer.enrol(name, self._now_s(), by=by)

    def disable(self, name: str, *, by: str) -> None:
        """Disables a person, with their sessions, passkeys and codes; see ``LocalIssuer``.

        Raises:
            TlsError: If the officer may not, or there is no such person.
        """
        self._officer(by)
        self._issuer.disable(name, by=by)

    def remove_passkey(self, name: str, passkey_id: bytes, *, by: str) -> None:
        """Removes a passkey of a person, if there is such a one.

        Raises:
            TlsError: If the officer may not.
        """
        self._officer(by)
        self._issuer.remove_passkey(name, passkey_id, by=by)

    def unlink(self, name: str, *, by: str) -> None:
        """Removes the link of a person with an account at the identity provider, if there is one.

        Raises:
            TlsError: If the officer may not.
        """
        self._officer(by)
        self._issuer.unlink(name, by=by)

    def _now_s(self) -> int:
        return self._now_ms() // 1000
