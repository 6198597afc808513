"""Sealing, redaction and release, for packets of every shape."""

from hypothesis import given, settings
from hypothesis import strategies as st

from support.agencies import US, federation, manifest_signed, packet
from support.examples import examples
from tearline.packets.packet import Field, WithholdReason
from tearline.policy.category import CATEGORIES
from tearline.policy.form import Form
from tearline.policy.marking import HANDLING_CODES, Marking, Pap, Tlp
from tearline.sealing import SealedPacket, open_packet, release_of
from tearline.wire.packets import encode_manifest, encode_release, parse_manifest, parse_release

FED = federation()
NODE = FED.node(US)

markings = st.builds(
    Marking,
    category=st.sampled_from([category.name for category in CATEGORIES[:6]]),
    tlp=st.sampled_from(Tlp),
    handling=st.sets(st.sampled_from(HANDLING_CODES)).map(lambda codes: tuple(sorted(codes))),
    orcon=st.booleans(),
    pap=st.sampled_from(Pap),
)


@st.composite
def fields(draw: st.DrawFn) -> Field:
    form = draw(st.sampled_from([Form.MATCH, Form.GENERALISED, Form.CLEAR]))
    media_type, values = draw(
        st.sampled_from(
            [
                ("text/plain", st.text(max_size=100).map(str.encode)),
                ("image/png", st.binary(max_size=300)),
            ]
        )
    )
    return Field(
        path=draw(st.text("abc/é李", min_size=1, max_size=20)),
        media_type=media_type,
        values=tuple(draw(st.lists(values, max_size=4))),
        marking=draw(markings),
        form=form,
        mask="band" if form is Form.GENERALISED else "",
    )


contents = st.lists(
    fields(), min_size=1, max_size=20, unique_by=lambda field: (field.path, field.form)
)


def ciphertexts_of(sealed: SealedPacket) -> dict[int, bytes]:
    return dict(enumerate(sealed.ciphertexts))


@settings(max_examples=examples(60), deadline=None)
@given(contents=contents)
def test_what_is_sealed_opens_and_nothing_else(contents: list[Field]) -> None:
    sealed = packet(NODE.header, contents)
    assert parse_manifest(encode_manifest(sealed.manifest)) == sealed.manifest
    release = release_of(sealed, existences={}, compartments=sealed.openings)
    view = open_packet(sealed.manifest, ciphertexts_of(sealed), release)
    assert sorted(repr(opened.field) for opened in view.fields) == sorted(map(repr, contents))


@settings(max_examples=examples(60), deadline=None)
@given(contents=contents, data=st.data())
def test_a_view_never_exceeds_its_release(contents: list[Field], data: st.DataObject) -> None:
    sealed = packet(NODE.header, contents)
    compartments = sorted(sealed.openings)
    released = data.draw(st.sets(st.sampled_from(compartments)))
    told = data.draw(st.sets(st.sampled_from(compartments))) - released
    places = sorted({slot for opening in sealed.openings.values() for slot in opening.slots})
    singles = data.draw(st.sets(st.sampled_from(places)))
    release = release_of(
        sealed,
        existences=dict.fromkeys(told, WithholdReason.PRIVACY),
        compartments=released,
        slots=singles,
    )
    assert parse_release(encode_release(release)) == release
    granted = singles | {slot for c in released for slot in sealed.openings[c].slots}
    view = open_packet(sealed.manifest, ciphertexts_of(sealed), release)
    assert {opened.slot for opened in view.fields} == granted
    assert {existence.compartment for existence in view.existences} == told


@settings(max_examples=examples(60), deadline=None)
@given(contents=contents, data=st.data())
def test_redaction_changes_neither_signature_nor_anybody_s_view(
    contents: list[Field], data: st.DataObject
) -> None:
    sealed = packet(NODE.header, contents)
    signed = manifest_signed(sealed, NODE)
    mine = data.draw(st.sampled_from(sorted(sealed.openings)))
    release = release_of(sealed, existences={}, compartments=[mine])
    whole = ciphertexts_of(sealed)
    needed = set(sealed.openings[mine].slots)
    dropped = data.draw(st.sets(st.sampled_from(sorted(whole)))) - needed
    redacted = {slot: data for slot, data in whole.items() if slot not in dropped}
    FED.trust().verify(signed.statement, signed.attestations, at=FED.next)
    manifest = parse_manifest(signed.statement.body)
    assert open_packet(manifest, redacted, release) == open_packet(manifest, whole, release)
