"""Passphrases: from a file, the environment or a terminal, in one spelling."""

import getpass
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

from tearline.errors import ConfigUnreadable, PassphraseMissing
from tearline_runtime.files import read_bounded

MAX_PASSPHRASE_BYTES = 4096  # longer than any passphrase, shorter than a file named by mistake
OPTION = "--passphrase-file or TEARLINE_PASSPHRASE_FILE"
VARIABLE = "TEARLINE_PASSPHRASE"


def ask_terminal(question: str) -> str | None:
    """Returns the answer to a question on the terminal, or None where there is no terminal."""
    return getpass.getpass(question) if sys.stdin.isatty() else None


def read_passphrase(
    file: Path | None,
    text: str | None = None,
    *,
    option: str = OPTION,
    question: str = "Passphrase",
    twice: bool = False,
    ask: Callable[[str], str | None] = ask_terminal,
) -> bytes:
    """Returns a passphrase, as UTF-8 in Unicode form NFC.

    Args:
        file: A file with the passphrase in its first line, or None for none.
        text: The passphrase itself, used where there is no file; None for none.
        option: The options and variables that name the file, for the error.
        question: The prompt, used where there is neither file nor text.
        twice: Whether the prompt asks twice, for a new passphrase.
        ask: Puts a question to a person; returns None where that is impossible.

    Raises:
        PassphraseMissing: If there is none, it is empty, or the two entries differ.
        ConfigUnreadable: If the file cannot be read, or the passphrase is not UTF-8.
        FileExposed: If users other than its owner may read or write the file.
    """
    if file is not None:
        text = _first_line(file)
    elif text is None:
        text = ask(f"{question}: ")
        if text is None:
            raise PassphraseMissing(option)
        if twice and ask("The same again: ") != text:
            raise PassphraseMissing("the two entries differ")
    if not text:
        raise PassphraseMissing("it is empty")
    try:
        # Keyboards spell é as one character, or as an e and an accent.
        return unicodedata.normalize("NFC", text).encode("utf-8")
    except UnicodeEncodeError:  # it has the passphrase in its text
        raise ConfigUnreadable("the passphrase is not UTF-8") from None


def _first_line(path: Path) -> str:
    data = read_bounded(path, MAX_PASSPHRASE_BYTES, is_private=True)
    try:
        return data.decode("utf-8-sig").partition("\n")[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigUnreadable(f"{path} is not UTF-8") from None
