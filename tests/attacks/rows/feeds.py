"""Attacks on collections that service accounts read over TAXII."""

from attacks.attack import Rows

_row = Rows(
    tests="tests/unit/client/taxii/",
    functions="tearline_client.",
    evidence="none: nothing was shown",
)

FEEDS = (
    _row(
        "read collections over TAXII with a wrong token, or learn of a path",
        "test_accounts.py::test_a_wrong_token_learns_of_no_path",
        "features.feeds.accounts:ServiceAccounts.authenticate",
        "self.get(token.partition('.')[0])",
        evidence="the status 401, alike for every path",
    ),
    _row(
        "guess tokens of service accounts at any rate",
        "test_accounts.py::test_wrong_tokens_have_a_rate_and_lock_no_account",
        "taxii.rates:MinuteRate.count",
        "0",
        evidence="the status 429; a right token is accepted all the same",
    ),
    _row(
        "fill the access log by requests without end",
        "test_accounts.py::test_requests_of_an_account_have_a_rate_of_their_own",
        "taxii.rates:MinuteRate.count",
        "0",
        evidence="the status 429; other accounts are answered all the same",
    ),
    _row(
        "read another account's collection over TAXII, or learn that it exists",
        "test_accounts.py::test_an_account_learns_of_no_other_collection",
        "taxii.app:TaxiiServer._found",
        "next(c for a in self._feeds.accounts.list() for c in a.collections"
        " if self._feeds.collection_id(c) == request.path_params['collection'])",
        evidence="the status 404, as for a collection that does not exist",
    ),
    _row(
        "read another account's collection past the TAXII server",
        "test_accounts.py::test_the_node_gives_an_account_its_own_collections_alone",
        "features.feeds.accounts:verify_own",
        code="TL-REQ-006",
    ),
    _row(
        "add a service account in the console without being an officer in charge",
        "tests/unit/client/console/test_service_accounts.py"
        "::test_the_node_lets_an_officer_alone_change_accounts",
        "features.feeds.accounts:ServiceAccounts._verify",
        code="TL-TLS-006",
        evidence="the page of an officer in charge alone",
    ),
    _row(
        "add objects over TAXII as an account that only reads",
        "test_additions.py::test_a_reader_adds_nothing",
        "features.feeds.drafts:verify_submitter",
        evidence="the status 403: no draft is stored",
    ),
    _row(
        "have a program's draft leave without a person, in the program's own name",
        "test_additions.py::test_a_program_is_no_person_who_opens_its_draft",
        "persons.actors:Actors.reader",
        "name",
        code="TL-TLS-009",
        evidence="the draft, which waits on",
    ),
    _row(
        "have a program's draft leave twice, by two officers",
        "tests/unit/client/console/test_program_drafts.py::test_a_draft_is_imported_once",
        "features.feeds.drafts:FeedDrafts.verify_free",
        code="TL-REQ-006",
        evidence="one packet, and the entry access-discarded of the draft",
    ),
    _row(
        "delete a program's draft without a trace",
        "test_additions.py::test_no_draft_is_discarded_without_its_entry",
        "features.feeds.drafts:FeedDrafts._record",
        evidence="the entry access-discarded, with person, account and draft",
    ),
    _row(
        "delete the drafts of programs by one moment of a clock far ahead",
        "test_additions.py::test_a_moment_of_a_clock_far_ahead_deletes_no_draft",
        "features.feeds.drafts:FeedDrafts._agreed_ms",
        "self._context.now_ms()",
        evidence="the drafts, which wait on",
    ),
    _row(
        "read the status of another account's addition, or learn that it exists",
        "test_additions.py::test_an_account_learns_of_no_status_of_another",
        "features.feeds.drafts:verify_sender",
        evidence="the status 404, as for one that does not exist",
    ),
    _row(
        "fill the memory of a node with one addition over TAXII",
        "test_additions.py::test_a_large_addition_is_refused_before_it_is_read",
        "features.feeds.drafts:verify_size",
        evidence="the status 413: no draft is stored",
    ),
    _row(
        "fill the store of a node with drafts over TAXII",
        "test_additions.py::test_drafts_of_an_account_are_bounded_and_expire",
        "features.feeds.drafts:FeedDrafts._verify_room",
        evidence="the status 429, until a person discards a draft",
    ),
    _row(
        "keep programs unaware that objects they hold were recalled",
        "test_recalled_objects.py"
        "::test_recalled_objects_go_and_a_later_poll_tells_of_each_with_versions",
        "features.feeds.index:FeedIndex._withdraw",
        evidence="a revoked version of each object, added after all that a program has read",
    ),
    _row(
        "read objects of a frozen packet over TAXII, from rows made before",
        "test_recalled_objects.py::test_frozen_objects_are_hidden_and_come_back",
        "features.feeds.service:FeedService._stale",
        "iter(())",
    ),
)
