"""Events of the audit as OCSF: valid by its published schemas, one ASCII line each."""

import json
import os
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

import jsonschema
import pytest

from support.cases import each_case
from tearline.audit.event import Decision, Event, EventCode, EventOutcome
from tearline_client.siem.ocsf import (
    ACCESS,
    EXCHANGE,
    OCSF_VERSION,
    ocsf_damage,
    ocsf_event,
    ocsf_line,
)

NODE = "spiffe://fiscalia.mx.example/node/liaison"
OTHER = "spiffe://justice.us.example/node/liaison"
NOW_MS = 1_800_000_000_123
LEAF = b"\x07" * 32
VERSIONS = ("1.1.0", "1.3.0", "1.5.0", "1.8.0")
HOSTILE = 'li"\n<0>1 - evil - - - -\r\n{"class_uid": 1}\x00\x1b[2J\u2028\u202e\ud7ff李'


@cache
def validator(number: str, class_uid: int) -> Any:
    try:
        published = import_module("ocsf_json_schema")
    except ModuleNotFoundError:
        if os.environ.get("TEARLINE_REQUIRE_ALL") == "1":
            pytest.fail("ocsf-json-schema is not installed: make test installs it")
        pytest.skip("ocsf-json-schema is not installed")
    known = published.OcsfJsonSchemaEmbedded(published.get_ocsf_schema(version=number))
    schema = known.get_class_schema(known.lookup_class_name_from_uid(class_uid))
    return jsonschema.Draft202012Validator(schema)


def verify(event: Mapping[str, object], number: str) -> None:
    """Checks an event against the class that it states."""
    stated = json.loads(json.dumps(event))
    stated["metadata"]["version"] = number
    validator(number, stated["class_uid"]).validate(stated)


def event(code: EventCode, **changed: Any) -> Event:
    is_access = code.value.startswith("access-")
    values: dict[str, Any] = {
        "statement_id": b"\x01" * 32,
        "code": code,
        "party": NODE,
        "time_ms": NOW_MS,
        "actor": "li" if is_access else OTHER,
        "counterpart": "ana" if is_access else NODE,
        "packet": b"\x02" * 32,
        "agreement_id": b"\x03" * 16,
        "article": "money-laundering",
        "purpose": "criminal-investigation",
        "pseudonym": b"\x04" * 32,
        "decisions": (
            Decision(
                compartment=0,
                category="finance.amount",
                form="clear",
                policies=("agreed",),
                slots=(1, 2),
            ),
        ),
    }
    return Event(**(values | changed))


@each_case("number", VERSIONS)
@each_case("code", EventCode)
def test_an_event_of_each_code_is_valid(code: EventCode, number: str) -> None:
    refused = {"outcome": EventOutcome.REFUSED, "reason": "TL-TLS-006"}
    bare = {"counterpart": "", "packet": b"", "agreement_id": b"", "article": "", "purpose": ""}
    for changed in ({}, refused, bare, {"pseudonym": b"", "decisions": ()}):
        verify(ocsf_event(event(code, **changed), 12, LEAF, EXCHANGE), number)


@pytest.mark.parametrize("number", VERSIONS)
def test_a_damaged_entry_is_a_critical_event(number: str) -> None:
    found = ocsf_damage(NODE, 5, LEAF, "TL-STO-003", NOW_MS)
    verify(found, number)
    assert (found["severity_id"], found["status_code"]) == (5, "TL-STO-003")
    assert OCSF_VERSION in VERSIONS


def test_an_opened_packet_is_a_read_with_counts_of_fields() -> None:
    found: Any = ocsf_event(event(EventCode.ACCESS_OPEN), 12, LEAF, ACCESS)
    assert (found["class_uid"], found["activity_id"], found["type_uid"]) == (6003, 2, 600302)
    assert found["actor"]["user"]["name"] == "li"
    assert found["resources"] == [{"uid": "02" * 32, "type": "packet"}]
    assert found["unmapped"]["fields"] == {"finance.amount clear": 2}
    assert found["metadata"] == {
        "version": OCSF_VERSION,
        "product": {
            "name": "Tearline",
            "vendor_name": "Tearline",
            "version": version("tearline"),
        },
        "uid": LEAF.hex(),
        "sequence": 12,
        "log_name": "access",
    }


def test_a_discarded_draft_is_a_deletion_that_names_account_and_draft() -> None:
    told = {"counterpart": "taxii:platform", "purpose": "5f0c9a1b" * 4, "packet": b""}
    found: Any = ocsf_event(event(EventCode.ACCESS_DISCARDED, **told), 12, LEAF, ACCESS)
    assert (found["class_uid"], found["activity_id"]) == (6003, 4)
    unmapped = found["unmapped"]
    assert (unmapped["account"], unmapped["detail"]) == ("taxii:platform", "5f0c9a1b" * 4)
    assert "dst_endpoint" not in found


def test_a_refused_sign_in_is_a_failed_logon() -> None:
    refused = event(EventCode.SIGN_IN, outcome=EventOutcome.REFUSED, reason="TL-TLS-005")
    found: Any = ocsf_event(refused, 1, LEAF, ACCESS)
    assert (found["class_uid"], found["activity_id"]) == (3002, 1)
    assert (found["status"], found["status_code"], found["user"]["name"]) == (
        "Failure",
        "TL-TLS-005",
        "ana",
    )


@pytest.mark.parametrize("name", ["actor", "counterpart", "purpose", "article"])
def test_no_name_ends_a_line_or_forges_one(name: str) -> None:
    found = ocsf_event(event(EventCode.ACCESS_OPEN, **{name: HOSTILE}), 12, LEAF, ACCESS)
    line = ocsf_line(found)
    assert line.isascii()
    assert line.isprintable()
    assert line.splitlines() == [line]
    assert json.loads(line) == json.loads(json.dumps(found))
