"""Agreements, as each party's node drafts, signs and publishes them."""

from collections.abc import Awaitable, Callable

from tearline.agreements.agreement import verify_pins, verify_signable
from tearline.errors import AgreementNotInForce, error_by_code
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement, parse_agreement
from tearline.wire.publications import Publication
from tearline.wire.statements import Signed, merge_signed, signed
from tearline_client.context import NodeContext
from tearline_client.features.packets.service import PacketService
from tearline_client.keys.home import Home
from tearline_client.outbox.queued_acts import queueing
from tearline_client.outbox.sender import Sender
from tearline_client.planning.agreement_file import parse_agreement_file


class AgreementService:
    """The desk of agreements.

    Args:
        context: The node.
        home: Where its trust list is.
        sender: What sends.
        releasing: What says what became of a statement.
        sync: Comes up to date, and sends what waits.
    """

    def __init__(
        self,
        context: NodeContext,
        home: Home,
        sender: Sender,
        releasing: PacketService,
        sync: Callable[[], Awaitable[None]],
    ) -> None:
        self._context = context
        self._home = home
        self._sender = sender
        self._packets = releasing
        self._sync = sync

    def draft(self, text: str) -> Signed:
        """An agreement from its TOML file, proposed and signed by this node.

        Raises:
            AgreementEnded: If its time has passed.
            AgreementMalformed: Naming the place.
        """
        agreement = parse_agreement_file(
            text,
            trust_list=self._home.trust_list()[1],
            pins=self._context.policies.pins,
            header=self._context.signer.header,
        )
        verify_signable(agreement, self._context.now_ms())
        body = encode_agreement(agreement)
        return signed(self._context.signer.sign([(StatementType.AGREEMENT, body)]))

    def sign(self, proposed: Signed) -> Signed:
        """The agreement with this node among its signers.

        Raises:
            PinUnknown: If it pins what this installation does not have.
            AgreementEnded: If its time has passed.
            AgreementNotInForce: If our agency is neither a party nor to oversee it.
        """
        agreement = parse_agreement(proposed.statement.body)
        verify_pins(agreement, self._context.policies.pins)
        verify_signable(agreement, self._context.now_ms())
        if self._context.agency not in agreement.signatories:
            raise AgreementNotInForce("this agency is neither a party to it nor to oversee it")
        body = proposed.statement.body
        own = signed(self._context.signer.sign([(StatementType.AGREEMENT, body)]))
        return merge_signed([proposed, own])

    async def publish(self, complete: Signed) -> None:
        """Has the exchange take a statement that everyone who must has signed.

        Raises:
            ActQueued: If the exchange is away; it is sent later.
            TearlineError: What it is refused with.
        """
        with self._context.stores.database.transaction():
            ids = self._sender.store_publications([Publication(signed=(complete,))])
        with queueing(self._context):
            await self._sync()  # it sends it
        sent = await self._packets.settle((), [complete], ids)
        for code, why in sent.refused:
            raise (error_by_code(code) or AgreementNotInForce)(why)
