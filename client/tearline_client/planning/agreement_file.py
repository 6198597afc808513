"""Parser of an agreement's TOML file.

    name = "narcotics-2026"
    parties = ["us-justice", "cn-public-security"]
    valid_from = 2026-01-01
    valid_until = 2028-01-01
    retention_days = 730
    onward_use = "Only with the originator's grant."
    authorisation_days = 14      # longest extension of a reply by a court's delay; or none
    log_retention_days = 1095    # how long the log keeps the contents of entries; or for ever

    [article.money-laundering]
    purposes = ["criminal-investigation"]
    kinds = ["lead"]
    crime_areas = ["money-laundering"]
    highest_tlp = "amber+strict"
    directions = [["us-justice", "cn-public-security"]]     # or "all"

    [article.money-laundering.share.cn-public-security]
    finance = "generalised"
    "finance.account" = "clear"

Agencies have their short names. An unknown key is refused: a misspelt restriction
must not be ignored.
"""

import datetime
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from tearline.agreements.agreement import DEFAULT_REPLY_TIMES, Agreement
from tearline.errors import AgreementMalformed
from tearline.federation.versions import Members
from tearline.packets.packet import AGREEMENT_ID_SIZE, Pins, Urgency
from tearline.policy.form import parse_form
from tearline.policy.marking import parse_tlp
from tearline.policy.terms import ArticleTerms, Direction, Share, Terms
from tearline.statements.statement import Header
from tearline.text.choices import one_of
from tearline_runtime.file_keys import KeyTable, key_tables

DAY_MS = 24 * 3_600_000
KEYS = key_tables(__package__, "agreement_keys.toml")


def parse_agreement_file(text: str, *, members: Members, pins: Pins, header: Header) -> Agreement:
    """Returns the first version of an agreement from its file.

    Args:
        text: The file's text.
        members: Agencies by name.
        pins: Profile and policies that govern releases under the agreement.
        header: Header of the proposing node.

    Raises:
        AgreementMalformed: If the file is invalid; names the place.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AgreementMalformed(str(error)) from None
    _require_known(table, KEYS["file"], "the agreement")
    uris = {agency.name: agency.uri for agency in members.agencies}
    parties = sorted(_uri(uris, name) for name in _names(table, "parties", "the agreement"))
    hours = _table(table.get("reply_hours", {}), "reply_hours")
    if unknown := sorted(set(hours) - {urgency.value for urgency in Urgency}):
        raise AgreementMalformed(f"reply_hours has an unknown key: {unknown[0]}")
    return Agreement(
        header=header,
        id=secrets.token_bytes(AGREEMENT_ID_SIZE),
        version=1,
        name=_text(table, "name", "the agreement"),
        terms=Terms(
            parties=tuple(parties),
            articles=tuple(
                _article(article_id, _table(article, f"article.{article_id}"), uris, parties)
                for article_id, article in sorted(
                    _table(table.get("article", {}), "article").items()
                )
            ),
        ),
        pins=pins,
        reply_times={
            urgency: _number(hours, urgency.value, "reply_hours") * 3_600_000
            if urgency.value in hours
            else DEFAULT_REPLY_TIMES[urgency]
            for urgency in Urgency
        },
        retention_ms=_number(table, "retention_days", "the agreement") * DAY_MS,
        onward_use=_text(table, "onward_use", "the agreement"),
        oversight=_oversight(table, uris),
        valid_from_ms=_day_ms(table, "valid_from"),
        valid_until_ms=_day_ms(table, "valid_until"),
        authorisation_ms=_days_ms(table, "authorisation_days"),
        log_retention_ms=_days_ms(table, "log_retention_days"),
    )


def _oversight(table: Mapping[str, Any], uris: Mapping[str, str]) -> tuple[str, ...]:
    names = _names(table, "oversight", "the agreement") if "oversight" in table else []
    return tuple(sorted(_uri(uris, name) for name in names))


def _article(
    article_id: str, table: Mapping[str, Any], uris: Mapping[str, str], parties: list[str]
) -> ArticleTerms:
    where = f"article.{article_id}"
    _require_known(table, KEYS["article"], where)
    shares = [
        Share(partner=_uri(uris, partner), category=category, form=parse_form(str(form)))
        for partner, given in _table(table.get("share", {}), f"{where}.share").items()
        for category, form in _table(given, f"{where}.share.{partner}").items()
    ]
    return ArticleTerms(
        id=article_id,
        purposes=_sorted(_names(table, "purposes", where)),
        kinds=_sorted(_names(table, "kinds", where)),
        crime_areas=_sorted(_names(table, "crime_areas", where)),
        directions=_directions(table.get("directions"), uris, parties, where),
        shares=tuple(sorted(shares)),
        highest_tlp=parse_tlp(_text(table, "highest_tlp", where)),
        joint=_flag(table, "joint", where),
        four_eyes=_flag(table, "four_eyes", where),
        both_before_open=_flag(table, "both_before_open", where),
    )


def _directions(
    value: object, uris: Mapping[str, str], parties: list[str], where: str
) -> tuple[Direction, ...]:
    if value == "all":
        pairs = [(a, b) for a in parties for b in parties if a != b]
    elif isinstance(value, list) and all(isinstance(p, list) and len(p) == 2 for p in value):
        pairs = [(_uri(uris, sender), _uri(uris, recipient)) for sender, recipient in value]
    else:
        raise AgreementMalformed(f'{where}.directions: pairs of agencies, or "all"')
    return tuple(sorted({Direction(sender=a, recipient=b) for a, b in pairs}))


def _require_known(table: Mapping[str, Any], keys: KeyTable, where: str) -> None:
    if unknown := keys.unknown(table):
        raise AgreementMalformed(f"{where} has an unknown key: {unknown[0]}")


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AgreementMalformed(f"{where}: a table was expected")
    return value


def _uri(uris: Mapping[str, str], name: object) -> str:
    if not isinstance(name, str) or name not in uris:
        raise AgreementMalformed(one_of(str(name), "agency of the federation", uris))
    return uris[name]


def _names(table: Mapping[str, Any], key: str, where: str) -> list[str]:
    value = table.get(key)
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise AgreementMalformed(f"{where}.{key}: a list of names was expected")
    return value


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise AgreementMalformed(f"{where}.{key}: a text was expected")
    return value


def _number(table: Mapping[str, Any], key: str, where: str) -> int:
    value = table.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise AgreementMalformed(f"{where}.{key}: a whole number above zero was expected")
    return value


def _days_ms(table: Mapping[str, Any], key: str) -> int:
    return _number(table, key, "the agreement") * DAY_MS if key in table else 0


def _flag(table: Mapping[str, Any], key: str, where: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise AgreementMalformed(f"{where}.{key}: true or false was expected")
    return value


def _day_ms(table: Mapping[str, Any], key: str) -> int:
    value = table.get(key)
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise AgreementMalformed(f"the agreement.{key}: a date such as 2026-01-31 was expected")
    midnight = datetime.datetime.combine(value, datetime.time(), datetime.UTC)
    return int(midnight.timestamp()) * 1000
