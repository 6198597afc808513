"""The precursor incident of the story. All names, numbers and places are invented."""

import json

CAS = "23056-29-3"
WRONG_CAS = "23056-29-4"
"""The same number with a wrong check digit."""
QUANTITY = "25"


def incident_jsonl(cas: str = CAS) -> str:
    """Returns a precursor incident as FollowTheMoney JSON lines."""
    entities = (
        {
            "id": "incident-1",
            "schema": "PrecursorIncident",
            "properties": {
                "act": ["diversion-attempt"],
                "date": ["2026-03-02"],
                "country": ["mx"],
                "address": ["Manzanillo"],
                "substance": ["substance-1"],
                "involved": ["company-reagents"],
            },
        },
        {
            "id": "substance-1",
            "schema": "Substance",
            "properties": {
                "name": ["4-AP"],
                "casNumber": [cas],
                "unTable": ["I"],
                "quantity": [QUANTITY],
                "unit": ["kg"],
            },
        },
        {
            "id": "company-reagents",
            "schema": "Company",
            "properties": {"name": ["Harbour Reagents SA"]},
        },
    )
    return "".join(json.dumps(entity) + "\n" for entity in entities)
