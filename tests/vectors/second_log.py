"""The second verifier's log: its tree, checkpoints and proofs, from docs/spec/log-v1.md alone.

L-1 to L-3, L-4, L-6 and L-7 to L-11. What is refused ends in a ValueError of the error's code and
the rule.
"""

import re
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from vectors.second_basics import commit, need, parse, prefixed, sha
from vectors.second_schema import BASE64, Key, Message, base64, parse_vkey

NOTE = re.compile(
    r"(?P<text>(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]*)\n(?P<root>[A-Za-z0-9+/]{43}=)\n)\n"
    rf"(?P<lines>(?:— [^ \n]+ {BASE64}\n)+)"
)
PROOF = re.compile(
    rf"c2sp[.]org/tlog-proof@v1\n(?:extra (?P<extra>{BASE64}|)\n)?index (?P<index>0|[1-9][0-9]*)\n"
    r"(?P<path>(?:[A-Za-z0-9+/]{43}=\n)*)\n(?P<note>(?s:.*))"
)


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """L-1, and the trees of S-9."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", tree_root(leaves[:split]), tree_root(leaves[split:]))


def climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to (S-14, L-2), or none where it has too many or too few hashes.

    From the root downwards, unlike the specification: the two ways must agree.
    """
    if size < 2 or not path:
        return leaf if index < size == 1 and not path else None
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        below = climb(leaf, index, split, path[:-1])
        return below and sha(b"\1", below, path[-1])
    below = climb(leaf, index - split, size - split, path[:-1])
    return below and sha(b"\1", path[-1], below)


def grow(old: int, new: int, root: bytes | None, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency proof leads to (L-3).

    Downwards as well, as RFC 6962 makes the proof; `root` is the old one while all of it is in
    this subtree from its first leaf, which is when the proof leaves it out.
    """
    if old == new:
        need(len(path) == (root is None), "TL-LOG-001 L-3: too many or too few")
        return (root or path[0],) * 2
    need(path, "TL-LOG-001 L-3: too few")
    split = 1 << (new - 1).bit_length() - 1
    if old <= split:
        before, after = grow(old, split, root, path[:-1])
        return before, sha(b"\1", after, path[-1])
    before, after = grow(old - split, new - split, None, path[:-1])
    return sha(b"\1", path[-1], before), sha(b"\1", path[-1], after)


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes, rule: str = "L-2"
) -> None:
    """L-2."""
    found = climb(leaf, index, size, path)
    need(found, f"TL-LOG-001 {rule}: too many or too few")
    need(found == root, f"TL-LOG-002 {rule}: another root")


def verify_consistency(roots: Sequence[bytes], old: int, new: int, path: Sequence[bytes]) -> None:
    """L-3, of the old and the new root."""
    need(0 < old <= new, "TL-LOG-001 L-3: sizes")
    need(grow(old, new, roots[0], path) == tuple(roots), "TL-LOG-003 L-3: another root")


def blind(opening: Message) -> bytes:
    """The entry that an opening tells of (L-4)."""
    return b"\1" + commit("event", opening["salt"], opening["event"])


def read_opening(data: bytes, size: int, path: Sequence[bytes], root: bytes) -> Message:
    """The event, once its entry stands where the opening says (L-7), and its id (L-6)."""
    opening = parse("LogOpening", data)
    verify_inclusion(sha(b"\0", blind(opening)), opening["index"], size, path, root, "L-7")
    event = parse("Event", opening["event"])
    code, party = prefixed(event["code"].encode()), prefixed(event["party"].encode())
    return opening | {
        "fields": event,
        "event_id": commit("event-id", event["statement_id"], code, party),
    }


def verify_same(known: Message, other: Message) -> None:
    """L-6, of two openings of one event."""
    need(known == other, "TL-LOG-021 L-6: one event, two entries")


def verify_equivocation(data: bytes, origin: str, vkeys: Sequence[str]) -> None:
    """L-20."""
    found = parse("Equivocation", data)
    older, newer = (verify_note(found[name], origin, vkeys) for name in ("older", "newer"))
    verify_consistency([found["root"], newer["root"]], older["size"], newer["size"], found["path"])
    need(found["root"] != older["root"], "TL-LOG-023 L-20: one history")


def leaf_of_extra(index: int, extra: bytes) -> bytes:
    """The leaf that the data beside a proof tells of (L-11)."""
    if extra[:1] == b"\0":
        return sha(b"\0", extra)
    opening = parse("LogOpening", extra)
    need(opening["index"] == index, "TL-LOG-020 L-11: the opening of another index")
    return sha(b"\0", blind(opening))


def verify_line(key: Key, payload: bytes, note: Message) -> Message:
    """One signature line of a known key (L-9, L-10): its time, where it has one, and its bytes."""
    name, _, algorithm, public = key
    time_s = None
    signed: bytes = note["text"].encode()
    try:
        if algorithm == 1:
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(payload, signed)
        else:
            need(algorithm == 6 and len(payload) == 2428, "TL-LOG-008 L-9: no such line")
            time_s, origin = int.from_bytes(payload[:8]), note["origin"].encode()
            signed = b"subtree/v1\n\0" + len(name.encode()).to_bytes() + name.encode() + payload[:8]
            signed += len(origin).to_bytes() + origin + bytes(8) + note["size"].to_bytes(8)
            signed += note["root"]
            mldsa.MLDSA44PublicKey.from_public_bytes(public).verify(payload[8:], signed)
            need(time_s < 1 << 63, "TL-LOG-008 L-9: the time")
    except InvalidSignature:
        raise ValueError("TL-LOG-008 L-10: a line does not verify") from None
    return {"time_s": time_s, "signed_bytes": signed}


def verify_note(note: str, origin: str, vkeys: Sequence[str], known: Iterable[Key] = ()) -> Message:
    """A checkpoint that every one of these keys signed, and some of the known (L-8 to L-10)."""
    found = NOTE.fullmatch(note)
    plain = not re.search(r"[\x00-\x09\x0b-\x1f]", note) and len(note.encode()) <= 1 << 18
    if found is None or not plain:
        raise ValueError("TL-LOG-005 L-8: no checkpoint")
    shown: Message = found.groupdict()
    shown |= {"size": int(found["size"]), "root": base64(found["root"])}
    lines = [line.split(" ")[1:] for line in found["lines"].split("\n")[:-1]]
    payloads = [(name, base64(payload)) for name, payload in lines]
    need(shown["size"] <= 1 << 48, "TL-LOG-005 L-1: too large")
    need(shown["size"] or shown["root"] == sha(), "TL-LOG-005 L-1: not the empty tree")
    need(shown["origin"] == origin, "TL-LOG-006 L-10: another log")
    required = [*map(parse_vkey, vkeys)]
    keys = {key[:2]: key for key in (*required, *known)}
    signed: dict[Key, Message] = {}
    for name, payload in payloads:
        if key := keys.get((name, payload[:4])):
            need(key not in signed, "TL-LOG-005 L-10: a key signs twice")
            signed[key] = verify_line(key, payload[4:], shown)
    need(all(key in signed for key in required), "TL-LOG-007 L-10: a key is missing")
    named = {key[0] for key in signed if key not in required}
    return shown | {"signed": [signed[key] for key in required], "cosigners": named}


def verify_proof(proof: str, leaf: bytes, origin: str, vkeys: Sequence[str]) -> Message:
    """L-11: the position, and the extra data, which only a leaf vouches for (L-11)."""
    found = PROOF.fullmatch(proof)
    if found is None or len(proof.encode()) > 1 << 19:
        raise ValueError("TL-LOG-005 L-11: no proof")
    need(found["extra"] != "", "TL-LOG-005 L-11: an empty line")
    extra, path = base64(found["extra"] or ""), [*map(base64, found["path"].split("\n")[:-1])]
    note, index = verify_note(found["note"], origin, vkeys), int(found["index"])
    verify_inclusion(leaf, index, note["size"], path, note["root"])
    return {"index": index, "extra": extra, "path": path} | note
