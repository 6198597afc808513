"""Statements of banks by SWIFT: MT940 (statements) and MT942 (reports of the day).

Files have messages with SWIFT's blocks (``{1:…}{4:``) or the text of block 4 alone. The parser is
written for this purpose: the package ``mt-940`` holds the whole file, guesses where a field does
not fit, and has no line numbers for a report. Here each field of ``:61:`` has its exact form, and
one message is held at a time.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused
from tearline.limits import MAX_FIELD_BYTES
from tearline_client.connectors.contract import Importer, Option, Options
from tearline_client.connectors.importers.mt940_details import parse_details
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.source import ENCODINGS, read_lines
from tearline_client.connectors.importers.statements import (
    NOT_PROVIDED,
    OPENING_STAYS,
    Account,
    Party,
    Side,
    Statement,
    Transaction,
    add_exactly,
    parse_amount,
)
from tearline_client.planning.entities import Entity

_TAG = re.compile(r":(?P<tag>\d\d[A-Z]?):(?P<rest>.*)", re.DOTALL)
_BLOCKS = re.compile(r"(?:\{[1235S]:[^{}]*(?:\{[^{}]*\}[^{}]*)*\})+|\{4:")
_END = re.compile(r"-|-\}.*|:94[02]:")  # of block 4, of a message without blocks, of a bank
_BALANCE = re.compile(
    r"(?P<sign>[CD])(?P<date>\d{6})(?P<currency>[A-Z]{3})(?P<amount>\d{1,15},?\d{0,5})"
)
_ENTRY = re.compile(
    r"(?P<value>\d{6})(?P<booked>\d{4})?(?P<sign>R?[CD]|E[CD])(?P<funds>[A-Z])?"
    r"(?P<amount>\d{1,15},?\d{0,5}) ?(?P<type>[A-Z][A-Z0-9 ]{3})(?P<reference>[^\n]*?)"
    r"(?://(?P<bank>[^\n]*))?(?:\n(?P<more>.*))?",
    re.DOTALL,
)
_REFERENCE = 16  # characters of a customer's reference; banks write further text behind them
_SUMS = re.compile(r"(?P<number>\d{1,5})(?P<currency>[A-Z]{3})(?P<amount>\d{1,15},?\d{0,5})")
_FORMS = {  # with a comma before the decimals, and no sign between thousands
    _BALANCE: "C260301EUR1234,50",
    _ENTRY: "2603010301D1234,50NTRFNONREF",
    _SUMS: "2EUR1234,50",
}
_CREDIT = {"C": True, "RD": True, "D": False, "RC": False, "EC": True, "ED": False}
_EXPECTED = ("EC", "ED")
_NONE = re.compile(r"NONREF|[A-Z]{4}\+|")  # or a word that points to field 86
_CONTROLS = " \r\n\x01\x03"  # around a line; SOH and ETX frame messages
_HEADER = re.compile(r"[A-Z0-9]{1,12}|:940:|:942:")  # lines of some banks before a message
_NO_NUMBER = ("", "NONREF", NOT_PROVIDED)


@immutable
class _Field:
    """A field of a message: its tag, its text with inner line ends, and the line of its tag."""

    tag: str
    text: str
    line: int


def iter_mt940(stream: BinaryIO, report: Report, encoding: str = "utf-8") -> Iterator[Entity]:
    """Yields the entities of a file, entry by entry.

    Raises:
        ImportRefused: If the file has no message, or a field of one is not in its form.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    statement: _Message | None = None
    count = 0
    for field in _fields(stream, encoding, report):
        if field.tag == "20":
            if statement is not None:
                yield from statement.end()
            count += 1
            statement = _Message(field, count, report)
        elif statement is None:
            raise ImportRefused(f"line {field.line}: field {field.tag} stands before field 20")
        else:
            yield from statement.entities(field)
    if statement is None:
        raise ImportRefused("line 1: no field 20, with which a message begins")
    yield from statement.end()


def _fields(stream: BinaryIO, encoding: str, report: Report) -> Iterator[_Field]:
    """Yields the fields of all messages; reports blocks and lines around their texts once.

    Raises:
        ImportRefused: If a line is neither, or a field is too large.
    """
    tag, begin, parts, size = "", 0, list[str](), 0
    for line, raw in read_lines(stream, encoding=encoding):
        text = raw.strip(_CONTROLS)
        ends = _END.fullmatch(text)
        if tag and ends:
            yield _Field(tag=tag, text="\n".join(parts), line=begin)
            tag = ""
        if not tag:
            begins = 0
            while blocks := _BLOCKS.match(text, begins):
                begins = blocks.end()
            text = text[begins:]
            if begins or (text not in ("", "-", "-}") and (ends or _HEADER.fullmatch(text))):
                why = "a block or line around the message"
                report.add_once(Concern.STAYS_HOME, why, line=line, column="header")
        found = _TAG.fullmatch(text)
        if tag and found:
            yield _Field(tag=tag, text="\n".join(parts), line=begin)
            tag = ""
        if found:
            tag, begin, parts, size = found["tag"], line, [found["rest"]], 0
        elif tag:
            parts.append(text)
            size += len(text) + 1
            if size > MAX_FIELD_BYTES:
                raise ImportRefused(f"line {line}: a field of over {MAX_FIELD_BYTES} characters")
        elif text and not ends and not _HEADER.fullmatch(text):
            raise ImportRefused(f"line {line}: not a field of a message")
    if tag:
        yield _Field(tag=tag, text="\n".join(parts), line=begin)


class _Message:
    """A message while it is read."""

    def __init__(self, begin: _Field, count: int, report: Report) -> None:
        self._begin = begin
        self._key = [begin.text, str(count)]
        self._number = [] if begin.text.strip() in _NO_NUMBER else [" ".join(begin.text.split())]
        self._is_numbered = False
        self._report = report
        self._statement: Statement | None = None
        self._opening: tuple[Decimal, str] | None = None
        self._closing: tuple[Decimal, str, str, int] | None = None
        self._entry: tuple[re.Match[str], int] | None = None
        self._texts: list[str] = []
        self._size = 0
        self._entries = 0
        self._currency = ""
        self._sums = {tag: (0, Decimal()) for tag in ("90C", "90D")}

    def entities(self, field: _Field) -> Iterator[Entity]:
        """Yields the entities that a field completes."""
        if field.tag == "86" and self._entry is not None:
            self._texts.append(field.text)  # some banks write several
            self._size += len(field.text) + 1
            if self._size > MAX_FIELD_BYTES:
                raise ImportRefused(f"line {field.line}: fields 86 of over {MAX_FIELD_BYTES}")
            return
        yield from self._end_entry()
        match field.tag:
            case "25" | "25P":
                self._account(field)
            case "28" | "28C" if not self._is_numbered:
                self._is_numbered = True
                self._number.append(" ".join(field.text.split()))
                self._tell(field.text)
            case "60F" | "60M" if self._opening is None:
                self._opening = self._balance(field)[:2]
                self._tell(field.text)
                self._report.add_once(
                    Concern.STAYS_HOME, OPENING_STAYS, line=field.line, column=field.tag
                )
            case "62F" | "62M" if self._closing is None:
                self._closing = (*self._balance(field), field.line)
            case "61":
                self._entry = self._parsed(_ENTRY, field), field.line
            case "90C" | "90D":
                self._check_sum(field)
            case "34F":
                self._currency = field.text[:3]
                self._leave(field, "the least amount that the bank reports; its currency is taken")
            case "86":
                self._leave(field, "a text about the whole statement")
            case _:
                self._leave(field, "no property takes it")

    def end(self) -> Iterator[Entity]:
        """Yields the last entities, and compares the sums."""
        yield from self._end_entry()
        if self._statement is not None:
            self._statement.leave_number(line=self._begin.line, column=self._begin.tag)
        else:
            self._leave(self._begin, "the number of a message without an account")
        if self._closing is None:
            return
        amount, currency, date, line = self._closing
        statement = self._known(line)
        yield from statement.account_entities(line)
        yield from statement.balance_entity(amount, currency, date, line)
        if self._opening is not None:
            if self._opening[1] != currency:
                why = "opening and closing balance have different currencies"
                self._report.add(Concern.UNRECONCILED, why, line=line, column="62")
            else:
                statement.reconcile(self._opening[0], amount, line=line, column="62")

    def _tell(self, text: str) -> None:
        """Adds a text that tells the statement from others; the account may come before it."""
        self._key.append(text)
        if self._statement is not None:
            self._statement.key = tuple(self._key)
            self._statement.number = ", ".join(self._number)

    def _account(self, field: _Field) -> None:
        if self._statement is not None:
            raise ImportRefused(f"line {field.line}: a second account in one message")
        text = field.text.replace("\n", " ").strip()
        bank, slash, number = text.rpartition("/")
        iban = re.match(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}", number)
        name = number.removeprefix(iban[0]).strip() if iban else ""
        if not number:
            raise ImportRefused(f"line {field.line}: field 25 names no account")
        self._statement = Statement(
            key=tuple(self._key),
            number=", ".join(self._number),
            account=Account(
                iban=iban[0] if iban else "",
                number="" if iban else number,
                bank=bank if slash else "",
                name=name,
            ),
            holder=None,
            report=self._report,
        )

    def _known(self, line: int) -> Statement:
        if self._statement is None:
            raise ImportRefused(f"line {line}: the message has no account before this field")
        return self._statement

    def _balance(self, field: _Field) -> tuple[Decimal, str, str]:
        found = self._parsed(_BALANCE, field)
        amount = self._amount(found["amount"], found["currency"], field)
        self._currency = found["currency"]
        date = iso_day(found["date"], field)
        return (amount if found["sign"] == "C" else -amount), found["currency"], date

    def _amount(self, text: str, currency: str, field: _Field) -> Decimal:
        plain = text.replace(",", ".").rstrip(".")
        return parse_amount(plain, currency, self._report, line=field.line, column=field.tag)

    def _parsed(self, form: re.Pattern[str], field: _Field) -> re.Match[str]:
        found = form.fullmatch(field.text.strip())
        if found is None:
            why = f"field {field.tag} is not in its form, such as {_FORMS[form]}"
            raise ImportRefused(f"line {field.line}: {why}")
        return found

    def _end_entry(self) -> Iterator[Entity]:
        if self._entry is None:
            return
        (found, line), self._entry = self._entry, None
        details = parse_details("\n".join(self._texts))
        self._texts, self._size = [], 0
        statement = self._known(line)
        field = _Field(tag="61", text="", line=line)
        is_credit = _CREDIT[found["sign"]]
        amount = self._amount(found["amount"], self._currency, field)
        self._entries += 1
        if found["sign"] not in _EXPECTED:
            statement.book(amount if is_credit else -amount)
            tag = "90C" if is_credit else "90D"
            number, total = self._sums[tag]
            self._sums[tag] = number + 1, add_exactly(total, amount)
        day = iso_day(found["value"], field)
        other = Side(
            party=Party(name=details.name) if details.name else None,
            account=Account(iban=details.iban, number=details.number, bic=details.bic),
        )
        own = Side()
        notes = [f"Kind of transaction: {found['type']}", *details.notes]
        if booked := found["booked"]:
            notes.append(f"Booked: {_booked_day(booked, day, field)}")
        if found["funds"]:
            notes.append(f"Funds code: {found['funds']}")
        if found["sign"].startswith(("R", "E")):
            word = "Expected" if found["sign"] in _EXPECTED else "Reversal"
            notes.append(f"{word}: {found['sign']}")
        reference, beyond = found["reference"][:_REFERENCE], found["reference"][_REFERENCE:]
        supplements = (" ".join(each.split()) for each in (beyond, found["more"] or ""))
        notes += [f"Supplement: {each}" for each in supplements if each]
        references = (*details.references, reference.strip())
        yield from statement.transaction_entities(
            Transaction(
                key=(str(self._entries),),
                line=line,
                amount=amount,
                currency=self._currency,
                date=day,
                is_credit=is_credit,
                payer=other if is_credit else own,
                beneficiary=own if is_credit else other,
                references=tuple(each for each in references if not _NONE.fullmatch(each)),
                records=(found["bank"].strip(),) if found["bank"] else (),
                purposes=details.purposes,
                notes=tuple(notes),
            )
        )

    def _check_sum(self, field: _Field) -> None:
        found = self._parsed(_SUMS, field)
        amount = self._amount(found["amount"], found["currency"], field)
        if (int(found["number"]), amount) != self._sums[field.tag]:
            why = "the entries do not make the number and sum that the message states"
            self._report.add(Concern.UNRECONCILED, why, line=field.line, column=field.tag)

    def _leave(self, field: _Field, why: str) -> None:
        self._report.add(Concern.STAYS_HOME, why, line=field.line, column=field.tag)


def iso_day(text: str, field: _Field) -> str:
    """Returns a day of six digits by ISO 8601: years from 80 on are of the last century."""
    year, month, day = int(text[:2]), text[2:4], text[4:]
    if not ("01" <= month <= "12" and "01" <= day <= "31"):
        raise ImportRefused(f"line {field.line}: field {field.tag} holds no day")
    return f"{year + (1900 if year >= 80 else 2000)}-{month}-{day}"


def _booked_day(text: str, value_day: str, field: _Field) -> str:
    """Returns the day of booking, which has no year, near the value day."""
    year, month = int(value_day[:4]), int(value_day[5:7])
    booked = int(text[:2])
    near = year + (booked == 1 and month == 12) - (booked == 12 and month == 1)
    return iso_day(f"{near % 100:02}{text}", field)


def _read(stream: BinaryIO, options: Options, report: Report) -> Iterator[Entity]:
    return iter_mt940(stream, report, str(options["encoding"]) or "utf-8")


IMPORTER = Importer(
    summary="Send all payments of FILE, an MT940 or MT942 of a bank.",
    details="""\
Each statement is reconciled: opening balance and entries make the closing balance, to the last \
decimal. A difference is reported, and the file is sent as it is.

Example: tearline import mt940 statement.sta --to mx-prosecutor --agreement narcotics-2026 \
--article money-laundering --purpose criminal-investigation""",
    read=_read,
    options=(
        Option(name="encoding", help="Encoding of FILE; utf-8 by default.", choices=ENCODINGS),
    ),
)
