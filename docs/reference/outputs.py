"""The data that commands print with ``-o json``: keys, types and meanings, command by command.

The unit tests of the commands compare every row that any of them prints with this table.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tables import GENERATED, table

Schema = dict[str, object]

ID = "^[0-9a-f]{32,64}$"
TIME = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
TYPES: Mapping[str, tuple[str, Schema]] = {
    "text": ("text", {"type": "string"}),
    "id": ("id", {"type": "string", "pattern": ID}),
    "id-or-empty": ("id, or empty", {"type": "string", "pattern": f"{ID}|^$"}),
    "hex": ("hexadecimal", {"type": "string", "pattern": "^([0-9a-f]{2})*$"}),
    "time": ("time", {"type": "string", "format": "date-time", "pattern": TIME}),
    "number": ("whole number", {"type": "integer"}),
    "decimal": ("number", {"type": "number"}),
    "flag": ("true or false", {"type": "boolean"}),
    "texts": ("list of texts", {"type": "array", "items": {"type": "string"}}),
    "numbers": ("list of whole numbers", {"type": "array", "items": {"type": "integer"}}),
    "ids": ("list of ids", {"type": "array", "items": {"type": "string", "pattern": ID}}),
    "objects": ("list of objects", {"type": "array", "items": {"type": "object"}}),
    "any": ("any", {}),
    "scalar": ("text or whole number", {"type": ["string", "integer"]}),
}
OTHERS = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a row.

    Attributes:
        name: The key; ``OTHERS`` for keys whose names depend on the data.
        type: Its type, a key of ``TYPES``.
        meaning: Its meaning.
        nullable: Whether its value may be null.
        optional: Whether a row may lack it.
    """

    name: str
    type: str
    meaning: str
    nullable: bool
    optional: bool

    @property
    def schema(self) -> Schema:
        """The JSON Schema of its value."""
        value: Schema = {"description": self.meaning, **TYPES[self.type][1]}
        return {**value, "type": [value["type"], "null"]} if self.nullable else value


@dataclass(frozen=True, slots=True)
class Rows:
    """One kind of row that a command prints.

    Attributes:
        text: One key a line: its name, with ``~`` if a row may lack it; its type, with ``?`` if
            it may be null; its meaning.
        when: When the command prints this kind; empty for a command with one kind.
    """

    text: str
    when: str = ""

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of a row."""
        return tuple(_key(line) for line in self.text.strip().splitlines())

    def schema(self, *, exact: bool = False) -> Schema:
        """The JSON Schema of one row.

        Args:
            exact: Whether it refuses other keys. A published schema does not: later versions may
                add keys.
        """
        keys = {key.name: key for key in self.keys}
        others = keys.pop(OTHERS, None)
        found: Schema = {
            "type": "object",
            "properties": {name: key.schema for name, key in keys.items()},
            "required": [name for name, key in keys.items() if not key.optional],
        }
        if others:
            found["additionalProperties"] = others.schema
        elif exact:
            found["additionalProperties"] = False
        return found


def _key(line: str) -> Key:
    name, kind, meaning = line.split(maxsplit=2)
    return Key(
        name=name.removesuffix("~"),
        type=kind.removesuffix("?"),
        meaning=meaning,
        nullable=kind.endswith("?"),
        optional=name.endswith("~"),
    )


def schema_of(words: str, kinds: tuple[Rows, ...]) -> Schema:
    """The JSON Schema of the data that a command prints with ``-o json``."""
    rows = [
        {**({"description": kind.when} if kind.when else {}), **kind.schema()} for kind in kinds
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"tearline {words}",
        "type": "array",
        "items": rows[0] if len(rows) == 1 else {"anyOf": rows},
    }


ERROR: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Error of any tearline command",
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {
                    "description": "stable code",
                    "type": "string",
                    "pattern": "^TL-[A-Z]{3}-[0-9]{3}$",
                },
                "what": {"description": "what happened", "type": "string"},
                "why": {"description": "the reason in this case", "type": "string"},
                "next": {"description": "what to do next", "type": "string"},
                "exit_status": {"description": "the exit status", "type": "integer", "minimum": 1},
            },
            "required": ["code", "what", "why", "next", "exit_status"],
        }
    },
    "required": ["error"],
}


_RELEASED = (
    Rows(
        """
packet    id      the packet
accepted  number  statements that the exchange accepted, the same for each packet
""",
        "sent",
    ),
    Rows(
        """
packet  id      the packet
queued  number  its place among the decisions that wait
""",
        "queued, since the exchange is unreachable",
    ),
    Rows(
        """
pending  id  the release that waits for a second person
id       id  the same
""",
        "the article requires a second person",
    ),
)
_CELLS = """
field     text  end of the field's path
path      text  whole path
category  text  its category
partner   text  the partner
form      text  the form that the partner gets
seen_as   text  the value that the partner sees
shown     text  the same for people: references as names
by        text  policies of the agreement that decided
own       text  the agency's own policies that decided
reason    text  why no higher form
lessened  text  why it only exists though it may be generalised: no-coarser-form, beside-another
"""
_PREVIEW = Rows(_CELLS, "with `--dry-run`")
_CHANGES = Rows(
    """
change   text  gains, loses or text
article  text  the article; empty for the agreement itself
from     text  sender; empty for a term
to       text  recipient; empty for a term
what     text  category, or name of the term
before   text  form or value before
after    text  form or value after
uses     text  purposes and kinds of packet
""",
)
_CONSENT = """
consent  id     the consent
side     text   asked by us, or asked of us
partner  text   the other party
use      text   the use
status   text   its status
fields   text   ends of the fields' paths
for      text   the court, purpose or agency that it is for
until    time?  its end
packet   id     the packet
id       id     the same as `consent`
"""
_REQUEST = """
request           id       the packet that asks
id                id       the same
role              text     asker or asked
partner           text     the other party
urgency           text     its urgency
state             text     its state
question          flag     a question waits for the asker
due               time?    deadline; null once it has ended
due_ms            number?  the same in Unix milliseconds
left_ms           number?  milliseconds left; negative once overdue
left              text     the same in words
clock             text     why the clock stands, if it does
stopped_since     time?    since when it stands
stopped_since_ms  number?  the same in Unix milliseconds
suspended         flag     the agreement is suspended
overdue           flag     past its deadline without an answer
items             number   number of its items
open_items        number   items without an outcome
disputed          numbers  items whose refusal is disputed
frozen            flag     its asker froze it
waits             text     what it waits for
pending           ids      answers that wait for a second person
"""
_STATE = (Rows(_REQUEST),)
_FOUND = """
entry        number   index of the log's entry
time         time     time of the event
action       text     code of the event
actor        text     agency or node that acted
counterpart  text     the other party
party        text     agency of which the entry tells
packet       hex      first 12 digits of `packet_id`
packet_id    id-or-empty  the packet
statement    id-or-empty  the statement
agreement    id-or-empty  the agreement
article      text     the article
purpose      text     the purpose
pseudonym    id-or-empty  the person
seconded_by  id-or-empty  the second person
decisions    objects  compartment, category, form, policies and slots of each decision
outcome      text     its outcome
reason       text     its reason
count        number   acts that the entry stands for
"""
_COUNTS = """
entries  number  entries of the log
acts     number  acts that they stand for
*        text    the day; with `audit statistics` kind, action, outcome and reason
"""
_SIGHTING = """
partner     text     the partner, or (others)
node        text     URI of its node
granted     text     whether it was granted
form        text?    the form
delivered   text     whether it was delivered
opened      text     whether its node opened it
seen        text     whether a person saw it
seen_by     text     roles and beginnings of pseudonyms of the readers
readers     objects  role and pseudonym of each reader
article     text     the article
purpose     text     the purpose
by          text     policies that decided
persons     text     beginnings of pseudonyms of the persons who released
pseudonyms  ids      the same, whole
entry       number?  the log's entry
proven      text     verified, failed or indeterminate
grant       id-or-empty  the grant
erased_by   numbers  entries with the orders that erased it
"""
_IMPORTED = (
    Rows(
        """
line     number  line of the file; 0 for an object without a line
column   text    its column, property or path
part     number  the part of the property that it concerns
concern  text    the kind of finding
why      text    the reason
object   text    id of the object in the source, or empty
""",
    ),
)
_CASE = """
id     id    the case
title  text  its title
"""

# Each command that prints rows; the others print text, files or messages only.
OUTPUTS: Mapping[str, tuple[Rows, ...]] = {
    "todo": (
        Rows(
            """
kind         text     kind of task
id           hex      its subject; empty where the task has none
name         text     name of its subject
partner      text     the partner
partner_uri  text     URI of the partner
count        number   how much waits
due          time?    deadline
due_ms       number?  the same in Unix milliseconds
since        time?    since when it waits
since_ms     number?  the same in Unix milliseconds
late         flag     past its deadline
task         text     the task in words
next         text     the next command
""",
        ),
    ),
    "inbox": (
        Rows(
            """
packet    id     the packet
unread    flag   no person here has seen it
from      text   the sender
from_uri  text   URI of the sender's node
subject   text   names in it, joined
names     texts  the same, one by one
kind      text   kind of packet
case      text   title of its case, or its id
case_id   text   id of its case; empty without
urgency   text   its urgency
at        time?  when it arrived
""",
        ),
    ),
    "status": (
        Rows(
            """
check   text  what was checked
health  text  ok, attention or failed
state   text  what was found
""",
        ),
    ),
    "federation history": (
        Rows(
            """
entry     number  log entry of the vote that completed it
decision  text    amend, admit, remove or replace
subject   text    agency; empty for an amendment
content   id      statement id of amendment or member record; empty for a removal
votes     text    agencies whose votes counted
""",
        ),
    ),
    "federation members": (
        Rows(
            """
member      text    agency
uri         text    its URI
status      text    member, left or removed
generation  number  its generation
council     flag    votes
cosigner    flag    its cosignatures are counted
since       number  log entry by which its generation became a member
entry       number  log entry of its last change
key         id      id of its root key
""",
        ),
    ),
    "federation pending": (
        Rows(
            """
decision  text    amend, admit, remove or replace
subject   text    agency; empty for an amendment
content   id      statement id of amendment or member record; empty for a removal
votes     text    agencies that voted
missing   number  votes that are missing at least
until     time    end of the first vote
""",
        ),
    ),
    "federation rules": (
        Rows(
            """
decision  text    kind of decision
votes     number  votes that it needs
of        number  members of the council
""",
        ),
    ),
    "federation show": (
        Rows(
            """
member  text  agency, or (exchange)
uri     text  its URI
key     id    id of its root key, or of the exchange's signing key
""",
        ),
    ),
    "person list": (
        Rows(
            """
person     text  name of the person
roles      text  roles
clearance  text  highest marking that the person may see
enabled    flag  may act
""",
        ),
    ),
    "person enrol": (
        Rows(
            """
person  text  name of the person
code    text  the code to enrol a passkey in the console
ends    time  its end
""",
        ),
    ),
    "agreement counter": (_CHANGES,),
    "agreement amend": (_CHANGES,),
    "agreement diff": (_CHANGES,),
    "agreement gap": (
        Rows(
            """
article       text     the article
from          text     sender
to            text     recipient
suspended     time     start of the suspension
resumed       time?    its end
marks_before  text     marks of both ends before it
marks_after   text     marks of both ends after it
between       text     statements between the marks, by type
crossed       number   number of packets that crossed the suspension
proved        flag     the gap is proved
entries       numbers  entries of the log that prove it
crossing      numbers  entries of the packets that crossed
""",
        ),
    ),
    "agreement list": (
        Rows(
            """
agreement    text    its name
version      number  its version
state        text    its state
from         time    start of its validity
until        time    end of its validity
articles     text    ids of its articles
signed_by    text    parties that signed
declined_by~ text    parties that declined the proposal
answer_by~   time    until when the proposal is open
proposal~    id      the proposal
id           id      the agreement
""",
        ),
    ),
    "agreement propose": (_CHANGES,),
    "agreement show": (
        Rows(
            """
article       text  the article
partner       text  the partner
category      text  the category
highest_form  text  the highest form that the partner may get
highest_tlp   text  the highest traffic light
""",
        ),
        Rows(_CHANGES.text, "with `--diff`"),
    ),
    "agreement sign": (_CHANGES,),
    "policy check": (
        Rows(
            """
policy   text  id of the policy
finding  text  the defect
""",
        ),
    ),
    "policy diff": (
        Rows(
            """
category       text   the category
partner        text   the partner
before         text?  highest form before
after          text?  highest form after
reveals_more   flag   the partner sees more
reason_before  text?  why no higher form, before
reason_after   text?  why no higher form, after
""",
        ),
    ),
    "policy explain": (
        Rows(
            """
form            text   the form
released        flag   the form is allowed
agreement_says  flag?  answer of the agreement's policies; null if they were not asked
by              text   policies that answered
own_says        flag?  answer of the agency's own policies
own_by          text   own policies that answered
reason          text   why no higher form
""",
        ),
    ),
    "policy matrix": (
        Rows(
            """
category  text  the category
*         text  highest form for the partner of this name
""",
        ),
    ),
    "policy test": (
        Rows(
            """
case      text   name of the case
passed    flag   the decision is the expected one
expected  text   expected form
decided   text   decided form
by        text   policies of the agreement that decided
own       text   own policies that decided
reason    text   why no higher form
faults    texts  policies that could not be evaluated
""",
        ),
    ),
    "packet approve": _RELEASED,
    "packet correct": (
        *_RELEASED,
        Rows(
            """
field     text  end of the field's path
path      text  whole path
category  text  its category
partner   text  the partner
before    text  what the partner sees today
after     text  what the partner would see
""",
            "with `--dry-run`",
        ),
    ),
    "packet disclose": _RELEASED,
    "packet exhibit": (
        Rows(
            """
file          text  the exhibit's file
federation    id    id of the federation, to be told out of band
certified_by  text  statements; or directory, whose reader needs a policy file
""",
        ),
    ),
    "packet export": (
        Rows(
            """
file   text    the written file
type   text    type of the document
bytes  number  its size
""",
        ),
    ),
    "packet kinds": (
        Rows(
            """
kind   text  kind of packet
tells  text  its use
""",
            "without KIND",
        ),
        Rows(
            """
field    text  schema and property
needed   text  yes or no
values   text  one or several
holds    text  what a value is
example  text  a value
""",
            "with KIND",
        ),
    ),
    "packet list": (
        Rows(
            """
packet        id           the packet
id            id           the same
from          text         us, or the sender
kind          text         kind of packet
case          text         title of its case, or its id
case_id       text         id of its case; empty without
urgency       text         its urgency
at            time?        when it arrived or was sent
corrects      id-or-empty  the packet that it replaces
corrected_by  id-or-empty  the packet that replaces it
recalled      flag         whether it, or a part of it, was recalled
""",
        ),
    ),
    "packet pass-on": (*_RELEASED, Rows(_CONSENT, "asked of the originator")),
    "packet pending": (
        Rows(
            """
pending  id     the release
id       id     the same
what     text   its content
to       text   its recipients
article  text   the article
by       text   the drafter
at       time   when it was drafted
until    time?  when it expires
""",
            "without ID",
        ),
        Rows(
            """
field       text   end of the field's path
path        text   whole path
category    text   its category
partner     text   the partner
form        text   the form that the partner gets
seen_as     text   the value that the partner sees
shown       text   the same for people: references as names
by~         text   policies of the agreement that decided
own~        text   the agency's own policies that decided
reason~     text   why no higher form
lessened~   text   why it only exists though it may be generalised: no-coarser-form, beside-another
drafted_as  text?  the form at the time of drafting
""",
            "with ID",
        ),
    ),
    "packet preview": (Rows(_CELLS),),
    "packet recall": (
        Rows(
            """
partner  text  the partner
packet   id    the packet
what     text  a field, or everything
""",
        ),
    ),
    "packet recalls": (
        Rows(
            """
packet       id     the packet
id           id     the same
by           text   us, partner, or nobody yet
partner      text   the partner
what         text   a field, or everything
reason~      text   reason of the recall
state        text   its state
ground       text   ground for keeping it
due~         time?  deadline of the answer
answered~    time?  when it was answered
not_undone~  text   earlier uses of the packet
""",
        ),
    ),
    "packet search": (
        Rows(
            """
packet        id           the packet
id            id           the same
from          text         us, or the sender
kind          text         kind of packet
case          text         id of its case; empty without
at            time?        when it arrived or was sent
field         text         end of the field's path
form          text         the form that is here
fits          text         how well it fits
widened_by    text         the common syllables, where the search was widened; or empty
corrected_by  id-or-empty  the packet that replaces it
value         text         the value
""",
        ),
    ),
    "packet send": _RELEASED,
    "packet show": (
        Rows(
            """
part      text     field, kept back, or handling
field     text     end of the field's path; of a field
path      text     whole path; of a field
category  text     category; of a field, and of fields kept back
form      text     the form that is here; of a field
mask      text     the rule of a generalised value
marking   text     marking; of a field
value     text     the value
shown     text     the same for people: references as names
problem   text     why it is not valid for its kind; empty if it is
slot      number?  slot; of a field
count     number?  number of fields kept back
reason    text     why they are kept back
code      text     code of a rule of handling
text      text     the reason or the rule in words
""",
        ),
    ),
    "packet strip-metadata": (
        Rows(
            """
document  text    the document, then its copy
bytes     number  its size
sha256    text    its SHA-256, hexadecimal
""",
        ),
    ),
    "packet status": (
        Rows(
            """
partner   text    the partner
place     number  number of the grant in the channel
status    text    its status
released  number  compartments and single fields that it opens
grant     id      the grant
""",
        ),
    ),
    **{
        f"request {step}": _STATE
        for step in (
            *("admit", "authorise", "clarify", "close", "contest", "preserve-extend", "refuse"),
            *("reject", "withdraw"),
        )
    },
    "request answer": (Rows(_REQUEST, "answered"), _PREVIEW, _RELEASED[2]),
    "request list": _STATE,
    "request new": (Rows("request  id  the packet that asks", "sent"), _PREVIEW, _RELEASED[2]),
    "request show": (
        Rows(
            """
item          number       number of the item
record        text         the record asked for
outcome       text         its outcome
ground        text         ground of a refusal
answer        id-or-empty  the packet that answers
earlier       ids          packets that answered before
corrected_by  id-or-empty  the packet that replaces the answer
""",
            "items",
        ),
        Rows(
            """
at       time?    when
by       text     the side that took it
step     text     the step
items    text     numbers of its items
text     text     its note
useful   flag?    whether the answer was useful, on closing
entry    number?  the log's entry
refused  text     code of a refusal by the exchange
repeats  text     reason to repeat a value that was kept back
""",
            "with `--steps`",
        ),
    ),
    "request supplement": (Rows(_REQUEST, "answered"), _PREVIEW, _RELEASED[2]),
    "consent ask": (Rows(_CONSENT),),
    "consent give": (Rows(_CONSENT), _RELEASED[2]),
    "consent list": (Rows(f"{_CONSENT}waits  text  for a second person, or empty"),),
    "consent own-list": (
        Rows(
            """
packet   id    the packet
field    text  end of the field's path
officer  text  the officer who recorded it
at       time  when
reason   text  the reason
""",
        ),
    ),
    "consent refuse": (Rows(_CONSENT),),
    "consent show": (
        Rows(
            """
step     text   the step
by       text   us, or the partner
at       time?  when
fields   text   ends of the fields' paths
for      text   the court, purpose or agency that it is for
until    time?  end of the consent
note     text   the note
repeats  text   reason to repeat a value that was kept back
packet   id     the packet
paths    texts  whole paths of the fields
""",
        ),
    ),
    "consent withdraw": (Rows(_CONSENT),),
    "transfer match": (
        Rows(
            """
score           text  fit of the pair, a decimal number
pay_in          text  source and name of the payment in
pay_out         text  source and name of the payment out
why             text  the reasons
pay_in_source   text  file, or id of the packet
pay_out_source  text  file, or id of the packet
""",
        ),
    ),
    "case list": (
        Rows(
            f"""{_CASE.rstrip()}
lead      text  the leading agency
standing  text  our standing in it
members   text  members
to_join   text  agencies that have not joined yet
""",
        ),
    ),
    "case open": (Rows(_CASE),),
    "case show": (
        Rows(
            """
agency    text  the agency
standing  text  its standing
""",
        ),
    ),
    "case timeline": (
        Rows(
            """
entry  number?  the log's entry
time   time?    when
what   text     the event
by     text     the agency that acted
with   text     the other agency
about  text     its subject
""",
        ),
    ),
    "import camt": _IMPORTED,
    "import stix": _IMPORTED,
    "import csv": _IMPORTED,
    "import eu": _IMPORTED,
    "import ftm": _IMPORTED,
    "import misp": _IMPORTED,
    "import mt940": _IMPORTED,
    "import ofac": _IMPORTED,
    "import un": _IMPORTED,
    "audit access": (
        Rows(
            """
entry      number       number of the entry
time       time         when
action     text         the act
actor      text         the person, or the node
packet     id-or-empty  the packet
packet_id  id-or-empty  the same
fields     text         ends of the fields' paths
paths      texts        whole paths
slots      numbers      slots of the fields
shown      objects      category, form and slots
act        id-or-empty  the statement of the act
person     text         the person whom a sign-in or a change concerns
detail     text         the roles given, or the proof of a sign-in
reason     text         code of the error of a refused sign-in
""",
        ),
        Rows(
            """
outcome  text  verified, failed or indeterminate
finding  text  the finding
code     text  its code
""",
            "with `--verify`",
        ),
    ),
    "audit checkpoint": (
        Rows(
            """
origin      text    name of the log
size        number  number of its entries
root        id      hash of its tree
time        time?   newest time of a cosignature
signatures  number  number of signatures
""",
        ),
    ),
    "audit hash": (
        Rows(
            """
packet     id     the packet
packet_id  id     the same
from       text   the sender
received   time?  when it arrived
""",
        ),
    ),
    "audit policy": (
        Rows(
            """
role  text  role of the key in the policy
name  text  name of the key
key   text  the key, as a note names it
""",
        ),
    ),
    "audit prove": (
        Rows(
            """
entry  number  the log's entry
file   text    file of the proof
about  id      the statement or packet
""",
        ),
    ),
    "audit search": (
        Rows(
            f"""{_FOUND.rstrip()}
opening     text    base64 of the entry's opening
path        texts   inclusion proof, in base64
size        number  size of the tree that proves it
checkpoint  text    signed note of that size, with the first row that needs it
proven      flag    always true: entries that fail are refused
""",
        ),
        Rows(_COUNTS, "with `--histogram`"),
    ),
    "audit statistics": (Rows(_COUNTS),),
    "audit verify": (
        Rows(
            """
file      text     the file
outcome   text     verified, failed or indeterminate
why       text     codes and texts of the findings
findings  objects  outcome, code and text of each
*         any      what the file shows: entry, time, action, and of an exhibit its fields
""",
        ),
    ),
    "audit who-saw": (
        Rows(_SIGHTING, "of a field of a packet"),
        Rows(
            f"""
packet      id       the packet
packet_id   id       the same
field       text     end of the field's path
path        text     whole path
{_SIGHTING.strip()}
""",
            "of a value",
        ),
    ),
    "log cosigners": (
        Rows(
            """
agency   text    the agency
entries  number  entries that it has cosigned
at       time?   when
counted  text    `yes` for a counted cosigner
missing  text    the entry still to be cosigned
""",
        ),
    ),
    "log erase list": (
        Rows(
            """
entry    number  entry of the order
erased   text    numbers of the erased entries
parties  text    agencies that signed
reason   text    the reason
repeats  text    reason to repeat a value that was kept back
id       id      the order
""",
        ),
    ),
    "log evidence": (
        Rows(
            """
id        id    the evidence
found     time  when it was found
shows     text  `two histories`, or a wrong `directory`
decision  text  the officer's decision
""",
        ),
    ),
    "keys list": (
        Rows(
            """
use    text   use of the key
key    id     the key
id     id     the same
state  text   in force, ended or revoked
until  time?  its end
here   flag   its private part is here
""",
        ),
    ),
    "node queue": (
        Rows(
            """
number   number  its number, for `--forget`
what     text    the decision
decided  time    when
stopped  text    code that prevents it; empty if none does
""",
        ),
    ),
    "node status": (
        Rows(
            """
what   text    part of the node
which  text    which one: a name, a state, an id
state  scalar  its state
at     time?   the time that `state` names
""",
        ),
    ),
    "demo": (
        Rows(
            """
step    text  the step
proved  flag  its claim was proved
claim   text  the claim
""",
        ),
    ),
    "bench": (
        Rows(
            """
what     text      what was measured
packets  number    number of packets
per_s    decimal?  packets per second
p50_ms   decimal?  median in milliseconds
p99_ms   decimal?  99th percentile in milliseconds
entries  number?   entries of the log
""",
        ),
    ),
    "config show": (
        Rows(
            """
setting   text    name of the setting
value     scalar  its value
origin~   text    where the value comes from, with `--origin`
meaning~  text    its meaning, with `--origin`
""",
        ),
    ),
    "version": (
        Rows(
            """
tearline  text    version of the program
protocol  number  version of the protocol
suite     number  suite of cryptography
python    text    version of Python
""",
        ),
    ),
}


def schema_lines(schema: Schema) -> Iterator[str]:
    """A schema, as a file."""
    yield json.dumps(schema, indent=2, ensure_ascii=False)


def schema_file(words: str) -> str:
    """The name of a command's schema, in this folder."""
    return f"schemas/{words.replace(' ', '-')}.json"


def outputs_page() -> Iterator[str]:
    """The keys of every command's rows, each with its type and meaning."""
    yield "# Output as JSON"
    yield GENERATED
    yield ""
    yield (
        "With `-o json` a command prints one list of objects, with `-o jsonl` one object a line. "
        "Each has the keys below; a schema ([JSON Schema](https://json-schema.org) 2020-12) of the "
        "list is beside each command. Keys keep their names and types; later versions may add "
        "keys. Tables and CSV print some of the keys, in the order of the table."
    )
    yield ""
    yield (
        "A **time** is ISO 8601 in UTC, such as `2026-02-17T12:30:00Z`. An **id** is whole, in "
        "hexadecimal. Messages for people are not data: they stand on standard error, and `-q` "
        "leaves them out. Commands that this page does not name print no rows."
    )
    yield ""
    yield "## Errors"
    yield ""
    yield (
        "With `json` and `jsonl`, an error is one object on standard error "
        "([schema](schemas/error.json)): `error`, with `code`, `what`, `why`, `next` and "
        "`exit_status`; [errors](errors.md) lists them. A command line that cannot be read is "
        "refused in text, with exit status 2."
    )
    for words, kinds in OUTPUTS.items():
        yield ""
        yield f"## tearline {words}"
        yield ""
        yield f"[Schema]({schema_file(words)})."
        for kind in kinds:
            yield ""
            if kind.when:
                yield f"{kind.when[0].upper()}{kind.when[1:]}:"
                yield ""
            yield from table(("key", "type", "meaning"), map(_row, kind.keys))


def _row(key: Key) -> tuple[str, str, str]:
    name = "others" if key.name == OTHERS else f"`{key.name}`"
    null = " or null" if key.nullable else ""
    return name, TYPES[key.type][0] + null, key.meaning + ("; may be absent" * key.optional)


SCHEMAS = {
    "schemas/error.json": ERROR,
    **{schema_file(words): schema_of(words, kinds) for words, kinds in OUTPUTS.items()},
}
