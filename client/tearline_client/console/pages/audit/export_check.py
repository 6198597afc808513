"""Verification of an export that a person uploads: the archive, or its two files side by side."""

import asyncio
import io
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack

from starlette.responses import Response

from tearline.encoding import parse_hex
from tearline.errors import MalformedInput, TearlineError
from tearline.limits import MAX_CONSOLE_EXPORT_BYTES, MAX_CONSOLE_UNPACKED_BYTES
from tearline.statements.statement import HASH_SIZE
from tearline_client.audit.export_verifier import BEGIN, SUFFIX, ExportJudgement, judge_export
from tearline_client.console.multipart import SentFile
from tearline_client.console.pages.audit.tabs import rendered
from tearline_client.console.pages.audit.words import PROOFS, role_words
from tearline_client.console.visit import Visit, status_of
from tearline_client.documents import faults
from tearline_client.rendering.words import agency_name

_ARCHIVE = b"PK\x03\x04"
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_MAX_MANIFEST_BYTES = 1 << 20


async def page(visit: Visit) -> Response:
    """Shows the form for an export."""
    return _shown(visit, visit.node.directory.federation().hex())


async def verify(visit: Visit) -> Response:
    """Verifies an uploaded export; the files are not kept, and no partner is notified."""
    federation = visit.node.directory.federation().hex()
    try:
        form = await visit.form(files=True, most_bytes=MAX_CONSOLE_EXPORT_BYTES)
        federation = form.text("federation").strip().lower()
        anchor = parse_hex(federation, size=HASH_SIZE)
        # In a thread: it verifies bytes alone, without the node's store.
        judged = await asyncio.to_thread(_judge, form.files("export"), anchor)
    except TearlineError as error:
        return _shown(visit, federation, refused=error)
    return _shown(visit, federation, judged)


def _judge(files: Sequence[SentFile], federation: bytes) -> ExportJudgement:
    """Returns the result for an archive, or for a manifest beside its file or alone.

    Raises:
        MalformedInput: If the files are neither.
    """
    if len(files) == 1 and files[0].content.startswith(_ARCHIVE):
        return _judge_archive(files[0].content, federation)
    manifests = [each.content for each in files if each.content.startswith(BEGIN.encode())]
    others = [each.content for each in files if not each.content.startswith(BEGIN.encode())]
    if len(manifests) != 1 or len(others) > 1:
        raise MalformedInput("choose the archive, or the export and its manifest")
    return judge_export(manifests[0], io.BytesIO(others[0]) if others else None, federation)


def _judge_archive(data: bytes, federation: bytes) -> ExportJudgement:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, ExitStack() as stack:
            members = archive.infolist()
            manifests = [each for each in members if each.filename.endswith(SUFFIX)]
            others = [each for each in members if not each.filename.endswith(SUFFIX)]
            if len(manifests) != 1 or len(others) != 1:
                raise MalformedInput("the archive holds no export with its manifest")
            # Other methods, such as LZMA, let a file demand gigabytes of memory to unpack it.
            if not {each.compress_type for each in members} <= _METHODS:
                raise MalformedInput("the archive is packed by another method than Deflate")
            if others[0].file_size > MAX_CONSOLE_UNPACKED_BYTES:
                raise MalformedInput("its export is too large for a page: `tearline audit verify`")
            if manifests[0].file_size > _MAX_MANIFEST_BYTES:
                raise MalformedInput("its manifest is too large")
            # A member yields as many bytes as its size states, and no more.
            manifest = archive.read(manifests[0])
            return judge_export(
                manifest,
                stack.enter_context(archive.open(others[0])),  # type: ignore[arg-type]
                federation,
            )
    except faults.ARCHIVE as error:
        raise MalformedInput(f"the archive cannot be read: {type(error).__name__}") from None


def _shown(
    visit: Visit,
    federation: str,
    judged: ExportJudgement | None = None,
    refused: TearlineError | None = None,
) -> Response:
    export = None if judged is None else judged.export
    values = {
        "federation": federation,
        "is_ours": federation == visit.node.directory.federation().hex(),
        "judged": judged,
        "outcome": "" if judged is None else PROOFS[judged.outcome],
        "actor": ""
        if export is None
        else agency_name(visit.node.directory.members(), export.header.signer),
        "role": "" if export is None else role_words(export.acted_by.role),
        "most_mib": MAX_CONSOLE_EXPORT_BYTES >> 20,
        "refused": refused,
    }
    response = rendered(visit, "export_check.html", values)
    response.status_code = status_of(refused)
    return response
