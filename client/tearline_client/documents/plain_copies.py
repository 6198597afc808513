"""Copies of documents without metadata; the contents that a reader sees stay.

Of Office Open XML, the properties, the thumbnail and the metadata of pictures go. Comments, tracked
changes and hidden parts are contents, and stay.
"""

import io
import re
import zipfile

from tearline.errors import DocumentRefused
from tearline_client.documents import faults
from tearline_client.documents.collected_text import MAX_UNPACKED_BYTES
from tearline_client.documents.images import JPEG, PNG, without_image_metadata

_PROPERTIES = {
    "docprops/core.xml": '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/'
    '2006/metadata/core-properties"/>',
    "docprops/app.xml": '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
    'extended-properties"/>',
    "docprops/custom.xml": '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/'
    '2006/custom-properties"/>',
}
"""Parts with properties, and each without any: relationships to it stay valid."""
_THUMBNAIL = re.compile(rb"<Relationship\b[^<>]*/thumbnail\"[^<>]*/>")
_RELATIONSHIPS = "_rels/.rels"


def without_metadata(media_type: str, content: bytes) -> bytes:
    """Returns a document without its metadata.

    Raises:
        DocumentRefused: If the type has none that can be removed, or the document is damaged.
    """
    try:
        if media_type.startswith("image/"):
            return without_image_metadata(content)
        if "officedocument" in media_type:
            return _plain_office(content)
        if media_type == "application/pdf":
            from tearline_client.documents.pdf import without_pdf_metadata

            return without_pdf_metadata(content)
    except faults.ARCHIVE as error:
        raise DocumentRefused(f"its metadata cannot be removed: {error}") from None
    raise DocumentRefused(f"metadata is not removed from {media_type}")


def _plain_office(content: bytes) -> bytes:
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as plain,
    ):
        parts = archive.infolist()
        if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise ValueError("it is too large")
        for part in parts:
            name = part.filename
            if name.lower().startswith("docprops/thumbnail"):
                continue
            data = archive.read(part)
            if name == _RELATIONSHIPS:
                data = _THUMBNAIL.sub(b"", data)
            if data.startswith((JPEG, PNG)):
                data = without_image_metadata(data)
            data = _PROPERTIES.get(name.lower(), "").encode() or data
            plain.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # without its time
    return written.getvalue()
