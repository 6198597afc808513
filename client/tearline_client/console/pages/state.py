"""The state of the node: freshness of the log, cosigners, queues and quarantine."""

from starlette.responses import Response

from tearline.statements.statement import HASH_SIZE
from tearline_client.console.visit import Visit
from tearline_client.console.words import OUTBOX
from tearline_client.rendering.words import agency_name

_SHOWN_DIGITS = HASH_SIZE // 2


async def page(visit: Visit) -> Response:
    """Shows how the node stands; it reads no contents, and every role may see it."""
    node, members = visit.node, visit.node.directory.members()
    status = node.status()
    return visit.render(
        "state.html",
        {
            "uri": status.uri,
            "federation": node.directory.federation().hex(),
            "is_light": status.is_light,
            "followed": status.followed,
            "log_size": status.log_size,
            "known_ms": node.known_ms(),
            "evidence": [each for each in node.log.evidence() if not each.decision],
            "cosigners": [
                (agency_name(members, each.agency), each.size, each.time_s * 1000)
                for each in node.log.cosigners()
            ],
            "outbox": [(OUTBOX[state], count) for state, count in sorted(status.outbox.items())],
            "waiting_since_ms": status.waiting_since_ms,
            "faults": sorted(status.faults.items()),
            "channels": [
                (agency_name(members, each.peer), each.sent, each.received, each.waiting)
                for each in status.channels
            ],
            "quarantined": status.quarantined,
            "over_quota": [
                (agency_name(members, agency) if agency.startswith("spiffe:") else agency, count)
                for agency, count in status.over_quota.items()
            ],
            "keys": [
                (each.use.value, each.key_id.hex()[:_SHOWN_DIGITS], each.not_after_ms)
                for each in status.keys
            ],
            "certificate_end_ms": status.certificate_end_ms,
            "waiting": len(node.approvals.waiting()),
            "uploading": node.packets.uploads.progress,
            "decided": node.decisions.waiting(),
        },
    )
