"""Own sources: values that the agency has from other sources than a partner."""

from tearline.errors import NotFound
from tearline_client.context import NodeContext
from tearline_client.rules.search_index import index_fields
from tearline_client.store.own_sources import OwnSource


class OwnSources:
    """Values from the agency's own sources, beside partners' values.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def record(self, packet_id: bytes, path: str, reason: str, *, person: str) -> OwnSource:
        """Records that the agency has a field's value from its own source (spec O-4).

        Args:
            packet_id: 32 bytes, the partner's packet that holds the same value.
            path: The field there.
            reason: The agency's source.
            person: The responsible officer.

        Raises:
            NotFound: If there is no such packet or field.
        """
        shown = self._context.open_view(packet_id)
        if shown.field(path) is None:
            raise NotFound("the packet has no such field")
        own = OwnSource(
            packet=packet_id,
            path=path,
            person=person,
            reason=reason,
            time_ms=self._context.now_ms(),
        )
        with self._context.stores.database.transaction():
            self._context.stores.own_sources.put(own)
            usable = (opened.field for opened in shown.view.fields)
            index_fields(self._context, packet_id, shown.manifest, usable)
        return own

    def all(self) -> tuple[OwnSource, ...]:
        """Returns all records by officers, in order."""
        return self._context.stores.own_sources.all()
