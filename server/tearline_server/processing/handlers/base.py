"""Contract of a handler: how the exchange processes one type of statement."""

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

from tearline.dataclass.immutable import immutable
from tearline.statements.statement import StatementType
from tearline_server.processing.context import Context, LookupContext
from tearline_server.storage.lookups import Lookups

T = TypeVar("T")


@immutable
class StatementHandler(Generic[T]):
    """Processing of one statement type, beyond the steps that all types share.

    Attributes:
        type: The type.
        parse: Returns the content of a body. Raises a TearlineError if it is not valid.
        natural_id: Returns the inner identifier that must be unique per signer, or None.
        lookups: Returns the stored state that ``apply`` needs.
        recipient: Returns the URI of the one node that receives the statement, or None. The mail
            that waits for it is looked up.
        apply: Checks the rules of the type, and adds the statement's effects to the batch. Raises
            a TearlineError if it refuses the statement; the state is then unchanged.
        parties: For a co-signed type, returns the agencies that may publish the statement. A
            statement of any other type is published by its signer, unless by any node.
        by_any_node: Whether any node may publish the statement, each with a receipt of its own.
            ``apply`` verifies its signatures, and no refusal of it is logged.
        by_keys_alone: Whether keys alone judge it, without any lookup.
        is_judged_anew: Whether it is judged again after a refusal, because it cannot be reworded.
    """

    type: StatementType
    parse: Callable[[bytes], T]
    natural_id: Callable[[T], bytes | None]
    lookups: Callable[[LookupContext, T], Lookups]
    recipient: Callable[[T], str | None]
    apply: Callable[[Context, T], None]
    parties: Callable[[T], Collection[str]] | None = None
    by_any_node: bool = False
    by_keys_alone: bool = False
    is_judged_anew: bool = False


def none(content: object) -> None:
    """Returns None: statements of this type have no identifier, or no single recipient."""


def no_lookups(context: LookupContext, content: object) -> Lookups:
    """Returns no lookups: the registry holds all that this type needs."""
    return Lookups()
