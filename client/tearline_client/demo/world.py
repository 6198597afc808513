"""The processes of the demo: one exchange, three agencies, on loopback, in one folder."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
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
_START_S = 240  # of a machine at its limits, where a start of the exchange took 40 s
_STOP_S = 15
_POLL_S = 0.05


class AgencyProcess:
    """One agency in its own process."""

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
        """Sends an act without waiting: agencies work in parallel."""
        if self._process.stdin is None:
            raise ExchangeUnreachable(f"{self.name} is not running")
        self._process.stdin.write(json.dumps({"act": act, **arguments}) + "\n")
        self._process.stdin.flush()

    def end(self) -> Any:
        """Returns the result of the act that was begun.

        Raises:
            TearlineError: The error of the act.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise ExchangeUnreachable(f"{self.name} has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise (error_by_code(answer["error"]) or RefusedOtherwise)(answer["why"])
        return answer["ok"]

    def ask(self, act: str, **arguments: Any) -> Any:
        """Sends an act and returns its result."""
        self.begin(act, **arguments)
        return self.end()

    def refused(self, act: str, **arguments: Any) -> TearlineError | None:
        """Returns the error of an act, or None if it succeeds."""
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
    """The exchange, run with the operator's own program."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.address = f"127.0.0.1:{free_port()}"
        self._passphrase = home.parent / "exchange.passphrase"
        self._serving: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        """The exchange's database."""
        return self.home / "exchange.db"

    def init(self) -> Path:
        """Creates the exchange's keys; returns its enrolment file."""
        write_new(self._passphrase, secrets.token_hex(16).encode() + b"\n")
        self.run("init", "--name", EXCHANGE_DOMAIN, "--address", self.address, "--dns", DNS_NAME)
        return self.home / "exchange.enrolment"

    def trust(self, path: Path) -> None:
        """Begins the log with the charter."""
        self.run("federation", "publish", str(path))

    def leave(self) -> int:
        """Continues to serve in a process that outlives this one; returns its id."""
        self.stop()
        self.serve(detached=True)
        if self._serving is None:
            raise ExchangeUnreachable("it did not start")
        return self._serving.pid

    def serve(self, *, detached: bool = False) -> None:
        """Starts serving, and waits until a connection is accepted.

        Args:
            detached: Whether the process continues when this process or its terminal ends.
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
        _await_port(self._serving, host, int(port), Path(log.name))

    def verify_log(self, home: Path | None = None) -> tuple[int, str]:
        """Returns the exit status and output of the operator's verification of a database."""
        ended = self._run("verify-log", home=home)
        return ended.returncode, (ended.stderr + ended.stdout).decode("utf-8", "replace")

    def run(self, *arguments: str) -> None:
        """Runs one operator command.

        Raises:
            ExchangeUnreachable: If it fails, with its output.
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
        program = [sys.executable, "-m", "tearline_server"]
        return [*program, *arguments, "--home", str(home or self.home)]

    def _environment(self) -> Mapping[str, str]:
        return os.environ | {"TEARLINE_PASSPHRASE_FILE": str(self._passphrase)}

    def stop(self) -> None:
        """Stops the exchange after it has drained."""
        if self._serving is not None:
            _end(self._serving)
        self._serving = None


@dataclass(slots=True, kw_only=True)
class World:
    """All processes of the demo.

    Attributes:
        folder: Folder of all their files.
        exchange: The exchange.
        agencies: Agencies that perform the acts of the story, by name.
        nodes: Agencies that were left running by themselves, by name.
    """

    folder: Path
    exchange: ExchangeProcess
    agencies: dict[str, AgencyProcess]
    nodes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @classmethod
    def create(cls, folder: Path) -> "World":
        """Starts the agencies' processes; the story creates and starts the exchange."""
        return cls(
            folder=folder,
            exchange=ExchangeProcess(folder / "exchange"),
            agencies={name: AgencyProcess(name, folder / name) for name in AGENCIES},
        )

    def all(self, act: str, **arguments: Any) -> dict[str, Any]:
        """Sends the same act to every agency in parallel; returns the results.

        Raises:
            TearlineError: The first error of an act.
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

    def leave(self, passphrase: bytes, *, consoles: Mapping[str, int] | None = None) -> None:
        """Leaves exchange and nodes running in processes that outlive this one.

        The folder gets a passphrase file, a log and a process id for each process.

        Args:
            passphrase: Passphrase of the agencies' keystores.
            consoles: By agency, the port of its console; by default the nodes have none.

        Raises:
            ExchangeUnreachable: If the exchange or a console does not start.
        """
        for agency in self.agencies.values():
            agency.stop()
        pids = {"exchange": self.exchange.leave()}
        ports = consoles or {}
        for name, agency in self.agencies.items():
            secret = self.folder / f"{name}.passphrase"
            write_new(secret, passphrase + b"\n")
            self.nodes[name] = _leave_node(agency.home, secret, ports.get(name))
            pids[name] = self.nodes[name].pid
        for name, pid in pids.items():
            (self.folder / f"{name}.pid").write_text(f"{pid}\n")
        for name, port in ports.items():
            _await_port(self.nodes[name], "127.0.0.1", port, self.folder / f"{name}.log")

    def stop(self) -> None:
        """Ends every process."""
        for agency in self.agencies.values():
            agency.stop()
        for node in self.nodes.values():
            node.terminate()
        for node in self.nodes.values():
            _end(node)
        self.exchange.stop()


def _leave_node(home: Path, secret: Path, port: int | None) -> subprocess.Popen[bytes]:
    work = ["node", "run"] if port is None else ["console"]
    command = [sys.executable, "-m", "tearline_client", *work, "--home", str(home)]
    place = {} if port is None else {"TEARLINE_CONSOLE": f"localhost:{port}"}
    with (home.parent / f"{home.name}.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--passphrase-file", str(secret)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | place,
            start_new_session=True,
        )


def _await_port(process: subprocess.Popen[bytes], host: str, port: int, log: Path) -> None:
    waited = 0.0
    while not _accepts(host, port):
        if process.poll() is not None:
            raise ExchangeUnreachable(f"it ended as it started; see {log}")
        if waited > _START_S:
            raise ExchangeUnreachable(f"it did not start within {_START_S} s; see {log}")
        # Polled, because the other program offers no event for its readiness.
        waited += _POLL_S
        time.sleep(_POLL_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process after it has drained, and kills it if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Returns a port of this machine that no process listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
