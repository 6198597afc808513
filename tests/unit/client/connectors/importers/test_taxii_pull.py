"""A foreign TAXII collection: pages, places, batches, and hostile servers."""

import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.cases import each_case
from support.syslog_receivers import certified
from tearline.errors import CollectionRefused, ExportRefused, StoreBusy
from tearline_client.connectors.importers import taxii_batches, taxii_collection
from tearline_client.connectors.importers.taxii_batches import Batches
from tearline_client.connectors.importers.taxii_collection import Access, ForeignCollection

Answer = tuple[int, dict[str, str], bytes]
TAXII = {"Content-Type": taxii_collection.MEDIA_TYPE}


@dataclass(kw_only=True)
class Foreign:
    """A server under HTTPS.

    Attributes:
        url: Its collection.
        ca: The issuer of its certificate.
        answer: Answers a query.
        asked: The queries and authorizations that it got.
        endless: Sent again and again in place of an answer.
    """

    url: str = ""
    ca: Path = Path()
    answer: Callable[[dict[str, str]], Answer] = field(default=lambda query: page([]))
    asked: list[tuple[dict[str, str], str]] = field(default_factory=list)
    endless: bytes = b""

    def collection(self, **access: Any) -> ForeignCollection:
        return ForeignCollection(Access(url=self.url, ca=self.ca, **access))


FIRST, LAST = "X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"


def page(ids: list[str], *, more: str = "", added: str = "2026-01-01T00:00:00Z") -> Answer:
    """A page as TAXII 2.1 describes it."""
    content: dict[str, Any] = {"objects": [{"type": "identity", "id": each} for each in ids]}
    if more:
        content |= {"more": True, "next": more}
    headers = {FIRST: added, LAST: added} if ids else {}
    return 200, {**TAXII, **headers}, json.dumps(content).encode()


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Foreign]:
    certificate, key = certified(tmp_path)
    found = Foreign(ca=certificate)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {name: each[0] for name, each in parse_qs(urlsplit(self.path).query).items()}
            found.asked.append((query, self.headers.get("authorization", "")))
            while found.endless:
                self.wfile.write(found.endless)
            status, headers, content = found.answer(query)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a reader that leaves
    found.url = f"https://localhost:{server.server_address[1]}/api/collections/c1/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def pages_of(*pages: list[str]) -> Callable[[dict[str, str]], Answer]:
    """Answers with these pages, each of a day of its own."""
    days = [f"2026-01-{number + 1:02}T00:00:00Z" for number in range(len(pages))]

    def answer(query: dict[str, str]) -> Answer:
        begin = sum(day <= query.get("added_after", "") for day in days)
        number = int(query.get("next", begin))
        if number >= len(pages):
            return page([])
        more = str(number + 1) if number + 1 < len(pages) else ""
        return page(pages[number], more=more, added=days[number])

    return answer


def pulled(batches: Batches, foreign: Foreign, folder: Path) -> list[str]:
    """The ids in the files that a pull writes."""
    found = []
    collection = foreign.collection()
    for file, count in batches.pull(collection, folder, advance=lambda count: None):
        objects = json.loads(file.read_text())["objects"]
        assert len(objects) == count
        found += [each["id"] for each in objects]
    return found


def test_a_later_pull_has_only_what_was_added_since(foreign: Foreign, tmp_path: Path) -> None:
    batches = Batches(tmp_path / "home", foreign.url)
    foreign.answer = pages_of(["a", "b"], ["c"])
    assert pulled(batches, foreign, tmp_path) == ["a", "b", "c"]
    assert pulled(batches, foreign, tmp_path) == []
    assert foreign.asked[-1][0]["added_after"] == "2026-01-02T00:00:00Z"
    assert sorted(path.name[-16:] for path in tmp_path.glob("batch-*")) == ["000001.stix.json"]


def test_a_secret_is_sent_as_bearer_or_basic_to_its_server_alone(foreign: Foreign) -> None:
    for access in ({"secret": "word"}, {"secret": "word", "user": "ana"}, {}):
        list(foreign.collection(**access).pages())
    assert [told for _, told in foreign.asked] == ["Bearer word", "Basic YW5hOndvcmQ=", ""]
    for secret in ("a\r\nX: y", "x" * 5000, "é"):
        with pytest.raises(CollectionRefused, match=r"secret|token"):
            foreign.collection(secret=secret)


def test_batches_are_bounded_and_continue_after_the_last_time(
    foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_batches, "MAX_FOREIGN_BATCH_BYTES", 1)
    batches = Batches(tmp_path / "home", foreign.url)
    foreign.answer = pages_of(["a"], ["b"], [], ["c"], [])
    assert pulled(batches, foreign, tmp_path) == ["a", "b", "c"]
    assert len(list(tmp_path.glob("batch-*"))) == 3
    before = len(foreign.asked)
    assert pulled(batches, foreign, tmp_path) == []
    assert foreign.asked[before][0]["added_after"] == "2026-01-04T00:00:00Z"


def test_objects_of_one_time_are_in_one_batch(
    foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_batches, "MAX_FOREIGN_BATCH_BYTES", 1)
    foreign.answer = lambda query: page(
        [query.get("next", "0")],
        more="" if query.get("next") == "2" else str(int(query.get("next", "0")) + 1),
    )
    assert pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path) == ["0", "1", "2"]
    assert len(list(tmp_path.glob("batch-*"))) == 1
    monkeypatch.setattr(taxii_batches, "_MAX_FILE_BYTES", 1)
    with pytest.raises(CollectionRefused, match="one time"):
        pulled(Batches(tmp_path / "other", foreign.url), foreign, tmp_path / "home")


def test_a_mark_that_stays_the_same_is_followed_while_pages_differ(
    foreign: Foreign, tmp_path: Path
) -> None:
    left = ["a", "b", "c"]
    foreign.answer = lambda query: page([left.pop(0)], more="mark" if left else "")
    assert pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path) == ["a", "b", "c"]
    foreign.answer = lambda query: page(["d"], more="mark")
    with pytest.raises(CollectionRefused, match="without an end"):
        pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path)


class Killed(BaseException):
    """A kill -9, as far as a test can tell."""


@pytest.mark.parametrize("at", range(1, 6))
def test_a_pull_that_is_killed_loses_no_object_and_repeats_none(
    foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr(taxii_batches, "MAX_FOREIGN_BATCH_BYTES", 1)
    foreign.answer = pages_of(["a"], ["b"], ["c"])
    write, written = taxii_batches.replace_file, [0]

    def killed(path: Path, data: bytes) -> None:
        written[0] += 1
        if written[0] == at:
            raise Killed
        write(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(taxii_batches, "replace_file", killed)
        with pytest.raises(Killed):
            pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path)
    pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path)
    files = sorted(tmp_path.glob("batch-*"))
    found = [each["id"] for file in files for each in json.loads(file.read_text())["objects"]]
    assert found == ["a", "b", "c"]


HOSTILE: dict[str, tuple[Answer, str]] = {
    "leads elsewhere": ((302, {"Location": "https://elsewhere.example/"}, b""), "leads elsewhere"),
    "refuses the secret": ((401, TAXII, b"{}"), "refuses the secret"),
    "has none": ((404, TAXII, b"{}"), "no such collection"),
    "fails": ((500, TAXII, b"{}"), "refuses with 500"),
    "compresses": (
        (200, {**TAXII, "Content-Encoding": "gzip"}, gzip.compress(b"0" * 100_000)),
        "compresses",
    ),
    "answers with HTML": ((200, {"Content-Type": "text/html"}, b"<p>"), "not of TAXII"),
    "answers with no JSON": ((200, TAXII, b"{"), "no JSON"),
    "answers with a list": ((200, TAXII, b"[]"), "no JSON object"),
    "nests deeply": ((200, TAXII, b'{"objects":' + b"[" * 100_000), "too deep"),
    "answers with NaN": ((200, TAXII, b'{"objects":[{"a":NaN}]}'), "no JSON"),
    "has texts for objects": ((200, TAXII, b'{"objects":["a"]}'), "no list of objects"),
    "tells no times": ((200, TAXII, b'{"objects":[{"id":"a"}]}'), "times of addition"),
    "answers with a number without bounds": (
        (200, {**page(["a"])[1]}, b'{"objects":[{"id":"a","x":1e999}]}'),
        "no JSON",
    ),
    "tells a time that is none": (page(["a"], added="yesterday"), "no time of addition"),
    "tells a time of another zone": (
        page(["a"], added="2026-01-01T00:00:00+02:00"),
        "no time of addition",
    ),
    "tells a time of more digits than a clock has": (
        page(["a"], added=f"2026-01-01T00:00:00.{'1' * 99}Z"),
        "no time of addition",
    ),
    "tells a page from its end to its begin": (
        (
            200,
            {**TAXII, FIRST: "2026-01-02T00:00:00Z", LAST: "2026-01-01T00:00:00Z"},
            b'{"objects":[{"id":"a"}]}',
        ),
        "backwards",
    ),
    "says whether there is more in words": (
        (200, {**page(["a"])[1]}, b'{"objects":[{"id":"a"}],"more":"true"}'),
        "more pages",
    ),
    "has no next page": ((200, TAXII, b'{"more":true}'), "without an end"),
    "has an endless page mark": (
        (200, TAXII, json.dumps({"more": True, "next": "x" * 9000}).encode()),
        "without an end",
    ),
}


def test_a_page_of_many_small_parts_is_refused_before_it_takes_memory(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_collection, "_MAX_PARTS", 1000)
    foreign.answer = lambda query: (200, TAXII, b'{"objects":[%s{}]}' % (b"{}," * 1000))
    with pytest.raises(CollectionRefused, match="more than 1000 objects and lists"):
        list(foreign.collection().pages())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_refused(foreign: Foreign, tmp_path: Path, name: str) -> None:
    answer, why = HOSTILE[name]
    foreign.answer = lambda query: answer
    with pytest.raises(CollectionRefused, match=why):
        pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path)
    assert list(tmp_path.glob("batch-*")) == []


def test_a_page_beyond_the_bound_is_not_read(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_collection, "MAX_FOREIGN_PAGE_BYTES", 1 << 20)
    foreign.answer = lambda query: (200, TAXII, b" " * (8 << 20))
    with pytest.raises(CollectionRefused, match="more than 1 MiB"):
        list(foreign.collection().pages())


def test_pages_without_objects_end(foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taxii_collection, "MAX_FOREIGN_EMPTY_PAGES", 10)
    foreign.answer = lambda query: page([], more=str(int(query.get("next", "0")) + 1))
    with pytest.raises(CollectionRefused, match="without an end"):
        list(foreign.collection().pages())
    assert len(foreign.asked) == 11


def test_a_server_with_another_certificate_gets_no_secret(foreign: Foreign, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    foreign.ca, _ = certified(folder)
    with pytest.raises(CollectionRefused, match="certificate"):
        list(foreign.collection(secret="word").pages())
    assert foreign.asked == []


@pytest.mark.parametrize(
    "endless", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: a\r\n"]
)
def test_an_answer_without_an_end_is_refused(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch, endless: bytes
) -> None:
    for name in ("MAX_FOREIGN_PAGE_BYTES", "_MAX_HEAD"):
        monkeypatch.setattr(taxii_collection, name, 1 << 15)
    foreign.endless = endless
    with pytest.raises(CollectionRefused, match="does not answer"):
        list(foreign.collection().pages())


def test_a_page_that_drips_is_refused_before_its_content_begins(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_collection, "MAX_FOREIGN_PAGE_S", 0)
    with pytest.raises(CollectionRefused, match="does not end"):
        list(foreign.collection().pages())


def test_times_that_run_backwards_are_refused_and_move_no_place(
    foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = Batches(tmp_path / "home", foreign.url)
    foreign.answer = lambda query: page(["a"], added="2026-01-03T00:00:00Z")
    assert pulled(batches, foreign, tmp_path) == ["a"]
    # As a server answers that ignores the time to read on from.
    foreign.answer = lambda query: page(["b"], added="2026-01-02T00:00:00Z")
    with pytest.raises(CollectionRefused, match="backwards"):
        pulled(batches, foreign, tmp_path)
    assert foreign.asked[-1][0]["added_after"] == "2026-01-03T00:00:00Z"
    foreign.answer = pages_of(["c"], ["d"], ["e"], ["f"])
    assert pulled(batches, foreign, tmp_path) == ["f"]


def test_pages_that_circle_end(foreign: Foreign, tmp_path: Path) -> None:
    foreign.answer = lambda query: (
        page(["b"], more="a", added="2026-01-02T00:00:00Z")
        if query.get("next") == "b"
        else page(["a"], more="b")
    )
    with pytest.raises(CollectionRefused, match="backwards"):
        pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path)
    assert list(tmp_path.glob("batch-*")) == []


def test_an_empty_page_moves_no_place(foreign: Foreign, tmp_path: Path) -> None:
    batches = Batches(tmp_path / "home", foreign.url)
    last = (200, {**TAXII, LAST: "9999-12-31T23:59:59Z"}, b'{"objects":[]}')
    foreign.answer = lambda query: last if "next" in query else page(["a"], more="1")
    assert pulled(batches, foreign, tmp_path) == ["a"]
    foreign.answer = pages_of(["a"], ["b"])
    assert pulled(batches, foreign, tmp_path) == ["b"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z"),
        ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.51Z"),
        ("2026-01-01T00:00:00.500+00:00", "2026-01-01T00:00:00.5Z"),
    ],
)
def test_times_of_different_lengths_are_compared_as_times(
    foreign: Foreign, tmp_path: Path, before: str, after: str
) -> None:
    foreign.answer = lambda query: (
        page(["b"], added=after) if "next" in query else page(["a"], more="1", added=before)
    )
    assert pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path) == ["a", "b"]


def test_a_batch_ends_at_a_later_time_of_another_length(
    foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_batches, "MAX_FOREIGN_BATCH_BYTES", 1)
    monkeypatch.setattr(taxii_batches, "_MAX_FILE_BYTES", 100)
    times = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.25Z", "2026-01-01T00:00:01.5Z")

    def answer(query: dict[str, str]) -> Answer:
        begin = times.index(query["added_after"]) + 1 if "added_after" in query else 0
        number = int(query.get("next", begin))
        more = str(number + 1) if number + 1 < len(times) else ""
        return page([str(number)], more=more, added=times[number]) if number < 3 else page([])

    foreign.answer = answer
    assert pulled(Batches(tmp_path / "home", foreign.url), foreign, tmp_path) == ["0", "1", "2"]


def test_two_pulls_of_one_collection_do_not_run_at_once(foreign: Foreign, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "other").mkdir()
    foreign.answer = pages_of(["a"], ["b"])
    other = Batches(home, foreign.url.rstrip("/"))  # the same collection

    def meanwhile(count: int) -> None:
        with pytest.raises(StoreBusy):
            pulled(other, foreign, tmp_path / "other")
        with pytest.raises(StoreBusy):
            other.forget()

    batches = Batches(home, foreign.url)
    found = [*batches.pull(foreign.collection(), tmp_path, advance=meanwhile)]
    assert [count for _, count in found] == [2]
    assert pulled(other, foreign, tmp_path / "other") == []


@each_case(
    "url",
    [
        "https://[::1/collections/c/",
        "https://taxii.example/año/collections/c/",
        "https://taxii.example/a b/collections/c/",
        "https://taxii.\u2100example/collections/c/",
        "http://taxii.example/collections/c/",
        "https:///collections/c/",
        "https://taxii..example/collections/c/",
        "https://ana:word@taxii.example/collections/c/",
        "https://taxii.example/collections/c/?x=y",
        "https://taxii.example:port/collections/c/",
        "file:///etc/passwd",
    ],
)
def test_only_https_urls_without_a_secret_are_read(url: str) -> None:
    with pytest.raises(CollectionRefused, match="URL"):
        ForeignCollection(Access(url=url))


def test_a_file_of_that_name_stays(foreign: Foreign, tmp_path: Path) -> None:
    batches = Batches(tmp_path / "home", foreign.url)
    foreign.answer = pages_of(["a"])
    pulled(batches, foreign, tmp_path)
    (file,) = tmp_path.glob("batch-*")
    batches.forget()
    file.rename(file.with_name(file.name.replace("000001", "000002")))
    with pytest.raises(ExportRefused, match="exists"):
        pulled(batches, foreign, tmp_path)
