"""Passphrases: their sources in order, and one spelling of each."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tearline.errors import ConfigUnreadable, FileExposed, PassphraseMissing
from tearline_runtime.passphrase import MAX_PASSPHRASE_BYTES, ask_terminal, read_passphrase


def _file(folder: Path, data: bytes, mode: int = 0o600) -> Path:
    path = folder / "passphrase"
    path.write_bytes(data)
    path.chmod(mode)
    return path


def _never(question: str) -> str:
    raise AssertionError(question)


def _answers(*answers: str | None) -> tuple[list[str], Callable[[str], str | None]]:
    asked: list[str] = []

    def ask(question: str) -> str | None:
        asked.append(question)
        return answers[len(asked) - 1]

    return asked, ask


def test_a_file_goes_before_a_text_and_a_text_before_a_question(tmp_path: Path) -> None:
    path = _file(tmp_path, "clé de voûte\r\nsecond line\n".encode())
    assert read_passphrase(path, "text", ask=_never) == "clé de voûte".encode()
    assert read_passphrase(None, "text", ask=_never) == b"text"
    assert read_passphrase(None, None, ask=lambda _: "asked") == b"asked"


def test_every_spelling_is_one_passphrase() -> None:
    assert read_passphrase(None, "e\u0301") == read_passphrase(None, "é") == "é".encode()


def test_a_new_passphrase_is_asked_for_twice() -> None:
    asked, ask = _answers("new", "new")
    assert read_passphrase(None, question="Passphrase of ana", twice=True, ask=ask) == b"new"
    assert asked == ["Passphrase of ana: ", "The same again: "]
    _, ask = _answers("new", "nwe")
    with pytest.raises(PassphraseMissing, match="differ"):
        read_passphrase(None, twice=True, ask=ask)


def test_without_a_terminal_the_refusal_names_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert ask_terminal("Passphrase: ") is None
    with pytest.raises(PassphraseMissing, match="--root-file"):
        read_passphrase(None, option="--root-file")


def test_an_empty_passphrase_is_none(tmp_path: Path) -> None:
    for file, text in ((_file(tmp_path, b"\nsecond"), None), (None, "")):
        with pytest.raises(PassphraseMissing, match="empty"):
            read_passphrase(file, text, ask=_never)
    with pytest.raises(PassphraseMissing, match="empty"):
        read_passphrase(None, ask=lambda _: "")


def test_a_text_that_was_not_utf_8_is_refused() -> None:
    for text in ("p\udce9ss", "p\udce8ss"):  # as Python reads bytes of Latin-1 in a variable
        with pytest.raises(ConfigUnreadable, match="not UTF-8") as refused:
            read_passphrase(None, text, ask=_never)
        assert "ss" not in refused.value.why.replace("passphrase", "")


def test_a_file_is_bounded_private_and_utf_8(tmp_path: Path) -> None:
    longest = b"x" * MAX_PASSPHRASE_BYTES
    assert read_passphrase(_file(tmp_path, longest)) == longest
    for data in (longest + b"x", b"\xff\n"):
        with pytest.raises(ConfigUnreadable):
            read_passphrase(_file(tmp_path, data))
    with pytest.raises(FileExposed):
        read_passphrase(_file(tmp_path, b"secret", mode=0o640))
