"""Of each command: the role that it takes, its own exit statuses, and an example.

All names are invented. A test reads each example with the command's own parser.
"""

from dataclasses import dataclass

LIAISON = "liaison"
OFFICER = "officer"
EITHER = "liaison or officer"
AUDITOR = "auditor"
SEARCH = "auditor or officer"
DRAFTER = "analyst, liaison or officer"
CONTENTS = "any but auditor alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """How one command is used.

    Attributes:
        words: Arguments behind the command's own words, where its help shows no example.
        role: The person's role; empty where no person is needed.
        exits: Exit statuses that the command has besides those of errors.
    """

    words: str = ""
    role: str = ""
    exits: str = ""


_PACKET = "--agreement narcotics-2026 --article money-laundering --purpose criminal-investigation"
_TO = f"--to mx-prosecutor {_PACKET}"
_TERMS = "--agreement narcotics-2026 --article money-laundering"

AGENCY = {
    "todo": Example(),
    "inbox": Example(role=CONTENTS),
    "init": Example(
        words="--home us-justice --agency us-justice --domain justice.us.example --node liaison"
    ),
    "federation exchange": Example(words="exchange-next.enrolment"),
    "federation follow": Example(words="spiffe://justice.us.example"),
    "federation found": Example(
        words="--name example --exchange exchange.enrolment --agency us-justice.agency "
        "--agency mx-prosecutor.agency --output-file federation.trust"
    ),
    "federation history": Example(),
    "federation invite": Example(words="jp-customs.agency"),
    "federation join": Example(words="federation.trust"),
    "federation leave": Example(),
    "federation members": Example(),
    "federation pending": Example(),
    "federation rotate-root": Example(),
    "federation rules": Example(),
    "federation show": Example(),
    "federation sign": Example(words="federation.trust"),
    "federation succeed": Example(words="exchange-next.enrolment --output-file next.succession"),
    "federation vote": Example(words="jp-customs"),
    "person add": Example(words="ana --role liaison --role officer"),
    "person disable": Example(words="ana"),
    "person enrol": Example(words="ana"),
    "person list": Example(),
    "person passphrase": Example(words="ana --person-passphrase-file secret"),
    "person unlink": Example(words="ana"),
    "login": Example(words="ana"),
    "agreement amend": Example(words="narcotics-2026 terms.toml", role=OFFICER),
    "agreement counter": Example(words="narcotics-2026 terms.toml", role=OFFICER),
    "agreement decline": Example(words="narcotics-2026", role=OFFICER),
    "agreement diff": Example(words="terms.toml narcotics-2026"),
    "agreement draft": Example(words="terms.toml --output-file narcotics-2026.agreement"),
    "agreement end": Example(words="narcotics-2026 --freeze --reason breach", role=OFFICER),
    "agreement gap": Example(words="narcotics-2026"),
    "agreement list": Example(),
    "agreement propose": Example(words="terms.toml --answer-within 14", role=OFFICER),
    "agreement publish": Example(words="narcotics-2026.agreement"),
    "agreement resume": Example(words="narcotics-2026 --article money-laundering", role=OFFICER),
    "agreement show": Example(words="narcotics-2026"),
    "agreement sign": Example(words="narcotics-2026", role=OFFICER),
    "agreement suspend": Example(
        words="narcotics-2026 --article money-laundering --reason leak", role=EITHER
    ),
    "policy adopt": Example(words="own.cedar", role=OFFICER),
    "policy check": Example(words="own.cedar", exits="4: something is wrong with the policies"),
    "policy diff": Example(words=f"own.cedar new.cedar {_TERMS}"),
    "policy explain": Example(words=f"BankAccount/iban {_TERMS} --to mx-prosecutor"),
    "policy matrix": Example(words=_TERMS),
    "policy test": Example(words="cases.toml", exits="1: a case has another answer"),
    "packet approve": Example(words="5d1e90", role=EITHER),
    "packet correct": Example(words="9f2c61 lead.jsonl --dry-run", role=LIAISON),
    "packet disclose": Example(
        words="9f2c61 BankAccount/iban --to cn-public-security", role=LIAISON
    ),
    "packet erase": Example(words="9f2c61", role=LIAISON),
    "packet exhibit": Example(
        words="9f2c61 Payment/amount --output-file payment.exhibit", role=CONTENTS
    ),
    "packet export": Example(words="9f2c61 --documents .", role=CONTENTS),
    "packet keep": Example(words="9f2c61 --ground legal-hold", role=OFFICER),
    "packet kinds": Example(words="value-transfer --example"),
    "packet list": Example(),
    "packet new": Example(words="--kind lead --output-file lead.jsonl"),
    "packet pass-on": Example(words="9f2c61 Payment/amount --to cn-public-security", role=LIAISON),
    "packet pending": Example(),
    "packet preview": Example(words=f"lead.jsonl {_TO}"),
    "packet print": Example(words="9f2c61 --to packet.html", role=LIAISON),
    "packet recall": Example(
        words="9f2c61 --from mx-prosecutor --reason mistake --dry-run", role=LIAISON
    ),
    "packet recalls": Example(words="--overdue"),
    "packet reject": Example(words="5d1e90", role=DRAFTER),
    "packet search": Example(words='"Qiu Wenhao" --since 2026-01-01', role=CONTENTS),
    "packet send": Example(words=f"lead.jsonl {_TO}", role=LIAISON),
    "packet show": Example(words="9f2c61", role=LIAISON),
    "packet status": Example(words="9f2c61"),
    "packet strip-metadata": Example(words="photo.jpg photo-plain.jpg"),
    "request admit": Example(words="4b7e83", role=EITHER),
    "request answer": Example(words="4b7e83 answer.jsonl --item 1", role=EITHER),
    "request authorise": Example(
        words='4b7e83 --days 7 --text "A judge must allow it."', role=EITHER
    ),
    "request clarify": Example(words='4b7e83 --text "Which of the accounts?"', role=EITHER),
    "request close": Example(words="4b7e83 --useful yes", role=EITHER),
    "request contest": Example(words="4b7e83 --urgency routine", role=EITHER),
    "request list": Example(words="--open"),
    "request new": Example(words="request.toml --dry-run", role=EITHER),
    "request preserve-extend": Example(words="4b7e83", role=EITHER),
    "request refuse": Example(words="4b7e83 --item 2 --ground not-held", role=EITHER),
    "request reject": Example(words='4b7e83 --text "The subject is not named."', role=EITHER),
    "request show": Example(words="4b7e83 --steps"),
    "request supplement": Example(words="4b7e83 further.jsonl --item 1", role=EITHER),
    "request withdraw": Example(words="4b7e83", role=EITHER),
    "consent ask": Example(
        words='9f2c61 Payment/amount --use evidence --for "Court of Example, 12/2026"',
        role=LIAISON,
    ),
    "consent give": Example(words="a7c3e1 --until 2027-01-01", role=LIAISON),
    "consent list": Example(),
    "consent own": Example(words='9f2c61 Person/name --reason "Public register"', role=OFFICER),
    "consent own-list": Example(),
    "consent refuse": Example(words='a7c3e1 --note "The source is at risk."', role=LIAISON),
    "consent show": Example(words="a7c3e1"),
    "consent withdraw": Example(words="a7c3e1", role=LIAISON),
    "transfer match": Example(words="legs.jsonl --percent 3 --hours 48", role=CONTENTS),
    "case close": Example(words="c41d77", role=LIAISON),
    "case consent": Example(words="c41d77 br-police", role=LIAISON),
    "case decline": Example(words="c41d77", role=LIAISON),
    "case invite": Example(words="c41d77 br-police", role=LIAISON),
    "case join": Example(words="c41d77", role=LIAISON),
    "case leave": Example(words="c41d77", role=LIAISON),
    "case list": Example(),
    "case object": Example(words="c41d77 br-police", role=LIAISON),
    "case open": Example(
        words='"Two legs of one transfer" --agreement narcotics-2026 --with mx-prosecutor',
        role=LIAISON,
    ),
    "case show": Example(words="c41d77"),
    "case timeline": Example(words="c41d77"),
    "import camt": Example(words=f"statement.xml --dry-run {_TO}", role=LIAISON),
    "import csv": Example(words=f"register.csv --mapping register.toml {_TO}", role=LIAISON),
    "import eu": Example(words=f"sanctions.xml --dry-run {_TO}", role=LIAISON),
    "import ftm": Example(words=f"entities.jsonl --dry-run {_TO}", role=LIAISON),
    "import misp": Example(words=f"events.json --dry-run {_TO}", role=LIAISON),
    "import mt940": Example(words=f"statement.sta --dry-run {_TO}", role=LIAISON),
    "import ofac": Example(words=f"sdn.csv --dry-run {_TO}", role=LIAISON),
    "import stix": Example(words=f"bundle.json --dry-run {_TO}", role=LIAISON),
    "import un": Example(words=f"consolidated.xml --dry-run {_TO}", role=LIAISON),
    "export case-uco": Example(words="9f2c61 --output-file case.jsonld", role=CONTENTS),
    "export ftm": Example(words="9f2c61 --output-file packet.jsonl", role=CONTENTS),
    "export graph-csv": Example(words="--output-file case.zip", role=CONTENTS),
    "export graphml": Example(words="9f2c61 --output-file case.graphml", role=CONTENTS),
    "export misp": Example(words="9f2c61 --output-file case.misp.json", role=CONTENTS),
    "export stix": Example(words="9f2c61 --output-file case.stix.json", role=CONTENTS),
    "audit access": Example(
        words="--by bruno created:2026-03-01..2026-03-31",
        role=AUDITOR,
        exits="5: the access log was changed; 6: no change was found, but a part cannot be checked",
    ),
    "audit checkpoint": Example(words="--note"),
    "audit export": Example(
        words="created:2026-03-01..2026-03-31 --output-file march.csv", role=SEARCH
    ),
    "audit hash": Example(words='"Qiu Wenhao"', exits="6: no packet here has it"),
    "audit ocsf": Example(words="created:2026-03-01..2026-03-31", role=SEARCH),
    "audit policy": Example(words="--output-file log.policy"),
    "audit prove": Example(words="4a90d2 --output-dir proofs"),
    "audit search": Example(words="action:grant-accepted --limit 20", role=SEARCH),
    "audit statistics": Example(words="narcotics-2026 --year 2026", role=SEARCH),
    "audit verify": Example(
        words="payment.exhibit --trust federation.trust",
        exits="5: one failed; 6: none failed, but one is indeterminate",
    ),
    "audit who-saw": Example(
        words="9f2c61 Payment/amount",
        exits="5: a proof failed; 6: no such field is here",
    ),
    "log checkpoint": Example(words="--output-file ours.checkpoint"),
    "log compare": Example(words="theirs.checkpoint"),
    "log cosigners": Example(),
    "log erase draft": Example(
        words='812 813 --reason "Court order 12/2026" --output-file order.erasure', role=OFFICER
    ),
    "log erase list": Example(),
    "log erase publish": Example(words="order.erasure"),
    "log erase sign": Example(words="order.erasure", role=OFFICER),
    "log evidence": Example(words="--output-file evidence.txt"),
    "log read": Example(words="partner.mirror"),
    "log resume": Example(words='--reason "The two notes were read."', role=OFFICER),
    "keys list": Example(),
    "keys passphrase": Example(words="--new-passphrase-file new"),
    "keys revoke": Example(words="8c20f1 --reason compromised"),
    "keys rotate": Example(words="--sign --root-passphrase-file root-passphrase"),
    "node backup": Example(words="node.backup"),
    "node forget": Example(words="TL-MBX-002"),
    "node mark": Example(),
    "node mirror": Example(words="--output-file us-justice.mirror"),
    "node queue": Example(),
    "node restore": Example(words="node.backup"),
    "node run": Example(words="--on request-arrived ./notify"),
    "node status": Example(),
    "node sync": Example(),
    "node take-over": Example(),
    "status": Example(exits="1: a check failed · 3: the node does not answer"),
    "console": Example(),
    "taxii account add": Example(words="siem --article narcotics-2026/money-laundering"),
    "taxii account list": Example(),
    "taxii account remove": Example(words="siem"),
    "taxii draft discard": Example(words="5f0c9a1b", role=CONTENTS),
    "taxii draft list": Example(),
    "taxii draft save": Example(words="5f0c9a1b --output-file draft.stix.json", role=CONTENTS),
    "taxii pull": Example(
        words="https://taxii.example/api/collections/91a7b528/ --output-folder new"
    ),
    "demo": Example(exits="1: a step is not proved"),
    "bench": Example(words=f"--packets 100 {_TO}", role=LIAISON),
    "config show": Example(words="--origin"),
    "completion": Example(words="bash"),
    "version": Example(),
}

EXCHANGE = {
    "admit": Example(),
    "backup": Example(),
    "check": Example(),
    "correct-time": Example(),
    "init": Example(words="--home exchange --name exchange.example --address 192.0.2.7:8443"),
    "migrate-documents": Example(),
    "migrate-store": Example(words="--home exchange --store postgresql://db.example/tearline"),
    "restore": Example(),
    "serve": Example(),
    "status": Example(exits="1: a check failed · 3: the exchange does not answer"),
    "federation decide": Example(),
    "federation publish": Example(),
    "federation show": Example(),
    "federation succeed": Example(),
    "keys discard": Example(),
    "keys prepare": Example(),
    "keys retire": Example(),
    "keys show": Example(),
    "verify-documents": Example(exits="5: a document is missing or damaged"),
    "verify-log": Example(exits="5: something is not as it was logged"),
}
