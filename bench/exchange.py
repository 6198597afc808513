"""The exchange of the benchmarks: its keys in memory, or a home that processes serve from."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from bench.harness import ROOT
from bench.measured import Taken, measured
from tearline.crypto.armor import Armor, armor
from tearline.federation.members import ExchangeEnrolment
from tearline.wire.federation import FederationFile
from tearline.wire.statements import Signed, encode_signed
from tearline_client.founding.charter_file import write_federation
from tearline_server.config import FILE_NAME, Config, config_of, write_config
from tearline_server.keys import ExchangeKeys, generate_keys, identity_of, write_keys

NAME = "exchange.example"
CHARTER = "federation.trust"
_SERVER = ("-m", "tearline_server")
_START_S = 30
_STOP_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who runs the exchange.

    Attributes:
        config: Its settings.
        keys: Its keys.
    """

    config: Config
    keys: ExchangeKeys

    @classmethod
    def generate(cls, home: Path = Path(), address: str = "localhost:1") -> "Operator":
        """Fresh keys for an exchange at ``address``."""
        config = config_of(home, {"name": NAME, "dns": NAME, "address": address})
        keys = generate_keys(trust_domain=config.name, origin=config.origin, now_s=int(time.time()))
        return cls(config=config, keys=keys)

    @property
    def enrolment(self) -> ExchangeEnrolment:
        """The exchange as charters name it."""
        return identity_of(self.config, self.keys)


def enrolment() -> ExchangeEnrolment:
    """An exchange that nobody calls."""
    return Operator.generate().enrolment


class Process:
    """A server in a process of its own, on loopback.

    Args:
        arguments: What Python is given.
        address: host:port that it will listen on.
        environment: Variables beside those of this process.
        python: The Python that runs it.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        address: str,
        environment: Mapping[str, str],
        python: str = sys.executable,
    ) -> None:
        self.address = address
        self._process = subprocess.Popen(
            [python, *arguments],
            cwd=ROOT,  # where bench itself is found
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        host, _, port = self.address.rpartition(":")
        deadline = time.monotonic() + _START_S
        while not _accepts(host, int(port)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError("the server did not start")
            # There is no event to await: another program opens the port when it is ready.
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def memory_kib(self) -> float:
        """Resident memory, KiB; 0 where the system does not say."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except FileNotFoundError:
            return 0.0
        return float(status.partition("VmRSS:")[2].split()[0])

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time that it has used, of all its threads; on Linux alone."""
        # clock_getcpuclockid(3): a process's clock is made of its id, and counts nanoseconds where
        # /proc counts hundredths of a second.
        return time.clock_gettime((~self._process.pid << 3) | 2) * 1e6


class Home:
    """An exchange's home, whose keys the echo servers share.

    Args:
        folder: Where it is made.
        settings: What is set beside the settings that it must have.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, int | str] = MappingProxyType({})
    ) -> None:
        self._folder = folder
        self._passphrase = folder / "passphrase"
        passphrase = secrets.token_hex(16)
        self._passphrase.touch(mode=0o600)
        self._passphrase.write_text(passphrase + "\n", encoding="ascii")
        self.operator = Operator.generate(folder, free_address())
        write_keys(self.operator.config.keys, self.operator.keys, passphrase.encode())
        write_config(self.operator.config)
        with (folder / FILE_NAME).open("a", encoding="ascii") as file:
            file.writelines(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())

    def begin(self, founding: FederationFile, records: Iterable[Signed]) -> None:
        """Takes the charter and key records into the log."""
        write_federation(self.charter, founding)
        self._run("federation publish", [str(self.charter)])
        paths = [
            self._write(f"{number}.record", Armor.KEY_RECORD, record)
            for number, record in enumerate(records)
        ]
        if paths:
            self._run("admit", paths)

    @property
    def charter(self) -> Path:
        """The file with the charter."""
        return self._folder / CHARTER

    def grow(self, size: int) -> Taken:
        """Lets the log grow to ``size`` entries; prints what ``bench.growth`` does."""
        return self.measured(["-m", "bench.growth", str(self._folder), str(size)])

    def verify_log(self) -> Taken:
        """Derives the log anew, as any operator does."""
        return self.measured([*_SERVER, "verify-log", "--home", str(self._folder)])

    def measured(self, arguments: Sequence[str]) -> Taken:
        """Runs Python beside this home, and measures it."""
        return measured(arguments, self._environment)

    def serve(self) -> Process:
        """The exchange, as any operator starts it."""
        return self._process(
            [*_SERVER, "serve", "--home", str(self._folder)],
            self.operator.config.listen,
        )

    def serve_beside(self) -> Process:
        """Another process of the exchange, over the same database."""
        address = free_address()
        arguments = [*_SERVER, "serve", "--home", str(self._folder), "--listen", address]
        return self._process(arguments, address)

    def serve_echo(self, *options: str) -> Process:
        """An echo server with the exchange's own certificate and server settings."""
        address = free_address()
        return self._process(["-m", "bench.echo", str(self._folder), address, *options], address)

    def _process(self, arguments: Sequence[str], address: str) -> Process:
        return Process(arguments, address, self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        return {"TEARLINE_PASSPHRASE_FILE": str(self._passphrase)}

    def _write(self, name: str, kind: Armor, signed: Signed) -> str:
        path = self._folder / name
        path.write_text(armor(kind, encode_signed(signed)), encoding="ascii")
        return str(path)

    def _run(self, verb: str, arguments: Sequence[str]) -> None:
        subprocess.run(
            [sys.executable, *_SERVER, *verb.split(), "--home", str(self._folder), *arguments],
            env=os.environ | self._environment,
            check=True,
            capture_output=True,
        )


def free_address() -> str:
    """Returns an address of loopback that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def _accepts(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
