"""The second verifier's budgets, from docs/spec alone: statement-v1, S-23 to S-26."""

from collections.abc import Callable, Iterator

from vectors.second_basics import need
from vectors.second_schema import Message

Told = Callable[[Callable[[], None], Callable[[], Message]], Message]
DAY_US = 86_400_000_000
SHARES = {"ordinary": 1, "withdrawal": 4, "standing": 4, "search": 4, "refusal": 32}
CLEAR = {2, 3, 19, 20, 21, 22, 23, 24}


class Budget:
    """S-23 to S-25."""

    def __init__(self, history: Message) -> None:
        self.day = history["entries"], history["bytes"]
        self.empty: dict[str, list[int]] = {}

    def take(self, event: Message) -> None:
        rule, size, kind = "S-24", 4096, event.get("type", 0)
        entries = event.get("entries", 1)
        if event["what"] == "accepted":
            if kind in CLEAR or kind == 8:
                return
            part = {5: "standing", 9: "withdrawal", 16: "withdrawal"}.get(kind, "ordinary")
            size += event["size"]
        else:
            part = {"refused": "refusal", "search": "search"}[event["what"]]
            rule = {"refused": "S-25"}.get(event["what"], rule)
        now = 1000 * event["time_ms"]
        states = self.empty.get(part, [0, 0])
        need(all(each < now + DAY_US for each in states), f"TL-REQ-002 {rule}: used up")
        self.empty[part] = [
            max(state, now) + -(-amount * DAY_US * SHARES[part] // most)
            for state, amount, most in zip(states, (entries, size), self.day, strict=True)
        ]

    def shown(self) -> Message:
        return {"empty_us": dict(sorted(self.empty.items()))}


def budgets(history: Message, told: Told) -> Iterator[Message]:
    """When each part's buckets are empty, after each event."""
    budget = Budget(history)
    for event in history["events"]:
        yield told(lambda: budget.take(event), budget.shown)  # noqa: B023


class Marks:
    """S-26."""

    def __init__(self) -> None:
        self.empty = 0

    def take(self, now: int) -> None:
        after = max(self.empty, now) + 600_000
        need(after <= now + 76_800_000, "TL-REQ-002 S-26: too many marks")
        self.empty = after

    def shown(self) -> Message:
        return {"empty_ms": self.empty}


def marks(history: Message, told: Told) -> Iterator[Message]:
    """When the bucket of marks is empty, after each mark."""
    channel = Marks()
    for event in history["events"]:
        yield told(lambda: channel.take(event["time_ms"]), channel.shown)  # noqa: B023
