"""The virus scanner's answers: one alone lets a document pass, and all others refuse it."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.clamd import EICAR, ClamdDouble, scanning
from tearline.errors import (
    BlobMismatch,
    MalwareFound,
    ScanLimitExceeded,
    ScannerError,
    ScannerUnavailable,
)
from tearline_client.transport import clamd
from tearline_client.transport.clamd import Scanner

MIB = 1 << 20
PATIENCE_S = 60
QUICK_S = 0.05


@pytest.fixture
def double(tmp_path: Path) -> Iterator[ClamdDouble]:
    with scanning(tmp_path) as found:
        yield found


def scan(address: str, *pieces: bytes, timeout_s: float = PATIENCE_S) -> None:
    Scanner(address, timeout_s=timeout_s).scan(pieces, sum(map(len, pieces)))


def test_all_of_a_document_is_scanned(double: ClamdDouble) -> None:
    Scanner(double.address, timeout_s=PATIENCE_S).verify_ready()
    scan(double.address, b"one", b"", b"two")  # an empty chunk would end it
    assert double.documents == [b"onetwo"]
    with pytest.raises(MalwareFound, match="Eicar-Test"):
        scan(double.address, b"a" * MIB, b"", EICAR)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ScannerUnavailable),
        (b"\0", ScannerUnavailable),
        (b"stream: OK", ScannerUnavailable),  # cut off
        (b"stream: OK\n", ScannerUnavailable),
        (b"OK\0", ScannerUnavailable),
        (b"stream: OK OK\0", ScannerUnavailable),
        (b"1: stream: OK\0", ScannerUnavailable),
        (b"stream: ok\0", ScannerUnavailable),
        (b"stream: Can't allocate memory ERROR\0", ScannerUnavailable),
        (b"stream: \x1b[2J FOUND\0", ScannerUnavailable),
        (b"stream: " + b"a" * 201 + b" FOUND\0", ScannerUnavailable),
        (b"a" * (4 * MIB), ScannerUnavailable),  # without an end
        (b"\xff\xfe\0", ScannerUnavailable),
        (b"stream: Win.Trojan-1 FOUND\0", MalwareFound),
        (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", ScanLimitExceeded),
        (b"INSTREAM size limit exceeded. ERROR\0", ScanLimitExceeded),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else value.__name__,
)
def test_any_other_answer_refuses(
    double: ClamdDouble, answer: bytes, error: type[ScannerError]
) -> None:
    double.answer = lambda document: answer
    with pytest.raises(error):
        scan(double.address, b"clean")


@pytest.mark.parametrize(
    ("early", "error"),
    [
        (b"stream: OK\0", ScannerUnavailable),
        (b"", ScannerUnavailable),
        (b"INSTREAM size limit exceeded. ERROR\0", ScannerError),
    ],
    ids=["clean", "closed", "limit"],
)
def test_an_answer_before_the_end_lets_nothing_pass(
    double: ClamdDouble, early: bytes, error: type[ScannerError]
) -> None:
    double.early = early
    with pytest.raises(error):
        scan(double.address, *(b"a" * MIB for _ in range(64)))


def test_a_scanner_that_is_not_there_or_silent_refuses(tmp_path: Path) -> None:
    with pytest.raises(ScannerUnavailable):
        scan(str(tmp_path / "none"), b"clean")
    with socket.create_server(("127.0.0.1", 0)) as listener:  # nothing accepts or answers
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ScannerUnavailable, match="no answer in time"):
            scan(address, b"clean", timeout_s=QUICK_S)
        with pytest.raises(ScannerUnavailable):
            Scanner(address, timeout_s=QUICK_S).verify_ready()
    with pytest.raises(ScannerUnavailable):
        scan(address, b"clean")


def test_a_port_of_another_service_is_no_scanner(double: ClamdDouble) -> None:
    double.serve = lambda connection: connection.close()  # type: ignore[method-assign]
    with pytest.raises(ScannerUnavailable):
        Scanner(double.address, timeout_s=PATIENCE_S).verify_ready()


def test_a_document_beyond_any_limit_of_clamd_is_not_sent(
    double: ClamdDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clamd, "MAX_SCANNED_BYTES", 4)
    with pytest.raises(ScanLimitExceeded, match="5 bytes, of 4"):
        scan(double.address, b"clean")
    assert double.documents == []


def test_a_document_that_cannot_be_read_ends_its_scan(double: ClamdDouble) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"begin"
        raise BlobMismatch

    with pytest.raises(BlobMismatch):
        Scanner(double.address, timeout_s=PATIENCE_S).scan(pieces(), 9)


def test_a_scanner_that_calls_unscanned_files_clean_refuses(double: ClamdDouble) -> None:
    double.alerts = False
    with pytest.raises(ScannerUnavailable, match="set `AlertExceedsMax yes`"):
        Scanner(double.address, timeout_s=PATIENCE_S).verify_ready()
    with pytest.raises(ScannerUnavailable, match="set `AlertExceedsMax yes`"):
        scan(double.address, b"clean")
    assert double.documents == []


@contextmanager
def real_clamd(folder: Path, *settings: str) -> Iterator[str]:
    """Serves the real clamd; gives its address."""
    program = shutil.which("clamd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        pytest.skip("no clamd is here: install Debian's package clamav-daemon")
    (folder / "signatures").mkdir()
    signature = f"Eicar-Test:0:*:{EICAR.hex()}\n"
    (folder / "signatures" / "eicar.ndb").write_text(signature)
    address = f"{folder}/clamd.ctl"
    lines = (
        *("Foreground yes", f"LocalSocket {address}", f"DatabaseDirectory {folder}/signatures"),
        *settings,
    )
    (folder / "clamd.conf").write_text("".join(f"{line}\n" for line in lines))
    command = (program, "-c", str(folder / "clamd.conf"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("Self checking"):  # the last of its lines before it serves
                    break
            yield address
        finally:
            process.terminate()


@pytest.mark.parametrize("recursion", [17, 100])
def test_the_real_clamd(tmp_path: Path, recursion: int) -> None:
    limits = ("StreamMaxLength 2M", "MaxFileSize 2M", f"MaxRecursion {recursion}")
    with real_clamd(tmp_path, *limits, "AlertExceedsMax yes") as address:
        Scanner(address, timeout_s=PATIENCE_S).verify_ready()
        scan(address, b"clean")
        with pytest.raises(MalwareFound, match="Eicar-Test"):
            scan(address, b"a" * MIB, EICAR)
        with pytest.raises(ScanLimitExceeded):
            scan(address, b"a" * MIB, b"a" * MIB, b"a" * MIB)


@pytest.mark.parametrize("setting", ["AlertExceedsMax no", "ScanArchive no"])
def test_the_real_clamd_with_settings_that_leave_files_unscanned(
    tmp_path: Path, setting: str
) -> None:
    with (
        real_clamd(tmp_path, "MaxFileSize 2M", setting) as address,
        pytest.raises(ScannerUnavailable, match="AlertExceedsMax yes"),
    ):
        scan(address, b"a" * MIB, b"a" * MIB, b"a" * MIB)
