"""An export of a search: all its entries and their signed manifest, in one archive."""

import asyncio
import io

from starlette.responses import Response

from tearline.audit.export import ExportFormat
from tearline.errors import ExportRefused
from tearline.limits import MAX_CONSOLE_EXPORT_ENTRIES
from tearline_client.audit.export_verifier import SUFFIX
from tearline_client.console.downloads import archive, download_file
from tearline_client.console.pages.audit.filters import LogFilter
from tearline_client.console.visit import Visit
from tearline_client.planning.sealed_file import sealed_file

_NAME = "audit-export"


async def export(visit: Visit) -> Response:
    """Returns all entries that match, with the manifest; itself an entry of the log.

    `tearline audit verify` verifies the two files, once they are unpacked side by side.
    """
    form = await visit.form()
    wanted = LogFilter.of(form.text)
    try:
        kind = ExportFormat(form.text("format"))
    except ValueError:
        raise ExportRefused("the format is jsonl or csv") from None
    with sealed_file(ExportRefused) as rows:
        made = await visit.node.audit.export(
            wanted.query(visit.node),
            rows,
            kind,
            person=visit.person,
            most=MAX_CONSOLE_EXPORT_ENTRIES,
        )
        name = f"{_NAME}.{kind}"
        manifest = io.BytesIO(made.manifest.encode("ascii"))
        # It reads no store: compressing has a thread of its own.
        packed = await asyncio.to_thread(archive, [(name, rows), (name + SUFFIX, manifest)])
    return download_file(f"{_NAME}.zip", "application/zip", packed)
