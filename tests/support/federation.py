"""A federation of real processes: the operator's program, the agencies', real mTLS on loopback.

Everything is done by the two command lines, as people do it. Founding takes twenty commands,
so it is done once a run, the agencies' part in the test's own process; each test works on a copy
of the homes, at an address of its own.
"""

import atexit
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from support.run_cache import once
from tearline.errors import error_by_code
from tearline_client.demo.lead import AGREEMENT, lead_jsonl
from tearline_client.demo.world import AGENCIES, DNS_NAME, EXCHANGE_DOMAIN

US, CN, MX = AGENCIES
NODES = {name: f"spiffe://{domain}/node/liaison" for name, domain in AGENCIES.items()}
PASSPHRASE = "a passphrase for tests"
COMMAND_S = 240  # a command that takes longer hangs, on a machine with a tenth of a core, too
READY_S = 240
HOMES, SEEN, TOLD = "homes", "seen", "told.json"  # what is kept of the founding
FRESH_S = 240  # far from the ten minutes after which a node misses its partners' cosignatures
ORDER = (
    "--agreement=narcotics-2026",
    "--article=money-laundering",
    "--purpose=criminal-investigation",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that ended: its exit status, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> Any:
        """What ``-o json`` printed."""
        return json.loads(self.out)

    def refused(self, code: str, status: int) -> bool:
        """Whether it ended with that error: code, sentence, next step, and no data."""
        error = error_by_code(code)
        assert error is not None, code
        # What the message says is compared whole, so that a failing test shows all of it.
        assert (self.status, self.out) == (status, ""), self
        assert f"{code}: {error.what.removesuffix('.')}" in self.err, self
        assert f"Next: {error.next}" in self.err, self
        assert "Traceback" not in self.err, self
        return True


class Program:
    """One of the two programs, for one home."""

    module = ""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.secret = home.parent / f"{home.name}.passphrase"
        self.variables: dict[str, str] = {}
        self.entrance: tuple[str, ...] = ()

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing of the tester's settings, and the passphrase by a file."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TEARLINE_")}
        return {
            **inherited,
            "HOME": str(self.home.parent),
            "TEARLINE_PASSPHRASE_FILE": str(self.secret),
            **self.variables,
        }

    def command(self, *arguments: str) -> list[str]:
        """The command line for a noun or verb with its arguments."""
        program = [sys.executable, "-m", self.module]
        return [*self.entrance, *program, *arguments, "--home", str(self.home)]

    def run(self, *arguments: str) -> Ended:
        """Runs one command to its end."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            ended = subprocess.run(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self.environment,
                timeout=COMMAND_S,
            )
            out.seek(0)
            err.seek(0)
            return Ended(status=ended.returncode, out=out.read(), err=err.read())

    def done(self, *arguments: str) -> Ended:
        """Runs a command that must succeed."""
        ended = self.run(*arguments)
        assert ended.status == 0, (arguments, ended)
        return ended

    def start(self, *arguments: str) -> "Running":
        """Starts a command that goes on; what it says goes to a file beside the home."""
        log = self.home.parent / f"{self.home.name}.log"
        with log.open("ab") as stream:
            process = subprocess.Popen(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=self.environment,
            )
        _begun[:] = [each for each in _begun if each.poll() is None]
        _begun.append(process)
        return Running(process, log)


_begun: list[subprocess.Popen[bytes]] = []


@atexit.register
def _end_all() -> None:
    """Ends what a failed test left at work; until then no other test is warned of it."""
    for process in _begun:
        process.kill()
        process.wait()


class Running:
    """A process at work."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self._from = log.stat().st_size

    @property
    def said(self) -> str:
        """What it said so far."""
        with self._log.open("rb") as stream:
            stream.seek(self._from)
            return stream.read().decode("utf-8", "replace")

    def await_(self, ready: Callable[[], bool], what: str, *, within_s: float = READY_S) -> None:
        """Waits until something is so, which another process must bring about.

        There is no event to await: it is asked for again and again, up to a deadline.
        """
        deadline = time.monotonic() + within_s
        while not ready():
            status = self._process.poll()
            assert status is None, f"it ended with {status} before {what}: {self.said}"
            assert time.monotonic() < deadline, f"not within {within_s} s: {what}: {self.said}"
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def freeze(self) -> None:
        """Stops it where it is, if it has not ended, for as long as nobody lets it go on."""
        self._process.send_signal(signal.SIGSTOP)
        if self._process.returncode is None:
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        """Lets it go on."""
        self._process.send_signal(signal.SIGCONT)

    def ended(self) -> int:
        """Waits for it to end by itself; the exit status."""
        return self._process.wait(COMMAND_S)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        self._process.terminate()
        return self._process.wait(READY_S)


class Agency(Program):
    """An agency's home and its command line."""

    module = "tearline_client"

    def __init__(self, home: Path, domain: str = "") -> None:
        """Takes the home, whose name is the agency's, and its trust domain if not as usual."""
        super().__init__(home)
        self.domain = domain or AGENCIES[home.name]

    @property
    def node(self) -> str:
        """The URI of its node."""
        return f"spiffe://{self.domain}/node/liaison"

    def here(self, *arguments: str) -> Ended:
        """Runs one command in this process: the same, in a third of the time."""
        from tearline_client.cli import command

        line = [*arguments, "--home", str(self.home)]
        # On a thread of its own: a command runs an event loop, and so may the test.
        with ThreadPoolExecutor(1) as pool:
            ran = pool.submit(CliRunner().invoke, command, line, env=dict(self.environment))
        result = ran.result()
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(status=result.exit_code, out=result.stdout, err=result.stderr)

    def done_here(self, *arguments: str) -> Ended:
        """Runs a command in this process that must succeed."""
        ended = self.here(*arguments)
        assert ended.status == 0, (arguments, ended)
        return ended

    def status(self) -> dict[tuple[str, str], Any]:
        """``node status`` as a table of (what, which)."""
        rows = self.done_here("node", "status", "-o", "json").rows
        return {(row["what"], row["which"]): row["state"] for row in rows}


class Operator(Program):
    """The exchange's home and its command line."""

    module = "tearline_server"

    def __init__(self, home: Path, address: str) -> None:
        """Takes the home and the host:port on which it listens."""
        super().__init__(home)
        self.address = address

    def serve(self, *options: str) -> Running:
        """Starts serving, and waits until it does."""
        running = self.start("serve", *options)
        running.await_(lambda: '"message": "serving"' in running.said, "it served")
        return running


@dataclass(slots=True, kw_only=True)
class Federation:
    """An exchange and three agencies in one folder.

    Attributes:
        folder: Where everything lies.
        operator: The exchange.
        agencies: By short name.
        told: What each command of the founding came to, by its words.
    """

    folder: Path
    operator: Operator
    agencies: dict[str, Agency]
    told: dict[str, Ended] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: Path, address: str, domains: Mapping[str, str] = AGENCIES) -> "Federation":
        """The federation whose homes are, or will be, in ``folder``."""
        return cls(
            folder=folder,
            operator=Operator(folder / "exchange", address),
            agencies={name: Agency(folder / name, domain) for name, domain in domains.items()},
        )

    @property
    def us(self) -> Agency:
        """The agency that sends, mostly."""
        return self.agencies[US]

    @property
    def cn(self) -> Agency:
        """A partner."""
        return self.agencies[CN]

    @property
    def mx(self) -> Agency:
        """Another partner."""
        return self.agencies[MX]

    def lead(self, name: str = "lead.jsonl") -> Path:
        """The lead of the story, as a file."""
        path = self.folder / name
        path.write_text(lead_jsonl(), encoding="utf-8")
        return path

    def all(self, *arguments: str) -> dict[str, Ended]:
        """The same command by every agency, one after the other; it must succeed."""
        return {name: agency.done_here(*arguments) for name, agency in self.agencies.items()}

    def agree(self, name: str, text: str, signers: tuple[str, ...]) -> None:
        """Has an agreement drafted by the first signer, signed by all, published by the last."""
        source, target = self.folder / f"{name}.toml", self.folder / f"{name}.agreement"
        source.write_text(text, encoding="utf-8")
        first, *others = (self.agencies[signer] for signer in signers)
        steps = [(first, ("agreement", "draft", str(source), "--output-file", str(target)))]
        steps += [(other, ("agreement", "sign", str(target))) for other in others]
        steps += [(others[-1], ("agreement", "publish", str(target)))]
        for agency, arguments in steps:
            self.told[f"{agency.home.name}: {' '.join(arguments[:2])}"] = agency.done_here(
                *arguments
            )


def _refresh(made: Path, domains: Mapping[str, str]) -> None:
    """Has the agencies cosign anew where the tests take long: an old log confirms no clock."""
    if time.monotonic() - float((made / SEEN).read_text()) < FRESH_S:
        return
    federation = addressed(made / HOMES, domains)
    serving = federation.operator.serve("--clock-is-right", time.strftime("%FT%TZ", time.gmtime()))
    try:
        _cosign(federation)
    finally:
        serving.terminate()
    _note_seen(made)


def _note_seen(made: Path) -> None:
    """Notes that the log was cosigned now, by a clock that all processes share."""
    (made / SEEN).write_text(repr(time.monotonic()))


def _cosign(federation: Federation) -> None:
    for _ in range(2):  # in the second turn each sees what the others cosigned in the first
        federation.all("node", "sync")


def _found(made: Path, domains: Mapping[str, str]) -> None:
    folder = made / HOMES
    folder.mkdir()
    federation = Federation.at(folder, f"127.0.0.1:{free_port()}", domains)
    _enrol(federation)
    _note_seen(made)
    told = {command: asdict(ended) for command, ended in federation.told.items()}
    (made / TOLD).write_text(json.dumps(told))


def _enrol(federation: Federation) -> None:
    folder, operator, told = federation.folder, federation.operator, federation.told
    for program in (operator, *federation.agencies.values()):
        program.secret.touch(mode=0o600)
        program.secret.write_text(PASSPHRASE + "\n")

    named = ("--name", EXCHANGE_DOMAIN, "--address", operator.address, "--dns", DNS_NAME)
    told["exchange: init"] = operator.done("init", *named)
    for name, agency in federation.agencies.items():
        names = ("--agency", name, "--domain", agency.domain, "--node", "liaison")
        told[f"{name}: init"] = agency.done_here("init", *names)

    trust = str(folder / "federation.trust")
    first, *others = federation.agencies
    files = [
        argument
        for name in federation.agencies
        for argument in ("--agency", f"{folder}/{name}/{name}.agency")
    ]
    enrolment = str(operator.home / "exchange.enrolment")
    told["federation found"] = federation.agencies[first].done_here(
        *("federation", "found", "--name", "tests", "--exchange", enrolment, *files),
        *("--output-file", trust),
    )
    for name in others:
        signing = ("federation", "sign", trust)
        told[f"{name}: federation sign"] = federation.agencies[name].done_here(*signing)
    joined = federation.all("federation", "join", trust)
    told |= {f"{name}: federation join": ended for name, ended in joined.items()}
    told["exchange: federation publish"] = operator.done("federation", "publish", trust)
    serving = operator.serve()
    try:
        told |= {f"{n}: node sync": e for n, e in federation.all("node", "sync").items()}
        if {US, CN, MX} <= federation.agencies.keys():
            federation.agree("narcotics-2026", AGREEMENT, (US, CN, MX))
        _cosign(federation)
    finally:
        serving.terminate()


def copied(folder: Path, domains: Mapping[str, str] = AGENCIES) -> Federation:
    """A copy of the founded federation, to be changed at will; not serving.

    It has keys on record and, of the three, one agreement in force, and it was told what each
    command of the founding came to.

    Args:
        folder: Where it goes.
        domains: Short names and trust domains of its members: the three, with others or not.
    """
    with once("-".join(["federation", *domains]), partial(_found, domains=domains)) as made:
        _refresh(made, domains)
        shutil.copytree(made / HOMES, folder, dirs_exist_ok=True)
        told = json.loads((made / TOLD).read_text())
    federation = addressed(folder, domains)
    federation.told = {command: Ended(**ended) for command, ended in told.items()}
    return federation


def addressed(folder: Path, domains: Mapping[str, str]) -> Federation:
    """A federation that was founded elsewhere, at an address of its own."""
    federation = Federation.at(folder, f"127.0.0.1:{free_port()}", domains)
    settings = federation.operator.home / "exchange.toml"
    text, count = re.subn(
        r"(?m)^listen = .*$",
        f'listen = "{federation.operator.address}"',
        settings.read_text(encoding="utf-8"),
    )
    assert count == 1, text
    settings.write_text(text, encoding="utf-8")
    for agency in federation.agencies.values():
        agency.variables["TEARLINE_EXCHANGE"] = federation.operator.address
    return federation


@contextmanager
def serving(folder: Path) -> Iterator[Federation]:
    """A copy of the founded federation with its exchange at work; it must end well."""
    federation = copied(folder)
    with at_work(federation.operator):
        yield federation


@contextmanager
def at_work(operator: Operator) -> Iterator[None]:
    """An exchange that serves; it must end well."""
    running = operator.serve()
    try:
        yield
    finally:
        assert running.terminate() == 0


def free_port() -> int:
    """A port of loopback that nobody listens on.

    It is none of those from which systems serve whoever asks for any port, or who connects:
    such a one could be taken again before the program that is to listen there has started.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 32_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
