"""Cosignatures over HTTP between real processes: a node for strangers, a stranger for the log."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tlog_scales import signing
from tlog_scales.reader import TilesReader
from tlog_scales.tlog import Checkpoint

from attacks.mutant import INJECT
from support.federation import MX, ORDER, PASSPHRASE, Agency, Federation, Running, copied, free_port
from tearline.federation.cosigning import parse_add_checkpoint
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm, parse_checkpoint_text
from tearline.tlog.note import parse_note
from tearline_client.keys.home import Home, cosigner_of
from tearline_client.keys.keystore import Keystore

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/attacks/test_witness_port.py::test_what_begins_with_the_last_tree_is_kept_and_cosigned"
    ),
]

STRANGER = CheckpointSigner(name="witness.example", algorithm=NoteAlgorithm.MLDSA44, seed=bytes(32))
_OFFERS = 10
DIE = "tearline_runtime.http:reply=__import__('os').kill(__import__('os').getpid(), 9)"


class Site:
    """A log as it is read over HTTP, by an independent reader."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, *path: str) -> bytes | None:
        status, content = self.ask("GET", "/" + "/".join(path))
        return content if status == 200 else None

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def add(self, note: bytes, log: "Site", old: int) -> tuple[int, bytes]:
        """Offers a checkpoint of ``log``, proven by the independent reader's code."""
        size = size_of(note)
        reader = TilesReader(log)
        reader.set_size(size)
        proof = reader.get_consistency_proof(old, size).node_hashes if old else []
        lines = [b"old %d" % old, *map(base64.b64encode, proof), b"", note]
        return self.ask("POST", "/add-checkpoint", b"\n".join(lines))

    def cosigned(self, log: "Site", exchange: Running, old: int) -> bytes:
        """Offers the newest checkpoint of ``log``, and returns it with the cosigner's line.

        As a log does, it offers again from the size that a conflict told: the node reads the log
        by itself, too, so that size may have grown in between, and be ahead of what the log shows.
        """
        for _ in range(_OFFERS):
            shows = partial(lambda least: size_of(log.checkpoint()) >= least, old)
            exchange.await_(shows, "it showed the entries that the node has")
            note = log.checkpoint()
            status, told = self.add(note, log, old)
            if status == 200:
                return note + told
            assert status == 409, (status, told)
            old = int(told)
        raise AssertionError(f"{_OFFERS} offers, and as many conflicts")

    def checkpoint(self) -> bytes:
        """Returns the newest checkpoint that it shows."""
        note = self.get("checkpoint")
        assert note is not None
        return note


def size_of(note: bytes) -> int:
    """Returns the size that a checkpoint tells."""
    return int(Checkpoint.from_text(note.decode()).size)


class _Cosigns(BaseHTTPRequestHandler):
    """A witness that believes everything."""

    def do_POST(self) -> None:
        offered = parse_add_checkpoint(self.rfile.read(int(self.headers["content-length"])))
        checkpoint = parse_checkpoint_text(parse_note(offered.note).text)
        line = STRANGER.sign(checkpoint, time_s=1).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{line}\n".encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def stranger() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Cosigns) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def at_work(federation: Federation, witness: int) -> Iterator[tuple[Site, Running]]:
    """The exchange, with a monitoring port and a foreign witness."""
    port = free_port()
    settings = federation.operator.home / "exchange.toml"
    with settings.open("a", encoding="utf-8") as file:
        file.write(f'http = "127.0.0.1:{port}"\n\n[[witnesses]]\n')
        file.write(f'url = "http://127.0.0.1:{witness}"\nkey = "{STRANGER.verifier.encode()}"\n')
    running = federation.operator.serve()
    try:
        yield Site(port), running
    finally:
        assert running.terminate() == 0, running.said


def shown(agency: Agency) -> tuple[Site, Running]:
    """A node at work with its witness port open."""
    site = Site(free_port())
    agency.variables["TEARLINE_HTTP"] = f"127.0.0.1:{site.port}"
    running = agency.start("node", "run")
    running.await_(lambda: f"on port {site.port}" in running.said, "it showed the log")
    return site, running


def key_of(agency: Agency) -> signing.Vkey:
    home = Home(agency.home)
    keystore = Keystore.open(home.keys, PASSPHRASE.encode())
    return signing.Vkey.from_string(cosigner_of(keystore, home.identity()).verifier.encode())


def test_strangers_cosign_for_each_other(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    cn = federation.cn
    with stranger() as witness, at_work(federation, witness) as (log, exchange):
        site, node = shown(cn)

        # A stranger's line stands on the log's checkpoint.
        name = f"\n— {STRANGER.verifier.name} ".encode()
        exchange.await_(lambda: name in (log.get("checkpoint") or b""), "it was cosigned")
        note = log.checkpoint()
        theirs = Checkpoint.from_text(note.decode())
        theirs.verify(signing.Vkey.from_string(STRANGER.verifier.encode()))

        # Our node cosigns for a stranger, who asks from nothing first.
        status, told = site.add(note, log, 0)
        assert status == 409
        cosigned = Checkpoint.from_text(site.cosigned(log, exchange, int(told)).decode())
        cosigned.verify(key_of(cn))

        # And shows what it read.
        reader = TilesReader(site)
        mirrored = reader.get_checkpoint()
        mirrored.verify(key_of(cn))
        assert reader.calculate_root_hash() == mirrored.root_hash
        assert mirrored.size <= size_of(log.checkpoint())
        assert node.terminate() == 0, node.said


def test_a_node_killed_between_keeping_and_answering_keeps_to_what_it_kept(
    tmp_path: Path,
) -> None:
    federation = copied(tmp_path)
    cn = federation.cn
    with stranger() as witness, at_work(federation, witness) as (log, exchange):
        seen = cn.done_here("log", "checkpoint").out
        old = parse_checkpoint_text(parse_note(seen.encode()).text).size
        # It reads the log that it is offered, keeps its tree, and dies before it signs.
        cn.variables |= {
            "PYTHONPATH": str(INJECT),
            "TEARLINE_MUTANT": DIE,
        }
        federation.us.done_here(
            "packet", "send", "--yes", str(federation.lead()), f"--to={MX}", *ORDER
        )
        site, node = shown(cn)
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            site.add(log.checkpoint(), log, old)
        node.kill()

        for name in ("PYTHONPATH", "TEARLINE_MUTANT"):
            del cn.variables[name]
        site, node = shown(cn)
        status, told = site.add(log.checkpoint(), log, old)
        assert status == 409
        assert int(told) > old
        assert site.cosigned(log, exchange, int(told))
        assert node.terminate() == 0, node.said
