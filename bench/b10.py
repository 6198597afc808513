"""B10: a million entries verified offline, beside bare SHA-256 of the same leaves and nodes.

Three who believe nothing: the operator's ``verify-log``, a node that follows from empty, and
``audit verify`` over the rows of a search. Each is a process, started as anybody starts it, and
measured once: it takes long enough for the weather to even out.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.b7 import FEW, MANY
from bench.following import node_database
from bench.grown import Grown, long_log
from bench.harness import Result, Target, alternate, cpu_us, result
from bench.measured import Taken
from tearline.audit.export import ExportFormat
from tearline.audit.query import parse_query
from tearline.tlog.merkle import verify_consistency
from tearline.wire.audit_search import SearchRequest
from tearline_client.audit.exports import ExportWriter
from tearline_client.audit.search import BEGINNING, SearchPosition, verify_page
from tearline_client.store.log import LogStore
from tearline_server.audit.search import Auditor

ROWS = 100_000
TARGET = Target(limit=3, at_most=True)
_BARE_ROUNDS = 5
_LEAF, _NODE = secrets.token_bytes(34), secrets.token_bytes(65)  # a prefix, and what is hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What it took to verify everything of one size.

    Attributes:
        size: Entries.
        operator: ``tearline-server verify-log``.
        node: A node that follows from empty.
        database: The node's database.
    """

    size: int
    operator: Taken
    node: Taken
    database: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a search, and what it took to verify them.

    Attributes:
        number: How many.
        nodes: Hashes of the paths of all.
        taken: By ``tearline audit verify``.
    """

    number: int
    nodes: int
    taken: Taken


def run(*, few: int = FEW, many: int = MANY, rows: int = ROWS) -> Sequence[Result]:
    """Measures B10.

    Args:
        few: Entries of the log whose verification shows what memory is needed at least.
        many: Entries of the log that is measured.
        rows: Rows of the search that are verified; a tenth of them shows their memory.
    """
    grown_log = long_log(few, many)
    grown = grown_log.grown
    grown.set_back(grown_log.few)
    short = _verified(grown, few)
    grown.set_back(grown_log.many)
    long = _verified(grown, many)
    less, more = (_verified_rows(grown, number) for number in (rows // 10, rows))
    log = (long.size, long.size - long.size.bit_count())
    return [
        _beside_bare("B10", "verify-log of the exchange", long.operator, log),
        _beside_bare("B10f", "a node that follows from empty", long.node, log),
        _beside_bare(
            "B10r", f"audit verify of {more.number:,} rows", more.taken, (rows, more.nodes)
        ),
        _memory("B10m", "verify-log", (long.operator, many), (short.operator, few), "entries"),
        _memory("B10fm", "the node", (long.node, many), (short.node, few), "entries"),
        _memory("B10rm", "audit verify", (more.taken, rows), (less.taken, rows // 10), "rows"),
        _consistency(long.database, few, many),
    ]


def _verified(grown: Grown, size: int) -> Verified:
    database = grown.folder / f"node-{size}.sqlite"
    pages = grown.pages(grown.folder / f"pages-{size}")
    operator = grown.home.verify_log()
    node = grown.home.measured(
        ["-m", "bench.following", str(pages), str(grown.home.charter), str(database)]
    )
    if f"{size} entries: all" not in operator.output or node.output != f"{size}\n":
        raise RuntimeError(f"not all was verified: {operator.output} {node.output}")
    return Verified(size=size, operator=operator, node=node, database=database)


def _verified_rows(grown: Grown, number: int) -> Rows:
    path = grown.folder / f"{number}.jsonl"
    nodes = asyncio.run(_write_rows(grown, path, number))
    arguments = ["audit", "verify", str(path), "--trust", str(grown.home.charter)]
    taken = grown.home.measured(["-m", "tearline_client", *arguments])
    return Rows(number=number, nodes=nodes, taken=taken)


async def _write_rows(grown: Grown, path: Path, number: int) -> int:
    """Writes what a search finds as an auditor's node does; returns how long all paths are."""
    auditor = Auditor(node=grown.sender.node, agency=grown.sender.agency, pseudonym=bytes(32))
    request = SearchRequest(query="", after=BEGINNING, limit=number)
    log, nodes = grown.home.operator.enrolment.log, 0
    asked = SearchPosition(query=parse_query(""), after=BEGINNING, left=number)
    with path.open("wb") as file:
        writer = ExportWriter(file, ExportFormat.JSONL)
        async with grown.opened(grown.database) as (exchange, _):
            async for page in exchange.audit_search.search(auditor, request):
                for found in verify_page(page, asked, log).events:
                    writer.write(found)
                    nodes += len(found.proven.path)
    if writer.entries != number:
        raise RuntimeError(f"the search found {writer.entries} entries, not {number}")
    return nodes


def _beside_bare(id_: str, what: str, taken: Taken, hashes: tuple[int, int]) -> Result:
    leaves, nodes = hashes
    bare = alternate({"bare": partial(cpu_us, partial(_hash, leaves, nodes), 1)}, _BARE_ROUNDS)
    return result(
        id_,
        what,
        runs=[taken.cpu_s * 1e6 / leaves],
        unit="µs for an entry",
        baseline=[each / leaves for each in bare["bare"]],
        baseline_unit=f"µs of bare SHA-256 for its share of {leaves:,} leaves, {nodes:,} nodes",
        target=TARGET,
    )


def _hash(leaves: int, nodes: int, _number: int) -> None:
    for _ in range(leaves):
        hashlib.sha256(_LEAF).digest()
    for _ in range(nodes):
        hashlib.sha256(_NODE).digest()


def _memory(
    id_: str, what: str, long: tuple[Taken, int], short: tuple[Taken, int], unit: str
) -> Result:
    return result(
        id_,
        f"most memory of {what}, {long[1]:,} {unit}",
        runs=[long[0].peak_mib],
        unit="MiB",
        baseline=[short[0].peak_mib],
        baseline_unit=f"MiB, {short[1]:,} {unit}",
    )


def _consistency(database: Path, few: int, many: int) -> Result:
    """Consistency proofs that the node makes from what it stored."""
    db = node_database(database)
    store = LogStore(db)
    path = store.consistency(few, many)
    verify_consistency(few, many, store.root_at(few), store.root_at(many), path)

    def prove(size: int, number: int) -> None:
        store.consistency(1 + number * 7919 % (size - 1), size)

    contenders = {size: partial(cpu_us, partial(prove, size), 500) for size in (few, many)}
    runs = alternate({str(size): work for size, work in contenders.items()}, _BARE_ROUNDS)
    db.close()
    return result(
        "B10c",
        f"a node's consistency proof up to {many:,} entries",
        runs=runs[str(many)],
        unit="µs",
        baseline=runs[str(few)],
        baseline_unit=f"µs up to {few:,}",
    )
