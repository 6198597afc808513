"""Disclosures under later keys, and one key of two agencies, for judged-v1.json."""

from collections.abc import Mapping
from dataclasses import replace

from support import agencies as b
from support.exhibits import MX_NODE, US_NODE
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_grant
from tearline.wire.statements import Signed, encode_signed
from vectors.own.judged_story import (
    FUTURE,
    GRANTING,
    LATE,
    MX_SECOND,
    SHARED,
    US_SECOND,
    Told,
)
from vectors.own.plain import Json
from vectors.own.story import marked


def disclosure_vectors(told: Told) -> tuple[Json, list[Json]]:
    """A later grant of a packet whose key has ended, and what it does not vouch for."""
    federation = told.case.federation
    ended = federation.node(b.US)
    by = {
        "a key that begins tomorrow": federation.signer(US_NODE, FUTURE),
        "a key on record behind the grant": federation.signer(US_NODE, LATE),
        "a key for grants alone": federation.signer(US_NODE, GRANTING),
        "a reader's manifest": told.mx,
    }
    codes = {
        "a key for grants alone": ("S-16", "TL-PKT-005"),
        "a reader's manifest": ("P-9", "TL-GRT-002"),
    }
    refused = []
    for name, signer in by.items():
        manifest = manifest_by(told, signer)
        rule, code = codes.get(name, ("P-13", "TL-TRU-002"))
        granted = granting(told, manifest, told.us)
        refused.append(disclosure(told, name, manifest, granted, rule=rule, code=code))
    manifest = told.case.manifest
    refused += [
        disclosure(
            told,
            "a grant of another packet",
            manifest,
            granting(told, manifest_by(told, told.us), told.us),
            rule="P-13",
            code="TL-GRT-001",
        ),
        disclosure(
            told,
            "a grant under the ended key",
            manifest,
            granting(told, manifest, ended),
            rule="L-15",
            code="TL-TRU-002",
        ),
    ]
    return [disclosure(told, "one more field after the key ended", manifest, told.grant)], refused


def manifest_by(told: Told, by: Signer) -> Signed:
    """The packet's manifest as another key signs it."""
    sealed = told.case.sealed
    manifest = replace(sealed.manifest, header=by.header)
    return b.manifest_signed(replace(sealed, manifest=manifest), by)


def granting(told: Told, manifest: Signed, by: Signer) -> Signed:
    """A grant of a manifest to MX's node."""
    value = b.grant(told.case.sealed, manifest.statement.id, by.header, MX_NODE)
    return b.signed_by(StatementType.GRANT, encode_grant(value), by)


def disclosure(told: Told, name: str, manifest: Signed, grant: Signed, **more: str) -> Json:
    """A manifest and a grant, judged at the grant's entry."""
    return {
        "name": name,
        "manifest": encode_signed(manifest).hex(),
        "grant": encode_signed(grant).hex(),
        "recipient": MX_NODE,
        "judged_at": place(told.indices["grant"]),
        **more,
    }


def place(index: int) -> Mapping[str, int]:
    """A place in the log, at the packet's time."""
    return {"index": index, "time_ms": b.NOW_MS}


def shared_key_vectors(told: Told) -> tuple[Json, list[Json]]:
    """A key that two agencies have on record, until and after one of them ended it."""
    end = told.indices["shared key's end"]
    us, mx, other = (
        told.case.federation.signer(uri, SHARED) for uri in (US_SECOND, MX_SECOND, MX_NODE)
    )
    good = [
        {"name": name, "signed": marked(by), "judged_at": place(index)}
        for name, by, index in (
            ("the other agency ended its own", us, end + 1),
            ("at the entry of its end", mx, end),
        )
    ]
    bad = [
        {"name": name, "rule": "L-15", "signed": marked(by), "judged_at": place(index)}
        | {"code": "TL-TRU-002"}
        for name, by, index in (
            ("a key that its agency ended", mx, end + 1),
            ("a key of a neighbour", other, end),
        )
    ]
    manifest = encode_signed(told.case.manifest).hex()
    alone = {"signed": manifest, "judged_at": place(told.indices["grant"])}
    bad.append(
        {"name": "an ended key without a grant", "rule": "L-15", **alone, "code": "TL-TRU-002"}
    )
    return good, bad
