"""Agreements of this node, as ``node.agreements``: records, drafts and publication."""

from tearline.agreements.agreement import Agreement, verify_pins, verify_signable
from tearline.errors import AgreementNotInForce
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement, parse_agreement
from tearline.wire.statements import Signed, merge_signed, signed
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.keys.home import Home
from tearline_client.outbox.outbox import Outbox
from tearline_client.persons.issuer import NODE
from tearline_client.planning.agreement_file import parse_agreement_file
from tearline_client.planning.policies import Policies


class AgreementService:
    """Service for agreements.

    Args:
        context: The node.
        home: Holds the pinned charter.
        outbox: Sends statements.
        access: The node's own access log: a signature by file names no person.
    """

    def __init__(self, context: NodeContext, home: Home, outbox: Outbox, access: AccessLog) -> None:
        self._context = context
        self._access = access
        self._home = home
        self._outbox = outbox

    @property
    def policies(self) -> Policies:
        """Returns the policy sets that this node decides by."""
        return self._context.policies

    def list(self) -> tuple[Agreement, ...]:
        """Returns every version of every agreement, by name and version."""
        return self._context.stores.agreements.all()

    def by_name(self, name: str) -> Agreement:
        """Returns the newest version of an agreement, by its name or the beginning of its id.

        Raises:
            AgreementNotInForce: If there is none.
            NameAmbiguous: If there are several.
        """
        return self._context.stores.agreements.by_name(name)

    def newest(self, agreement_id: bytes) -> Agreement:
        """Returns the newest version of an agreement.

        Raises:
            AgreementNotInForce: If it is not here.
        """
        return self._context.stores.agreements.newest(agreement_id)

    def departed(self, agreement: Agreement) -> tuple[str, ...]:
        """Returns the parties of an agreement that departed since its newest version's entry."""
        return self._context.departed(agreement)

    def versions(self, agreement_id: bytes) -> tuple[Signed, ...]:
        """Returns the signed versions of an agreement, newest first."""
        return self._context.stores.agreements.versions(agreement_id)

    def draft(self, text: str, *, person: str = NODE) -> Signed:
        """Returns an agreement from its TOML file, signed by this node for a person.

        Raises:
            AgreementEnded: If its validity has ended.
            AgreementMalformed: If the file is malformed; names the place.
        """
        agreement = parse_agreement_file(
            text,
            members=self._context.trust.members,
            pins=self._context.policies.pins,
            header=self._context.signer.header,
        )
        verify_signable(agreement, self._context.now_ms())
        return self._signed(encode_agreement(agreement), "draft", person)

    def sign(self, proposed: Signed, *, person: str = NODE) -> Signed:
        """Returns the agreement with this node's signature added for a person.

        Raises:
            PinUnknown: If it pins a digest that this installation does not have.
            AgreementEnded: If its validity has ended.
            AgreementNotInForce: If our agency is neither a party nor an overseer.
        """
        agreement = parse_agreement(proposed.statement.body)
        verify_pins(agreement, self._context.policies.pins)
        verify_signable(agreement, self._context.now_ms())
        if self._context.agency not in agreement.signatories:
            raise AgreementNotInForce("this agency is neither a party nor an overseer")
        return merge_signed([proposed, self._signed(proposed.statement.body, "sign", person)])

    def _signed(self, body: bytes, verb: str, person: str) -> Signed:
        made = signed(self._context.signer.sign([(StatementType.AGREEMENT, body)]))
        self._access.act(f"agreement {verb}", made.statement.id, person=person)
        return made

    async def publish(self, complete: Signed) -> None:
        """Publishes a completely signed statement at the exchange.

        Raises:
            ActQueued: If the exchange is unreachable; it is sent later.
            TearlineError: The refusal.
        """
        await self._outbox.publish(complete, sync=True)
