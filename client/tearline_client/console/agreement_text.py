"""Terms of an agreement as the TOML file that states them, to be edited for other terms."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from tearline.agreements.agreement import DEFAULT_REPLY_TIMES, Agreement
from tearline.federation.versions import Members
from tearline.policy.terms import ArticleTerms
from tearline_client.planning.agreement_file import DAY_MS

_HOUR_MS = 3_600_000
_FLAGS = ("joint", "four_eyes", "both_before_open")


def agreement_text(agreement: Agreement, members: Members) -> str:
    """Returns the TOML file from which ``parse_agreement_file`` makes the same terms.

    Times are written to the day and to the hour, as a file states them.

    Args:
        agreement: The terms.
        members: Gives the names of agencies.
    """
    names = {agency.uri: agency.name for agency in members.agencies}
    lines = [*_head(agreement, names)]
    for article in agreement.terms.articles:
        lines += ["", f"[article.{article.id}]", *_article(article, names, agreement)]
        for partner in sorted({share.partner for share in article.shares}):
            lines += ["", f"[article.{article.id}.share.{names.get(partner, partner)}]"]
            lines += [
                f"{_quoted(share.category)} = {_quoted(share.form.text)}"
                for share in article.shares
                if share.partner == partner
            ]
    return "\n".join(lines) + "\n"


def _head(agreement: Agreement, names: dict[str, str]) -> Iterator[str]:
    yield f"name = {_quoted(agreement.name)}"
    yield f"parties = {_list(names.get(uri, uri) for uri in agreement.terms.parties)}"
    if agreement.oversight:
        yield f"oversight = {_list(names.get(uri, uri) for uri in agreement.oversight)}"
    yield f"valid_from = {_day(agreement.valid_from_ms)}"
    yield f"valid_until = {_day(agreement.valid_until_ms)}"
    yield f"retention_days = {agreement.retention_ms // DAY_MS}"
    for name, value_ms in (
        ("authorisation_days", agreement.authorisation_ms),
        ("log_retention_days", agreement.log_retention_ms),
    ):
        if value_ms:
            yield f"{name} = {value_ms // DAY_MS}"
    yield f"onward_use = {_quoted(agreement.onward_use)}"
    if agreement.reply_times != DEFAULT_REPLY_TIMES:
        times = agreement.reply_times.items()
        hours = ", ".join(f"{each.value} = {value_ms // _HOUR_MS}" for each, value_ms in times)
        yield f"reply_hours = {{ {hours} }}"


def _article(article: ArticleTerms, names: dict[str, str], agreement: Agreement) -> Iterator[str]:
    for name in ("purposes", "kinds", "crime_areas"):
        yield f"{name} = {_list(getattr(article, name))}"
    yield f"highest_tlp = {_quoted(article.highest_tlp.text)}"
    parties = agreement.terms.parties
    ways = {(way.sender, way.recipient) for way in article.directions}
    if ways == {(a, b) for a in parties for b in parties if a != b}:
        yield 'directions = "all"'
    else:
        pairs = (_list(names.get(uri, uri) for uri in way) for way in sorted(ways))
        yield f"directions = [{', '.join(pairs)}]"
    for name in _FLAGS:
        if getattr(article, name):
            yield f"{name} = true"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).date().isoformat()
