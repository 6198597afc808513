"""Every change of every field, judged twice: by this program and by the second verifier.

The second verifier reads the schema from the tables of docs/spec, and shares no code with the
program. Where one takes what the other refuses, the program and its specification differ.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor

from support.codecs import CODECS, Sample
from support.consents import consent
from tearline.errors import StatementMalformed
from tearline.onward.consent import ConsentTerms
from tearline.onward.consent import verify_terms as verify_consent_terms
from tearline.policy.form import Form
from tearline.policy.marking import parse_marking
from tearline.requests.step import StepKind, StepNote, verify_note
from tearline.wire.packets import FieldContent, FieldRelease, parse_field
from unit.proto.wire.test_reading import changed, changes, message_of, other_items
from vectors.second_basics import parse
from vectors.second_desks import VERIFIERS, verify_case_note, verify_request_note, verify_terms
from vectors.second_exhibit import parse_exhibit
from vectors.second_schema import SCHEMA, Message, ascending
from vectors.second_statements import BODIES, parse_signed, with_attestations

_NUMBERS = [5, 64, 256, 257, 2048, 1 << 31, (1 << 48) - 1, 1 << 48, (1 << 63) - 1, 1 << 63]
_TEXTS = [
    "spiffe://x.example",
    "spiffe://x.example/node/a",
    "spiffe://x.example/exchange",
    "clear",
    "withheld",
    "x" * 300,
    "x" * 5000,
]
MARKED = FieldRelease(
    slot=0,
    secret=bytes(32),
    marking=parse_marking("location TLP:CLEAR PAP:CLEAR H0"),
    form=Form.CLEAR,
    mask="",
)
_UNREAD = {
    "Anchor": "its page repeats tables of log-v1, and is read by no program",
}
"""Messages that the second verifier does not read."""


def edges(field: FieldDescriptor, value: Any) -> list[Any]:
    """Values around the bounds that the specifications name."""
    found = other_items(field, value)
    if field.type == FieldDescriptor.TYPE_STRING:
        return found + _TEXTS
    if field.type == FieldDescriptor.TYPE_BYTES:
        bound = 256 << 10  # of what is sealed
        sealed = [bytes(bound), bytes(bound + 1)] if field.name == "sealed" else []
        return [*found, bytes(5000), *sealed]
    bits = {FieldDescriptor.TYPE_UINT64: 64, FieldDescriptor.TYPE_UINT32: 32}.get(field.type, 1)
    return found + [number for number in _NUMBERS if bits > 1 and number < 1 << bits]


def second(name: str, data: bytes, step: str) -> None:
    """Judges a message as the second verifier does, with all that it says of one alone."""
    match name:
        case "Signed":
            parse_signed(data)
        case "Exhibit":
            parse_exhibit(data)
        case "ExportManifest":
            with_attestations(parse(name, data)["export"])
        case "ErasedEntry":
            _second_erased(parse(name, data))
        case "FederationFile":
            for entry in parse(name, data)["entries"]:
                with_attestations(entry)
        case "Release":
            _second_release(parse(name, data))
        case "RequestNote":
            verify_request_note({"kind": step}, parse(name, data))
        case "ConsentTerms":
            verify_terms({"step": "ask", "use": "pass-on"}, parse(name, data))
        case "CaseNote":
            verify_case_note({}, parse(name, data))
        case _:
            message = parse(name, data)
            number = next((n for n, body in BODIES.items() if body == name), 0)
            VERIFIERS.get(number, lambda _: None)(message)


def _second_erased(message: Message) -> None:
    if message["entry"][0] != 1 or not message["entries"]:
        raise ValueError("L-25: no blind entry, or nothing that says whose keys signed")
    if not ascending([each["index"] for each in message["entries"]]):
        raise ValueError("L-25: entries are out of order")
    with_attestations(message["order"])
    if message["agreement"] is not None:
        with_attestations(message["agreement"]["agreement"])


def _second_release(message: Message) -> None:
    places = [
        [each["opening"]["compartment"] for each in message["openings"]],
        [each["compartment"] for each in message["compartments"]],
        [each["slot"] for each in message["fields"]],
    ]
    if not all(map(ascending, places)):
        raise ValueError("P-12: not each once, in order")


def first(codec: Sample, data: bytes, step: StepKind | None) -> None:
    """Judges a message as the program does; a note, as that of a step of this kind."""
    value = codec.parse(data)
    if isinstance(value, StepNote) and step is not None:
        verify_note(step, value)
    if isinstance(value, ConsentTerms):
        verify_consent_terms(consent(), value)
    if isinstance(value, FieldContent):
        parse_field(data, MARKED)


def disagreements(codec: Sample) -> Iterator[str]:
    """The changes that one takes and the other refuses."""
    message = message_of(codec)
    name = message.DESCRIPTOR.name
    step = None
    if isinstance(codec.value, StepNote):
        step = StepKind.CLOSE if codec.value.useful is not None else StepKind.PARTIAL
    for what, change in changes(message, edges):
        data = changed(message, change)
        ours = refusal(lambda data=data: first(codec, data, step))
        theirs = refusal(lambda data=data: second(name, data, step.value if step else ""))
        if bool(ours) != bool(theirs):
            yield f"{what}: {ours or 'taken'}; by the specification {theirs or 'taken'}"


def refusal(judge: Callable[[], None]) -> str:
    """Why something is refused; empty where it is taken."""
    try:
        judge()
    except (StatementMalformed, ValueError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "codec",
    [
        pytest.param(each, id=name)
        for name, each in CODECS.items()
        if message_of(each).DESCRIPTOR.name in SCHEMA
    ],
)
def test_what_the_specification_refuses_is_refused_and_nothing_else(codec: Sample) -> None:
    assert list(disagreements(codec)) == []


def test_every_message_is_judged_twice_but_those_that_say_why_not() -> None:
    names = {message_of(codec).DESCRIPTOR.name for codec in CODECS.values()}
    assert names - set(SCHEMA) == set(_UNREAD)
