"""Mappings that an agency keeps by name, to use them for the next table of the same form.

Each is a TOML file in the folder ``mappings`` of the node's home.
"""

import re
from pathlib import Path

from tearline.errors import ConfigUnreadable, MalformedInput, NotFound
from tearline.limits import MAX_MAPPING_BYTES, MAX_SAVED_MAPPINGS
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_runtime.files import read_if_present, replace, reported_as

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?\Z")
_ENDING = ".toml"


class SavedMappings:
    """The mappings of one home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Returns the names of all mappings, in order.

        Raises:
            ConfigUnreadable: If the folder cannot be read.
        """
        with reported_as(ConfigUnreadable, self._folder):
            found = sorted(path.stem for path in self._folder.glob(f"*{_ENDING}"))
        return [name for name in found if is_mapping_name(name)][:MAX_SAVED_MAPPINGS]

    def read(self, name: str) -> str:
        """Returns a mapping.

        Raises:
            NotFound: If none has that name.
            ConfigUnreadable: If its file cannot be read, is too long, or is not in UTF-8.
        """
        data = read_if_present(self._path(name), MAX_MAPPING_BYTES)
        if data is None:
            raise NotFound(f"no mapping is saved as {name}")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigUnreadable(f"{self._path(name)}: not UTF-8") from None

    def save(self, name: str, text: str) -> None:
        """Keeps a mapping; it replaces one of the same name.

        Raises:
            MalformedInput: If the name is not well formed, or too many are kept.
            MappingMalformed: If the text is no mapping.
            ConfigUnreadable: If it cannot be written.
        """
        if not is_mapping_name(name):
            raise MalformedInput("a mapping's name is lower-case letters, digits and hyphens")
        parse_mapping(text.encode())
        if len({*self.names(), name}) > MAX_SAVED_MAPPINGS:
            raise MalformedInput(f"{MAX_SAVED_MAPPINGS} mappings are saved; remove one first")
        path = self._path(name)
        with reported_as(ConfigUnreadable, path):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            replace(path, text.encode())

    def remove(self, name: str) -> None:
        """Forgets a mapping.

        Raises:
            NotFound: If none has that name.
            ConfigUnreadable: If its file cannot be removed.
        """
        path = self._path(name)
        with reported_as(ConfigUnreadable, path):
            try:
                path.unlink()
            except FileNotFoundError:
                raise NotFound(f"no mapping is saved as {name}") from None

    def _path(self, name: str) -> Path:
        if not is_mapping_name(name):
            raise NotFound("no mapping has such a name")
        return self._folder / f"{name}{_ENDING}"


def is_mapping_name(text: str) -> bool:
    """Returns whether a mapping can be saved under a name."""
    return bool(_NAME.match(text))
