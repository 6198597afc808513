"""Around the console: hostile pages, names and values, and colleagues at another's desk."""

from attacks.attack import Attack, Rows

_NOTHING = "the request is answered, and changes and shows nothing"

_attack = Rows(
    tests="tests/attacks/test_console.py::test_",
    functions="tearline_client.console.",
    evidence=_NOTHING,
)

_passkey = Rows(
    tests="tests/attacks/test_passkeys.py::test_",
    functions="tearline_client.",
    code="TL-TLS-014",
    evidence=_NOTHING,
)

_provider = Rows(
    tests="tests/attacks/test_identity_provider.py::test_",
    functions="tearline_client.",
    code="TL-TLS-015",
    evidence=_NOTHING,
)

_UNVERIFIED = 'parse_object(jwt.utils.base64url_decode(token.split(".")[1]))'
_FORGED = "a_token_that_no_key_of_the_provider_signed_is_refused"

CONSOLES = (
    _attack(
        "have an act done with other choices than its page showed",
        "tests/attacks/test_console_agreements.py::test_a_changed_choice_suspends_nothing",
        "pages.bound_act:is_seen",
        "True",
    ),
    _attack(
        "have an officer who joins a case consent to an agency that the page did not show",
        "tests/unit/client/console/test_stale_forms.py"
        "::test_a_stale_form_does_what_its_page_showed_or_nothing[_join]",
        "pages.bound_act:is_told",
        "True",
    ),
    _attack(
        "send a form from a page elsewhere",
        "a_page_of_another_origin_changes_nothing",
        "guard:Origins.refusal",
        "0",
    ),
    _attack(
        "have a packet opened by an image or a link on a page elsewhere",
        "a_page_elsewhere_opens_no_packet",
        "guard:refusal_of_reading",
        "0",
    ),
    _attack(
        "give a name of one's own the address of the officer's machine",
        "a_name_that_is_rebound_to_this_machine_gets_nothing",
        "guard:Origins.has_host",
        "True",
    ),
    _attack(
        "send a form with another session's token",
        "a_form_without_the_session_s_token_changes_nothing",
        "forms:Form.verify_token",
        code="TL-USE-008",
    ),
    _attack(
        "hide or reorder what a page shows",
        "no_value_of_a_partner_runs_in_a_page",
        "templates:shown",
        "value",
    ),
    _attack(
        "have a page show a document that is no picture, or one without end",
        "tests/unit/client/console/test_packet_acts.py::test_only_a_picture_is_shown",
        "pictures:is_shown",
        "True",
        code="TL-REQ-006",
    ),
    _attack(
        "read or send a colleague's draft",
        "tests/unit/client/console/test_compose.py::test_a_draft_is_its_person_s_alone",
        "drafts:HeldDraft.is_of",
        "True",
        code="TL-REQ-006",
    ),
    Attack(
        name="read, change or discard what a colleague typed, or learn that it exists",
        code="",
        evidence="the page of a new form, as for a draft that does not exist",
        test="tests/unit/client/console/test_kept_forms.py::test_a_draft_is_of_one_person",
        function="tearline_client.features.forms.service:_id_of",
        returns="hashlib.sha256(name.encode()).digest()[:_ID_SIZE]",
    ),
    _attack(
        "read contents in a draft after the loss of the role for its page",
        "tests/unit/client/console/test_kept_forms.py"
        "::test_a_person_without_the_role_reads_no_draft_of_its_page",
        "visit:ConsoleRoute.fits",
        "True",
    ),
    Attack(
        name="fill the store of a node with forms",
        code="TL-POL-032",
        evidence="the page says that the form is not kept, and shows what was typed",
        test="tests/unit/client/console/test_kept_forms.py"
        "::test_drafts_of_a_person_are_bounded_and_the_form_says_so",
        function="tearline_client.features.forms.service:verify_room",
    ),
    _attack(
        "have another site's page store a draft in a person's name",
        "tests/unit/client/console/test_kept_forms.py"
        "::test_a_page_of_an_earlier_session_loses_nothing",
        "forms:Form.verify_token",
        code="TL-USE-008",
    ),
    _attack(
        "send a draft that was made hours ago",
        "tests/unit/client/console/test_compose.py::test_drafts_are_few_and_end",
        "drafts:_counts",
        "True",
        code="TL-REQ-006",
    ),
    _attack(
        "send a packet for named eyes without the page that asks for the person again",
        "tests/unit/client/console/test_compose.py"
        "::test_what_is_for_named_eyes_alone_has_a_page_of_its_own",
        "pages.compose.review:_step",
        "'send'",
        code="TL-TLS-006",
    ),
    _attack(
        "lead a person elsewhere by the sign-in",
        "no_sign_in_leads_elsewhere",
        "pages.account:own_path",
        "text",
    ),
    _attack(
        "suspend, recall or vote at a desk that was left, or by a stolen cookie",
        "tests/unit/client/console/test_confirmation.py::test_an_act_of_an_old_session_is_not_done",
        "sessions:BrowserSession.may_act_wide",
        "True",
    ),
    _attack(
        "open the page of a wide act at a desk that was left",
        "tests/unit/client/console/test_confirmation.py"
        "::test_an_old_session_confirms_and_comes_back",
        "sessions:BrowserSession.may_open_wide",
        "True",
    ),
    _attack(
        "have an open page keep a desk that was left signed in",
        "tests/unit/client/console/test_task_streams.py"
        "::test_a_stream_prolongs_no_session_and_ends_with_it",
        "visit:Console.is_present",
        "True",
    ),
    _attack(
        "open streams of events without end",
        "tests/unit/client/console/test_task_streams.py"
        "::test_streams_are_bounded_for_a_person_and_in_all",
        "task_streams:TaskStreams._end",
    ),
    Attack(
        name="go on at a console after one's passphrase, passkey, account or role was changed",
        code="",
        evidence=_NOTHING,
        function="tearline_client.persons.sign_ins:SignIns.credentials",
        test="tests/unit/client/console/test_credentials.py"
        "::test_a_change_in_another_process_ends_every_session",
        returns='b""',
    ),
    _attack(
        "try passphrases without end",
        "tests/unit/client/console/test_sign_in.py::test_attempts_for_one_name_have_a_pace",
        "sessions:SignInPace.wait_s",
        "0",
        code="TL-TLS-012",
    ),
    _attack(
        "wait for a failing identity provider with each sign-in",
        "tests/unit/client/console/test_provider_pace.py"
        "::test_a_failing_provider_is_not_asked_by_each_sign_in",
        "provider:Provider._verify_pace",
        code="TL-TLS-012",
    ),
    _attack(
        "keep other persons' pages waiting by many windows",
        "tests/unit/client/console/test_page_turns.py"
        "::test_many_windows_of_one_person_delay_another_by_one_page",
        "page_turns:PageTurns._wait",
        code="TL-USE-009",
    ),
    Attack(
        name="save or read a mapping of columns outside its folder",
        code="TL-USE-001",
        evidence=_NOTHING,
        function="tearline_client.connectors.importers.saved_mappings:is_mapping_name",
        test="tests/unit/client/console/test_saved_mappings.py"
        "::test_a_mapping_gets_no_name_that_is_a_path",
        returns="True",
    ),
    _passkey(
        "answer again with a passkey's answer of before",
        "an_answer_signs_in_once",
        "console.challenges:Challenges.verify",
    ),
    _passkey(
        "answer with a passkey for a challenge of one's own making",
        "a_challenge_of_another_s_making_is_refused",
        "console.challenges:Challenges.verify",
    ),
    _passkey(
        "have a page elsewhere ask for the passkey",
        "a_page_of_another_origin_gets_no_sign_in",
        "console.webauthn:RelyingParty.verify",
        "0",
    ),
    _passkey(
        "have an authenticator sign for another host",
        "a_signature_for_another_relying_party_is_refused",
        "console.webauthn:RelyingParty.verify",
        "0",
    ),
    _passkey(
        "ask for the passkey in a frame of another site's page",
        "a_frame_in_a_page_elsewhere_gets_no_sign_in",
        "console.webauthn:_verified_frame",
        "data.challenge",
    ),
    _passkey(
        "make the console fail by a passkey without a key",
        "a_passkey_without_a_key_is_refused",
        "console.webauthn:_parsed",
        "read()",
    ),
    _passkey(
        "sign in as a colleague with one's own passkey",
        "a_passkey_signs_in_its_own_person_alone",
        "console.webauthn:RelyingParty.verify",
        "0",
    ),
    _passkey(
        "copy an authenticator",
        "a_copy_of_an_authenticator_stops_the_passkey",
        "persons.passkeys:after_use",
        "passkey",
    ),
    _passkey(
        "enrol a second passkey with a code",
        "a_code_enrols_one_passkey",
        "persons.enrolment_codes:verify_code",
        code="TL-TLS-013",
    ),
    _passkey(
        "enrol a passkey of somebody else with one's own code",
        "a_code_is_for_its_person_alone",
        "persons.enrolment_codes:verify_code",
        code="TL-TLS-013",
    ),
    Attack(
        name="add, change or disable persons without being an officer in charge",
        code="TL-TLS-006",
        evidence=_NOTHING,
        function="tearline_client.persons.actors:Actors.person",
        test="tests/unit/client/console/test_agency_pages.py"
        "::test_the_node_itself_asks_for_an_officer",
        returns="name",
    ),
    _passkey(
        "guess a code",
        "codes_are_guessed_at_a_pace",
        "console.proofs:verify_pace",
        code="TL-TLS-012",
    ),
    Attack(
        name="sign in, or add or change a person, without a trace",
        code="",
        evidence="an entry of the access log, before the act",
        function="tearline_client.access_log.persons:PersonLog.record",
        test="tests/unit/client/console/test_person_log.py"
        "::test_without_an_entry_nobody_signs_in_or_is_changed",
    ),
    Attack(
        name="find a passphrase that was typed as a name in the access log",
        code="",
        evidence="an entry without a name",
        function="tearline_client.persons.sign_ins:SignIns.is_known",
        test="tests/unit/client/console/test_person_log.py"
        "::test_a_name_that_no_person_has_is_not_in_the_log",
        returns="True",
    ),
    Attack(
        name="serve officers in clear over the network",
        code="TL-CFG-003",
        evidence=_NOTHING,
        function="tearline_runtime.http:is_loopback",
        test="tests/unit/client/console/test_server.py"
        "::test_elsewhere_it_is_refused_without_a_certificate",
        returns="True",
    ),
    _attack(
        "have an officer suspend, end or sign by one click",
        "tests/attacks/test_console_agreements.py::test_an_act_without_the_typed_name_does_nothing",
        "pages.acts:verify_typed",
        code="TL-USE-005",
    ),
    _attack(
        "send, or read, what another person drafted in the console",
        "tests/unit/client/console/test_request_forms.py"
        "::test_a_draft_is_its_person_s_and_does_not_stay",
        "drafts:HeldDraft.is_of",
        "True",
        code="TL-REQ-006",
    ),
    _attack(
        "have one answer leave twice by a form that is sent again",
        "tests/unit/client/console/test_request_forms.py"
        "::test_a_draft_that_is_sent_twice_leaves_once",
        "drafts:HeldDraft.settle",
    ),
    _provider(
        "sign an identity token with no algorithm at all",
        f"{_FORGED}[unsigned]",
        "console.id_tokens:signed_claims",
        _UNVERIFIED,
    ),
    _provider(
        "sign an identity token with the provider's public key as a secret",
        f"{_FORGED}[by the public key as a secret]",
        "console.id_tokens:signed_claims",
        _UNVERIFIED,
    ),
    _provider(
        "name another key of the provider in a token",
        f"{_FORGED}[by another key than it names]",
        "console.id_tokens:signed_claims",
        _UNVERIFIED,
    ),
    _provider(
        "sign an identity token with a key of one's own",
        f"{_FORGED}[by a key of the attacker]",
        "console.id_tokens:signed_claims",
        _UNVERIFIED,
    ),
    _provider(
        "pass another kind of token off as one of identity",
        f"{_FORGED}[as another kind of token]",
        "console.id_tokens:signed_claims",
        _UNVERIFIED,
    ),
    _provider(
        "answer with a huge identity token",
        "a_huge_token_is_refused",
        "console.id_tokens:signed_claims",
        _UNVERIFIED,
    ),
    _provider(
        "use an identity token for another program, provider or request",
        "a_token_for_another_program_or_request_is_refused",
        "console.id_tokens:verify_addressee",
    ),
    _provider(
        "use an identity token that ended, or a session left at the provider",
        "a_token_of_another_time_is_refused",
        "console.id_tokens:verify_times",
    ),
    _provider(
        "have another provider answer in place of the agency's own",
        "the_answer_of_another_provider_is_refused",
        "console.provider:verify_answer",
    ),
    _provider(
        "have an officer's browser finish the attacker's sign-in",
        "a_code_begun_in_another_browser_is_not_even_exchanged",
        "console.flows:Flows._verified",
        "self._flow(cookie or 'sign-in.a.0.', session)",
    ),
    _provider(
        "finish a sign-in that was begun long ago",
        "a_sign_in_that_took_too_long_is_refused",
        "console.flows:Flows._verified",
        "self._flow(cookie, session)",
    ),
    _provider(
        "sign in again by a copy of an answer of the provider",
        "an_answer_signs_in_once",
        "console.flows:Flows.finish",
        "self._verified(cookie, state, session, now_s)",
    ),
    _provider(
        "sign in with an account whose person was disabled",
        "a_disabled_person_stays_disabled",
        "persons.sign_ins:SignIns.admit",
        code="TL-TLS-008",
    ),
    _provider(
        "confirm a colleague's session with one's own account",
        "an_account_of_a_colleague_confirms_no_session",
        "console.pages.provider:verify_holder",
    ),
    _provider(
        "link an account that was not proved, or with more roles",
        "no_account_is_linked_but_the_one_that_was_proved",
        "console.pages.provider:_verify_proof",
    ),
    _provider(
        "have a sign-in lead to a page elsewhere",
        "a_sign_in_leads_to_no_page_elsewhere",
        "console.pages.account:own_path",
        "text",
        code="",
    ),
)
