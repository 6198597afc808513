"""history-v1.json: statements in the order of the log, with the state or the error after each."""

from vectors.judge_histories import JUDGES
from vectors.own.histories_budgets import budgets, marks
from vectors.own.histories_parties import cases, standings
from vectors.own.histories_requests import requests
from vectors.own.plain import Json


def told(kind: str, history: Json) -> Json:
    """A history with what this implementation finds after each event.

    Where an event names the error that it must end in, it ends in that one.
    """
    for event, after in zip(history["events"], JUDGES[kind](history), strict=True):
        expected = event.get("code")
        assert expected == after.get("code"), (history["name"], event, after)
        event.update(after)
    return history


def history_vectors() -> Json:
    """All histories."""
    kinds = {
        "requests": requests(),
        "standings": standings(),
        "cases": cases(),
        "budgets": budgets(),
        "marks": marks(),
    }
    return {kind: [told(kind, each.history) for each in made] for kind, made in kinds.items()}
