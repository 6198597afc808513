"""Canaries: random names that stand for whatever must not be seen, and the search for them.

A canary is 24 random characters. ``found`` looks for each in all the ways in which programs
write text down: UTF-8, UTF-16 of either order, hexadecimal, and base64, in whichever of its
three alignments the text around it leaves.
"""

import base64
import secrets
import sqlite3
import string
from collections.abc import Iterable, Iterator
from pathlib import Path

LENGTH = 24


def canary(alphabet: str = string.ascii_letters + string.digits) -> str:
    """A fresh canary."""
    return secrets.choice(alphabet.replace("0", "")) + "".join(
        secrets.choice(alphabet) for _ in range(LENGTH - 1)
    )


def spellings(text: str) -> tuple[bytes, ...]:
    """Every way in which ``text`` may be written down."""
    plain = [text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")]
    hexadecimal = [data.hex().encode() for data in plain]
    spelled = [*plain, *hexadecimal, *(digits.upper() for digits in hexadecimal)]
    for data in plain:
        for offset in range(3):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                spelled.append(_whole_sextets(encode(bytes(offset) + data), offset, len(data)))
    return tuple(dict.fromkeys(spelled))


def _whole_sextets(encoded: bytes, offset: int, length: int) -> bytes:
    """The characters that follow from the text alone, not from what stands beside it."""
    return encoded[-(-8 * offset // 6) : 8 * (offset + length) // 6]


def found(canaries: Iterable[str], places: Iterable[bytes]) -> set[str]:
    """The canaries that are written down in some place, in any spelling."""
    sought = {text: spellings(text) for text in canaries}
    seen: set[str] = set()
    for place in places:
        seen |= {
            text
            for text, spelled in sought.items()
            if text not in seen and any(each in place for each in spelled)
        }
    return seen


def everything_in(folder: Path) -> Iterator[bytes]:
    """Names and bytes of all files under a folder, and each value of its databases alone.

    SQLite divides a long value over pages, so that the file need not hold it in one piece.
    """
    for path in sorted(folder.rglob("*")):
        yield str(path.relative_to(folder)).encode()
        if path.is_file():
            yield path.read_bytes()
        if path.suffix == ".db":
            yield b"\0".join(_values(path))


def _values(database: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()
    finally:
        connection.close()


def processes(root: int) -> Iterator[bytes]:
    """The arguments and environment of every process that ``root`` started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(int(folder.name))
    waiting = list(children.get(root, ()))
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, ())
        for name in ("cmdline", "environ"):
            yield Path(f"/proc/{process}/{name}").read_bytes()
