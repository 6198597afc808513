"""Exhibits behind the replacement of the originator's root, for exhibit-v1.json."""

from collections.abc import Iterator

from support import agencies as b
from support.decisions import deciding
from support.exhibits import US_NODE, Case, case
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import KeyUse
from tearline.wire.exhibits import Exhibit
from tearline.wire.statements import Signed
from vectors.own.judged_story import record

BadCopy = tuple[str, str, str, Exhibit]
RENEWED = b.signing_key("the key of us-justice's node under its new root")


def replaced_root(federation: b.Federation) -> list[Signed | DirectoryEntry]:
    """Entries by which the council replaces the originator's root, and the new one certifies."""
    state, new = federation.trust(), b.signing_key("the new root of us-justice")
    listed = b.member_record(b.agency(b.US, new), federation.id, new, generation=2)
    entries: list[Signed | DirectoryEntry] = []

    def apply(entry: Signed | DirectoryEntry) -> None:
        state.apply(len(federation.clear) + len(entries), entry)
        entries.append(entry)

    for entry in deciding(state, VoteKind.REPLACE, listed, b.MX, b.CN):
        apply(entry)
    for days in (8, 1):
        apply(state.directory.entry(b.NOW_MS - days * b.DAY_MS))
    root = federation.signer(b.US, new)
    apply(record(root, US_NODE, KeyUse.SIGN, RENEWED.public.encoded))
    return entries


def renewed() -> Case:
    """A packet under a key that the new root certifies."""
    three = b.federation()
    return case(*replaced_root(three), federated=three, key=RENEWED)


def bad_copies(renewed: Case) -> Iterator[BadCopy]:
    """X-4 and X-7, of a root that the council replaced."""
    three = renewed.federation
    lost = case(*replaced_root(three), federated=three)
    what = "the root behind the signer's key was replaced"
    yield "X-7", what, "TL-TRU-002", lost.exhibit([lost.slot("amount")])
    *kept, _, key = renewed.trust_of(US_NODE)
    entries = (*kept, key, renewed.first_blind)
    what = "no directory with which the signer's root takes effect"
    yield "X-4", what, "TL-TRU-002", renewed.exhibit([renewed.slot("amount")], entries=entries)
