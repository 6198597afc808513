"""Reports of banks by ISO 20022: camt.052 (of the day), camt.053 (statements), camt.054 (notices).

All versions with the names of elements of version 1 to 13 are read; the namespace tells them. An
entry is yielded transaction by transaction, so an entry of any length takes bounded memory.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import BinaryIO

from tearline.errors import ImportRefused
from tearline_client.connectors.contract import Importer
from tearline_client.connectors.importers.camt_parties import account_of, party_of, sides_of
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.statements import (
    NOT_PROVIDED,
    OPENING_STAYS,
    Statement,
    Transaction,
    add_exactly,
    parse_amount,
)
from tearline_client.connectors.importers.xml_records import Element, Untaken, xml_records
from tearline_client.planning.entities import Entity

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.05[234]\.001\.(?:0[1-9]|1[0-3])")
_STATEMENTS = ("Stmt", "Rpt", "Ntfctn")
_READ = ("Ntry", "TxDtls", *_STATEMENTS)
_RECORDS = frozenset({"Document", "GrpHdr", *_READ})
_PAGINATION = tuple(f"{name}Pgntn/PgNb" for name in _STATEMENTS)
_PERIOD = ("FrToDt/FrDtTm", "FrToDt/ToDtTm")
_YES = ("true", "1")
_BOOKED = ("", "BOOK")
_DAY = len("2026-01-02")
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)

_NOTES = (
    ("Kind of entry", "AddtlNtryInf"),
    ("Status", "Sts", "Sts/Cd", "Sts/Prtry"),
    ("Bank's code", "BkTxCd/Prtry/Cd"),
    ("Reversal", "RvslInd"),
)
_TRANSACTION_NOTES = (
    ("Mandate", "Refs/MndtId"),
    ("Payment information", "Refs/PmtInfId"),
    ("Message", "Refs/MsgId"),
    ("Cheque", "Refs/ChqNb"),
    ("Purpose code", "Purp/Cd", "Purp/Prtry"),
    ("Return reason", "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
    ("Return", "RtrInf/AddtlInf"),
    ("Ultimate debtor", "RltdPties/UltmtDbtr/Nm", "RltdPties/UltmtDbtr/Pty/Nm"),
    ("Ultimate creditor", "RltdPties/UltmtCdtr/Nm", "RltdPties/UltmtCdtr/Pty/Nm"),
    ("Initiating party", "RltdPties/InitgPty/Nm", "RltdPties/InitgPty/Pty/Nm"),
    ("Bank's code", "BkTxCd/Prtry/Cd"),
    ("Note", "AddtlTxInf"),
)


def iter_camt(stream: BinaryIO, report: Report) -> Iterator[Entity]:
    """Yields the entities of a file, transaction by transaction.

    Raises:
        ImportRefused: If the file is no such XML, an amount is none, or a statement has no account.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    untaken = Untaken()
    current: _Report | None = None
    count = 0
    page = ""
    for record in xml_records(stream, _RECORDS):
        holder = record if record.name in _STATEMENTS else _around(record)
        if record.name == "GrpHdr":
            page = record.text_at("MsgPgntn/PgNb")
        if record.name in _READ and not (_is_read(record) and (holder is None or _is_read(holder))):
            why = "its namespace is no version of camt.052, camt.053 or camt.054 that is read"
            report.add_once(Concern.STAYS_HOME, why, line=record.line, column=record.name)
            untaken.count(record)
        elif holder is None:
            untaken.count(record)
        else:
            if current is None or current.element is not holder:
                count += 1
                current = _Report(holder, count, page, report)
            yield from current.entities(record)
        if current is not None:
            for read in current.read():
                untaken.count(read)
    if not count:
        raise ImportRefused("line 1: no statement in a namespace of camt.052, camt.053 or camt.054")
    untaken.report(report)


def _is_read(record: Element) -> bool:
    return _NAMESPACE.fullmatch(record.namespace) is not None


def _around(record: Element) -> Element | None:
    return next((found for name in _STATEMENTS if (found := record.within(name))), None)


class _Report:
    """A statement, report or notice while it is read.

    Attributes:
        element: Its element.
    """

    def __init__(self, element: Element, count: int, page: str, report: Report) -> None:
        self.element = element
        self._report = report
        account = element.first("Acct")
        if account is None:
            raise ImportRefused(f"line {element.line}: entries stand before their account")
        owner = account.first("Ownr")
        stated = account_of(account, account.first("Svcr/FinInstnId"))
        if not stated.id:
            raise ImportRefused(f"line {account.line}: the account has no number")
        stated_id = element.text_at("Id")
        numbers = element.texts("ElctrncSeqNb", "LglSeqNb")
        pages = tuple(filter(None, (page, element.text_at(*_PAGINATION))))
        told = ("" if stated_id == NOT_PROVIDED else stated_id, *dict.fromkeys(numbers))
        period = [each.text for path in _PERIOD for each in element.all(path)]
        if not told[0]:  # then statements are told by their time
            period += [each.text for each in element.all("CreDtTm")]
        opening = [each.text for each in element.all("Bal/Amt")][:1]
        self._statement = Statement(
            key=(stated_id, *numbers, *pages, *period, *opening, str(count)),
            number=", ".join(filter(None, (*told, *(f"page {each}" for each in pages)))),
            account=stated,
            holder=party_of(owner) if owner is not None else None,
            report=report,
        )
        self._entries = 0
        self._read: list[Element] = []
        self._waiting: Element | None = (
            None  # the last transaction, until more of its entry is read
        )
        self._transactions = 0
        self._sum: Decimal | None = Decimal()

    def read(self) -> Iterator[Element]:
        """Yields the records whose entities were yielded, and forgets them."""
        read, self._read = self._read, []
        yield from read

    def entities(self, record: Element) -> Iterator[Entity]:
        """Yields the entities of a record of it."""
        if record.name == "TxDtls":
            entry = record.within("Ntry")
            if entry is None:
                raise ImportRefused(f"line {record.line}: a transaction without an entry")
            yield from self._next(entry, record)
        elif record.name == "Ntry":
            yield from self._end_entry(record)
        elif record is self.element:
            yield from self._statement.account_entities(record.line)
            yield from self._end()
            self._read.append(record)

    def _next(
        self, entry: Element, details: Element | None, *, is_only: bool = False
    ) -> Iterator[Entity]:
        """Yields the transaction that waits, and lets another one wait."""
        waiting, self._waiting = self._waiting, details
        if waiting is not None:
            yield from self._transaction(entry, waiting, is_only=is_only)
            self._read.append(waiting)

    def _end_entry(self, entry: Element) -> Iterator[Entity]:
        """Yields the last transaction of an entry, of which all is read, or the entry itself."""
        amount, _ = self._amount(entry, entry.first("Amt"))
        if amount is None:
            raise ImportRefused(f"line {entry.line}: an entry without an amount")
        if self._waiting is None:
            self._waiting = entry
        yield from self._next(entry, None, is_only=not self._transactions)
        if entry not in self._read:
            self._read.append(entry)
        signed = amount if _is_credit(entry) else -amount
        if self._sum is not None and self._sum != signed:
            why = "the transactions do not make the amount of their entry"
            self._report.add(Concern.UNRECONCILED, why, line=entry.line, column="Ntry/Amt")
        if entry.text_at("Sts", "Sts/Cd") in _BOOKED:
            self._statement.book(signed)
        self._entries += 1
        self._transactions, self._sum = 0, Decimal()

    def _transaction(self, entry: Element, details: Element, *, is_only: bool) -> Iterator[Entity]:
        self._transactions += 1
        own = details if details.text_at("CdtDbtInd") else entry
        is_credit = _is_credit(own)
        stated = details.first("Amt", "AmtDtls/TxAmt/Amt")
        if stated is None and is_only:
            stated = entry.first("Amt")
        amount, currency = self._amount(details, stated)
        if amount is not None and currency != self._currency(entry):
            why = "another currency than the entry has; their sum is not compared"
            place = details.line
            self._report.add_once(Concern.UNVALIDATED, why, line=place, column="TxDtls/Amt")
            self._sum = None
        elif amount is None or self._sum is None:
            self._sum = None
        else:
            self._sum = add_exactly(self._sum, amount if is_credit else -amount)
        is_return = details.first("RtrInf") is not None
        payer, beneficiary = sides_of(
            details,
            self._statement.account,
            is_credit=is_credit,
            is_returned=is_return or entry.text_at("RvslInd") in _YES,
        )
        date = entry.text_at("BookgDt/Dt", "BookgDt/DtTm")
        value_date = entry.text_at("ValDt/Dt", "ValDt/DtTm")
        day = (date or value_date)[:_DAY]
        references = details.texts("Refs/EndToEndId", "Refs/TxId", "Refs/UETR", "Refs/InstrId")
        notes = [*_notes(entry, _NOTES), *_notes(details, _TRANSACTION_NOTES)]
        notes += ["Return: of an earlier payment"] if is_return else []
        booked = entry.first("Amt")
        if booked is not None and (amount is None or currency != self._currency(entry)):
            notes.append(f"Amount of the entry: {booked.text} {booked.attribute('Ccy')}".rstrip())
            why = "a note of its transactions, of which one states none or another currency"
            self._report.add_once(Concern.NOT_UNDERSTOOD, why, line=booked.line, column="Ntry/Amt")
        for instructed in details.all("AmtDtls/InstdAmt/Amt"):
            instructed.is_taken = True
            notes.append(f"Instructed amount: {instructed.text} {instructed.attribute('Ccy')}")
        notes += [f"Booked: {date}"] if date[_DAY:] else []
        notes += [f"Value date: {value_date}"] if value_date not in ("", day) else []
        yield from self._statement.transaction_entities(
            Transaction(
                key=(str(self._entries), str(self._transactions)),
                line=details.line,
                amount=amount,
                currency=currency,
                date=day,
                is_credit=is_credit,
                payer=payer,
                beneficiary=beneficiary,
                references=_provided(references),
                records=_provided((
                    *entry.texts("NtryRef", "AcctSvcrRef"),
                    *details.texts("Refs/AcctSvcrRef", "Refs/Prtry/Ref"),
                )),
                purposes=details.texts(
                    "RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/AddtlRmtInf",
                    "RmtInf/Strd/RfrdDocInf/Nb",
                ),
                notes=tuple(dict.fromkeys(notes)),
            )
        )  # fmt: skip
        if amount is None:
            why = "the transaction states no amount"
            self._report.add(Concern.UNVALIDATED, why, line=details.line, column="TxDtls")

    def _amount(self, record: Element, element: Element | None) -> tuple[Decimal | None, str]:
        """Returns an amount and its currency; None if there is none."""
        if element is None:
            return None, ""
        element.is_taken = True
        currency = element.attribute("Ccy")
        amount = parse_amount(
            element.text, currency, self._report, line=element.line, column=f"{record.name}/Amt"
        )
        return amount, currency

    def _currency(self, entry: Element) -> str:
        amount = entry.first("Amt")
        return amount.attribute("Ccy") if amount is not None else ""

    def _end(self) -> Iterator[Entity]:
        balances: dict[str, tuple[Decimal, str, str, int]] = {}
        for each in self.element.all("Bal"):
            amount, currency = self._amount(each, each.first("Amt"))
            kind = each.text_at("Tp/CdOrPrtry/Cd")
            date = each.text_at("Dt/Dt", "Dt/DtTm")
            if amount is None:
                continue
            if kind in balances:
                why = "a further balance of one kind"
            elif kind in (*_OPENING, *_CLOSING):
                signed = amount if _is_credit(each) else -amount
                balances[kind] = signed, currency, date, each.line
                if kind in _CLOSING:
                    continue
                why = OPENING_STAYS
            else:
                why = "a balance of another kind than opening and closing"
            self._report.add_once(Concern.STAYS_HOME, why, line=each.line, column="Bal/Amt")
        opening = next((balances[kind] for kind in _OPENING if kind in balances), None)
        closing = balances.get(_CLOSING[0])
        if closing is not None:
            yield from self._statement.balance_entity(*closing)
        if opening is not None and closing is not None:
            if opening[1] != closing[1]:
                why = "opening and closing balance have different currencies"
                self._report.add(Concern.UNRECONCILED, why, line=closing[3], column="Bal/Amt")
            else:
                self._statement.reconcile(opening[0], closing[0], line=closing[3], column="Bal/Amt")
        self._statement.leave_number(line=self.element.line, column=f"{self.element.name}/Id")
        self._check_summary()

    def _check_summary(self) -> None:
        """Compares the number of entries with the one that the bank states."""
        stated = self.element.text_at("TxsSummry/TtlNtries/NbOfNtries")
        if stated and stated != str(self._entries):
            place = self.element.first("TxsSummry")
            line = place.line if place is not None else self.element.line
            why = f"the file has {self._entries} entries, and states another number"
            self._report.add(Concern.UNRECONCILED, why, line=line, column="TxsSummry/TtlNtries")


def _is_credit(element: Element) -> bool:
    """Returns whether money came in.

    Raises:
        ImportRefused: If the element does not say so.
    """
    sign = element.text_at("CdtDbtInd")
    if sign not in ("CRDT", "DBIT"):
        raise ImportRefused(f"line {element.line}: {element.name} is neither credit nor debit")
    return sign == "CRDT"


def _provided(references: Iterable[str]) -> tuple[str, ...]:
    return tuple(each for each in references if each != NOT_PROVIDED)


def _notes(element: Element, table: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    for name, *paths in table:
        for text in element.texts(*paths):
            if (name, text) not in (("Status", "BOOK"), ("Reversal", "false")):
                yield f"{name}: {text}"


IMPORTER = Importer(
    summary="Send all payments of FILE, a camt.052, camt.053 or camt.054 of a bank.",
    details="""\
Each statement is reconciled: opening balance and entries make the closing balance, to the last \
decimal. A difference is reported, and the file is sent as it is.

Example: tearline import camt statement.xml --to mx-prosecutor --agreement narcotics-2026 \
--article money-laundering --purpose criminal-investigation""",
    read=lambda stream, options, report: iter_camt(stream, report),
)
