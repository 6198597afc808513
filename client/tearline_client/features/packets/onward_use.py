"""Onward use at this node: control of packets made from partners' packets.

The sender's own node knows every value, so only it can find undeclared copies. Before sealing,
``verify`` checks a plan by its source packets and by their originators' consents.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import partial
from itertools import islice

from tearline.errors import CopyUndeclared, NotFound, SourceUnknown
from tearline.identity import agency_uri_of
from tearline.limits import MAX_MENTIONS
from tearline.onward.use import (
    Intent,
    Permission,
    SourceGroup,
    Sources,
    Use,
    derived_marking,
    verify_derived_marking,
    verify_evaluation_kept,
    verify_use,
)
from tearline.packets.packet import TEXT, Field
from tearline.policy.form import Form
from tearline.policy.profile import marking_of
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView
from tearline_client.planning.mentions import (
    BESIDE,
    Mention,
    Reader,
    gaps_of,
    mentions_of,
    phrases_of,
    seeker_of,
    texts_of,
)
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.rules.onward_sources import held_of, values_of
from tearline_client.rules.search_index import index_values
from tearline_client.store.value_index import ValueSource

_PHRASES_AT_ONCE = 1 << 16  # some MiB; a long text of digits has 17 million
EVERYBODY = ""
"""In place of a reader's URI: words that the exchange reads as well."""


class OnwardUse:
    """Checks of plans against partners' packets and consents.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def derived(self, draft: Draft) -> Draft:
        """Returns the draft, marked as strictly as its source packets (spec O-6).

        Raises:
            SourceUnknown: If a source packet is not stored here.
        """
        sources = self._held(draft.derived_from)
        if not sources:
            return draft
        fields = tuple(
            replace(field, marking=derived_marking(field.marking, taken_after(field, sources)))
            for field in draft.fields
        )
        return replace(draft, fields=fields)

    def verify(self, plan: ReleasePlan) -> None:
        """Checks the sources of every field for each of its recipients (spec O-4 to O-6).

        Raises:
            SourceUnknown: If a declared source packet is not stored here.
            DerivedWeaker: If the draft is marked or evaluated more freely than a source.
            PassOnForbidden: If an originator has not permitted a recipient.
            PurposeForbidden: If an originator granted the field for another purpose.
            CopyUndeclared: If a value is in a partner's packet that the draft does not declare.
        """
        draft = plan.draft
        for shown in self._sources(draft.derived_from):
            verify_evaluation_kept(draft.evaluation, shown.manifest.evaluation)
        sources = self._held(draft.derived_from)
        getting = {field.path: set(_getting(plan, field)) for field in draft.fields}
        uses = Uses(
            draft.purpose,
            self._context.stores.consents.permissions(draft.derived_from),
            now_ms=self._context.now_ms(),
        )
        for field in draft.fields:
            uses.verify(field, taken_after(field, sources), getting[field.path])
        self._verify_no_copy(draft, getting)

    def _verify_no_copy(self, draft: Draft, getting: dict[str, set[str]]) -> None:
        values = self._context.stores.values
        if not self._context.stores.packets.has_partners(self._context.uri):
            return
        index_values(self._context)
        for field in draft.fields:
            if field.media_type != TEXT or not getting[field.path]:
                continue
            for value in values_of(field):
                if values.is_own_word(value):
                    continue
                for told in values.told(value):
                    is_back = getting[field.path] <= {agency_uri_of(told.origin)}
                    # A source with an erased value has no marking to compare with.
                    is_declared = told.packet in draft.derived_from and not told.erased
                    if not is_back and not is_declared:
                        place = field.path.partition("/")[2]
                        raise CopyUndeclared(f"{place}, as in packet {told.packet.hex()[:12]}")

    def mentions(self, readers: Sequence[Reader]) -> tuple[Mention, ...]:
        """Returns the texts that repeat values that their readers may not have in clear."""
        return (*mentions_of(readers), *self._mentions_of_partners(readers))

    def mentions_beside(
        self, words: str, recipient: str, kept: Iterable[Field] = ()
    ) -> tuple[Mention, ...]:
        """Returns the texts beside packets that repeat values withheld from their reader.

        Args:
            words: The texts.
            recipient: The reader's node URI, or ``EVERYBODY``.
            kept: Our fields that are withheld or generalised for it.
        """
        paths = seeker_of(kept).found_in(words)
        found = {Mention(recipient=recipient, text=BESIDE, value=path) for path in paths}
        if self._context.stores.packets.has_partners(self._context.uri):
            index_values(self._context)
            found |= {
                Mention(recipient=recipient, text=BESIDE, packet=each.packet)
                for each in self._told_in(set(phrases_of(words)))
                if not recipient or agency_uri_of(recipient) != agency_uri_of(each.origin)
            }
        ordered = sorted(found, key=lambda each: (each.value, each.packet))
        return tuple(ordered[:MAX_MENTIONS])

    def _mentions_of_partners(self, readers: Sequence[Reader]) -> tuple[Mention, ...]:
        """Returns the clear texts that contain a value limited by a partner.

        At most ``MAX_MENTIONS``. A text that equals such a value is a copy: see ``verify``.
        """
        if not self._context.stores.packets.has_partners(self._context.uri):
            return ()
        index_values(self._context)
        clear = {field.path: field for reader in readers for field in reader.clear}
        told = {path: self._told_within(field) for path, field in clear.items()}
        found = {
            Mention(recipient=reader.uri, text=field.path, packet=each.packet)
            for reader in readers
            for field in reader.clear
            for each in told[field.path]
            if agency_uri_of(reader.uri) != agency_uri_of(each.origin)
            and (each.erased or each.packet not in reader.sources)
        }
        found |= {
            Mention(recipient=reader.uri, text=field.path, packet=source, gap=gap)
            for reader in readers
            for source in self._foreign(reader)
            for field in reader.clear
            for gap in gaps_of(field)
        }
        ordered = sorted(
            found, key=lambda each: (each.recipient, each.text, each.packet, each.gap or "")
        )
        return tuple(ordered[:MAX_MENTIONS])

    def _foreign(self, reader: Reader) -> list[bytes]:
        """Returns the source packets of agencies other than the reader's."""
        held = filter(None, map(self._context.stores.packets.held, reader.sources))
        agencies = (self._context.agency, agency_uri_of(reader.uri))
        return [each.id for each in held if agency_uri_of(each.origin) not in agencies]

    def _told_within(self, field: Field) -> list[ValueSource]:
        """Returns the partners' sources of values that a text contains among other words."""
        phrases = (each for text in texts_of(field) for each in phrases_of(text))
        own, found = values_of(field), list[ValueSource]()
        while some := set(islice(phrases, _PHRASES_AT_ONCE)):
            found += self._told_in(some - own)
        return found

    def _told_in(self, phrases: Set[str]) -> list[ValueSource]:
        among = self._context.stores.values.told_among(phrases)
        return [each for told in among.values() for each in told]

    def _sources(self, ids: Iterable[bytes]) -> Iterator[PacketView]:
        """Yields the source packets of other agencies."""
        for source in ids:
            try:
                shown = self._context.open_view(source)
            except NotFound:
                raise SourceUnknown(f"packet {source.hex()[:12]} is not here") from None
            if agency_uri_of(shown.packet.origin) != self._context.agency:
                yield shown

    def _held(self, ids: Iterable[bytes]) -> Sources:
        return Sources(held for shown in self._sources(ids) for held in held_of(shown))


class Uses:
    """Checks of one packet's fields by their sources; each group of sources once.

    Args:
        purpose: Purpose of the packet.
        given: The consents of originators.
        now_ms: The time, Unix milliseconds.
    """

    def __init__(self, purpose: str, given: Iterable[Permission], *, now_ms: int) -> None:
        self._purpose = purpose
        self._now_ms = now_ms
        self._given: defaultdict[tuple[bytes, str], list[Permission]] = defaultdict(list)
        for permission in given:
            self._given[permission.packet, permission.path].append(permission)
        self._allowed: set[tuple[SourceGroup, str]] = set()

    def verify(self, field: Field, groups: Iterable[SourceGroup], agencies: Iterable[str]) -> None:
        """Checks a field for its receiving agencies by its source fields.

        Raises:
            DerivedWeaker: If it is marked more freely than a source.
            PassOnForbidden: If an originator has not permitted an agency.
            PurposeForbidden: If an originator granted the field for another purpose.
        """
        wanted = sorted(agencies)
        for group in groups:
            verify_derived_marking(field.marking, group)
            for agency in wanted:
                if (group, agency) not in self._allowed:
                    self._verify_group(group, agency)
                    self._allowed.add((group, agency))

    def _verify_group(self, group: SourceGroup, agency: str) -> None:
        for held in group.fields:
            given = self._given.get((held.packet, held.path), ())
            check = partial(verify_use, held, given=given, now_ms=self._now_ms)
            if agency != held.originator:
                check(Intent(use=Use.PURPOSE, scope=self._purpose))
                check(Intent(use=Use.PASS_ON, scope=agency))


def taken_after(field: Field, sources: Sources) -> tuple[SourceGroup, ...]:
    """Returns the source fields of a field."""
    # By the category of its path: a raised marking may have another category.
    return sources.concerned(marking_of(field.path), values_of(field))


def _getting(plan: ReleasePlan, field: Field) -> Iterator[str]:
    """Yields the URIs of the agencies that receive a field, in any form."""
    for recipient in plan.recipients:
        if plan.decisions[recipient, field.marking].form > Form.EXISTS:
            yield agency_uri_of(recipient)
