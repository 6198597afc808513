"""A partner's node that opens what its mailbox brings, as any node does."""

from collections.abc import AsyncIterator
from typing import Self

from bench.client import Client
from bench.federation import Federation, now_ms
from tearline.wire.deliveries import START, Delivery, encode_cursor, is_idle, parse_delivery
from tearline.wire.log_entries import encode_entries_request
from tearline_client.bootstrap import HANDLERS
from tearline_client.inbox.verifier import DeliveryVerifier
from tearline_client.messages.received import ReceivedGrant
from tearline_client.messages.recipient import Recipient
from tearline_runtime.grpc import methods


class Subscriber:
    """A node and its stream.

    Args:
        federation: Where it belongs.
        node: Its URI.
        client: Its connection.
    """

    def __init__(self, federation: Federation, node: str, client: Client) -> None:
        self._client = client
        self._stream: AsyncIterator[bytes] = client.stream(methods.SUBSCRIBE, encode_cursor(START))
        key = federation.kem_keys[node]
        self._intake = DeliveryVerifier(
            Recipient(
                node=node,
                trust=federation.trust(),
                kem_key=lambda _id: key,
                pins=federation.pins,
                agreement_at=lambda _id, _index: federation.agreement,
                policy_under=lambda _agreement: federation.policy,
            ),
            HANDLERS,
        )

    async def listen(self) -> Self:
        """Reads what waits from before: from now on it is told of what comes."""
        while not is_idle(await anext(self._stream)):
            pass
        return self

    async def arrival(self) -> bytes:
        """The next delivery, as it comes."""
        while is_idle(data := await anext(self._stream)):
            pass
        return data

    def open(self, data: bytes) -> Delivery:
        """Opens and verifies a packet, by the judgement of a node's inbox."""
        delivery = parse_delivery(data)
        content = self._intake.verify(delivery, now_ms=now_ms()).content
        if not isinstance(content, ReceivedGrant) or not content.view.fields:
            raise RuntimeError("a packet was to be delivered")
        return delivery

    async def follow(self, delivery: Delivery) -> None:
        """Reads the log up to a delivery's entry, under a checkpoint over it."""
        if delivery.entry is None:
            raise RuntimeError("a grant is delivered with its entry")
        index = delivery.entry.index
        await self._client.call(methods.ENTRIES, encode_entries_request(index, index + 1))
