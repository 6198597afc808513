"""Messages of refused-v1.json that break one bound of a table each, by the field that breaks it."""

from collections.abc import Callable, Iterator, Mapping

from support import agencies as b
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import parse_clear
from tearline.wire.grants import parse_log_opening
from vectors.own.frozen import file_of
from vectors.own.plain import Json
from vectors.own.spelling import fields_of, respelled, spelled

US, MX, CN = b.US, b.MX, b.CN
DAY_MS = b.DAY_MS
Change = Callable[[bytes], bytes]
"""From a good message to a bad one."""
BadCopy = tuple[str, str, str, str, Change]
"""The rule, the message, which of the good ones, what is wrong, and how it becomes so."""


def bounds_further() -> Json:
    """A bad copy for each bound; all else in it is good."""
    good = good_messages()
    return [
        {
            "name": f"{message}: {what}",
            "rule": rule,
            "message": message,
            "bytes": change(good[which]).hex(),
            "code": "TL-PKT-001",
        }
        for rule, message, which, what, change in bad_copies()
    ]


def good_messages() -> Mapping[str, bytes]:
    """Good ones: by type of a statement, by use of a key, by kind of a vote, and an event."""
    files = [*file_of("log")["entries"], *file_of("trust")["entries"]]
    found: dict[str, bytes] = {}
    for entry in [parse_clear(bytes.fromhex(each["entry"])) for each in files]:
        if entry is None:
            continue
        body = entry.statement.body
        parts = dict(fields_of(body))
        name = entry.statement.type.name
        if entry.statement.type in (StatementType.KEY_RECORD, StatementType.VOTE):
            name = value_of(parts[2 if name == "VOTE" else 3]).decode()
        found.setdefault(name, body)
    proof = next(each for each in file_of("log")["entries"] if "opening" in each)
    found["event"] = parse_log_opening(bytes.fromhex(proof["opening"]["encoded"])).event
    found["LEAVE"] = dict(fields_of(found["MEMBER_RECORD"]))[1]  # a header, and no reason
    return found


def value_of(field: bytes) -> bytes:
    """The bytes in a field, without tag and length."""
    at = 1
    while field[at] > 127:
        at += 1
    return field[at + 1 :]


def within(*path: int) -> Callable[[Change], Change]:
    """Applies a change to a message inside others, by the numbers of their fields."""

    def applied(change: Change) -> Change:
        for number in reversed(path):
            change = _inside(number, change)
        return change

    return applied


def _inside(number: int, change: Change) -> Change:
    def changed(data: bytes) -> bytes:
        inner = value_of(dict(fields_of(data))[number])
        return respelled(data, number, spelled(number, change(inner)))

    return changed


def put(number: int, *values: bytes | int | str) -> Change:
    """Puts values in place of a field's; none leaves the field out."""
    encoded = [each.encode() if isinstance(each, str) else each for each in values]
    return lambda data: respelled(data, number, b"".join(spelled(number, e) for e in encoded))


def bad_copies() -> Iterator[BadCopy]:
    """Each bound once."""
    yield from of_keys()
    yield from of_constitutions()
    yield from of_members()
    yield from of_decisions()
    yield from of_events()


def of_keys() -> Iterator[BadCopy]:
    """log-v1, section 6."""
    begin = b.NOW_MS
    for which, days in (("sign", 732), ("kem", 14), ("cosign", 732)):
        last = begin + days * DAY_MS
        dated = put(6, begin)
        for what, end in (
            ("a life one millisecond too long", last + 1),
            ("an end at the beginning", begin),
        ):
            yield "L-12", "KeyRecord", which, f"{what}, to {which}", _both(dated, put(7, end))
        short = put(4, bytes(31))
        yield "L-12", "KeyRecord", which, f"a key of 31 bytes, to {which}", short
    for which in ("kem", "cosign"):
        yield "L-12", "KeyRecord", which, f"types of a key to {which}", put(5, bytes([6]))
    for what, types in (
        ("no types", ()),
        ("types out of order", (bytes([7, 6]),)),
        ("a type twice", (bytes([6, 6]),)),
        ("a type that is none", (bytes([6, 25]),)),
    ):
        yield "L-12", "KeyRecord", "sign", what, put(5, *types)
    yield "L-12", "KeyRecord", "sign", "an unknown use", put(3, "seal")
    yield "L-12", "KeyRecord", "sign", "an agency as subject", put(2, US)
    yield "L-12", "Revocation", "REVOCATION", "a key's id of 31 bytes", put(2, bytes(31))
    yield "L-12", "Revocation", "REVOCATION", "too long a reason", put(3, "é" * 2049)


def _both(*changes: Change) -> Change:
    def changed(data: bytes) -> bytes:
        for change in changes:
            data = change(data)
        return data

    return changed


def of_constitutions() -> Iterator[BadCopy]:
    """F-1, of a charter's constitution."""
    rules = {1: "admit", 2: "remove", 3: "exchange", 4: "council", 5: "rules", 6: "cosigners"}
    for what, change in (
        ("no council", put(1)),
        ("a council out of order", put(1, US, MX)),
        ("an agency twice in the council", put(1, MX, MX, US)),
        ("a node in the council", put(1, f"{MX}/node/hub", US)),
        *(
            (f"half of the council to {name}", within(2)(put(number, 1)))
            for number, name in rules.items()
        ),
        ("a threshold of 65", within(2)(put(1, 65))),
        ("cosigners out of order", put(3, US, MX)),
        ("an exchange as cosigner", put(3, b.EXCHANGE)),
        ("no cosigner", put(3)),
        ("no quorum", put(4)),
        ("a quorum of one of two", put(4, 1)),
        ("a quorum of three of two", put(4, 3)),
        ("an agency as exchange", within(5)(put(1, CN))),
        ("a signing key of 1,983 bytes", within(5)(put(2, bytes(1983)))),
        ("no certificate of the exchange", within(5)(put(3))),
        ("too large a certificate", within(5)(put(3, bytes(16_385)))),
        ("no key of the log", within(6)(put(2))),
    ):
        yield "F-1", "Charter", "CHARTER", what, within(4)(change)
    yield "F-1", "Charter", "CHARTER", "no name", put(2)
    yield "F-1", "Charter", "CHARTER", "no founders", put(3)
    yield "F-1", "Charter", "CHARTER", "founders out of order", put(3, b"\2" * 32, b"\1" * 32)


def of_members() -> Iterator[BadCopy]:
    """F-1, of agencies and their records."""

    def same_keys(agency: bytes) -> bytes:
        return put(6, value_of(dict(fields_of(agency))[3]))(agency)

    certificate = bytes([48, 0])
    for what, change in (
        ("no name", put(1)),
        ("capitals in a name", put(1, "US")),
        ("a hyphen at the end of a name", put(1, "us-")),
        ("a name of 65 characters", put(1, "u" * 65)),
        ("another agency's URI", put(2, CN)),
        ("a root of 1,983 bytes", put(3, bytes(1983))),
        ("no certificate", put(4)),
        ("nine certificates", put(4, *[certificate] * 9)),
        ("too large a certificate", put(4, bytes(16_385))),
        ("nine token issuers", put(5, *[bytes(32)] * 9)),
        ("a token issuer of 31 bytes", put(5, bytes(31))),
        ("a recovery key of 1,983 bytes", put(6, bytes(1983))),
        ("the root as recovery key", same_keys),
    ):
        yield "F-1", "MemberRecord", "MEMBER_RECORD", what, within(5)(change)
    for what, change in (
        ("no generation", put(2)),
        ("no number", put(3)),
        ("the first with a record before", put(4, bytes(32))),
        ("the second without one before", put(3, 2)),
    ):
        yield "F-1", "MemberRecord", "MEMBER_RECORD", what, change


def of_decisions() -> Iterator[BadCopy]:
    """F-1, of amendments, votes and leaves."""
    for what, change in (
        ("a root without a size", put(5, bytes(32))),
        ("a size without a root", put(4, 9)),
        ("a root of 31 bytes", _both(put(4, 9), put(5, bytes(31)))),
        ("no predecessor", put(2)),
    ):
        yield "F-1", "Amendment", "AMENDMENT", what, change
    for which, what, change in (
        ("admit", "an unknown kind", put(2, "expel")),
        ("admit", "no subject to admit", put(4)),
        ("admit", "a node as subject", put(4, f"{CN}/node/hub")),
        ("admit", "no record to admit", put(6, bytes(32))),
        ("remove", "a record to remove", put(6, b"\1" * 32)),
        ("amend", "a subject to amend", put(4, CN)),
        ("amend", "a state to amend", put(5, b"\1" * 32)),
    ):
        yield "F-1", "Vote", which, what, change
    yield "F-1", "Leave", "LEAVE", "too long a reason", put(2, "é" * 2049)


def of_events() -> Iterator[BadCopy]:
    """log-v1, section 3."""
    for what, change in (
        ("a statement's id of 31 bytes", put(1, bytes(31))),
        ("an unknown code", put(2, "packet-lost")),
        ("no party", put(3)),
        ("no time", put(4)),
        ("an actor that is no URI", put(5, "us-justice")),
        ("a pseudonym of 31 bytes", put(6, bytes(31))),
        ("a counterpart that is no URI", put(7, "mx-finance")),
        ("a packet of 31 bytes", put(8, bytes(31))),
        ("an agreement of 17 bytes", put(9, bytes(17))),
        ("an unknown outcome", put(14, "partial")),
        ("a reason of a success", put(15, "TL-PKT-001")),
        ("a refusal without a reason", put(14, "refused")),
        ("no count", put(16)),
        ("a second person without a first", _both(put(6), put(17, bytes(32)))),
        ("a decision in an unknown form", put(13, spelled(2, b"location") + spelled(3, b"open"))),
        ("a decision of no category", put(13, spelled(2, b"place") + spelled(3, b"clear"))),
    ):
        yield "L-5", "Event", "event", what, change
