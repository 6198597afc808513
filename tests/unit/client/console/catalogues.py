"""The messages of the console, as its code and templates have them, beside its catalogues.

Run as a program, it brings the catalogues up to date: it adds what is missing, untranslated, and
removes what is stale. A test then fails until each is translated.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

CONSOLE = Path(__file__).resolve().parents[4] / "client" / "tearline_client" / "console"
LOCALES = {"es": "es", "zh": "zh_Hans"}
_KEYWORDS = {"mark": None, "counted": (1, 2)}

_STAMPS = (
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Generated-By",
    "Project-Id-Version",
    "Report-Msgid-Bugs-To",
    "Language-Team",
)

Message = str | tuple[str, ...]


def messages() -> Iterator[Message]:
    """Every message, or pair of forms for a number, in the order of the files."""
    for path in sorted(CONSOLE.rglob("*.py")):
        with path.open("rb") as file:
            for _, message, _, _ in extract("python", file, keywords=_KEYWORDS):
                yield message
    for path in sorted(CONSOLE.rglob("*.html")):
        with path.open("rb") as file:
            for _, _, message, _ in babel_extract(file, ("_", "ngettext"), (), {"silent": "false"}):
                forms = message if isinstance(message, tuple) else (message,)
                forms = tuple(each for each in forms if each is not None)
                if forms:  # none where the message is a variable, which the code marks
                    yield forms if len(forms) > 1 else forms[0]


def catalogue(code: str) -> Catalog:
    """The catalogue of a language."""
    data = (CONSOLE / "locale" / f"{code}.po").read_bytes()
    return read_po(io.BytesIO(data), locale=LOCALES[code], abort_invalid=True)


def update(code: str) -> None:
    """Brings a catalogue up to date."""
    path = CONSOLE / "locale" / f"{code}.po"
    old = catalogue(code) if path.exists() else Catalog(locale=LOCALES[code])
    new = Catalog(
        locale=LOCALES[code],
        header_comment="# Messages of the console.",
        fuzzy=False,
    )
    for message in messages():
        found = old.get(message if isinstance(message, str) else message[0])
        new.add(message, found.string if found else "")
    write(code, new)


def write(code: str, made: Catalog) -> None:
    """Writes a catalogue, without the times and names that gettext stamps on it."""
    content = io.BytesIO()
    write_po(content, made, width=100)
    stamped = tuple(f'"{each}' for each in _STAMPS)
    lines = content.getvalue().decode().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(stamped))
    (CONSOLE / "locale" / f"{code}.po").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for each in LOCALES:
        update(each)
