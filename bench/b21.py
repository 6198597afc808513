"""B21: the most memory of an import's reading and planning, for each format, by rows of its file.

Each format is read in a process of its own, as ``tearline import`` reads it: its entities are
merged and held, and its groups are formed. Nothing is sealed or sent; B15 does that. The bound is
300 MiB for 100,000 rows, and for a million rows of a table.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.b15 import MAPPING
from bench.harness import ROOT, Result, Target, result
from bench.memory import peak_kib_of

ROWS = 100_000 if os.environ.get("FULL") else 5_000
LARGE = 1_000_000 if os.environ.get("FULL") else 10_000
MIB = 300
TARGET = Target(limit=1, at_most=True)


def _iban(account: int) -> str:
    """Returns a valid German IBAN (ISO 13616): a report holds a million doubtful values at most."""
    number = f"{account:018}"
    letters = "131400"  # D, E and the digits to find
    return f"DE{98 - int(number + letters) % 97:02}{number}"


def _csv(rows: int) -> Iterator[str]:
    yield "From,To,Amount,Day\n"
    for row in range(rows):
        yield f"{_iban(row)},{_iban(row + rows)},{row}.00,2026-03-01\n"


def _ftm(rows: int) -> Iterator[str]:
    for row in range(rows):
        yield f'{{"id":"p{row}","schema":"Person","properties":{{"name":["Nobody {row}"]}}}}\n'


def _camt(rows: int) -> Iterator[str]:
    yield '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
    yield "<Id>S</Id><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>"
    for row in range(rows):
        yield (
            f"<Ntry><Amt Ccy='EUR'>1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
            f"<BookgDt><Dt>2026-03-01</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>E{row}"
            f"</EndToEndId></Refs><RltdPties><Cdtr><Pty><Nm>Party {row}</Nm></Pty></Cdtr><CdtrAcct>"
            f"<Id><IBAN>GB{row:020}</IBAN></Id></CdtrAcct></RltdPties></TxDtls></NtryDtls></Ntry>\n"
        )
    yield "</Stmt></BkToCstmrStmt></Document>"


def _mt940(rows: int) -> Iterator[str]:
    yield ":20:S\n:25:DE02120300000000202051\n:28C:1\n:60F:C260301EUR0,\n"
    for row in range(rows):
        yield f":61:260301D1,00NTRFE{row}\n:86:166?20tea?31GB{row:020}?32Party {row}\n"
    yield f":62F:D260301EUR{rows},\n-\n"


FORMATS: Mapping[str, Callable[[int], Iterator[str]]] = {
    "csv": _csv,
    "ftm": _ftm,
    "camt": _camt,
    "mt940": _mt940,
}
"""Formats with rows of several related entities; the others have the rows of the tests."""


def run(*, rows: int = ROWS, large: int = LARGE) -> Sequence[Result]:
    """Measures B21.

    Args:
        rows: Rows of each file.
        large: Rows of a further, large table.
    """
    from unit.client.connectors.importers.sources import SOURCES  # of the tests

    found = []
    with tempfile.TemporaryDirectory() as folder:
        file, mapping = Path(folder) / "source", Path(folder) / "mapping"
        for name in (*FORMATS, *(each for each in SOURCES if each not in FORMATS)):
            if name in FORMATS:
                _write(file, FORMATS[name](rows))
                importer, text = name, MAPPING
            else:
                file.write_bytes(SOURCES[name].content([f"{row}" for row in range(rows)]))
                importer, text = SOURCES[name].importer, SOURCES[name].files.get("mapping", "")
            mapping.write_text(text)
            found += _measured(name, rows, _child(importer, file, mapping))
        _write(file, _csv(large))
        mapping.write_text(MAPPING)
        found += _measured("large", large, _child("csv", file, mapping))
    return found


def _write(file: Path, lines: Iterator[str]) -> None:
    with file.open("w", encoding="utf-8") as target:
        target.writelines(lines)


def memory_and_time(
    line: str, what: str, each: str, *, mib: float, cpu_us: float
) -> Sequence[Result]:
    """Returns the lines of a file's memory, beside its bound, and of its processor time.

    Args:
        line: Id of the line of memory; that of the time ends with ``s``.
        what: The work.
        each: A row or entity, with its article.
        mib: The most memory.
        cpu_us: Processor time for each.
    """
    return [
        result(
            line,
            f"memory of {what}",
            runs=[mib],
            unit="MiB",
            baseline=[MIB],
            baseline_unit="bound, MiB",
            target=TARGET,
        ),
        result(
            f"{line}s",
            f"processor time of {what}",
            runs=[cpu_us],
            unit=f"µs {each}",
            baseline=[1],
            baseline_unit="1",
        ),
    ]


def _measured(name: str, rows: int, measured: tuple[float, float, int]) -> Sequence[Result]:
    mib, cpu_s, made = measured
    what = f"reading {rows} rows of {name}, {made} entities"
    return memory_and_time(f"B21{name}", what, "a row", mib=mib, cpu_us=cpu_s * 1e6 / rows)


def _child(name: str, file: Path, mapping: Path) -> tuple[float, float, int]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.b21", name, str(file), str(mapping)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    mib, cpu_s, made = done.stdout.split()
    return float(mib), float(cpu_s), int(made)


def _read(name: str, file: Path, mapping: Path) -> None:
    from tearline_client.connectors.contract import Importer
    from tearline_client.connectors.importers.read import read_source
    from tearline_client.connectors.importers.report import Report
    from tearline_client.connectors.registry import IMPORTERS, load, offers
    from tearline_client.planning.merged_entities import Groups

    importer = load(offers(IMPORTERS)[name], Importer)
    options = {each.name: "" for each in importer.value.options}
    options |= {"mapping": mapping.read_text()} if name == "csv" else {}
    began = time.process_time()
    read = read_source(file, importer, options, Report())
    made = sum(len(group.entities) for group in Groups(read.entities))
    spent = time.process_time() - began
    peak = peak_kib_of() / 1024
    sys.stdout.write(f"{peak:.1f} {spent:.3f} {made}\n")


if __name__ == "__main__":
    _read(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
