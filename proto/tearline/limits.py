"""All limits, each with its reason and unit. Every resource in Tearline is bounded."""

# Packets (sizes of what one signature and one grant must carry).
MAX_COMPARTMENTS = 64  # 512 fields in four forms, by category, fit; a manifest stays under 8 KiB
COMPARTMENTS_MULTIPLE = 4  # the padding that hides how many categories a packet has
MAX_SLOTS = 2048  # 512 fields in four forms
SLOTS_MULTIPLE = 8  # the padding that hides how many fields a packet has
MAX_FIELD_BYTES = 1 << 20  # a field may be a document of 1 MiB
MIN_FIELD_PLAINTEXT = 256  # shorter plaintexts would tell a name from a yes
MAX_LEGS = 20_000  # compared at once: a year of a large case; near ones alone are paired
MAX_NEAR_LEGS = 256  # compared with one pay-in: a busy week of a large case
MAX_PAIRS_OF_LEG = 16  # proposed for one pay-in: more are noise
MAX_BODY_PROBLEMS = 256  # told of one body: more than a person reads
MAX_MASKED_CHARACTERS = 512  # of one value: names, places and numbers are shorter
MAX_MENTIONS = 256  # of values kept back, told of one packet: more than a person reads
MAX_IDENTIFIER_CHARACTERS = 2048  # of one value that is checked; a web address is the longest
MIN_YEAR, MAX_YEAR = 1900, 2199  # of an event, so that days can be added and taken away
MAX_DOCUMENTS_BYTES = 2 << 20  # of one packet: with its text and padding they fit a delivery
MAX_PATH_BYTES = 512  # token, schema and property are short; a longer one is an attack
MAX_VALUES = 4096  # values of one property of one entity
MAX_CORRECTIONS = 64  # packets of one line, the first included: who errs so often sends anew

# Policy.
MAX_MARKING_BYTES = 128  # the longest marking of the first version has 65
MAX_POLICY_BYTES = 64 << 10  # a hundred policies of ten lines; Cedar parses it in milliseconds
MAX_POLICY_TOKENS = 256  # of one policy; longer ones nobody reads, and Cedar's stack has an end
MAX_POLICIES = 256  # each costs microseconds in every decision
MAX_ARTICLES = 64  # of one agreement
MAX_SHARES = 2048  # of one article: 64 partners by 31 categories and groups
MAX_TERM_NAMES = 64  # purposes, kinds or crime areas of one article
MAX_SUSPENSIONS = (
    256  # of one agency under one agreement: each article, and a few directions of each
)
LIFT_PACE_MS = 3_600_000  # for one lift, of an agency under an agreement, over many
STANDING_PACE_MS = 600_000  # for any other: a joint article asks for one each half hour
STANDING_BURST_MS = 32 * LIFT_PACE_MS  # at once: a day on which everything is tried out
MAX_AGREEMENTS_KEPT = 256  # parsed by a node: of a few kilobytes each, with what they decide by
MAX_MARKINGS_KEPT = 4096  # parsed for one agreement: a fact of a kilobyte each
MAX_DECISIONS_KEPT = (
    16384  # remembered by one policy: a megabyte or two, all markings of a federation
)

MAX_PAIR_AGREEMENTS = 256  # between two agencies, for ever: one a month for twenty years
MAX_PAIR_AGREEMENT_BYTES = 2 << 20  # of their newest versions, which an exchange holds in memory
MAX_VERSIONS = 1024  # of one agreement: one a week for twenty years
MAX_PROPOSAL_STEPS = 256  # of one agency at a node: what people can still be negotiating about
MAX_POLICIES_KEPT = 64  # of agreements, by an exchange: each remembers a few megabytes of decisions

# Consents.
MAX_CONSENT_FIELDS = 256  # asked for at once; with paths of 512 bytes the step stays under 256 KiB

# Statements.
MAX_ATTESTATIONS_KEPT = 256  # of 3.5 KB, with their encoding: what is under way at once
MAX_HEADERS_KEPT = 4096  # of a kilobyte at most: every node of 64 agencies with 64 nodes each
TREE_SIZES = (1, 8, 64, 512, 4096)  # few sizes, so that a tree's size tells little
MAX_BODY_BYTES = 1 << 20  # a manifest of 2,048 slots is 160 KiB
MAX_SEALED_BYTES = 256 << 10  # 2,048 keys take 80 KiB, 256 paths 160; a delivery has room for it
MAX_COSIGNERS = 64  # parties of one agreement or agencies of one federation

# Trust: what stays in every reader's memory for ever, since it says whose old signatures hold.
MAX_AGENCY_NODES = 64  # names of nodes that ever had a key, of one agency
MAX_RECORDS_PER_LIFE = 16  # of a node and use, that begin within one life of such a key
# Cosigning keys are renewed every two months of the two years that one may live, and no backup has
# one: so a node that is restored makes another each time.
MAX_COSIGNING_RECORDS_PER_LIFE = 48
MAX_OWN_CHANGES = 256  # of what stands under one agency's name in trust lists: years of them
MAX_REVOCATIONS = 4096  # by one agency; each is 100 bytes, and ends what was stolen or lost

# Cases.
MAX_CASE_MEMBERS = MAX_COSIGNERS  # every agency of a federation
MAX_LED_MEMBERSHIPS = 4096  # of cases that one agency leads, for ever: two kilobytes, 200 a year
CASE_RETRY_MS = 600_000  # what is refused is two entries of the log each time that it is said

# Transport.
MAX_MESSAGE_BYTES = 4 << 20  # the default of gRPC, and what one commit may hold in memory
MAX_URI_BYTES = 255  # a host name's limit; node URIs are far shorter
MAX_TEXT_BYTES = 4096  # a purpose, a reason, a title
MAX_METADATA_BYTES = 8 << 10  # a token of 4 KiB, or a refusal of 6
MAX_STREAMS_PER_CONNECTION = 64  # all that one connection asks at once; a node has a handful
UNREAD_BYTES = 1 << 16  # of a call that the exchange does not read yet: a usual message fits
MAX_CONNECTIONS = 8192  # of one exchange, each 100 KiB of it: a node needs one
HANDSHAKE_MS = 10_000  # who says nothing is waited for no longer; a slow line needs two seconds
KEEPALIVE_MS = 60_000  # below the few minutes after which firewalls forget idle connections
KEEPALIVE_TIMEOUT_MS = 20_000  # a slow line answers a ping within this
MAX_CONNECTION_IDLE_MS = 300_000  # without a call: a node that is admitted waits for mail in one
MAX_CONNECTION_AGE_MS = 3_600_000  # whoever was shut out does not keep a handshake for longer
MAX_CONNECTION_AGE_GRACE_MS = 60_000  # for calls under way when a connection is that old
RECONNECT_FIRST_MS = 250  # an exchange that restarts is away for a second or two
RECONNECT_MOST_MS = 5_000  # gRPC's own two minutes would outlast every pause a node makes itself
NODE_RETRY_S = (1, 2, 5, 10, 30)  # pauses of a node that did not reach the exchange, or has no room
MAX_REFUSAL_TEXT = 512  # characters of a cause; the metadata of a call holds 8 KiB in all
MAX_REFUSAL_BYTES = 6 << 10  # four such texts and their frame
MAX_RETRY_AFTER_MS = 3_600_000  # who is told to wait longer than an hour asks a person

# Time.
MAX_TIME_MS = (1 << 63) - 1  # what a signed 64-bit column holds

# Identity.
MAX_CERTIFICATE_BYTES = 16 << 10  # a P-256 certificate has under 1 KiB
MIN_LEAF_LIFETIME_S = 24 * 3600  # a shorter one would not outlast a night without an operator
MAX_LEAF_LIFETIME_S = 7 * 24 * 3600  # a stolen TLS key is worth a week at most
MAX_CA_LIFETIME_S = 10 * 366 * 24 * 3600  # a CA is replaced through the trust list
CERTIFICATE_BACKDATE_S = 300  # a fresh certificate works for a peer whose clock is behind
MIN_PASSPHRASE_BYTES = 12  # of a keystore, which a thief tries offline: two words at the least
MAX_TOKEN_BYTES = 4096  # a token of ours has 700 bytes; metadata of a call holds 8 KiB in all
MAX_TOKEN_LIFETIME_S = 300  # how long a person who was shut out may still act
TOKEN_SKEW_S = 30  # how far an issuer's clock may be ahead of ours
MAX_SUBJECT_BYTES = 128  # a person's name at the agency, or a pseudonym in hexadecimal
MAX_VERIFIED_CERTIFICATES = 4096  # remembered by a gate: 64 agencies with 64 nodes each

# A node's inbox.
MAX_QUARANTINED = 64  # deliveries of one agency, as evidence: of more only the ids are kept
MAX_QUARANTINED_BYTES = 16 << 20  # of the same, one on top: 64 agencies fill 1.3 GiB at worst
MAX_ALARMS = 256  # of one code, within as many bytes: no other alarm hides a lie of the log
MAX_AHEAD = 4096  # behind a gap in one channel: the exchange's queue; more is no delay but a loss
MAX_FOUND = 256  # packets that one search shows; a person narrows it before reading so many
MAX_NOTICES = 16_384  # kept for hooks; older ones are lost to a hook that is further behind
MAX_HOOKS = 16  # each may have one process at a time
MAX_PENDING_AGE_MS = 30 * 24 * 3_600_000  # what nobody approves for a month was about another day
MAX_PENDING = 256  # releases that wait for a second person; more is work that nobody does
MAX_DECISIONS = 256  # of persons, not signed yet: hours of work of an office without an exchange

# Log.
MAX_LOG_SIZE = 1 << 48  # entries; keeps positions exact in every language's numbers
MAX_ENTRY_BYTES = (1 << 16) - 1  # c2sp.org/tlog-tiles writes an entry's length in two bytes
MAX_POLICY_FILE_BYTES = 256 << 10  # 64 cosigners, whose ML-DSA-44 keys are 1.8 KiB each
MAX_CHECKPOINT_BYTES = 256 << 10  # 64 cosigners, whose ML-DSA-44 lines are 3.5 KiB each
MAX_EXHIBIT_BYTES = MAX_MESSAGE_BYTES  # a file for a court: some fields, and the log's word on them
MAX_LOG_PROOF_BYTES = 512 << 10  # a checkpoint, 48 hashes, and up to 180 KiB of extra data
MAX_ERASED = 256  # entries of one order: what somebody can read before signing
MIN_LOG_RETENTION_MS = 30 * 24 * 3_600_000  # an inquiry needs weeks to learn what to ask for
MAX_LOG_RETENTION_MS = 100 * 366 * 24 * 3_600_000  # beyond a century, say for ever
RETENTION_S = 60  # how often the exchange looks for what it may keep no longer
MAX_ENDED = 32  # packets whose ciphertexts go in one commit: tens of MiB if they are the largest
MAX_RETENTION_PAGE = 1024  # entries of an agreement looked at at once: four orders to 3 agencies
MAX_RETENTION_PAGES = 64  # of one agreement each time: 90 million entries a day
RETENTION_ENTRY_MS = 9  # for each entry of a log that has many: ten million a day at least
MAX_EVIDENCE = 4  # equivocations told at once: one is enough to stop everything
MAX_EVIDENCE_BYTES = 2 * MAX_CHECKPOINT_BYTES + (4 << 10)  # two notes and a proof
MAX_COSIGN_BYTES = MAX_MESSAGE_BYTES  # 64 cosigners' newest notes, and evidence
MAX_WITNESSES = 4  # that an exchange asks: their lines fit a note beside those of 64 agencies
WITNESS_LIMIT_S = 1  # for one answer of a foreign witness; the checkpoint goes out without it
WITNESS_RETRY_S = 30  # a witness that is away, or refuses, is asked again and logged so often
COSIGN_WAIT_MS = 30_000  # how long a cosigner waits for a newer checkpoint before it asks again
MAX_WITNESS_AGE_S = 600  # what is sealed on was cosigned by another agency in ten minutes
MAX_COSIGN_DELAY_MS = 60_000  # a partner that is there has cosigned what it sent by then
MAX_COSIGNED_SIZES = 256  # checkpoints whose cosignatures are kept while they are gathered
MAX_ENTRY_DELAY_S = 60  # from a receipt to a checkpoint over its entry; a second is usual
MAX_UNPROVEN_BYTES = 256 << 20  # entries that no checkpoint covers yet: eight million blind ones
CHECKPOINT_INTERVAL_MS = 1000  # two signatures and a disk write a second at most
CHECKPOINT_REFRESH_MS = 60_000  # a log that stands still shows every minute that it is alive

# Exchange.
MAX_PACKET_BYTES = 3 << 20  # ciphertexts of one packet; its delivery must fit one message
MAX_PACKET_LIFETIME_MS = 10 * 366 * 24 * 3_600_000  # what is kept longer belongs in an archive
MAX_BATCH_STATEMENTS = 1024  # of one commit: beyond that a larger batch is not faster
MAX_ASKED_PACKETS = 1024  # of others or from before, named by one agency in a batch: 16 with 64
MAX_ASKED_BYTES = 32 << 20  # of their manifests and openings: a packet and its 64 sources are 13
MAX_RELEASES = (
    64  # of one packet to one agency, read to judge what is made from it: one for each node
)
MAX_ASKED_RELEASES = 16_384  # the same, for one agency in a batch: of 64 sources 8,320 at most
MAX_QUEUE_STATEMENTS = 4096  # four commits; who waits behind more should be told to come again
PORTION_BYTES = 64 << 10  # of statements, parsed in one turn: five milliseconds or ten
SHARED_BATCH_BYTES = 1 << 20  # of one commit, while several nodes have something to write
MAX_QUEUE_BYTES = 64 << 20  # of publications that wait for their commit
FAULT_S = 60  # for a node on whose work the exchange failed: all it holds is read anew after that
STUCK_S = 10  # for a batch, of a fraction of a second: an exchange that takes longer is not ready
HEALTH_S = 2  # for the database to answer a question of health: whoever asks waits a few seconds
MIN_FREE_BYTES = 256 << 20  # on the disk of the database: below it no packets are taken
DISK_RETRY_MS = 60_000  # for whoever is turned away meanwhile: room is made by people
DISK_S = 5  # how often that is looked at: at 50 MB a second it is not written full meanwhile
RECOVERY_S = 5  # how often it is tried to write again, where nothing could be written
BACKLOG_S = 15  # how often it is counted what waits in mailboxes: as often as metrics are read
MAX_CALLS = 8192  # under way at once, idle subscriptions among them
MAX_NODE_CALLS = 512  # of one node at once; a node's own programs are a handful
MAX_AGENCY_CALLS = 1024  # of all nodes of one agency at once: an eighth of all
CALL_LINES_S = 16  # in the log, of one agency's calls: 400 MB a day of one that floods
MAX_AGENCY_READS = 16  # messages of one agency that are on their way in, of 4 MiB: 64 MiB
MAX_AGENCY_STREAMS = 16  # that one agency publishes in at once; each holds such a message
MAX_AGENCY_ANSWERS = 16  # pages, or outcomes of large messages, that one agency is sent at once
MAX_SMALL_BYTES = 64 << 10  # of a message: its answer has a few times that and takes no place
MAX_AGENCY_UNREAD_BYTES = 64 << 20  # of mail and searches that one agency does not take in
MESSAGE_S = 60  # for the next message of a call: 4 MiB on a slow line take half of it
PLACE_S = 60  # that a call waits for a place or room which calls of its own agency have
NODE_CALLS_S = 2048  # of one node, over many seconds: all that one core answers, most of it empty
CALL_S = 60  # for one answer: a cosigner waits half of it for a checkpoint
PERSON_CALLS_S = 8  # of one person, over many seconds: faster than anybody reads
MAX_PUBLISH_WINDOW = 16  # messages of one stream under way at once
MAIL_PAGE = 64  # items read from a mailbox at once
MAIL_PAGE_BYTES = 128 << 10  # that each subscription holds of them: 128 MiB of one agency
MAILBOX_STATEMENTS = 65_536  # of one agency, for one node, not taken in: sixteen large imports
MAILBOX_BYTES = 4 << 30  # of the same: what is behind by more is not behind, but away
MAILBOX_RETRY_MS = 60_000  # as often as a node sends again what waits with it
LOG_PAGE_BYTES = 1 << 20  # entries sent in one reply
EVENT_PAGE_BYTES = 1 << 20  # openings and proofs sent in one reply
EVENT_PAGE = 256  # events of one reply
MAX_QUERY_CONDITIONS = 32  # of one audit query
MAX_AGREEMENTS_SEARCHED = 256  # at once, by their overseer: each is a part of the SQL, of 500
MAX_TABLE_BYTES = 16 << 30  # rows of an export, read one by one: eight million of them
FOLLOW_MS = 240_000  # of one search that follows: it ends before the token that it began with
NODE_STATEMENTS_S = 16_384  # a node's, unless the operator sets another: a large import's rate
NODE_BYTES_S = 64 << 20  # a node's, likewise; half a gigabit line
AGENCY_RATES = (
    4  # times what one node may in a second, for all nodes of an agency: names get no more
)
RATE_BURST_S = 4  # seconds of either that may come at once
REFUSALS_FLUSH_S = 60  # refusals of the unknown are logged once a minute, with their number
MAX_REFUSALS_COUNTED = 1024  # kinds of them told apart in a minute; the rest share a line

# Recalls.
MIN_ANSWER_MS = 24 * 3_600_000  # an officer in another part of the world has a working day
MAX_RECALL_TRANSIT_MS = 3_600_000  # from the signature to the entry: a slow line, clocks apart

# Requests for records.
MAX_REQUEST_STEPS = 256  # of one side: a request that takes more is several
MAX_REQUEST_ITEMS = 256  # of one request: what one person can decide about
MAX_REQUEST_QUESTIONS = 16  # of the holder: beyond that people should talk
MAX_REQUEST_NOTE_BYTES = 16 << 10  # a text, and an outcome for each item
MAX_LOG_TIME_SKEW_MS = 120_000  # between the log's time of an entry and when a node saw it come
MAX_CLOCK_PAUSE_MS = 600_000  # of the log: an exchange that starts after longer asks cosigners
CLOCK_RETRY_MS = 5000  # for who is turned away while its clock is in doubt: one turn of a cosigner
OVERDUE_S = 30  # how often the exchange looks for what is overdue
MAX_OVERDUE = 256  # logged in one commit; the rest follows in the next

# After a loss.
MAX_STANDINGS = 16_384  # channels of one node: with 64 partners, under 256 agreements
MAX_UNOPENED = 4096  # entries asked for in one reply
MAX_RETURNED = 64  # openings in one message, of up to 64 KiB each; they are a few hundred bytes

# The monitoring port.
MAX_HTTP_CONNECTIONS = 256  # readers of tiles at once; each holds one tile, of 8 KiB as a rule
MAX_HTTP_HEAD_BYTES = 8 << 10  # a request has no body, and its longest path 40 characters
MAX_HTTP_CONNECTION_S = 60  # who asks for nothing, or does not listen, holds a place no longer
HTTP_DRAIN_S = 5  # for answers under way when the exchange stops; each is small

# Imports and exports.
MAX_FIELDS = MAX_SLOTS // 4  # each field may need a slot in each of four forms
MAX_GROUP_BYTES = 512 << 10  # text of one packet; with padding and slots in 4 forms under 4 MiB
MAX_IMPORT_BYTES = 256 << 20  # a million rows of a bank's statement
MAX_IMPORT_ENTITIES = 1_000_000  # merged; held to find which belong together, half a KiB each
MAX_IMPORT_HELD_BYTES = 256 << 20  # of entities as they are held
MAX_IMPORT_FINDINGS = 100_000  # more doubtful values than this are a wrong file or mapping
MAX_LINE_BYTES = 4 << 20  # one entity with a field of 1 MiB, spelled in JSON escapes
MAX_COLUMNS = 256  # the widest registers have about a hundred
MAX_PROPERTIES = 256  # the widest schema has about eighty
MAX_ENTITY_ID_BYTES = 255  # what FollowTheMoney's stores take
MAX_MAPPING_BYTES = 64 << 10  # a mapping is written by hand
MAX_FILE_NAME_BYTES = 128  # what every file system takes, with room for a suffix

# What is shown.
MAX_COMBINING_MARKS = 6  # on one letter: Tibetan's tallest stacks bear so many, other scripts fewer
MAX_LISTED_NAMES = 10  # in one message: more are no help
