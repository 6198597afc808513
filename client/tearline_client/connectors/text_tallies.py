"""Tallies of the texts of entities of several packets, which keep the bounds of one entity.

A party may be in thousands of packets. A tally has a hash of each text, so a further packet takes
the work of its own texts, however many texts the entity has.
"""

from collections.abc import Iterator, Mapping, Sequence

from tearline.dataclass.immutable import immutable
from tearline.errors import EntityFieldMalformed, MalformedInput
from tearline.limits import MAX_ENTITY_ID_BYTES, MAX_FIELD_BYTES, MAX_PROPERTIES, MAX_VALUES
from tearline_client.planning.entities import Entity, token_of_reference
from tearline_client.planning.sealed_rows import SealedRows

TALLIES = """
CREATE TABLE tally ( -- of the texts of one property
    place INTEGER NOT NULL,
    property BLOB NOT NULL,
    texts INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (place, property)
) STRICT, WITHOUT ROWID;
CREATE TABLE tallied ( -- texts in a tally, each with its property
    place INTEGER NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (place, text)
) STRICT, WITHOUT ROWID;
"""
"""SQL of the tables."""

TextsByProperty = Mapping[str, Sequence[str]]
"""Texts of an entity by property, each once."""


@immutable
class _Tally:
    """Texts of one property of an entity, with those of a further packet.

    Attributes:
        property: Hash of its name.
        texts: Their number.
        size: Their bytes, each reference as long as an id can be.
        new: Hashes of those that no earlier packet has.
        properties: Number of the entity's properties so far.
    """

    property: bytes
    texts: int
    size: int
    new: tuple[bytes, ...]
    properties: int


class TextTallies:
    """Tallies in a temporary database.

    Args:
        rows: The database, with the tables of ``TALLIES``.
    """

    def __init__(self, rows: SealedRows) -> None:
        self._rows = rows

    def verify(self, place: int, texts: TextsByProperty) -> None:
        """Checks that an entity has the bounds of one with the texts of a further packet.

        Args:
            place: Number of the entity.
            texts: The texts of the packet.

        Raises:
            EntityFieldMalformed: If not.
        """
        for each in self._tallies(place, texts):
            if each.properties > MAX_PROPERTIES:
                raise EntityFieldMalformed("an entity of several packets has too many properties")
            if each.texts > MAX_VALUES or each.size > MAX_FIELD_BYTES:
                raise EntityFieldMalformed(
                    "a property of several packets has too many values, or too many bytes of them"
                )

    def add(self, place: int, texts: TextsByProperty) -> None:
        """Counts the texts of a packet."""
        for each in self._tallies(place, texts):
            self._rows.execute(
                "REPLACE INTO tally VALUES (?, ?, ?, ?)",
                place,
                each.property,
                each.texts,
                each.size,
            )
            for text in each.new:
                self._rows.execute("INSERT INTO tallied VALUES (?, ?)", place, text)

    def _tallies(self, place: int, texts: TextsByProperty) -> Iterator[_Tally]:
        ((properties,),) = self._rows.execute("SELECT count(*) FROM tally WHERE place = ?", place)
        for name, some in texts.items():
            hashed = self._rows.hash(name)
            known = self._rows.execute(
                "SELECT texts, bytes FROM tally WHERE place = ? AND property = ?", place, hashed
            )
            properties += not known
            number, size = known[0] if known else (0, 0)
            new = {
                own: len(_longest(text).encode())
                for text in some
                if not self._is_tallied(place, own := self._rows.hash(name, text))
            }
            yield _Tally(
                property=hashed,
                texts=number + len(new),
                size=size + sum(new.values()),
                new=tuple(new),
                properties=properties,
            )

    def _is_tallied(self, place: int, text: bytes) -> bool:
        sql = "SELECT 1 FROM tallied WHERE place = ? AND text = ?"
        return bool(self._rows.execute(sql, place, text))


def verify_bounds(ftm_id: str, schema: str, texts: TextsByProperty) -> None:
    """Checks that an entity of one packet has the bounds of one, with its references as ids.

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
