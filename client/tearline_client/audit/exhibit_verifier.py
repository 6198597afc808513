"""Verification of an exhibit: its outcome, and what it relies on and does not prove."""

from tearline.crypto.armor import Armor, parse_armor
from tearline.errors import MalformedInput, TearlineError
from tearline.tlog.policy import LogPolicy
from tearline.verification.exhibit import Examination, Shown, examine
from tearline.verification.trust import TrustState
from tearline.wire.exhibits import Exhibit, parse_exhibit
from tearline_client.audit.log_policy import counted_policy
from tearline_client.audit.proofs import Certification
from tearline_client.audit.verifier import Outcome

BEGIN = f"-----BEGIN {Armor.EXHIBIT}-----"

_RELIES_ON_FEDERATION = (
    "the federation id that the reader named or pinned: the founders that it names, and the"
    " council after them, certify the signer's key; neither the exchange nor a cosigner could"
    " certify another",
    "the log's keys, which the same statements certify, for the entry and its time",
)
_RELIES_ON_POLICY = (
    "the policy that the reader named, or its node has: its log and as many cosigners as it"
    " requires certify the signer's key; all of these together could certify another, but not the"
    " log alone",
    "the same signatures for all that the log held before its directory: a key that had ended"
    " before is refused",
    "the signer for the federation's id, if the reader did not name it",
)
RELIES_ON = (*_RELIES_ON_FEDERATION, *_RELIES_ON_POLICY)
"""Grounds of verified exhibits of both kinds, for their reader."""
_UNPROVEN = (
    "that the values are true: it says who signed them, with which evaluation",
    "whether there are other fields, or what they hold",
    "who made this file, or whether they were allowed to show it",
    "whether the packet was corrected, recalled or given to others since",
    "which of these fields those named in receipts could open",
    "what time it was: an entry bears the exchange's clock, and its place in the log's order",
)
_UNPROVEN_BY_STATEMENTS = (
    "that the signer's key had not ended, or that no later amendment replaces the log's keys:"
    " the file brings only what its maker put in; the log took the packet all the same",
    "that all were shown the same log, unless the reader's policy asks for cosignatures",
)
_UNPROVEN_BY_DIRECTORY = (
    "that all were shown the same log, if more of the policy's cosigners are dishonest than it"
    " tolerates: one that was shown to few could lack the end of the key",
)
DOES_NOT_SAY = (*_UNPROVEN, *_UNPROVEN_BY_STATEMENTS, *_UNPROVEN_BY_DIRECTORY)
"""Limits of verified exhibits of both kinds, for their reader."""


def judge_exhibit(
    text: bytes,
    federation: bytes | None,
    *,
    policy: LogPolicy | None = None,
    trust: TrustState | None = None,
) -> Examination:
    """Examines a file as an exhibit; see ``tearline.verification.exhibit.examine``.

    Args:
        text: The file's bytes, unchecked.
        federation: 32 bytes, known out of band, or None.
        policy: Further requirements for the checkpoint.
        trust: Members and keys as this reader's own node knows them, or None. Without a policy,
            the counted cosigners at an exhibit's directory are taken from here.
    """
    try:
        exhibit = parse_exhibit(parse_armor(Armor.EXHIBIT, text.decode("ascii")))
        return examine_by(exhibit, federation, policy, trust)
    except UnicodeDecodeError:
        return Examination(errors=(MalformedInput("expected ASCII"),), lacking=(), shown=None)
    except TearlineError as error:
        return Examination(errors=(error,), lacking=(), shown=None)


def examine_by(
    exhibit: Exhibit,
    federation: bytes | None,
    policy: LogPolicy | None,
    trust: TrustState | None,
) -> Examination:
    """Examines an exhibit; see ``judge_exhibit``."""
    examined = examine(exhibit, federation, policy=policy)
    directory = examined.shown.directory if examined.shown else None
    if policy is None and directory and trust is not None and trust.federation == federation:
        return examine(exhibit, federation, policy=counted_policy(trust, directory))
    return examined


def outcome_of(examined: Examination) -> Outcome:
    """Returns the outcome of an examination."""
    if examined.errors:
        return Outcome.FAILED
    return Outcome.INDETERMINATE if examined.lacking else Outcome.VERIFIED


def certification_of_file(text: str) -> Certification:
    """Returns the kind of the parts that certify the signers of an exhibit made here."""
    leaves = parse_exhibit(parse_armor(Armor.EXHIBIT, text)).leaves
    return Certification.DIRECTORY if leaves else Certification.STATEMENTS


def certification_of(shown: Shown) -> Certification:
    """Returns the kind of the parts that certify the signers."""
    return Certification.STATEMENTS if shown.directory is None else Certification.DIRECTORY


def relies_on(shown: Shown) -> tuple[str, ...]:
    """Returns the grounds of a verified exhibit, for its reader."""
    return _RELIES_ON_FEDERATION if shown.directory is None else _RELIES_ON_POLICY


def does_not_say(shown: Shown) -> tuple[str, ...]:
    """Returns the limits of a verified exhibit, for its reader."""
    further = _UNPROVEN_BY_STATEMENTS if shown.directory is None else _UNPROVEN_BY_DIRECTORY
    return (*_UNPROVEN, *further)
