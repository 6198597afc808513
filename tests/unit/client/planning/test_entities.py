import hashlib
import hmac

import pytest

from support.cases import each_case
from support.entities import read_entities
from tearline.errors import EntityFieldMalformed, KeyMalformed, MalformedInput
from tearline_client.planning.entities import (
    Entity,
    connected_groups,
    entity_token,
    fields_of,
    merge_entities,
)

KEY = b"k" * 32
AGREEMENT = b"a" * 16


def entity(ftm_id, schema="Person", **properties):
    return Entity(
        id=ftm_id,
        schema=schema,
        properties={n: v if isinstance(v, tuple) else (v,) for n, v in properties.items()},
    )


def link(ftm_id, one, other):
    return entity(ftm_id, "Family", person=one, relative=other)


def token(ftm_id):
    return entity_token(KEY, AGREEMENT, ftm_id)


def fields(*entities, **bounds):
    groups = connected_groups(entities, **bounds)
    return [field for g in groups for field in fields_of(g, key=KEY, agreement_id=AGREEMENT)]


def test_the_token_is_a_labelled_hmac_of_agreement_and_id():
    message = b"tearline/v1/entity-token\0" + b"\0\0\0\x10" + AGREEMENT + b"\0\0\0\x02p1"
    assert token("p1") == hmac.new(KEY, message, hashlib.sha256).digest()[:16].hex()
    assert token("p1") != entity_token(KEY, b"b" * 16, "p1")
    assert token("p1") != entity_token(b"l" * 32, AGREEMENT, "p1")
    # The boundary between agreement and id cannot be moved.
    assert entity_token(KEY, b"ab", "c") != entity_token(KEY, b"a", "bc")


def test_a_short_key_is_refused():
    with pytest.raises(KeyMalformed):
        entity_token(b"k" * 31, AGREEMENT, "p1")


def test_fields_carry_tokens_and_the_id_only_in_its_own():
    secret = "ana-invented-1970"
    found = dict(fields(entity(secret, name="Ana"), link("l1", secret, "elsewhere")))
    assert found == {
        f"{token(secret)}/Person/id": (secret.encode(),),
        f"{token(secret)}/Person/name": (b"Ana",),
        f"{token('l1')}/Family/id": (b"l1",),
        f"{token('l1')}/Family/person": (b"token-" + token(secret).encode(),),
        f"{token('l1')}/Family/relative": (b"token-" + token("elsewhere").encode(),),
        f"{token('elsewhere')}/Thing/id": (b"elsewhere",),
    }
    shown = [(path, values) for path, values in found.items() if not path.endswith("/id")]
    assert secret not in repr(shown)
    assert "elsewhere" not in repr(shown)


def test_entities_come_back_with_ids_and_references():
    sent = (entity("p1", name=("Ana", "Ana")), link("l1", "p1", "elsewhere"))
    assert read_entities(fields(*sent)) == (entity("p1", name="Ana"), sent[1])


def test_without_the_ids_tokens_stay():
    listed = [f for f in fields(entity("p1"), link("l1", "p1", "x")) if not f[0].endswith("/id")]
    (received,) = read_entities(listed)
    assert received == entity(
        f"token-{token('l1')}",
        "Family",
        person=f"token-{token('p1')}",
        relative=f"token-{token('x')}",
    )


def test_ids_known_from_earlier_packets_resolve_references():
    earlier = fields(entity("p1", name="Ana"))
    later = [f for f in fields(link("l1", "p1", "p1")) if "/Family/" in f[0]]
    _, received = read_entities(earlier, later)
    assert received.properties["person"] == ("p1",)


def test_a_masked_reference_stays_as_it_is():
    path = f"{token('l1')}/Family/person"
    (received,) = read_entities([(path, (b"somebody",))])
    assert received.properties["person"] == ("somebody",)


def test_the_same_field_from_two_packets_is_joined():
    path = f"{token('p1')}/Person/name"
    (received,) = read_entities([(path, (b"A", b"B"))], [(path, (b"B", b"C"))])
    assert received.properties["name"] == ("A", "B", "C")


def test_one_id_with_two_schemata_stays_two_entities():
    sent = (entity("c1", "Company", name="X"), entity("c1", "LegalEntity", email="x@example.org"))
    assert read_entities(fields(*sent)) == sent


@each_case(
    "bad",
    [
        [("name", (b"x",))],
        [("/Person/name", (b"x",))],
        [("0" * 32 + "/Person", (b"x",))],
        [("0" * 32 + "/Person/name/x", (b"x",))],
        [("0" * 32 + "/Person/name\n", (b"x",))],
        [("0" * 32 + "/../name", (b"x",))],
        [("F" * 32 + "/Person/name", (b"x",))],
        [("0" * 31 + "/Person/name", (b"x",))],
        [("0" * 32 + "/Person/name", (b"a\0b",))],
        [("0" * 32 + "/Person/name", ())],
        [("0" * 32 + "/Person/id", ())],
        [("0" * 32 + "/Person/id", (b"",))],
        [("0" * 32 + "/Person/id", (b"a", b"b"))],
        [("0" * 32 + "/Person/id", (b"a",)), ("0" * 32 + "/Person/id", (b"b",))],
        [("0" * 32 + "/Person/id", (b"a",)), ("0" * 32 + "/Thing/id", (b"b",))],
        [("0" * 32 + "/Person/id", (b"x" * 256,))],
    ],
)
def test_fields_that_make_no_entity_are_refused(bad):
    with pytest.raises(EntityFieldMalformed):
        read_entities(bad)


def test_a_known_id_is_not_contradicted():
    with pytest.raises(EntityFieldMalformed):
        read_entities(fields(entity("p1")), [(f"{token('p1')}/Person/id", (b"p2",))])


@each_case(
    "change",
    [
        {"id": ""},
        {"id": "x" * 256},
        {"id": "\ud800"},
        {"schema": ""},
        {"schema": "Per son"},
        {"schema": "Person\n"},
        {"properties": {"id": ("x",)}},
        {"properties": {"na/me": ("x",)}},
        {"properties": {"name": ()}},
        {"properties": {"name": ("\ud800",)}},
        {"properties": {"name": ("a\0",)}},
    ],
)
def test_an_entity_out_of_bounds_is_refused(change):
    with pytest.raises(MalformedInput):
        Entity(**{"id": "a", "schema": "Person", "properties": {}} | change)


def test_properties_do_not_change_behind_an_entity():
    properties = {"name": ("A",)}
    one = Entity(id="a", schema="Person", properties=properties)
    properties["name"] = ("B",)
    assert one.properties["name"] == ("A",)
    with pytest.raises(TypeError):
        one.properties["name"] = ("C",)


def test_merging_takes_values_as_sets_and_keeps_their_order():
    merged = merge_entities([entity("a", name="A"), entity("b"), entity("a", name=("B", "A"))])
    assert merged == (entity("a", name=("A", "B")), entity("b"))


def test_groups_are_connected_components_in_order():
    groups = connected_groups(
        [
            entity("a"),
            entity("b"),
            link("bc", "b", "c"),
            entity("d"),
            entity("c"),
            link("da", "d", "x"),
        ]
    )
    assert [[e.id for e in group.entities] for group in groups] == [
        ["a"],
        ["b", "bc", "c"],
        ["d", "da"],
    ]
    assert [group.outside for group in groups] == [(), (), ("x",)]


def test_an_absent_target_does_not_connect():
    groups = connected_groups([link("one", "a", "x"), link("two", "b", "x")])
    assert [group.outside for group in groups] == [("a", "x"), ("b", "x")]


def test_a_group_is_divided_where_a_packet_is_full():
    people = [entity(f"p{i}", name="N", email="e") for i in range(10)]
    chain = [link(f"l{i}", f"p{i}", f"p{i + 1}") for i in range(9)]
    sent = (*people, *chain)
    groups = connected_groups(sent, max_fields=12)
    sizes = [len(list(fields_of(g, key=KEY, agreement_id=AGREEMENT))) for g in groups]
    assert max(sizes) <= 12
    assert sum(sizes) == 3 * 19
    assert all(group.outside == () for group in groups)
    assert read_entities(fields(*sent, max_fields=12)) == sent


def test_an_entity_too_large_for_a_packet_is_divided_by_property():
    targets = tuple(f"x{i}" for i in range(40))
    large = entity("e", "Event", name="N", involved=targets, summary="s" * 100, location="l")
    groups = connected_groups([large], max_fields=10, max_bytes=120)
    for group in groups:
        listed = list(fields_of(group, key=KEY, agreement_id=AGREEMENT))
        assert len(listed) <= 10
        assert len({path for path, _ in listed}) == len(listed)
    (received,) = read_entities(fields(large, max_fields=10, max_bytes=120))
    assert received == large


def test_a_field_above_the_bound_has_a_packet_of_its_own():
    large = [entity("a", name="N", notes="x" * 1000), entity("b", name="M")]
    groups = connected_groups([*large, link("l", "a", "b")], max_bytes=500)
    assert [[dict(e.properties).keys() for e in g.entities] for g in groups][1] == [{"notes"}]


def test_a_long_chain_is_one_component():
    chain = [link(f"p{i}", f"p{i + 1}", f"p{i + 1}") for i in range(20_000)]
    groups = connected_groups(chain, max_fields=10**6, max_bytes=10**9)
    assert len(groups) == 1
