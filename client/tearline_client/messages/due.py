"""Something that hooks are notified of."""

from collections.abc import Mapping
from dataclasses import field

from tearline.dataclass.immutable import immutable


@immutable
class Due:
    """Event that is due for a notification.

    Attributes:
        event: One of ``EVENTS``.
        once: Key among all of this event; each key is notified once.
        ids: Ids of its subjects.
    """

    event: str
    once: bytes
    ids: Mapping[str, str | bytes | int] = field(default_factory=dict)
