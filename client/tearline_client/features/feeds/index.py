"""Rows of collections, updated before each read and while the node runs.

A row says that an object is in a packet. If a packet was recalled, erased or corrected, its rows
are deleted. Readers have such objects already, so a revocation takes the place of each that has
versions. An object that other packets still give is offered again, in a newer version.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.encoding import label
from tearline.errors import PacketError, PacketFrozen, StoreDamaged
from tearline.packets.correction import superseded
from tearline_client.context import NodeContext
from tearline_client.features.feeds.collection import collections_of
from tearline_client.features.feeds.objects import StixObject, feed_export, feed_objects
from tearline_client.features.feeds.revocation import revocation
from tearline_client.features.feeds.times import parse_time, stix_time
from tearline_client.store.feed import NO_PACKET, UNVERSIONED, FeedRow, NewRow
from tearline_runtime.turns import in_turns

_TAG_SIZE = 16
_AT_ONCE = 256  # packets read in one query
_DEFINITIONS = ("marking-definition", "extension-definition")

_Key = tuple[bytes, bytes]
"""Keyed hashes of a collection and an object's id."""


@immutable
class _Wanted:
    """An object that a packet gives to a collection."""

    row: NewRow
    made: StixObject


class FeedIndex:
    """Index of the objects in collections.

    Args:
        context: The node.
        key: 32 bytes of the keyed hashes.
    """

    def __init__(self, context: NodeContext, key: bytes) -> None:
        self._context = context
        self._stores = context.stores
        self._store = context.stores.feed
        self._key = key

    def tag(self, data: bytes) -> bytes:
        """Returns a keyed hash of 16 bytes."""
        return hmac.digest(self._key, label("feed") + data, hashlib.sha256)[:_TAG_SIZE]

    def object_tag(self, object_id: str) -> bytes:
        """Returns the keyed hash of an object's id."""
        return self.tag(b"object " + object_id.encode("utf-8", "surrogateescape"))

    def type_tag(self, name: str) -> bytes:
        """Returns the keyed hash of a type."""
        return self.tag(b"type " + name.encode("utf-8", "surrogateescape"))

    async def update_some(self, limit: int) -> None:
        """Reads some packets that are due, while other tasks run."""
        async for packet_id in in_turns(self._store.due(limit)):
            self.update(packet_id)

    async def update_all(self) -> None:
        """Reads all packets that are due, while other tasks run."""
        while due := self._store.due(_AT_ONCE):
            async for packet_id in in_turns(due):
                self.update(packet_id)

    def update(self, packet_id: bytes) -> None:
        """Makes the rows of a packet agree with the packet, in one transaction."""
        packets, database = self._stores.packets, self._stores.database
        last = superseded(self._stores.corrections.line(packet_id)).get(packet_id)
        if last is not None and self._store.is_due(last):
            self.update(last)  # first, so that no reader is told of a revocation in between
        keys = packets.keys_state(packet_id)
        try:
            objects = feed_objects(feed_export(self._context, packet_id))
        except PacketFrozen:
            with database.transaction():
                self._hide(packet_id)
                if packets.is_frozen(packet_id):
                    self._store.freeze(packet_id)
            return
        except (PacketError, StoreDamaged):
            with database.transaction():
                self._hide(packet_id)
                self._store.set_unreadable(packet_id)
            return
        wanted = self._wanted(packet_id, objects)
        with database.transaction():
            if keys == packets.keys_state(packet_id):  # or a key came or went: it is due again
                self._replace(packet_id, wanted)
                self._store.finish(packet_id)

    def _hide(self, packet_id: bytes) -> None:
        """Deletes the rows of a packet that cannot be read now, and may be again."""
        for _, _, row in self._store.of_packet(packet_id):
            self._store.remove(row.added_us)

    def _wanted(self, packet_id: bytes, objects: Iterable[StixObject]) -> Mapping[_Key, _Wanted]:
        manifest = self._stores.packets.manifest(packet_id)
        found = {}
        for each in objects:
            is_shared = _is_shared(each)
            tag, type_, content = self._tags(each)
            row = NewRow(
                collection=b"",
                object=tag,
                type=type_,
                version_us=version_of(each),
                packet=NO_PACKET if is_shared else packet_id,
                content=content,
                data=_json(each) if is_shared else _data(each),
            )
            for collection in collections_of(manifest):
                key = collection.key(self.tag)
                found[key, tag] = _Wanted(row=_in(row, key), made=each)
        return found

    def _tags(self, made: StixObject) -> tuple[bytes, bytes, bytes]:
        content = self.tag(b"content " + _json(made))
        return self.object_tag(made["id"]), self.type_tag(made["type"]), content

    def _replace(self, packet_id: bytes, wanted: Mapping[_Key, _Wanted]) -> None:
        now_us = self._context.now_ms() * 1000
        kept, gone = dict[_Key, FeedRow](), dict[_Key, tuple[bytes, FeedRow]]()
        for collection, type_, row in self._store.of_packet(packet_id):
            key = collection, row.object
            if key in wanted and row.content == wanted[key].row.content:
                kept[key] = row
                continue
            self._store.remove(row.added_us)
            gone[key] = type_, row
        for key, each in wanted.items():
            if key in kept:
                continue
            if each.row.packet == NO_PACKET and self._store.newest(*key) is not None:
                continue
            known = self._store.newest(*key)
            was_revoked = known is not None and known.packet == NO_PACKET
            # The packet gives more or less than before: a version that readers take for newer.
            is_newer = key in gone or was_revoked
            self._store.add(_newer(each.row, now_us) if is_newer else each.row, now_us=now_us)
        for (collection, tag), (type_, row) in gone.items():
            if (collection, tag) not in wanted:
                self._withdraw(collection, type_, row, now_us)

    def _withdraw(self, collection: bytes, type_: bytes, row: FeedRow, now_us: int) -> None:
        """Offers the rest of an object again, or revokes it where no packet gives it."""
        if row.version_us == UNVERSIONED:
            return
        rest = self._store.newest(collection, row.object)
        if rest is None:
            data = _json(revocation(json.loads(row.data), stix_time(now_us)))
            self._store.add(
                NewRow(
                    collection=collection,
                    object=row.object,
                    type=type_,
                    version_us=now_us,
                    packet=NO_PACKET,
                    content=self.tag(data),
                    data=data,
                ),
                now_us=now_us,
            )
        elif rest.version_us <= row.version_us and rest.packet != NO_PACKET:
            self._store.remove(rest.added_us)
            again = NewRow(
                collection=collection,
                object=rest.object,
                type=type_,
                version_us=now_us,
                packet=rest.packet,
                content=rest.content,
                data=rest.data,
            )
            self._store.add(again, now_us=now_us)


def version_of(made: StixObject) -> int:
    """Returns the version of an object, Unix microseconds; ``UNVERSIONED`` if it has none."""
    stamp = made.get("modified", made.get("created"))
    return UNVERSIONED if stamp is None else parse_time(stamp)


def _is_shared(made: StixObject) -> bool:
    """Returns whether an object holds no field of a packet, and stays when that is recalled.

    These are definitions, and the identities of originators, which have no marking.
    """
    return made["type"] in _DEFINITIONS or (
        made["type"] == "identity" and "object_marking_refs" not in made
    )


def _in(row: NewRow, collection: bytes) -> NewRow:
    return replace(row, collection=collection)


def _newer(row: NewRow, now_us: int) -> NewRow:
    return row if row.version_us == UNVERSIONED else replace(row, version_us=now_us)


def _data(made: StixObject) -> bytes:
    return _json(
        {name: made[name] for name in ("id", "type", "created", "created_by_ref") if name in made}
    )


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
