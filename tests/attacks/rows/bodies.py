"""Partners whose packets are not what they say they are."""

from attacks.attack import Rows

_TOLD = "the packet's id, put aside at the recipient; its reader is told of each place"

_body = Rows(tests="tests/attacks/test_bodies.py::test_", evidence=_TOLD, returns="()")


BODIES = (
    _body(
        "send as a transfer what is none",
        "a_body_that_is_not_of_its_kind_is_told",
        "tearline.bodies.registry:judge_body",
        code="TL-PKT-032",
    ),
    _body(
        "send a program as a scan",
        "a_program_that_calls_itself_a_document_is_not_written_out",
        "tearline.bodies.documents:judge_document",
        code="TL-PKT-032",
    ),
    _body(
        "describe a large document by what is no description",
        "a_document_without_a_valid_description_blocks_no_other",
        "tearline.bodies.documents:judge_document",
        code="TL-PKT-032",
    ),
    _body(
        "name a document so that it is written elsewhere",
        "a_document_is_not_written_where_its_name_leads",
        "tearline.bodies.documents:plain_file_name",
        "name",
    ),
)
