"""Metadata of documents: listed, and removed on request; the contents stay."""

import io
import struct
import zipfile

import pytest

from support.documents import (
    CSV,
    DOCX,
    EML,
    JPEG,
    PDF,
    PNG,
    XLSX,
    archive,
    docx,
    eml,
    exif,
    jpeg,
    pdf,
    png,
    xlsx,
)
from tearline.errors import DocumentRefused
from tearline_client.documents.collected_text import Trace, TraceKind
from tearline_client.documents.plain_copies import without_metadata
from tearline_client.documents.reader import document_text

CORE = "<core xmlns:dc='d'><dc:creator>Ana Ruiz</dc:creator></core>"
RELATIONSHIPS = (
    '<Relationships><Relationship Id="1" Type="http://x/metadata/thumbnail"'
    ' Target="docProps/thumbnail.jpeg"/><Relationship Id="2" Type="http://x/officeDocument"'
    ' Target="word/document.xml"/></Relationships>'
)
CAMERA = (0xE1, exif())


def traces(media_type: str, content: bytes) -> set[tuple[TraceKind, str]]:
    return {(each.kind, each.value) for each in document_text(media_type, content).traces}


def test_a_photograph_lists_its_camera_place_and_thumbnail() -> None:
    assert traces(JPEG, jpeg(CAMERA, (0xFE, b"by Ana"))) == {
        (TraceKind.DEVICE, "Camera One"),
        (TraceKind.LOCATION, "19.00000, -99.00000"),
        (TraceKind.THUMBNAIL, ""),
        (TraceKind.COMMENT, "by Ana"),
    }
    assert "Camera One" in document_text(JPEG, jpeg(CAMERA)).text


def test_a_picture_lists_its_texts() -> None:
    assert traces(PNG, png((b"tEXt", b"Author\0Ana"))) == {(TraceKind.COMMENT, "tEXt")}


def test_a_letter_lists_authors_comments_changes_and_hidden_text() -> None:
    content = docx(
        "x",
        docProps__core_xml=CORE,
        word__comments_xml="<w:comments xmlns:w='w'><w:comment w:author='Li Bo'/></w:comments>",
        word__header1_xml="<w:hdr xmlns:w='w'><w:del w:author='Eva'/><w:vanish/></w:hdr>",
    )
    assert {(TraceKind.AUTHOR, "Ana Ruiz"), (TraceKind.CHANGE, "word/header1.xml")} <= traces(
        DOCX, content
    )
    assert {kind for kind, _ in traces(DOCX, content)} == {
        TraceKind.AUTHOR,
        TraceKind.COMMENT,
        TraceKind.CHANGE,
        TraceKind.HIDDEN,
    }


def test_a_workbook_lists_its_hidden_sheets() -> None:
    book = "<workbook><sheets><sheet name='Sources' state='veryHidden'/></sheets></workbook>"
    assert (TraceKind.HIDDEN, "sheet") in traces(XLSX, xlsx("x", xl__workbook_xml=book))


def test_a_message_lists_its_sender() -> None:
    assert traces(EML, eml("x")) == {(TraceKind.AUTHOR, "ana@example.org")}


def test_a_pdf_lists_its_author() -> None:
    assert traces(PDF, pdf("x", info="Ana Ruiz")) == {(TraceKind.AUTHOR, "Ana Ruiz")}


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        (JPEG, jpeg(CAMERA, (0xFE, b"by Ana"), (0xED, b"IPTC"))),
        (JPEG, jpeg(CAMERA) + jpeg(CAMERA)),  # a second picture behind the first
        (PNG, png((b"tEXt", b"Author\0Ana"), (b"eXIf", exif()[6:]))),
        (PDF, pdf("x", info="Ana Ruiz")),
        (DOCX, docx("x", docProps__core_xml=CORE, _rels___rels_xml="<a/>")),
    ],
)
def test_removed_metadata_is_gone(media_type: str, content: bytes) -> None:
    plain = without_metadata(media_type, content)
    assert b"Camera" not in plain
    assert b"Ana" not in plain
    left = document_text(media_type, plain)
    assert {each.kind for each in left.traces} <= {TraceKind.DEVICE}  # pypdf names itself
    assert left.gaps == document_text(media_type, content).gaps
    assert without_metadata(media_type, plain)  # still whole


def test_a_letter_keeps_its_parts() -> None:
    content = archive(
        {
            "word/document.xml": "<a/>",
            "docProps/core.xml": CORE,
            "docProps/thumbnail.jpeg": jpeg(CAMERA),
            "word/media/image1.jpeg": jpeg(CAMERA),
            "_rels/.rels": RELATIONSHIPS,
        }
    )
    with zipfile.ZipFile(io.BytesIO(without_metadata(DOCX, content))) as plain:
        assert set(plain.namelist()) == {
            "[Content_Types].xml",
            "word/document.xml",
            "docProps/core.xml",
            "word/media/image1.jpeg",
            "_rels/.rels",
        }
        assert plain.read("word/media/image1.jpeg") == jpeg()
        assert b"thumbnail" not in plain.read("_rels/.rels")
        assert b"officeDocument" in plain.read("_rels/.rels")


def test_an_image_keeps_its_picture() -> None:
    plain = without_metadata(JPEG, jpeg(CAMERA))
    assert plain == jpeg()
    assert without_metadata(PNG, png((b"tIME", bytes(7)))) == png()


@pytest.mark.parametrize(
    ("media_type", "content"),
    [(CSV, b"a,b"), (EML, eml("x")), (JPEG, jpeg()[:12]), (PNG, png()[:20]), (PDF, b"%PDF-"),
     (DOCX, b"PK\x03\x04")],
)  # fmt: skip
def test_what_cannot_be_removed_is_refused(media_type: str, content: bytes) -> None:
    with pytest.raises(DocumentRefused):
        without_metadata(media_type, content)


def test_a_camera_s_segment_that_is_damaged_is_a_gap() -> None:
    for damaged in (b"Exif\0\0II*\0" + struct.pack("<IH", 8, 60_000), b"Exif\0\0XX"):
        assert document_text(JPEG, jpeg((0xE1, damaged))).gaps
    assert Trace(kind=TraceKind.LOCATION) not in document_text(JPEG, jpeg()).traces
