"""light-v1.json, read by this implementation and by the second verifier."""

from typing import Any

import pytest

from support.agencies import federation
from support.cases import each_case
from support.light import FIVE, cosigning_records
from tearline.federation.directory import COUNTED_KEYS_KEPT, counted_keys
from tearline.federation.directory_states import parse_agency_state
from tearline.federation.turns import OwnEntries
from tearline.verification.light_reader import LightReader, begin
from tearline.verification.log_entries import clear_entry, parse_clear
from tearline.verification.trust import TrustState
from tearline.wire.turns import parse_leaf, parse_turn
from vectors.own_cases import Case, cases, code_of, vectors
from vectors.second_light import Light, listed_in
from vectors.second_trust import Trust

FILE = vectors("light")
FEDERATION = bytes.fromhex(FILE["federation"])
FOUNDING = [bytes.fromhex(each) for each in FILE["founding"]]


def made_of(case: Case) -> OwnEntries:
    made = case["made"]
    return OwnEntries(
        indexes=tuple(made["indexes"]),
        records=frozenset(map(bytes.fromhex, made["records"])),
        keys=frozenset(map(bytes.fromhex, made["keys"])),
    )


def take(reader: LightReader, case: Case) -> LightReader:
    return reader.take(parse_turn(bytes.fromhex(case["turn"])), made_of(case))


def after(read: int) -> LightReader:
    """The reader after so many turns."""
    trust = TrustState(federation=FEDERATION, is_partial=True)
    for index, entry in enumerate(FOUNDING):
        signed = parse_clear(entry)
        assert signed is not None
        trust.apply(index, signed)
    reader = begin(FILE["uri"], trust)
    for case in FILE["turns"][:read]:
        reader = take(reader, case)
    return reader


def after_again(read: int) -> Light:
    """The second verifier's reader after so many turns."""
    reader = Light(FILE["uri"], FEDERATION, FOUNDING)
    for case in FILE["turns"][:read]:
        reader.take(bytes.fromhex(case["turn"]), case["made"])
    return reader


def refusal(work: Any) -> str:
    """Code and rule of the second verifier's refusal."""
    with pytest.raises(ValueError, match=r"^TL-[A-Z]+-[0-9]{3} [A-Z]+-[0-9]+") as refused:
        work()
    return str(refused.value)


@pytest.mark.parametrize("number", range(len(FILE["turns"])))
def test_a_reader_is_after_each_turn_where_it_was(number: int) -> None:
    case, reader, again = FILE["turns"][number], after(number + 1), after_again(number + 1)
    assert reader.newest is not None
    assert reader.own is not None
    assert case["size"] == reader.newest.checkpoint.checkpoint.size == again.newest["size"]
    assert case["counted_s"] == reader.newest.counted_s == again.newest["counted_s"]
    assert case["decision"] == reader.decision.hex() == again.constitution["id"].hex()
    assert case["keys"] == [each.state.id.hex() for each in reader.keys]
    assert case["keys"] == [each["id"].hex() for each in again.keys]
    assert case["entries"] == reader.own.entries == again.own["entries"]


@pytest.mark.parametrize("case", cases("light", "listed"))
def test_keys_of_a_counted_cosigner_are_listed(case: Case) -> None:
    state = bytes.fromhex(case["state"])
    ours = [key.id.hex() for key in counted_keys(parse_agency_state(state).keys)]
    assert case["listed"] == ours == [each.hex() for each in listed_in(state)]


def test_both_derive_one_directory_of_more_keys_than_it_lists() -> None:
    fed = federation(*FIVE)
    names = [f"{FIVE[1]}/node/n{number}" for number in range(12)]
    entries = [*fed.clear, *cosigning_records(fed, names * 2)]
    trust, again = TrustState(federation=fed.id), Trust(fed.id)
    for index, entry in enumerate(entries):
        trust.apply(index, entry)
        again.read(index, clear_entry(entry))
    assert trust.directory.root == again.directory_root()
    assert len(trust.directory.federation_state().keys) == COUNTED_KEYS_KEPT


@each_case("case", cases("light", "refused"))
def test_bad_turns_are_refused(case: Case) -> None:
    reader, again = after(case["read"]), after_again(case["read"])
    assert code_of(lambda: take(reader, case)) == case["code"]
    told = refusal(lambda: again.take(bytes.fromhex(case["turn"]), case["made"]))
    assert told.startswith(case["code"])


@pytest.mark.parametrize("case", cases("light", "leaves"))
def test_states_are_shown_and_refused(case: Case) -> None:
    reader, again = after(case["read"]), after_again(case["read"])
    uri, now_s, data = case["uri"], case["now_s"], bytes.fromhex(case["leaf"])
    leaf = parse_leaf(data)

    def show() -> None:
        if leaf.state:
            reader.verify_partner(uri, leaf, now_s)
        else:
            reader.verify_absent(uri, leaf, now_s)

    if not case["code"]:
        show()
        assert bool(leaf.state) == bool(again.show(uri, data, now_s))
        return
    assert code_of(show) == case["code"]
    assert refusal(lambda: again.show(uri, data, now_s)).startswith(case["code"])
