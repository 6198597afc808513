"""Components of an exchange, and their construction from a home."""

import time
from dataclasses import field, replace

from tearline.dataclass.immutable import immutable
from tearline.identity import agency_uri_of
from tearline.statements.budget import Amount
from tearline.verification.log_entries import verify_cosigned
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline_server.admission.fair_queue import Cost
from tearline_server.admission.rate_limits import RateLimits
from tearline_server.blobs.interface import BlobStore
from tearline_server.blobs.open import open_blobs
from tearline_server.config import Config, Witness
from tearline_server.keys import ExchangeKeys, HeldKeys, held_keys, identity_of
from tearline_server.observability.metrics import Metrics
from tearline_server.processing.registry import Installation, installation_of
from tearline_server.storage.interface import Store
from tearline_server.storage.snapshot import Snapshot
from tearline_server.timekeeper import Timekeeper
from tearline_server.tlog.log import AuditLog, Clock


@immutable
class Components:
    """Components of an exchange.

    Attributes:
        installation: Its identity and rules.
        store: Its store.
        log: Its log, over the same store.
        keys: Its keys for receipts, orders to erase, and the log.
        timekeeper: The time, and whether it is trusted.
        rates: Publication rates of one node.
        witnesses: External witnesses that are asked to cosign.
        metrics: Its metrics.
        blobs: The store of large documents, or None for none.
    """

    installation: Installation
    store: Store
    log: AuditLog
    keys: HeldKeys
    timekeeper: Timekeeper
    rates: RateLimits = field(default_factory=RateLimits)
    witnesses: tuple[Witness, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)
    blobs: BlobStore | None = None

    @property
    def clock(self) -> Clock:
        """Returns the clock."""
        return self.timekeeper.time_ms


def now_ms() -> int:
    """Returns the machine's clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    """Returns milliseconds on a monotonic clock."""
    return time.monotonic_ns() // 1_000_000


def known_time_ms(stored: Snapshot, trust: TrustState) -> int:
    """Returns the time that the log has reached: of its last entry, or of a checkpoint over it.

    Raises:
        LogError: If the stored checkpoint is not one of the log.
    """
    size, note = stored.checkpoint or (0, b"")
    if not note or size < stored.head.tree.size:
        return stored.head.time_ms
    signed = verify_cosigned(note, trust.log)
    return max(stored.head.time_ms, signed.time_s * 1000)


def begin_time(components: Components, stored: Snapshot, trust: TrustState) -> None:
    """Compares the clock with the log; see ``Timekeeper.begin``.

    Raises:
        LogError: If the stored checkpoint is not one of the log.
    """
    known_ms = known_time_ms(stored, trust)
    # Keys as of the log's time: under a clock that is ahead, none might be current.
    at = Moment(index=stored.head.tree.size, time_ms=known_ms)
    cosigners = frozenset(
        agency_uri_of(node) for node in trust.nodes() if trust.cosigning_keys(node, at=at)
    )
    components.timekeeper.begin(known_ms, cosigners=cosigners, has_mail=bool(stored.channels))


def components_of(config: Config, keys: ExchangeKeys, store: Store) -> Components:
    """Returns the components of an exchange that takes no large documents."""
    timekeeper = Timekeeper(now_ms, steady_ms)
    return Components(
        installation=installation_of(
            identity_of(config, keys),
            Cost(statements=config.mailbox_statements, bytes=config.mailbox_bytes),
            identity_of(config, keys.prepared) if keys.prepared else None,
            Amount(entries=config.agency_entries_day, bytes=config.agency_bytes_day),
        ),
        store=store,
        log=AuditLog(store, origin=config.origin, clock=timekeeper.time_ms),
        keys=held_keys(config, keys),
        timekeeper=timekeeper,
        rates=RateLimits(statements=config.node_statements_s, bytes=config.node_bytes_s),
        witnesses=config.witnesses,
    )


def serving_components_of(config: Config, keys: ExchangeKeys, store: Store) -> Components:
    """Returns the components of an exchange, the place of large documents among them.

    Raises:
        SettingInvalid: If that place cannot be used.
        ConfigError: If the credentials for it cannot be read.
    """
    components = components_of(config, keys, store)
    return replace(components, blobs=open_blobs(config, store, components.clock))
