"""Importer and exporter of ledgers, an invented format: an example of a plug-in.

A ledger has one transfer a line: ``payer > payee: amount currency``. A line that begins with ``#``
is a remark.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO

from tearline.errors import ImportRefused
from tearline_client.connectors.contract import Exporter, Importer, Options
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.importers.judgement import judge
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.source import read_lines
from tearline_client.planning.entities import Entity

_TRANSFER = re.compile(r"(?P<payer>[^>:]+) > (?P<payee>[^>:]+): (?P<amount>\S+) (?P<currency>\S+)")
_WRITTEN = "amount", "currency", "payer", "beneficiary"


def read(stream: BinaryIO, options: Options, report: Report) -> Iterator[Entity]:
    """Yields the entities of a ledger, line by line."""
    for number, text in read_lines(stream):
        line = text.strip()
        if line.startswith("#"):
            report.add(Concern.STAYS_HOME, "a remark", line=number, column="#")
        elif line:
            yield from _transfer(number, line, report)


def _transfer(number: int, line: str, report: Report) -> Iterator[Entity]:
    found = _TRANSFER.fullmatch(line)
    if found is None:
        raise ImportRefused(f"line {number}: not a transfer")
    payer, payee = _party(found["payer"]), _party(found["payee"])
    payment = Entity(
        id=_id("payment", str(number), line),
        schema="Payment",
        properties={
            "amount": (found["amount"],),
            "currency": (found["currency"],),
            "payer": (payer.id,),
            "beneficiary": (payee.id,),
        },
    )
    for entity in (payer, payee, payment):
        yield judge(entity, report, line=number)


def _party(name: str) -> Entity:
    return Entity(id=_id("party", name), schema="LegalEntity", properties={"name": (name,)})


def _name(entity: Entity) -> str:
    return entity.properties.get("name", ("?",))[0]


def _id(*parts: str) -> str:
    """Returns an id that depends on the source alone: a repeated import then continues."""
    return hashlib.sha256("\0".join(("ledger", *parts)).encode()).hexdigest()[:40]


def write(packets: ExportedPackets, target: BinaryIO, options: Options, report: Report) -> None:
    """Writes the payments of packets as a ledger, and reports all that a ledger cannot carry."""
    names = {each.entity.id: _name(each.entity) for each in packets.entities()}
    for each in packets.entities():
        each.report_coarse(report)
        entity = each.entity
        if entity.schema != "Payment" or not {*_WRITTEN} <= entity.properties.keys():
            report.add(Concern.STAYS_HOME, "no payment with both parties", id=entity.id)
            continue
        amount, currency, payer, payee = (entity.properties[name][0] for name in _WRITTEN)
        for name in entity.properties.keys() - {*_WRITTEN}:
            column = f"Payment.{name}"
            report.add(Concern.STAYS_HOME, "no such column", column=column, id=entity.id)
        line = f"{names.get(payer, payer)} > {names.get(payee, payee)}: {amount} {currency}\n"
        target.write(line.encode())
        report.made += 1


IMPORTER = Importer(
    summary="Send all transfers of FILE, a ledger.",
    details="Example: tearline import ledger day.ledger --to mx-prosecutor",
    read=read,
    example=lambda: "# Monday\nQiu Wenhao > Lantern Trading: 480.00 CNY\n",
)
EXPORTER = Exporter(summary="Export PACKETS, or all packets here, as a ledger.", write=write)
