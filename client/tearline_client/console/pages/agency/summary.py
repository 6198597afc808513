"""The agency at a glance: persons, keys, own policies and the last backup."""

from collections.abc import Iterator

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.persons.tokens import Role
from tearline_client.console.visit import Visit
from tearline_client.console.words import ROLES
from tearline_client.node import Node
from tearline_runtime.service_status import BACKUP_DUE_MS, backup_time_ms

READERS = frozenset({Role.OFFICER, Role.AUDITOR})
"""Roles that may see the page; its acts take an officer in charge."""
_SHOWN_DIGITS = 32


@immutable
class PersonRow:
    """A person in the list.

    Attributes:
        name: The agency's name for them.
        roles: Their roles, as messages.
        clearance: The strictest TLP label they are cleared for.
        is_enabled: Whether they may act.
        passkeys: Number of their passkeys.
        is_stopped: Whether one of these is stopped.
    """

    name: str
    roles: tuple[str, ...]
    clearance: str
    is_enabled: bool
    passkeys: int
    is_stopped: bool


async def page(visit: Visit) -> Response:
    """Shows the agency; it reads no contents."""
    node = visit.node
    status, made_ms = node.status(), backup_time_ms(node.home.path)
    return visit.render(
        "agency/overview.html",
        {
            "can_change": Role.OFFICER in visit.roles,
            "persons": tuple(_persons(node)),
            "keys": [
                (each.use.value, each.key_id.hex()[:_SHOWN_DIGITS], each.not_after_ms)
                for each in status.keys
            ],
            "certificate_end_ms": status.certificate_end_ms,
            "due": [each.value for each in node.keys.due()],
            "policies": node.own_policies(),
            "backup_ms": made_ms,
            "backup_is_old": made_ms is not None and node.now_ms() - made_ms > BACKUP_DUE_MS,
        },
    )


def _persons(node: Node) -> Iterator[PersonRow]:
    for person in node.register.persons():
        owned = node.sign_ins.passkeys.owned(person.name)
        yield PersonRow(
            name=person.name,
            roles=tuple(ROLES[role] for role in Role if role in person.roles),
            clearance=person.clearance.text.upper(),
            is_enabled=person.enabled,
            passkeys=len(owned),
            is_stopped=any(each.is_stopped for each in owned),
        )
