"""The story of the first five files, read back: what later files go on from."""

import json
from pathlib import Path

from support import agencies as b
from tearline.sealing import SealedPacket
from tearline.verification.log_entries import parse_clear
from tearline.wire.packets import parse_manifest, parse_opening
from tearline.wire.statements import Signed, parse_signed
from vectors.own.plain import Json

FOLDER = Path(__file__).resolve().parents[1]


def file_of(name: str) -> Json:
    """A frozen file."""
    return json.loads((FOLDER / f"{name}-v1.json").read_text(encoding="utf-8"))


def frozen_federation() -> b.Federation:
    """The federation at the log's first blind entry."""
    file = file_of("log")
    signed = [parse_clear(bytes.fromhex(case["entry"])) for case in file["entries"]]
    first_blind = signed.index(None)
    return b.Federation(
        agencies=tuple(file["trust"]["agencies"]),
        id=bytes.fromhex(file["trust"]["federation"]),
        clear=tuple(each for each in signed[:first_blind] if each is not None),
    )


def frozen_packet() -> tuple[SealedPacket, Signed]:
    """The packet, with all that its originator knows, and its manifest's statement."""
    file = file_of("packet")
    openings = [parse_opening(bytes.fromhex(case["encoded"])) for case in file["openings"]]
    sealed = SealedPacket(
        manifest=parse_manifest(bytes.fromhex(file["body"])),
        openings={opening.compartment: opening for opening in openings},
        ciphertexts=tuple(map(bytes.fromhex, file["ciphertexts"])),
        keys={int(c): bytes.fromhex(key) for c, key in file["keys"].items()},
    )
    return sealed, parse_signed(bytes.fromhex(file["signed"]))
