"""Values that a partner may not have in clear, found in the texts that it gets.

What is withheld as a field is easily written into a purpose or a narrative as well. Both sides
are folded as in a search; a match begins and ends with words, and a character of Chinese or
Korean is a word. Values in other words are not found.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Generic, TypeVar

from tearline.errors import ValueRepeated
from tearline.limits import MAX_MENTIONS
from tearline.packets.packet import TEXT, Field
from tearline.policy.form import Form
from tearline.policy.masks import SYLLABIC_RANGES
from tearline_client.planning.entities import TOKEN_PREFIX
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.planning.text_search import plain_letters

_LEAST_LETTERS = 4  # of a value that is sought: shorter ones are words of many texts
_LEAST_DIGITS = 5  # a number of four is a year
_LONGEST = 64  # folded characters by which a longer value is known
_MOST_PERMUTED = 3  # words of a name that is sought in every order: 6 orders
_MOST_TURNED = 8  # words of a longer one, of which each may come first
_LONGEST_PHRASE = 4  # words of a partner's value that is sought in a text
_LEAST_PHRASE = 6  # folded characters of one
_SYLLABLE = re.compile("[" + "".join(f"{first}-{last}" for first, last in SYLLABIC_RANGES) + "]")
BESIDE = "beside/the text beside it"
"""In place of the path of a text: words that go beside a packet, and are in none."""
Key = TypeVar("Key", bound=Hashable)
_MOST_NAMED = 8  # of the places where a text repeats a value, in one refusal
_WORD = re.compile("[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A text that repeats a value which its reader may not have in clear.

    Attributes:
        recipient: The reader's node URI.
        text: Path of the field whose text it is, or ``BESIDE``.
        value: Path of the field that holds the value; empty where a partner told it.
        packet: Id of the partner's packet that told it; empty where it is of the draft itself.
    """

    recipient: str
    text: str
    value: str = ""
    packet: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A recipient of a packet, by what of it becomes readable and what does not.

    Attributes:
        uri: The recipient's node URI.
        clear: Fields that it newly gets in clear.
        kept: Fields of the same packet that it gets in no form, or in a coarser one.
        sources: Manifest ids of the packets that the packet says it was made from.
    """

    uri: str
    clear: tuple[Field, ...]
    kept: tuple[Field, ...]
    sources: tuple[bytes, ...]


def words_of(text: str) -> list[str]:
    """Returns the words of a text, folded; each character of a syllabic script is one."""
    return _WORD.findall(plain_letters(_SYLLABLE.sub(r" \g<0> ", text)))


class Seeker(Generic[Key]):
    """Finds many values in a text in one pass.

    Args:
        values: What stands for a value, and the value.
    """

    def __init__(self, values: Iterable[tuple[Key, str]]) -> None:
        self._by_beginning: dict[str, dict[int, dict[str, set[Key]]]] = {}
        for key, value in values:
            spellings = {each for part in parts_of(value) for each in orders_of(words_of(part))}
            for spelled in spellings:
                if is_sought(spelled):
                    known = self._by_beginning.setdefault(spelled[:_LEAST_LETTERS], {})
                    of_length = known.setdefault(min(len(spelled), _LONGEST), {})
                    of_length.setdefault(spelled[:_LONGEST], set()).add(key)

    def __bool__(self) -> bool:
        return bool(self._by_beginning)

    def found_in(self, text: str) -> set[Key]:
        """Returns what stands for the values that a text holds, in time by its length."""
        words = words_of(text)
        joined = "".join(words)
        starts, at = [], 0
        for word in words:
            starts.append(at)
            at += len(word)
        ends = {*starts[1:], at}
        found: set[Key] = set()
        for start in starts:
            known = self._by_beginning.get(joined[start : start + _LEAST_LETTERS], {})
            for length, spelled in known.items():  # at most ``_LONGEST``
                keys = spelled.get(joined[start : start + length])
                if keys and (length == _LONGEST or start + length in ends):
                    found |= keys
        return found


def parts_of(value: str) -> tuple[str, ...]:
    """Returns a value, and what it holds in each kind of script where it holds two."""
    syllables = " ".join(_SYLLABLE.findall(value))
    rest = _SYLLABLE.sub(" ", value)
    return (value, syllables, rest) if syllables and rest.strip() else (value,)


def orders_of(words: list[str]) -> set[str]:
    """Returns a name's words run together, in every order in which people write them."""
    if len(words) <= _MOST_PERMUTED:
        return {"".join(order) for order in permutations(words)}
    if len(words) <= _MOST_TURNED:
        return {"".join(words[at:] + words[:at]) for at in range(len(words))}
    return {"".join(words)}


def phrases_of(text: str) -> Iterator[str]:
    """Yields what up to ``_LONGEST_PHRASE`` words in a row spell, in the orders of a name.

    Only phrases that are long enough to be asked for; in time by the length of the text.
    """
    words = words_of(text)
    for at in range(len(words)):
        for size in range(1, min(_LONGEST_PHRASE, len(words) - at) + 1):
            some = words[at : at + size]
            for spelled in {"".join(some[turn:] + some[:turn]) for turn in range(size)}:
                if len(spelled) >= _LEAST_PHRASE:
                    yield spelled


def is_sought(spelled: str) -> bool:
    """Returns whether a folded value is long enough to tell anything by standing in a text."""
    return len(spelled) >= (_LEAST_DIGITS if spelled.isdigit() else _LEAST_LETTERS)


def texts_of(field: Field) -> tuple[str, ...]:
    """Returns the texts of a field, of a document that is text as well; references are none."""
    if field.media_type == TEXT:
        return tuple(text for text in field.texts if not text.startswith(TOKEN_PREFIX))
    if field.media_type.startswith(("text/", "message/")):
        return tuple(value.decode("utf-8", "replace") for value in field.values)
    return ()


def readers_of(plan: ReleasePlan) -> tuple[Reader, ...]:
    """Returns every recipient of a plan with what it gets in clear and what not."""
    return tuple(
        Reader(
            uri=recipient,
            clear=tuple(f for f in plan.draft.fields if _is_clear(plan, recipient, f)),
            kept=tuple(f for f in plan.draft.fields if not _is_clear(plan, recipient, f)),
            sources=plan.draft.derived_from,
        )
        for recipient in plan.recipients
    )


def _is_clear(plan: ReleasePlan, recipient: str, field: Field) -> bool:
    return plan.decisions[recipient, field.marking].form is Form.CLEAR


def mentions_of(readers: Iterable[Reader]) -> tuple[Mention, ...]:
    """Returns the texts in clear that repeat a value of a field kept back from their reader.

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
        seeker = Seeker(
            (field.path, text)
            for field in reader.kept
            if field.media_type == TEXT
            for text in texts_of(field)
        )
        if not seeker:
            continue
        for field in reader.clear:
            paths = {path for text in texts_of(field) for path in seeker.found_in(text)}
            for path in sorted(paths):
                yield Mention(recipient=reader.uri, text=field.path, value=path)


def verify_confirmed(mentions: Iterable[Mention], reason: str) -> None:
    """Checks that a person said why texts repeat what is kept back, where they do (spec O-21).

    Raises:
        ValueRepeated: If no person did.
    """
    if reason.strip():
        return
    places = [
        f"{mention.text.partition('/')[2]} repeats"
        f" {mention.value.partition('/')[2] or f'packet {mention.packet.hex()[:12]}'}"
        for mention in mentions
    ]
    if places:
        raise ValueRepeated("; ".join(list(dict.fromkeys(places))[:_MOST_NAMED]))
