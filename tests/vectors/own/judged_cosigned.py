"""Checkpoints with cosigners' lines, for judged-v1.json."""

from collections.abc import Sequence

from support import agencies as b
from support.exhibits import MX_NODE, US_NODE
from tearline.tlog.checkpoint import CheckpointSigner, sign_checkpoint
from vectors.own.judged_story import Told, cosigner
from vectors.own.plain import Json

TIME_S = b.NOW_MS // 1000


def cosigned_vectors(told: Told) -> tuple[Json, list[Json]]:
    """Counted checkpoints, and those with a line too few or a false one."""
    us, mx, again = cosigner(US_NODE), cosigner(MX_NODE), cosigner(US_NODE, 2)
    stranger = cosigner(MX_NODE, 9)

    def note(*cosigners: CheckpointSigner) -> str:
        return lines(told, (*b.log_signers(), *cosigners))

    both = note(us, mx)
    *_, last = both.removesuffix("\n").split("\n")
    other = note(us, stranger).removesuffix("\n").split("\n")[-1]
    good = [
        {"name": "two agencies", "note": both},
        {"name": "a stranger's line that does not verify", "note": both + altered(other) + "\n"},
        {"name": "two keys of one agency, and the other", "note": note(us, again, mx)},
    ]
    bad = [
        ("L-10", "a cosigner's line that does not verify", "TL-LOG-008", altered(both)),
        ("L-10", "a cosigner's line twice", "TL-LOG-005", f"{both}{last}\n"),
        ("F-16", "one agency of two", "TL-LOG-044", note(us)),
        ("F-16", "two keys of one agency", "TL-LOG-044", note(us, again)),
        ("F-16", "a key that is not on record", "TL-LOG-044", note(us, stranger)),
        ("F-16", "no cosigner", "TL-LOG-044", note()),
    ]
    refused = [
        {"name": name, "rule": rule, "note": text, "code": code} for rule, name, code, text in bad
    ]
    return good, refused


def lines(told: Told, signers: Sequence[CheckpointSigner]) -> str:
    """The log's checkpoint, with these lines."""
    return sign_checkpoint(told.case.checkpoint, signers, time_s=TIME_S).decode()


def altered(text: str) -> str:
    """A note or line with another last signature of the same length."""
    cut = text.rstrip("\n=")
    return text.replace(cut, cut[:-9] + ("A" if cut[-9] != "A" else "B") + cut[-8:])
