"""The production set-up: three members under Patroni, whose primary is killed under load."""

import asyncio
import json
import os
import pwd
import secrets
import shutil
import signal
import string
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from faults.traffic import PAUSE_S, traffic, verify_log
from support.agencies import CN, MX, US
from support.exchange_process import founded
from support.federation import free_port
from support.leads import agree

BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
TEMPLATE = Path(__file__).parents[2] / "deploy" / "patroni" / "patroni.yml"
HOST = "127.0.0.1"
READY_S = 120


@dataclass(kw_only=True)
class Member:
    """A PostgreSQL and the Patroni that looks after it."""

    name: str
    port: int
    api_port: int
    patroni: subprocess.Popen[bytes]

    def role(self) -> str:
        """``primary``, ``sync_standby`` or ``replica``, as it says; nothing while it is none."""
        address = f"http://{HOST}:{self.api_port}/patroni"
        try:
            with urllib.request.urlopen(address, timeout=5) as reply:
                said = json.load(reply)
        except OSError:
            return ""
        if said.get("state") != "running":
            return ""
        return "sync_standby" if said.get("sync_standby") else str(said["role"])

    def kill(self, data: Path) -> None:
        """Ends it as a failing machine would: Patroni, and the server with all its processes."""
        server = int((data / "postmaster.pid").read_text().split()[0])
        self.patroni.kill()
        os.kill(server, signal.SIGKILL)
        self.patroni.wait()


@dataclass(kw_only=True)
class Cluster:
    """Three members and their etcd.

    Attributes:
        folder: Where all of it lies.
        passwords: Of ``postgres``, ``replicator`` and ``tearline``.
    """

    folder: Path
    passwords: dict[str, str]
    members: list[Member] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The database of the exchange, at whichever member is the primary."""
        hosts = ",".join(f"{HOST}:{member.port}" for member in self.members)
        session = "target_session_attrs=read-write&sslmode=disable"
        return f"postgresql://tearline@{hosts}/tearline?{session}"

    def start(self, name: str, *command: str | Path, **variables: str) -> subprocess.Popen[bytes]:
        nobody = pwd.getpwnam("nobody")
        ids = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
        prefix = ["setpriv", *ids, "--"] if os.getuid() == 0 else []
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*prefix, *command],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **variables},
            )
        self.processes.append(process)
        return process

    def data(self, member: Member) -> Path:
        return self.folder / member.name

    def primary(self) -> Member | None:
        return next((each for each in self.members if each.role() == "primary"), None)

    async def await_roles(self, *roles: str) -> None:
        """Waits until the members that are there have these roles."""
        async with asyncio.timeout(READY_S):
            while await asyncio.to_thread(self.roles) != sorted(roles):
                await asyncio.sleep(PAUSE_S)

    def roles(self) -> list[str]:
        """Those of the members that have one."""
        return sorted(filter(None, [member.role() for member in self.members]))

    def said(self) -> str:
        """The ends of all logs, for a test that failed."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text()[-2000:]}" for log in logs)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="tearline-ha-", dir="/tmp"))
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    users = ("postgres", "replicator", "tearline")
    made = Cluster(folder=folder, passwords={user: secrets.token_hex(16) for user in users})
    passfile = folder / "tearline.pgpass"
    passfile.write_text(
        "".join(f"*:*:*:{user}:{password}\n" for user, password in made.passwords.items())
    )
    passfile.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passfile))
    client, peer = free_port(), free_port()
    clients, peers = f"http://{HOST}:{client}", f"http://{HOST}:{peer}"
    try:
        made.start(
            "etcd",
            "etcd",
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
        )
        for name in ("first", "second", "third"):
            add_member(made, name, etcd=f"{HOST}:{client}")
        yield made
    finally:
        print(made.said())
        for process in made.processes:
            process.terminate()
        for process in made.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def add_member(cluster: Cluster, name: str, *, etcd: str) -> None:
    """Starts a member from the settings that are shown to operators."""
    port, api_port = free_port(), free_port()
    settings = cluster.folder / f"{name}.yml"
    template = string.Template(TEMPLATE.read_text())
    settings.write_text(
        template.substitute(
            name=name,
            host=HOST,
            port=port,
            api_port=api_port,
            etcd=etcd,
            data=cluster.folder / name,
            bin=BIN,
            sockets=cluster.folder,
            network=f"{HOST}/32",
        )
    )
    patroni = cluster.start(
        name,
        "patroni",
        settings,
        PATRONI_SUPERUSER_PASSWORD=cluster.passwords["postgres"],
        PATRONI_REPLICATION_PASSWORD=cluster.passwords["replicator"],
    )
    cluster.members.append(Member(name=name, port=port, api_port=api_port, patroni=patroni))


async def make_database(cluster: Cluster) -> None:
    """What the operator does once."""
    primary = cluster.primary()
    assert primary is not None
    address = f"postgresql://postgres@{HOST}:{primary.port}/postgres?sslmode=disable"
    connection = await asyncpg.connect(address)
    await connection.execute(
        f"CREATE ROLE tearline LOGIN PASSWORD '{cluster.passwords['tearline']}'"
    )
    await connection.execute("GRANT pg_monitor TO tearline")
    await connection.execute("CREATE DATABASE tearline OWNER tearline ENCODING 'UTF8'")
    await connection.close()


async def test_the_primary_is_lost_and_the_exchange_carries_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.await_roles("primary", "sync_standby", "replica")
    await make_database(cluster)
    settings = {"store": cluster.url, "ha": True, "http": "127.0.0.1:0"}
    served = await founded(tmp_path / "exchange", [US, CN, MX], **settings)
    await served.start()
    try:
        await agree(served)
        async with traffic(served) as load:
            await load.more()
            lost = cluster.primary()
            assert lost is not None
            before = len(load.acknowledged)
            await asyncio.to_thread(lost.kill, cluster.data(lost))
            await cluster.await_roles("primary", "sync_standby")
            await load.more()
            await load.await_readiness(True)
            print(f"{before} packets acknowledged before the loss, {len(load.acknowledged)} in all")
        await load.verify_arrived(served)
    finally:
        assert await served.stop() == 0
    await verify_log(served)
