"""Drafts that a person looks at before they leave: in memory alone, and sent at most once.

A preview is made from a form and its files. Its draft is kept until the person sends it, so that
exactly the previewed packet leaves. A form that arrives twice is done once: the second one waits
for the first, and leads to the same page. The erasure of any packet ends all drafts: they may hold
its values. The forms themselves are kept by the node.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from tearline.errors import ActQueued, NotFound
from tearline.limits import CONSOLE_DRAFT_S, MAX_CONSOLE_DRAFTS, MAX_PERSON_DRAFTS

_TOKEN_BYTES = 16
QUEUE = "/state"
"""The page that shows what waits for the exchange."""
Discard = Callable[[Collection[bytes]], None]
"""Called with the blob ids of large documents that no draft has any more."""


class DraftContent(Protocol):
    """Contents of a draft."""

    def large_documents(self) -> Collection[bytes]:
        """Returns the blob ids of its large documents."""


@dataclass(slots=True, kw_only=True)
class HeldDraft:
    """A draft of one person.

    Attributes:
        person: The person, by the agency's own name.
        content: The draft; None once it was sent.
        made_s: Time of the preview, Unix seconds.
        erasures: Number of erasures of packets before it: after another one it may hold their
            values.
        after: The page that its sending led to; empty before.
        lock: Held while it is sent.
    """

    person: str
    content: DraftContent | None = field(repr=False)
    made_s: int
    erasures: int = 0
    after: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_of(self, person: str) -> bool:
        """Returns whether a person made it: no other person reads or sends it."""
        return self.person == person

    async def send(self, act: Callable[[], Awaitable[str]]) -> str:
        """Sends the draft unless it was sent, and returns the page that this leads to.

        If sending is refused, the draft stays.

        Args:
            act: Sends it, and returns the page.
        """
        async with self.lock:
            if self.content is not None:
                try:
                    self.settle(await act())
                except ActQueued:  # stored, and sent later: a second attempt would be a second act
                    self.settle(QUEUE)
                    raise
            return self.after

    def settle(self, after: str) -> None:
        """Records the page that the sending led to, and forgets the contents."""
        self.content, self.after = None, after


class HeldDrafts:
    """All drafts of this process.

    Args:
        discard: Deletes the files of large documents whose last draft ended unsent.
        erasures: Returns the number of erasures of packets so far.
    """

    def __init__(
        self, discard: Discard = lambda blobs: None, erasures: Callable[[], int] = lambda: 0
    ) -> None:
        self._drafts: dict[str, HeldDraft] = {}
        self._discard = discard
        self._erasures = erasures

    def hold(self, person: str, content: DraftContent, now_s: int, form: str = "") -> str:
        """Keeps a draft, and returns its name in addresses; the oldest over a bound go.

        Args:
            person: The person.
            content: The draft.
            now_s: The time, Unix seconds.
            form: The name of the form that it was made from: the draft's name begins with it.
        """
        self._drop_ended(now_s)
        own = [name for name, each in self._drafts.items() if each.person == person]
        self._end(own[: max(0, len(own) + 1 - MAX_PERSON_DRAFTS)])
        self._end([*self._drafts][: max(0, len(self._drafts) + 1 - MAX_CONSOLE_DRAFTS)])
        name = (form or new_name()) + new_name()
        self._drafts[name] = HeldDraft(
            person=person, content=content, made_s=now_s, erasures=self._erasures()
        )
        return name

    def find(self, name: str, person: str, now_s: int) -> HeldDraft:
        """Returns a draft of a person.

        Raises:
            NotFound: If there is none of that name, it is another's, or it is too old.
        """
        self._drop_ended(now_s)
        found = self._drafts.get(name)
        if found is None or not found.is_of(person):
            raise NotFound("no such preview is kept; preview the form again")
        return found

    def newest(self, form: str, person: str, now_s: int) -> DraftContent | None:
        """Returns the newest unsent draft of a person that was made from a form, or None."""
        self._drop_ended(now_s)
        own = (name for name, each in self._drafts.items() if each.is_of(person))
        found = [name for name in own if form and name.startswith(form)]
        return self._drafts[found[-1]].content if found else None

    def end(self, person: str) -> None:
        """Forgets the drafts of a person."""
        self._drop(lambda each: each.is_of(person))

    def _drop_ended(self, now_s: int) -> None:
        erasures = self._erasures()
        self._drop(lambda each: not _counts(each, now_s) or each.erasures != erasures)

    def _drop(self, is_over: Callable[[HeldDraft], bool]) -> None:
        self._end([name for name, each in self._drafts.items() if is_over(each)])

    def _end(self, names: Iterable[str]) -> None:
        ended = [self._drafts.pop(name) for name in names]
        if unused := _documents(ended) - _documents(self._drafts.values()):
            self._discard(unused)


def new_name() -> str:
    """Returns a new name of a draft or of a form: no other person can guess it."""
    return secrets.token_hex(_TOKEN_BYTES)


def _documents(drafts: Iterable[HeldDraft]) -> set[bytes]:
    contents = (draft.content for draft in drafts if draft.content is not None)
    return {blob_id for content in contents for blob_id in content.large_documents()}


def _counts(draft: HeldDraft, now_s: int) -> bool:
    return draft.made_s <= now_s < draft.made_s + CONSOLE_DRAFT_S
