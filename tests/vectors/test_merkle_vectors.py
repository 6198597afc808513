"""The 196 inclusion and consistency cases of transparency-dev/merkle."""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from support.paths import shared
from tearline.errors import LogError
from tearline.tlog.merkle import verify_consistency, verify_inclusion

Case = dict[str, Any]


def check_inclusion(case: Case) -> None:
    verify_inclusion(
        case["leafIdx"],
        case["treeSize"],
        b64decode(case["leafHash"]),
        [b64decode(node) for node in case["proof"] or ()],
        b64decode(case["root"]),
    )


def check_consistency(case: Case) -> None:
    verify_consistency(
        case["size1"],
        case["size2"],
        b64decode(case["root1"]),
        b64decode(case["root2"]),
        [b64decode(node) for node in case["proof"] or ()],
    )


def is_refused(check: Callable[[Case], None], case: Case) -> bool:
    try:
        check(case)
    except LogError:
        return True
    return False


@pytest.mark.parametrize(
    ("kind", "check"), [("inclusion", check_inclusion), ("consistency", check_consistency)]
)
def test_every_case_has_its_expected_class(kind: str, check: Callable[[Case], None]) -> None:
    outcomes: Counter[tuple[bool, bool]] = Counter()
    unexpected = []
    for path in sorted(shared(f"vectors/merkle/{kind}").rglob("*.json")):
        case = json.loads(path.read_bytes())
        refused = is_refused(check, case)
        outcomes[case["wantErr"], refused] += 1
        if refused != case["wantErr"]:
            unexpected.append(f"{path.parent.name}/{path.name}")
    assert not unexpected
    assert outcomes == {(True, True): 92, (False, False): 6}
