"""A partner's recall: its effects in counts, then the typed decision to erase or to keep."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import LoginRequired, MalformedInput
from tearline.packets.recall import KeepGround, RecallState
from tearline.persons.tokens import Role
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import carried_out
from tearline_client.console.pages.bound_act import BoundAct, Preview
from tearline_client.console.pages.recalls.overview import recall_row
from tearline_client.console.visit import Visit
from tearline_client.console.words import KEEP_GROUNDS, KINDS, REACHES


@immutable
class Decision:
    """Decision on a recalled packet.

    Attributes:
        packet: 32 bytes.
        ground: The ground to keep it, or None.
    """

    packet: bytes
    ground: KeepGround | None


_TYPED_DIGITS = 12  # as the command line asks for


async def _effects(visit: Visit, form: Form) -> Preview[Decision]:
    """Returns the numbers that an erasure would touch, without contents."""
    node = visit.node
    packet = node.packets.find(visit.request.path_params["packet"])
    effects = await node.recalls.effects(packet)
    members, manifest = node.directory.members(), node.packets.manifest(packet)
    cases = {case.id.hex(): case.title for case in node.cases.all()}
    ground = form.member("ground", KeepGround)
    return Preview(
        template="recall_decision.html",
        subject=Decision(packet=packet, ground=ground),
        typed=packet.hex()[:_TYPED_DIGITS],
        values={
            "id": packet.hex(),
            "ground": "" if ground is None else ground.value,
            "kind": KINDS[manifest.kind],
            "case": cases.get(manifest.case_id, manifest.case_id),
            "rows": [recall_row(visit, members, each) for each in effects.recalls],
            "effects": {
                "erased": effects.erased,
                "left": effects.left,
                "drafts": effects.drafts,
            },
            "uses": [REACHES[each] for each in effects.uses],
            "is_kept": any(each.state is RecallState.KEPT for each in effects.recalls),
            "grounds": {each.value: words for each, words in KEEP_GROUNDS.items()},
            "may_erase": Role.LIAISON in visit.roles,
            "may_keep": Role.OFFICER in visit.roles,
            "may_open": Role.LIAISON in visit.roles,
        },
    )


async def _decide(visit: Visit, form: Form, decision: Decision) -> Response:
    """Erases the recalled parts, or keeps them on a ground, after the packet's id was typed."""
    node, packet = visit.node, decision.packet
    agreement = node.packets.manifest(packet).agreement.id
    match form.text("verdict"):
        case "erase":
            acted_by = node.persons.acted_by(visit.person, agreement, Role.LIAISON)
            erasure = node.recalls.erase(packet, acted_by=acted_by)
            return await carried_out(visit, erasure, "/recalls", "erased")
        case "keep":
            if decision.ground is None:
                raise MalformedInput("no ground is chosen")
            officer = node.persons.acted_by(visit.person, agreement, Role.OFFICER)
            if officer is None:
                raise LoginRequired("keeping a packet requires an officer")
            keeping = node.recalls.keep(packet, decision.ground, acted_by=officer)
            return await carried_out(visit, keeping, "/recalls", "kept")
        case _:
            raise MalformedInput("verdict is erase or keep")


DECIDE = BoundAct(effects=_effects, act=_decide)
