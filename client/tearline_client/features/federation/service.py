"""Members, council and votes, as ``node.federation``."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Protocol

from tearline.crypto.keys import SigningKey
from tearline.errors import (
    MembershipEnded,
    MembershipRejected,
    NameAmbiguous,
    NotFound,
    SignerUnknown,
)
from tearline.federation.amendments import verify_succession
from tearline.federation.charter import Constitution
from tearline.federation.cosigning import CosignedTree
from tearline.federation.decisions import NOTHING, Amendment, VoteKind
from tearline.federation.members import Agency, ExchangeEnrolment
from tearline.federation.membership import Decision, Membership, Replacement
from tearline.federation.open_votes import RECORD_KINDS, VoteKey
from tearline.federation.versions import MemberVersion
from tearline.identity import parse_agency_uri
from tearline.statements.receipt import Status
from tearline.statements.signer import Signer
from tearline.text.choices import ID_SHOWN, matched, one_of
from tearline.wire.federation import (
    FederationFile,
    parse_amendment,
    parse_member_record,
    parse_vote,
)
from tearline.wire.statements import Signed, header_of
from tearline_client.context import NodeContext
from tearline_client.features.federation.acts import (
    amendment_of,
    leaving,
    rotated,
    vote_on,
)
from tearline_client.features.federation.open_decisions import OpenDecision, decision_of
from tearline_client.outbox.outbox import Outbox


class OpenText(Protocol):
    """Checks of texts that every member and the exchange read; see ``FreeText``."""

    def verify_open(self, texts: Iterable[str], repeats: str, *, about: Iterable[bytes]) -> bool:
        """Verifies that texts repeat no value without a reason."""

    def keep(self, about: bytes, repeats: str) -> None:
        """Stores the reason, in the caller's transaction."""


class FederationService:
    """Federation as the log makes it, and this agency's acts in it.

    Every act is signed by the agency's root, which the caller opens.

    Args:
        context: The node.
        outbox: Publishes statements.
        words: Checks texts that every member reads.
    """

    def __init__(self, context: NodeContext, outbox: Outbox, words: OpenText) -> None:
        self._context = context
        self._outbox = outbox
        self._words = words

    @property
    def state(self) -> Membership:
        """Returns members, constitution and open votes, as far as the log was read."""
        return self._context.known.membership

    def members(self) -> tuple[MemberVersion, ...]:
        """Returns every agency that was ever a member, ascending by URI."""
        return self.state.now.versions

    async def follow(self, uris: Sequence[str]) -> tuple[Agency, ...]:
        """Reads the entries of agencies, as a light node; a full node reads those of all.

        Args:
            uris: Their URIs.

        Returns:
            The members.

        Raises:
            SignerUnknown: If one is no member.
            MalformedInput: If one is no agency's URI.
            ExchangeError: If the exchange does not answer.
        """
        wanted = [str(parse_agency_uri(uri)) for uri in uris]
        stores = self._context.stores
        with stores.database.transaction():
            stores.light.follow(wanted if self._context.is_light else ())
        await self._context.follow()
        found = tuple(map(self.state.now.agency, wanted))
        for uri, agency in zip(wanted, found, strict=True):
            if agency is None:
                raise SignerUnknown(uri)
        return tuple(filter(None, found))

    def time_of(self, index: int) -> int:
        """Returns the log's time of an entry: of the directory entry behind it; 0 without one."""
        return self._context.stores.log.time_after(index)

    def history(self) -> Sequence[Decision]:
        """Returns all decisions, in order."""
        return self.state.decisions

    def pending(self) -> tuple[OpenDecision, ...]:
        """Returns the open decisions."""
        state = self.state
        return tuple(decision_of(state, key, ends) for key, ends in state.pending().items())

    def replacements(self) -> tuple[tuple[Decision, Replacement], ...]:
        """Returns the decided replacements of roots that wait for their effect."""
        state = self.state
        # Those that wait are few; each decision is looked for from the newest on.
        return tuple(
            (
                next(each for each in reversed(state.decisions) if each.content == found.record_id),
                found,
            )
            for found in state.replacements.values()
        )

    def find(self, text: str) -> OpenDecision:
        """Returns the open decision about an agency's short name or URI, or of an id's beginning.

        Raises:
            NotFound: If no decision fits.
            NameAmbiguous: If several fit; each is named.
        """
        pending = self.pending()
        names = {each.key: self.subject_name(each) for each in pending}
        found = [
            each
            for each in pending
            if text in (each.subject, names[each.key])
            or (text and each.content != NOTHING and each.content.hex().startswith(text))
        ]
        if not found:
            choices = [names[each.key] or each.content.hex()[:ID_SHOWN] for each in pending]
            raise NotFound(one_of(text, "open decision", dict.fromkeys(choices)))
        if len(found) > 1:
            raise NameAmbiguous(matched(text, "agency", map(_named, found)))
        return found[0]

    def subject_name(self, decision: OpenDecision) -> str:
        """Returns the short name of the agency decided on; empty for an amendment."""
        if decision.record is not None:
            return decision.record.agency.name
        version = self.state.now.version(decision.subject)
        return version.record.agency.name if version else decision.subject

    def removal(self, uri: str) -> OpenDecision:
        """Returns the decision to remove a member."""
        return self._open((VoteKind.REMOVE, uri, self.state.state_of(uri), NOTHING))

    def invitation(self, record: Signed) -> OpenDecision:
        """Returns the decision to admit the agency of an enrolment file, or to replace its root.

        Raises:
            MembershipRejected: If the agency asks to join another federation.
        """
        statement, content = record.statement, parse_member_record(record.statement.body)
        uri = content.agency.uri
        if content.header.federation != self._context.trust.federation:
            raise MembershipRejected("the agency asks to join another federation")
        kind = VoteKind.ADMIT if self.state.now.agency(uri) is None else VoteKind.REPLACE
        decided = self._open((kind, uri, self.state.state_of(uri), statement.id))
        return replace(decided, record=content)

    def proposal(self, root: Signer, constitution: Constitution) -> tuple[Signed, OpenDecision]:
        """Returns an amendment, signed by the root, and the decision on it.

        Raises:
            MembershipRejected: If it changes nothing.
        """
        if not constitution.changed_from(self.state.now.constitution):
            raise MembershipRejected("it changes nothing")
        proposed = amendment_of(root, self.state, constitution)
        key = (VoteKind.AMEND, "", NOTHING, proposed.statement.id)
        amendment: Amendment = parse_amendment(proposed.statement.body)
        return proposed, decision_of(self.state, key, {}, amendment=amendment)

    def succession(
        self, root: Signer, successor: ExchangeEnrolment
    ) -> tuple[FederationFile, OpenDecision]:
        """Returns the proposal that a new exchange goes on from the entries here, and the decision.

        Args:
            root: This agency's root.
            successor: The new exchange, from its operator's file.

        Raises:
            MembershipRejected: If this log is not one to go on from; see ``open_succession``.
        """
        log, now = self._context.stores.log, self.state.now.constitution
        tree = CosignedTree(size=log.size, root=log.root_at(log.size))
        constitution = replace(now, exchange=successor.exchange, log=successor.log)
        proposed = amendment_of(root, self.state, constitution, tree)
        file = FederationFile(federation=self._context.trust.federation, entries=(proposed,))
        return file, self.open_succession(file)

    def open_succession(self, file: FederationFile) -> OpenDecision:
        """Returns the decision of a succession's file, with the votes in it.

        Raises:
            MembershipRejected: If it is none of this federation, or goes on from other entries than
                this node has read, from fewer, or from more than enough cosigners have cosigned.
            TearlineError: If a signature in it does not count.
        """
        trust, log = self._context.trust, self._context.stores.log
        proposed, *votes = file.entries or (None,)
        if file.federation != trust.federation or proposed is None:
            raise MembershipRejected("the file is of another federation")
        amendment, own = parse_amendment(proposed.statement.body), log.size
        if amendment.predecessor != self.state.now.constitution_id:
            raise MembershipRejected("it does not name the constitutional decision in force")
        if amendment.size != own or log.root_at(own) != amendment.root:
            raise MembershipRejected(
                f"it goes on from {amendment.size} entries, and this node has read {own} or others:"
                " read the longest mirror, tearline log read, and propose it again"
            )
        verify_succession(amendment, self.state.now.constitution, own)
        if (counted := self._context.counted_size()) < own:
            raise MembershipRejected(
                f"enough cosigners have cosigned {counted} of {own} entries: read the mirrors of"
                " further counted cosigners, tearline log read"
            )
        for each in file.entries:
            trust.verify(each.statement, each.attestations, at=self._context.next_moment())
        found = [parse_vote(each.statement.body) for each in votes]
        ends = {v.header.signer: v.expires_ms for v in found if v.content == proposed.statement.id}
        key = (VoteKind.AMEND, "", NOTHING, proposed.statement.id)
        return decision_of(self.state, key, ends, amendment=amendment)

    def vote_by_file(
        self, root: Signer, file: FederationFile, decision: OpenDecision
    ) -> FederationFile:
        """Returns a succession's file with this agency's vote added."""
        vote = vote_on(root, self.state, VoteKind.AMEND, "", decision.content)
        return self._file((*file.entries, vote))

    def _file(self, entries: Sequence[Signed]) -> FederationFile:
        """Returns statements as a file, and notes those of our root: the log may show them."""
        with self._context.stores.database.transaction():
            self._context.stores.own_keys.put(
                each.statement.id
                for each in entries
                if header_of(each.statement.body).signer == self._context.agency
            )
        return FederationFile(federation=self._context.trust.federation, entries=tuple(entries))

    def verify_may_vote(self, decision: OpenDecision) -> None:
        """Checks that this agency has a vote on a decision.

        Raises:
            MembershipRejected: If it has none.
        """
        if self._context.agency == decision.subject:
            raise MembershipRejected("an agency does not vote on itself")
        self.verify_seated(decision.seats)
        has_voted = self._context.agency in decision.ends_ms
        if has_voted and self._is_complete(decision) and decision.missing() > 0:
            raise MembershipRejected(
                f"this agency has voted for it, and {decision.missing()} of the others are missing"
            )

    def _is_complete(self, decision: OpenDecision) -> bool:
        """Returns whether the log has the content of a decision, which follows the first vote."""
        is_logged = self.state.candidate(decision.content) or self.state.amendment(decision.content)
        return decision.kind is VoteKind.REMOVE or is_logged is not None

    def verify_seated(self, seats: Set[str]) -> None:
        """Checks that this agency has one of the council's seats.

        Raises:
            MembershipRejected: If it has none.
        """
        if self._context.agency not in seats:
            raise MembershipRejected(
                "this agency has no seat in the council; `tearline federation members` shows seats"
            )

    def _open(self, key: VoteKey) -> OpenDecision:
        return decision_of(self.state, key, self.state.pending().get(key, {}))

    async def vote(self, root: Signer, decision: OpenDecision, *contents: Signed) -> bool:
        """Votes for a decision, and returns whether it is completed.

        Args:
            root: The root.
            decision: The decision.
            contents: Its member record, published behind the vote, or its amendment, before it.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        await self._outbox.publish(*self._acts(root, decision, contents))
        return decision.missing(self._context.agency) <= 0

    def write_vote(self, root: Signer, decision: OpenDecision, *contents: Signed) -> FederationFile:
        """Returns what ``vote`` would publish, as a file that the operator logs."""
        return self._file(self._acts(root, decision, contents))

    def _acts(
        self, root: Signer, decision: OpenDecision, contents: Sequence[Signed]
    ) -> Sequence[Signed]:
        has_voted = self._context.agency in decision.ends_ms
        about = decision.kind, decision.subject, decision.content
        votes = [] if has_voted else [vote_on(root, self.state, *about)]
        is_amendment = decision.kind is VoteKind.AMEND
        acts: tuple[Signed, ...] = (*contents, *votes) if is_amendment else (*votes, *contents)
        is_enough = decision.missing(self._context.agency) <= 0
        if is_enough and decision.kind in RECORD_KINDS:
            # Enough votes wait for the record; a further one behind it completes the decision.
            is_logged = self.state.candidate(decision.content) is not None
            if has_voted or not is_logged:
                acts = (*acts, vote_on(root, self.state, *about, again=True))
        return acts

    def has_root(self, root: SigningKey) -> bool:
        """Returns whether a key is this agency's root, by the log."""
        agency = self.state.now.agency(self._context.agency)
        return agency is not None and agency.root_key == root.public.encoded

    async def remove(self, root: Signer, uri: str) -> bool:
        """Votes to remove a member, and returns whether the removal is completed.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        return await self.vote(root, self.removal(uri))

    async def rotate_root(self, root: Signer, new: SigningKey) -> None:
        """Replaces the agency's root key by a new one, which signs too.

        Raises:
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        uri, federation = root.header.signer, root.header.federation
        signer = Signer(federation=federation, uri=uri, key=new)
        await self._outbox.publish(rotated(self.state, root, signer, new.public.encoded))

    async def leave(self, root: Signer, reason: str, *, repeats: str = "") -> None:
        """Leaves the federation at once.

        Args:
            root: Our root.
            reason: The reason; every member and the exchange read it.
            repeats: Why it may repeat a value that its readers may not have in clear.

        Raises:
            ValueRepeated: If the reason repeats a value, and ``repeats`` is empty.
            TearlineError: If the exchange refuses it, or is unreachable.
        """
        is_repeated = self._words.verify_open([reason], repeats, about=())
        statement, stores = leaving(root, reason), self._context.stores
        if is_repeated:
            with stores.database.transaction():
                self._words.keep(statement.statement.id, repeats)
        try:
            await self._outbox.publish(statement)
        except MembershipEnded:
            # The exchange answers, and from then on denies access: our own log ends before it.
            receipts = stores.receipts.of(statement.statement.id)
            if not any(receipt.status is Status.ACCEPTED for receipt in receipts):
                raise
            with stores.database.transaction():
                stores.membership.note_told(self._context.now_ms())


def _named(decision: OpenDecision) -> str:
    if decision.kind is VoteKind.REMOVE:
        return "remove (by --remove)"
    return f"{decision.kind.value} {decision.content.hex()[:ID_SHOWN]}"
