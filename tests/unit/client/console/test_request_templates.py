"""Templates of requests: each text in each language, and each field with a category."""

from tearline.limits import MAX_REQUEST_ITEMS
from tearline_client.connectors.importers.report import is_marked
from tearline_client.console.request_templates import (
    LANGUAGES,
    Texts,
    record_kinds,
    request_templates,
)
from tearline_client.planning.ftm_schema import property_of


def is_complete(texts: Texts) -> bool:
    return {*texts} == {*LANGUAGES} and all(text.strip() for text in texts.values())


def test_each_template_is_complete_in_every_language() -> None:
    templates = request_templates()
    assert len({each.id for each in templates}) == len(templates) >= 6
    for each in templates:
        assert is_complete(each.label), each.id
        assert {*each.offence} == {*LANGUAGES}
        assert len({bool(text) for text in each.offence.values()}) == 1, each.id
        assert 0 < len(each.records) <= MAX_REQUEST_ITEMS
        assert all(map(is_complete, each.records)), each.id


def test_each_field_of_a_record_is_known_and_has_a_category() -> None:
    kinds = record_kinds()
    assert len({each.id for each in kinds}) == len(kinds) >= 6
    for kind in kinds:
        assert is_complete(kind.label), kind.id
        for field in kind.fields:
            assert is_complete(field.label), (kind.id, field.property)
            assert property_of(kind.schema, field.property) is not None
            assert is_marked(f"{kind.schema}/{field.property}"), (kind.id, field.property)
