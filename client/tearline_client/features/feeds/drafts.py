"""Drafts that service accounts add: each waits until a person imports or discards it.

An addition is read by the importer of STIX and stored. No code here releases: a person saves the
draft as a file, and imports it like any other, by the agreement's rules for persons.
"""

import asyncio
import json
import secrets
import uuid
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import contextmanager, suppress

from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline.errors import (
    ImportTooLarge,
    NotFound,
    NotPermitted,
    PendingFull,
    TearlineError,
    TrustError,
)
from tearline.limits import (
    MAX_TAXII_DRAFT_AGE_MS,
    MAX_TAXII_DRAFTS,
    MAX_TAXII_POST_BYTES,
    MAX_TAXII_STATUS_AGE_MS,
    MAX_TAXII_STATUSES,
)
from tearline.text.choices import the_one
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.feeds.accounts import PREFIX, FeedRole, ServiceAccount, verify_own
from tearline_client.features.feeds.collection import Collection, Tag
from tearline_client.features.feeds.submission import Outcome, Submission, read_submission
from tearline_client.features.feeds.times import taxii_time
from tearline_client.persons.issuer import NODE
from tearline_client.store.drafts import DraftRow, StatusRow


@immutable
class FeedDraft:
    """A draft that waits for a person.

    Attributes:
        id: 16 bytes.
        account: Name of the service account that added it.
        collection: Title of its collection when it was added.
        time_ms: Time of the addition, Unix milliseconds.
        ends_ms: Its expiry, Unix milliseconds.
        objects: Number of its objects.
        entities: Number of entities that an import makes of them, when it was added.
        lost: Number of objects with values of a packet that was erased since; they are gone.
    """

    id: bytes
    account: str
    collection: str
    time_ms: int
    ends_ms: int
    objects: int
    entities: int
    lost: int = 0


class FeedDrafts:
    """Drafts of service accounts.

    Args:
        context: The node.
        programs: The own access log, whose actors are service accounts.
        persons: The same, whose actors are persons.
        tag: Keyed hash that finds an addition that is repeated.
        title: Returns the name of a collection.
        verify_current: Raises an error if an account was removed or replaced meanwhile.
    """

    def __init__(
        self,
        context: NodeContext,
        programs: AccessLog,
        persons: AccessLog,
        tag: Tag,
        title: Callable[[Collection], str],
        verify_current: Callable[[ServiceAccount], None],
    ) -> None:
        self._context = context
        self._store = context.stores.drafts
        self._programs = programs
        self._persons = persons
        self._tag = tag
        self._title = title
        self._verify_current = verify_current
        self._imported: set[bytes] = set()
        self._turn = asyncio.Lock()  # one addition is read at a time, whoever sends many

    async def submit(
        self, account: ServiceAccount, collection: Collection, parts: AsyncIterable[bytes]
    ) -> bytes:
        """Stores objects as a draft; an entry of the node's own access log.

        The same content again has the same answer, and makes no second draft.

        Args:
            account: The account.
            collection: One of its collections.
            parts: The TAXII envelope, piece by piece.

        Returns:
            The status, as JSON.

        Raises:
            NotFound: If it is no collection of the account.
            NotPermitted: If the account is no submitter.
            ImportTooLarge: If there are too many bytes or objects.
            ImportRefused: If it is no envelope of STIX 2.1 objects.
            PendingFull: If too many drafts of the account wait.
            StoreError: If the entry cannot be written: then no draft is stored.
        """
        verify_own(account, collection)
        verify_submitter(account)
        body = await _whole(parts)
        named = (account.name.encode(), collection.key(self._tag), body)
        digest = self._tag(b"addition" + b"".join(map(prefixed, named)))
        async with self._turn:
            self._verify_current(account)
            self.expire()
            known = self._store.status_of(digest)
            if known is not None:
                return known.content
            self._verify_room(account)
            read = await asyncio.to_thread(read_submission, body)
            self._verify_current(account)
            return self._put(account, collection, body, digest, read)

    def _verify_room(self, account: ServiceAccount) -> None:
        if self._store.count(account.name) >= MAX_TAXII_DRAFTS:
            raise PendingFull

    def _put(
        self,
        account: ServiceAccount,
        collection: Collection,
        body: bytes,
        digest: bytes,
        read: Submission,
    ) -> bytes:
        new, now_ms = uuid.uuid4(), self._context.right_ms()
        told = {
            "collection": self._title(collection),
            "objects": len(read.outcomes),
            "entities": read.entities,
        }
        draft = DraftRow(
            id=secrets.token_bytes(16),  # not the status's: a program does not know it
            account=account.name,
            time_ms=now_ms,
            told=json.dumps(told).encode(),
        )
        content = json.dumps(_resource(new, read, now_ms), separators=(",", ":")).encode()
        status = StatusRow(id=new.bytes, account=account.name, content=content)
        detail = draft.id.hex() if read.entities else ""
        self._programs.record(EventCode.ACCESS_DRAFTED, {}, person=account.name, detail=detail)
        with self._context.stores.database.transaction():
            self._verify_current(account)  # its statuses are gone otherwise
            if read.entities:
                self._store.put(draft, body)
            self._store.put_status(status, digest, time_ms=now_ms, most=MAX_TAXII_STATUSES)
        return content

    def status(self, account: ServiceAccount, status_id: bytes) -> bytes:
        """Returns the status of an addition, as JSON.

        Raises:
            NotFound: If there is none, or it is another account's.
        """
        found = self._store.status(status_id)
        if found is None:
            raise NotFound
        verify_sender(account, found)
        return found.content

    def list(self) -> tuple[FeedDraft, ...]:
        """Returns the drafts that wait, oldest first, without their contents."""
        self.expire()
        return tuple(map(_described, self._store.of_programs()))

    def get(self, draft_id: bytes) -> FeedDraft:
        """Returns a draft that waits, without its contents.

        Raises:
            NotFound: If there is none.
        """
        found = next((each for each in self.list() if each.id == draft_id), None)
        if found is None:
            raise NotFound("no such draft waits here")
        return found

    def find(self, prefix: str) -> bytes:
        """Returns the id of the draft whose hexadecimal form begins with ``prefix``.

        Raises:
            NotFound: If there is none.
            NameAmbiguous: If there are several.
        """
        ids = [each.id for each in self.list()]
        found = [each for each in ids if each.hex().startswith(prefix.lower())] if prefix else []
        return the_one(prefix, "draft of a service account", found)

    def open(self, draft_id: bytes, *, person: str = "") -> bytes:
        """Returns a draft as a STIX bundle, to import; an entry of the access log.

        Args:
            draft_id: 16 bytes.
            person: The reader, by the agency's own name; by default the logged-in person.

        Raises:
            NotFound: If there is none.
            TlsError: If the person may not see contents.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._persons.verify_reader(person)
        draft, body = self.get(draft_id), self._store.objects(draft_id)
        if body is None:
            raise NotFound("no such draft waits here")
        self._record(EventCode.ACCESS_OPEN, draft.id, draft.account, person)
        bundle = {
            "type": "bundle",
            "id": f"bundle--{uuid.UUID(bytes=draft_id, version=4)}",
            "objects": json.loads(body)["objects"],
        }
        return json.dumps(bundle, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")

    def discard(self, draft_id: bytes, *, person: str = "") -> None:
        """Deletes a draft; an entry of the access log.

        Args:
            draft_id: 16 bytes.
            person: The acting person, by the agency's own name; by default the logged-in person.

        Raises:
            NotFound: If there is none.
            TlsError: If the person may not see contents.
            StoreError: If the entry cannot be written: then the draft waits on.
        """
        self._persons.verify_reader(person)
        draft = self.get(draft_id)
        self._record(EventCode.ACCESS_DISCARDED, draft.id, draft.account, person)
        with self._context.stores.database.transaction():
            self._store.discard(draft_id)

    @contextmanager
    def importing(self, draft_id: bytes, *, person: str = "") -> Iterator[None]:
        """Context in which a draft's objects are released, or wait for a second person.

        The draft is discarded at its end. If the release is refused, the draft waits on.

        Args:
            draft_id: 16 bytes.
            person: The acting person, by the agency's own name; by default the logged-in person.

        Raises:
            NotFound: If the draft does not wait any more, or another release of it is under way.
        """
        self.verify_free(draft_id)
        self._imported.add(draft_id)
        try:
            yield
            with suppress(TearlineError):  # a refusal here would have it released again
                self.discard(draft_id, person=person)
        finally:
            self._imported.discard(draft_id)

    def verify_free(self, draft_id: bytes) -> None:
        """Checks that a draft waits, and that no release of it is under way.

        Raises:
            NotFound: If not.
        """
        if draft_id in self._imported:
            raise NotFound("the draft is being imported")
        self.get(draft_id)

    def expire(self) -> None:
        """Deletes drafts and statuses that are too old, and forms of persons.

        Each draft of a program is an entry of the access log. No draft is deleted while the clocks
        of log and node disagree.

        Raises:
            StoreError: If an entry cannot be written: then none is deleted.
        """
        now_ms = self._agreed_ms()
        if now_ms is None:
            return
        limits = now_ms - MAX_TAXII_DRAFT_AGE_MS, now_ms - MAX_TAXII_STATUS_AGE_MS
        if not self._store.has_ended(*limits):
            return
        for each in self._store.of_programs():
            if each.time_ms < limits[0]:
                self._record(EventCode.ACCESS_DISCARDED, each.id, each.account, NODE)
        with self._context.stores.database.transaction():
            self._store.expire(*limits)

    def _agreed_ms(self) -> int | None:
        """Returns the time of log and node for deletions, Unix milliseconds, or None."""
        try:
            return self._context.agreed_time().time_ms
        except TrustError:
            return None

    def _record(self, code: EventCode, draft_id: bytes, account: str, person: str) -> None:
        about = PREFIX + account
        self._persons.record(code, {}, person=person, about=about, detail=draft_id.hex())


def _described(row: DraftRow) -> FeedDraft:
    return FeedDraft(
        id=row.id,
        account=row.account,
        time_ms=row.time_ms,
        ends_ms=row.ends_ms,
        **json.loads(row.told),
    )


def verify_submitter(account: ServiceAccount) -> None:
    """Checks that an account may add objects.

    Raises:
        NotPermitted: If not.
    """
    if FeedRole.SUBMITTER not in account.roles:
        raise NotPermitted("the account is no submitter")


def verify_sender(account: ServiceAccount, status: StatusRow) -> None:
    """Checks that a status answers an account.

    Raises:
        NotFound: If not, as for a status that does not exist.
    """
    if status.account != account.name:
        raise NotFound


async def _whole(parts: AsyncIterable[bytes]) -> bytes:
    body = bytearray()
    async for part in parts:
        body += part
        verify_size(len(body))
    return bytes(body)


def verify_size(size: int) -> None:
    """Checks the size of an addition, in bytes.

    Raises:
        ImportTooLarge: If it is too large.
    """
    if size > MAX_TAXII_POST_BYTES:
        raise ImportTooLarge(f"over {MAX_TAXII_POST_BYTES} bytes")


def _resource(status_id: uuid.UUID, read: Submission, now_ms: int) -> dict[str, object]:
    """Returns the status resource of TAXII. No object is pending: each was read at once."""
    now_us = now_ms * 1000
    successes = [_detail(each, now_us) for each in read.outcomes if each.is_carried]
    failures = [_detail(each, now_us) for each in read.outcomes if not each.is_carried]
    lists = {"successes": successes, "failures": failures}
    return {
        "id": str(status_id),
        "status": "complete",
        "request_timestamp": taxii_time(now_us),
        "total_count": len(read.outcomes),
        "success_count": len(successes),
        "failure_count": len(failures),
        "pending_count": 0,
        **{name: some for name, some in lists.items() if some},
    }


def _detail(outcome: Outcome, now_us: int) -> dict[str, str]:
    version_us = now_us if outcome.version_us is None else outcome.version_us
    return {"id": outcome.id, "version": taxii_time(version_us), "message": outcome.message}
