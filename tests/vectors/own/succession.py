"""trust-v1.json: what a federation becomes, list by list, and what it must not become."""

from collections.abc import Sequence
from dataclasses import replace

from support import agencies as b
from tearline.federation.members import KeyUse
from tearline.statements.signer import Signer
from tearline.wire.statements import Signed
from vectors.own.plain import Json
from vectors.own.story import CN, CN_NODE, FRESH, MX, NEW_ROOT, US, US_NODE, Story, marked
from vectors.own.succession_refused import (
    beginnings_refused,
    lists_refused,
    records_refused,
    removal_refused,
    revocations_refused,
)


def trust_vectors() -> Json:
    """Six lists: an agency comes, a root changes, an agency goes, and comes again."""
    story = Story()
    federation = story.federation
    us, mx, cn = (federation.signer(each) for each in (US, MX, CN))
    us_again = federation.signer(US, NEW_ROOT)
    cn_key = b.signing_key(CN_NODE).public.encoded
    cn_fresh = federation.signer(CN_NODE, FRESH)
    entries, statements = lists_refused(story), []

    story.add("list 2: CN comes", story.signed(story.admitting(CN), us, mx, cn))
    entries += removal_refused(story)
    statements.append(unrecorded(story))
    story.add("a key of CN's node", story.record(cn, CN_NODE, KeyUse.SIGN, cn_key))
    entries += records_refused(story)
    agencies = story.changing(US, root_key=NEW_ROOT.public.encoded)
    story.add("list 3: US has a second root", story.signed(story.list(agencies=agencies), us))
    entries.append(
        story.refused(
            "L-17",
            "the root that was replaced",
            "TL-TRU-002",
            story.signed(story.list(agencies=story.changing(US, name="us")), us),
        )
    )
    changed = replace(story.state.trust_list.exchange, address="exchange.example:9443")
    story.add(
        "list 4: two of three move the exchange",
        story.signed(story.list(exchange=changed), us_again, mx),
    )
    story.add(
        "list 5: CN goes",
        story.signed(story.list(agencies=story.without(CN)), us_again, mx),
    )
    cn_node = federation.node(CN)
    statements.append(judged(story, "S-27", "an agency that went", "TL-TRU-001", cn_node))
    gone = story.next - 1
    story.add("list 6: CN comes again", story.signed(story.admitting(CN), us_again, mx, cn))
    statements.append(judged(story, "L-19", "a key from before it went", "TL-TRU-002", cn_node))
    entries.append(
        story.refused(
            "L-20",
            "a key from before it went, once more",
            "TL-PKT-001",
            story.record(cn, CN_NODE, KeyUse.SIGN, cn_key),
        )
    )
    story.add(
        "another key of CN's node",
        story.record(cn, CN_NODE, KeyUse.SIGN, FRESH.public.encoded),
    )
    revoked = story.revoking(us_again, b.signing_key(US_NODE).id)
    statements += [
        judged(
            story,
            "L-23",
            "a key after its end",
            "TL-TRU-002",
            cn_fresh,
            time_ms=b.NOW_MS + 8 * b.DAY_MS,
        ),
        judged(
            story,
            "L-23",
            "a key at its end",
            "TL-TRU-002",
            cn_fresh,
            time_ms=b.NOW_MS + 7 * b.DAY_MS,
        ),
        judged(
            story,
            "L-23",
            "a key before its time",
            "TL-TRU-002",
            cn_fresh,
            time_ms=b.NOW_MS - 2 * b.DAY_MS,
        ),
        judged(
            story,
            "L-23",
            "at the entry of its record",
            "TL-TRU-002",
            cn_fresh,
            index=story.next - 1,
        ),
        judged(
            story,
            "L-23",
            "a key that was revoked",
            "TL-TRU-002",
            federation.node(US),
            then=[revoked],
        ),
    ]
    entries += revocations_refused(story, us_again, revoked)
    accepted = [
        accepting(story, "a node of an agency that went, before it did", cn_node, gone),
        accepting(story, "a node of an agency that came again", cn_fresh, story.next),
        accepting(story, "a node's key, at the entry of its end", federation.node(US), story.next),
    ]
    demand = story.signed(story.list(min_suite=2), us_again, mx)
    story.state.apply(story.next, demand)
    back = story.signed(story.list(min_suite=1), us_again, mx, cn)
    statements.append(
        judged(
            story, "L-23", "below the suite that is demanded", "TL-PKT-012", cn_fresh, then=[demand]
        )
    )
    entries.append(
        story.refused("L-23", "taken back under the old suite", "TL-PKT-012", back, demand)
    )
    return {
        "entries": story.entries,
        "accepted": accepted,
        "refused": {"entry": entries, "signed": statements, "first": beginnings_refused()},
    }


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
    return judged(story, "L-23", "a key before its record", "TL-TRU-002", node)
