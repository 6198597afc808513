"""What an exchange is built from, and building it from a home."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tearline.statement import Signer
from tearline_server.auditlog import AuditLog, Clock
from tearline_server.bounds import Rates
from tearline_server.config import Config, Witness
from tearline_server.judging.registry import Installation, installation_of
from tearline_server.keyfile import ExchangeKeys, identity_of
from tearline_server.metrics import Metrics
from tearline_server.storage.store import Store
from tearline_server.turns import Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What an exchange is built from.

    Attributes:
        installation: What it is and judges by.
        store: What it keeps.
        log: Its log, over the same store.
        signer_of: Its signer in a federation.
        clock: The time.
        rates: What one node may publish.
        witnesses: Foreign witnesses that are asked to cosign.
        metrics: What is measured of it.
    """

    installation: Installation
    store: Store
    log: AuditLog
    signer_of: Callable[[bytes], Signer]
    clock: Clock
    rates: Rates = field(default_factory=Rates)
    witnesses: tuple[Witness, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)


def now_ms() -> int:
    """The machine's clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


def house_of(config: Config, keys: ExchangeKeys, store: Store) -> House:
    """What an exchange is built from."""
    return House(
        installation=installation_of(
            identity_of(config, keys),
            Weight(statements=config.mailbox_statements, bytes=config.mailbox_bytes),
        ),
        store=store,
        log=AuditLog(store, origin=config.origin, signers=keys.log, clock=now_ms),
        signer_of=lambda federation: Signer(
            federation=federation, uri=str(config.uri), key=keys.signing
        ),
        clock=now_ms,
        rates=Rates(statements=config.node_statements_s, bytes=config.node_bytes_s),
        witnesses=config.witnesses,
    )
