"""What is seen of a run in phases: delays of honest mail, and the memory of the exchange."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Signal
from threading import Thread

from faults.load import NAMES, PARTNERS, SENDERS, Load, node_rows

KIB = 1 << 10
PREFERRED = -10  # nine times what others get of a core


@dataclass(kw_only=True)
class Phase:
    """Some seconds of the run, by the clock of all processes.

    Attributes:
        acts: What the hostile member drew from; nothing where there was quiet.
        from_s: When it began.
        until_s: When it ended.
        peak: The most memory that the exchange had meanwhile, in bytes.
    """

    acts: tuple[str, ...]
    from_s: float
    until_s: float = 0.0
    peak: int = 0


@dataclass(kw_only=True)
class Watch:
    """What is seen of a run.

    Attributes:
        load: The honest agencies at work.
        phases: In order.
        acts: What the hostile member did: lines of its program.
    """

    load: Load
    phases: list[Phase] = field(default_factory=list)
    acts: list[dict[str, object]] = field(default_factory=list)

    @contextmanager
    def phase(self, *acts: str) -> Iterator[None]:
        """A phase, for as long as the block takes; the memory of the exchange is looked at."""
        phase, over = Phase(acts=acts, from_s=time.monotonic()), Signal()

        def look() -> None:
            while not over.wait(0.05):
                phase.peak = max(phase.peak, memory(self.load.exchange.pid))

        looking = Thread(target=look)
        looking.start()
        try:
            yield
        finally:
            phase.until_s = time.monotonic()
            over.set()
            looking.join()
            self.phases.append(phase)

    def go_on(self, seconds: float, messages: int) -> None:
        """Lets so much time pass, and as much more as so many honest messages take."""
        before = self._published()
        time.sleep(seconds)
        self.load.await_(
            lambda: self._published() >= before + messages, f"{messages} more were published"
        )

    def _published(self) -> int:
        return sum(len(self.load.notes(name, "published")) for name in SENDERS)

    def delays(self) -> list[tuple[float, float]]:
        """Of each honest packet and partner, when it was published and how long it was under way.

        Seconds; by the clock of all processes, which that of the databases differs from.
        """
        ahead = time.time() - time.monotonic()
        arrived = {
            name: dict(node_rows(agency, "SELECT id, received_ms FROM packet"))
            for name, agency in self.load.federation.agencies.items()
            if name in NAMES
        }
        return [
            (note["at"], arrived[partner][bytes.fromhex(packet)] / 1000 - ahead - note["at"])
            for name in SENDERS
            for note in self.load.notes(name, "published")
            for packet in note["packets"]
            for partner in PARTNERS[name]
            if bytes.fromhex(packet) in arrived[partner]
        ]


def memory(pid: int) -> int:
    """What a process holds, in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return next(
        (int(line.split()[1]) * KIB for line in status.splitlines() if line.startswith("VmRSS:")), 0
    )


def prefer(pid: int) -> None:
    """Has a process go before whatever else the machine does, where that is allowed: as root."""
    with suppress(PermissionError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), PREFERRED)


def p99(values: list[float]) -> float:
    """What one of a hundred is above, at most."""
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]


def during(delays: list[tuple[float, float]], phases: list[Phase]) -> list[float]:
    """The delays of what was published in some phases."""
    return [delay for at, delay in delays for each in phases if each.from_s <= at < each.until_s]
