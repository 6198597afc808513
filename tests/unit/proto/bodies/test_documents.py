"""Which files travel, how a type is borne out, and what a partner's file may be called here."""

import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from tearline.blobs.description import BLOB
from tearline.bodies.documents import TYPES, judge_document, media_type_of, plain_file_name
from tearline.bodies.registry import judge_body
from tearline.errors import DocumentRefused
from tearline.limits import MAX_FIELD_BYTES
from tearline.packets.packet import TEXT, Field, PacketKind
from tearline.policy.form import Form
from tearline.policy.profile import marking_of
from tearline_client.connectors.exporters.files import verify_file_name

FILE = f"{'0f' * 16}/Document/file"
TYPES_BY_SUFFIX = {each.suffixes[0]: each.media_type for each in TYPES}


def office(folder: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/main.xml", "<main/>")
    return stream.getvalue()


FILES = {
    "a.pdf": b"%PDF-1.7\n%\xe2\xe3",
    "a.png": b"\x89PNG\r\n\x1a\nIHDR",
    "a.jpg": b"\xff\xd8\xff\xe0JFIF",
    "a.jpeg": b"\xff\xd8\xff\xe1Exif",
    "a.txt": "Ficha técnica, 裘文昊".encode(),
    "a.csv": b"name,amount\r\nQiu,5\r\n",
    "a.xlsx": office("xl"),
    "a.docx": office("word"),
    "a.eml": b"From: ana@example.org\r\nSubject: x\r\n\r\nHola",
}


def field(content: bytes, media_type: str, path: str = FILE) -> Field:
    return Field(path=path, media_type=media_type, values=(content,), marking=marking_of(path))


def told(of: Field) -> list[str]:
    return [problem.why for problem in judge_body(PacketKind.RECORD_ANSWER, [of])]


@each_case("name", FILES)
def test_a_file_of_each_type_travels_and_is_what_it_says(name: str) -> None:
    media_type = media_type_of(name.upper(), FILES[name])
    assert media_type == media_type_of(name, FILES[name]) != TEXT
    assert told(field(FILES[name], media_type)) == []


@each_case("name", FILES)
def test_a_file_that_is_another_type_than_its_name_says_is_refused(name: str) -> None:
    with pytest.raises(DocumentRefused, match="its content is not"):
        media_type_of(name, b"MZ\x90\x00\x03")
    media_type = media_type_of(name, FILES[name])
    assert told(field(b"MZ\x90\x00\x03", media_type)) == [f"its content is not {media_type}"]


@pytest.mark.parametrize("name", ["a.exe", "a.html", "a.svg", "a.xlsm", "a", ".pdf", "a.pdf.zip"])
def test_no_other_type_travels(name: str) -> None:
    with pytest.raises(DocumentRefused, match="its name ends in none of"):
        media_type_of(name, FILES["a.pdf"])


@pytest.mark.parametrize("size", [0, MAX_FIELD_BYTES + 1])
def test_a_document_has_a_byte_and_no_more_than_a_field_holds(size: int) -> None:
    with pytest.raises(DocumentRefused, match=f"{size} bytes"):
        media_type_of("a.txt", b"a" * size)
    assert media_type_of("a.txt", b"a" * MAX_FIELD_BYTES)


def test_a_partner_s_document_of_another_type_or_in_another_place_is_a_problem() -> None:
    assert told(field(b"MZ", "application/x-msdownload")) == [
        "a document of a type that does not travel"
    ]
    assert told(field(b"text", TEXT)) == ["a document of a type that does not travel"]
    elsewhere = field(FILES["a.pdf"], "application/pdf", f"{'0f' * 16}/Person/name")
    assert told(elsewhere) == ["a document stands under Document/file alone"]
    two = Field(
        path=FILE,
        media_type="application/pdf",
        values=(FILES["a.pdf"], FILES["a.pdf"]),
        marking=marking_of(FILE),
    )
    assert [problem.why for problem in judge_document(two)] == ["one file is expected, not several"]


@pytest.mark.parametrize("media_type", ["application/pdf", "application/x-msdownload", BLOB])
def test_a_document_has_no_coarser_form(media_type: str) -> None:
    coarse = replace(field(FILES["a.pdf"], media_type), form=Form.GENERALISED, mask="year")
    assert told(coarse) == ["a document has no coarser form"]


@each_case(
    ("name", "plain"),
    [
        ("report.pdf", "report.pdf"),
        ("Ficha técnica (1).PDF", "Ficha técnica (1).PDF"),
        ("裘文昊.pdf", "裘文昊.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Windows\\system.ini", "system.ini.pdf"),
        ("report.pdf.exe", "report.pdf.exe.pdf"),
        ("report\u202efdp.exe", "report_fdp.exe.pdf"),
        ("con.pdf", "document-con.pdf"),
        (".bashrc", "bashrc.pdf"),
        ("-rf.pdf", "rf.pdf"),
        ("a..b.pdf", "a.b.pdf"),
        ("", "document.pdf"),
        ("...", "document.pdf"),
    ],
)
def test_a_name_is_made_plain(name: str, plain: str) -> None:
    assert plain_file_name(name, "application/pdf") == plain


@given(st.text(max_size=300), st.sampled_from(sorted(TYPES_BY_SUFFIX)))
def test_whatever_a_partner_calls_a_file_its_name_here_is_plain(name: str, suffix: str) -> None:
    plain = plain_file_name(name, TYPES_BY_SUFFIX[suffix])
    assert verify_file_name(plain) == plain
    assert plain.lower().endswith((suffix, ".jpeg"))


def test_a_type_that_does_not_travel_has_no_name() -> None:
    with pytest.raises(DocumentRefused):
        plain_file_name("a.exe", "application/x-msdownload")
