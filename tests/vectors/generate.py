"""Makes the frozen vectors of this folder. Run only for a new version of a format.

    PYTHONPATH=tests python tests/vectors/generate.py

The first five files tell the story; the others go on from their bytes, and can be made
anew alone, with the names of the files as arguments.

Seeds, keys, salts and positions are fixed, but sealing and ML-DSA signatures are not
repeatable: a second run makes other files. What is frozen is checked in the opening
direction, by ``test_own_vectors.py`` and by the second verifier, which knows only the
specifications. docs/spec/vectors.md describes the files.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from support import agencies as b
from tearline.statements.receipt import LogOpening
from tearline.wire.grants import encode_event
from vectors.own.agreements import agreement_vectors
from vectors.own.authorities import authority_vectors
from vectors.own.blobs import blob_vectors
from vectors.own.desks_refused import desk_vectors
from vectors.own.exhibits import exhibit_vectors
from vectors.own.further import further_vectors
from vectors.own.grants import grant_vectors, grants_of
from vectors.own.histories import history_vectors
from vectors.own.judged import judged_vectors
from vectors.own.light import light_vectors
from vectors.own.logs import events_of, log_vectors
from vectors.own.packets import packet_vectors
from vectors.own.plain import Json, fixed_randomness
from vectors.own.receipts import receipt_vectors, receipts_of
from vectors.own.statements import statement_vectors
from vectors.own.succession import trust_vectors

FOLDER = Path(__file__).resolve().parent
LATER: dict[str, tuple[str, Callable[[], Json]]] = {
    "trust": ("Decisions that follow, and whose keys count then.", trust_vectors),
    "agreement": ("An agreement in two versions.", agreement_vectors),
    "refused": ("Bad copies of what the first five files hold.", further_vectors),
    "exhibit": ("Exhibits of a packet like that one.", exhibit_vectors),
    "light": ("A light reader's turns, and turns that it must not believe.", light_vectors),
    "judged": ("What is judged by the entries of one log.", judged_vectors),
    "authority": ("CA certificates of agencies.", authority_vectors),
    "blob": ("Large documents, their parts and descriptions.", blob_vectors),
    "history": (
        "Requests, standings, cases, budgets, in the log's order.",
        history_vectors,
    ),
    "desk": ("Standings, steps, consents, recalls and proposals.", desk_vectors),
}


def write(name: str, about: str, content: Json) -> None:
    """Writes one file of vectors."""
    document = {"of": name, "version": 1, "about": about, **content}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}-v1.json").write_text(text + "\n", encoding="utf-8")


def go_on(names: list[str]) -> None:
    """Makes files that go on from the first five."""
    for name in names:
        about, make = LATER[name]
        with fixed_randomness(name):
            write(name, about, make())


def begin() -> None:
    """Makes the first five files anew."""
    with fixed_randomness("federation"):
        federation = b.federation(b.US, b.MX)
    us = federation.node(b.US)
    with fixed_randomness("packet"):
        sealed = b.packet(us.header)
        manifest = b.manifest_signed(sealed, us)
    packet = manifest.statement.id
    grants = grants_of(federation, sealed, packet)
    first = next(iter(grants.values()))
    with fixed_randomness("grants"):
        grant_file = grant_vectors(federation, sealed, packet, grants)
    ids = [bytes.fromhex(case["statement_id"]) for case in grant_file["grants"]]
    openings = [
        LogOpening(
            index=len(federation.clear) + number,
            salt=b.secret(f"salt of entry {number}"),
            event=encode_event(event),
        )
        for number, event in enumerate(events_of(manifest, ids, sealed, first))
    ]
    with fixed_randomness("statements"):
        write(
            "statement", "Trees of statements under one signature.", statement_vectors(federation)
        )
    write(
        "packet",
        "One packet, with all that its originator knows.",
        packet_vectors(sealed, manifest),
    )
    write("grant", "Three grants of that packet, to one recipient.", grant_file)
    with fixed_randomness("receipts"):
        receipts = receipts_of(federation, ids, openings[1])
        write("receipt", "What became of a grant.", receipt_vectors(federation, receipts))
    with fixed_randomness("log"):
        write("log", "The log of that federation.", log_vectors(federation, openings))


if __name__ == "__main__":
    if not sys.argv[1:]:
        begin()
    go_on(sys.argv[1:] or list(LATER))
