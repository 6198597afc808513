"""Documents of the types that travel, made of a text by hand: each a few hundred bytes."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from xml.sax.saxutils import escape

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
TXT, CSV, EML = "text/plain; charset=utf-8", "text/csv", "message/rfc822"
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{_OFFICE}.wordprocessingml.document"
XLSX = f"{_OFFICE}.spreadsheetml.sheet"
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_CORE = (
    '<cp:coreProperties xmlns:cp="cp" xmlns:dc="dc"><dc:creator>Ana Ruiz</dc:creator>'
    "</cp:coreProperties>"
)


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        for name, content in parts.items():
            made.writestr(name, content)
    return stream.getvalue()


def docx(text: str, **parts: str | bytes) -> bytes:
    """A letter whose text is divided into runs of three letters, as editing leaves it."""
    runs = "".join(
        f"<w:r><w:rPr><w:b/></w:rPr><w:t>{escape(text[at : at + 3])}</w:t></w:r>"
        for at in range(0, len(text), 3)
    )
    body = f"<w:document {_W}><w:body><w:p>{runs}</w:p></w:body></w:document>"
    others = {name.replace("__", "/").replace("_xml", ".xml"): each for name, each in parts.items()}
    return archive({"word/document.xml": body, **others})


def xlsx(text: str, **parts: str | bytes) -> bytes:
    """A workbook with the text in its shared strings."""
    strings = f"<sst {_S}><si><r><t>{escape(text)}</t></r></si></sst>"
    sheet = f'<worksheet {_S}><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>'
    others = {name.replace("__", "/").replace("_xml", ".xml"): each for name, each in parts.items()}
    return archive({"xl/sharedStrings.xml": strings, "xl/worksheets/sheet1.xml": sheet, **others})


def pdf(text: str, *, info: str = "", objects: tuple[bytes, ...] = ()) -> bytes:
    """A page with the text, by a font that states its characters."""
    shown = text.encode("utf-16-be").hex()
    page = zlib.compress(f"BT /F 12 Tf 20 700 Td <{shown}> Tj ET".encode())
    codes = sorted({each.encode("utf-16-be").hex() for each in text})
    stated = "\n".join(f"<{code}> <{code}>" for code in codes)
    cmap = zlib.compress(
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        + f"{len(codes)} beginbfchar\n{stated}\nendbfchar".encode()
    )
    made = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        b" /Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H"
        b" /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /F /CIDSystemInfo"
        b" << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 500 >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(cmap), cmap),
        f"<< /Author ({info}) >>".encode(),
        *objects,
    ]
    return _pdf_of(made)


def pages(count: int, contents: bytes) -> bytes:
    """A PDF whose pages share their contents."""
    packed = zlib.compress(contents)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 3 0 R /Resources << >> >>"
    kids = b" ".join(b"%d 0 R" % number for number in range(4, 4 + count))
    made = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        *[page] * count,
    ]
    return _pdf_of(made)


def _pdf_of(made: Sequence[bytes]) -> bytes:
    data, places = b"%PDF-1.7\n", []
    for number, each in enumerate(made, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(data)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(made) + 1, rows)
    info = b" /Info 8 0 R" if len(made) > 7 else b""
    data += b"trailer << /Size %d /Root 1 0 R%s >>\n" % (len(made) + 1, info)
    return data + b"startxref\n%d\n%%%%EOF\n" % start


def eml(text: str) -> bytes:
    """A letter in quoted-printable."""
    return _letter(text, "quoted-printable")


def eml_html(text: str) -> bytes:
    """A letter in HTML and base64; each third letter is marked, as an editor leaves it."""
    marked = "".join(
        f"<b>&#{ord(each)};</b>" if n % 3 == 0 else each for n, each in enumerate(text)
    )
    message = EmailMessage()
    message["From"] = "ana@example.org"
    message.set_content("see below")
    message.add_alternative(f"<p>{marked}</p>", subtype="html", cte="base64")
    return bytes(message)


def eml_attached(text: str) -> bytes:
    """A letter with a letter attached, to which a DOCX is attached."""
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("attached")
    inner.add_attachment(docx(text), maintype="application", subtype="octet-stream", filename="a")
    outer = EmailMessage()
    outer["From"] = "ana@example.org"
    outer.set_content("attached")
    outer.add_attachment(inner)
    return bytes(outer)


def _letter(text: str, encoding: str) -> bytes:
    message = EmailMessage()
    message["From"] = "ana@example.org"
    message.set_content(text, cte=encoding)
    return bytes(message)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """One black pixel, with further chunks."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), *chunks]
    parts += [(b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")]
    made = b"\x89PNG\r\n\x1a\n"
    for name, content in parts:
        checksum = zlib.crc32(name + content).to_bytes(4, "big")
        made += struct.pack(">I4s", len(content), name) + content + checksum
    return made


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """The frame of an image, with further segments."""
    made = b"\xff\xd8" + _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    made += b"".join(_segment(marker, content) for marker, content in segments)
    return made + _segment(0xDB, bytes(65)) + b"\xff\xda\0\x08\1\1\0\0?\0\x12\xff\0\x34\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def exif(*, maker: str = "Camera One", latitude: int = 19, longitude: int = 99) -> bytes:
    """A camera's segment with its maker, a place and a thumbnail."""
    name = maker.encode() + b"\0"
    main, gps, texts = 8, 8 + 2 + 24 + 4, 8 + 2 + 24 + 4 + 2 + 48 + 4
    places = texts + len(name)
    tiff = b"II*\0" + struct.pack("<IH", main, 2)
    tiff += struct.pack("<HHII", 0x010F, 2, len(name), texts)
    tiff += struct.pack("<HHII", 0x8825, 4, 1, gps) + struct.pack("<I", main)
    tiff += struct.pack("<H", 4)
    tiff += struct.pack("<HHI4s", 1, 2, 2, b"N\0\0\0") + struct.pack("<HHII", 2, 5, 3, places)
    tiff += struct.pack("<HHI4s", 3, 2, 2, b"W\0\0\0") + struct.pack("<HHII", 4, 5, 3, places + 24)
    tiff += struct.pack("<I", 0) + name
    tiff += struct.pack("<6I", latitude, 1, 0, 1, 0, 1) + struct.pack(
        "<6I", longitude, 1, 0, 1, 0, 1
    )
    return b"Exif\0\0" + tiff


def csv(text: str) -> bytes:
    return f'id,text\n1,"{text}"\n'.encode()


FORMATS: Mapping[str, tuple[str, Callable[[str], bytes]]] = {
    "txt": (TXT, str.encode),
    "csv": (CSV, csv),
    "docx": (DOCX, docx),
    "xlsx": (XLSX, xlsx),
    "pdf": (PDF, pdf),
    "eml": (EML, eml),
    "eml with html": (EML, eml_html),
    "eml with eml with docx": (EML, eml_attached),
}
"""Formats that are searched."""
