"""An entry of the exchange's log: its event, its proof and position, and who cosigned it."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.limits import MAX_LOG_SIZE
from tearline_client.audit.proven_entry import ProvenRecord
from tearline_client.console.downloads import download
from tearline_client.console.pages.audit.log import entry_row
from tearline_client.console.pages.audit.tabs import rendered
from tearline_client.console.pages.audit.words import PROOFS
from tearline_client.console.visit import Visit
from tearline_client.console.words import FORMS
from tearline_client.node import Node
from tearline_client.rendering.words import agency_name, names_of

_TYPE = "text/plain; charset=utf-8"


@immutable
class DecisionRow:
    """The form in which a grant released one compartment.

    Attributes:
        category: The category of information.
        form: The form, as a message.
        policies: The shared policies that allowed it.
        slots: Slots released singly; empty where the compartment was released whole.
    """

    category: str
    form: str
    policies: tuple[str, ...]
    slots: tuple[int, ...]


async def page(visit: Visit) -> Response:
    """Shows an entry, verified anew; itself an entry of the log."""
    node, members = visit.node, visit.node.directory.members()
    record = await _record(visit)
    found, event = record.found, record.found.event
    forms = {form.text: words for form, words in FORMS.items()}
    values = {
        "row": entry_row(found, members),
        "code": event.code.value,
        "party": names_of(members)(event.party),
        "actor_uri": event.actor,
        "statement": event.statement_id.hex(),
        "agreement": _agreement(node, event.agreement_id),
        "purpose": event.purpose,
        "persons": [person.hex() for person in (event.pseudonym, event.seconded_by) if person],
        "count": event.count,
        "decisions": [
            DecisionRow(
                category=each.category,
                form=forms[each.form],
                policies=each.policies,
                slots=each.slots,
            )
            for each in event.decisions
        ],
        "outcome": PROOFS[record.judgement.outcome],
        "findings": record.judgement.findings,
        "origin": record.checkpoint.checkpoint.origin,
        "size": record.checkpoint.checkpoint.size,
        "root": record.checkpoint.checkpoint.root.hex(),
        "signed_ms": record.checkpoint.time_s * 1000,
        "path_hashes": [each.hex() for each in found.proven.path],
        "cosigners": [
            (agency_name(members, each.agency), each.size, each.time_s * 1000)
            for each in record.cosigners
        ],
    }
    return rendered(visit, "entry.html", values)


async def proof(visit: Visit) -> Response:
    """Returns the entry's proof as a file, which `tearline audit verify` verifies."""
    record = await _record(visit)
    return download(record.name, _TYPE, [record.proof])


async def _record(visit: Visit) -> ProvenRecord:
    index = parse_decimal(visit.request.path_params["entry"], maximum=MAX_LOG_SIZE)
    return await visit.node.audit.entry(index, person=visit.person)


def _agreement(node: Node, agreement_id: bytes) -> str:
    """Returns the name of an agreement here, or else its id; empty for none."""
    names = {each.id: each.name for each in node.agreements.list()}
    return names.get(agreement_id, agreement_id.hex())
