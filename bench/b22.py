"""B22: the most memory of an export, for each format, by the entities of its packets.

Each format is written in a process of its own, as ``tearline export`` writes it: the readable
fields of all packets are gathered, and then written to nowhere. The packets are not opened; B2 does
that. The bound is 300 MiB for 100,000 entities.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

from bench.b21 import memory_and_time
from bench.harness import ROOT, Result
from bench.memory import peak_kib_of

ENTITIES = 100_000 if os.environ.get("FULL") else 5_000
_IN_A_PACKET = 100
_NODE = "spiffe://us-treasury.example/node/hub"


def run(*, entities: int = ENTITIES) -> Sequence[Result]:
    """Measures B22.

    Args:
        entities: Entities of the export: half of them accounts, half payments between two.
    """
    from tearline_client.connectors.registry import EXPORTERS, offers

    found: list[Result] = []
    for name in offers(EXPORTERS):
        mib, cpu_s = _child(name, entities)
        what = f"gathering and writing {entities} entities as {name}"
        cpu_us = cpu_s * 1e6 / entities
        found += memory_and_time(f"B22{name}", what, "an entity", mib=mib, cpu_us=cpu_us)
    return found


def _child(name: str, entities: int) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.b22", name, str(entities)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    mib, cpu_s = done.stdout.split()
    return float(mib), float(cpu_s)


def _write(name: str, entities: int) -> None:
    from tearline.packets.packet import Field, OpenedField
    from tearline.policy.profile import marking_of
    from tearline_client.connectors.contract import Exporter
    from tearline_client.connectors.exported_packets import ExportedPackets
    from tearline_client.connectors.importers.report import Report
    from tearline_client.connectors.marked_entities import ExportedPacket, Source
    from tearline_client.connectors.registry import EXPORTERS, load, offers

    exporter = load(offers(EXPORTERS)[name], Exporter).value
    source = Source(origin="spiffe://mx-finance.example/node/hub", agreement=bytes(16))
    began = time.process_time()
    exported = ExportedPackets(_NODE, 0)
    for first in range(0, entities, _IN_A_PACKET):
        packet = ExportedPacket(
            id=first.to_bytes(32, "big"), source=source, case_id="", not_after_ms=1, time_ms=first
        )
        rows = (row for number in range(first, first + _IN_A_PACKET) for row in _fields(number))
        fields = (
            Field(path=path, values=(text.encode(),), marking=marking_of(path))
            for path, text in rows
        )
        exported.add(packet, [OpenedField(slot=slot, field=f) for slot, f in enumerate(fields)])
    with open(os.devnull, "wb") as nowhere:
        exporter.write(
            exported,
            cast(BinaryIO, nowhere),
            {each.name: "" for each in exporter.options},
            Report(),
        )
    spent = time.process_time() - began
    peak = peak_kib_of() / 1024
    sys.stdout.write(f"{peak:.1f} {spent:.3f}\n")


def _fields(number: int) -> Iterator[tuple[str, str]]:
    """Yields the paths and texts of an account, or of a payment between the last two."""
    token = f"{number:032x}"
    if number % 2 == 0:
        yield f"{token}/BankAccount/id", f"account-{number}"
        yield f"{token}/BankAccount/iban", f"DE{number:020}"
        yield f"{token}/BankAccount/currency", "EUR"
        return
    yield f"{token}/Payment/id", f"payment-{number}"
    yield f"{token}/Payment/amount", f"{number}.00"
    yield f"{token}/Payment/date", "2026-03-01"
    yield f"{token}/Payment/payer", f"token-{number - 1:032x}"
    yield f"{token}/Payment/beneficiary", f"token-{max(0, number - 3):032x}"


if __name__ == "__main__":
    _write(sys.argv[1], int(sys.argv[2]))
