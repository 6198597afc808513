"""Readable fields of the packets of an export, read as packets or as entities.

An export of 100,000 entities has more fields than memory holds. They lie in a temporary database,
so memory has a few hundred bytes for each packet, and the fields of one packet or entity at a time.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from tearline.errors import EntityFieldMalformed, ExportRefused, MalformedInput
from tearline.limits import MAX_ENTITY_ID_BYTES
from tearline.packets.packet import Field, OpenedField
from tearline.policy.form import Form
from tearline.policy.marking import parse_marking
from tearline_client.connectors.marked_entities import (
    EntityKey,
    ExportedPacket,
    MarkedEntity,
    Source,
    marked_entity,
)
from tearline_client.planning.entities import (
    ID_PROPERTY,
    TOKEN_PREFIX,
    UNKNOWN_SCHEMA,
    Entity,
    ids_by_token,
    split_path,
    token_of_reference,
)
from tearline_client.planning.sealed_rows import SealedRows

_SCHEMA = """
CREATE TABLE entity (
    place INTEGER PRIMARY KEY, -- in order of first appearance
    key BLOB NOT NULL UNIQUE,
    token BLOB NOT NULL,
    is_known INTEGER NOT NULL, -- whether more than its id is readable
    sealed BLOB NOT NULL, -- its key
    merged BLOB -- all its texts, once several packets have some
) STRICT;
CREATE INDEX entity_by_token ON entity (token, is_known, place);
CREATE TABLE piece ( -- the fields of one entity in one packet
    place INTEGER NOT NULL,
    packet INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (place, packet)
) STRICT, WITHOUT ROWID;
CREATE INDEX piece_by_packet ON piece (packet, place);
CREATE TABLE id (token BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
_READ_AT_ONCE = 256  # entities
_RECENT = 4096  # tokens of which the ids are remembered

_Fields = Sequence[OpenedField]
_Texts = dict[str, list[str]]
"""Texts of an entity by property."""


class ExportedPackets:
    """Readable fields of some packets, after policies decided and the access log has an entry.

    Args:
        node: URI of the exporting node.
        begun_ms: The node's time when it began to read the packets, in ms of Unix time.

    Attributes:
        node: The same.
        begun_ms: The same.
        packets: The packets by id, in the order of the export.
        fields: Their fields by packet, in the order of the packet; each packet is read on demand.

    Raises:
        StoreFull: From each method, if the disk of temporary files is full.
        ExportRefused: From each method, if that disk fails.
    """

    def __init__(self, node: str, begun_ms: int) -> None:
        self.node, self.begun_ms = node, begun_ms
        self.packets: dict[bytes, ExportedPacket] = {}
        self.fields: Mapping[bytes, tuple[OpenedField, ...]] = _FieldsByPacket(self)
        self._rows = SealedRows(_SCHEMA, ExportRefused)
        self._ordered: list[ExportedPacket] = []  # pieces name packets by their places
        self._numbers: dict[bytes, int] = {}
        self._size = 0
        self._id_of = lru_cache(_RECENT)(self._stored_id)

    def add(self, packet: ExportedPacket, fields: _Fields) -> None:
        """Adds a packet, or nothing of it.

        Args:
            packet: The packet.
            fields: Its exported fields, all of them texts.

        Raises:
            EntityFieldMalformed: If the fields form no entities, alone or with those of its source.
        """
        clear = [each.field for each in fields if each.field.form is Form.CLEAR]
        ids = ids_by_token((field.path, field.values) for field in clear)
        pieces: dict[EntityKey, list[OpenedField]] = {}
        for each in fields:
            token, schema, _ = split_path(each.field.path)
            key = EntityKey(source=packet.source, token=token, schema=schema)
            pieces.setdefault(key, []).append(each)
        for token, own in ids.items():
            if self._id_of(packet.source, token) not in ("", own):
                raise EntityFieldMalformed("one token stands for two ids")
        merged: dict[int, _Texts] = {}
        for key, piece in pieces.items():
            place = self._place(key)
            earlier = {} if place is None else self._merged(place)
            texts = _united(earlier, piece)
            _verify_bounds(ids.get(key.token, TOKEN_PREFIX + key.token), key.schema, texts)
            if place is not None and texts != earlier:
                merged[place] = texts
        number = len(self._ordered)
        for key, piece in pieces.items():
            self._put(key, number, piece)
        for place, texts in merged.items():
            sealed = self._rows.seal(_json(texts))
            self._rows.execute("UPDATE entity SET merged = ? WHERE place = ?", sealed, place)
        for token, own in ids.items():
            hashed = self._hash(packet.source, token)
            self._rows.execute(
                "INSERT OR IGNORE INTO id VALUES (?, ?)", hashed, self._rows.seal(own.encode())
            )
        self._id_of.cache_clear()
        self.packets[packet.id] = packet
        self._ordered.append(packet)
        self._numbers[packet.id] = number

    def entities(self) -> Iterator[MarkedEntity]:
        """Yields the entities, in order of first appearance.

        An entity of which only the id is readable is none, unless its schema is.
        """
        for begin in range(0, self._size, _READ_AT_ONCE):
            rows = self._rows.execute(
                "SELECT place, entity.sealed, packet, piece.sealed"
                " FROM entity JOIN piece USING (place)"
                " WHERE place >= ? AND place < ? AND is_known ORDER BY place, packet",
                begin,
                begin + _READ_AT_ONCE,
            )
            for _, own in groupby(rows, itemgetter(0)):
                pieces = list(own)
                key = _decoded_key(self._rows.open(pieces[0][1]))
                yield self._entity(key, ((packet, sealed) for _, _, packet, sealed in pieces))

    def entity(self, key: EntityKey) -> MarkedEntity:
        """Returns the entity of a key that ``find``, ``keys`` or an entity told."""
        return self._entity(key, self._pieces(self._place(key)))

    def find(self, source: Source, token: str) -> EntityKey | None:
        """Returns the key of the first entity of a token; None without one."""
        rows = self._rows.execute(
            "SELECT sealed FROM entity WHERE token = ? AND is_known ORDER BY place LIMIT 1",
            self._hash(source, token),
        )
        return _decoded_key(self._rows.open(rows[0][0])) if rows else None

    def keys(self, packet: bytes) -> list[EntityKey]:
        """Returns the keys of the entities with a readable field in a packet."""
        rows = self._rows.execute(
            "SELECT entity.sealed FROM piece JOIN entity USING (place)"
            " WHERE packet = ? AND is_known ORDER BY place",
            self._numbers[packet],
        )
        return [_decoded_key(self._rows.open(sealed)) for (sealed,) in rows]

    def in_packet(self, packet: bytes) -> tuple[OpenedField, ...]:
        """Returns the fields of a packet, in order of path.

        Raises:
            KeyError: If it is not among the packets.
        """
        rows = self._rows.execute(
            "SELECT sealed FROM piece WHERE packet = ?", self._numbers[packet]
        )
        found = (each for (sealed,) in rows for each in self._opened(sealed))
        return tuple(sorted(found, key=lambda each: each.field.path))

    def _put(self, key: EntityKey, packet: int, piece: _Fields) -> None:
        is_known = key.schema != UNKNOWN_SCHEMA or any(
            not each.field.path.endswith(f"/{ID_PROPERTY}") for each in piece
        )
        place = self._place(key)
        if place is None:
            place, self._size = self._size, self._size + 1
            self._rows.execute(
                "INSERT INTO entity VALUES (?, ?, ?, ?, ?, NULL)",
                place,
                self._hash(key.source, key.token, key.schema),
                self._hash(key.source, key.token),
                is_known,
                self._rows.seal(_encoded_key(key)),
            )
        elif is_known:
            self._rows.execute("UPDATE entity SET is_known = 1 WHERE place = ?", place)
        content = _json([_encoded_field(each) for each in piece])
        sealed = self._rows.seal(content)
        self._rows.execute("INSERT INTO piece VALUES (?, ?, ?)", place, packet, sealed)

    def _place(self, key: EntityKey) -> int | None:
        hashed = self._hash(key.source, key.token, key.schema)
        rows = self._rows.execute("SELECT place FROM entity WHERE key = ?", hashed)
        return rows[0][0] if rows else None

    def _pieces(self, place: int | None) -> list[tuple[int, bytes]]:
        return self._rows.execute(
            "SELECT packet, sealed FROM piece WHERE place = ? ORDER BY packet", place
        )

    def _merged(self, place: int) -> _Texts:
        """Returns all texts of an entity so far, however many packets have some."""
        ((merged,),) = self._rows.execute("SELECT merged FROM entity WHERE place = ?", place)
        if merged is not None:
            texts: _Texts = json.loads(self._rows.open(merged))
            return texts
        (first,) = self._rows.execute(
            "SELECT sealed FROM piece WHERE place = ? ORDER BY packet LIMIT 1", place
        )
        return _united({}, self._opened(first[0]))

    def _entity(self, key: EntityKey, pieces: Iterable[tuple[int, bytes]]) -> MarkedEntity:
        fields = (
            (self._ordered[packet], each.field)
            for packet, sealed in pieces
            for each in self._opened(sealed)
        )
        return marked_entity(key, fields, partial(self._id_of, key.source))

    def _stored_id(self, source: Source, token: str) -> str:
        rows = self._rows.execute(
            "SELECT sealed FROM id WHERE token = ?", self._hash(source, token)
        )
        return self._rows.open(rows[0][0]).decode() if rows else ""

    def _opened(self, sealed: bytes) -> list[OpenedField]:
        return [_decoded_field(each) for each in json.loads(self._rows.open(sealed))]

    def _hash(self, source: Source, *names: str) -> bytes:
        return self._rows.hash(source.origin, source.agreement.hex(), *names)


class _FieldsByPacket(Mapping[bytes, tuple[OpenedField, ...]]):
    def __init__(self, exported: ExportedPackets) -> None:
        self._exported = exported

    def __getitem__(self, packet: bytes) -> tuple[OpenedField, ...]:
        return self._exported.in_packet(packet)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._exported.packets)

    def __len__(self) -> int:
        return len(self._exported.packets)


def _united(earlier: _Texts, piece: _Fields) -> _Texts:
    """Returns the texts of an entity by property, each once."""
    united = dict(earlier)
    for each in piece:
        name = split_path(each.field.path)[2]
        if name != ID_PROPERTY:
            united[name] = list(dict.fromkeys((*united.get(name, ()), *each.field.texts)))
    return united


def _verify_bounds(ftm_id: str, schema: str, texts: _Texts) -> None:
    """Checks that an entity has the bounds of one, even if all its references become ids.

    Raises:
        EntityFieldMalformed: If not.
    """
    try:
        Entity(
            id=ftm_id,
            schema=schema,
            properties={name: tuple(map(_longest, some)) for name, some in texts.items()},
        )
    except MalformedInput as malformed:
        raise EntityFieldMalformed(malformed.why) from None


def _longest(text: str) -> str:
    return text.ljust(MAX_ENTITY_ID_BYTES) if token_of_reference(text) else text


def _encoded_key(key: EntityKey) -> bytes:
    return _json([key.source.origin, key.source.agreement.hex(), key.token, key.schema])


def _decoded_key(encoded: bytes) -> EntityKey:
    origin, agreement, token, schema = json.loads(encoded)
    source = Source(origin=origin, agreement=bytes.fromhex(agreement))
    return EntityKey(source=source, token=token, schema=schema)


def _encoded_field(opened: OpenedField) -> list[Any]:
    field = opened.field
    marking = field.marking.encode()
    return [opened.slot, field.path, field.texts, marking, field.form.value, field.mask]


def _decoded_field(encoded: list[Any]) -> OpenedField:
    slot, path, texts, marking, form, mask = encoded
    field = Field(
        path=path,
        values=tuple(text.encode() for text in texts),
        marking=parse_marking(marking),
        form=Form(form),
        mask=mask,
    )
    return OpenedField(slot=slot, field=field)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
