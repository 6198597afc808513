"""A request or an answer as planned, before a person lets it leave."""

from collections.abc import Collection

from tearline.dataclass.immutable import immutable
from tearline_client.connectors.importers.report import Finding
from tearline_client.planning.release_plan import ReleasePlan


class _WithoutFiles:
    """Draft whose form takes no large document."""

    __slots__ = ()

    def large_documents(self) -> tuple[bytes, ...]:
        """Returns none."""
        return ()


@immutable
class RequestDraft(_WithoutFiles):
    """A request for records before it leaves.

    Attributes:
        plan: Its packet, for one partner.
        findings: Values that could not be validated.
    """

    plan: ReleasePlan
    findings: Collection[Finding] = ()


@immutable
class AnswerDraft(_WithoutFiles):
    """An answer to a request before it leaves.

    Attributes:
        plan: Its packet, for the asker.
        request: 32 bytes, the id of the request.
        items: Numbers of the answered items.
        text: The message for the asker.
        supplement: Whether it overturns earlier decisions.
        findings: Values that could not be validated.
    """

    plan: ReleasePlan
    request: bytes
    items: tuple[int, ...]
    text: str
    supplement: bool
    findings: Collection[Finding] = ()


Draft = RequestDraft | AnswerDraft
