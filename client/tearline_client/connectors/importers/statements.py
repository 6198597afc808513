"""Statements of accounts, of whatever format: their entities, and the check of their sums.

An account becomes a ``BankAccount``; each party a ``LegalEntity``, ``Person`` or ``Organization``
with an ``Ownership`` of its account; each transaction a ``Payment``. Ids depend on the source
alone: an account is told by its number; a party by its name, its account, and the numbers and day
of birth that identify it. Without account and identification it is the party of one payment: a name
alone is shared. A payment is told by all its values and its place in its statement.

Amounts are decimals with all their digits. The sum of the entries is exact.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, InvalidOperation

from tearline.dataclass.immutable import immutable
from tearline.encoding import label, prefixed
from tearline.errors import ImportRefused, MalformedInput
from tearline_client.connectors.importers.judgement import judge
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.planning.entities import Entity

NOT_PROVIDED = "NOTPROVIDED"
"""Stands for a reference that the payer did not give."""

OPENING_STAYS = "an opening balance; it is compared, and not carried"
"""Why an opening balance stays at home."""

_ID_SIZE = 20
_IDENTIFYING = ("birthDate", "idNumber", "leiCode", "swiftBic")
_EXACT = Context(prec=60)  # 18 digits of an amount, 18 decimals, and a million of them
_MAX_DIGITS = 18  # of an amount, by ISO 20022; SWIFT has 15
_DECIMALS = {
    code: decimals
    for decimals, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for code in codes.split()
}
"""Decimals of a currency by ISO 4217, where they are not two."""


@immutable
class Account:
    """An account as a statement states it; empty texts are unknown.

    Attributes:
        iban: Its IBAN.
        number: Another number of it.
        bic: BIC of its bank.
        bank: Name of its bank, or its number of a national kind.
        clearing: Number of its bank in a clearing system.
        currency: Its currency.
        name: Its name.
    """

    iban: str = ""
    number: str = ""
    bic: str = ""
    bank: str = ""
    clearing: str = ""
    currency: str = ""
    name: str = ""

    @property
    def id(self) -> str:
        """Returns the id of its entity; empty if no number tells it from others."""
        if iban := "".join(self.iban.split()).upper():
            return statement_id("account", iban)
        # Banks number their accounts alike: any word for the bank tells two of them apart.
        bank = self.bic or self.clearing or self.bank
        return statement_id("account", bank, self.number) if self.number else ""


@immutable
class Party:
    """A party as a statement states it.

    Attributes:
        name: Its name.
        schema: Its schema.
        details: Values of further properties.
    """

    name: str
    schema: str = "LegalEntity"
    details: tuple[tuple[str, str], ...] = ()


@immutable
class Side:
    """One side of a transaction: a party, its account, or both."""

    party: Party | None = None
    account: Account | None = None


@immutable
class Transaction:
    """A transaction of an entry.

    Attributes:
        key: Texts that tell it from others of its statement.
        line: Line of the file.
        amount: Its amount, without a sign; None if it is not stated.
        currency: Its currency.
        date: Its date, by ISO 8601, or empty.
        is_credit: Whether the statement's account is paid; else it pays.
        payer: The paying side. The side of the statement may lack its account and its holder.
        beneficiary: The side that is paid.
        references: Its own references, such as the end-to-end id.
        records: References of the bank.
        purposes: Texts of the payer for the beneficiary.
        notes: All else, as texts with their meaning.
    """

    key: tuple[str, ...]
    line: int
    amount: Decimal | None
    currency: str
    date: str
    is_credit: bool
    payer: Side
    beneficiary: Side
    references: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Statement:
    """A statement while it is read.

    Attributes:
        key: Texts that tell it from others, such as its number, its period and its page.
        number: Its number, and its place among others, as a text.
        account: The account.
        holder: The account's holder, if the statement names one.
        report: Takes the findings.
        total: Sum of the booked entries, with signs.
        booked: Number of booked entries.
        is_told: Whether the entities of its account were yielded.
        has_payments: Whether a payment states its number.
    """

    key: tuple[str, ...]
    number: str
    account: Account
    holder: Party | None
    report: Report
    total: Decimal = field(default_factory=Decimal)
    booked: int = 0
    is_told: bool = False
    has_payments: bool = False

    def book(self, amount: Decimal) -> None:
        """Adds an entry with its sign."""
        self.booked += 1
        self.total = add_exactly(self.total, amount)

    def reconcile(self, opening: Decimal, closing: Decimal, *, line: int, column: str) -> None:
        """Reports it if an opening balance and all entries are not the closing balance."""
        difference = _EXACT.subtract(closing, add_exactly(opening, self.total))
        if difference:
            why = f"opening balance and entries ({self.booked}) do not make the closing balance"
            self.report.add(Concern.UNRECONCILED, why, line=line, column=column)

    def leave_number(self, *, line: int, column: str) -> None:
        """Reports the statement's number if no payment states it."""
        if self.number and not self.has_payments:
            why = "the number of a statement without entries"
            self.report.add_once(Concern.STAYS_HOME, why, line=line, column=column)

    def account_entities(self, line: int) -> Iterator[Entity]:
        """Yields the account and its holder, once."""
        if not self.is_told:
            self.is_told = True
            yield from self._side(Side(party=self.holder, account=self.account), line)

    def balance_entity(
        self, amount: Decimal, currency: str, date: str, line: int
    ) -> Iterator[Entity]:
        """Yields the account with its closing balance and the currency of that."""
        values = {"balance": (plain(amount),), "currency": (currency,), "balanceDate": (date,)}
        yield self._entity(self.account.id, "BankAccount", values, line)

    def transaction_entities(self, stated: Transaction) -> Iterator[Entity]:
        """Yields a transaction as a payment, with its parties and accounts."""
        yield from self.account_entities(stated.line)
        self.has_payments = True
        sides = {"payer": stated.payer, "beneficiary": stated.beneficiary}
        notes = [*stated.notes, *_banks(sides)]
        notes += [f"Statement: {self.number}"] if self.number else []
        properties: dict[str, tuple[str, ...]] = {
            "amount": (plain(stated.amount),) if stated.amount is not None else (),
            "currency": (stated.currency,),
            "date": (stated.date,),
            "transactionNumber": stated.references,
            "recordId": stated.records,
            "purpose": stated.purposes,
            "description": tuple(notes),
        }
        ftm_id = self._payment_id(stated, properties)
        own = "beneficiary" if stated.is_credit else "payer"
        properties[f"{own}Account"] = (self.account.id,)
        side = sides[own]
        if side.account is None or not side.account.id:
            sides[own] = Side(party=side.party or self.holder, account=self.account)
        for name, side in sides.items():
            for entity in self._side(side, stated.line, of=(ftm_id, name)):
                if entity.schema == "BankAccount":
                    accounts = properties.get(f"{name}Account", ())
                    properties[f"{name}Account"] = (*accounts, entity.id)
                elif entity.schema != "Ownership":
                    properties[name] = (entity.id,)
                yield entity
        yield self._entity(ftm_id, "Payment", properties, stated.line)

    def _payment_id(self, stated: Transaction, properties: Mapping[str, tuple[str, ...]]) -> str:
        told = [text for name, texts in properties.items() for text in (name, *texts)]
        for side in (stated.payer, stated.beneficiary):
            told += [side.account.id if side.account else "", side.party.name if side.party else ""]
        return statement_id("payment", self.account.id, *self.key, *stated.key, *told)

    def _side(self, side: Side, line: int, of: tuple[str, ...] = ()) -> Iterator[Entity]:
        """Yields a party and its account.

        Args:
            side: The side.
            line: Line of the file.
            of: Tells the party from others of its name if it has neither account nor identity.
        """
        account, party = side.account, side.party
        account_id = account.id if account else ""
        if account and account_id:
            values = {
                "iban": (account.iban,),
                "accountNumber": (account.number,),
                "bic": (account.bic,),
                "bankName": (account.bank,),
                "description": (f"Clearing number: {account.clearing}",)
                if account.clearing
                else (),
                "currency": (account.currency,),
                "name": (account.name,),
            }
            yield self._entity(account_id, "BankAccount", values, line)
        if party is None:
            return
        told = [account_id or f"beside {self.account.id}"]
        told += sorted({text for name, text in party.details if name in _IDENTIFYING})
        told += of if told == [f"beside {self.account.id}"] else ()
        party_id = statement_id("party", party.schema, " ".join(party.name.split()), *told)
        details: dict[str, tuple[str, ...]] = {"name": (party.name,)}
        for name, value in party.details:
            details[name] = (*details.get(name, ()), value)
        yield self._entity(party_id, party.schema, details, line)
        if account_id:
            owned = {"owner": (party_id,), "asset": (account_id,)}
            yield self._entity(statement_id("holding", party_id), "Ownership", owned, line)

    def _entity(
        self, ftm_id: str, schema: str, values: Mapping[str, tuple[str, ...]], line: int
    ) -> Entity:
        kept = {name: tuple(dict.fromkeys(filter(None, some))) for name, some in values.items()}
        try:
            entity = Entity(
                id=ftm_id,
                schema=schema,
                properties={name: some for name, some in kept.items() if some},
            )
        except MalformedInput as malformed:
            raise ImportRefused(f"line {line}: {malformed.why}") from None
        return judge(entity, self.report, line=line)


def _banks(sides: Mapping[str, Side]) -> Iterator[str]:
    """Yields a text for each side whose bank or account is stated without a number of it."""
    for name, side in sides.items():
        account = side.account
        if account and not account.id:
            texts = (account.bic, account.clearing, account.bank, account.name, account.currency)
            if told := ", ".join(filter(None, texts)):
                yield f"{name.capitalize()}'s bank or account: {told}"


def statement_id(*parts: str) -> str:
    """Returns an id that depends on some texts alone."""
    message = b"".join(prefixed(part.encode("utf-8")) for part in parts)
    return hashlib.sha256(label("bank-statement") + message).digest()[:_ID_SIZE].hex()


def parse_amount(text: str, currency: str, report: Report, *, line: int, column: str) -> Decimal:
    """Returns an amount without a sign; reports more decimals than its currency has.

    Raises:
        ImportRefused: If it is not a plain decimal number of a statement.
    """
    try:
        if not text.isascii() or not text.replace(".", "", 1).isdigit():
            raise InvalidOperation
        amount = Decimal(text)
    except InvalidOperation:
        raise ImportRefused(f"line {line}: {column} is no amount, such as 1234.56") from None
    digits, exponent = amount.as_tuple().digits, amount.as_tuple().exponent
    if not isinstance(exponent, int) or max(len(digits), -exponent) > _MAX_DIGITS:
        raise ImportRefused(f"line {line}: {column} has over {_MAX_DIGITS} digits")
    if amount != amount.quantize(Decimal(1).scaleb(-_DECIMALS.get(currency, 2)), context=_EXACT):
        why = "more decimals than the currency has"
        report.add(Concern.UNVALIDATED, why, line=line, column=column)
    return amount


def add_exactly(total: Decimal, amount: Decimal) -> Decimal:
    """Returns a sum with all its digits; the operator ``+`` rounds to 28."""
    return _EXACT.add(total, amount)


def plain(amount: Decimal) -> str:
    """Returns an amount as digits, never with an exponent."""
    return f"{amount:f}"
