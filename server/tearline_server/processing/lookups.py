"""Questions about stored state that a publication's statements require.

For a statement without a genuine signature, only the earlier ruling is looked up, by id and signer.
"""

from collections.abc import Iterable, Iterator

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
    known = [each for each in submissions if each.foreign is None]
    contexts = [
        LookupContext(submitted=each.submitted, publisher=publisher, registry=registry)
        for each in known
        if each.is_genuine
    ]
    earlier = Lookups(statements=frozenset(each.submitted.key for each in known))
    asked = (each for context in contexts for each in _lookups(context))
    return Lookups.together([earlier, *asked])


def _lookups(context: LookupContext) -> Iterator[Lookups]:
    submitted, agency = context.submitted, context.publisher.agency
    if isinstance(submitted.content, TearlineError):
        return
    handler = HANDLERS[submitted.statement.type]
    yield handler.lookups(context, submitted.content)
    if submitted.natural is not None:
        yield Lookups(naturals=frozenset({(context.signer, submitted.natural)}))
    recipient = handler.recipient(submitted.content)
    if recipient is not None:
        yield Lookups(waiting=frozenset({(recipient, agency)}))
