"""An uploaded export of the log is verified, with the sentences of the command."""

import io
import zipfile
from typing import Any

import pytest

from support.simulation import Simulation
from tearline.limits import MAX_CONSOLE_EXPORT_BYTES
from tearline_client.audit.bounded_findings import MAX_FINDINGS
from tearline_client.audit.export_verifier import judge_export
from tearline_client.console.pages.audit import export_check
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses
from unit.client.console.test_work_pages import text_of

PLACE = "/audit/export/verify"
Files = list[tuple[str, tuple[str, bytes]]]


@pytest.fixture
async def auditor(console: ConsoleUnderTest) -> Browser:
    return await console.signed_in("auditor")


@pytest.fixture
async def made(world: Simulation, auditor: Browser) -> bytes:
    """The archive of an export, made in the console."""
    await world.us.send(world.mx)
    await world.mx.node.receive()
    await world.mx.node.log.follow()
    values = {"csrf": await auditor.csrf(), "format": "csv", "action": "grant-accepted"}
    reply = await auditor.post("/audit/export", values)
    assert reply.status_code == 200, reply.text
    return reply.content


def both(archive: bytes) -> tuple[bytes, bytes]:
    """Returns the export and its manifest."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        rows, manifest = (opened.read(name) for name in opened.namelist())
    return rows, manifest


def packed(method: int = zipfile.ZIP_DEFLATED, /, **members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def sent(*contents: bytes) -> Files:
    return [("export", (f"{number}.bin", each)) for number, each in enumerate(contents)]


async def verify(world: Simulation, browser: Browser, files: Files) -> Any:
    federation = world.mx.node.directory.federation().hex()
    return await browser.send(PLACE, {"federation": federation}, files)


async def test_a_verified_export_shows_its_maker_and_its_query(
    world: Simulation, auditor: Browser, made: bytes
) -> None:
    page = await auditor.get(PLACE)
    assert f'value="{world.mx.node.directory.federation().hex()}"' in page.text
    before = len(accesses(world.mx))
    rows, manifest = both(made)
    for files in (sent(made), sent(rows, manifest), sent(manifest, rows)):
        reply = await verify(world, auditor, files)
        assert reply.status_code == 200
        text = text_of(reply.text)
        assert "Verified Signed by mx-prosecutor" in text
        assert "Query action:grant-accepted Entries 1" in text
    assert len(accesses(world.mx)) == before  # a file of the reader's own is no packet here


async def test_a_changed_export_fails_with_the_sentences_of_the_command(
    world: Simulation, auditor: Browser, made: bytes
) -> None:
    rows, manifest = both(made)
    changed = rows.replace(b"ok", b"no", 1)
    judged = judge_export(manifest, io.BytesIO(changed), world.mx.node.directory.federation())
    reply = await verify(world, auditor, sent(changed, manifest))
    text = text_of(reply.text)
    assert "Failed" in text
    assert judged.findings
    for each in judged.findings:
        assert f"{each.code} {each.text}" in text


async def test_findings_of_many_rows_are_bounded(world: Simulation, made: bytes) -> None:
    rows, manifest = both(made)
    changed = rows.replace(b"ok", b"no", 1) * 2 * MAX_FINDINGS
    judged = judge_export(manifest, io.BytesIO(changed), world.mx.node.directory.federation())
    assert len(judged.findings) <= MAX_FINDINGS + 1
    assert "further findings" in judged.findings[-1].text


async def test_a_manifest_alone_is_indeterminate(
    world: Simulation, auditor: Browser, made: bytes
) -> None:
    reply = await verify(world, auditor, sent(both(made)[1]))
    assert "Indeterminate" in text_of(reply.text)
    assert "the manifest's file is not beside it" in text_of(reply.text)


async def test_another_federation_s_export_fails(auditor: Browser, made: bytes) -> None:
    reply = await auditor.send(PLACE, {"federation": "ab" * 32}, sent(made))
    assert "Failed" in text_of(reply.text)


@pytest.mark.parametrize(
    "kind", ["none", "three", "rows", "names", "cut", "bomb", "encrypted", "bits", "lzma"]
)
async def test_other_files_are_refused(
    world: Simulation,
    auditor: Browser,
    made: bytes,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    rows, manifest = both(made)
    flagged = bytearray(made)
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        flagged[made.index(mark) + at] |= 1
    bits = bytearray(packed(**{"a.csv": rows, "a.csv.manifest": manifest}))
    begin = bits.index(b"a.csv.manifest") + len("a.csv.manifest")
    bits[begin : begin + 16] = b"\xff" * 16
    files = {
        "none": [],
        "three": sent(rows, rows, manifest),
        "rows": sent(rows),
        "names": sent(packed(**{"../../a.csv": rows, "b": b"", "c.manifest": manifest})),
        "cut": sent(made[: len(made) // 2]),
        "bomb": sent(packed(**{"a.csv": bytes(4096), "a.csv.manifest": manifest})),
        "encrypted": sent(bytes(flagged)),
        "bits": sent(bytes(bits)),
        "lzma": sent(
            packed(zipfile.ZIP_LZMA, **{"a.csv": rows, "a.csv.manifest": manifest}),
        ),
    }[kind]
    if kind == "bomb":
        monkeypatch.setattr(export_check, "MAX_CONSOLE_UNPACKED_BYTES", 4095)
    reply = await verify(world, auditor, files)
    assert reply.status_code == 400
    assert "TL-" in reply.text
    assert 'name="export"' in reply.text  # another file can be chosen


async def test_a_body_is_bounded(world: Simulation, auditor: Browser) -> None:
    reply = await verify(world, auditor, sent(bytes(MAX_CONSOLE_EXPORT_BYTES + 1)))
    assert reply.status_code == 400


async def test_it_takes_an_auditor_or_an_officer(console: ConsoleUnderTest) -> None:
    assert (await (await console.signed_in("officer")).get(PLACE)).status_code == 200
    assert (await (await console.signed_in("liaison")).get(PLACE)).status_code == 403
