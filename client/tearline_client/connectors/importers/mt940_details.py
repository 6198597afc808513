"""Field 86 of MT940: text for the holder of the account, in one of the forms that banks use.

SWIFT leaves it free. German banks divide it by ``?20``, Dutch ones by ``/NAME/``; what has
neither form is the text of the payer. Words such as ``EREF+`` within it are those of SEPA.
"""

import re

from tearline.dataclass.immutable import immutable
from tearline_client.connectors.importers.statements import NOT_PROVIDED

_GERMAN = re.compile(r"\?(\d\d)")
_DUTCH = re.compile(
    r"/(TRTP|IBAN|BIC|NAME|REMI|EREF|CSID|MARF|PREF|ORDP|BENM|ISDT|RTRN|ADDR|ID|TRCD|CNTP|PURP|"
    r"ULTD|ULTB|ULTC|OCMT|CHGS|SVCL|RREF|IREF|ACCW|IPN|CDTRREF|CDTRREFTP)/"
)
_SEPA = re.compile(r"\b(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC)\+")
_PURPOSE = (*range(20, 30), *range(60, 64))
_IBAN = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}")


@immutable
class Details:
    """Contents of a field 86; empty texts are unknown.

    Attributes:
        name: Name of the other party.
        iban: IBAN of its account.
        number: Another number of it.
        bic: BIC or number of its bank.
        references: References of the payer.
        purposes: Texts of the payer for the beneficiary.
        notes: All else, as texts with their meaning.
    """

    name: str = ""
    iban: str = ""
    number: str = ""
    bic: str = ""
    references: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def parse_details(text: str) -> Details:
    """Returns the contents of a field 86."""
    joined = text.replace("\n", "")
    if re.match(r"\d{3}\?", joined):
        return _german(joined)
    if _DUTCH.search(joined):
        return _dutch(joined)
    spoken = " ".join(text.split())
    return Details(purposes=(spoken,) if spoken else ())


def _german(text: str) -> Details:
    code, *parts = _GERMAN.split(text)
    values: dict[int, list[str]] = {}
    for number, value in zip(parts[::2], parts[1::2], strict=True):
        values.setdefault(int(number), []).append(value)
    purpose = "".join(piece for number in _PURPOSE for piece in values.pop(number, ()))
    bank, account = (" ".join(values.pop(number, ())).strip() for number in (30, 31))
    name = "".join(piece for number in (32, 33) for piece in values.pop(number, ())).strip()
    notes = [f"Business code: {code}"]
    notes += [f"Booking text: {value}" for value in values.pop(0, ())]
    notes += [f"?{number:02}: {value}" for number, some in sorted(values.items()) for value in some]
    sepa = _words(_SEPA, purpose)
    references = tuple(v for v in (sepa.pop("EREF", ""),) if v not in ("", NOT_PROVIDED))
    purposes = tuple(filter(None, (sepa.pop("", ""), sepa.pop("SVWZ", ""))))
    iban, bic = sepa.pop("IBAN", ""), sepa.pop("BIC", "")
    stated = (("?30", bank, bic), ("?31", account, iban))
    notes += [
        f"{name}: {text}" for name, text, other in stated if other and text not in ("", other)
    ]
    account, bank = iban or account, bic or bank
    return Details(
        name=name,
        iban=account if _IBAN.fullmatch(account) else "",
        number="" if _IBAN.fullmatch(account) else account,
        bic=bank,
        references=references,
        purposes=purposes,
        notes=(*notes, *(f"{word}: {value}" for word, value in sepa.items() if value)),
    )


def _dutch(text: str) -> Details:
    found = _words(_DUTCH, text)
    account = found.pop("IBAN", "")
    reference = found.pop("EREF", "")
    purposes = (found.pop("", "").strip("/ "), found.pop("REMI", ""))
    name, bic = found.pop("NAME", ""), found.pop("BIC", "")
    return Details(
        name=name,
        iban=account if _IBAN.fullmatch(account) else "",
        number="" if _IBAN.fullmatch(account) else account,
        bic=bic,
        references=(reference,) if reference not in ("", NOT_PROVIDED) else (),
        purposes=tuple(filter(None, purposes)),
        notes=tuple(f"{word}: {value}" for word, value in found.items() if value),
    )


def _words(form: re.Pattern[str], text: str) -> dict[str, str]:
    """Returns the values of a text behind its words; the text before the first is under ""."""
    first, *parts = form.split(text)
    found = {"": [first.strip()]}
    for word, value in zip(parts[::2], parts[1::2], strict=True):
        # A word that comes twice is part of the text of the first.
        texts = found.setdefault(word, [])
        texts += [word, value.strip()] if texts else [value.strip()]
    return {word: " ".join(texts) for word, texts in found.items()}
