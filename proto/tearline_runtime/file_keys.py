"""Keys of files that people write: a table of each format, for its parser and its reference.

The tables are TOML resources beside the parsers.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from tearline.dataclass.immutable import immutable


@immutable
class FileKey:
    """One key of a file, as readers need it.

    Attributes:
        name: The key.
        value: The kind of its value.
        meaning: Its use.
        example: A value as the file has it.
        default: The value where the key is absent; None where the key is required.
    """

    name: str
    value: str
    meaning: str
    example: str
    default: str | None = None


@immutable
class KeyTable:
    """The only keys that may stand in one table of a file.

    Attributes:
        place: The place of the table in the file, for readers; empty for the file itself.
        keys: Its keys, in the order of the reference.
    """

    place: str
    keys: tuple[FileKey, ...]

    @property
    def names(self) -> frozenset[str]:
        """Returns the names of the keys."""
        return frozenset(key.name for key in self.keys)

    @property
    def required(self) -> tuple[str, ...]:
        """Returns the names of the keys that the table must have."""
        return tuple(key.name for key in self.keys if key.default is None)

    def unknown(self, given: Iterable[str]) -> list[str]:
        """Returns the given keys that the table does not have, sorted."""
        return sorted(set(given) - self.names)

    def missing(self, given: Iterable[str]) -> list[str]:
        """Returns the required keys that are not given, in the table's order."""
        present = set(given)
        return [name for name in self.required if name not in present]


@cache
def key_tables(package: str, resource: str) -> Mapping[str, KeyTable]:
    """Returns the tables in a resource of a package, by name; ``file`` is the file itself."""
    read = tomllib.loads(files(package).joinpath(resource).read_text("utf-8"))
    return {
        name: KeyTable(
            place=table.get("place", ""), keys=tuple(FileKey(**key) for key in table["keys"])
        )
        for name, table in read.items()
    }
