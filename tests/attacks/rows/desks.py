"""At the desk: what is printed, searched or told, and who would use it."""

from attacks.attack import Attack, Rows

_desk = Rows(tests="tests/unit/", functions="tearline_client.")

DESKS = (
    Attack(
        name="have a decision that waited show more than its person saw",
        code="TL-POL-014",
        evidence="nothing is sealed, and the decision stays with its code",
        function="tearline_client.features.decisions.service:verify_unchanged",
        test="tests/attacks/test_decisions.py::test_what_would_be_seen_otherwise_now_is_stopped",
    ),
    _desk(
        "print a packet without a trace",
        "client/cli/test_print_commands.py::test_a_copy_is_an_entry_before_it_is_shown",
        "access_log.access_log:AccessLog.record",
        evidence="the entry in the own access log",
    ),
    _desk(
        "write a tag into a printed page",
        "client/cli/test_print_commands.py::test_no_text_makes_a_tag_or_loses_a_letter",
        "rendering.document_html:_escaped",
        "text",
        evidence="what was written, shown as it is",
    ),
    _desk(
        "take the passphrase out through a hook",
        "client/notifications/test_notifications.py::test_a_command_does_not_get_the_passphrase",
        "notifications.hooks:_environment",
        "dict(os.environ)",
        evidence="nothing is handed out",
    ),
)
