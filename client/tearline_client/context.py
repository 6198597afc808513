"""Components of a running node, shared by its sending and receiving parts."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, NoReturn

from tearline.agreements.agreement import Agreement
from tearline.crypto.keys import KemKey, KemPublicKey
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    AgreementNotInForce,
    ClockSkewed,
    MembershipEnded,
    NotWitnessed,
    SendingStopped,
    TearlineError,
    TrustError,
    TwinAtWork,
)
from tearline.identity import agency_uri_of
from tearline.limits import (
    MAX_ALARMS,
    MAX_WITNESS_AGE_S,
)
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.agreed_time import AgreedTime
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline_client.keys.node_keys import NodeKeys
from tearline_client.log.follower import MAX_AHEAD_S, LogFollower
from tearline_client.log.membership import MembershipEnd, membership_end
from tearline_client.log.rounds import compare_receipts, read_log, take_turn
from tearline_client.loop_health import Unread
from tearline_client.messages.packet_view import PacketView, open_view
from tearline_client.planning.policies import Policies
from tearline_client.store.inbox import ALARMS, Evidence
from tearline_client.store.stores import Stores
from tearline_client.transport.interface import Transport

if TYPE_CHECKING:
    from tearline_client.log.light_follower import LightFollower
    from tearline_client.transport.clamd import Scanner

Clock = Callable[[], int]

_DAY_MS = 24 * 3_600_000


@immutable
class NodeContext:
    """State and components of a running node.

    Attributes:
        keys: Its private keys.
        stores: Its database.
        trust: The members of the federation and their keys, as far as the log was read.
        pinned: The founders of the federation, by its file.
        follower: The log as followed here.
        policies: The policy sets of its decisions.
        transport: The connection to the exchange.
        now_ms: This machine's clock, Unix milliseconds.
        asks_before_erasing: Whether a person decides about partners' recalls before their
            deadline.
        documents: Path of the folder of large documents that are being fetched.
        outgoing: Path of the folder of those that browsers sent.
        scanner: Judges documents before a person gets them, or None.
        following: Lock of the task that reads the log; the daemon has several such tasks.
        cosigned: Set when a partner has cosigned more of the log.
        unread: Progress of reading the mailbox.
    """

    keys: NodeKeys
    stores: Stores
    trust: TrustState
    pinned: TrustState
    follower: "LogFollower | LightFollower"
    policies: Policies
    transport: Transport
    now_ms: Clock
    documents: str
    outgoing: str
    asks_before_erasing: bool = False
    scanner: "Scanner | None" = None
    following: asyncio.Lock = field(default_factory=asyncio.Lock)
    cosigned: asyncio.Event = field(default_factory=asyncio.Event)
    unread: Unread = field(default_factory=Unread)

    @property
    def known(self) -> TrustState:
        """Returns the members as far as the log was read; before its charter, the founders.

        Reports are made from it: they work at every stage of a node's start.
        """
        return self.trust if self.trust.membership.is_founded else self.pinned

    @property
    def is_counted(self) -> bool:
        """Returns whether this agency is a counted cosigner."""
        membership = self.trust.membership
        return membership.is_founded and self.agency in membership.now.cosigners

    @property
    def is_light(self) -> bool:
        """Returns whether this is a light node: it verifies the directory, and mirrors nothing."""
        return not isinstance(self.follower, LogFollower)

    @property
    def uri(self) -> str:
        """Returns the node's URI."""
        return self.signer.header.signer

    @property
    def signer(self) -> Signer:
        """Returns the node's URI and signing key in the federation."""
        return self.keys.signer

    def kem_key(self, key: bytes) -> KemKey:
        """Returns one of the node's encryption keys; see ``NodeKeys.kem_key``."""
        return self.keys.kem_key(key)

    def next_moment(self) -> Moment:
        """Returns the moment by which a statement sent now is judged."""
        return Moment(index=self.follower.next_index, time_ms=self.now_ms())

    def kem_key_of(self, node: str) -> KemPublicKey:
        """Returns a node's current encryption key; see ``TrustState.kem_key``."""
        return self.trust.kem_key(node, at=self.next_moment())

    def open_view(self, packet_id: bytes) -> PacketView:
        """Returns this node's view of a packet; see ``messages.packet_view.open_view``."""
        return open_view(self.stores.packets, packet_id, node=self.uri)

    def agreement_at(self, agreement_id: bytes, index: int) -> Agreement:
        """Returns the version of an agreement that was in force just before an entry of the log.

        A version whose own entry is no longer known here counts as the oldest.

        Raises:
            AgreementNotInForce: If no version was in force.
        """
        for statement_id, agreement in self.stores.agreements.read_versions(agreement_id):
            entries = self.stores.log.openings(statement_id)
            if not entries or entries[0].opening.index < index:
                return agreement
        raise AgreementNotInForce("no version of it that is here was in force")

    def departed(self, agreement: Agreement) -> tuple[str, ...]:
        """Returns the parties of an agreement's newest version that departed since its entry."""
        entry = self.stores.agreements.newest_entry(agreement.id)
        return self.known.members.departed(agreement.terms.parties, entry)

    def agreed_time(self) -> AgreedTime:
        """Returns the time for irreversible acts; see ``AgreedTime``.

        Raises:
            TrustStale: If no part of the log was read.
            ClockSkewed: If this machine's clock is behind the log's.
        """
        return self.follower.agreed_time(self.now_ms())

    def has_ended(self, end_ms: int) -> bool:
        """Returns whether an end has passed by the agreed time; False while the clocks disagree."""
        try:
            return self.agreed_time().has_reached(end_ms)
        except TrustError:
            return False

    def right_ms(self) -> int:
        """Returns the time by this machine's clock, or by the log if the two disagree.

        The time, in Unix milliseconds, is for records: an arrival, the deadline of an answer.
        """
        now_ms = self.now_ms()
        try:
            self.follower.verify_fresh(now_ms)
        except TrustError:
            return self.follower.time_s() * 1000
        return now_ms

    def membership_end(self) -> MembershipEnd | None:
        """Returns the end of this agency's membership, or None; see ``membership_end``."""
        return membership_end(self.trust, self.stores, self.signer.header)

    def verify_member(self) -> None:
        """Checks that the log shows no end of this agency's membership.

        Raises:
            MembershipEnded: If it does.
        """
        end = self.membership_end()
        if end is not None and end.entry is not None:
            raise end.error()

    def verify_ready(self) -> None:
        """Checks that a statement sealed now would be valid.

        Raises:
            MembershipEnded: If the log shows the end of this agency's membership.
            TrustStale: If the newest checkpoint read here is too old.
            ClockSkewed: If this machine's clock is behind the log's.
            SignerKeyUnknown: If our signing key is not on record, has ended or was revoked.
        """
        self.verify_member()
        self.follower.verify_fresh(self.now_ms())
        self.trust.signing_key(self.signer.header, StatementType.MANIFEST, at=self.next_moment())

    def verify_witnessed(self) -> None:
        """Checks that another agency cosigned the log recently, before a seal relies on it.

        An exchange can show one node a log that stands still, and sign it anew every minute.
        Other agencies do not cosign such a log.

        Raises:
            TwinAtWork: If another copy of this node is running.
            SendingStopped: If there is evidence against the log, and no officer has decided.
            NotWitnessed: If other agencies cosign, but none did so recently.
        """
        self.verify_alone()
        if self.stores.cosigning.is_stopped:
            raise SendingStopped
        if not any(agency != self.agency for agency in self._cosigning_agencies()):
            return
        now_s = self.now_ms() // 1000
        ages_s = [now_s - partner.time_s for partner in self.stores.cosigning.partners()]
        # A time far ahead is no evidence about now: it would count for ever.
        if not any(-MAX_AHEAD_S <= age_s <= MAX_WITNESS_AGE_S for age_s in ages_s):
            raise NotWitnessed

    @property
    def agency(self) -> str:
        """Returns the URI of the node's agency."""
        return agency_uri_of(self.uri)

    def cosigns(self, agency: str) -> bool:
        """Returns whether a node of an agency has a cosigning key on record."""
        at = self.next_moment()
        return any(self.trust.cosigning_keys(node, at=at) for node in self.trust.nodes_of(agency))

    def _cosigning_agencies(self) -> Iterator[str]:
        at = self.next_moment()
        for node in self.trust.nodes():
            if self.trust.cosigning_keys(node, at=at):
                yield agency_uri_of(node)

    def is_ready(self) -> bool:
        """Returns whether ``verify_ready`` passes."""
        try:
            self.verify_ready()
        except (TrustError, MembershipEnded):
            return False
        return True

    def may_seal(self) -> bool:
        """Returns whether a statement may be sealed now: node ready, log witnessed."""
        try:
            self.verify_ready()
            self.verify_witnessed()
        except (TrustError, MembershipEnded, SendingStopped, TwinAtWork):
            return False
        return True

    def verify_alone(self) -> None:
        """Checks that no sign of another copy of this node awaits an operator's decision.

        Raises:
            TwinAtWork: If there is such a sign.
        """
        if sign := self.stores.recovery.twin():
            raise TwinAtWork(sign)

    def stop_for_twin(self, error: TwinAtWork, evidence: bytes) -> NoReturn:
        """Records the sign of another copy; from now on, this copy neither sends nor receives.

        Args:
            error: Names the sign.
            evidence: The bytes that show it.

        Raises:
            TwinAtWork: Always.
        """
        with self.stores.database.transaction():
            self.stores.recovery.put_twin(error.why)
        self.alarm(error, evidence)
        raise error

    async def follow(self, *, to_directory: bool = False) -> bool:
        """Reads the log up to a checkpoint, and applies its members and key records.

        Args:
            to_directory: Whether to stop at a checkpoint that ends with a directory.

        Returns:
            Whether the log has more entries.

        Raises:
            LogError: If the log is not the one followed so far; kept as evidence.
            ExchangeError: If the exchange does not answer.
        """
        async with self.following:
            more = False
            if isinstance(self.follower, LogFollower):
                more = await read_log(self, self.follower, to_directory=to_directory)
            else:
                await take_turn(self, self.follower)
            if self.trust.membership.is_founded:
                self.stores.membership.put_names(self.trust.members)
        await compare_receipts(self)
        return more

    async def read_entries(self, indexes: Sequence[int], signers: Iterable[str]) -> None:
        """Reads entries that arrivals name, and as a light node all entries of their signers.

        Raises:
            LogError: If the log is not the one followed so far; kept as evidence.
            ExchangeError: If the exchange does not answer.
        """
        size = max(indexes, default=-1) + 1
        if not self.is_light:
            if size > self.stores.log.size:
                await self.follow()
            return
        strangers = {*signers} - {*self.stores.light.followed(), self.agency}
        with self.stores.database.transaction():
            self.stores.light.wait_for(indexes)
            self.stores.light.follow(sorted(strangers))
        missing = self.stores.log.missing(indexes)
        if strangers or missing:
            await self.follow()

    def has_entry(self, index: int) -> bool:
        """Returns whether an entry of the log is here, by a verified checkpoint."""
        log = self.stores.log
        return index < log.size and (not self.is_light or log.entry(index) is not None)

    def alarm_clock(self, error: ClockSkewed, evidence: bytes) -> None:
        """Raises an alarm that the log's clock and ours disagree, at most once a day."""
        self.alarm(error, evidence, about=b"clock" + (self.now_ms() // _DAY_MS).to_bytes(8))

    def alarm(self, error: TearlineError, evidence: bytes, *, about: bytes = b"") -> None:
        """Stores an error and its evidence for ``node status``, and notifies hooks.

        Alarms of each code have their own quota, so that no sender and no other alarm hides a lie
        of the log. Beyond the quota no evidence is stored; hooks are still notified once a day.

        Args:
            error: The error.
            evidence: The bytes that show it.
            about: Subject of the alarm, by default the evidence; each subject has one alarm per
                code.
        """
        about, now_ms = about or hashlib.sha256(evidence).digest(), self.now_ms()
        shown = Evidence(data=evidence, about=about, agency=f"{ALARMS} {error.code}")
        with self.stores.database.transaction():
            if not self.stores.inbox.quarantine(error, shown, now_ms=now_ms, most=MAX_ALARMS):
                about = b"day" + (now_ms // _DAY_MS).to_bytes(8)
            once = error.code.encode() + about
            self.stores.notifications.tell("alarm", time_ms=now_ms, once=once, code=error.code)

    def both_cosigned(self, agency: str, index: int) -> bool:
        """Returns whether an entry is cosigned; see ``cosigned_by_both``."""
        return index < self.cosigned_by_both().get(agency, 0)

    def cosigned_by_both(self) -> Mapping[str, int]:
        """Returns, by agency, the entries that it, this node and counted cosigners signed.

        Of another agency the line of a light node serves as well.
        """
        most = min(self.cosigned_sizes().get(self.agency, 0), self.counted_size())
        return {
            each.agency: min(most, max(each.size, each.witnessed))
            for each in self.stores.cosigning.partners()
            if each.agency != self.agency
        }

    def cosigned_sizes(self) -> Mapping[str, int]:
        """Returns, by agency, the entries of this node's log that it has cosigned; ours too."""
        cosigning = self.stores.cosigning
        if not self.trust.membership.is_founded or cosigning.cosigned() is None:
            return {}
        own = cosigning.seen(self.trust.log).size
        return {**{each.agency: each.size for each in cosigning.partners()}, self.agency: own}

    def counted_size(self) -> int:
        """Returns the entries of this node's log that enough counted cosigners have cosigned."""
        sizes, members = self.cosigned_sizes(), self.known.members
        found = sorted((sizes.get(each, 0) for each in members.cosigners), reverse=True)
        return found[quorum - 1] if len(found) >= (quorum := members.constitution.quorum) else 0
