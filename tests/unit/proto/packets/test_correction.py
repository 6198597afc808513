"""Corrections: which packet may take the place of which, and which of a line counts."""

from dataclasses import replace
from itertools import pairwise

import pytest

from support.agencies import CN, US, federation, node_of, packet
from tearline.errors import CorrectionRefused
from tearline.limits import MAX_CORRECTIONS
from tearline.packets.correction import (
    earlier,
    subject_of,
    superseded,
    verify_corrects,
    verify_length,
)
from tearline.packets.packet import Manifest, PacketKind

A, B, C, D, E = (bytes([number]) * 32 for number in range(1, 6))


def manifest(agency: str = US) -> Manifest:
    return packet(federation(US, CN).node(agency).header).manifest


def test_a_packet_corrects_one_of_its_own_agency_on_the_same_terms() -> None:
    corrected = manifest()
    newer = replace(corrected.agreement, version=corrected.agreement.version + 1)
    later = replace(manifest(), agreement=newer, evaluation="A1")
    verify_corrects(subject_of(later), subject_of(corrected))
    other = replace(corrected.header, signer=node_of(US).replace("liaison", "other"))
    verify_corrects(subject_of(replace(corrected, header=other)), subject_of(corrected))


@pytest.mark.parametrize(
    "changed",
    [
        {"case_id": "another"},
        {"kind": PacketKind.FEEDBACK},
        {"agreement": replace(manifest().agreement, id=bytes(16))},
        {"agreement": replace(manifest().agreement, article="another")},
        {"header": manifest(CN).header},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_is_given_under_other_terms_is_no_correction(changed: dict[str, object]) -> None:
    with pytest.raises(CorrectionRefused):
        verify_corrects(
            subject_of(replace(manifest(), **changed)),  # type: ignore[arg-type]
            subject_of(manifest()),
        )


def test_a_request_is_not_corrected() -> None:
    request = replace(manifest(), kind=PacketKind.RECORD_REQUEST)
    with pytest.raises(CorrectionRefused):
        verify_corrects(subject_of(request), subject_of(request))


def test_a_line_leads_back_to_its_first() -> None:
    assert list(earlier(C, {C: B, B: A, E: D})) == [B, A]
    assert list(earlier(A, {C: B, B: A})) == []


def test_a_line_has_an_end() -> None:
    ids = [number.to_bytes(32) for number in range(MAX_CORRECTIONS)]
    corrects = {later: before for before, later in pairwise(ids)}
    verify_length(ids[-2], corrects)
    with pytest.raises(CorrectionRefused):
        verify_length(ids[-1], corrects)


def test_the_last_of_a_line_supersedes_all_of_it() -> None:
    assert superseded({}) == {}
    assert superseded({B: A, C: B, E: D}) == {A: C, B: C, D: E}


def test_of_two_corrections_the_longer_line_counts_then_the_greater_id() -> None:
    assert superseded({B: A, C: A}) == {A: C, B: C}
    assert superseded({B: A, C: A, D: B}) == {A: D, B: D, C: D}
    assert superseded({B: A, D: A, C: B}) == {A: C, B: C, D: C}
