"""judged-v1.json: what a reader judges by the entries of one log, beyond members and packets."""

from collections.abc import Iterator, Sequence

from support import agencies as b
from support.exhibits import Case
from vectors.own.judged_cosigned import cosigned_vectors
from vectors.own.judged_decisions import decision_vectors
from vectors.own.judged_erased import covered_vectors, erased_vectors
from vectors.own.judged_exports import export_vectors
from vectors.own.judged_keys import disclosure_vectors, shared_key_vectors
from vectors.own.judged_story import Told
from vectors.own.judged_texts import cell_vectors, query_vectors
from vectors.own.plain import Json


def entries_of(log: Case) -> Iterator[Json]:
    """The entries of a log; a blind one as its opening."""
    for index, content in enumerate(log.contents):
        if isinstance(content, bytes):
            yield {"index": index, "entry": content.hex()}
        else:
            opened = {"salt": content.salt.hex(), "event": content.event.hex()}
            yield {"index": index, "opening": opened}


def judged_vectors() -> Json:
    """Everything of the file."""
    told = Told()
    parts: Sequence[tuple[str, tuple[object, list[Json]]]] = (
        ("decision", decision_vectors()),
        ("disclosure", disclosure_vectors(told)),
        ("statement", shared_key_vectors(told)),
        ("cosigned", cosigned_vectors(told)),
        ("erased", erased_vectors(told)),
        ("covered", covered_vectors(told)),
        ("export", export_vectors(told)),
        ("query", query_vectors(told.case)),
    )
    return {
        "federation": told.case.federation.id.hex(),
        "log": {"origin": b.ORIGIN, "vkeys": [e.verifier.encode() for e in b.log_signers()]},
        "entries": [*entries_of(told.case)],
        "judged_ms": b.NOW_MS,
        "note": told.case.note.decode(),
        "cells": [*cell_vectors()],
        **{name: good for name, (good, _) in parts},
        "refused": {name: bad for name, (_, bad) in parts},
    }
