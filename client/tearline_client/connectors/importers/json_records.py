"""Items of a list within one JSON object, such as the objects of a bundle, in bounded memory.

Each item, and each other member of the object, is parsed by itself, so memory holds one of them.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from tearline_client.connectors.importers.json_reader import JsonReader


class Member(NamedTuple):
    """Member of the object, or one item of its list.

    Attributes:
        line: Line at which its value begins, from 1.
        name: Its name, or that of the list.
        value: Its value, with numbers as texts.
    """

    line: int
    name: str
    value: Any


def json_records(stream: BinaryIO, name: str) -> Iterator[Member]:
    """Yields the members of the file's object, and each item of the list ``name`` by itself.

    Raises:
        ImportRefused: If the file is not one JSON object in UTF-8, repeats a key, nests too deep,
            or a member is too large.
        ImportTooLarge: If the file is too large.
    """
    reader = JsonReader(stream)
    for key in reader.members():
        if key == name and reader.is_array():
            for _ in reader.elements():
                yield Member(reader.line, key, reader.value())
        else:
            yield Member(reader.line, key, reader.value())
    reader.end()
