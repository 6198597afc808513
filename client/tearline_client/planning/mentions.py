"""Finds values that a partner may not have in clear, in the texts and documents that it receives.

An officer may repeat a withheld value in a purpose, a narrative or a document. Text and value are
folded as in a search. A match begins and ends at word boundaries; a Chinese or Korean character is
a word, and so is a number. Paraphrased values are not found. A document that cannot be searched in
full is listed like a text that repeats a value, if its reader lacks a value that it could show.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from itertools import permutations
from typing import TYPE_CHECKING, Generic, TypeVar

from tearline.bodies.body import ID_PROPERTY
from tearline.dataclass.immutable import immutable
from tearline.errors import DocumentUnsearched, ValueRepeated
from tearline.limits import MAX_MENTIONS
from tearline.packets.packet import TEXT, Field
from tearline.policy.form import Form
from tearline.policy.reference_data import SYLLABIC_RANGES
from tearline_client.planning.entities import token_of_reference
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.planning.search_text import plain_letters
from tearline_client.planning.text_search import is_name

if TYPE_CHECKING:  # few commands search texts or documents
    from tearline_client.documents.collected_text import Gap

_LEAST_LETTERS = 4  # of a value; shorter values are words of many texts
_LEAST_DIGITS = 5  # a number of four is a year
_LONGEST = 64  # folded characters that identify a longer value
_MOST_PERMUTED = 3  # words of a name that is tried in every order: 6 orders
_MOST_TURNED = 8  # words of a longer name; each word may come first
_LONGEST_PHRASE = 4  # words of a partner's value in a text
_LEAST_PHRASE = 6  # folded characters of such a value
_SYLLABLE = re.compile("[" + "".join(f"{first}-{last}" for first, last in SYLLABIC_RANGES) + "]")
BESIDE = "beside/the text beside it"
"""In place of the path of a text: words that go beside a packet, and are in none."""
_DESCRIPTION = ("fileName", "mimeType", "fileSize", "contentHash")  # of a document
Key = TypeVar("Key", bound=Hashable)
_MOST_NAMED = 8  # places of repeated values in one refusal
_WORD = re.compile("[a-z0-9]+")
_TURN = re.compile("(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")


@immutable
class Mention:
    """Text that repeats a value that its reader may not have in clear.

    Attributes:
        recipient: The reader's node URI.
        text: Path of the field that contains the text, or ``BESIDE``; empty if the value's field
            was guarded, and no field of the draft succeeds it.
        value: Path of the field that holds the value; empty if a partner sent it.
        packet: Id of the earlier packet that contains the value; empty for the draft itself.
        gap: Why the document cannot be searched, while values are withheld; None for a text.
    """

    recipient: str
    text: str = ""
    value: str = ""
    packet: bytes = b""
    gap: "Gap | None" = None


@immutable
class Reader:
    """Recipient of a packet, with its readable and withheld fields.

    Attributes:
        uri: The recipient's node URI.
        clear: Fields newly disclosed to it in clear.
        kept: Fields of the same packet that are withheld or generalised for it.
        sources: Manifest ids of the packet's declared sources.
    """

    uri: str
    clear: tuple[Field, ...]
    kept: tuple[Field, ...]
    sources: tuple[bytes, ...]


def words_of(text: str) -> list[str]:
    """Returns the folded words of a text; each character of a syllabic script is a word."""
    return _WORD.findall(plain_letters(_SYLLABLE.sub(r" \g<0> ", text)))


class Seeker(Generic[Key]):
    """Finds many values in a text in one pass.

    Args:
        values: Key and text of each value.
    """

    def __init__(self, values: Iterable[tuple[Key, str]]) -> None:
        from tearline_client.planning.printed_forms import day_spellings, number_spellings

        self._by_beginning: dict[str, dict[int, dict[str, set[Key]]]] = {}
        for key, value in values:
            spellings = {each for part in parts_of(value) for each in orders_of(words_of(part))}
            for spelled in spellings | number_spellings(value) | day_spellings(value):
                if is_sought(spelled):
                    known = self._by_beginning.setdefault(spelled[:_LEAST_LETTERS], {})
                    of_length = known.setdefault(min(len(spelled), _LONGEST), {})
                    of_length.setdefault(spelled[:_LONGEST], set()).add(key)

    def __bool__(self) -> bool:
        return bool(self._by_beginning)

    def found_in(self, text: str) -> set[Key]:
        """Returns the keys of the values in a text, in time linear in its length."""
        words = words_of(text)
        joined = "".join(words)
        at = 0
        edges = {len(joined)}
        for word in words:
            edges.add(at)
            # A number may be written against a word, as in "MXN250000".
            edges.update(at + turn.start() for turn in _TURN.finditer(word))
            at += len(word)
        found: set[Key] = set()
        for start in edges:
            known = self._by_beginning.get(joined[start : start + _LEAST_LETTERS], {})
            for length, spelled in known.items():  # at most ``_LONGEST``
                keys = spelled.get(joined[start : start + length])
                if keys and (length == _LONGEST or start + length in edges):
                    found |= keys
        return found


def parts_of(value: str) -> tuple[str, ...]:
    """Returns a value, and its part in each script if it has two scripts."""
    syllables = " ".join(_SYLLABLE.findall(value))
    rest = _SYLLABLE.sub(" ", value)
    return (value, syllables, rest) if syllables and rest.strip() else (value,)


def orders_of(words: list[str]) -> set[str]:
    """Returns a name's words joined, in every usual order."""
    if len(words) <= _MOST_PERMUTED:
        return {"".join(order) for order in permutations(words)}
    if len(words) <= _MOST_TURNED:
        return {"".join(words[at:] + words[:at]) for at in range(len(words))}
    return {"".join(words)}


def phrases_of(text: str) -> Iterator[str]:
    """Yields the numbers of a text, and phrases of up to ``_LONGEST_PHRASE`` consecutive words.

    The words of a phrase are in the orders of a name. Only phrases of sufficient length are
    yielded. Time is linear in the length of the text.
    """
    from tearline_client.planning.printed_forms import printed_numbers

    words = words_of(text)
    for spelled in printed_numbers(words):  # of any number of words
        if len(spelled) >= _LEAST_PHRASE:
            yield spelled
    for at in range(len(words)):
        for size in range(1, min(_LONGEST_PHRASE, len(words) - at) + 1):
            some = words[at : at + size]
            for spelled in {"".join(some[turn:] + some[:turn]) for turn in range(size)}:
                if len(spelled) >= _LEAST_PHRASE:
                    yield spelled


def is_sought(spelled: str) -> bool:
    """Returns whether a folded value is long enough for a significant match."""
    return len(spelled) >= (_LEAST_DIGITS if spelled.isdigit() else _LEAST_LETTERS)


def texts_of(field: Field) -> tuple[str, ...]:
    """Returns the texts of a field or a document, without references."""
    if field.media_type == TEXT:
        return tuple(text for text in field.texts if not token_of_reference(text))
    from tearline_client.documents.reader import document_text  # loads readers of files

    return tuple(document_text(field.media_type, value).text for value in field.values)


def gaps_of(field: Field) -> "tuple[Gap, ...]":
    """Returns why a document cannot be searched in full; empty for a field of text."""
    if field.media_type == TEXT:
        return ()
    from tearline_client.documents.reader import document_text  # loads readers of files

    documents = (document_text(field.media_type, value) for value in field.values)
    return tuple(dict.fromkeys(gap for each in documents for gap in each.gaps))


def seeker_of(fields: Iterable[Field]) -> Seeker[str]:
    """Returns a seeker of the values of fields by their paths; documents are not sought."""
    texts = (field for field in fields if field.media_type == TEXT)
    return Seeker((field.path, text) for field in texts for text in texts_of(field))


def document_names(plan: ReleasePlan) -> dict[str, str]:
    """Returns the file name of each document of a plan by the path of its contents."""
    fields = plan.draft.fields
    names = {_entity(f): f.texts[0] for f in fields if f.path.endswith("/Document/fileName")}
    return {
        f.path: names[_entity(f)] for f in fields if f.media_type != TEXT and _entity(f) in names
    }


def readers_of(plan: ReleasePlan) -> tuple[Reader, ...]:
    """Returns every recipient of a plan with its readable and withheld fields."""
    return tuple(_reader_of(plan, recipient) for recipient in plan.recipients)


def _reader_of(plan: ReleasePlan, recipient: str) -> Reader:
    clear = [field for field in plan.draft.fields if _is_clear(plan, recipient, field)]
    kept = [field for field in plan.draft.fields if not _is_clear(plan, recipient, field)]
    return Reader(
        uri=recipient,
        clear=tuple(clear),
        kept=without_named_ids(kept, clear),
        sources=plan.draft.derived_from,
    )


def without_named_ids(kept: Iterable[Field], clear: Iterable[Field]) -> tuple[Field, ...]:
    """Returns kept fields without the ids that a reader's names contain: it knows these.

    Args:
        kept: Fields that a reader lacks.
        clear: Fields that it has in clear.
    """
    kept = tuple(kept)
    seeker = seeker_of(filter(_is_id, kept))
    if not seeker:
        return kept
    names = (text for field in clear if is_name(field) for text in texts_of(field))
    known = {path for name in names for path in seeker.found_in(name)}
    return tuple(field for field in kept if field.path not in known)


def _is_clear(plan: ReleasePlan, recipient: str, field: Field) -> bool:
    return plan.decisions[recipient, field.marking].form is Form.CLEAR


def mentions_of(readers: Iterable[Reader]) -> tuple[Mention, ...]:
    """Returns the clear texts that repeat a value withheld from their reader.

    At most ``MAX_MENTIONS``.
    """
    found: list[Mention] = []
    for mention in _mentions(readers):
        found.append(mention)
        if len(found) == MAX_MENTIONS:
            break
    return tuple(found)


def _mentions(readers: Iterable[Reader]) -> Iterator[Mention]:
    for reader in readers:
        seeker = seeker_of(reader.kept)
        if not seeker:
            continue
        documents = {_entity(field) for field in reader.clear if field.media_type != TEXT}
        # A picture shows no local id; its own name and digest are not hidden from its reader.
        own = {f"{entity}/{name}" for entity in documents for name in _DESCRIPTION}
        shown = documents and seeker_of(
            field for field in reader.kept if not _is_id(field) and field.path not in own
        )
        for field in reader.clear:
            paths = {path for text in texts_of(field) for path in seeker.found_in(text)}
            for path in sorted(paths):
                yield Mention(recipient=reader.uri, text=field.path, value=path)
            for gap in gaps_of(field) if shown else ():
                yield Mention(recipient=reader.uri, text=field.path, gap=gap)


def _is_id(field: Field) -> bool:
    return field.path.endswith(f"/{ID_PROPERTY}")


def _entity(field: Field) -> str:
    return field.path.rpartition("/")[0]


def verify_confirmed(mentions: Iterable[Mention], reason: str) -> None:
    """Checks that a person's reason covers repeated values and unsearched documents (spec O-5).

    Raises:
        ValueRepeated: If texts repeat values and no reason is given.
        DocumentUnsearched: If documents alone need one, which cannot be searched.
    """
    mentions = tuple(mentions)
    if reason.strip() or not mentions:
        return
    places = list(dict.fromkeys(map(_place, mentions)))[:_MOST_NAMED]
    refusal = DocumentUnsearched if all(each.gap for each in mentions) else ValueRepeated
    raise refusal("; ".join(places))


def _place(mention: Mention) -> str:
    text = mention.text.partition("/")[2]
    if mention.gap:
        return f"{text}: {mention.gap.value}"
    value = mention.value.partition("/")[2] or f"packet {mention.packet.hex()[:12]}"
    if not mention.text:
        return f"{value} was guarded, and has no guarded successor"
    return f"{text} repeats {value}"
