"""All limits, each with its reason and unit. Every resource in Tearline is bounded."""

# Packets (limits of one signature and one grant).
MAX_COMPARTMENTS = 64  # fits 512 fields in four forms, by category; a manifest stays under 8 KiB
COMPARTMENTS_MULTIPLE = 4  # padding that hides the number of a packet's categories
MAX_SLOTS = 2048  # 512 fields in four forms
SLOTS_MULTIPLE = 8  # padding that hides the number of a packet's fields
MAX_FIELD_BYTES = 1 << 20  # a field may be a document of 1 MiB
MAX_BLOB_BYTES = 50 << 30  # a document beside a packet: a telephone's image, hours of video
# Bytes of a field; the first holds a name and a yes alike. They are a part of the format, as the
# two multiples above: with others, stored packets no longer open.
PADDING_STEPS = (128, 256, 512, 1024)
MAX_LEGS = 20_000  # compared at once: a year of a large case; only near ones are paired
MAX_NEAR_LEGS = 256  # compared with one pay-in: a busy week of a large case
MAX_PAIRS_OF_LEG = 16  # proposed for one pay-in: more are noise
MAX_BODY_PROBLEMS = 256  # of one body: more than a person reads
MAX_MASKED_CHARACTERS = 512  # of one value: names, places and numbers are shorter
MAX_MENTIONS = 256  # of withheld values in one packet: more than a person reads
MAX_IDENTIFIER_CHARACTERS = 2048  # of one checked value; a web address is the longest
MIN_YEAR, MAX_YEAR = 1900, 2199  # of an event, so that days can be added and subtracted
MAX_DOCUMENTS_BYTES = 2 << 20  # of one packet: with its text and padding they fit a delivery
MAX_PATH_BYTES = 512  # token, schema and property are short; a longer path is an attack
MAX_VALUES = 4096  # values of one property of one entity
MAX_CORRECTIONS = 64  # packets of one line, the first included; then a new packet is needed

# Policy.
MAX_MARKING_BYTES = 128  # the longest marking of the first version has 65
MAX_POLICY_BYTES = 64 << 10  # a hundred policies of ten lines; Cedar parses it in milliseconds
MAX_POLICY_TOKENS = 256  # of one policy; longer ones are unreadable, and Cedar's stack is limited
MAX_POLICIES = 256  # each costs microseconds in every decision
MAX_ARTICLES = 64  # of one agreement
MAX_SHARES = 2048  # of one article: 64 partners by 31 categories and groups
MAX_TERM_NAMES = 64  # purposes, kinds or crime areas of one article
MAX_SUSPENSIONS = 256  # of one agency under one agreement: of articles, and of directions of each
LIFT_PACE_MS = 3_600_000  # for one lift, of an agency under an agreement, over many
STANDING_PACE_MS = 600_000  # for any other: a joint article requires one each half hour
STANDING_BURST_MS = 32 * LIFT_PACE_MS  # at once: a day of trials
MAX_AGREEMENTS_KEPT = 256  # parsed by a node: a few kilobytes each, with their policies
MAX_NAMES_KEPT = 4096  # of agencies and categories in agreements, together a megabyte
MAX_MARKINGS_KEPT = 4096  # parsed for one agreement, a fact of a kilobyte each; or digests
MAX_PATHS_KEPT = 4096  # parsed, of the fields of some packets: half a kilobyte each at most
MAX_MASK_NAME = 64  # characters: a partner chooses it, and digests are kept by it
MAX_DECISIONS_KEPT = 16384  # cached by one policy: a megabyte or two, all markings of a federation

MAX_PAIR_AGREEMENTS = 256  # between two agencies, for ever: one a month for twenty years
MAX_PAIR_AGREEMENT_BYTES = 1 << 20  # of newest versions: an exchange reads them at each start
MAX_VERSIONS = 1024  # of one agreement: one a week for twenty years
MAX_PROPOSAL_STEPS = 256  # of one agency at a node: more than people can negotiate at once
MAX_POLICIES_KEPT = 64  # of agreements, by an exchange: each caches a few megabytes of decisions

# Statements.
MAX_ATTESTATIONS_KEPT = 256  # of 3.5 KB, with their encoding: those in use at once
MAX_HEADERS_KEPT = 4096  # of a kilobyte at most: every node of 64 agencies with 64 nodes each
TREE_SIZES = (1, 8, 64, 512, 4096)  # few sizes, so that a tree's size reveals little
MAX_BODY_BYTES = 1 << 20  # a manifest of 2,048 slots is 160 KiB
MAX_SEALED_BYTES = 256 << 10  # 2,048 keys take 80 KiB, 256 paths 160; a delivery has room for it
MAX_COSIGNERS = 64  # parties of one agreement or agencies of one federation

# Trust: permanent data of every reader, since it proves which old signatures are valid.
MAX_AGENCY_NODES = 64  # nodes of one agency that ever had a key
MAX_RECORDS_PER_LIFE = 16  # of a node and use, starting within one lifetime of such a key
# Cosigning keys are valid for two years and renewed every two months, and backups exclude them:
# a restored node makes a new one each time.
MAX_COSIGNING_RECORDS_PER_LIFE = 48
MAX_OWN_CHANGES = 256  # of one agency's member record: years of them
MAX_COUNCIL = 64  # agencies that vote
MAX_FOUNDERS = 1000  # a charter names each in 32 bytes of its one entry
MAX_COUNTED_COSIGNERS = 64
MAX_COUNTED_KEYS = 1024  # of all counted cosigners, sixteen of each: a turn names each
MAX_TURN_LEAVES = 64  # agencies in one question for states
MAX_FOLLOWED = 1024  # agencies whose entries a light node reads
MAX_LIGHT_INDEXES = 256  # entries in one question, with their proofs
MAX_DIRECTORIES_KEPT = 64  # the newest ones, until counted cosigners sign one
DEFAULT_COUNTED_COSIGNERS = 5  # of which four must sign
MAX_OPEN_VOTES = 64  # of one agency, neither expired nor decided
MAX_OPEN_AMENDMENTS = 8  # of one agency, since the last constitutional decision
DIRECTORY_INTERVAL_MS = 60_000  # between directory entries without a decision
MIN_VOTE_LIFETIME_MS = 7 * 24 * 3_600_000  # with MAX_OPEN_VOTES, bounds the log's growth
MAX_VOTE_LIFETIME_MS = 90 * 24 * 3_600_000
ROOT_REPLACEMENT_DELAY_MS = 7 * 24 * 3_600_000  # in which the old root may object
MAX_REVOCATIONS = 4096  # by one agency; each is 100 bytes, and ends a stolen or lost key

# Cases.
MAX_CASE_MEMBERS = MAX_COSIGNERS  # every agency of a federation
MAX_LED_MEMBERSHIPS = 4096  # of cases that one agency leads, for ever: two kilobytes, 200 a year
CASE_RETRY_MS = 600_000  # each refused attempt makes two entries of the log

# Transport.
MAX_MESSAGE_BYTES = 4 << 20  # the default of gRPC, and the memory of one commit
MAX_URI_BYTES = 255  # a host name's limit; node URIs are far shorter
MAX_TEXT_BYTES = 4096  # a purpose, a reason, a title
MAX_METADATA_BYTES = 8 << 10  # a token of 4 KiB, or a refusal of 6
MAX_STREAMS_PER_CONNECTION = 64  # concurrent calls of one connection; a node has a handful
UNREAD_BYTES = 32 << 10  # of a call that the exchange has not read yet: a usual message fits
MAX_CONNECTIONS = 8192  # of one exchange, each 100 KiB of it: a node needs one
HANDSHAKE_MS = 10_000  # limit for silent clients; a slow line needs two seconds
KEEPALIVE_MS = 60_000  # below the few minutes after which firewalls forget idle connections
KEEPALIVE_TIMEOUT_MS = 20_000  # a slow line answers a ping within this
MAX_CONNECTION_IDLE_MS = 300_000  # without a call: an admitted node waits for mail within a call
MAX_CONNECTION_AGE_MS = 3_600_000  # a blocked node keeps its old handshake for no longer
MAX_CONNECTION_AGE_GRACE_MS = 60_000  # for running calls of a connection of that age
RECONNECT_FIRST_MS = 250  # an exchange that restarts is away for a second or two
RECONNECT_MOST_MS = 5_000  # gRPC's own two minutes would exceed every pause of a node
NODE_RETRY_S = (1, 2, 5, 10, 30)  # pauses of a node after a failed or refused connection
MAX_REFUSAL_TEXT = 512  # characters of a cause; the metadata of a call holds 8 KiB in all
MAX_REFUSAL_BYTES = 6 << 10  # four such texts and their frame
MAX_RETRY_AFTER_MS = 3_600_000  # a longer wait needs a person's attention

# Time and identity.
MAX_TIME_MS = (1 << 63) - 1  # the maximum of a signed 64-bit column
MAX_CERTIFICATE_BYTES = 16 << 10  # a P-256 certificate has under 1 KiB
MIN_LEAF_LIFETIME_S = 24 * 3600  # a shorter one would expire in a night without an operator
MAX_LEAF_LIFETIME_S = 7 * 24 * 3600  # a stolen TLS key is usable for a week at most
MAX_CA_LIFETIME_S = 10 * 366 * 24 * 3600  # a CA is replaced by a member record
CERTIFICATE_BACKDATE_S = 300  # a fresh certificate works for a peer with a slow clock
MIN_PASSPHRASE_BYTES = 12  # of a keystore, open to offline guessing: two words at the least
MAX_TOKEN_BYTES = 4096  # our tokens have 700 bytes; metadata of a call holds 8 KiB in all
MAX_TOKEN_LIFETIME_S = 300  # a disabled person can act for no longer
TOKEN_SKEW_S = 30  # maximum lead of an issuer's clock
MAX_SUBJECT_BYTES = 128  # a person's name at the agency, or a pseudonym in hexadecimal
MAX_VERIFIED_CERTIFICATES = 4096  # cached by a gate: 64 agencies with 64 nodes each

# A node's inbox.
MAX_QUARANTINED = 64  # deliveries of one agency, as evidence: of more only the ids are stored
MAX_QUARANTINED_BYTES = 16 << 20  # of the same, one on top: 64 agencies fill 1.3 GiB at worst
MAX_ALARMS = 256  # of one code, within as many bytes: no other alarm displaces a lie of the log
MAX_AHEAD = 4096  # behind a gap in one channel: the exchange's queue; more means a loss
MAX_FOUND = 256  # packets of one search result; a person narrows it before reading so many
MAX_NOTICE_ADDRESSES = 64  # officers of one agency who get mails
MAX_NOTICES = 16_384  # kept for hooks; a hook that is further behind loses older ones
MAX_HOOKS = 16  # each may have one process at a time
MAX_PENDING_AGE_MS = 30 * 24 * 3_600_000  # after a month without approval, a draft is outdated
MAX_PENDING = 256  # releases that wait for a second person; more is abandoned work
MAX_DECISIONS = 256  # of persons, not signed yet: hours of an office's work without an exchange

# Log.
MAX_LOG_SIZE = 1 << 48  # entries; keeps positions exact in every language's numbers
MAX_ENTRY_BYTES = (1 << 16) - 1  # c2sp.org/tlog-tiles writes an entry's length in two bytes
MAX_POLICY_FILE_BYTES = 4 << 20  # 1,024 nodes of cosigners with ML-DSA-44 keys of 2.3 KiB each
MAX_CHECKPOINT_BYTES = 256 << 10  # 64 cosigners with ML-DSA-44 lines of 3.5 KiB each
MAX_EXHIBIT_BYTES = MAX_MESSAGE_BYTES  # a file for a court: some fields, and their proofs
MAX_LOG_PROOF_BYTES = 512 << 10  # a checkpoint, 48 hashes, and up to 180 KiB of extra data
MAX_ERASED = 256  # entries of one order: readable before a signature
MIN_LOG_RETENTION_MS = 30 * 24 * 3_600_000  # an inquiry needs weeks to prepare its queries
MAX_LOG_RETENTION_MS = 100 * 366 * 24 * 3_600_000  # a longer retention is stated as for ever
RETENTION_S = 60  # interval of the exchange's search for expired entries
RETENTION_AGAIN_MS = 600_000  # between two passes over more deferred entries than are remembered
RETENTION_LOOK_MS = 24 * 3_600_000  # an agreement is asked for entries at least so often
MAX_ENDED = 32  # expired packets of one commit: tens of MiB of ciphertexts at most
MAX_RETENTION_PAGE = 1024  # entries of an agreement read at once: four orders to 3 agencies
MAX_RETENTION_PAGES = 64  # of one agreement each time: 90 million entries a day
RETENTION_ENTRY_MS = 9  # for each entry of a log that has many: ten million a day at least
MAX_EVIDENCE = 4  # equivocations of one message: one is enough to stop everything
MAX_EVIDENCE_BYTES = 2 * MAX_CHECKPOINT_BYTES + (4 << 10)  # two notes and a proof
MAX_COSIGN_BYTES = MAX_MESSAGE_BYTES  # 256 notes of one line, or 1,100 lines of one tree
MAX_TOLD_NOTES = 256  # of one answer to a cosigner; the counted cosigners and newest ones first
MAX_TOLD_LINES = 64  # cosigners of one of these notes: with ML-DSA-44 lines of 3.5 KiB each
MAX_WITNESSES = 4  # of an exchange: their lines fit a note beside those of 64 agencies
WITNESS_LIMIT_S = 1  # for one answer of a foreign witness; the checkpoint goes out without it
WITNESS_RETRY_S = 30  # interval of retries and log lines for a failing witness
COSIGN_WAIT_MS = 30_000  # maximum wait of a cosigner for a newer checkpoint in one call
COSIGN_TURN_MS = 50  # of an exchange for each turn of a cosigner that is not counted
MAX_COSIGN_PAUSE_MS = 20_000  # between two turns of one node: a third of MAX_COSIGN_DELAY_MS
MAX_WITNESS_AGE_S = 600  # maximum age of another agency's cosignature for a release
MAX_COSIGN_DELAY_MS = 60_000  # maximum delay of an active partner's cosignature over its own acts
MAX_COSIGNED_SIZES = 256  # checkpoints with cosignatures still being collected
MAX_ENTRY_DELAY_S = 60  # from a receipt to a checkpoint over its entry; a second is usual
MAX_UNPROVEN_BYTES = 256 << 20  # entries that no checkpoint covers yet: eight million blind ones
CHECKPOINT_INTERVAL_MS = 1000  # two signatures and a disk write a second at most
CHECKPOINT_REFRESH_MS = 60_000  # an idle log shows every minute that it is alive

# Exchange.
MAX_PACKET_BYTES = 3 << 20  # ciphertexts of one packet; its delivery must fit one message
BLOB_RETENTION_MS = 24 * 3_600_000  # of a large document that no packet names yet: a slow line
BLOB_OFFER_MS = 3_600_000  # of one without a part, however often it is offered: a client sends next
BLOB_CLAIM_MS = 3_600_000  # of a packet that is judged: above any delay, and any clock's error
MAX_UPLOAD_MS = 14 * BLOB_RETENTION_MS  # of 50 GiB at 340 kbit/s; later parts keep it no longer
MAX_ROUND_PARTS = 256  # of 1 MiB, that a sync sends: its other duties wait for a minute or two
BLOB_BYTES = 256 << 30  # of large documents of one agency, by default
BLOB_WINDOW_BYTES = 64 << 20  # of one agency's announced parts, for which others leave room
BLOB_RESERVE_BYTES = 4 << 30  # of the disk, or a tenth, that documents leave to packets and log
LEAVES_PAGE = 16_384  # hashes of a large document's parts in one answer: half a megabyte
MAX_BLOB_LINKS = 16  # large documents of one publication: each is looked up; a form has as many
LEAST_BLOB_CHARGE = 4 << 20  # of one document: an agency has 65,536 of them at most, by default
MAX_BLOB_PAGE = 256  # large documents looked at in a minute, of which a day sees 360,000
MAX_PACKET_LIFETIME_MS = 10 * 366 * 24 * 3_600_000  # longer storage belongs in an archive
MAX_BATCH_STATEMENTS = 1024  # of one commit: beyond that a larger batch is not faster
MAX_ASKED_PACKETS = 1024  # earlier or foreign packets named by one agency in a batch: 16 with 64
MAX_ASKED_BYTES = 32 << 20  # of their manifests and openings: a packet and its 64 sources are 13
MAX_RELEASES = 64  # of one packet to one agency, read to check derived packets: one for each node
MAX_ASKED_RELEASES = 16_384  # the same, for one agency in a batch: of 64 sources 8,320 at most
MAX_QUEUE_STATEMENTS = 4096  # four commits; clients behind more get a retry delay
PORTION_BYTES = 64 << 10  # of statements, parsed in one turn: five milliseconds or ten
SHARED_BATCH_BYTES = 1 << 20  # of one commit, while several nodes have something to write
MAX_QUEUE_BYTES = 64 << 20  # of publications that wait for their commit
FAULT_S = 60  # delay for a node with work that made the exchange fail and reload its state
STUCK_S = 10  # for a batch, normally a fraction of a second: a slower exchange is not ready
HEALTH_S = 2  # for the database's answer to a health check, which waits a few seconds
MIN_FREE_BYTES = 256 << 20  # on the disk of a database: below it no packets or documents come
DISK_RETRY_MS = 60_000  # retry delay meanwhile: only a person can free space
DISK_S = 5  # interval of disk checks: at 50 MB a second the disk does not fill in between
RECOVERY_S = 5  # interval of write attempts after a write failure
FREE_PAGES_S = 10  # interval of returning free pages: a hundredth of a second in a thread
LARGE_BLOCK_BYTES = 128 << 10  # of memory, returned as soon as they are free: glibc's own first
BACKLOG_S = 15  # interval of the mailbox count: as often as metrics are read
MAX_CALLS = 8192  # at once, idle subscriptions among them
MAX_NODE_CALLS = 512  # of one node at once; a node's own programs are a handful
MAX_AGENCY_CALLS = 1024  # of all nodes of one agency at once: an eighth of all
CALL_LINES_S = 16  # log lines of one agency's calls: 400 MB a day for a flood
MAX_AGENCY_MESSAGES_BYTES = 16 << 20  # of one agency's calls until answered; of its streams, too
LARGE_ANSWER_BYTES = 1 << 20  # a page of the log: the least room of an answer that may be as large
MAX_AGENCY_STREAMS = 16  # publishing streams of one agency, which share its room for messages
MAX_SMALL_BYTES = 64 << 10  # of a message: it and its answer, a few times that, need no room
MAX_AGENCY_UNREAD_BYTES = 16 << 20  # of mail and search results that one agency does not read
MESSAGE_S = 60  # for the next message of a call: 4 MiB on a slow line take half of it
PLACE_S = 60  # maximum wait of a call for a place of its own agency
NODE_CALLS_S = 2048  # of one node, averaged over seconds: one core's capacity, most calls empty
CALL_S = 60  # for one answer: a cosigner waits half of it for a checkpoint
PERSON_CALLS_S = 8  # of one person, averaged over seconds: faster than a person reads
MAX_PUBLISH_WINDOW = 16  # unanswered messages of one stream
MAIL_PAGE = 64  # items read from a mailbox at once
MAIL_PAGE_BYTES = 128 << 10  # of such a page: 8 MiB for all pages of one agency
MAX_AGENCY_MAIL_PAGES = 64  # that one agency's subscriptions hold at once: one for each node
MAILBOX_STATEMENTS = 65_536  # of one agency, for one node, not received: sixteen large imports
MAILBOX_BYTES = 4 << 30  # of the same: more is refused until the node has received some
MAILBOX_RETRY_MS = 60_000  # as often as a node resends its queue
LOG_PAGE_BYTES = 1 << 20  # entries sent in one reply
EVENT_PAGE_BYTES = 1 << 20  # openings and proofs sent in one reply
EVENT_PAGE = 256  # events of one reply
MAX_QUERY_CONDITIONS = 32  # of one audit query
MAX_AGREEMENTS_SEARCHED = 256  # at once, by their overseer: each is a part of the SQL, of 500
MAX_TABLE_BYTES = 16 << 30  # rows of an export, read one by one: eight million of them
FOLLOW_MS = 240_000  # of one search that follows: it ends before its token expires
NODE_STATEMENTS_S = 16_384  # of a node, by default: a large import's rate
NODE_BYTES_S = 64 << 20  # of a node, by default; half a gigabit line
AGENCY_RATES = 4  # times the rate of one node, for all nodes of an agency together
RATE_BURST_S = 4  # seconds of either rate that may come at once
# Of one agency in a day, behind the rates; a day's amount may come at once.
AGENCY_ENTRIES_DAY = 1_000_000  # an import of 100,000 packets for four partners takes 900,000
AGENCY_BYTES_DAY = 8 << 30  # that import takes 4 GiB, or 4,000 packets with documents of 2 MiB
RESERVE_SHARE = 4  # the parts of a day's amount for withdrawals, standings and searches, each
REFUSAL_SHARE = 32  # for refusals that are signed and logged; further ones are counted
CHARGE_BYTES = 4096  # for a statement: a signature of 3,373 bytes, and its rows
MARK_PACE_MS = 600_000  # for one mark of a channel's end, over many: one an hour is usual
MARK_BURST_MS = 128 * MARK_PACE_MS  # at once: one at each change of a standing in a day of trials
REFUSALS_FLUSH_S = 60  # refusals without a ruling are logged once a minute, with a count
MAX_REFUSALS_COUNTED = 128  # kinds of them told apart in a minute: 180,000 entries a day at most

# Consents and recalls.
MAX_CONSENT_FIELDS = 256  # of one step; with paths of 512 bytes it stays under 256 KiB
MIN_ANSWER_MS = 24 * 3_600_000  # an officer in another time zone has a working day
MAX_RECALL_TRANSIT_MS = 3_600_000  # from the signature to the entry: a slow line, clocks apart

# Requests for records.
MAX_REQUEST_STEPS = 256  # of one side: a longer request should be several
MAX_REQUEST_ITEMS = 256  # of one request: one person can decide on them
MAX_REQUEST_QUESTIONS = 16  # of the holder: beyond that people should talk
MAX_REQUEST_NOTE_BYTES = 16 << 10  # a text, and an outcome for each item
MAX_LOG_TIME_SKEW_MS = 120_000  # between the log's time of an entry and its arrival at a node
MAX_CLOCK_PAUSE_MS = 600_000  # of the log: an exchange that starts after longer asks cosigners
CLOCK_RETRY_MS = 5000  # retry delay while the clock is in doubt: one call of a cosigner
OVERDUE_S = 30  # interval of the exchange's search for overdue requests
MAX_OVERDUE = 256  # logged in one commit; the rest follows in the next

# After a loss.
MAX_STANDINGS = 16_384  # channels of one node: with 64 partners, under 256 agreements
MAX_UNOPENED = 4096  # entries requested in one reply
MAX_RETURNED = 64  # openings in one message, of up to 64 KiB each; usually a few hundred bytes

# The monitoring port.
MAX_HTTP_CONNECTIONS = 256  # readers of tiles at once; each holds one tile, usually of 8 KiB
MAX_HTTP_HEAD_BYTES = 8 << 10  # a request has no body, and its longest path 40 characters
MAX_HTTP_CONNECTION_S = 60  # a silent client holds a place no longer
HTTP_DRAIN_S = 5  # for running answers when the exchange stops; each is small

# The console.
MAX_CONSOLE_FORM_BYTES = 256 << 10  # a note of 16 KiB in Chinese, percent-encoded, with its fields
MAX_CONSOLE_FIELDS = 1024  # of a form: a box for each of 512 fields, and what goes with it
MAX_CONSOLE_UPLOAD_BYTES = 3 << 20  # a packet's documents, or its entities, and the form around
MAX_CONSOLE_EXHIBIT_BYTES = 6 << 20  # the largest exhibit as text (base64), and the form around
MAX_CONSOLE_EXPORT_BYTES = 8 << 20  # of an export to verify: some thousand entries, compressed
MAX_CONSOLE_UNPACKED_BYTES = 32 << 20  # the same, unpacked; it is read in a thread, piece by piece
MAX_CONSOLE_FILES = 16  # in one form; a packet's documents together are bounded by their bytes
MAX_CONSOLE_QUERY_BYTES = 4096  # of an address: filters and a search text
CONSOLE_IDLE_S = 15 * 60  # without a request; then the person signs in again
CONSOLE_SESSION_S = 8 * 3600  # a working day; then the person signs in again
WIDE_PAGE_S = 5 * 60  # since the last authentication; then a wide act asks for the person again
WIDE_READING_S = 10 * 60  # from a wide act's page to the act: longer than a person reads it
PASSKEY_CHALLENGE_S = 10 * 60  # from a page that asks for a passkey to its answer
MAX_PASSKEYS = 8  # of one person: machines, telephones and security keys
MAX_PASSKEY_NAME = 64  # characters of the name that a person gives to one
MAX_PASSKEY_BYTES = 16 << 10  # of a browser's answer; one with an RSA key has under 3 KiB
MAX_CREDENTIAL_BYTES = 1023  # of a passkey's id, by the standard
PROVIDER_FLOW_S = 10 * 60  # from the console to the identity provider, and back to the console
MAX_ID_TOKEN_BYTES = 16 << 10  # with a few hundred groups of a person
MAX_PROVIDER_BYTES = 256 << 10  # of an identity provider's answer: a token and others, or its keys
PROVIDER_TIMEOUT_S = 10  # for one answer of it
PROVIDER_REST_S = 5  # after its failure; twice as long after each further one, up to
MAX_PROVIDER_REST_S = 60  # then a provider that is back is noticed within a minute
ENROLMENT_CODE_S = 24 * 3600  # a code given in the evening is good in the morning
MAX_PERSON_STREAMS = 4  # of one person: an open page in each session that they work in
MAX_CONSOLE_STREAMS = 64  # of all persons; each holds a connection of the console's
CONSOLE_STREAM_S = 50  # then the browser asks for another one; less than a connection lasts
CONSOLE_STREAM_TICK_S = 10  # between looks at the session, and at commits of other processes
MAX_PERSON_SESSIONS = 8  # of one person: browsers of two machines, and forgotten ones
SIGN_IN_BURST = 5  # attempts of one name at once: slips of a person
SIGN_IN_PACE_S = 30  # for each further attempt: under 3,000 a day
MAX_SIGN_IN_NAMES = 4096  # whose attempts are counted, with 100 bytes each; new ones wait
MAX_SIGN_INS_WAITING = 8  # each takes a tenth of a second and 64 MiB, one after another
MAX_PAGES_AT_WORK = 4  # each delays others by its turn, 5 ms
MAX_ACTS_AT_WORK = 64  # acts and audits: most of them wait for the exchange
MAX_PERSON_PAGES_AT_WORK = 2  # of each: a page, and another window beside it
MAX_PERSON_PAGES_WAITING = 16  # of each: windows that a browser opens again at once
MAX_PICTURE_PIXELS = 40_000_000  # in a page: of a good camera; decoded, under 160 MB
MAX_CONSOLE_EXPORT_ENTRIES = 100_000  # of one download: 200 MB of rows; the command has no bound
MAX_CONSOLE_EXPORT_PACKETS = 200  # of one download: a few seconds; the command has no bound
MAX_CONSOLE_EXPORT_REASONS = 100  # rows of its report; each counts its values
MAX_CONSOLE_OPTION = 256  # characters of a text among a format's options
MAX_CONSOLE_ENTITIES = 40  # that a person fills in one by one; more come from a file
MAX_CONSOLE_PACKETS = 16  # of one draft: a person looks through each partner's view of each
MAX_PERSON_DRAFTS = 2  # of one person, before they are sent: the one at hand and one beside it
MAX_CONSOLE_DRAFTS = 16  # of all persons, each of a few MiB in memory; the oldest goes
CONSOLE_DRAFT_S = 15 * 60  # a preview; like a session, it is made again after that
MAX_CONSOLE_LISTED = 500  # packets that a page chooses from; a tenth of a second
MAX_CONSOLE_UNREAD = 4096  # unread packets that pages list: more than persons leave
MAX_CONSOLE_TASKS = 100  # shown at once, the most urgent ones: a person takes them in turn
MAX_CONSOLE_FETCHES = 4  # large documents at once; each takes a disk's speed and a line's
MAX_CONSOLE_UPLOADS = 4  # large documents that browsers send at once
MAX_PAGE_PARTS = 16  # of 1 MiB, that an act of a page sends: the person waits for it
MAX_CONSOLE_FETCHES_KEPT = 64  # of which pages tell the end
CONSOLE_PAGE_ROWS = 50  # a page that a person reads
CONSOLE_FOUND_ROWS = 16  # of a search, whose packets are opened: a twentieth of a second
MAX_COUNTED_GRANTS = 10_000  # before a suspension: under a second, in steps of 10 ms
MAX_CASE_PACKETS = 500  # the newest of a case, whose entities are read at once: a few seconds
MAX_PICTURE_NODES = 200  # entities in a picture: more are a blot, and take seconds to lay out
MAX_PICTURE_LINKS = 800  # lines between them
MAX_CASE_ROWS = 1000  # entities, and links, in the tables of a page: under a megabyte

# Imports, exports and display.
MAX_FIELDS = MAX_SLOTS // 4  # each field may need a slot in each of four forms
MAX_GROUP_BYTES = 512 << 10  # text of one packet; with padding and slots in 4 forms under 4 MiB
MAX_IMPORT_BYTES = 256 << 20  # a million rows of a bank's statement
MAX_IMPORT_ENTITIES = 4_000_000  # merged, of a million rows; 20 bytes each in memory
MAX_IMPORT_HELD_BYTES = 2 << 30  # of entities, in a temporary file
MAX_IMPORT_FINDINGS = 1_000_000  # lines of a file; more doubtful values mean a wrong mapping
MAX_LINE_BYTES = 4 << 20  # one entity with a field of 1 MiB, spelled in JSON escapes
MAX_JSON_DEPTH = 64  # of a value of a source; STIX and MISP have about twelve
MAX_XML_DEPTH = 48  # of elements; statements of banks have about twelve
MAX_XML_NAME = 512  # characters of an element's name with its namespace
MAX_XML_NAMES = 8192  # different names in one file, which the parser holds
MAX_XML_RECORD_NODES = 10_000  # elements of one record, such as an entry of a statement
MAX_XML_RECORD_BYTES = 1 << 20  # text of one record; and of one tag, which the parser holds whole
MAX_XML_PATHS = 4096  # different paths of elements that a report can count
MAX_WORKBOOK_BYTES = 64 << 20  # of an XLSX, and of its parts unpacked; its texts are in memory
MAX_UPLOADED_TABLE = 24 << 20  # of one in a page, unpacked: eight times the upload
MAX_WORKBOOK_PARTS = 1024  # sheets, pictures and links of a large one
MAX_WORKBOOK_ROWS = 1 << 20  # of a sheet, by the format
MAX_PART_ELEMENTS = 1 << 14  # of a part of a few bytes, and of others in addition:
MAX_PACKED_ELEMENTS = 2  # for each byte packed; tables of one repeated word have up to 1.5
MAX_WORKBOOK_RATIO = 128  # a part unpacked to packed; sheets of spreadsheets have about ten
MAX_COLUMNS = 256  # the widest registers have about a hundred
MAX_PROPERTIES = 256  # the widest schema has about eighty
MAX_ENTITY_ID_BYTES = 255  # the limit of FollowTheMoney's stores
MAX_MAPPING_BYTES = 64 << 10  # a mapping is written by hand
MAX_SAVED_MAPPINGS = 64  # of one node: one for each form of table that its agency gets
MAX_FILE_NAME_BYTES = 128  # accepted by every file system, with room for a suffix
MAX_COMBINING_MARKS = 6  # on one letter: Tibetan's tallest stacks have six, other scripts fewer
MAX_LISTED_NAMES = 10  # in one message: more do not help

# TAXII: at a node, and collections of others.
MAX_SERVICE_ACCOUNTS = 64  # programs of one agency that read here
MAX_ACCOUNT_COLLECTIONS = 64  # of one account; a list of them is one answer
MAX_TAXII_OBJECTS = 200  # of one page: as many packets are opened at most, in a second
MAX_TAXII_PAGE_BYTES = 4 << 20  # of one page; it has one object at least
MAX_TAXII_MATCHES = 32  # values of one filter: each is a query
MAX_TAXII_QUERY_BYTES = 4096  # of an address, with its filters
MAX_TAXII_POST_BYTES = 1 << 20  # of a submission, which a person reads
MAX_TAXII_POST_OBJECTS = 500  # of a submission; its status tells of each
MAX_TAXII_MESSAGE_FINDINGS = 4  # of one object in a status
MAX_TAXII_DRAFTS = 16  # of one account that wait for a person; more is abandoned work
MAX_TAXII_DRAFT_AGE_MS = MAX_PENDING_AGE_MS
MAX_TAXII_STATUSES = 64  # of one account; the oldest goes
MAX_TAXII_STATUS_AGE_MS = 7 * 24 * 3_600_000  # TAXII asks for one day at least
MAX_TAXII_REQUESTS = 600  # of one account in a minute: each is at least one entry of the access log
MAX_TAXII_FAILURES = 20  # wrong tokens in a minute that are answered; beyond, 429
MAX_FOREIGN_PAGE_OBJECTS = 1000  # asked for at once; a server may give fewer
MAX_FOREIGN_PAGE_BYTES = 64 << 20  # as much as a thousand large objects
MAX_FOREIGN_PAGE_S = 300  # of one page; a slower server is as good as away
MAX_FOREIGN_EMPTY_PAGES = 1000  # in a row, of a server that filters slowly
MAX_FOREIGN_TOKEN_BYTES = 2048  # a signed token with its claims
MAX_FOREIGN_BATCH_BYTES = 64 << 20  # then a file ends; with a page it stays below that of an import
MAX_FOREIGN_BATCHES = 64  # of one command, for a server without an end; the next one continues
