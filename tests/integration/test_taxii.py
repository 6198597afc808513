"""TAXII 2.1 over HTTPS with a client and a server of other makers: taxii2-client, medallion."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from taxii2client.v21 import Collection, Server, Status, as_pages

from attacks.conftest import memory, quick, template, world
from attacks.test_recalls import recalled
from support.simulation import Simulation
from support.syslog_receivers import certified
from support.taxii import put, reader
from tearline_client.cli import command
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.taxii.server import TaxiiPlace, taxii_port
from tearline_runtime.http import TlsFiles

__all__ = ["memory", "quick", "template", "world"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/taxii/test_objects.py::test_objects_of_a_received_packet_are_served_and_logged"
    ),
]


class Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def objects(collection: Collection, per_request: int = 200, **filters: Any) -> Iterator[Any]:
    for page in as_pages(collection.get_objects, per_request=per_request, **filters):
        yield from page.get("objects", [])


async def test_a_foreign_client_reads_all_objects_and_learns_of_a_recall(
    world: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # of the tester, before "verify"
        monkeypatch.delenv(variable, raising=False)
    siem = reader(world.mx)
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    ids = [f"location--{number:08}-0000-4000-8000-000000000000" for number in range(10_000)]
    put(world.mx, siem, *ids)
    certificate, key = certified(tmp_path)
    place = TaxiiPlace(address="127.0.0.1:0", tls=TlsFiles(certificate, key))

    def read(url: str) -> tuple[list[str], Collection, list[Any]]:
        server = Server(f"{url}/taxii2/", auth=Bearer(siem.token), verify=str(certificate))
        (root,) = server.api_roots
        (collection,) = root.collections
        return root.versions, collection, list(objects(collection))

    def poll(collection: Collection, **filters: Any) -> list[Any]:
        return list(objects(collection, **filters))

    async with taxii_port(world.mx.node, place, siem.reports.append) as told:
        url = f"https://localhost:{told.rpartition(' ')[2].rstrip('.')}"
        versions, collection, found = await asyncio.to_thread(read, url)
        assert versions == ["application/taxii+json;version=2.1"]
        assert [each["id"] for each in found if each["type"] == "location"][-10_000:] == ids
        assert len({each["id"] for each in found}) == len(found)

        some = await asyncio.to_thread(poll, collection, type=["relationship", "identity"])
        assert some == [each for each in found if each["type"] in ("relationship", "identity")]
        manifest = await asyncio.to_thread(collection.get_manifest, limit=200)
        last = manifest["objects"][-1]["date_added"]
        told = await asyncio.to_thread(collection.object_versions, some[0]["id"])
        assert len(told["versions"]) == 1

        await recalled(world, packet, world.mx)
        await world.mx.node.receive()
        later = await asyncio.to_thread(poll, collection, added_after=last, type="relationship")
        assert later
        assert all(each["revoked"] for each in later)
    assert siem.reports == []


async def test_a_foreign_client_adds_objects_which_wait_for_a_person(
    world: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    feeder = reader(world.mx, "feeder", roles=[FeedRole.SUBMITTER])
    certificate, key = certified(tmp_path)
    place = TaxiiPlace(address="127.0.0.1:0", tls=TlsFiles(certificate, key))
    good = {
        "type": "identity",
        "spec_version": "2.1",
        "id": "identity--00000001-0000-4000-8000-000000000000",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": "Qiu Wenhao",
        "identity_class": "individual",
    }
    other = {**good, "type": "grouping", "id": good["id"].replace("identity", "grouping")}

    def add(url: str) -> tuple[Status, Any]:
        server = Server(f"{url}/taxii2/", auth=Bearer(feeder.token), verify=str(certificate))
        (collection,) = server.api_roots[0].collections
        assert (collection.can_read, collection.can_write) == (False, True)
        status = collection.add_objects({"objects": [good, other]}, poll_interval=0)
        answered = status._raw
        status.refresh()
        return status, answered

    async with taxii_port(world.mx.node, place, feeder.reports.append) as told:
        url = f"https://localhost:{told.rpartition(' ')[2].rstrip('.')}"
        status, answered = await asyncio.to_thread(add, url)
    assert status._raw == answered
    assert status.status == "complete"
    assert [each["id"] for each in status.successes] == [good["id"]]
    assert [each["id"] for each in status.failures] == [other["id"]]
    (draft,) = world.mx.node.feeds.drafts.list()
    assert (draft.objects, draft.entities) == (2, 1)
    assert feeder.reports == []


MEDALLION = """
import sys
from medallion import load_app
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, load_app(sys.argv[1]), ssl_context=(sys.argv[2], sys.argv[3]))
print(server.port, flush=True)
server.serve_forever()
"""
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"


@pytest.fixture
def medallion(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A collection of 250 objects at medallion under HTTPS, in pages of 20, and its issuer."""
    added = [f"2026-01-01T00:{number // 60:02}:{number % 60:02}.000000Z" for number in range(250)]
    objects = [
        {
            "type": "identity",
            "spec_version": "2.1",
            "id": f"identity--{number:08}-0000-4000-8000-000000000000",
            "created": at,
            "modified": at,
            "name": f"party {number}",
            "identity_class": "organization",
        }
        for number, at in enumerate(added)
    ]
    manifest = [
        {
            "id": each["id"],
            "date_added": at,
            "version": at,
            "media_type": "application/stix+json;version=2.1",
        }
        for each, at in zip(objects, added, strict=True)
    ]
    collection = {
        "id": COLLECTION,
        "title": "parties",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
        "objects": objects,
        "manifest": manifest,
    }
    information = {
        "title": "api",
        "versions": ["application/taxii+json;version=2.1"],
        "max_content_length": 1 << 20,
    }
    root = {"information": information, "status": [], "collections": [collection]}
    data = {"/discovery": {"title": "medallion", "api_roots": []}, "api": root}
    (tmp_path / "data.json").write_text(json.dumps(data))
    settings = {
        "users": {"ana": "a word"},
        "taxii": {"max_page_size": 20},
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(tmp_path / "data.json"),
        },
    }
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    certificate, key = certified(tmp_path)
    files = [str(tmp_path / "settings.json"), str(certificate), str(key)]
    with subprocess.Popen(
        [sys.executable, "-c", MEDALLION, *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        yield f"https://localhost:{port}/api/collections/{COLLECTION}/", certificate
        process.kill()


def test_a_collection_of_medallion_is_pulled_once(
    medallion: tuple[str, Path], tmp_path: Path
) -> None:
    url, certificate = medallion
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "secret").write_text("a word\n")
    (tmp_path / "secret").chmod(0o600)

    def pull(*more: str) -> Any:
        ran = CliRunner().invoke(
            command,
            [
                *("taxii", "pull", url, "--output-folder", str(folder), "--user", "ana"),
                *("--secret-file", str(tmp_path / "secret"), "--ca", str(certificate)),
                *("--home", str(tmp_path), "-o", "json", *more),
            ],
        )
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    (row,) = pull()
    objects = json.loads(Path(row["file"]).read_text())["objects"]
    assert [each["name"] for each in objects] == [f"party {number}" for number in range(250)]
    assert pull() == []
    (again,) = pull("--again")
    assert again["objects"] == 250
