"""Reading mirrors: from files and over HTTP, bounded, and believed about nothing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest

from tearline.errors import RestoreRefused
from tearline.tlog.tiles import encode_entry_bundle
from tearline_runtime.archive import pack
from tearline_runtime.mirror import (
    FileMirror,
    HttpMirror,
    mirror_at,
    read_checkpoint,
    read_entries,
)

ENTRIES = [b"\1" + index.to_bytes(32) for index in range(600)]
FILES = {
    "checkpoint": b"a note",
    "tile/entries/000": encode_entry_bundle(ENTRIES[:256]),
    "tile/entries/001": encode_entry_bundle(ENTRIES[256:512]),
    "tile/entries/002.p/88": encode_entry_bundle(ENTRIES[512:]),
}


def written(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    path = folder / "mirror"
    with path.open("wb") as archive:
        pack(archive, [(name, len(data), BytesIO(data)) for name, data in files.items()])
    return path


@contextmanager
def shown() -> Iterator[str]:
    """The same over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = FILES.get(self.path.removeprefix("/log/"))
            self.send_response(404 if data is None else 200)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/log/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("start", [0, 1, 255, 256, 300, 599])
def test_a_file_gives_the_entries_behind_a_place(tmp_path: Path, start: int) -> None:
    mirror = FileMirror(written(tmp_path))
    assert read_checkpoint(mirror) == b"a note"
    assert [e for some in read_entries(mirror, start, 600) for e in some] == ENTRIES[start:]


def test_http_gives_the_same() -> None:
    with shown() as url:
        mirror = mirror_at(url)
        assert isinstance(mirror, HttpMirror)
        assert read_checkpoint(mirror) == b"a note"
        assert [e for some in read_entries(mirror, 500, 600) for e in some] == ENTRIES[500:]
        with pytest.raises(RestoreRefused, match="404"):
            list(read_entries(mirror, 0, 700))
        with pytest.raises(RestoreRefused, match="more than 3 bytes"):
            mirror.get("checkpoint", maximum=3)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:no/log",
        "http://127.0.0.1/a log",
        "http://a..example/log",
        "http://[::1/log",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(RestoreRefused, match="checkpoint"):
        read_checkpoint(mirror_at(url))


def test_an_answer_that_is_no_http_is_refused() -> None:
    def answer() -> None:
        line, _ = server.accept()
        with line:
            line.recv(1024)
            line.sendall(b"SSH-2.0-nobody\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(RestoreRefused, match="SSH"):
            read_checkpoint(mirror_at(f"http://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()


def test_a_bundle_of_another_length_is_refused(tmp_path: Path) -> None:
    files = {**FILES, "tile/entries/001": FILES["tile/entries/002.p/88"]}
    with pytest.raises(RestoreRefused, match="tile/entries/001"):
        list(read_entries(FileMirror(written(tmp_path, files)), 0, 600))


def test_what_is_no_mirror_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none"
    with pytest.raises(RestoreRefused):
        FileMirror(path)
    path.write_bytes(b"nothing" * 1000)
    with pytest.raises(RestoreRefused):
        FileMirror(path)
    written(tmp_path, {"other": b""})
    path = tmp_path / "mirror"
    with pytest.raises(RestoreRefused, match="no checkpoint"):
        read_checkpoint(FileMirror(path))


def test_nothing_listens() -> None:
    with pytest.raises(RestoreRefused, match="checkpoint: Connection refused"):
        read_checkpoint(HttpMirror("http://127.0.0.1:1"))
