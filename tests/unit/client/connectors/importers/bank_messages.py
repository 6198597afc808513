"""Messages of banks by ISO 20022, as tests write them."""

import io

from tearline_client.connectors.importers.camt import iter_camt
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather
from tearline_client.planning.entities import Entity

IBAN, OTHER = "DE02120300000000202051", "DE02500105170137075030"


def document(body: str, kind: str = "camt.053.001.08", root: str = "BkToCstmrStmt") -> bytes:
    namespace = f"urn:iso:std:iso:20022:tech:xsd:{kind}"
    return f'<Document xmlns="{namespace}"><{root}>{body}</{root}></Document>'.encode()


def statement(entries: str, opening: str = "100.00", closing: str = "100.00") -> str:
    return (
        f"<Stmt><Id>S1</Id><Acct><Id><IBAN>{IBAN}</IBAN></Id><Ownr><Nm>Lantern Trading</Nm></Ownr>"
        f"</Acct>{balance('OPBD', opening)}{balance('CLBD', closing)}{entries}</Stmt>"
    )


def balance(kind: str, amount: str, currency: str = "EUR") -> str:
    sign, size = ("DBIT", amount[1:]) if amount.startswith("-") else ("CRDT", amount)
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{size}</Amt>"
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>"
    )


def entry(amount: str, details: str = "", *, sign: str = "DBIT", more: str = "") -> str:
    return (
        f"<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>"
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-01</Dt></BookgDt>"
        f"<NtryDtls>{details}</NtryDtls>{more}</Ntry>"
    )


def details(name: str, iban: str, *, role: str = "Cdtr", amount: str = "", more: str = "") -> str:
    stated = f"<Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>" if amount else ""
    return (
        f"<TxDtls><Refs><EndToEndId>E-{name}</EndToEndId></Refs>{stated}<RltdPties>"
        f"{party(role, name)}{account(role, iban)}</RltdPties>"
        f"<RmtInf><Ustrd>tea</Ustrd></RmtInf>{more}</TxDtls>"
    )


def party(role: str, name: str, identity: str = "") -> str:
    return f"<{role}><Pty><Nm>{name}</Nm>{identity}</Pty></{role}>"


def account(role: str, iban: str) -> str:
    return f"<{role}Acct><Id><IBAN>{iban}</IBAN></Id></{role}Acct>"


def transaction(parties: str, more: str = "") -> str:
    return f"<TxDtls><RltdPties>{parties}</RltdPties>{more}</TxDtls>"


def read(data: bytes) -> tuple[Imported, Report]:
    report = Report()
    return gather(iter_camt(io.BytesIO(data), report), report), report


def of(imported: Imported, schema: str) -> list[Entity]:
    return [each for each in imported.entities if each.schema == schema]


def unreconciled(report: Report) -> list[tuple[int, str]]:
    return [(f.line, f.why) for f in report if f.concern is Concern.UNRECONCILED]


def columns(report: Report) -> list[str]:
    """Returns the places of values that stay, without those of each statement."""
    return [f.column for f in report if f.column != "Bal/Amt" and f.concern is Concern.STAYS_HOME]
