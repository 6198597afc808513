"""The members of the federation and their nodes: ``node.directory``."""

from collections.abc import Callable

from tearline.errors import NameAmbiguous, NotFound
from tearline.federation.versions import Members
from tearline.identity import parse_uri
from tearline.text.choices import matched, one_of
from tearline.verification.trust import TrustState


class Directory:
    """The members, and the nodes with a key on record.

    Args:
        known: Returns the members as far as the log was read; before that, the founders.
    """

    def __init__(self, known: Callable[[], TrustState]) -> None:
        self._known = known

    def members(self) -> Members:
        """Returns the members, as far as the log was read; before that, the founders."""
        return self._known().members

    def federation(self) -> bytes:
        """Returns the id of the federation, 32 bytes."""
        return self._known().federation

    def node_of(self, name: str) -> str:
        """Returns the URI of a partner's node; see ``node_of``."""
        return node_of(self._known(), name)

    def nodes_of(self, name: str) -> tuple[str, ...]:
        """Returns the URIs of all nodes of an agency, by its short name; see ``nodes_of``."""
        return nodes_of(self._known(), name)


def node_of(trust: TrustState, name: str) -> str:
    """Returns the URI of a partner's node, by URI or by the agency's short name.

    Raises:
        NotFound: If the agency is unknown or has no node; names similar agencies.
        NameAmbiguous: If the agency has several nodes; lists them.
    """
    if name.startswith("spiffe://"):
        parse_uri(name)
        return name
    nodes = nodes_of(trust, name)
    if len(nodes) > 1:
        raise NameAmbiguous(matched(name, "agency of several nodes", nodes))
    return nodes[0]


def nodes_of(trust: TrustState, name: str) -> tuple[str, ...]:
    """Returns the URIs of all nodes of an agency, by its short name; at least one.

    Raises:
        NotFound: If the agency is unknown or has no node; names similar agencies.
    """
    agencies = {agency.name: agency.uri for agency in trust.members.agencies}
    if name not in agencies:
        raise NotFound(one_of(name, "agency", agencies))
    nodes = tuple(sorted(trust.nodes_of(agencies[name])))
    if not nodes:
        raise NotFound(f"{name} has no node with a key on record yet")
    return nodes
