"""Links of persons with their accounts at the agency's identity provider.

An account is the pair of its issuer and its subject, which the provider gives to no other one. A
name or an address of mail could pass to another person, so neither links an account. The keystore
has a hash of each account.
"""

import json
from collections.abc import Iterable

from tearline.encoding import labelled_sha256, prefixed
from tearline.errors import KeystoreDamaged, KeystoreEntryMissing, PersonConflict
from tearline_client.keys.keystore import Keystore

_LINKS = "provider-links"


class ProviderLinks:
    """Links of an agency's persons: one account for each, and one person for each account.

    A disabled person keeps the link, so that their account becomes no other person by itself.
    """

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore

    def holder(self, issuer: str, subject: str) -> str:
        """Returns the person whose account this is, or an empty text."""
        account = _account(issuer, subject)
        return next((name for name, held in self._links().items() if held == account), "")

    def has(self, name: str) -> bool:
        """Returns whether a person has a linked account."""
        return bool(self.account(name))

    def account(self, name: str) -> str:
        """Returns the hash of a person's account, or an empty text."""
        return self._links().get(name, "")

    def verify_free(self, name: str, issuer: str, subject: str) -> None:
        """Checks that a person and an account can be linked.

        Raises:
            PersonConflict: If one of them is linked already.
        """
        verify_free(self._links(), name, _account(issuer, subject))

    def add(self, name: str, issuer: str, subject: str) -> None:
        """Links a person with an account.

        Raises:
            PersonConflict: If one of them is linked already.
        """
        with self._keystore.alone():
            links, account = self._links(), _account(issuer, subject)
            verify_free(links, name, account)
            self._put([*links.items(), (name, account)])

    def remove(self, name: str) -> None:
        """Removes the link of a person, if there is one."""
        with self._keystore.alone():
            links = self._links()
            if links.pop(name, None) is not None:
                self._put(links.items())

    def _links(self) -> dict[str, str]:
        try:
            return parse_links(self._keystore.get(_LINKS))
        except KeystoreEntryMissing:
            return {}

    def _put(self, links: Iterable[tuple[str, str]]) -> None:
        self._keystore.put(_LINKS, json.dumps(list(links), separators=(",", ":")).encode())


def verify_free(links: dict[str, str], name: str, account: str) -> None:
    """Checks that neither a person nor an account has a link.

    Raises:
        PersonConflict: If one has.
    """
    if name in links or account in links.values():
        raise PersonConflict("the person or the account is linked already; see `person unlink`")


def parse_links(data: bytes) -> dict[str, str]:
    """Returns the accounts by person in the keystore's entry.

    Raises:
        KeystoreDamaged: If it is malformed.
    """
    try:
        return {str(name): str(account) for name, account in json.loads(data)}
    except (ValueError, TypeError):
        raise KeystoreDamaged(_LINKS) from None


def _account(issuer: str, subject: str) -> str:
    parts = prefixed(issuer.encode()), prefixed(subject.encode())
    return labelled_sha256("provider-account", *parts).hex()
