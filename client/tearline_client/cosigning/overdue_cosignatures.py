"""Alarms about partners that act in the log, and do not cosign it."""

from dataclasses import replace

from tearline.errors import CosignatureMissing
from tearline_client.context import NodeContext


def alarm_missing(context: NodeContext) -> None:
    """Raises an alarm for each partner whose cosignature over its own acts is overdue."""
    cosigning = context.stores.cosigning
    for partner in cosigning.partners():
        awaited = partner.awaited
        if awaited is not None and awaited.is_overdue:
            why = f"{partner.agency}, entry {awaited.first}"
            # Reported once: from here on, the newest act is awaited.
            moved = replace(awaited, first=awaited.last, first_ms=awaited.last_ms)
            with context.stores.database.transaction():
                cosigning.put_partner(replace(partner, awaited=moved))
            context.alarm(CosignatureMissing(why), why.encode())
