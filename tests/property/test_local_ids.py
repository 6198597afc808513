"""No byte that a partner or the exchange can read tells an id that the originator uses itself."""

from hypothesis import given
from hypothesis import strategies as st

from support.agencies import MX, NOW_MS, US, article, node_of, signer, us_mx
from tearline.policy.category import CATEGORIES
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.terms import Direction, Share
from tearline.policy.vocabulary import SHARED_POLICIES
from tearline.sealing import open_packet, release_of
from tearline.wire.packets import encode_manifest
from tearline_client.drafting.from_file import verify_guards
from tearline_client.messages.compose import seal_plans
from tearline_client.planning.drafts import About, draft_packet
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.release_plan import ReleasePlan, plan_release

ID = st.text("qxz-0123456789", min_size=12, max_size=24)  # letters of no name of a property
HEADER = signer(US, b"f" * 32).header
SHARES = tuple(
    Share(partner=MX, category=each.name, form=Form.CLEAR)
    for each in sorted(CATEGORIES, key=lambda each: each.name)
    if each.name not in ("unmarked", "local-id")
)


def planned(ids: list[str], *shares: Share, guarded: str = "") -> ReleasePlan:
    """A payment between two of these, and to another that is not in the packet."""
    first, second, outside, payment = ids
    entities = [
        Entity(id=first, schema="Person", properties={"name": ("Ana",)}),
        Entity(id=second, schema="BankAccount", properties={"country": ("de",)}),
        Entity(
            id=payment,
            schema="Payment",
            properties={"payer": (first, outside), "payerAccount": (second,), "amount": ("5",)},
        ),
    ]
    (group,) = connected_groups(entities)
    terms = article(
        purposes=("use",),
        kinds=("lead",),
        directions=(Direction(sender=US, recipient=MX),),
        shares=tuple(sorted((*SHARES, *shares))),
        highest_tlp=Tlp.RED,
    )
    agreement = us_mx(HEADER, terms)
    guards = {(guarded, "id"): "method"} if guarded else {}
    verify_guards(guards, entities)
    draft = draft_packet(
        group,
        agreement,
        About(article="leads", purpose="use", guarded=guards),
        token_key=b"k" * 32,
        now_ms=NOW_MS,
    )
    policy = ReleasePolicy(terms=agreement.terms, shared=parse_policy_set(SHARED_POLICIES))
    return plan_release(draft, [node_of(MX)], policy, sender=node_of(US))


def readable(plan: ReleasePlan) -> bytes:
    """Every byte that the partner or the exchange can read."""
    (sealed,) = seal_plans([plan], HEADER)
    selection = plan.selection(node_of(MX), sealed)
    release = release_of(
        sealed, existences=selection.existences, compartments=selection.compartments, slots=()
    )
    view = open_packet(sealed.manifest, dict(enumerate(sealed.ciphertexts)), release)
    shown = (part for each in view.fields for part in (each.field.path, *each.field.texts))
    return b"\0".join(
        [encode_manifest(sealed.manifest), *sealed.ciphertexts, *(text.encode() for text in shown)]
    )


@given(st.lists(ID, min_size=4, max_size=4, unique=True))
def test_no_id_leaves_unless_the_agreement_names_its_category(ids: list[str]) -> None:
    found = readable(planned(ids))
    assert b"/Payment/payer" in found
    assert not [each for each in ids if each.encode() in found]


def test_ids_leave_where_the_agreement_names_their_category() -> None:
    ids = ["person-0001", "account-0001", "outside-0001", "payment-0001"]
    share = Share(partner=MX, category="local-id", form=Form.CLEAR)
    found = readable(planned(ids, share))
    assert all(each.encode() in found for each in ids)
    kept = readable(planned(ids, share, guarded=ids[0]))
    assert [each for each in ids if each.encode() not in kept] == ids[:1]
