"""Documents made to exhaust their reader, to break it, or to hide a part of themselves."""

import io
import random
import struct
import zipfile
import zlib
from decimal import Decimal

import pytest

from support.cases import each_case
from support.documents import (
    DOCX,
    EML,
    FORMATS,
    JPEG,
    PDF,
    PNG,
    TXT,
    XLSX,
    archive,
    docx,
    eml,
    exif,
    jpeg,
    pages,
    pdf,
    png,
)
from tearline.blobs.description import BLOB
from tearline_client.documents.collected_text import (
    MAX_SEARCHED_CHARACTERS,
    MAX_UNPACKED_BYTES,
    Gap,
)
from tearline_client.documents.reader import document_text


def gaps(media_type: str, content: bytes) -> tuple[Gap, ...]:
    return document_text(media_type, content).gaps


def nested(depth: int) -> bytes:
    content = docx("x")
    for _ in range(depth):
        content = archive({"word/x.docx": content})
    return content


def letter_of_parts(number: int) -> bytes:
    part = b"--a\nContent-Type: multipart/mixed; boundary=a\n\n"
    return b"A: b\nContent-Type: multipart/mixed; boundary=a\n\n" + part * number


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        pytest.param(DOCX, archive({"word/a.xml": bytes(MAX_UNPACKED_BYTES + 1)}), id="unpacked"),
        pytest.param(DOCX, archive({f"word/{n}.xml": "<a/>" for n in range(1025)}), id="parts"),
        pytest.param(DOCX, nested(6), id="depth"),
        pytest.param(DOCX, archive({"word/a.xml": b"<a>" + b"<b/>" * (1 << 19)}), id="elements"),
        pytest.param(
            DOCX,
            archive({f"{n}.xml": b"<a>" + b"<b/>" * (1 << 17) + b"</a>" for n in range(5)}),
            id="elements of all parts",
        ),
        pytest.param(EML, letter_of_parts(1000), id="letters in letters"),
        pytest.param(EML, b"A: " + b"=?utf-8?q?a?= " * 2000 + b"\n\nx", id="encoded words"),
        pytest.param(EML, b"Content-Type: text/plain" + b"; a*0*=x" * 3000, id="parameters"),
        pytest.param(TXT, b"<!--" * (1 << 18), id="comments"),
        pytest.param(BLOB, b"", id="a large document"),
    ],
)
def test_a_document_that_is_too_large_is_asked_about(media_type: str, content: bytes) -> None:
    assert gaps(media_type, content) == (Gap.TOO_LARGE,)


@pytest.mark.parametrize("tag", [0x8769, 0x8825])
def test_tags_of_a_picture_are_bounded(tag: int) -> None:
    """Each tag of the first folder refers to the same second one, of long blank texts."""
    tags = 64
    second = 8 + 2 + 12 * tags + 4
    blank = second + 2 + 12 * tags + 4
    tiff = b"II*\0" + struct.pack("<IH", 8, tags) + struct.pack("<HHII", tag, 4, 1, second) * tags
    tiff += struct.pack("<IH", 0, tags) + struct.pack("<HHII", 1, 2, 9999, blank) * tags
    chunk = (b"eXIf", tiff + struct.pack("<I", 0) + b" " * 9999)
    assert gaps(PNG, png(*[chunk] * 20)) == (Gap.IMAGE, Gap.TOO_LARGE)


def test_blank_texts_of_a_picture_are_bounded() -> None:
    chunk = (b"zTXt", b"\0\0" + zlib.compress(b" " * (1 << 16)))
    assert gaps(PNG, png(*[chunk] * 300)) == (Gap.IMAGE, Gap.TOO_LARGE)


def test_contents_of_pages_are_bounded() -> None:
    assert gaps(PDF, pages(2, b"1 " * (1 << 18))) == (Gap.SCAN,)
    assert gaps(PDF, pages(20, b"1 " * (1 << 18))) == (Gap.SCAN, Gap.TOO_LARGE)


@pytest.mark.parametrize("number", ["1" * 30 + ".5", "1e99", "-1E+30"])
def test_a_number_that_no_cell_shows_is_read(number: str) -> None:
    sheet = f"<worksheet><v>{number}</v></worksheet>"
    read = document_text(XLSX, archive({"xl/worksheets/sheet1.xml": sheet}))
    assert f"{Decimal(number):.2f}" in read.text
    assert not read.gaps


def test_the_text_is_bounded() -> None:
    read = document_text(TXT, b"a" * (MAX_SEARCHED_CHARACTERS + 1))
    assert read.gaps == (Gap.TOO_LARGE,)
    assert len(read.text) <= MAX_SEARCHED_CHARACTERS


@each_case(
    ("media_type", "content", "gap"),
    [
        (DOCX, archive({"word/a.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}), Gap.DAMAGED),
        (DOCX, archive({"word/a.xml": "<a>"}), Gap.DAMAGED),
        (DOCX, archive({"word/media/1.png": png()}), Gap.IMAGE),
        (DOCX, archive({"word/embeddings/1.bin": b"\xd0\xcf\x11\xe0"}), Gap.UNKNOWN),
        (DOCX, b"PK\x03\x04[Content_Types].xml word/", Gap.DAMAGED),
        (TXT, b"{\\rtf1 x}", Gap.UNKNOWN),
        (TXT, b"-----BEGIN PGP MESSAGE-----", Gap.UNKNOWN),
        (PDF, b"%PDF-1.7 nothing", Gap.DAMAGED),
        (PDF, pdf(""), Gap.SCAN),
        (PDF, pdf("x") + pdf("y"), Gap.HISTORY),
        (PDF, pdf("x") + bytes(100), Gap.UNKNOWN),
        (PDF, pdf("x", objects=(b"<< /Type /XObject /Subtype /Image >>",)), Gap.IMAGE),
        (PDF, pdf("x").replace(b"/ToUnicode", b"/Tounicode"), Gap.SCAN),
        (TXT, b"paid \x1b$B5b\x1b(B", Gap.UNKNOWN),
        (EML, b"Content-Type: text/plain; charset=us-ascii\n\n\xe8\xa3\x98", Gap.UNKNOWN),
        (EML, b"Subject: \xe8\n\nx", Gap.UNKNOWN),
        (EML, b"Subject: =?us-ascii?q?=E8=A3=98?=\n\nx", Gap.DAMAGED),
        (
            EML,
            b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogYQoK",
            Gap.UNKNOWN,
        ),
    ],
)
def test_a_part_that_cannot_be_searched_is_a_gap(media_type: str, content: bytes, gap: Gap) -> None:
    assert gap in gaps(media_type, content)


def test_a_part_in_an_unusual_packing_is_a_gap() -> None:
    stream = io.BytesIO(docx("x"))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_BZIP2) as made:
        made.writestr("word/b.xml", "<a>Lu Jing</a>")
    assert gaps(DOCX, stream.getvalue()) == (Gap.UNKNOWN,)


def test_damaged_documents_end_in_gaps_and_never_in_an_error() -> None:
    chance = random.Random(20_260_302)
    seeds = [(kind, make("paid Lu Jing 1847250")) for kind, make in FORMATS.values()]
    seeds += [(JPEG, jpeg((0xE1, exif()))), (PNG, png((b"tEXt", b"a\0b"))), (EML, eml("x"))]
    for _ in range(600):
        media_type, content = chance.choice(seeds)
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        document_text(media_type, bytes(damaged[: chance.randint(1, len(damaged))]))
