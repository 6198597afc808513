"""Feeds of the node, as ``node.feeds``: objects of packets for service accounts."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.limits import MAX_TAXII_OBJECTS, MAX_TAXII_PAGE_BYTES
from tearline.packets.packet import OpenedField
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.feeds.accounts import ServiceAccount, ServiceAccounts, verify_own
from tearline_client.features.feeds.collection import Collection
from tearline_client.features.feeds.drafts import FeedDrafts
from tearline_client.features.feeds.index import FeedIndex
from tearline_client.features.feeds.objects import feed_export, feed_objects
from tearline_client.features.feeds.times import stix_time
from tearline_client.persons.changes import Record
from tearline_client.store.feed import NO_PACKET, UNVERSIONED, FeedRow, FeedRows, Versions

_DUE_AT_ONCE = 16  # packets read anew before an answer; the others follow while the node runs


@immutable
class Filter:
    """Objects that a reader asks for.

    Attributes:
        added_after_us: Only objects added after this time, Unix microseconds.
        limit: Maximum number.
        ids: Only these; empty for all.
        types: Only objects of these types; empty for all.
        versions: The versions of each: ``all``, ``last`` or ``first``.
        exact: Further versions, by their time in Unix microseconds.
    """

    added_after_us: int = 0
    limit: int = MAX_TAXII_OBJECTS
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: frozenset[str] = frozenset({"last"})
    exact: tuple[int, ...] = ()


@immutable
class FeedObject:
    """An object of a collection.

    Attributes:
        id: Its STIX id.
        added_us: Time of its addition, Unix microseconds; no two objects have the same.
        version_us: Its version, Unix microseconds; the time of its addition if it has none.
        made: The object; None in a manifest.
    """

    id: str
    added_us: int
    version_us: int
    made: Mapping[str, Any] | None = None


@immutable
class FeedPage:
    """Some objects of a collection, in order of their addition.

    Attributes:
        objects: The objects.
        next_us: The place to continue behind; None at the end.
    """

    objects: tuple[FeedObject, ...]
    next_us: int | None


class FeedService:
    """Objects of packets for service accounts. Each read is an entry of the own access log.

    Args:
        context: The node.
        access: The node's own access log, whose readers are service accounts.
        persons: The same, whose readers are persons.
        key: 32 bytes of the keyed hashes.
        record: Writes changes of accounts into the access log.
        officer: Raises an error unless a person may act as an officer in charge.

    Attributes:
        accounts: The service accounts.
        drafts: Objects that they added, which wait for a person.
    """

    def __init__(
        self,
        context: NodeContext,
        access: AccessLog,
        persons: AccessLog,
        key: bytes,
        record: Record,
        officer: Callable[[str], object],
    ) -> None:
        self._context = context
        self._access = access
        self._store = context.stores.feed
        self._index = FeedIndex(context, key)
        self.accounts = ServiceAccounts(context, record, officer)
        self.drafts = FeedDrafts(
            context, access, persons, self._index.tag, self.title, self.accounts.verify_current
        )

    def collection_id(self, collection: Collection) -> str:
        """Returns the id of a collection, a UUID."""
        return collection.id(self._index.tag)

    def article(self, name: str) -> Collection:
        """Returns the collection of an article, by AGREEMENT/ARTICLE.

        Raises:
            TearlineError: If there is no such agreement or article.
        """
        agreement, slash, article = name.rpartition("/")
        if not slash:
            raise MalformedInput(f"{name}: expected AGREEMENT/ARTICLE")
        found = self._context.stores.agreements.by_name(agreement)
        return Collection(agreement_id=found.id, article=found.article(article).id)

    def case(self, case_id: bytes) -> Collection:
        """Returns the collection of a case."""
        return Collection(case_id=case_id)

    def title(self, collection: Collection) -> str:
        """Returns the name of a collection for people at this agency."""
        if collection.case_id:
            return f"case {collection.case_id.hex()}"
        newest = self._context.stores.agreements.newest(collection.agreement_id)
        return f"{newest.name}/{collection.article}"

    async def update(self) -> None:
        """Reads packets that came or went since, and deletes old drafts, while other tasks run."""
        self.drafts.expire()
        await self._index.update_all()

    async def manifest(
        self, account: ServiceAccount, collection: Collection, asked: Filter
    ) -> FeedPage:
        """Returns ids, times and versions of some objects, without contents.

        The access log has an entry for each packet: a manifest tells that its objects exist.

        Raises:
            NotFound: If it is no collection of the account, or the account ended meanwhile.
            StoreError: If the entries cannot be written: then no object is listed.
        """
        page = await self._rows(account, collection, asked)
        self.accounts.verify_current(account)
        listed = {row.packet: () for row in page.rows if row.packet != NO_PACKET}
        if listed:
            self._access.record(EventCode.ACCESS_LISTED, listed, person=account.name)
        return FeedPage(objects=tuple(map(_described, page.rows)), next_us=page.next_us)

    async def objects(
        self, account: ServiceAccount, collection: Collection, asked: Filter
    ) -> FeedPage:
        """Returns some objects; an entry of the node's own access log for each packet.

        Raises:
            NotFound: If it is no collection of the account, or the account ended meanwhile.
            StoreError: If the entries cannot be written: then no object is shown.
        """
        page = await self._rows(account, collection, asked)
        shown: dict[bytes, tuple[OpenedField, ...]] = {}
        made: dict[tuple[bytes, str], Mapping[str, Any]] = {}
        for packet_id in dict.fromkeys(row.packet for row in page.rows if row.packet != NO_PACKET):
            export = feed_export(self._context, packet_id)
            if export is not None:
                shown |= export.fields
                made |= {(packet_id, each["id"]): each for each in feed_objects(export)}
            await asyncio.sleep(0)
        found, next_us, size = list[FeedObject](), page.next_us, 0
        for row in page.rows:
            each = _completed(row, made)
            if each is None:
                continue
            size += len(json.dumps(each.made))
            if found and size > MAX_TAXII_PAGE_BYTES:
                next_us = found[-1].added_us
                break
            found.append(each)
        self.accounts.verify_current(account)
        if shown:
            self._access.record(EventCode.ACCESS_EXPORT, shown, person=account.name)
        return FeedPage(objects=tuple(found), next_us=next_us)

    async def _rows(
        self, account: ServiceAccount, collection: Collection, asked: Filter
    ) -> FeedRows:
        """Returns rows that agree with their packets."""
        verify_own(account, collection)
        await self._index.update_some(_DUE_AT_ONCE)
        while True:  # each turn reads the packets of a page, so that they are not due any more
            page = self._store.page(
                collection.key(self._index.tag),
                after_us=asked.added_after_us,
                limit=min(asked.limit, MAX_TAXII_OBJECTS),
                versions=Versions(
                    all="all" in asked.versions,
                    last="last" in asked.versions,
                    first="first" in asked.versions,
                    exact=asked.exact,
                ),
                types=tuple(map(self._index.type_tag, asked.types)),
                objects=tuple(map(self._index.object_tag, asked.ids)),
            )
            stale = tuple(self._stale(page))
            if not stale:
                return page
            for packet_id in stale:
                self._index.update(packet_id)
                await asyncio.sleep(0)

    def _stale(self, page: FeedRows) -> Iterator[bytes]:
        for packet_id in dict.fromkeys(row.packet for row in page.rows):
            if packet_id != NO_PACKET and (
                self._store.is_due(packet_id) or self._context.stores.packets.is_frozen(packet_id)
            ):
                yield packet_id


def _described(row: FeedRow) -> FeedObject:
    return FeedObject(
        id=json.loads(row.data)["id"],
        added_us=row.added_us,
        version_us=row.added_us if row.version_us == UNVERSIONED else row.version_us,
    )


def _completed(
    row: FeedRow, made: Mapping[tuple[bytes, str], Mapping[str, Any]]
) -> FeedObject | None:
    """Returns the object of a row; None if its packet was erased since the row was read."""
    described = _described(row)
    whole = (
        json.loads(row.data) if row.packet == NO_PACKET else made.get((row.packet, described.id))
    )
    if whole is None:
        return None
    if "modified" in whole:
        whole = {**whole, "modified": stix_time(row.version_us)}
    return FeedObject(
        id=described.id, added_us=row.added_us, version_us=described.version_us, made=whole
    )
