"""Tearline beside TAXII servers on the same work: ``python -m bench.peers``.

Each peer is installed from the package index into a virtual environment of its own, and served by
one process of Waitress on loopback, without TLS, with its own authentication. A client publishes
objects one by one, eight clients do, one publishes them in bulk, and one reads everything. An
object states what the packet of B3 and B4 states. What cannot be installed is skipped.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from uuid import uuid4

import uvloop

from bench.b4 import publish
from bench.client import Load
from bench.exchange import Process, free_address
from bench.founding import Scene, founded
from bench.harness import commit, machine
from bench.lanes import RECIPIENTS, Sealer
from bench.packet import VALUES, compose, lead, releaser
from bench.subscriber import Subscriber
from tearline.wire.publications import encode_publication
from tearline_client.features.packets.bulk import batches
from tearline_runtime.grpc import methods

CLIENTS = 8
ENVELOPE = 33
"""Objects of one bulk message: as many packets fit a message of an import."""
PAGE = 100
COLLECTION = "9cfa669c-ee94-4ece-afd2-f8edac37d8fd"
TAXII = "application/taxii+json;version=2.1"
WORK = ("one client", f"{CLIENTS} clients", "in bulk", "read")


class Unavailable(Exception):
    """A peer cannot be installed or started here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A TAXII server.

    Attributes:
        package: Its name in the package index.
        lacks: Parts of Tearline's work that it does not do.
        prepare: Writes its files into a folder, with its own Python, and returns the application
            for Waitress, variables of its environment, and how clients reach it.
    """

    package: str
    lacks: str
    prepare: Callable[[Path, Path], tuple[str, Mapping[str, str], "Access"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How clients reach a peer's collection: the path of its objects, and their credentials."""

    path: str
    authorization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one program did: a load for each work of ``WORK``."""

    name: str
    loads: Sequence[Load]
    lacks: str


def _opentaxii(folder: Path, python: Path) -> tuple[str, Mapping[str, str], Access]:
    config = folder / "opentaxii.yml"
    store, accounts = (f"sqlite:///{folder / name}.db" for name in ("data", "accounts"))
    settings = {
        "auth_api": {
            "class": "opentaxii.auth.sqldb.SQLDatabaseAPI",
            "parameters": {"db_connection": accounts, "create_tables": True, "secret": "bench"},
        },
        "taxii1": None,
        "taxii2": {
            "max_content_length": 64 << 20,
            "persistence_api": {
                "class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI",
                "parameters": {"db_connection": store, "create_tables": True},
            },
        },
        "logging": {"opentaxii": "error", "root": "error"},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    environment = {"OPENTAXII_CONFIG": str(config)}
    script = (
        "from opentaxii.cli import app\n"
        "with app.app_context():\n"
        "    server = app.taxii_server\n"
        "    server.auth.api.create_account(username='bench', password='bench')\n"
        "    store = server.servers.taxii2.persistence.api\n"
        "    root = store.add_api_root(title='bench', default=True)\n"
        "    made = store.add_collection(api_root_id=str(root.id), title='bench',"
        " is_public=True, is_public_write=True)\n"
        "    print(f'/taxii2/{root.id}/collections/{made.id}/objects/')\n"
        "    print('Bearer', server.auth.authenticate('bench', 'bench'))\n"
    )
    (folder / "served.py").write_text(_CORRECTED, encoding="utf-8")
    path, authorization = _run(python, ["-c", script], environment).splitlines()[-2:]
    environment["PYTHONPATH"] = str(folder)
    return "served:app", environment, Access(path=path, authorization=authorization)


def _medallion(folder: Path, python: Path) -> tuple[str, Mapping[str, str], Access]:
    collection = {
        "id": COLLECTION,
        "title": "bench",
        "can_read": True,
        "can_write": True,
        "media_types": [],
        "objects": [],
        "manifest": [],
    }
    information = {"title": "bench", "versions": [TAXII], "max_content_length": 64 << 20}
    root = {"information": information, "status": [], "collections": [collection]}
    data = {"/discovery": {"title": "bench", "api_roots": []}, "bench": root}
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
    settings = {
        "users": {"bench": "bench"},
        "taxii": {"max_page_size": PAGE},
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(folder / "data.json"),
        },
    }
    (folder / "medallion.json").write_text(json.dumps(settings), encoding="utf-8")
    text = f"from medallion import load_app\napp = load_app({str(folder / 'medallion.json')!r})\n"
    (folder / "served.py").write_text(text, encoding="utf-8")
    access = Access(
        path=f"/bench/collections/{COLLECTION}/objects/",
        authorization="Basic YmVuY2g6YmVuY2g=",  # bench:bench
    )
    return "served:app", {"PYTHONPATH": str(folder)}, access


_CORRECTED = """
from opentaxii.taxii2.entities import Job
as_dict = Job.as_taxii2_dict
Job.as_taxii2_dict = lambda job: as_dict(job) | {"id": str(job.id)}
from opentaxii.http import app
"""
"""Version 0.9.3 stores an object and then fails to answer: the id in its answer is no text."""
COMMON = "no encryption end to end, no signatures, no release by field and partner, no audit log"
PEERS = (
    Peer(package="opentaxii", lacks=f"{COMMON}; SQLite", prepare=_opentaxii),
    Peer(
        package="medallion",
        lacks=f"{COMMON}; objects in memory, nothing is durable",
        prepare=_medallion,
    ),
)


def installed(package: str, folder: Path) -> Path:
    """Installs a package and Waitress into a virtual environment; returns its Python.

    Raises:
        Unavailable: If the package index does not give it.
    """
    python = python_of(package, folder)
    if not python.exists():
        venv.create(folder / package, with_pip=True)
        _run(python, ["-m", "pip", "install", "--quiet", package, "waitress"], {})
    return python


def python_of(package: str, folder: Path) -> Path:
    """Returns the Python of a peer's virtual environment."""
    return folder / package / "bin" / "python"


def _run(python: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [python, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable((done.stderr.strip() or "it failed").splitlines()[-1])
    return done.stdout


@contextmanager
def served(peer: Peer, folder: Path) -> Iterator[tuple[Process, Access]]:
    """Installs and serves a peer.

    Raises:
        Unavailable: If it cannot be installed, or does not start.
    """
    python = installed(peer.package, folder)
    with tempfile.TemporaryDirectory(dir=folder) as data:
        application, environment, access = peer.prepare(Path(data), python)
        address = free_address()
        arguments = ["-m", "waitress", f"--listen={address}", f"--threads={CLIENTS}", application]
        try:
            process = Process(arguments, address, {**environment}, python=str(python))
            with process:
                yield process, access
        except RuntimeError as error:
            raise Unavailable(str(error)) from None


def measure_peer(peer: Peer, folder: Path, objects: int) -> Row:
    """Measures a peer.

    Raises:
        Unavailable: If it cannot be installed, does not start, or refuses the work.
    """
    with served(peer, folder) as (process, access):
        bodies = [_envelope(1) for _ in range(objects)]
        bulk = [_envelope(ENVELOPE) for _ in range(objects // ENVELOPE)]
        _post(process, access, [_envelope(1)])
        loads = [
            _measured(process, objects, lambda: _post(process, access, bodies)),
            _measured(process, objects, lambda: _post_side_by_side(process, access, objects)),
            _measured(process, ENVELOPE * len(bulk), lambda: _post(process, access, bulk)),
        ]
        stored = 1 + 2 * objects + ENVELOPE * len(bulk)
        loads.append(_measured(process, stored, lambda: _read(process, access, stored)))
    script = f"from importlib.metadata import version; print(version({peer.package!r}))"
    version = _run(python_of(peer.package, folder), ["-c", script], {}).strip()
    return Row(name=f"{peer.package} {version}", loads=loads, lacks=peer.lacks)


def _measured(process: Process, objects: int, work: Callable[[], None]) -> Load:
    started, used_us = time.perf_counter(), process.cpu_us
    work()
    elapsed, used_us = time.perf_counter() - started, process.cpu_us - used_us
    return Load(rate=objects / elapsed, cpu_us=used_us / objects)


def _envelope(objects: int) -> bytes:
    """A message with STIX notes, each of which states the fields of the packet of B3."""
    text = json.dumps({path: list(values) for path, values in VALUES.items()}, ensure_ascii=False)
    when = "2026-02-17T00:00:00.000Z"
    notes = [
        {
            "type": "note",
            "spec_version": "2.1",
            "id": f"note--{uuid4()}",
            "created": when,
            "modified": when,
            "content": text,
            "object_refs": [f"report--{uuid4()}"],
        }
        for _ in range(objects)
    ]
    return json.dumps({"objects": notes}).encode()


def _post(process: Process, access: Access, bodies: Sequence[bytes]) -> None:
    connection = HTTPConnection(process.address, timeout=60)
    headers = {"Accept": TAXII, "Content-Type": TAXII, "Authorization": access.authorization}
    for body in bodies:
        connection.request("POST", access.path, body, headers)
        reply = connection.getresponse()
        answer = reply.read()
        if reply.status != 202 or json.loads(answer).get("failure_count"):
            raise Unavailable(f"it refused an object: {answer[:200]!r}")
    connection.close()


def _post_side_by_side(process: Process, access: Access, objects: int) -> None:
    shares = [[_envelope(1) for _ in range(objects // CLIENTS)] for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(_post, process, access, share) for share in shares]:
            done.result()


def _read(process: Process, access: Access, expected: int) -> None:
    connection = HTTPConnection(process.address, timeout=60)
    headers = {"Accept": TAXII, "Authorization": access.authorization}
    found, following = 0, f"?limit={PAGE}"
    while following:
        connection.request("GET", access.path + following, headers=headers)
        page = json.loads(connection.getresponse().read())
        found += len(page.get("objects", ()))
        following = f"?limit={PAGE}&next={page['next']}" if page.get("more") else ""
    connection.close()
    if found != expected:
        raise Unavailable(f"it returned {found} of {expected} objects")


def measure_tearline(objects: int) -> Row:
    """Measures an exchange, on packets with two grants."""
    with founded(nodes=CLIENTS + 2) as scene, scene.home.serve() as server:
        return uvloop.run(_measure_tearline(scene, server, objects))


async def _measure_tearline(scene: Scene, server: Process, objects: int) -> Row:
    await scene.agree(server)
    client = scene.client(server, scene.sender)
    sealer = Sealer(scene.federation, CLIENTS)
    await client.load(methods.PUBLISH, sealer.lanes(1))
    one = Sealer(scene.federation, 1, first=CLIENTS, sender=0)
    alone, _ = await client.load(methods.PUBLISH, one.lanes(objects))
    together, _ = await client.load(methods.PUBLISH, sealer.lanes(objects // CLIENTS))
    partners = scene.federation.partners(CLIENTS + 1)[:RECIPIENTS]
    sealing = releaser(scene.federation)
    plans = [lead(scene.federation, partners)] * objects
    composed = (compose(batch, sealing) for batch in batches(plans))
    messages = [encode_publication(each) for some in composed for each in some.publications]
    bulk = await publish(client, server, messages, objects)
    await client.close()
    reading = await _read_mail(scene, server, partners[0], objects)
    return Row(
        name="Tearline",
        loads=(alone, together, bulk, reading),
        lacks="mutual TLS, every packet sealed, signed, judged and logged, durable",
    )


async def _read_mail(scene: Scene, server: Process, node: str, packets: int) -> Load:
    client = scene.client(server, node)
    started, used_us = time.perf_counter(), server.cpu_us
    subscriber = Subscriber(scene.federation, node, client)
    for _ in range(packets + 1):  # and the agreement
        await subscriber.arrival()
    elapsed, used_us = time.perf_counter() - started, server.cpu_us - used_us
    await client.close()
    return Load(rate=packets / elapsed, cpu_us=used_us / packets)


def table(rows: Sequence[Row]) -> str:
    """Returns the figures as a Markdown table: objects a second, and processor time for each."""
    lines = [f"| program | {' | '.join(WORK)} | notes |", "|---" * (len(WORK) + 2) + "|"]
    for row in rows:
        cells = (f"{load.rate:,.0f}/s, {load.cpu_us / 1000:.2f} ms" for load in row.loads)
        lines.append(f"| {row.name} | {' | '.join(cells)} | {row.lacks} |")
    return "\n".join(lines)


def main() -> None:
    """Measures Tearline and each peer that can be installed, and prints a table."""
    parser = argparse.ArgumentParser(prog="bench.peers", description="Measure beside peers.")
    parser.add_argument("--objects", type=int, default=512, help="objects of each work")
    parser.add_argument("--keep", type=Path, help="folder in which installed peers stay")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        if arguments.keep is not None:
            arguments.keep.mkdir(parents=True, exist_ok=True)
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows = [measure_tearline(arguments.objects)]
        for peer in PEERS:
            try:
                rows.append(measure_peer(peer, folder.absolute(), arguments.objects))
            except Unavailable as reason:
                print(f"{peer.package} is skipped: {reason}", file=sys.stderr)
    print(f"{machine()}, commit {commit()}, {arguments.objects} objects of each work\n")
    print(table(rows))


if __name__ == "__main__":
    main()
