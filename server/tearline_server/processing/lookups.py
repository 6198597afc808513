"""Questions about stored state that a publication's statements require.

For a statement without a genuine signature, only the earlier ruling is looked up, by id and signer.
"""

from collections.abc import Iterable

from tearline.errors import TearlineError
from tearline_server.processing.authorship import Authored
from tearline_server.processing.context import LookupContext, Publisher
from tearline_server.processing.handlers.table import HANDLERS
from tearline_server.processing.registry import Registry
from tearline_server.storage.lookups import Lookups


def lookups_of(
    submissions: Iterable[Authored], publisher: Publisher, registry: Registry
) -> Lookups:
    """Returns the lookups needed to process the statements of one publication.

    Args:
        submissions: The statements, with their authorship.
        publisher: The publisher; lookups are limited to its agency's items.
        registry: The current agreements.
    """
    agency = publisher.agency
    statements = set[tuple[bytes, str]]()
    naturals = set[tuple[str, bytes]]()
    waiting = set[tuple[str, str]]()
    asked = []
    for each in submissions:
        submitted = each.submitted
        if each.foreign is not None:
            continue
        statements.add(submitted.key)
        if not each.is_genuine or isinstance(submitted.content, TearlineError):
            continue
        context = LookupContext(submitted=submitted, publisher=publisher, registry=registry)
        handler = HANDLERS[submitted.statement.type]
        asked.append(handler.lookups(context, submitted.content))
        if submitted.natural is not None:
            naturals.add((context.signer, submitted.natural))
        recipient = handler.recipient(submitted.content)
        if recipient is not None:
            waiting.add((recipient, agency))
    own = Lookups(
        statements=frozenset(statements), naturals=frozenset(naturals), waiting=frozenset(waiting)
    )
    return Lookups.together([own, *asked])
