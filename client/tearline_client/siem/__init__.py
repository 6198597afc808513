"""The audit for a SIEM: OCSF events, and syslog over TLS."""

from typing import Protocol

from tearline.dataclass.immutable import immutable


@immutable
class Message:
    """A message of syslog.

    Attributes:
        time: Its time, as in ISO 8601, in UTC.
        code: The kind of act.
        is_warning: Whether it is a refusal or a fault.
        text: Its content: one line of ASCII.
    """

    time: str
    code: str
    is_warning: bool
    text: str


@immutable
class Backlog:
    """Entries of the access log that a receiver has not confirmed.

    Attributes:
        entries: Their number.
        since_ms: Time of the oldest, Unix milliseconds; 0 for none.
    """

    entries: int = 0
    since_ms: int = 0


class Sink(Protocol):
    """A receiver of messages."""

    @property
    def host(self) -> str:
        """Returns its name for the operator."""

    @property
    def id(self) -> bytes:
        """Returns its id, 32 bytes: the same after a restart for the same receiver."""

    def send(self, messages: list[Message]) -> str:
        """Delivers a batch; returns an empty text, or the fault. Blocks for seconds."""
