"""Knowledge by which a node verifies the statements that it is delivered. Without I/O."""

from collections.abc import Callable

from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event
from tearline.crypto.keys import KemKey
from tearline.dataclass.immutable import immutable
from tearline.errors import GrantMisdirected
from tearline.identity import agency_uri_of
from tearline.packets.grant import Grant
from tearline.packets.packet import Pins
from tearline.policy.release import ReleasePolicy
from tearline.statements.channel import Address
from tearline.statements.statement import Header, Statement
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.deliveries import Delivery


@immutable
class Recipient:
    """A node that verifies deliveries.

    Attributes:
        node: The node's URI.
        trust: The trust state from the log's clear entries.
        kem_key: Returns the node's encryption key of an id.
        pins: This installation's digests for agreements.
        agreement_at: Returns the version of an agreement in force just before a log index.
        policy_under: Returns the policies that all parties of an agreement share.
        both_cosigned: Whether this node, an agency and the quorum of counted cosigners have
            cosigned an entry.
        may_lack_keys: Whether this node was restored, so that keys may be lost.
        recalled: The slots of a grant, by its statement id, recalled before it arrived; None for
            all of them.
        has_ended: Whether a grant has ended.
    """

    node: str
    trust: TrustState
    kem_key: Callable[[bytes], KemKey]
    pins: Pins
    agreement_at: Callable[[bytes, int], Agreement]
    policy_under: Callable[[Agreement], ReleasePolicy]
    both_cosigned: Callable[[str, int], bool] = lambda agency, index: True
    may_lack_keys: Callable[[], bool] = lambda: False
    recalled: Callable[[Grant, bytes], frozenset[int] | None] = lambda grant, _: frozenset()
    has_ended: Callable[[Grant], bool] = lambda grant: False

    @property
    def agency(self) -> str:
        """Returns the URI of the node's agency."""
        return agency_uri_of(self.node)

    def verify_addressed(self, address: Address | None) -> None:
        """Verifies that an address is this node's.

        Raises:
            GrantMisdirected: If it is not.
        """
        if address is None or address.recipient != self.node:
            raise GrantMisdirected("the statement is addressed to another node")


@immutable
class Delivered:
    """A delivered statement. Its log entry and its signer are verified, its content is not.

    Attributes:
        statement: The statement.
        signer: Its signer.
        delivery: The whole delivery.
        event: The event of its log entry.
        at: The moment of that entry.
        now_ms: The node's clock, Unix milliseconds.
    """

    statement: Statement
    signer: Header
    delivery: Delivery
    event: Event
    at: Moment
    now_ms: int
