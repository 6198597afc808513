"""What an exchange is built from, and building it from a home."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tearline.identity import agency_uri_of
from tearline.ledger import verify_cosigned
from tearline.statement import Signer
from tearline.trust import Moment, TrustState
from tearline_server.auditlog import AuditLog, Clock
from tearline_server.bounds import Rates
from tearline_server.config import Config, Witness
from tearline_server.judging.registry import Installation, installation_of
from tearline_server.keyfile import ExchangeKeys, identity_of
from tearline_server.metrics import Metrics
from tearline_server.storage.store import Store
from tearline_server.storage.stored import Stored
from tearline_server.timekeeper import Timekeeper
from tearline_server.turns import Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What an exchange is built from.

    Attributes:
        installation: What it is and judges by.
        store: What it keeps.
        log: Its log, over the same store.
        signer_of: Its signer in a federation.
        timekeeper: The time, and whether it is to be trusted.
        rates: What one node may publish.
        witnesses: Foreign witnesses that are asked to cosign.
        metrics: What is measured of it.
    """

    installation: Installation
    store: Store
    log: AuditLog
    signer_of: Callable[[bytes], Signer]
    timekeeper: Timekeeper
    rates: Rates = field(default_factory=Rates)
    witnesses: tuple[Witness, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def clock(self) -> Clock:
        """The time."""
        return self.timekeeper.time_ms


def now_ms() -> int:
    """The machine's clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    """Milliseconds on a clock that never jumps, whatever anybody sets."""
    return time.monotonic_ns() // 1_000_000


def known_time_ms(house: House, stored: Stored) -> int:
    """The time that the log is known to have reached: of its last entry, or a checkpoint over it.

    Raises:
        LogError: If the stored checkpoint is not one of the log.
    """
    size, note = stored.checkpoint or (0, b"")
    if not note or size < stored.head.tree.size:
        return stored.head.time_ms
    signed = verify_cosigned(note, house.installation.identity.log)
    return max(stored.head.time_ms, signed.time_s * 1000)


def begin_time(house: House, stored: Stored, trust: TrustState) -> None:
    """Compares the clock with what the log says; see ``Timekeeper.begin``.

    Raises:
        LogError: If the stored checkpoint is not one of the log.
    """
    known_ms = known_time_ms(house, stored)
    # Of the keys of then: by a clock that is ahead, none of now would count.
    at = Moment(index=stored.head.tree.size, time_ms=known_ms)
    cosigners = frozenset(
        agency_uri_of(node) for node in trust.nodes() if trust.cosigning_keys(node, at=at)
    )
    house.timekeeper.begin(known_ms, cosigners=cosigners)


def house_of(config: Config, keys: ExchangeKeys, store: Store) -> House:
    """What an exchange is built from."""
    timekeeper = Timekeeper(now_ms, steady_ms)
    return House(
        installation=installation_of(
            identity_of(config, keys),
            Weight(statements=config.mailbox_statements, bytes=config.mailbox_bytes),
        ),
        store=store,
        log=AuditLog(store, origin=config.origin, signers=keys.log, clock=timekeeper.time_ms),
        signer_of=lambda federation: Signer(
            federation=federation, uri=str(config.uri), key=keys.signing
        ),
        timekeeper=timekeeper,
        rates=Rates(statements=config.node_statements_s, bytes=config.node_bytes_s),
        witnesses=config.witnesses,
    )
