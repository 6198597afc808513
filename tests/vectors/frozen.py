"""The formats of version 1, a line for each field, method, type, label and digest.

``python -m vectors.frozen`` writes them to ``frozen.txt``. Lines are added as registries grow
(docs/spec/stability.md); a line that changes or goes is another version.
"""

import re
from importlib import import_module
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor

from support.paths import ROOT
from tearline import v1
from tearline.audit.event import EventCode
from tearline.crypto.armor import Armor
from tearline.errors import concrete_errors
from tearline.packets.packet import PacketKind
from tearline.policy import masks, profile
from tearline.policy.category import CATEGORIES
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES, schema_digest
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import NoteAlgorithm
from tearline_runtime.grpc import methods

FILE = Path(__file__).with_name("frozen.txt")
_LABEL = re.compile(r"\b(?:label|labelled_sha256)\(\s*\"([a-z/-]+)\"")


def _type(field: FieldDescriptor) -> str:
    kind = field.message_type.name if field.message_type else str(field.type)
    return f"{'repeated ' if field.is_repeated else ''}{kind}"


def lines() -> list[str]:
    """Returns the lines of today's code."""
    found = set[str]()
    for path in sorted(Path(v1.__path__[0]).glob("*_pb2.py")):
        file = import_module(f"{v1.__name__}.{path.stem}").DESCRIPTOR
        for message in file.message_types_by_name.values():
            found |= {f"{message.name} {f.number} {f.name} {_type(f)}" for f in message.fields}
    found |= {
        f"method {each}" for each in vars(methods).values() if str(each).startswith("/tearline.")
    }
    sources = (ROOT / "proto" / "tearline").rglob("*.py")
    found |= {f"label {name}" for each in sources for name in _LABEL.findall(each.read_text())}
    found |= {f"type {each.value} {each.label.decode()[:-1]}" for each in StatementType}
    found |= {f"armor {each.value}" for each in Armor}
    found |= {f"event {each.value}" for each in EventCode}
    found |= {f"kind {each.value}" for each in PacketKind}
    found |= {f"category {leaf.number} {leaf.name}" for leaf in CATEGORIES}
    found |= {f"algorithm {each.value} {each.name}" for each in NoteAlgorithm}
    found |= {f"error {each.code} {each.error_class.value}" for each in concrete_errors()}
    pins = {
        "policy": parse_policy_set(SHARED_POLICIES).digest(),
        "schema": schema_digest(),
        "profile": profile.digest(),
        "masks": masks.digest(),
    }
    found |= {f"pin {name} {digest.hex()}" for name, digest in pins.items()}
    return sorted(found)


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
