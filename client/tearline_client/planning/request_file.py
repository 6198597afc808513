"""Parser of the TOML file of a request for records.

    to = "cn-public-security"
    agreement = "narcotics-2026"
    article = "money-laundering"
    purpose = "criminal-investigation"
    urgency = "urgent"                       # emergency, urgent, routine or preserve
    urgency_reason = "The money leaves on Friday."
    offence = "Money laundering, 18 U.S.C. 1956"
    link = "Qiu controls the account that both legs were paid from."
    subjects = "subjects.jsonl"              # FollowTheMoney entities, beside this file; or none

    [[item]]
    record = "Statements of the account, January to March 2026"
    about = ["account-1"]                    # ids of subjects; or none

An unknown key is refused. Items are numbered in the order of the file.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import RecordRequestMalformed
from tearline.packets.packet import PacketKind, Urgency
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity
from tearline_runtime.file_keys import KeyTable, key_tables

KEYS = key_tables(__package__, "request_keys.toml")
_REQUEST_ID = "record-request"


@immutable
class RequestFile:
    """Contents of a request file.

    Attributes:
        to: The requested partner.
        agreement: Name of the agreement.
        about: Description of the packet.
        narrative: Free text, or empty.
        subjects: Name of the file with the subjects, or empty.
        entities: The request and its items.
    """

    to: str
    agreement: str
    about: About
    narrative: str
    subjects: str
    entities: tuple[Entity, ...]


def parse_request_file(text: str) -> RequestFile:
    """Returns the contents of a request file.

    Raises:
        RecordRequestMalformed: If the file is invalid; names the place.
    """
    try:
        return request_of(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecordRequestMalformed(str(error)) from None


def request_of(table: Mapping[str, Any]) -> RequestFile:
    """Returns a request from the keys of its file.

    Raises:
        RecordRequestMalformed: If a key is unknown, is missing or has another kind of value.
    """
    _require_known(table, KEYS["file"], "the request")
    said = {
        key.name: _text(table, key.name, "the request")
        if key.default is None or key.name in table
        else ""
        for key in KEYS["file"].keys
        if key.name != "item"
    }
    try:
        urgency = Urgency(said["urgency"] or Urgency.ROUTINE)
    except ValueError:
        raise RecordRequestMalformed("urgency: emergency, urgent, routine or preserve") from None
    return RequestFile(
        to=said["to"],
        agreement=said["agreement"],
        about=About(
            article=said["article"],
            purpose=said["purpose"],
            kind=PacketKind.RECORD_REQUEST,
            case_id=said["case"],
            reference=said["reference"],
            urgency=urgency,
        ),
        narrative=said["narrative"],
        subjects=said["subjects"],
        entities=(_request(said), *_items(table.get("item"))),
    )


def _request(said: Mapping[str, str]) -> Entity:
    properties = {"offence": (said["offence"],), "link": (said["link"],)}
    if said["urgency_reason"]:
        properties["urgencyReason"] = (said["urgency_reason"],)
    return Entity(id=_REQUEST_ID, schema="RecordRequest", properties=properties)


def _items(tables: object) -> tuple[Entity, ...]:
    if not isinstance(tables, list) or not tables:
        raise RecordRequestMalformed("it asks for nothing: [[item]] is missing")
    return tuple(_item(number, table) for number, table in enumerate(tables, start=1))


def _item(number: int, table: object) -> Entity:
    where = f"item {number}"
    if not isinstance(table, dict):
        raise RecordRequestMalformed(f"{where}: a table was expected")
    _require_known(table, KEYS["item"], where)
    about = table.get("about", [])
    if not isinstance(about, list) or not all(isinstance(each, str) for each in about):
        raise RecordRequestMalformed(f"{where}.about: a list of ids was expected")
    properties = {
        "request": (_REQUEST_ID,),
        "number": (str(number),),
        "record": (_text(table, "record", where),),
    }
    if about:
        properties["subject"] = tuple(about)
    return Entity(id=f"requested-item-{number}", schema="RequestedItem", properties=properties)


def _require_known(table: Mapping[str, Any], keys: KeyTable, where: str) -> None:
    if unknown := keys.unknown(table):
        raise RecordRequestMalformed(f"{where} has an unknown key: {unknown[0]}")


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise RecordRequestMalformed(f"{where}.{key}: a text was expected")
    return value
