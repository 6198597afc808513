"""Assembles a running node from its home."""

import time

from tearline.verification.trust import TrustState
from tearline_client.context import NodeContext, Stores
from tearline_client.keys.home import Home, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.node_keys import NodeKeys
from tearline_client.keys.tls_certificates import renew_certificate
from tearline_client.log.follower import LogFollower
from tearline_client.rules.own_policy import load_adopted
from tearline_client.store.database import Database
from tearline_client.store.vault import Vault
from tearline_client.transport.grpc import GrpcTransport, Transport


def start_state(
    home: Home,
    identity: Identity,
    keystore: Keystore,
    *,
    address: str,
    timeout_s: float,
    transport: Transport | None,
    asks_before_erasing: bool,
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

    Raises:
        TearlineError: If a part of the home is missing or cannot be opened.
    """
    pinned, trust_list = home.trust_list()
    database = Database(home.database, Vault(keystore.storage_key("node.db")))
    stores = Stores(database, value_key=keystore.storage_key("values"))
    trust = TrustState(federation=pinned.statement.id, own_agency=identity.agency_uri)
    follower = LogFollower(stores.log, stores.cosigning, trust, trust_list.log)
    if transport is None:
        renew_certificate(home, keystore, now_ms=_clock_ms())
        transport = GrpcTransport(
            trust_list.exchange,
            home.tls_identity(keystore),
            timeout_s=timeout_s,
            address=address,
        )
    return NodeContext(
        keys=NodeKeys(keystore, identity, trust.federation),
        stores=stores,
        trust=trust,
        follower=follower,
        policies=load_adopted(home.own_policy, database, is_new=not stores.log.size),
        transport=transport,
        now_ms=_clock_ms,
        asks_before_erasing=asks_before_erasing,
    )


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
