"""A partner's recall: its effects in counts, then the typed decision to erase or to keep."""

from starlette.responses import Response

from tearline.errors import LoginRequired, MalformedInput
from tearline.packets.recall import KeepGround, RecallState
from tearline.persons.tokens import Role
from tearline_client.console.pages.acts import carried_out, verify_typed
from tearline_client.console.pages.recalls.overview import recall_row
from tearline_client.console.visit import Visit
from tearline_client.console.words import KEEP_GROUNDS, KINDS, REACHES

_TYPED_DIGITS = 12  # as the command line asks for


async def page(visit: Visit) -> Response:
    """Shows what an erasure would touch, without contents, and the two decisions."""
    node, packet = visit.node, _packet(visit)
    effects = await node.recalls.effects(packet)
    members, manifest = node.directory.members(), node.packets.manifest(packet)
    cases = {case.id.hex(): case.title for case in node.cases.all()}
    return visit.render(
        "recall_decision.html",
        {
            "id": packet.hex(),
            "typed": packet.hex()[:_TYPED_DIGITS],
            "kind": KINDS[manifest.kind],
            "case": cases.get(manifest.case_id, manifest.case_id),
            "rows": [recall_row(visit, members, each) for each in effects.recalls],
            "effects": effects,
            "uses": [REACHES[each] for each in effects.uses],
            "is_kept": any(each.state is RecallState.KEPT for each in effects.recalls),
            "grounds": KEEP_GROUNDS,
            "may_erase": Role.LIAISON in visit.roles,
            "may_keep": Role.OFFICER in visit.roles,
            "may_open": Role.LIAISON in visit.roles,
        },
    )


async def decide(visit: Visit) -> Response:
    """Erases the recalled parts, or keeps them on a ground, after the packet's id was typed."""
    form, node, packet = await visit.form(), visit.node, _packet(visit)
    verify_typed(form, packet.hex()[:_TYPED_DIGITS])
    agreement = node.packets.manifest(packet).agreement.id
    match form.text("verdict"):
        case "erase":
            acted_by = node.persons.acted_by(visit.person, agreement, Role.LIAISON)
            erasure = node.recalls.erase(packet, acted_by=acted_by)
            return await carried_out(visit, erasure, "/recalls", "erased")
        case "keep":
            ground = form.member("ground", KeepGround)
            if ground is None:
                raise MalformedInput("no ground is chosen")
            officer = node.persons.acted_by(visit.person, agreement, Role.OFFICER)
            if officer is None:
                raise LoginRequired("keeping a packet requires an officer")
            keeping = node.recalls.keep(packet, ground, acted_by=officer)
            return await carried_out(visit, keeping, "/recalls", "kept")
        case _:
            raise MalformedInput("verdict is erase or keep")


def _packet(visit: Visit) -> bytes:
    return visit.node.packets.find(visit.request.path_params["packet"])
