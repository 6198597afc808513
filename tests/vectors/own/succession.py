"""trust-v1.json: what a federation becomes, decision by decision, and what it must not become."""

from collections.abc import Sequence
from dataclasses import replace

from support import agencies as b
from support.decisions import admission, amending, own_change, removal, vote
from tearline.federation.decisions import VoteKind
from tearline.federation.members import KeyUse
from tearline.statements.signer import Signer
from tearline.wire.statements import Signed
from vectors.own.council_refused import council_vectors, foundings_refused
from vectors.own.plain import Json
from vectors.own.story import (
    CN,
    CN_NODE,
    COSIGNING,
    FRESH,
    MX,
    MX_NODE,
    NEW_ROOT,
    US,
    US_NODE,
    Story,
    marked,
)
from vectors.own.succession_refused import (
    beginnings_refused,
    decisions_refused,
    directories_refused,
    records_refused,
    removals_refused,
    revocations_refused,
)


def trust_vectors() -> Json:
    """An agency comes, a root changes, the exchange moves, an agency goes, and comes again."""
    story = Story()
    federation, state = story.federation, story.state
    us, cn = federation.signer(US), federation.signer(CN)
    cn_key = b.signing_key(CN_NODE).public.encoded
    cn_fresh = federation.signer(CN_NODE, FRESH)
    story.date("the first directory", 0)
    entries, statements = [*decisions_refused(story), *directories_refused(story)], []

    story.add("CN is admitted by both", *admission(state, CN, US, MX))
    story.date("the directory after that", 0)
    mx, cosigning = federation.signer(MX), COSIGNING.verifier.public
    story.add("a cosigning key of MX", story.record(mx, MX_NODE, KeyUse.COSIGN, cosigning))
    entries += removals_refused(story)
    statements.append(unrecorded(story))
    story.add("a key of CN's node", story.record(cn, CN_NODE, KeyUse.SIGN, cn_key))
    entries += records_refused(story)
    new = {"root_key": NEW_ROOT.public.encoded}
    rotation = own_change(state, US, b.signing_key(US), NEW_ROOT, **new)
    story.add("US has a second root", rotation)
    by_the_old = own_change(state, US, b.signing_key(US), token_issuers=())
    entries.append(story.refused("F-4", "the root that was replaced", "TL-TRU-002", by_the_old))
    changed = replace(state.members.exchange, address="exchange.example:9443")
    proposed, *votes = amending(state, MX, CN, exchange=changed)
    story.add("MX proposes another address, and votes", proposed, votes[0])
    statements.append(judged(story, "L-15", "a node at a vote", "TL-TRU-002", cn_fresh))
    # CN has no seat yet: its vote does not count, and is none.
    entries.append(story.refused("F-9", "a vote without a seat", "TL-TRU-004", votes[1]))
    again = amending_vote(story, proposed)
    story.add("the exchange moves", again)
    story.add("CN goes", *removals(story))
    cn_node = federation.node(CN)
    statements.append(judged(story, "S-16", "an agency that went", "TL-TRU-001", cn_node))
    gone = story.next - 1
    story.date("the directory without it", 1)
    story.add("CN comes again", *readmission(story))
    statements.append(judged(story, "F-6", "a key from before it went", "TL-TRU-002", cn_node))
    entries.append(
        story.refused(
            "L-12",
            "a key from before it went, once more",
            "TL-PKT-001",
            story.record(cn, CN_NODE, KeyUse.SIGN, cn_key),
        )
    )
    story.add(
        "another key of CN's node",
        story.record(cn, CN_NODE, KeyUse.SIGN, FRESH.public.encoded),
    )
    us_again = federation.signer(US, NEW_ROOT)
    revoked = story.revoking(us_again, b.signing_key(US_NODE).id)
    statements += keys_refused(story, cn_fresh, revoked)
    entries += revocations_refused(story, us_again, revoked)
    entries.append(
        story.refused("S-16", "the first root again", "TL-TRU-002", story.revoking(us, bytes(32)))
    )
    accepted = [
        accepting(story, "a node of an agency that went, before it did", cn_node, gone - 1),
        accepting(story, "a node of an agency that came again", cn_fresh, story.next),
        accepting(story, "a node's key, at the entry of its end", federation.node(US), story.next),
    ]
    three, of_three = council_vectors()
    return {
        "entries": story.entries,
        "accepted": accepted,
        "three": three,
        "refused": {
            "entry": entries,
            "signed": statements,
            "first": [*beginnings_refused(), *foundings_refused()],
            "three": of_three,
        },
    }


def amending_vote(story: Story, proposed: Signed) -> Signed:
    """US's vote for an amendment, under its second root."""
    return vote(story.state, US, VoteKind.AMEND, content=proposed.statement.id, key=NEW_ROOT)


def removals(story: Story) -> list[Signed]:
    """The votes of both others to remove CN."""
    (by_mx,) = removal(story.state, CN, MX)
    return [by_mx, vote(story.state, US, VoteKind.REMOVE, CN, key=NEW_ROOT)]


def readmission(story: Story) -> list[Signed]:
    """CN's second generation, with the votes of both others."""
    first, record = admission(story.state, CN, MX, generation=2)
    return [
        first,
        record,
        vote(story.state, US, VoteKind.ADMIT, CN, record.statement.id, key=NEW_ROOT),
    ]


def keys_refused(story: Story, fresh: Signer, revoked: Signed) -> list[Json]:
    """Marks under keys that do not count where they are accepted."""
    day = b.DAY_MS
    return [
        judged(story, "L-15", name, "TL-TRU-002", fresh, time_ms=b.NOW_MS + days * day)
        for name, days in (
            ("a key after its end", 8),
            ("a key at its end", 7),
            ("a key before its time", -2),
        )
    ] + [
        judged(
            story, "L-15", "at the entry of its record", "TL-TRU-002", fresh, index=story.next - 1
        ),
        judged(
            story,
            "L-15",
            "a key that was revoked",
            "TL-TRU-002",
            story.federation.node(US),
            then=[revoked],
        ),
    ]


def accepting(story: Story, name: str, by: Signer, index: int) -> Json:
    """A mark that is believed after all entries, since it was accepted at its place."""
    at = {"index": index, "time_ms": b.NOW_MS}
    return {"name": name, "signed": marked(by), "judged_at": at}


def judged(
    story: Story,
    rule: str,
    name: str,
    code: str,
    by: Signer,
    *,
    then: Sequence[Signed] = (),
    index: int | None = None,
    time_ms: int = b.NOW_MS,
) -> Json:
    """A mark that must not be believed where it is accepted."""
    at = {"index": story.next + len(then) if index is None else index, "time_ms": time_ms}
    return story.after(rule, name, code, then, signed=marked(by), judged_at=at)


def unrecorded(story: Story) -> Json:
    """A node of an agency that has come, before its key has."""
    node = story.federation.node(CN)
    return judged(story, "L-15", "a key before its record", "TL-TRU-002", node)
