"""Whatever is imported comes back from the fields it became."""

import io
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from support.entities import read_entities
from tearline.errors import EntityFieldMalformed, StatementMalformed
from tearline.limits import MAX_FIELDS
from tearline_client.connectors.exporters.csv_safe import safe_cell
from tearline_client.connectors.exporters.ftm import encode_entity
from tearline_client.connectors.importers.ftm import iter_ftm
from tearline_client.connectors.importers.report import Report, gather
from tearline_client.planning.entities import (
    Entity,
    connected_groups,
    fields_of,
    merge_entities,
)
from tearline_client.planning.ftm_schema import NEVER_TRAVELS, SCHEMATA, PropertyType
from tearline_client.planning.merged_entities import Groups, MergedEntities

KEY = b"k" * 32
AGREEMENT = b"a" * 16

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ids = st.sampled_from(["a", "b", "c", "d", "token-" + "0" * 32, "é 1"])


@st.composite
def entities(draw):
    schema = draw(st.sampled_from(["Person", "Company", "Payment", "Family", "Event", "Unknown"]))
    known = SCHEMATA[schema].properties if schema in SCHEMATA else {}
    names = draw(
        st.sets(st.sampled_from([*sorted(set(known) - NEVER_TRAVELS), "other"]), max_size=5)
    )
    properties = {}
    for name in sorted(names):
        reference = name in known and known[name].type is PropertyType.ENTITY
        properties[name] = tuple(
            draw(st.lists(ids if reference else texts, min_size=1, max_size=4))
        )
    return Entity(id=draw(ids), schema=schema, properties=properties)


def same(found):
    return Counter(
        (e.id, e.schema, name, value)
        for e in found
        for name, values in e.properties.items()
        for value in values
    )


sizes = st.tuples(st.integers(min_value=2, max_value=30), st.integers(min_value=1, max_value=200))


@given(st.lists(entities(), min_size=1, max_size=8), sizes)
def test_fields_and_back(found, bounds):
    sent = merge_entities(found)
    groups = connected_groups(sent, max_fields=bounds[0], max_bytes=bounds[1])
    packets = [list(fields_of(group, key=KEY, agreement_id=AGREEMENT)) for group in groups]
    for packet in packets:
        assert len(packet) <= bounds[0]
        assert len({path for path, _ in packet}) == len(packet)
    received = read_entities(field for packet in packets for field in packet)
    assert same(received) == Counter(set(same(sent)))  # a repeated value is held once
    assert {(e.id, e.schema) for e in received} == {(e.id, e.schema) for e in sent}


@given(st.lists(entities(), min_size=1, max_size=8))
def test_groups_do_not_depend_on_anything_but_the_import(found):
    sent = merge_entities(found)
    assert connected_groups(sent) == connected_groups(sent)
    assert same(e for g in connected_groups(sent) for e in g.entities) == same(sent)


@given(st.lists(entities(), min_size=1, max_size=8))
def test_entities_that_are_held_small_are_the_same(found):
    held = MergedEntities()
    for entity in found:
        held.add(entity)
    assert tuple(held) == held[:] == merge_entities(found)
    groups = Groups(held)
    assert groups[:] == list(connected_groups(held[:]))
    assert [groups[place] for place in reversed(range(len(groups)))] == groups[::-1]


class Counted(MergedEntities):
    """Entities, with the number of those that were read one by one."""

    reads = 0

    def __getitem__(self, place):
        Counted.reads += 1
        return super().__getitem__(place)


def test_a_group_of_a_large_component_holds_no_other(monkeypatch):
    account = Entity(id="account", schema="BankAccount", properties={"name": ("A",)})
    payments = (
        Entity(id=f"p{n}", schema="Payment", properties={"payerAccount": ("account",)})
        for n in range(4 * MAX_FIELDS)
    )
    held = Counted()
    for entity in (account, *payments):
        held.add(entity)
    groups = Groups(held)
    assert len(groups) > 4
    monkeypatch.setattr(Counted, "reads", 0)
    first = groups[0]
    assert Counted.reads <= len(first.entities) + 1
    made = list(groups)
    assert made[0] == first
    assert Counted.reads <= 4 * MAX_FIELDS + 1


@given(st.lists(entities(), min_size=1, max_size=8))
def test_export_and_import_again(found):
    sent = merge_entities(found)
    report = Report()
    stream = io.BytesIO(b"".join(map(encode_entity, sent)))
    assert gather(iter_ftm(stream, report), report).entities[:] == tuple(sent)


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.text(max_size=50),
                st.from_regex(
                    r"[0-9a-f]{32}/(Person|Thing|Family)/(id|name|person)", fullmatch=True
                ),
            ),
            st.lists(st.one_of(st.binary(max_size=8), st.just(b"token-" + b"0" * 32)), max_size=3),
        ),
        max_size=5,
    )
)
def test_what_a_partner_sends_makes_entities_or_one_refusal(fields):
    try:
        received = read_entities(fields)
    except (EntityFieldMalformed, StatementMalformed):
        return
    for entity in received:
        encode_entity(entity)


@given(st.text(max_size=30))
def test_no_cell_is_obeyed(text):
    cell = safe_cell(text)
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert "\x1b" not in cell
