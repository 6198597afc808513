"""What is wrong is refused with its code, status and next step, and nothing is half done."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tearline_client.bootstrap
from support.federation import (
    AGENCIES,
    CN,
    MX,
    ORDER,
    PASSPHRASE,
    US,
    Agency,
    Federation,
    at_work,
    copied,
    serving,
)
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import to_pem
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import ActQueued
from tearline.limits import MIN_FREE_BYTES
from tearline_client.demo.lead import AGREEMENT
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.tls_certificates import CA_CERTIFICATE, CA_KEY

pytestmark = [
    pytest.mark.faults,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_hostile_arguments.py::test_no_argument_is_obeyed"
    ),
]

DAY_S = 24 * 3600
PERSON = {"id": "a", "schema": "Person", "properties": {"name": ["Qiu Wenhao"]}}
TO_CN = (f"--to={CN}", *ORDER)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """A federation whose exchange is down."""
    return copied(tmp_path_factory.mktemp("quiet"))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A federation whose exchange serves, and whose log verifies in the end."""
    with serving(tmp_path_factory.mktemp("busy")) as federation:
        yield federation
    assert federation.operator.run("verify-log").status == 0


def held(agency: Agency) -> dict[str, Any]:
    """What an agency has: its files, packets, messages and numbers."""
    with contextlib.closing(sqlite3.connect(agency.home / "node.db")) as connection:
        tables = ("packet", "packet_grant", "outbox", "channel_out", "agreement", "quarantine")
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            for table in tables
        }
    files = {
        str(path.relative_to(agency.home)): path.read_bytes()
        for path in agency.home.rglob("*")
        if path.is_file() and not path.name.startswith("node.db") and path.suffix != ".lock"
    }
    return counts | files


def refuses(agency: Agency, arguments: tuple[str, ...], code: str, status: int) -> None:
    """The command is refused, and the agency has what it had."""
    before = held(agency)
    assert agency.here(*arguments).refused(code, status)
    assert held(agency) == before


def write(folder: Path, data: str | bytes, name: str = "input") -> str:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


# Files to import.

IMPORTS = {
    "not UTF-8": b"\xff\xfe{\0",
    "not JSON": '{"id": "a"',
    "not an object": "[]",
    "no entity": "",
    "a key twice": '{"id": "a", "id": "b", "schema": "Person", "properties": {}}',
    "an unknown key": json.dumps(PERSON | {"evil": 1}),
    "a value that is no list": json.dumps(PERSON | {"properties": {"name": "Qiu"}}),
    "a value that is no text": json.dumps(PERSON | {"properties": {"name": [1]}}),
    "an invalid id": json.dumps(PERSON | {"id": ""}),
}


@pytest.mark.parametrize("data", IMPORTS.values(), ids=IMPORTS)
def test_a_file_that_is_no_import(quiet: Federation, tmp_path: Path, data: str | bytes) -> None:
    refuses(quiet.us, ("packet", "preview", write(tmp_path, data), *TO_CN), "TL-USE-002", 2)


def test_a_file_that_cannot_be_read(quiet: Federation, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (tmp_path / "missing", tmp_path, fifo):
        refuses(quiet.us, ("packet", "preview", str(path), *TO_CN), "TL-USE-002", 2)


def test_files_beside_the_import(quiet: Federation, tmp_path: Path) -> None:
    us, lead, missing = quiet.us, str(quiet.lead()), str(tmp_path / "missing")
    latin = write(tmp_path, "Culiacán".encode("latin-1"), "latin")
    for narrative in (missing, latin):
        preview = ("packet", "preview", lead, *TO_CN, "--narrative", narrative)
        refuses(us, preview, "TL-CFG-004", 1)
    refuses(us, ("import", "csv", lead, *TO_CN, "--mapping", missing), "TL-CFG-004", 1)
    refuses(us, ("import", "csv", lead, *TO_CN, "--mapping", lead), "TL-CFG-001", 1)


# What is asked for.

ORDERS: dict[str, tuple[tuple[str, ...], str, int]] = {
    "an unknown agency": (("--to=atlantis", *ORDER), "TL-REQ-006", 6),
    "an invalid node": (("--to=spiffe://Bad/", *ORDER), "TL-USE-001", 2),
    "a node of nobody": (("--to=spiffe://at.example/node/x", *ORDER), "TL-AGR-001", 4),
    "ourselves": ((f"--to={US}", *ORDER), "TL-AGR-001", 4),
    "an unknown agreement": ((*TO_CN, "--agreement=none"), "TL-AGR-001", 4),
    "an unknown article": ((*TO_CN, "--article=none"), "TL-AGR-001", 4),
    "a purpose not agreed on": ((*TO_CN, "--purpose=curiosity"), "TL-AGR-001", 4),
    "a kind not agreed on": ((*TO_CN, "--kind=operational-notice"), "TL-AGR-001", 4),
    "a guard of no field": ((*TO_CN, "--guard=person-qiu/nme=method"), "TL-USE-001", 2),
    "a guard by no category": ((*TO_CN, "--guard=person-qiu/name=nothing"), "TL-POL-001", 4),
    "a guard that loosens": ((*TO_CN, "--guard=person-qiu/name=reference"), "TL-POL-004", 4),
}


@pytest.mark.parametrize(("order", "code", "status"), ORDERS.values(), ids=ORDERS)
def test_an_order_that_cannot_be_filled(
    quiet: Federation, order: tuple[str, ...], code: str, status: int
) -> None:
    refuses(quiet.us, ("packet", "preview", str(quiet.lead()), *order), code, status)


def test_a_command_line_that_means_nothing(quiet: Federation) -> None:
    lead = str(quiet.lead())
    for line in (
        ("packet", "preview", lead, *TO_CN, "--kind", "nonsense"),
        ("packet", "preview", lead, *TO_CN, "--guard", "nonsense"),
        ("packet", "preview", lead, *TO_CN, "--colour"),
        ("packet", "forget", lead),
        ("packet", "send", "--yes", lead),
    ):
        ended = quiet.us.here(*line)
        assert (ended.status, ended.out) == (2, ""), line
        assert "Usage: " in ended.err


@pytest.mark.parametrize("identifier", ["zz", "", "0" * 64])
def test_a_packet_that_is_not_here(quiet: Federation, identifier: str) -> None:
    for command in (("packet", "show", "--no-sync", identifier), ("export", "ftm", identifier)):
        refuses(quiet.us, command, "TL-REQ-006", 6)


# Agreements and charters.

AGREEMENTS: dict[str, tuple[str, str]] = {
    "not TOML": ("name: narcotics", "TL-AGR-002"),
    "an unknown key": (AGREEMENT.replace("retention_days", "retention_dayz"), "TL-AGR-002"),
    "a wrong type": (AGREEMENT.replace("730", '"two years"'), "TL-AGR-002"),
    "an unknown agency": (AGREEMENT.replace("mx-prosecutor", "atlantis"), "TL-AGR-002"),
    "an end before its beginning": (AGREEMENT.replace("2036", "2025"), "TL-AGR-002"),
    "an unknown form": (AGREEMENT.replace('"clear"', '"clearly"'), "TL-POL-001"),
    "an unknown category": (AGREEMENT.replace("finance.amount", "finance.secret"), "TL-POL-008"),
}


@pytest.mark.parametrize(("text", "code"), AGREEMENTS.values(), ids=AGREEMENTS)
def test_an_agreement_that_cannot_be_drafted(
    quiet: Federation, tmp_path: Path, text: str, code: str
) -> None:
    target = tmp_path / "drafted"
    draft = ("agreement", "draft", write(tmp_path, text), "--output-file", str(target))
    refuses(quiet.us, draft, code, 4)
    assert not target.exists()


def test_a_place_where_nothing_can_be_written(quiet: Federation, tmp_path: Path) -> None:
    source = write(tmp_path, AGREEMENT)
    for target in (tmp_path / "missing" / "x", tmp_path):
        draft = ("agreement", "draft", source, "--output-file", str(target))
        refuses(quiet.us, draft, "TL-USE-004", 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input"]


def test_an_agreement_file_that_was_changed(quiet: Federation, tmp_path: Path) -> None:
    text = (quiet.folder / "narcotics-2026.agreement").read_text()
    middle = len(text) // 2
    other = "A" if text[middle] != "A" else "B"
    files = {
        write(tmp_path, text[:middle] + other + text[middle + 1 :], "flipped"): ("TL-PKT-001", 5),
        write(tmp_path, text[:middle], "short"): ("TL-USE-001", 2),
        str(quiet.folder / "federation.trust"): ("TL-USE-001", 2),
        str(tmp_path / "missing"): ("TL-CFG-004", 1),
    }
    for file, (code, status) in files.items():
        data = Path(file).read_bytes() if Path(file).exists() else None
        for verb in ("sign", "publish"):
            refuses(quiet.us, ("agreement", verb, file), code, status)
        assert data is None or Path(file).read_bytes() == data


def test_a_federation_is_pinned_once(quiet: Federation) -> None:
    trust = str(quiet.folder / "federation.trust")
    refuses(quiet.us, ("federation", "join", trust), "TL-CFG-004", 1)


# Settings, homes and passphrases.


@pytest.fixture
def fresh(tmp_path: Path) -> Agency:
    """An agency that does not exist yet."""
    agency = Agency(tmp_path / MX)
    agency.secret.touch(mode=0o600)
    agency.secret.write_text(PASSPHRASE)
    return agency


def init(agency: str = MX, domain: str = AGENCIES[MX], node: str = "liaison") -> tuple[str, ...]:
    return ("init", "--agency", agency, "--domain", domain, "--node", node)


def test_names_that_none_can_have(fresh: Agency) -> None:
    assert fresh.here(*init(agency="Our Agency")).refused("TL-CFG-003", 1)
    assert fresh.here(*init(domain="under_score")).refused("TL-USE-001", 2)
    assert fresh.here(*init(node="The Node")).refused("TL-USE-001", 2)
    assert not fresh.home.exists()
    assert fresh.here("node", "status").refused("TL-CFG-008", 1)


def test_a_home_is_made_whole_or_not_at_all(fresh: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tearline_runtime.files.os.fsync", full)  # its keystores are made by then
        assert fresh.here(*init()).status == 1
    assert list(fresh.home.rglob("*")) == []
    assert fresh.here(*init()).status == 0
    assert fresh.here(*init()).refused("TL-CFG-004", 1)


def test_settings_that_are_none(quiet: Federation) -> None:
    us = Agency(quiet.us.home)  # without a variable that would go before the file
    us.secret = quiet.us.secret
    file = us.home / "node.toml"
    for text, code in (
        ("exchnage = 'a.example:1'", "TL-CFG-002"),
        ("timeout_s = 1.5", "TL-CFG-003"),
        ("timeout_s = 0", "TL-CFG-003"),
        ("exchange = 'nowhere'", "TL-CFG-003"),
        ("exchange = ", "TL-CFG-004"),
    ):
        file.write_text(text)
        assert us.here("node", "status").refused(code, 1)
    file.unlink()


def test_a_passphrase_that_opens_nothing(quiet: Federation, tmp_path: Path) -> None:
    us = Agency(quiet.us.home)
    us.secret = tmp_path / "secret"
    assert us.here("node", "status").refused("TL-CFG-004", 1)
    us.secret.touch(mode=0o644)
    assert us.here("node", "status").refused("TL-CFG-006", 1)
    us.secret.chmod(0o600)
    assert us.here("node", "status").refused("TL-CFG-005", 1)
    us.secret.write_text("another")
    assert us.here("node", "status").refused("TL-KEY-003", 1)


def test_the_operator_is_refused_as_clearly(quiet: Federation, tmp_path: Path) -> None:
    operator = quiet.operator
    settings = operator.home / "exchange.toml"
    text = settings.read_text()
    settings.write_text(text + 'colour = "red"\n')
    assert operator.run("check").refused("TL-CFG-002", 1)
    settings.write_text(text.replace(f'listen = "{operator.address}"', 'listen = "nowhere"'))
    assert operator.run("serve").refused("TL-CFG-003", 1)
    settings.write_text(text)
    agreement = str(quiet.folder / "narcotics-2026.agreement")
    assert operator.run("federation", "publish", agreement).refused("TL-USE-001", 2)
    assert operator.run("federation", "publish", str(tmp_path / "missing")).refused("TL-CFG-004", 1)


# The exchange, clocks and keys.


def test_an_exchange_out_of_reach(quiet: Federation) -> None:
    refuses(quiet.us, ("node", "sync"), "TL-REQ-001", 3)
    refuses(quiet.us, ("import", "ftm", str(quiet.lead()), *TO_CN), "TL-REQ-001", 3)
    refuses(quiet.us, ("packet", "show", "0" * 64), "TL-REQ-006", 6)
    listed = quiet.us.here("packet", "list")
    assert listed.status == 0
    assert "(TL-REQ-001): local data is as of" in listed.err


def test_what_is_decided_while_the_exchange_is_out_of_reach(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us = federation.us
    before = held(us)["outbox"]
    sent = us.here("packet", "send", "--yes", str(federation.lead()), *TO_CN, "-q", "-o", "json")
    signed = us.here("agreement", "publish", str(federation.folder / "narcotics-2026.agreement"))
    for number, ended in enumerate((sent, signed), 1):
        assert ended.status == 7
        assert ActQueued.code in ended.err
        assert ActQueued.what.removesuffix(".") in ended.err
        assert f"it is number {number} in the queue (TL-REQ-001)" in ended.err
    assert held(us)["outbox"][0] == before[0] + 2
    with at_work(federation.operator):
        assert us.here("node", "sync").status == 0
        assert [row["id"] for row in us.here("packet", "list", "-o", "json").rows] == [
            row["packet"] for row in sent.rows
        ]


# By a clock a month ahead the certificate has long ended; the new one begins in the future.
@pytest.mark.parametrize(
    ("hours", "code"), [(-1, "TL-TRU-007"), (1, "TL-TRU-006"), (30 * 24, "TL-TLS-002")]
)
def test_a_clock_that_is_wrong(
    busy: Federation, monkeypatch: pytest.MonkeyPatch, hours: int, code: str
) -> None:
    def now_ns() -> int:
        return time.time_ns() + hours * 3600 * 10**9

    monkeypatch.setattr(tearline_client.bootstrap, "time", types.SimpleNamespace(time_ns=now_ns))
    before = held_but_certificate(busy.us)
    ended = busy.us.here("packet", "send", "--yes", str(busy.lead()), *TO_CN, "-q")
    assert ended.refused(code, 4)
    assert ("seconds" in ended.err) == code.startswith("TL-TRU")
    after = held_but_certificate(busy.us)
    # A log that is ahead of the own clock is an alarm, and nothing else is kept of it.
    alarms = (after.pop("quarantine")[0] - before.pop("quarantine")[0], after == before)
    assert alarms == (1 if hours < 0 else 0, True)
    # By the right clock, all is as it was: a certificate that fits is made.
    monkeypatch.undo()
    assert busy.us.here("node", "sync").status == 0


def held_but_certificate(agency: Agency) -> dict[str, Any]:
    """What an agency has, without what is renewed by its own clock, however wrong that is."""
    return {
        name: value
        for name, value in held(agency).items()
        if name != "node.crt" and not name.startswith("keys/tls-")
    }


def test_an_agreement_that_is_not_in_force(busy: Federation) -> None:
    later = AGREEMENT.replace("narcotics-2026", "later").replace("2026-01-01", "2035-01-01")
    busy.agree("later", later, (US, CN, MX))
    busy.us.here("node", "sync")
    send = ("packet", "send", "--yes", str(busy.lead()), *TO_CN, "--agreement=later", "-q")
    refuses(busy.us, send, "TL-AGR-001", 4)
    rows = busy.us.here("agreement", "list", "-o", "json").rows
    assert {row["agreement"]: row["state"] for row in rows} == {
        "narcotics-2026": "in force",
        "later": "not yet",
    }


def key_of(agency: Agency, use: str) -> str:
    rows = agency.here("keys", "list", "-o", "json").rows
    (found,) = [row["id"] for row in rows if row["use"] == use and row["state"] == "in force"]
    return found


def test_a_key_that_was_revoked(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        us, cn = federation.us, federation.cn
        send = ("packet", "send", "--yes", str(federation.lead()), *TO_CN, "-q")
        assert cn.here("keys", "revoke", key_of(cn, "kem"), "--yes").status == 0
        us.here("node", "sync")
        refuses(us, send, "TL-TRU-012", 4)
        # The next step: the partner's node puts a fresh key on record by itself.
        assert cn.here("node", "sync").status == 0
        assert us.here(*send).status == 0

        assert us.here("keys", "revoke", key_of(us, "sign"), "--yes").status == 0
        us.here("node", "sync")
        refuses(us, send, "TL-TRU-002", 4)
        assert us.here("packet", "list").status == 0  # what is here stays readable


def test_a_certificate_that_has_expired(busy: Federation) -> None:
    mx = busy.mx
    send = ("packet", "send", "--yes", str(busy.lead()), *TO_CN)
    expire(Home(mx.home))
    assert mx.here("node", "sync").status == 0  # the CA's key is here: there is a fresh one
    assert mx.here(*send).status == 0

    expire(Home(mx.home))
    keystore = Keystore.open(Home(mx.home).keys, PASSPHRASE.encode())
    keystore.delete(CA_KEY)  # kept elsewhere, by order
    refuses(mx, send, "TL-TLS-002", 4)
    assert mx.here("packet", "list", "--no-sync").status == 0
    assert mx.here("keys", "rotate", "--tls").status == 0  # from beside the root
    assert mx.here("node", "sync").status == 0


def expire(home: Home) -> None:
    """Gives the node a certificate that ended yesterday."""
    node, root = (Keystore.open(path, PASSPHRASE.encode()) for path in (home.keys, home.root))
    authority = CertificateAuthority(root.get(CA_CERTIFICATE), TlsKey(root.get(CA_KEY)))
    expired = authority.issue_node(
        home.identity().node_uri,
        home.tls_identity(node).key.public,
        now_s=int(time.time()) - 8 * DAY_S,
        lifetime_s=7 * DAY_S,
    )
    home.certificate.write_bytes(to_pem(expired))


def test_the_key_of_the_own_connection_is_revoked(busy: Federation) -> None:
    mx = busy.mx
    revoked = mx.here("keys", "revoke", key_of(mx, "tls"), "--reason", "lost", "--yes")
    assert (revoked.status, "keys rotate --tls" in revoked.err) == (0, True), revoked
    refuses(mx, ("node", "sync"), "TL-TLS-007", 4)
    assert mx.here("keys", "rotate", "--tls").status == 0
    assert mx.here("node", "sync").status == 0


# A disk without room.


@contextlib.contextmanager
def small_disk(path: Path, size: int) -> Iterator[Callable[[bool], None]]:
    """A disk of ``size`` bytes at ``path``; yields what fills it up and makes room again."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root alone")
    filler = path / "filler"

    def fill(full: bool) -> None:
        filler.unlink(missing_ok=True)
        if full:
            with filler.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
                while stream.write(bytes(1 << 16)):
                    pass
            assert shutil.disk_usage(path).free == 0

    try:
        yield fill
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def moved(source: Path, disk: Path) -> Path:
    shutil.copytree(source, disk / source.name)
    return disk / source.name


def test_a_node_whose_disk_is_full(busy: Federation, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8 << 20) as fill:
        us = Agency(moved(busy.us.home, tmp_path / "disk"))
        us.secret, us.variables = busy.us.secret, busy.us.variables
        send = ("packet", "send", "--yes", str(busy.lead()), *TO_CN, "-q")
        before = held(us)
        fill(True)
        assert us.here(*send).refused("TL-STO-002", 1)
        fill(False)
        assert held(us) == before
        assert us.here(*send).status == 0


def test_a_home_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as fill:
        fill(True)
        agency = Agency(tmp_path / "disk" / MX)
        agency.secret = tmp_path / "secret"
        agency.secret.touch(mode=0o600)
        agency.secret.write_text(PASSPHRASE)
        assert agency.here(*init()).refused("TL-KEY-006", 1)
        fill(False)
        assert agency.here(*init()).status == 0


def test_a_signature_that_does_not_fit_leaves_the_file_as_it_was(
    quiet: Federation, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as fill:
        file = tmp_path / "disk" / "agreement"
        shutil.copy(quiet.folder / "narcotics-2026.agreement", file)
        data = file.read_bytes()
        fill(True)
        refuses(quiet.us, ("agreement", "sign", str(file)), "TL-USE-004", 2)
        assert file.read_bytes() == data
        assert sorted(path.name for path in file.parent.iterdir()) == ["agreement", "filler"]


def test_an_exchange_whose_disk_is_full(tmp_path: Path) -> None:
    federation = copied(tmp_path / "federation")
    with small_disk(tmp_path / "disk", MIN_FREE_BYTES + (16 << 20)) as fill:
        operator = federation.operator
        operator.home = moved(operator.home, tmp_path / "disk")
        running = operator.serve()
        us, cn = federation.us, federation.cn
        send = ("packet", "send", "--yes", str(federation.lead()), *TO_CN, "-q", "-o", "json")
        us.here("node", "sync")
        fill(True)
        running.await_(lambda: "disk nearly full" in running.said, "it saw that there is no room")
        # A publication is refused for want of room, unless what comes before it met the fault.
        (sent,) = (queued := us.here(*send)).rows
        assert queued.status == 7
        assert re.search(r"TL-REQ-011.* \(TL-REQ-00[23]\)", queued.err)
        fill(False)
        running.await_(lambda: "disk has room again" in running.said, "it saw that there is room")
        # It goes on by itself, and what was decided meanwhile is sent once.
        for agency in (us, cn):
            assert agency.here("node", "sync").status == 0
            listed = agency.here("packet", "list", "-o", "json").rows
            assert [row["id"] for row in listed] == [sent["packet"]]
        assert running.terminate() == 0
        assert operator.run("verify-log").status == 0
