"""The processes of the demo: one exchange, three agencies, on loopback, in one folder."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tearline.errors import ExchangeUnreachable, RefusedOtherwise, TearlineError, error_by_code
from tearline_runtime.files import write_new

AGENCIES = {
    "us-justice": "justice.us.example",
    "cn-public-security": "police.cn.example",
    "mx-prosecutor": "fiscalia.mx.example",
}
EXCHANGE_DOMAIN = "exchange.example"
DNS_NAME = "exchange.test"
_START_S = 30
_STOP_S = 15


class AgencyProcess:
    """One agency, as a process of its own."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tearline_client.demo.agency", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def begin(self, act: str, **arguments: Any) -> None:
        """Asks for an act, without waiting: agencies work side by side."""
        if self._process.stdin is None:
            raise ExchangeUnreachable(f"{self.name} is not running")
        self._process.stdin.write(json.dumps({"act": act, **arguments}) + "\n")
        self._process.stdin.flush()

    def end(self) -> Any:
        """What the act that was begun came to.

        Raises:
            TearlineError: The one that the act ended with.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise ExchangeUnreachable(f"{self.name} has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise (error_by_code(answer["error"]) or RefusedOtherwise)(answer["why"])
        return answer["ok"]

    def ask(self, act: str, **arguments: Any) -> Any:
        """Asks for an act and waits for it."""
        self.begin(act, **arguments)
        return self.end()

    def refused(self, act: str, **arguments: Any) -> TearlineError | None:
        """The error that an act ends with, or None if it is done."""
        try:
            self.ask(act, **arguments)
        except TearlineError as error:
            return error
        return None

    def stop(self) -> None:
        """Ends the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class ExchangeProcess:
    """The exchange: the operator's own program, started as any operator would."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.address = f"127.0.0.1:{_free_port()}"
        self._passphrase = home.parent / "exchange.passphrase"
        self._serving: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        """The exchange's database."""
        return self.home / "exchange.db"

    def init(self) -> Path:
        """Makes the exchange's keys; returns what it enrols with."""
        write_new(self._passphrase, secrets.token_hex(16).encode() + b"\n")
        self.run("init", "--name", EXCHANGE_DOMAIN, "--address", self.address, "--dns", DNS_NAME)
        return self.home / "exchange.enrolment"

    def trust(self, path: Path) -> None:
        """Takes the first trust list into the log."""
        self.run("trust", str(path))

    def leave(self) -> int:
        """Serves on, in a process that outlives this one; returns its id."""
        self.stop()
        self.serve(detached=True)
        if self._serving is None:
            raise ExchangeUnreachable("it did not start")
        return self._serving.pid

    def serve(self, *, detached: bool = False) -> None:
        """Starts serving, and waits until a connection is taken.

        Args:
            detached: Whether it goes on when this process or its terminal ends.
        """
        log = (self.home.parent / "exchange.log").open("ab")
        with log:
            self._serving = subprocess.Popen(
                self._command("serve"),
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=detached,
            )
        host, _, port = self.address.rpartition(":")
        waited = 0.0
        while not _accepts(host, int(port)):
            if self._serving.poll() is not None or waited > _START_S:
                raise ExchangeUnreachable(f"it did not start; see {log.name}")
            # There is no event to await: another program opens the port when it is ready.
            waited += 0.05
            time.sleep(0.05)

    def verify_log(self, home: Path | None = None) -> tuple[int, str]:
        """Has the operator's program check its database, or a copy; exit status and words."""
        ended = self._run("verify-log", home=home)
        return ended.returncode, (ended.stderr + ended.stdout).decode("utf-8", "replace")

    def run(self, *arguments: str) -> None:
        """Runs one command of the operator's.

        Raises:
            ExchangeUnreachable: If it fails, with what it said.
        """
        ended = self._run(*arguments)
        if ended.returncode:
            raise ExchangeUnreachable(ended.stderr.decode("utf-8", "replace").strip())

    def _run(self, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self._command(*arguments, home=home),
            capture_output=True,
            env=self._environment(),
            check=False,
        )

    def _command(self, *arguments: str, home: Path | None = None) -> list[str]:
        verb, *rest = arguments
        program = [sys.executable, "-m", "tearline_server"]
        return [*program, verb, "--home", str(home or self.home), *rest]

    def _environment(self) -> Mapping[str, str]:
        return os.environ | {"TEARLINE_PASSPHRASE_FILE": str(self._passphrase)}

    def stop(self) -> None:
        """Asks it to drain and end."""
        if self._serving is None:
            return
        self._serving.terminate()
        try:
            self._serving.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._serving.kill()
            self._serving.wait()
        self._serving = None


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that runs."""

    folder: Path
    exchange: ExchangeProcess
    agencies: dict[str, AgencyProcess]

    @classmethod
    def create(cls, folder: Path) -> "World":
        """Starts the agencies' processes; the exchange is made and started by the story."""
        return cls(
            folder=folder,
            exchange=ExchangeProcess(folder / "exchange"),
            agencies={name: AgencyProcess(name, folder / name) for name in AGENCIES},
        )

    def all(self, act: str, **arguments: Any) -> dict[str, Any]:
        """Asks every agency for the same act, side by side, and waits for all of them.

        Raises:
            TearlineError: The first that one of the acts ended with.
        """
        for agency in self.agencies.values():
            agency.begin(act, **arguments)
        answers: dict[str, Any] = {}
        errors: list[TearlineError] = []
        for name, agency in self.agencies.items():
            try:
                answers[name] = agency.end()
            except TearlineError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return answers

    def leave(self, passphrase: bytes) -> None:
        """Leaves exchange and nodes at work, in processes that outlive this one.

        Each gets a file with its passphrase, its log and its process id, beside its home.

        Args:
            passphrase: Of the agencies' keystores.
        """
        for agency in self.agencies.values():
            agency.stop()
        pids = {"exchange": self.exchange.leave()}
        for name, agency in self.agencies.items():
            secret = self.folder / f"{name}.passphrase"
            write_new(secret, passphrase + b"\n")
            pids[name] = _leave_node(agency.home, secret)
        for name, pid in pids.items():
            (self.folder / f"{name}.pid").write_text(f"{pid}\n")

    def stop(self) -> None:
        """Ends every process."""
        for agency in self.agencies.values():
            agency.stop()
        self.exchange.stop()


def _leave_node(home: Path, secret: Path) -> int:
    command = [sys.executable, "-m", "tearline_client", "node", "run", "--home", str(home)]
    with (home.parent / f"{home.name}.log").open("ab") as log:
        node = subprocess.Popen(
            [*command, "--passphrase-file", str(secret)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return node.pid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
