"""Service accounts: programs of the agency, each with a token, roles and collections of its own."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from collections.abc import Collection as AnyOf
from enum import StrEnum

from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import NotFound, ServiceAccountRefused, StoreDamaged
from tearline.limits import MAX_ACCOUNT_COLLECTIONS, MAX_SERVICE_ACCOUNTS
from tearline.text.choices import one_of
from tearline_client.context import NodeContext
from tearline_client.features.feeds.collection import Collection
from tearline_client.persons.changes import PersonAct, Record

PREFIX = "taxii:"
"""Beginning of an account's name in the access log; no person's name has a colon."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_SECRET_BYTES = 32
_UNKNOWN = hashlib.sha256(b"").digest()  # no token has this hash: a secret is never empty


class FeedRole(StrEnum):
    """Roles of a service account."""

    READER = "reader"
    """Reads the objects of its collections."""

    SUBMITTER = "submitter"
    """Adds objects to its collections as drafts, which wait for a person."""


@immutable
class ServiceAccount:
    """A program that reads or adds objects over TAXII.

    Attributes:
        name: Its name at this node.
        roles: Its roles.
        collections: The collections that it may use, and no others.
        created_ms: Unix milliseconds.
        digest: SHA-256 of its secret.
    """

    name: str
    roles: frozenset[FeedRole]
    collections: tuple[Collection, ...]
    created_ms: int
    digest: bytes

    @property
    def actor(self) -> str:
        """Returns its name in the access log."""
        return PREFIX + self.name


class ServiceAccounts:
    """Service accounts of this node.

    Args:
        context: The node.
        record: Writes changes of accounts into the access log.
        officer: Raises an error unless a person may act as an officer in charge.
    """

    def __init__(
        self, context: NodeContext, record: Record, officer: Callable[[str], object]
    ) -> None:
        self._context = context
        self._store = context.stores.service_accounts
        self._record = record
        self._officer = officer

    def list(self) -> tuple[ServiceAccount, ...]:
        """Returns all accounts, by name."""
        return tuple(filter(None, map(self.get, self._store.names())))

    def get(self, name: str) -> ServiceAccount | None:
        """Returns the account of that name, or None."""
        data = self._store.get(name)
        return None if data is None else _parse(name, data)

    def add(
        self, name: str, *, roles: AnyOf[FeedRole], collections: AnyOf[Collection], by: str = ""
    ) -> str:
        """Adds an account; an entry of the own access log.

        Args:
            name: A new name: small letters, digits and hyphens.
            roles: Its roles.
            collections: Its collections.
            by: The acting officer in charge, by name; empty for the node itself, at a terminal.

        Returns:
            Its token, which is stored nowhere.

        Raises:
            ServiceAccountRefused: If the name is taken or malformed, or there are too many accounts
                or collections.
            TlsError: If the person is no officer in charge.
        """
        self._verify(by)
        if not _NAME.match(name):
            raise ServiceAccountRefused("a name has 1 to 32 small letters, digits and hyphens")
        if not roles or not 0 < len(collections) <= MAX_ACCOUNT_COLLECTIONS:
            raise ServiceAccountRefused(
                f"an account has a role, and 1 to {MAX_ACCOUNT_COLLECTIONS} collections"
            )
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        account = ServiceAccount(
            name=name,
            roles=frozenset(roles),
            collections=tuple(dict.fromkeys(collections)),
            created_ms=self._context.now_ms(),
            digest=_digest(secret),
        )
        told = f"{' '.join(sorted(roles))} {len(account.collections)}"
        self._record(
            PersonAct(code=EventCode.PERSON_ADDED, person=account.actor, by=by, detail=told)
        )
        with self._context.stores.database.transaction():
            names = self._store.names()
            if name in names:
                raise ServiceAccountRefused(f"{name} exists; remove it first")
            if len(names) >= MAX_SERVICE_ACCOUNTS:
                raise ServiceAccountRefused(f"there are {MAX_SERVICE_ACCOUNTS}; remove one first")
            self._store.put(name, _encode(account))
        return f"{name}.{secret}"

    def remove(self, name: str, *, by: str = "") -> None:
        """Removes an account: its token ends at once; an entry of the own access log.

        Raises:
            NotFound: If there is none; it names the nearest.
            TlsError: If the person is no officer in charge.
        """
        self._verify(by)
        if self._store.get(name) is None:
            raise NotFound(one_of(name, "service account", self._store.names()))
        self._record(PersonAct(code=EventCode.PERSON_DISABLED, person=PREFIX + name, by=by))
        with self._context.stores.database.transaction():
            self._store.remove(name)

    def _verify(self, by: str) -> None:
        if by:
            self._officer(by)

    def verify_current(self, account: ServiceAccount) -> None:
        """Checks that an account was neither removed nor replaced since its request began.

        Raises:
            NotFound: If it was: its token has ended.
        """
        if self.get(account.name) != account:
            raise NotFound

    def authenticate(self, token: str) -> ServiceAccount | None:
        """Returns the account with this token, or None; in the same time for any wrong secret."""
        name, _, secret = token.partition(".")
        account = self.get(name) if _NAME.match(name) else None
        expected = _UNKNOWN if account is None else account.digest
        is_right = hmac.compare_digest(_digest(secret), expected)
        return account if is_right and secret else None


def verify_own(account: ServiceAccount, collection: Collection) -> None:
    """Checks that an account may use a collection.

    Raises:
        NotFound: If not, as for a collection that does not exist.
    """
    if collection not in account.collections:
        raise NotFound


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _encode(account: ServiceAccount) -> bytes:
    record = {
        "roles": sorted(account.roles),
        "collections": [
            [each.agreement_id.hex(), each.article, each.case_id.hex()]
            for each in account.collections
        ],
        "created_ms": account.created_ms,
        "digest": account.digest.hex(),
    }
    return json.dumps(record, separators=(",", ":")).encode()


def _parse(name: str, data: bytes) -> ServiceAccount:
    try:
        record = json.loads(data)
        return ServiceAccount(
            name=name,
            roles=frozenset(map(FeedRole, record["roles"])),
            collections=tuple(
                Collection(
                    agreement_id=bytes.fromhex(agreement),
                    article=article,
                    case_id=bytes.fromhex(case_id),
                )
                for agreement, article, case_id in record["collections"]
            ),
            created_ms=record["created_ms"],
            digest=bytes.fromhex(record["digest"]),
        )
    except (KeyError, TypeError, ValueError):
        raise StoreDamaged("the record of a service account is malformed") from None
