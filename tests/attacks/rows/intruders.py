"""Intruders: at the exchange's door, in its database, and in files that people are handed."""

from attacks.attack import Attack, Rows

_COUNTED = "a refusal in the log, counted by peer and code"
_LEAF = (
    "tearline.crypto.certificates:verify_leaf",
    "LeafCertificate(node=parse_node_uri(_Certificate(certificate).uri()),"
    " thumbprint=bytes(32), key_id=bytes(32), not_before_s=0, not_after_s=now_s + 9)",
)
_TOKEN = (
    "tearline.persons.tokens:verify_token",
    "AccessToken(person=Person(subject='0' * 64, roles=frozenset(Role), clearance=Tlp.RED),"
    " node=binding.node, token_id='x', issued_at_s=now_s, expires_at_s=now_s + 9)",
)

_call = Rows(tests="tests/unit/", evidence=_COUNTED)

_file = Rows(
    tests="tests/unit/", evidence="an error that names the place; nothing was read or written"
)

CALLS = (
    _call(
        "bring a foreign agency's certificate for our domain",
        "server/admission/test_authentication.py::test_another_agencys_ca_does_not_speak_for_our_domain",
        *_LEAF,
        code="TL-TLS-001",
    ),
    _call(
        "let a CA speak for another domain",
        "proto/crypto/test_certificates.py::test_a_ca_speaks_for_its_own_domain_only",
        *_LEAF,
        code="TL-TLS-001",
    ),
    _call(
        "bring a certificate that lives too long",
        "proto/crypto/test_certificates.py::test_a_leaf_that_lives_too_long_is_refused",
        *_LEAF,
        code="TL-TLS-001",
    ),
    _call(
        "bring a certificate that the library cannot read, to fill the log with its faults",
        "server/grpc/test_interceptor.py::test_a_certificate_of_year_0_is_refused_as_any_other",
        "tearline.crypto.certificates:_Refusing.__exit__",
        code="TL-TLS-001",
    ),
    _call(
        "cause the same fault by each call, to fill the log with its stack",
        "server/grpc/test_interceptor.py::test_failures_that_nobody_expects_are_one_line_a_minute",
        "tearline_server.admission.refusals:RefusalLines.count",
        "1",
        evidence="one line a minute, with their number",
    ),
    _call(
        "fill a node's mailbox, to keep others out of it",
        "server/processing/test_mailbox_quota.py::test_nobody_is_kept_out_by_what_others_send",
        "tearline_server.processing.mailbox_quota:verify_room",
        code="TL-REQ-009",
    ),
    _call(
        "make calls whose message never comes",
        "server/grpc/test_interceptor.py::test_a_message_that_does_not_come_is_not_waited_for",
        "tearline_server.grpc.interceptor:_next",
        "await anext(arriving)",
        code="TL-REQ-002",
    ),
    _call(
        "make calls without a pause, to fill the exchange's disk with its log",
        "server/grpc/test_call_log.py::test_one_agency_that_floods_writes_no_more_and_leaves_others_theirs",
        "tearline_server.grpc.call_log:_Second.take",
        "True",
    ),
    _call(
        "leave messages unfinished, to fill the memory or keep others waiting",
        "server/grpc/test_interceptor.py::test_messages_that_do_not_come_keep_nobody_else_s_waiting",
        "tearline_server.admission.rate_limits:MemoryQuota._take",
    ),
    _call(
        "read without a pause, to hold up what others send and read",
        "server/grpc/test_answers.py"
        "::test_an_agency_is_answered_next_but_one_however_much_another_reads",
        "tearline_server.exchange:Exchange.take_answer_turn",
    ),
    _call(
        "publish what takes long to read, to hold up what others send and read",
        "server/ingest/test_write_path.py"
        "::test_a_large_publication_is_read_in_portions_and_others_read_theirs_between",
        "tearline_server.admission.fair_queue:FairGate.take_again",
    ),
    _call(
        "publish the largest messages, so that others wait for many of them to be judged",
        "server/ingest/test_write_path.py"
        "::test_a_batch_has_few_bytes_while_others_wait_and_many_when_nobody_does",
        "tearline_server.ingest.committer:Committer._fitting",
        "Cost(statements=MAX_BATCH_STATEMENTS, bytes=MAX_QUEUE_BYTES)",
    ),
    _call(
        "leave answers unread, to fill the memory or keep others waiting",
        "server/grpc/test_interceptor.py::test_answers_that_are_not_read_keep_nobody_else_s_waiting",
        "tearline_server.admission.rate_limits:MemoryQuota._take",
    ),
    _call(
        "publish megabytes in streams without reading what became of them",
        "server/grpc/test_interceptor.py::test_messages_of_a_stream_take_room_until_their_answers_are_read",
        "tearline_server.admission.rate_limits:MemoryQuota._take",
    ),
    _call(
        "flood the exchange with large messages, so that it keeps their memory",
        "server/jobs/test_allocator.py"
        "::test_memory_of_large_messages_is_returned_as_soon_as_they_are_gone",
        "tearline_server.jobs.allocator:return_large_blocks",
    ),
    _call(
        "flood the exchange with calls, so that it keeps their memory",
        "server/jobs/test_allocator.py::test_memory_of_small_blocks_is_returned_once_they_are_gone",
        "tearline_server.jobs.allocator:return_free_pages",
        "asyncio.sleep(0)",
    ),
    _call(
        "leave mail unread, to fill the memory or keep others waiting",
        "server/delivery/test_mailboxes.py::test_mail_that_is_not_taken_in_keeps_nobody_else_s_waiting",
        "tearline_server.admission.rate_limits:MemoryQuota._take",
    ),
    _call(
        "leave pages of a search unread, to fill the memory or keep others waiting",
        "server/audit/test_search.py::test_pages_that_are_not_taken_in_keep_nobody_else_s_waiting",
        "tearline_server.admission.rate_limits:MemoryQuota._take",
    ),
    _call(
        "have a thousand subscriptions hold a page of mail each",
        "server/delivery/test_mailboxes.py"
        "::test_subscriptions_of_an_agency_hold_so_many_pages_of_mail_at_once",
        "tearline_server.admission.rate_limits:SourceSlots._places_of",
        "asyncio.Semaphore(1 << 20)",
    ),
    _call(
        "have each subscription hold a long page of large mail",
        "server/delivery/test_mailboxes.py::test_a_stream_holds_so_many_bytes_of_a_mailbox_and_reads_all",
        "tearline_server.delivery.mailboxes:_bounded",
        "items",
    ),
    _call(
        "take more turns by many node names of one agency",
        "server/admission/test_fair_queue.py::test_an_agency_has_no_more_turns_by_more_nodes",
        "tearline_server.admission.fair_queue:_agency_of",
        "source",
    ),
    _call(
        "fill the queue by many node names of one agency",
        "server/admission/test_fair_queue.py"
        "::test_a_full_line_keeps_out_an_agency_that_fills_it_by_many_nodes_and_no_other",
        "tearline_server.admission.fair_queue:_agency_of",
        "source",
    ),
    _call(
        "take all calls by many node names of one agency",
        "server/grpc/test_interceptor.py::test_an_agency_has_so_many_calls_under_way_by_whatever_nodes",
        "tearline_server.admission.rate_limits:ConcurrencyLimit._verify_room",
        code="TL-REQ-002",
    ),
    _call(
        "call more often by many node names of one agency",
        "server/grpc/test_interceptor.py::test_an_agency_makes_so_many_calls_in_a_time_by_whatever_nodes",
        "tearline_server.admission.rate_limits:NodeRateLimit.take",
        "self._nodes.take(node, amount, now_ms)",
        code="TL-REQ-002",
    ),
    _call(
        "publish more by many node names of one agency",
        "server/ingest/test_write_path.py::test_an_agency_publishes_no_more_by_more_nodes",
        "tearline_server.admission.rate_limits:NodeRateLimit.take",
        "self._nodes.take(node, amount, now_ms)",
        code="TL-REQ-002",
    ),
    _call(
        "have the exchange write a line of its log for each of a flood of refused calls",
        "server/grpc/test_interceptor.py::test_refusals_that_are_alike_are_one_line_a_minute",
        "tearline_server.admission.refusals:RefusalLines.count",
        "1",
    ),
    _call(
        "have messages of megabytes stay in memory after their calls were refused",
        "server/grpc/test_interceptor.py::test_a_refused_call_leaves_nothing_to_the_garbage_collector",
        "tearline_server.grpc.interceptor:_forget",
    ),
    _call(
        "call although shut out",
        "server/admission/test_authentication.py::test_who_is_shut_out_is_refused_at_the_next_call",
        "tearline_server.admission.authentication:Authenticator._require_not_denied",
        code="TL-TLS-007",
    ),
    _call(
        "call on an open connection as a removed agency",
        "server/admission/test_authentication.py::test_a_former_member_is_told_that_its_membership_ended",
        "tearline_server.admission.authentication:Authenticator._verify_leaf",
        "verify_leaf(certificate, self._access_list.former, now_s)",
        code="TL-TLS-016",
    ),
    _call(
        "learn as a stranger who was a member",
        "server/admission/test_authentication.py::test_a_stranger_does_not_learn_of_former_members",
        *_LEAF,
        code="TL-TLS-001",
    ),
    _call(
        "read on in a stream although shut out",
        "server/grpc/test_interceptor.py::test_a_stream_ends_with_the_next_message_once_its_key_is_revoked",
        "tearline_server.admission.authentication:Authenticator.verify_still",
        code="TL-TLS-007",
    ),
    _call(
        "read on in a stream although the certificate ended",
        "server/grpc/test_interceptor.py::test_a_stream_ends_with_the_next_message_once_its_certificate_ended",
        "tearline.crypto.certificates:LeafCertificate.verify_time",
        code="TL-TLS-002",
    ),
    _call(
        "read on in a stream although the token ended",
        "server/grpc/test_interceptor.py::test_a_stream_ends_with_the_next_message_once_its_token_ended",
        "tearline.persons.tokens:AccessToken.verify_time",
        code="TL-TLS-004",
    ),
    _call(
        "bring a token of another node, audience or issuer",
        "server/admission/test_authentication.py::test_a_token_of_another_node_audience_or_issuer_is_refused",
        *_TOKEN,
        code="TL-TLS-004",
    ),
    _call(
        "bring a token of another type",
        "proto/persons/test_tokens.py::test_a_header_that_says_more_is_refused",
        *_TOKEN,
        code="TL-TLS-004",
    ),
    _call(
        "bring a token that lives too long, or no more",
        "proto/persons/test_tokens.py::test_a_claim_that_is_not_as_it_must_be_is_refused",
        "tearline.persons.tokens:_verify_times",
        "(now_s, now_s + 9)",
        code="TL-TLS-004",
    ),
    _call(
        "move a token to another connection",
        "proto/persons/test_tokens.py::test_a_token_does_not_move_to_another_connection",
        *_TOKEN,
        code="TL-TLS-004",
    ),
    _call(
        "bring a token of great length",
        "proto/persons/test_tokens.py::test_a_token_of_great_length_is_refused",
        *_TOKEN,
        code="TL-TLS-004",
    ),
    _call(
        "act without the role",
        "server/admission/test_authentication.py::test_every_persons_call_needs_a_person_with_the_role",
        "tearline_server.admission.authentication:Caller.require",
        code="TL-TLS-006",
    ),
)

AUDIT = (
    Attack(
        name="edit the database by hand",
        code="TL-LOG-020",
        evidence="every finding, by entry",
        function="tearline_server.tlog.fsck:LogVerifier.findings",
        test="tests/unit/server/tlog/test_fsck.py::test_an_edit_is_found_and_named",
    ),
    Attack(
        name="have the exchange hold more events in one answer than a page may have",
        code="",
        evidence="the rest comes in the next page of the same search",
        function="tearline_server.audit.search:_bounded",
        test="tests/unit/server/audit/test_search.py"
        "::test_a_page_of_a_search_holds_so_many_bytes_and_the_next_one_the_rest",
        returns="list(rows)",
    ),
)

HTTP = (
    Attack(
        name="have a request to the monitoring port read in two ways",
        code="",
        evidence="the status 400, and the end of the connection; nothing is written",
        function="tearline_runtime.http:_is_ambiguous",
        test="tests/unit/server/http/test_ports.py"
        "::test_a_request_that_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_read",
        returns="False",
    ),
    Attack(
        name="break a body off, to have the monitoring port write a stack trace",
        code="",
        evidence="the end of the connection; nothing is written",
        function="tearline_runtime.http:_Connection.send_400_response",
        test="tests/unit/server/http/test_ports.py"
        "::test_a_body_that_breaks_behind_its_answer_writes_nothing",
        returns="H11Protocol.send_400_response(self, msg)",
    ),
)

FILES = (
    Attack(
        name="adopt own policies without an officer",
        code="TL-TLS-009",
        evidence="none: nothing was changed",
        function="tearline_client.persons.actors:Actors.person",
        test="tests/attacks/test_own_policies.py::test_it_takes_an_officer_and_a_file_of_policies",
        returns="'li'",
    ),
    Attack(
        name="change an agency's own policies on its disk",
        code="TL-POL-029",
        evidence="the file, and the digest of what was adopted",
        function="tearline_client.rules.own_policy:_digest",
        test="tests/attacks/test_own_policies.py"
        "::test_policies_that_no_officer_adopted_keep_the_node_from_starting",
        returns="b''",
    ),
    Attack(
        name="move a sealed value to another row of a node's database",
        code="TL-STO-003",
        evidence="the database as it is; what was moved is not shown",
        function="tearline_client.store.vault:Place.encode",
        test="tests/unit/client/store/test_vault.py::test_what_the_stores_write_is_bound_to_its_row",
        returns="b''",
    ),
    _file(
        "lead an export elsewhere by its name",
        "client/connectors/exporters/test_files.py::test_names_that_lead_elsewhere_are_refused",
        "tearline_client.connectors.exporters.files:verify_file_name",
        "name",
        code="TL-USE-004",
    ),
    _file(
        "put a formula into a CSV cell",
        "client/connectors/exporters/test_csv_safe.py::test_no_cell_is_a_formula",
        "tearline_client.connectors.exporters.csv_safe:safe_cell",
        "text",
    ),
    _file(
        "put a terminal escape into an exported cell",
        "client/connectors/exporters/test_csv_safe.py::test_no_control_reaches_a_terminal",
        "tearline_client.connectors.exporters.csv_safe:safe_cell",
        "text",
    ),
    _file(
        "put a terminal escape into what is shown",
        "proto/text/test_display.py::test_what_a_terminal_would_obey_is_made_visible",
        "tearline.text.display:visible",
        "text",
    ),
    _file(
        "turn what is printed around, or have the terminal obey it",
        "client/cli/test_print_commands.py::test_no_character_is_obeyed_and_no_line_forged",
        "tearline.text.display:visible",
        "text",
    ),
    _file(
        "put an escape into a packet, for the screen of its reader",
        "client/cli/test_hostile_partners.py::test_no_packet_is_obeyed",
        "tearline.text.display:visible",
        "text",
    ),
    _file(
        "put an escape into a title, a request, a note or an agreement",
        "client/cli/test_hostile_partners.py::test_no_word_of_a_partner_is_obeyed",
        "tearline.text.display:visible",
        "text",
    ),
    _file(
        "put an escape into a name that a log quotes",
        "server/test_operator.py::test_no_log_is_obeyed",
        "tearline.text.display:visible",
        "text",
    ),
    _file(
        "have a library log what a terminal obeys",
        "client/test_cli_frame.py::test_a_record_of_a_library_is_one_line_that_is_not_obeyed",
        "tearline_client.rendering.log_lines:LogLine.format",
        "record.getMessage()",
    ),
    _file(
        "import a line without end",
        "client/connectors/importers/test_source.py::test_a_line_is_refused_for_what_it_is",
        "tearline_client.connectors.importers.source:read_lines",
        code="TL-USE-002",
    ),
    Attack(
        name="read the passphrase of the mail server, or a mail, on its way",
        code="",
        evidence="the node's log says that the mail server was not reached",
        function="tearline_client.notifications.mail:MailServer.connect",
        test="tests/unit/client/notifications/test_digests.py"
        "::test_without_tls_no_passphrase_and_no_mail_leaves",
        returns="smtplib.SMTP(self.host, self.port)",
    ),
    Attack(
        name="forge an event in the SIEM by the name of a person or an article",
        code="",
        evidence="the escaped name, in the event that it is part of",
        function="tearline_client.siem.ocsf:ocsf_line",
        test="tests/unit/client/siem/test_ocsf.py::test_no_name_ends_a_line_or_forges_one[actor]",
        returns="f'{event}'.encode('utf-8').decode('unicode_escape')",
    ),
    Attack(
        name="receive the audit in the SIEM's place",
        code="",
        evidence="the node's log says that the receiver's certificate is not valid",
        function="tearline_client.siem.syslog:_context",
        test="tests/unit/client/siem/test_syslog.py"
        "::test_a_receiver_with_another_certificate_gets_no_message",
        returns="ssl._create_unverified_context()",
    ),
    Attack(
        name="break off a session of the audit, so that its entries are lost",
        code="",
        evidence="the node's log says that the receiver did not take the messages",
        function="tearline_client.siem.syslog:_Session.close",
        test="tests/unit/client/siem/test_syslog.py"
        "::test_a_batch_without_closure_alert_counts_as_not_sent",
    ),
    Attack(
        name="hold the node's end by a syslog receiver that answers byte by byte",
        code="",
        evidence="the node's log says that the receiver did not take the messages",
        function="tearline_client.siem.syslog:_Session._limit",
        test="tests/unit/client/siem/test_syslog.py"
        "::test_a_receiver_that_drips_bytes_ends_with_the_deadline",
    ),
    Attack(
        name="read traces on the way to a collector named without TLS",
        code="",
        evidence="the start is refused",
        function="tearline_runtime.collectors:parse_collector",
        test="tests/unit/runtime/test_traces.py::test_an_odd_address_is_refused",
        returns="text",
    ),
    Attack(
        name="tell a webhook in the node's name",
        code="",
        evidence="the receiver's own verification of the signature",
        function="tearline_client.notifications.webhook:signature_of",
        test="tests/unit/client/notifications/test_digests.py::test_a_webhook_gets_a_signed_number",
        returns="''",
    ),
    _file(
        "import a workbook that unpacks to gigabytes",
        "client/connectors/importers/test_workbook.py"
        "::test_an_archive_that_unpacks_to_too_much_is_not_unpacked",
        "tearline_client.connectors.importers.workbook:_verify_size",
        code="TL-USE-003",
    ),
    _file(
        "import more than an import may hold",
        "client/connectors/importers/test_ftm.py::test_gathers_no_more_than_fits",
        "tearline_client.connectors.importers.report:gather",
        code="TL-USE-003",
    ),
    Attack(
        name="read the entities of an import in its temporary file",
        code="",
        evidence="the file holds neither a value nor an id",
        function="tearline_client.planning.sealed_rows:SealedRows.seal",
        test="tests/unit/client/planning/test_merged_entities.py"
        "::test_the_temporary_file_holds_no_value_and_no_id",
        returns="bytes(12) + content",
    ),
    Attack(
        name="read an export of the console in the folder of temporary files",
        code="",
        evidence="the file holds nothing legible",
        function="tearline_client.planning.sealed_rows:SealedRows.seal",
        test="tests/unit/client/planning/test_sealed_file.py::test_the_disk_holds_nothing_legible",
        returns="bytes(12) + content",
    ),
    _file(
        "import a bundle whose number takes minutes to compute",
        "client/connectors/importers/test_stix.py"
        "::test_a_number_of_a_million_digits_is_not_computed",
        "tearline_client.connectors.importers.json_reader:JsonReader._number",
        "text",
        code="TL-USE-002",
    ),
    _file(
        "have a value of a bundle sent under a milder marking than its own",
        "client/connectors/importers/test_stix.py::test_a_granular_marking_keeps_one_value_home",
        "tearline_client.connectors.importers.caveats:unkept",
        "''",
    ),
    _file(
        "have a value exported to a forensic tool under a milder marking than its own",
        "client/connectors/exporters/test_case_uco.py"
        "::test_an_object_has_the_strictest_marking_and_each_facet_its_own",
        "tearline_client.connectors.exporters.case_objects:_marking",
        "min((t.marking for t in _properties(entity).values()), key=lambda m: m.tlp)",
        evidence="the file: the marking of each object and of each property",
    ),
    _file(
        "import an entity bomb, or an entity that names a file",
        "client/connectors/importers/test_xml_records.py::test_an_entity_bomb_is_refused",
        "tearline_client.connectors.importers.xml_records:_Reader._refuse",
        code="TL-USE-002",
    ),
    _file(
        "import a record without end",
        "client/connectors/importers/test_xml_records.py::test_a_hostile_file_is_refused",
        "tearline_client.connectors.importers.xml_records:_Reader._count",
        code="TL-USE-002",
    ),
    _file(
        "import a statement whose sums are a cent off, unnoticed",
        "client/connectors/importers/test_camt.py::test_a_statement_that_is_a_cent_off_is_reported",
        "tearline_client.connectors.importers.statements:Statement.reconcile",
    ),
    _file(
        "take the place of a connector by a package with its name",
        "client/connectors/test_registry.py::test_a_name_that_two_packages_offer_is_refused",
        "tearline_client.connectors.registry:load",
        "Connector(offer=offer, value=offer.entries[0].load())",
        code="TL-USE-011",
    ),
    _file(
        "have a plug-in yield entities that pass no check",
        "client/connectors/test_registry.py::test_an_entity_of_another_class_is_refused",
        "tearline_client.connectors.importers.read:_entities",
        "importer.value.read(stream, options, report)",
        code="TL-USE-011",
    ),
    _file(
        "have a plug-in send a password",
        "client/connectors/test_registry.py::test_no_importer_sends_a_password",
        "tearline_client.connectors.importers.read:_without_secrets",
        "entity",
    ),
    _file(
        "have fields that nobody has marked pass for sent",
        "client/cli/test_import_commands.py::test_fields_without_a_category_are_refused_by_name",
        "tearline_client.connectors.importers.report:verify_marked",
        "{}",
        code="TL-USE-006",
    ),
)
