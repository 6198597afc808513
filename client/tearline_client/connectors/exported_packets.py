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

from tearline.bodies.body import ID_PROPERTY, TOKEN_PREFIX, UNKNOWN_SCHEMA
from tearline.errors import EntityFieldMalformed, ExportRefused
from tearline.packets.packet import Field, OpenedField
from tearline.policy.form import Form
from tearline.policy.marking import Marking, parse_marking, strictest
from tearline_client.connectors.marked_entities import (
    EntityKey,
    ExportedPacket,
    MarkedEntity,
    MarkedId,
    Source,
    marked_entity,
)
from tearline_client.connectors.text_tallies import (
    TALLIES,
    TextsByProperty,
    TextTallies,
    verify_bounds,
)
from tearline_client.planning.entities import ids_by_token, split_path
from tearline_client.planning.sealed_rows import SealedRows

_SCHEMA = """
CREATE TABLE entity (
    place INTEGER PRIMARY KEY, -- in order of first appearance
    key BLOB NOT NULL UNIQUE,
    token BLOB NOT NULL,
    is_known INTEGER NOT NULL, -- whether more than its id is readable
    is_tallied INTEGER NOT NULL, -- whether its texts are counted: those of several packets are
    sealed BLOB NOT NULL -- its key
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
_READ_AT_ONCE = 16  # pieces, of which each may fill a packet
_RECENT = 4096  # tokens of which the ids are remembered

_Fields = Sequence[OpenedField]
_Ids = Mapping[str, MarkedId]
"""Readable ids by token."""


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
        self._rows = SealedRows(_SCHEMA + TALLIES, ExportRefused)
        self._tallies = TextTallies(self._rows)
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
        ids = _ids(fields)
        pieces: dict[EntityKey, list[OpenedField]] = {}
        for each in fields:
            token, schema, _ = split_path(each.field.path)
            key = EntityKey(source=packet.source, token=token, schema=schema)
            pieces.setdefault(key, []).append(each)
        for token, own in ids.items():
            known = self._id_of(packet.source, token)
            if known is not None and known.id != own.id:
                raise EntityFieldMalformed("one token stands for two ids")
        for key, piece in pieces.items():
            own_id = ids[key.token].id if key.token in ids else TOKEN_PREFIX + key.token
            texts = _texts_of(piece)
            verify_bounds(own_id, key.schema, texts)
            place = self._place(key)
            if place is not None:
                self._tally_first(place)
                self._tallies.verify(place, texts)
        number = len(self._ordered)
        for key, piece in pieces.items():
            self._put(key, number, piece)
        for token, own in ids.items():
            self._put_id(packet.source, token, own)
        self._id_of.cache_clear()
        self.packets[packet.id] = packet
        self._ordered.append(packet)
        self._numbers[packet.id] = number

    def entities(self) -> Iterator[MarkedEntity]:
        """Yields the entities, in order of first appearance.

        An entity of which only the id is readable is none, unless its schema is.
        """
        for sealed, pieces in groupby(self._known_pieces(), itemgetter(0)):
            key = _decoded_key(self._rows.open(sealed))
            yield self._entity(key, ((packet, piece) for _, packet, piece in pieces))

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
                "INSERT INTO entity VALUES (?, ?, ?, ?, FALSE, ?)",
                place,
                self._hash(key.source, key.token, key.schema),
                self._hash(key.source, key.token),
                is_known,
                self._rows.seal(_encoded_key(key)),
            )
        else:
            self._rows.execute(
                "UPDATE entity SET is_known = is_known OR ? WHERE place = ?", is_known, place
            )
            self._tallies.add(place, _texts_of(piece))
        content = _json([_encoded_field(each) for each in piece])
        sealed = self._rows.seal(content)
        self._rows.execute("INSERT INTO piece VALUES (?, ?, ?)", place, packet, sealed)

    def _place(self, key: EntityKey) -> int | None:
        hashed = self._hash(key.source, key.token, key.schema)
        rows = self._rows.execute("SELECT place FROM entity WHERE key = ?", hashed)
        return rows[0][0] if rows else None

    def _pieces(self, place: int | None) -> Iterator[tuple[int, bytes]]:
        """Yields the packet and content of each piece of an entity."""
        after = -1
        while rows := self._rows.execute(
            "SELECT packet, sealed FROM piece WHERE place = ? AND packet > ?"
            " ORDER BY packet LIMIT ?",
            place,
            after,
            _READ_AT_ONCE,
        ):
            yield from rows
            after = rows[-1][0]

    def _known_pieces(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Yields the pieces of all entities: the entity's sealed key, and as ``_pieces``."""
        after = -1, -1
        while rows := self._rows.execute(
            "SELECT place, packet, entity.sealed, piece.sealed"
            " FROM piece CROSS JOIN entity USING (place)"  # in this order, without sorting
            " WHERE (place, packet) > (?, ?) AND is_known ORDER BY place, packet LIMIT ?",
            *after,
            _READ_AT_ONCE,
        ):
            for _, packet, key, sealed in rows:
                yield key, packet, sealed
            after = rows[-1][0], rows[-1][1]

    def _tally_first(self, place: int) -> None:
        """Counts the texts of an entity of one packet; later packets add only their own."""
        ((is_tallied,),) = self._rows.execute(
            "SELECT is_tallied FROM entity WHERE place = ?", place
        )
        if not is_tallied:
            ((_, first),) = self._pieces(place)
            self._tallies.add(place, _texts_of(self._opened(first)))
            self._rows.execute("UPDATE entity SET is_tallied = TRUE WHERE place = ?", place)

    def _entity(self, key: EntityKey, pieces: Iterable[tuple[int, bytes]]) -> MarkedEntity:
        fields = (
            (self._ordered[packet], each.field)
            for packet, sealed in pieces
            for each in self._opened(sealed)
        )
        return marked_entity(key, fields, partial(self._id_of, key.source))

    def _stored_id(self, source: Source, token: str) -> MarkedId | None:
        rows = self._rows.execute(
            "SELECT sealed FROM id WHERE token = ?", self._hash(source, token)
        )
        if not rows:
            return None
        ftm_id, marking = json.loads(self._rows.open(rows[0][0]))
        return MarkedId(id=ftm_id, marking=parse_marking(marking))

    def _put_id(self, source: Source, token: str, own: MarkedId) -> None:
        known = self._id_of(source, token)
        marking = own.marking if known is None else strictest((known.marking, own.marking))
        if known is None or marking != known.marking:
            sealed = self._rows.seal(_json([own.id, marking.encode()]))
            self._rows.execute("REPLACE INTO id VALUES (?, ?)", self._hash(source, token), sealed)

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


def _ids(fields: _Fields) -> _Ids:
    """Returns the readable ids in some fields, each as strict as all its fields.

    Raises:
        EntityFieldMalformed: If a field belongs to no entity, or two ids claim one token.
    """
    clear = [each.field for each in fields if each.field.form is Form.CLEAR]
    ids = ids_by_token((field.path, field.values) for field in clear)
    markings: dict[str, list[Marking]] = {}
    for field in clear:
        token, _, name = split_path(field.path)
        if name == ID_PROPERTY:
            markings.setdefault(token, []).append(field.marking)
    return {
        token: MarkedId(id=ftm_id, marking=strictest(markings[token]))
        for token, ftm_id in ids.items()
    }


def _texts_of(piece: _Fields) -> TextsByProperty:
    """Returns the texts of one piece."""
    found: dict[str, dict[str, None]] = {}  # keys of the inner ones are an ordered set
    for each in piece:
        name = split_path(each.field.path)[2]
        if name != ID_PROPERTY:
            found.setdefault(name, {}).update(dict.fromkeys(each.field.texts))
    return {name: tuple(texts) for name, texts in found.items()}


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
