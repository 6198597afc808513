"""Policy set: Cedar text that was checked before its first decision.

Beyond the checks of Cedar's validator, every policy has a unique ``@id``, and uses the forms only
as a ladder. Its scope names no action or one group, ``up-to-…`` for a permit and ``from-…`` for a
forbid, and its conditions ignore the action. Thus any policy that permits a form permits all forms
below it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from tearline.dataclass.immutable import immutable
from tearline.encoding import labelled_sha256
from tearline.errors import PolicySetMalformed
from tearline.limits import MAX_POLICIES, MAX_POLICY_BYTES, MAX_POLICY_TOKENS
from tearline.policy.vocabulary import SCHEMA

if TYPE_CHECKING:
    import cedarpy

REASONS = ("source", "privacy", "third-party", "agreement", "unspecified")
"""Allowed values of a forbid's ``@reason``, which a reader with a lower form sees."""

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
# As Cedar's lexer has it: strings, comments up to the end of the line, words, signs.
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\r\n]*|\w+|\S')
_GROUP = {"permit": "up-to-", "forbid": "from-"}
_ANNOTATIONS = frozenset({"id", "reason"})


@immutable
class Finding:
    """Error in a policy text.

    Attributes:
        policy_id: The policy's ``@id``, its position without one, or empty for an error of the
            whole text.
        message: The error.
    """

    policy_id: str
    message: str


@immutable
class PolicySet:
    """Checked policy text; made by ``parse_policy_set``.

    Attributes:
        text: The Cedar text.
        ids: ``@id`` by Cedar's own, positional policy id.
        reasons: ``@reason`` by ``@id``, of the policies that have one.
        handle: The text as Cedar has parsed it.
    """

    text: str
    ids: Mapping[str, str] = field(compare=False)
    reasons: Mapping[str, str] = field(compare=False)
    handle: "cedarpy.PolicySet" = field(compare=False, repr=False)

    def digest(self) -> bytes:
        """Returns 32 bytes that identify the text."""
        return labelled_sha256("policy-set", self.text.encode("utf-8"))


# cedarpy takes as long to load as Python itself, thrice: it is imported where it is used.
@cache
def schema_handle() -> "cedarpy.Schema":
    """Returns the schema as Cedar has parsed it."""
    import cedarpy

    return cedarpy.Schema.from_str(SCHEMA)


def check(text: str) -> tuple[Finding, ...]:
    """Returns every error of a policy text; none means that it can be used."""
    return _inspect(text)[0]


@lru_cache(maxsize=16)  # nearly every agreement has the same one
def parse_policy_set(text: str) -> PolicySet:
    """Returns the policy set of ``text``.

    Raises:
        PolicySetMalformed: If ``check`` has findings; names the first one.
    """
    import cedarpy

    findings, policies = _inspect(text)
    if findings:
        first = findings[0]
        raise PolicySetMalformed(": ".join(filter(None, (first.policy_id, first.message))))
    ids = _names(policies)
    reasons = {
        ids[position]: policy["annotations"]["reason"]
        for position, policy in policies.items()
        if "reason" in policy["annotations"]
    }
    return PolicySet(text=text, ids=ids, reasons=reasons, handle=cedarpy.PolicySet.from_str(text))


def _inspect(text: str) -> tuple[tuple[Finding, ...], Mapping[str, Any]]:
    """Returns the errors of ``text``, and its policies in Cedar's JSON format, by position."""
    import cedarpy

    if len(text.encode("utf-8", "surrogatepass")) > MAX_POLICY_BYTES:
        return (Finding(policy_id="", message=f"more than {MAX_POLICY_BYTES} bytes"),), {}
    if _longest_policy(text) > MAX_POLICY_TOKENS:
        message = f"a policy has at most {MAX_POLICY_TOKENS} tokens"
        return (Finding(policy_id="", message=message),), {}
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        return (Finding(policy_id="", message=f"not Cedar: {error}"),), {}
    policies = parsed["staticPolicies"]
    findings = []
    if parsed["templates"]:
        findings.append(Finding(policy_id="", message="templates decide nothing here"))
    if not 1 <= len(policies) <= MAX_POLICIES:
        findings.append(Finding(policy_id="", message=f"a set has 1 to {MAX_POLICIES} policies"))
    names = _names(policies)
    seen: set[str] = set()
    for position, policy in policies.items():
        messages = list(_faults(policy))
        if names[position] in seen:
            messages.append("another policy has the same @id")
        seen.add(names[position])
        findings += [Finding(policy_id=names[position], message=message) for message in messages]
    for flaw in cedarpy.validate_policies(text, schema_handle()).errors:
        position = flaw.policy_id or ""
        findings.append(Finding(policy_id=names.get(position, position), message=flaw.error))
    return tuple(findings), policies


def _longest_policy(text: str) -> int:
    """Returns the number of tokens of the longest policy.

    Cedar's parser recurses, and deep nesting would crash the process. Every level of nesting takes
    a token, so this limit bounds the depth; it is checked before Cedar parses the text.
    """
    longest = length = 0
    for token in _TOKEN.finditer(text):
        if token.group().startswith("//"):
            continue
        length = 0 if token.group() == ";" else length + 1
        longest = max(longest, length)
    return longest


def _names(policies: Mapping[str, Any]) -> dict[str, str]:
    return {
        position: policy.get("annotations", {}).get("id") or position
        for position, policy in policies.items()
    }


def _faults(policy: Mapping[str, Any]) -> Iterator[str]:
    """Yields the errors of one policy, given in Cedar's JSON policy format."""
    annotations = policy.get("annotations", {})
    if not _ID.fullmatch(annotations.get("id") or ""):
        yield "needs an @id of lower-case letters, digits and inner hyphens"
    if annotations.get("reason", REASONS[0]) not in REASONS:
        yield f"@reason is one of {', '.join(REASONS)}"
    if not annotations.keys() <= _ANNOTATIONS:
        yield "has an annotation other than @id and @reason"
    action, group = policy["action"], _GROUP[policy["effect"]]
    names_group = action["op"] == "in" and action.get("entity", {}).get("id", "").startswith(group)
    if action["op"] != "All" and not names_group:
        yield f'a {policy["effect"]} is for any action or one group Action::"{group}…"'
    if _mentions_action(policy["conditions"]):
        yield "its conditions look at the action, which would break the ladder"


def _mentions_action(node: object) -> bool:
    if isinstance(node, dict):
        return node.get("Var") == "action" or any(map(_mentions_action, node.values()))
    return isinstance(node, list) and any(map(_mentions_action, node))
