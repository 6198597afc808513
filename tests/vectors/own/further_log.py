"""Checkpoints, proofs and openings of refused-v1.json."""

from dataclasses import replace
from typing import Any

from support import agencies as b
from tearline.federation.equivocation import Equivocation
from tearline.statements.receipt import LogOpening
from tearline.tlog.checkpoint import Checkpoint, sign_checkpoint
from tearline.tlog.merkle import EMPTY_ROOT, Frontier
from tearline.verification.log_entries import blind_entry, entry_hash
from tearline.wire.cosigning import encode_equivocation
from tearline.wire.grants import encode_log_opening, parse_log_opening
from vectors.own.frozen import file_of
from vectors.own.plain import Json
from vectors.own.spelling import spelled

TIME_S = b.NOW_MS // 1000


def log_further() -> Json:
    """By what they are copies of."""
    file = file_of("log")
    note, proof = file["checkpoints"][-1]["note"], file["proofs"][0]
    opened = [case["opening"] for case in file["entries"] if "opening" in case]
    opening = parse_log_opening(bytes.fromhex(opened[0]["encoded"]))
    moved = LogOpening(index=opening.index + 1, salt=opening.salt, event=opening.event)
    salted = LogOpening(index=opening.index, salt=b.secret("second salt"), event=opening.event)
    encoded = encode_log_opening(opening).hex()
    return {
        "note": note_further(note),
        "vkey": vkey_further(file["keys"][0]["vkey"]),
        "consistency": consistency_further(file),
        "proof": proof_further(proof),
        "extra": [
            case(
                "L-11",
                "the opening of another index",
                "TL-LOG-020",
                index=moved.index,
                extra=encoded,
            )
        ],
        "opening": opening_further(opening),
        "evidence": evidence_further(),
        "twins": [
            case("L-6", name, "TL-LOG-021", openings=[encoded, encode_log_opening(other).hex()])
            for name, other in [("another index", moved), ("another salt", salted)]
        ],
    }


def case(rule: str, name: str, code: str, **given: Any) -> Json:
    """A bad copy, and the rule that it breaks."""
    return {"name": name, "rule": rule, **given, "code": code}


def note_further(note: str) -> Json:
    """Notes that are none, or are not signed as they must be."""
    origin, size, root, _, first, second, _ = note.split("\n")
    above = chr(ord(root[-2]) + 1)  # the last six bits stand for four, so two are loose
    last = "A" if second[-10] != "A" else "B"
    late = Checkpoint(origin=origin, size=int(size), root=bytes(32))
    spelt = [
        (
            "L-1",
            "more entries than a log may have",
            [origin, str((1 << 48) + 1), root, "", first, second, ""],
        ),
        ("L-1", "an empty log under another root", [origin, "0", root, "", first, second, ""]),
        (
            "L-8",
            "a root with loose bits",
            [origin, size, root[:-2] + above + "=", "", first, second, ""],
        ),
        (
            "L-8",
            "a root of 31 bytes",
            [origin, size, root[:40] + root[40:42] + "==", "", first, second, ""],
        ),
        ("L-8", "a carriage return", [origin, size + "\r", root, "", first, second, ""]),
        ("L-8", "without its last newline", [origin, size, root, "", first, second]),
        (
            "L-8",
            "a hyphen for the dash",
            [origin, size, root, "", first, second.replace("—", "-"), ""],
        ),
        ("L-8", "an empty line more", [origin, size, root, "", "", first, second, ""]),
        ("L-8", "only two lines", [origin, size, "", first, second, ""]),
        ("L-10", "a key signs twice", [origin, size, root, "", first, second, first, ""]),
    ]
    forged = [origin, size, root, "", first, second[:-10] + last + second[-9:], ""]
    foreign = [origin, size, root, "", first, renamed(second), ""]
    return [
        *(case(rule, name, "TL-LOG-005", note="\n".join(lines)) for rule, name, lines in spelt),
        case("L-10", "the second signature does not verify", "TL-LOG-008", note="\n".join(forged)),
        case("L-10", "the second is another name's", "TL-LOG-007", note="\n".join(foreign)),
        case(
            "L-9",
            "a time that is none",
            "TL-LOG-008",
            note=sign_checkpoint(late, b.log_signers(), time_s=1 << 63).decode(),
        ),
    ]


def renamed(line: str) -> str:
    """A signature line under another name."""
    dash, _, payload = line.split(" ")
    return f"{dash} other.example/log {payload}"


def vkey_further(vkey: str) -> Json:
    """Keys that are none."""
    name, key_hash, key = vkey.split("+", 2)
    return [
        case("L-9", what, "TL-KEY-001", vkey=each)
        for what, each in [
            ("another key hash", f"{name}+{'0' * 8}+{key}"),
            ("another name", f"other.example/log+{key_hash}+{key}"),
            ("no name", f"+{key_hash}+{key}"),
            ("a key cut short", f"{name}+{key_hash}+{key[:-4]}"),
            ("a key hash in capitals", f"{name}+{key_hash.upper()}+{key}"),
            ("no key hash", f"{name}+{key}"),
        ]
    ]


def consistency_further(file: Json) -> Json:
    """Proofs that show nothing, or another history."""
    leaves = [bytes.fromhex(each["leaf"]) for each in file["entries"]]
    good = file["consistency"][1]
    old, new, path = good["old"], good["new"], good["path"]

    def root(size: int) -> str:
        return Frontier().append(leaves[:size])[0].root().hex()

    return [
        case("L-3", name, code, old=was, new=now, roots=roots, path=steps)
        for name, code, was, now, roots, steps in [
            ("an empty tree before", "TL-LOG-001", 0, new, [EMPTY_ROOT.hex(), root(new)], []),
            (
                "an empty tree before, with a path",
                "TL-LOG-001",
                0,
                new,
                [EMPTY_ROOT.hex(), root(new)],
                path,
            ),
            ("two empty trees", "TL-LOG-001", 0, 0, [EMPTY_ROOT.hex()] * 2, []),
            ("a log that shrank", "TL-LOG-001", new, old, [root(new), root(old)], path),
            ("another root before", "TL-LOG-003", old, new, [root(old - 1), root(new)], path),
            ("another root after", "TL-LOG-003", old, new, [root(old), root(new - 1)], path),
            ("one size, two roots", "TL-LOG-003", new, new, [root(old), root(new)], []),
            ("one size, and a path", "TL-LOG-001", new, new, [root(new)] * 2, path[:1]),
            ("a hash too few", "TL-LOG-001", old, new, [root(old), root(new)], path[:-1]),
            ("a hash too many", "TL-LOG-001", old, new, [root(old), root(new)], [*path, path[0]]),
        ]
    ]


def proof_further(proof: Json) -> Json:
    """Proofs in another spelling, or with two faults."""
    text, leaf = proof["proof"], proof["leaf"]
    lines = text.split("\n")
    extra, index, note = lines[1], lines[2], text.partition("\n\n")[2]
    size = note.split("\n")[1]
    two = text.replace(lines[3], lines[4], 1).replace(f"\n{size}\n", f"\n{int(size) + 1}\n", 1)
    return [
        case(rule, name, code, leaf=leaf, proof=each)
        for rule, name, code, each in [
            ("L-11", "an empty extra line", "TL-LOG-005", text.replace(extra, "extra ", 1)),
            (
                "L-11",
                "extra behind the index",
                "TL-LOG-005",
                text.replace(f"{extra}\n{index}", f"{index}\n{extra}", 1),
            ),
            (
                "L-11",
                "an index with a leading zero",
                "TL-LOG-005",
                text.replace("index ", "index 0", 1),
            ),
            ("L-11", "of another version", "TL-LOG-005", text.replace("@v1", "@v2", 1)),
            ("L-10", "a checkpoint and a path that were changed", "TL-LOG-008", two),
        ]
    ]


def evidence(**changes: Any) -> bytes:
    """Proof that the log showed another tree of nine entries than the one it grew from."""
    file = file_of("log")
    *_, before, newer = file["checkpoints"]
    other = Checkpoint(origin=b.ORIGIN, size=before["size"], root=b.secret("another history"))
    path = next(each["path"] for each in file["consistency"] if each["old"] == before["size"])
    good = Equivocation(
        older=sign_checkpoint(other, b.log_signers(), time_s=TIME_S),
        newer=newer["note"].encode(),
        root=bytes.fromhex(before["root"]),
        path=tuple(map(bytes.fromhex, path)),
    )
    return encode_equivocation(replace(good, **changes))


def evidence_further() -> Json:
    """Evidence that convicts nobody."""
    *_, before, newer = file_of("log")["checkpoints"]
    note, lines = before["note"].encode(), newer["note"].split("\n")
    unsigned = "\n".join([*lines[:2], before["note"].split("\n")[2], *lines[3:]])
    return [
        {"name": name, "rule": rule, "bytes": data.hex(), "code": code}
        for rule, name, code, data in [
            ("L-20", "two trees of one history", "TL-LOG-023", evidence(older=note)),
            (
                "L-3",
                "a root that the newer tree did not have",
                "TL-LOG-003",
                evidence(root=b.secret("root")),
            ),
            (
                "L-3",
                "the newer tree before the older",
                "TL-LOG-001",
                evidence(older=newer["note"].encode(), newer=note),
            ),
            ("L-10", "the log did not sign one", "TL-LOG-008", evidence(newer=unsigned.encode())),
        ]
    ]


def opening_further(opening: LogOpening) -> Json:
    """Openings in a log of one entry: proved, and none; and neither proved nor one."""
    odd = LogOpening(index=0, salt=opening.salt, event=opening.event + spelled(17, 1))
    leaf = entry_hash(blind_entry(odd.salt, odd.event))
    other = entry_hash(blind_entry(opening.salt, opening.event))
    return [
        case(
            rule,
            name,
            code,
            opening=encode_log_opening(odd).hex(),
            path=[],
            note=sign_checkpoint(
                Checkpoint(origin=b.ORIGIN, size=1, root=root), b.log_signers(), time_s=TIME_S
            ).decode(),
        )
        for rule, name, code, root in [
            ("S-1", "an event with an unknown field, in the log", "TL-PKT-001", leaf),
            ("L-7", "an event with an unknown field, not in the log", "TL-LOG-002", other),
        ]
    ]
