"""Assembles a running node from its home."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tearline.federation.members import ExchangeIdentity
from tearline.statements.statement import StatementType
from tearline.verification.trust import TrustState
from tearline_client.context import NodeContext
from tearline_client.features.agreements.handler import AGREEMENT, PROPOSAL
from tearline_client.features.cases.handler import CASE_STEP
from tearline_client.features.channels.handler import MARK, RECEIPT, VOID
from tearline_client.features.consents.handler import CONSENT
from tearline_client.features.erasures.handler import ERASURE
from tearline_client.features.packets.handler import GRANT
from tearline_client.features.recalls.handler import RECALL
from tearline_client.features.requests.handler import REQUEST_STEP
from tearline_client.features.suspensions.handler import STANDING
from tearline_client.keys.home import Home, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.node_keys import NodeKeys
from tearline_client.keys.tls_certificates import renew_certificate
from tearline_client.log.follower import LogFollower
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.own_policy import load_adopted
from tearline_client.store.database import Database
from tearline_client.store.stores import Stores
from tearline_client.store.vault import Vault
from tearline_client.transport.deferred import DeferredTransport
from tearline_client.transport.interface import Transport
from tearline_runtime.grpc.tls_identity import TlsIdentity

if TYPE_CHECKING:
    from tearline_client.transport.clamd import Scanner

_ALL: tuple[StatementHandler[Any], ...] = (
    # Entries of the log that every node reads.
    StatementHandler(type=StatementType.CHARTER),
    StatementHandler(type=StatementType.CHARTER_SIGNATURE),
    StatementHandler(type=StatementType.MEMBER_RECORD),
    StatementHandler(type=StatementType.AMENDMENT),
    StatementHandler(type=StatementType.VOTE),
    StatementHandler(type=StatementType.LEAVE),
    StatementHandler(type=StatementType.KEY_RECORD),
    StatementHandler(type=StatementType.REVOCATION),
    *(AGREEMENT, PROPOSAL, STANDING),
    *(StatementHandler(type=StatementType.MANIFEST), GRANT, RECEIPT, VOID, RECALL, MARK),
    *(CASE_STEP, CONSENT, REQUEST_STEP, ERASURE),
    # Delivered to no node.
    StatementHandler(type=StatementType.ANCHOR),
    StatementHandler(type=StatementType.AUDIT_EXPORT),
)

HANDLERS: Mapping[StatementType, StatementHandler[Any]] = MappingProxyType(
    {handler.type: handler for handler in _ALL}
)
"""The handler of each statement type, for both pipelines."""


def start_state(
    home: Home,
    identity: Identity,
    keystore: Keystore,
    *,
    address: str,
    timeout_s: float,
    transport: Transport | None,
    asks_before_erasing: bool,
    scanner: "Scanner | None",
) -> NodeContext:
    """Returns the context of a node, assembled from its home.

    Args:
        home: The node's home.
        identity: Its identity.
        keystore: Its open keystore.
        address: As for ``Node.open``, like all following arguments.
        timeout_s: Longest duration of one call.
        transport: Replacement for the gRPC transport, or None.
        asks_before_erasing: Whether a person decides on recalls.
        scanner: Judges documents, or None.

    Raises:
        TearlineError: If a part of the home is missing or cannot be opened.
    """
    pinned = home.pinned()
    database = open_database(home, keystore)
    stores = Stores(database, value_key=keystore.storage_key("values"))
    trust = TrustState(federation=pinned.federation, is_partial=identity.is_light)
    with database.snapshot():
        if identity.is_light:
            # Imported here: a full node does without it.
            from tearline_client.log.light_follower import LightFollower

            own = identity.agency_uri
            follower: LogFollower | LightFollower = LightFollower(stores, trust, own)
        else:
            follower = LogFollower(stores.log, stores.cosigning, trust, pinned.log)
    if transport is None:
        renew_certificate(home, keystore, now_ms=_clock_ms())

        def connect(tls: TlsIdentity) -> Transport:
            # Imported on the first call: a command that makes none does not wait for gRPC.
            from tearline_client.transport import grpc

            return grpc.GrpcTransport(
                partial(known_exchanges, trust, pinned), tls, timeout_s=timeout_s, address=address
            )

        transport = DeferredTransport(connect, home.tls_identity(keystore))
    return NodeContext(
        keys=NodeKeys(keystore, identity, trust.federation),
        stores=stores,
        trust=trust,
        pinned=pinned,
        follower=follower,
        policies=load_adopted(home.own_policy, database, is_new=not stores.log.size),
        transport=transport,
        now_ms=_clock_ms,
        documents=str(home.documents),
        outgoing=str(home.outgoing),
        asks_before_erasing=asks_before_erasing,
        scanner=scanner,
    )


def known_exchanges(trust: TrustState, pinned: TrustState) -> Sequence[ExchangeIdentity]:
    """Returns the exchange by the newest constitution known here, behind the one before.

    Nothing of the one before counts where another exchange succeeded it.

    Args:
        trust: The state of the log as read.
        pinned: The state of the federation file.
    """
    read, filed = trust.membership.constitutions, pinned.membership.constitutions
    # The longer one has read more decisions: each lists all of them, in order.
    known = max(read, filed, key=len)
    return [each.constitution.exchange for each in known[-1 if known[-1].is_succession else -2 :]]


def open_database(home: Home, keystore: Keystore) -> Database:
    """Returns the node's database, open.

    Raises:
        StoreError: If it cannot be opened.
    """
    return Database(home.database, Vault(keystore.storage_key("node.db")))


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
