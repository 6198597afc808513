"""Agreements that are here, with their versions: ``node.agreements``."""

from tearline.agreements.agreement import Agreement
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext


class AgreementRecords:
    """Records of the agreements that this node took in.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._agreements = context.stores.agreements

    def list(self) -> tuple[Agreement, ...]:
        """Returns every version of every agreement, by name and version."""
        return self._agreements.all()

    def by_name(self, name: str) -> Agreement:
        """Returns the newest version of an agreement, by its name or the beginning of its id.

        Raises:
            AgreementNotInForce: If there is none.
            NameAmbiguous: If there are several.
        """
        return self._agreements.by_name(name)

    def newest(self, agreement_id: bytes) -> Agreement:
        """Returns the newest version of an agreement.

        Raises:
            AgreementNotInForce: If it is not here.
        """
        return self._agreements.newest(agreement_id)

    def versions(self, agreement_id: bytes) -> tuple[Signed, ...]:
        """Returns the signed versions of an agreement, newest first."""
        return self._agreements.versions(agreement_id)
