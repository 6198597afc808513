"""Membership: members and constitution of a federation, by the clear entries of its log in order.

``Membership`` takes verified statements and decides what they change: it knows rules, not
signatures. Specified in docs/spec/federation-v1.md.
"""

from tearline.crypto.keys import key_id
from tearline.dataclass.immutable import immutable
from tearline.errors import CharterUnpinned, MembershipRejected, SignerUnknown
from tearline.federation.amendments import verify_exchange, verify_succession
from tearline.federation.charter import Charter, Constitution
from tearline.federation.decisions import NOTHING, Amendment, MemberRecord, Vote, VoteKind
from tearline.federation.open_votes import RECORD_KINDS, OpenVotes, VoteKey
from tearline.federation.thresholds import tallies_of
from tearline.federation.versions import ConstitutionVersion, Members, MemberStatus, MemberVersion
from tearline.identity import domain_uri_of
from tearline.limits import MAX_OPEN_AMENDMENTS, ROOT_REPLACEMENT_DELAY_MS


@immutable
class Decision:
    """Completed decision of the council.

    Attributes:
        index: The entry of the vote that completed it.
        kind: Its kind.
        subject: The agency; empty for an amendment.
        content: Statement id of amendment or record; zeros for a removal.
        voters: The agencies whose votes counted, ascending.
    """

    index: int
    kind: VoteKind
    subject: str
    content: bytes
    voters: tuple[str, ...]


@immutable
class Replacement:
    """Decided replacement of a lost root, which waits for its delay.

    Attributes:
        record_id: Statement id of the new record.
        record: The new record.
        due_ms: Log time of its effect, Unix milliseconds; None until the next directory entry.
    """

    record_id: bytes
    record: MemberRecord
    due_ms: int | None


class Membership:
    """Members, constitution and open votes; the state only moves forward.

    Every method that raises leaves the state unchanged.

    Attributes:
        time_ms: Time of the newest directory entry, Unix milliseconds.
        replacements: Decided replacements of roots that wait, by agency.
        decisions, constitutions: All of them, in order.
        exchange_keys: The entry that retired each signing key of the exchange, by the key's id;
            None for the one in force.
    """

    def __init__(self) -> None:
        self.time_ms = 0
        self.replacements: dict[str, Replacement] = {}
        self.decisions: list[Decision] = []
        self._history: dict[str, list[MemberVersion]] = {}
        self.constitutions: list[ConstitutionVersion] = []
        self.exchange_keys: dict[bytes, int | None] = {}
        self._names: dict[str, str] = {}
        self._votes = OpenVotes()
        self._candidates: dict[bytes, MemberRecord] = {}
        self._amendments: dict[bytes, Amendment] = {}
        self._now: Members | None = None
        self._changed = -1

    @property
    def now(self) -> Members:
        """Returns the members after the newest entry.

        Raises:
            SignerUnknown: If the charter does not count yet.
        """
        if self._now is None:
            self._now = self.at(1 << 63)
        return self._now

    def at(self, index: int) -> Members:
        """Returns the members by all entries before ``index``.

        Raises:
            SignerUnknown: If the charter did not count there yet.
        """
        if self._now is not None and self._changed < index:
            return self._now
        for version in reversed(self.constitutions):
            if version.index < index:
                return Members(self._history, version, index)
        raise SignerUnknown("no complete charter precedes that place in the log")

    @property
    def is_founded(self) -> bool:
        """Returns whether the charter counts."""
        return bool(self.constitutions)

    def has_changed_at(self, index: int) -> bool:
        """Returns whether the entry at ``index`` changed members or constitution, as the last."""
        return self._changed == index

    def pending(self) -> dict[VoteKey, dict[str, int]]:
        """Returns the voters of each open decision, with the log time at which each vote ends."""
        return self._votes.pending(self.time_ms)

    def candidate(self, record_id: bytes) -> MemberRecord | None:
        """Returns a member record that open votes name, or None."""
        return self._candidates.get(record_id)

    def amendment(self, amendment_id: bytes) -> Amendment | None:
        """Returns an amendment that is open, or None."""
        return self._amendments.get(amendment_id)

    def found(
        self,
        index: int,
        charter_id: bytes,
        charter: Charter,
        records: dict[bytes, MemberRecord],
    ) -> None:
        """Puts the charter in force, once every founder has signed.

        Raises:
            CharterUnpinned: If the founders do not fit the charter.
        """
        agencies = {each.agency.uri for each in records.values()}
        names = {each.agency.name: each.agency.uri for each in records.values()}
        named = {*charter.constitution.council, *charter.constitution.cosigners}
        if not len(agencies) == len(names) == len(records) or not named <= agencies:
            raise CharterUnpinned("two founders share a name, or the council is not of founders")
        if domain_uri_of(charter.constitution.exchange.uri) in agencies:
            raise CharterUnpinned("the exchange has a founder's trust domain")
        self._enact(index, charter_id, charter.constitution, index)
        self._names.update(names)
        for record_id, record in records.items():
            self._put(index, index, record_id, record)

    def change(self, index: int, record_id: bytes, record: MemberRecord) -> None:
        """Takes a member's next record of its own, whose signatures were verified.

        Raises:
            MembershipRejected: If it does not follow the record in force.
        """
        current = self._member(record.agency.uri)
        if (record.generation, record.number, record.previous) != (
            current.record.generation,
            current.record.number + 1,
            current.record_id,
        ):
            raise MembershipRejected("the record does not follow the agency's record in force")
        if record.agency.name != current.record.agency.name:
            raise MembershipRejected("the council admits an agency under its name, which it keeps")
        self._put(index, current.since, record_id, record)
        # Its root is not lost: it has just signed.
        self.replacements.pop(record.agency.uri, None)
        self._votes.drop(record.agency.uri, {VoteKind.REPLACE})

    def offer(self, record_id: bytes, record: MemberRecord) -> None:
        """Takes the record of a newcomer, or of a member under another root.

        Raises:
            MembershipRejected: If no open vote names it, or it does not follow.
        """
        uri = record.agency.uri
        if not self._is_wanted(uri, record_id):
            raise MembershipRejected("no open vote of the council names this member record")
        self._verify_first(record)
        if record_id in self._candidates:
            raise MembershipRejected("the member record is in the log already")
        self._candidates = {
            known_id: known
            for known_id, known in self._candidates.items()  # at most one for each open vote
            if self._is_wanted(known.agency.uri, known_id)
        }
        self._candidates[record_id] = record

    def propose(self, index: int, amendment_id: bytes, amendment: Amendment) -> None:
        """Takes an amendment of a member of the council.

        Raises:
            MembershipRejected: If it does not follow, changes nothing, or is not permitted.
        """
        now, proposer, following = self.now, amendment.header.signer, amendment.constitution
        if proposer not in now.council:
            raise MembershipRejected("only a member of the council proposes an amendment")
        if amendment.predecessor != now.constitution_id:
            raise MembershipRejected("it does not name the constitutional decision in force")
        if amendment_id in self._amendments:
            raise MembershipRejected("the amendment is in the log already")
        own = [each for each in self._amendments.values() if each.header.signer == proposer]
        if len(own) >= MAX_OPEN_AMENDMENTS:
            raise MembershipRejected(f"the agency has {MAX_OPEN_AMENDMENTS} open amendments")
        if not following.changed_from(now.constitution):
            raise MembershipRejected("it changes nothing")
        verify_exchange(amendment, now.constitution, self._history)
        verify_succession(amendment, now.constitution, index)
        self._verify_named(following)
        self._amendments[amendment_id] = amendment

    def vote(self, index: int, vote: Vote) -> Decision | None:
        """Takes a vote of the council, and returns the decision that it completes, or None.

        Raises:
            MembershipRejected: If it names another state, or its agency may not vote on it.
        """
        now, voter = self.now, vote.header.signer
        if vote.predecessor != now.constitution_id:
            raise MembershipRejected("it does not name the constitutional decision in force")
        if voter == vote.subject:
            raise MembershipRejected("an agency does not vote on itself")
        if vote.kind is VoteKind.AMEND:
            amendment = self._amendments.get(vote.content)
            if amendment is None:
                raise MembershipRejected("the amendment is not in the log, or is void")
            following = amendment.constitution
        else:
            following = now.constitution
            self._verify_subject(vote)
        tallies = tallies_of(vote.kind, vote.subject, now, following)
        # A future council votes on its amendment whether or not it is counted apart.
        named = now.members_of(following.council) if vote.kind is VoteKind.AMEND else frozenset()
        seats = tallies[0].seats | named
        if voter not in seats:
            raise MembershipRejected("only members of the council vote")
        voters = self._votes.voters(vote.key, self.time_ms) | {voter}
        # Enough votes wait for a member record, which only open votes let into the log.
        waits = vote.kind in RECORD_KINDS and vote.content not in self._candidates
        decides = not waits and all(each.is_enough(voters) for each in tallies)
        if decides:
            self._verify_content(vote, following)
        self._votes.add(vote, self.time_ms, decides=decides)
        if not decides:
            return None
        decision = Decision(
            index=index,
            kind=vote.kind,
            subject=vote.subject,
            content=vote.content,
            voters=tuple(sorted(voters & seats)),
        )
        self._decide(decision)
        return decision

    def leave(self, index: int, uri: str) -> None:
        """Ends the membership of an agency by its own statement.

        Raises:
            MembershipRejected: If it is no member.
        """
        current = self._member(uri)
        self._end(index, current, MemberStatus.LEFT)

    def take_time(self, index: int, time_ms: int) -> tuple[str, ...]:
        """Takes the time of a directory entry, and returns the agencies whose root it replaces.

        Raises:
            MembershipRejected: If the time decreases.
        """
        if time_ms < self.time_ms:
            raise MembershipRejected("the time of the directory decreases")
        self.time_ms = time_ms
        due = []
        for uri, waiting in list(self.replacements.items()):  # a few, decided by the council
            if waiting.due_ms is None:
                due_ms = time_ms + ROOT_REPLACEMENT_DELAY_MS
                self.replacements[uri] = Replacement(
                    record_id=waiting.record_id, record=waiting.record, due_ms=due_ms
                )
            elif waiting.due_ms <= time_ms:
                del self.replacements[uri]
                self._put(index, index, waiting.record_id, waiting.record)
                self._votes.drop(uri)
                due.append(uri)
        return tuple(due)

    def state_of(self, uri: str) -> bytes:
        """Returns the hash that votes on an agency name; zeros if it was never a member."""
        versions = self._history.get(uri)
        return versions[-1].state if versions else NOTHING

    def _is_wanted(self, uri: str, record_id: bytes) -> bool:
        return self._votes.is_wanted(uri, self.state_of(uri), record_id, self.time_ms)

    def _verify_subject(self, vote: Vote) -> None:
        if (self.now.agency(vote.subject) is not None) == (vote.kind is VoteKind.ADMIT):
            raise MembershipRejected("its subject is a member already, or none")
        if vote.subject_state != self.state_of(vote.subject):
            raise MembershipRejected("it names another state of its subject")
        if vote.subject in self.replacements and vote.kind is VoteKind.REPLACE:
            raise MembershipRejected("a replacement of this root is decided already")

    def _verify_content(self, vote: Vote, following: Constitution) -> None:
        """Checks again, since the decision may have been overtaken."""
        if vote.kind is VoteKind.AMEND:
            self._verify_named(following)
        elif vote.kind in RECORD_KINDS:
            if (record := self._candidates[vote.content]).agency.uri != vote.subject:
                raise MembershipRejected("the member record is of another agency")
            self._verify_first(record)

    def _verify_named(self, following: Constitution) -> None:
        named = (*following.council, *following.cosigners)
        if not self.now.members_of(named) >= set(named):
            raise MembershipRejected("council and counted cosigners are members")

    def _verify_first(self, record: MemberRecord) -> None:
        found = self._history.get(record.agency.uri)
        generation = found[-1].record.generation + 1 if found else 1
        if (record.generation, record.number) != (generation, 1):
            raise MembershipRejected(f"its generation is {generation}, and its number 1")
        if record.agency.uri == domain_uri_of(self.now.exchange.uri):
            raise MembershipRejected("the exchange has that trust domain")
        self._verify_name(record)

    def _verify_name(self, record: MemberRecord) -> None:
        # People know agencies by name: a name never passes to another agency.
        if self._names.get(record.agency.name, record.agency.uri) != record.agency.uri:
            raise MembershipRejected("another agency has, or had, that name")

    def _member(self, uri: str) -> MemberVersion:
        found = self._history.get(uri)
        if not found or found[-1].status is not MemberStatus.MEMBER:
            raise MembershipRejected("the agency is no member")
        return found[-1]

    def _decide(self, decision: Decision) -> None:
        index, subject, content = decision.index, decision.subject, decision.content
        match decision.kind:
            case VoteKind.AMEND:
                amendment = self._amendments[content]
                self._enact(index, content, amendment.constitution, amendment.size or index)
                self._votes.clear()
                self._amendments.clear()
                self._candidates.clear()
            case VoteKind.ADMIT:
                record = self._candidates.pop(content)
                self._names[record.agency.name] = subject
                self._put(index, index, content, record)
            case VoteKind.REMOVE:
                self._end(index, self._history[subject][-1], MemberStatus.REMOVED)
            case VoteKind.REPLACE:
                record = self._candidates.pop(content)
                self._names[record.agency.name] = subject
                self.replacements[subject] = Replacement(
                    record_id=content, record=record, due_ms=None
                )
        if subject:
            self._votes.drop(subject)
        self._changes_at(index)
        self.decisions.append(decision)

    def _enact(self, index: int, id_: bytes, constitution: Constitution, log_size: int) -> None:
        for before in self.constitutions[-1:]:
            self.exchange_keys[key_id(before.constitution.exchange.signing_key)] = index
        self.exchange_keys[key_id(constitution.exchange.signing_key)] = None
        version = ConstitutionVersion(
            index=index, id=id_, constitution=constitution, log_size=log_size
        )
        self.constitutions.append(version)

    def _end(self, index: int, current: MemberVersion, status: MemberStatus) -> None:
        uri = current.record.agency.uri
        self._history[uri].append(
            MemberVersion(
                index=index,
                since=current.since,
                status=status,
                record_id=current.record_id,
                record=current.record,
            )
        )
        self.replacements.pop(uri, None)
        self._votes.drop(uri)
        self._changes_at(index)

    def _put(self, index: int, since: int, record_id: bytes, record: MemberRecord) -> None:
        version = MemberVersion(
            index=index,
            since=since,
            status=MemberStatus.MEMBER,
            record_id=record_id,
            record=record,
        )
        self._history.setdefault(record.agency.uri, []).append(version)
        self._changes_at(index)

    def _changes_at(self, index: int) -> None:
        self._now, self._changed = None, index
