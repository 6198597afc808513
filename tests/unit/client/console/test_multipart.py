"""Forms with files: as browsers write them, and every other spelling is refused."""

from collections.abc import Callable

import pytest

from support.cases import each_case
from support.costs import MOST, growth
from tearline.errors import FormRefused
from tearline.limits import MAX_CONSOLE_FIELDS, MAX_CONSOLE_FILES
from tearline_client.console.multipart import BoundedBody, boundary_of, parse_multipart

BOUNDARY = b"----WebKitFormBoundaryAb1"


def part(head: str, content: bytes = b"x") -> bytes:
    return b"--" + BOUNDARY + b"\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


TEXT = 'Content-Disposition: form-data; name="a"'
FILE = 'Content-Disposition: form-data; name="f"; filename="b.pdf"'
TYPE = "\r\nContent-Type: application/pdf"


def test_texts_and_files_come_in_their_order_byte_for_byte() -> None:
    content = bytes(range(256)) + b"\r\n--\r\n" + BOUNDARY + b"\r\n\r\n"
    data = body(part(TEXT, "é\r\nü".encode()), part(FILE + TYPE, content), part(TEXT, b""))
    texts, files = parse_multipart(data, BOUNDARY)
    assert texts == [("a", "é\nü"), ("a", "")]
    ((name, file),) = files
    assert (name, file.name, file.content) == ("f", "b.pdf", content)


def test_names_are_read_as_browsers_escape_them() -> None:
    head = 'Content-Disposition: form-data; name="a%22b"; filename="x%0D%0A%22; name=\\.pdf%"'
    _, ((name, file),) = parse_multipart(body(part(head)), BOUNDARY)
    assert (name, file.name) == ('a"b', 'x\r\n"; name=\\.pdf%')


def test_a_field_without_a_chosen_file_is_left_out() -> None:
    head = 'Content-Disposition: form-data; name="f"; filename=""'
    nothing = "\r\nContent-Type: application/octet-stream"
    assert parse_multipart(body(part(head + nothing, b"")), BOUNDARY) == ([], [])
    assert parse_multipart(body(), BOUNDARY) == ([], [])


@each_case(
    "data",
    [
        b"",
        b"--",
        b"a" + body(part(TEXT)),
        body(part(TEXT))[:-2],
        body(part(TEXT))[:-4],
        body(part(TEXT)) + b"\r\n",
        body(part(TEXT)) + body(part(TEXT)),
        body(part(TEXT)).replace(b"\r\n", b"\n"),
        body(part("")),
        body(part("Content-Type: text/plain")),
        body(part(TEXT + TYPE + TYPE)),
        body(part(TEXT + "\r\nContent-Transfer-Encoding: base64")),
        body(part("X: y\r\n" + TEXT)),
        body(part(TEXT.replace("form-data", "attachment"))),
        body(part(TEXT + "; name=b")),
        body(part(TEXT + '; filename*="b"')),
        body(part(TEXT.replace('"a"', "a"))),
        body(part(TEXT, b"\xff\xfe")),
        body(part(TEXT.replace("a", "a" * 3000))),
        body(b"--" + BOUNDARY + b"x" + part(TEXT)[len(BOUNDARY) + 2 :]),
        body(*[part(TEXT)] * (MAX_CONSOLE_FIELDS + 1)),
        body(*[part(FILE)] * (MAX_CONSOLE_FILES + 1)),
    ],
)
def test_any_other_body_is_refused(data: bytes) -> None:
    with pytest.raises(FormRefused):
        parse_multipart(data, BOUNDARY)


def test_as_many_parts_as_a_form_may_have_are_read() -> None:
    texts, _ = parse_multipart(body(*[part(TEXT)] * MAX_CONSOLE_FIELDS), BOUNDARY)
    assert len(texts) == MAX_CONSOLE_FIELDS


@pytest.mark.parametrize("quote", ["", '"'])
def test_the_boundary_is_that_of_the_type(quote: str) -> None:
    header = f"multipart/form-data; boundary={quote}{BOUNDARY.decode()}{quote}"
    assert boundary_of(header) == BOUNDARY


@pytest.mark.parametrize(
    "header",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=a b",
     "multipart/mixed; boundary=x", f"multipart/form-data; boundary={'x' * 71}",
     "multipart/form-data; boundary=x; boundary=y"],
)  # fmt: skip
def test_a_type_without_one_boundary_is_refused(header: str) -> None:
    with pytest.raises(FormRefused):
        boundary_of(header)


def heads(number: int) -> Callable[[], object]:
    """A body over its bound with heads of files alone, none of which ends."""
    data = b'\r\n--b\r\nContent-Disposition: form-data; name=""; filename="' * number

    def read() -> None:
        with pytest.raises(FormRefused, match="larger"):
            BoundedBody(b"b", 100).add(data)

    return read


def pieces(number: int) -> Callable[[], object]:
    """A file of many pieces, with texts in front of it that all but reach the bound."""
    text = b"--b\r\n" + TEXT.encode() + b"\r\n\r\n" + b"x" * (100 * number) + b"\r\n"
    file = b"--b\r\n" + FILE.encode() + b"\r\n\r\n"

    def read() -> None:
        body = BoundedBody(b"b", len(text) + len(file) + 20)
        body.add(text + file)
        for _ in range(number):
            body.add(b"y" * 40)
        assert body.is_cut

    return read


@pytest.mark.parametrize("make", [heads, pieces])
def test_a_body_over_its_bound_takes_time_by_its_size(
    make: Callable[[int], Callable[[], object]],
) -> None:
    assert growth(make, 60) <= MOST
