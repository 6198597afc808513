"""The frozen files as the tests of this implementation read them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tearline.crypto.keys import KemKey
from tearline.errors import TearlineError
from tearline.packets.packet import PacketParts
from tearline.tlog.checkpoint import parse_verifier_key
from tearline.verification.log_entries import parse_clear
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.statements import Signed

Case = dict[str, Any]


@cache
def vectors(name: str) -> Case:
    text = (Path(__file__).parent / f"{name}-v1.json").read_text(encoding="utf-8")
    document: Case = json.loads(text)
    assert (document["of"], document["version"]) == (name, 1)
    return document


def cases(name: str, *path: str) -> list[Any]:
    """The cases at a place of a file, as parameters named by what is wrong with them."""
    found: Any = vectors(name)
    for key in path:
        found = found[key]
    return [pytest.param(case, id=case["name"]) for case in found]


def code_of(act: Callable[[], object]) -> str:
    """The code that ``act`` is refused with."""
    with pytest.raises(TearlineError) as caught:
        act()
    return caught.value.code


@cache
def log_keys() -> tuple[Any, ...]:
    return tuple(parse_verifier_key(key["vkey"]) for key in vectors("log")["keys"])


def clear_entries() -> Iterator[tuple[int, Signed]]:
    for case in vectors("log")["entries"]:
        signed = parse_clear(bytes.fromhex(case["entry"]))
        if signed is not None:
            yield case["index"], signed


def trust(until: int) -> TrustState:
    """What a node knows that has read the clear entries below ``until``."""
    state = TrustState(federation=bytes.fromhex(vectors("log")["trust"]["federation"]))
    for index, signed in clear_entries():
        if index < until:
            state.apply(index, signed)
    return state


def first_blind() -> int:
    return next(case["index"] for case in vectors("log")["entries"] if "opening" in case)


def verify(signed: Signed) -> str:
    """Verifies a statement as of the log's first blind entry, and returns its signer."""
    at = Moment(index=first_blind(), time_ms=vectors("log")["trust"]["judged_at"]["time_ms"])
    return trust(at.index).verify(signed.statement, signed.attestations, at=at).signer


def ciphertexts() -> dict[int, bytes]:
    return dict(enumerate(map(bytes.fromhex, vectors("packet")["ciphertexts"])))


def delivered(held: Mapping[int, bytes], path: Iterable[bytes] = ()) -> PacketParts:
    """Some ciphertexts of the packet, as they are delivered."""
    slot_count = len(vectors("packet")["ciphertexts"])
    return PacketParts(
        manifest=bytes(32), ciphertexts=held, slot_count=slot_count, path=tuple(path)
    )


@cache
def recipient() -> KemKey:
    return KemKey(bytes.fromhex(vectors("grant")["kem"]["seed"]))
