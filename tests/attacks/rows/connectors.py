"""Files of other programs: values that would leave, or stay, under a milder marking."""

from attacks.attack import Rows

_FINDING = "the finding of the report, with the object's id"

_import = Rows(
    names="import: ",
    tests="tests/unit/client/connectors/importers/",
    functions="tearline_client.connectors.importers.",
    evidence=_FINDING,
)
_export = Rows(
    names="export: ",
    tests="tests/unit/client/connectors/exporters/",
    functions="tearline_client.connectors.exporters.",
)

CONNECTORS = (
    _import(
        "have an item of a list sent under a milder marking than its own",
        "test_stix.py::test_a_marking_of_one_item_keeps_that_item_home[sectors]",
        "stix_objects:_parts",
        "[(name, value if isinstance(value, list) else [value])]",
    ),
    _import(
        "have a value sent under a milder marking, by a marking deep within it",
        "test_stix.py::test_a_marking_within_a_value_of_an_export_keeps_the_value_home",
        "stix_markings:_has_part",
        "False",
    ),
    _import(
        "have an object sent under a milder marking, by markings of another form",
        "test_stix.py::test_markings_that_cannot_be_read_keep_the_object_home[markings4]",
        "stix_markings:_is_granular",
        "True",
    ),
    _import(
        "have an event sent under a milder marking, by tags of another form",
        "test_misp.py::test_tags_that_cannot_be_read_are_the_strictest[tlp:red]",
        "misp_tags:_names",
        "iter(())",
    ),
    _import(
        "have an attribute sent under a milder marking than its tags",
        "test_misp.py::test_an_attribute_is_as_strict_as_its_event",
        "caveats:unkept",
        "''",
    ),
    _import(
        "have an object sent under a milder marking, by a definition that is not understood",
        "test_foreign_markings.py::test_a_definition_of_stix_that_is_stricter_or_not_understood[mark0]",
        "caveats:caveat",
        "'H0'",
    ),
    _import(
        "have an object sent under a milder marking, by a copyright that restricts, too",
        "test_foreign_markings.py"
        "::test_a_statement_of_copyright_that_says_more_is_not_understood[TLP:RED]",
        "stix_markings:_is_copyright",
        "name == 'statement' and str(value).startswith(('Copyright', '©'))",
    ),
    _import(
        "have an object sent under a milder marking, by characters that look the same",
        "test_foreign_markings.py::test_a_strict_amber_of_any_spelling_is_understood[mark4]",
        "caveats:plain",
        "text",
    ),
    _import(
        "have an object sent under a milder marking, by a selector that finds no value",
        "test_foreign_markings.py::test_a_marking_of_an_object_of_stix_in_another_place[more6]",
        "stix_markings:_finds",
        "True",
    ),
    _import(
        "have an object sent under a milder marking, by a property of OpenCTI that marks",
        "test_foreign_markings.py::test_a_marking_of_an_object_of_stix_in_another_place[more1]",
        "stix_markings:_more",
        "iter(())",
    ),
    _import(
        "have an event sent under a milder marking, by a tag of another taxonomy",
        "test_foreign_markings.py::test_a_tag_of_misp_that_is_stricter_or_not_understood[NOFORN]",
        "misp_tags:_is_marking",
        "name.startswith('tlp:')",
    ),
    _import(
        "have an event for its own organisation sent without a word",
        "test_foreign_markings.py::test_a_distribution_is_reported_wherever_it_is[0_0]",
        "misp_distribution:restriction",
        "''",
    ),
    _import(
        "have a row of a table sent under a milder marking than its column states",
        "test_foreign_markings.py::test_a_column_of_markings_keeps_those_values_home_that_it_must",
        "csv:_marks",
        "False",
    ),
    _export(
        "learn the id of an entity, often a hash of its name, from an event for MISP",
        "tests/attacks/test_exported_events.py"
        "::test_no_withheld_value_is_in_an_event_before_and_after_more_is_disclosed",
        "misp_objects:_values",
        "(_Value(field=each, name=_name(each), place=(_name(each), '1'), text=text)"
        " for each in fields for text in each.texts)",
        evidence="the finding that ids are not carried",
    ),
    _export(
        "have MISP pass an attribute on with an event that an analyst widened",
        "test_misp.py::test_an_attribute_follows_a_wider_event_only_if_all_may_pass_it_on[marking1-0]",
        "misp:_distribution",
        "INHERITED",
        evidence="the distribution of the attribute, in the file",
    ),
)
