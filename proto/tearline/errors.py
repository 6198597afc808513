"""The one error tree of Tearline.

    TearlineError
    ├── UsageError       TL-USE   the caller asked for something that cannot be meant
    ├── ConfigError      TL-CFG   a setting or a file of ours is missing, unknown or wrong
    ├── KeyError_        TL-KEY   a private or public key cannot be used
    ├── TlsError         TL-TLS   the connection, its certificate or its token is not acceptable
    ├── TrustError       TL-TRU   a signer, a trust list or a key record is not believed
    ├── AgreementError   TL-AGR   no agreement in force covers this
    ├── PolicyError      TL-POL   a release oversteps what an agreement or an agency allows
    ├── PacketError      TL-PKT   a statement or a packet is malformed or does not verify
    ├── GrantError       TL-GRT   a grant is malformed, misdirected or ended
    ├── MailboxError     TL-MBX   a mailbox, a channel or its sequence is not as it must be
    ├── LogError         TL-LOG   the audit log, or a proof of it, does not verify
    ├── StoreError       TL-STO   a database cannot do what was asked of it
    ├── CaseError        TL-CAS   a case, or a step of it, is not what it must be
    ├── RequestError     TL-REQ   the exchange is out of reach, overloaded, or found nothing
    └── RecordRequestError TL-RFI a request for records, or a step of one, is not as it must be

Every concrete error has a code that never changes its meaning and is never given
to another error, a sentence that says what happened, and one that says what to do
next; the raiser adds why. Nothing in an error may tell an outsider that a thing exists.
"""

from collections.abc import Iterator
from typing import ClassVar

# Exit statuses of both command lines.
EXIT_OK = 0
EXIT_LOCAL = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_REFUSED = 4
EXIT_INTEGRITY = 5
EXIT_NOT_FOUND = 6
EXIT_PENDING = 7


class TearlineError(Exception):
    """Anything Tearline refuses or fails to do.

    Attributes:
        code: Stable identifier, for example ``TL-PKT-003``.
        what: What happened, one sentence.
        next: What to do next, one sentence.
        exit_status: The exit status of a command that ends with this error.
        why: What the raiser knows of the cause; ids and sizes, never contents.
    """

    code: ClassVar[str] = ""
    what: ClassVar[str] = ""
    next: ClassVar[str] = ""
    exit_status: ClassVar[int] = EXIT_LOCAL

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"{self.code}: {sentence(self.what, self.why)} Next: {self.next}"


def sentence(what: str, why: str) -> str:
    """One sentence of what happened and, where it is known, why."""
    if not why:
        return what
    return f"{what.removesuffix('.')}: {why}{'' if why[-1] in '.?!' else '.'}"


class UsageError(TearlineError):
    """The caller asked for something that cannot be meant."""

    exit_status = EXIT_USAGE


class MalformedInput(UsageError):
    """Text that is not the one spelling of what it should be."""

    code = "TL-USE-001"
    what = "The input is not well formed."
    next = "Correct the place named and try again; nothing was done."


class ImportRefused(UsageError):
    """A file whose lines are not what its format asks."""

    code = "TL-USE-002"
    what = "The file cannot be imported."
    next = "Correct the place named and import the file again; nothing was taken from it."


class ImportTooLarge(UsageError):
    """More than one import may hold."""

    code = "TL-USE-003"
    what = "The import is larger than one may be."
    next = "Divide the file and import its parts; nothing was taken from it."


class ExportRefused(UsageError):
    """A place where an export may not be written."""

    code = "TL-USE-004"
    what = "The export cannot be written there."
    next = "Choose a new file name in an existing folder; nothing was written."


class NotConfirmed(UsageError):
    """A wide or destructive act whose name was not typed back."""

    code = "TL-USE-005"
    what = "The act was not confirmed."
    next = "Type the name exactly as shown, or pass --yes in a script; nothing was done."


class ConfigError(TearlineError):
    """A setting or a file of ours is missing, unknown or wrong."""


class LogPolicyMalformed(ConfigError):
    """A policy on checkpoints that cannot be followed."""

    code = "TL-CFG-010"
    what = "The log's policy file is not one, or names a kind of key that is not in use."
    next = "Compare it with c2sp.org/tlog-policy, or write it anew: `tearline audit policy`."


class HookMalformed(ConfigError):
    """A hook whose event or command cannot be used."""

    code = "TL-CFG-011"
    what = "A hook for notices cannot be used."
    next = "Compare it with `tearline node run --help`; the node was not started."


class MappingMalformed(ConfigError):
    """A mapping of columns to properties that cannot be followed."""

    code = "TL-CFG-001"
    what = "The mapping of columns is not usable."
    next = "Correct the place named in the mapping file; nothing was imported."


class SettingUnknown(ConfigError):
    """A configuration file that names something which is not a setting."""

    code = "TL-CFG-002"
    what = "The configuration names a setting that does not exist."
    next = (
        "Remove the setting named, or correct its spelling; for a node `tearline config show` "
        "lists all."
    )


class SettingInvalid(ConfigError):
    """A setting whose value is not of its kind."""

    code = "TL-CFG-003"
    what = "A setting has a value that it cannot have."
    next = (
        "Correct the value named, in the option, variable or file that gives it; for a node "
        "`tearline config show --origin` says which one does."
    )


class ConfigUnreadable(ConfigError):
    """A file of ours that is missing, not readable, or not in its format."""

    code = "TL-CFG-004"
    what = "A file of this node cannot be read."
    next = "Check the path, its permissions and its format."


class PassphraseMissing(ConfigError):
    """No passphrase where one is needed."""

    code = "TL-CFG-005"
    what = "No passphrase was given."
    next = "Pass --passphrase-file, set TEARLINE_PASSPHRASE_FILE, or run on a terminal to be asked."


class FileExposed(ConfigError):
    """A secret file that others than its owner may read or write."""

    code = "TL-CFG-006"
    what = "A file that holds a secret is open to others."
    next = "Take its permissions away (chmod 600), and consider the secret known to others."


class TlsUnprepared(ConfigError):
    """gRPC was imported before its cipher suites were set."""

    code = "TL-CFG-007"
    what = "TLS 1.2 could still be negotiated in this process."
    next = "Import tearline.rpc before anything that imports grpc."


class HomeMissing(ConfigError):
    """A home that holds no node yet, or not all of one."""

    code = "TL-CFG-008"
    what = "There is no node here, or a part of it is missing."
    next = "Make one with tearline init, or name its home with --home."


class TrustMissing(ConfigError):
    """An exchange that was not told who belongs to its federation."""

    code = "TL-CFG-009"
    what = "The exchange has no trust list yet."
    next = "Hand exchange.enrolment to the agencies, then run tearline-server trust FILE."


class KeyError_(TearlineError):  # noqa: N801 (the trailing underscore keeps the builtin free)
    """A private or public key cannot be used."""


class KeyMalformed(KeyError_):
    """Bytes that are not a key of the stated kind."""

    code = "TL-KEY-001"
    what = "The key is not well formed."
    next = "Obtain the key again from its owner."
    exit_status = EXIT_INTEGRITY


class SignatureInvalid(KeyError_):
    """A signature that its key did not make over these bytes."""

    code = "TL-KEY-002"
    what = "The signature does not verify."
    next = "Do not use the statement; keep it as evidence and ask its signer."
    exit_status = EXIT_INTEGRITY


class KeystoreLocked(KeyError_):
    """A passphrase that does not open the keystore."""

    code = "TL-KEY-003"
    what = "The passphrase does not open the keystore."
    next = "Try again; without the passphrase the keys are lost, and new ones are made."


class KeystoreDamaged(KeyError_):
    """A file of the keystore that is not as it was written."""

    code = "TL-KEY-004"
    what = "A file of the keystore was changed, moved or cut short."
    next = "Restore the keystore from a backup, and find out who could write there."
    exit_status = EXIT_INTEGRITY


class KeystoreEntryMissing(KeyError_):
    """A key that is not in the keystore, or not any more."""

    code = "TL-KEY-005"
    what = "The keystore does not hold this key."
    next = "Check which node this is; a key that was destroyed does not come back."
    exit_status = EXIT_NOT_FOUND


class KeystoreUnusable(KeyError_):
    """A keystore that is not there, is there already, or cannot be read or written."""

    code = "TL-KEY-006"
    what = "The keystore cannot be used."
    next = "Check its path, its permissions and the space on the disk; nothing was changed."


class KeyForeign(KeyError_):
    """A key on record in this node's name whose private half was never here."""

    code = "TL-KEY-007"
    what = "The log holds a key in this node's name that was not made here."
    next = "Unless it was lost with a machine, revoke it now, and find out who holds it."
    exit_status = EXIT_INTEGRITY


class TlsError(TearlineError):
    """The connection, its certificate or its token is not acceptable."""

    exit_status = EXIT_REFUSED


class CertificateRefused(TlsError):
    """A certificate that does not speak for whom it names."""

    code = "TL-TLS-001"
    what = "The certificate is not acceptable."
    next = "Have the agency's own CA issue a certificate for this node."


class CertificateExpired(TlsError):
    """A certificate outside its validity."""

    code = "TL-TLS-002"
    what = "The certificate is not valid at this time."
    next = "Check the clock, then renew the certificate with `tearline keys rotate`."


class ConnectionRefused(TlsError):
    """A connection that is not TLS 1.3 with the hybrid key exchange."""

    code = "TL-TLS-003"
    what = "The connection is not protected as this federation demands."
    next = "Connect with TLS 1.3 and X25519MLKEM768, as every Tearline node does."


class TokenRefused(TlsError):
    """A person's access token that does not hold here and now."""

    code = "TL-TLS-004"
    what = "The access token is not acceptable."
    next = "Run `tearline login` on this node and try again."


class TokenRequired(TlsError):
    """A call that only a person may make, made without a token."""

    code = "TL-TLS-005"
    what = "This needs a person who is logged in."
    next = "Run `tearline login` and try again."


class NotPermitted(TlsError):
    """A call that the caller, or the person behind it, may not make."""

    code = "TL-TLS-006"
    what = "The caller may not do this."
    next = "Ask somebody whose role allows it."


class CallerDenied(TlsError):
    """A node or a key that was shut out."""

    code = "TL-TLS-007"
    what = "The node, or the key of its certificate, is shut out."
    next = "Ask the node's agency whether the key was revoked, and the operator otherwise."


class LoginRefused(TlsError):
    """A name and a passphrase that do not belong to a person who may act."""

    code = "TL-TLS-008"
    what = "The person cannot log in."
    next = "Check the name and the passphrase, or ask an officer whether the person is disabled."


class LoginRequired(TlsError):
    """Nobody is logged in, or not any more, or not as whom the command names."""

    code = "TL-TLS-009"
    what = "No person is logged in for this."
    next = "Run `tearline login NAME`; where several are logged in, add `--as NAME`."


class PersonConflict(TlsError):
    """A person who cannot be added or changed as asked."""

    code = "TL-TLS-010"
    what = "The person cannot be added or changed as asked."
    next = "Check the name with `tearline person list`."


class TrustError(TearlineError):
    """A signer, a trust list or a key record is not believed."""

    exit_status = EXIT_REFUSED


class SignerUnknown(TrustError):
    """A signer that no trust list names."""

    code = "TL-TRU-001"
    what = "The signer is not known in this federation."
    next = "Check the name; an agency is admitted by all roots of the federation."


class SignerKeyUnknown(TrustError):
    """A key that no key record in force gives to this signer."""

    code = "TL-TRU-002"
    what = "The signer's key is not on record, has ended, or was revoked."
    next = "Ask the signer's agency to publish its key record."


class FederationMismatch(TrustError):
    """A statement of another federation."""

    code = "TL-TRU-003"
    what = "The statement belongs to another federation."
    next = "Check which federation id is pinned here."


class TrustListRejected(TrustError):
    """A trust list that does not follow from the one before."""

    code = "TL-TRU-004"
    what = "The trust list is not a valid successor."
    next = "Keep the current list; ask the agencies that had to sign."


class TrustListUnpinned(TrustError):
    """A first trust list that is not the pinned one."""

    code = "TL-TRU-005"
    what = "The first trust list is not the one pinned here."
    next = "Compare the federation id with your partners out of band."


class TrustStale(TrustError):
    """Trust read too long ago to seal under."""

    code = "TL-TRU-006"
    what = "What is known of keys and suspensions is too old to act on."
    next = "Wait for the exchange; nothing was sent."


class NotWitnessed(TrustError):
    """A log that no other agency has cosigned lately, as far as this node has read it."""

    code = "TL-TRU-008"
    what = "No other agency has lately cosigned the log that this node is shown."
    next = "Have a partner sync or run its node, then try again; nothing was sent."


class ClockSkewed(TrustError):
    """A clock that disagrees with the log's."""

    code = "TL-TRU-007"
    what = "This machine's clock disagrees with the log."
    next = "Set the clock; nothing was sent."


class AgreementError(TearlineError):
    """No agreement in force covers this."""

    exit_status = EXIT_REFUSED


class AgreementNotInForce(AgreementError):
    """An agreement or article that is not in force here and now."""

    code = "TL-AGR-001"
    what = "No agreement in force covers this."
    next = "Check the agreement, its article, dates, kind and direction."


class AgreementMalformed(AgreementError):
    """An agreement that contradicts itself."""

    code = "TL-AGR-002"
    what = "The agreement is not well formed."
    next = "Correct the place named and sign again."


class PinUnknown(AgreementError):
    """An agreement that pins a policy or profile not present here."""

    code = "TL-AGR-003"
    what = "The agreement pins a digest that this installation does not have."
    next = "Install the version of policy, profile or masks that it names."


class AgreementSuspended(AgreementError):
    """Something that a party of the agreement has suspended."""

    code = "TL-AGR-010"
    what = "A party has suspended this."
    next = "Wait until it resumes; tearline agreement list says who suspended what."


class StandingOutdated(AgreementError):
    """A standing that is older than one that is known."""

    code = "TL-AGR-011"
    what = "A newer standing of this agency is known."
    next = "Receive what waits and say it again: tearline agreement list shows how it stands."


class LiftRefused(AgreementError):
    """A suspension lifted, or an agreement ended or taken up again, by who may not."""

    code = "TL-AGR-012"
    what = "Only an officer in charge lifts a suspension or ends an agreement, and for good."
    next = "Have an officer of the agency that suspended it resume it: tearline --as NAME."


class StandingStale(AgreementError):
    """A joint article without a fresh standing of every party."""

    code = "TL-AGR-013"
    what = "A party of this joint article has not said within the hour where it stands."
    next = "Have that party's node run; if it does, its standing is being kept back: tell it so."


class SuspensionBreached(AgreementError):
    """Something that was accepted while a party had it suspended."""

    code = "TL-AGR-014"
    what = "It was let through although a party had suspended this."
    next = "Keep the evidence: the log shows both, the standing and what came after it."


class PacketFrozen(AgreementError):
    """A packet whose originator suspended, and froze what it had sent."""

    code = "TL-AGR-015"
    what = "Its originator has frozen this packet with a suspension."
    next = "Wait until the originator resumes: tearline agreement list says who suspended what."


class StandingUntold(AgreementError):
    """A suspension that holds here, and that the exchange has refused."""

    code = "TL-AGR-016"
    what = "This node obeys the suspension, but the exchange has refused to take it."
    next = "Ask the exchange's operator why, and tell the partners by another way."


class ProposalRefused(AgreementError):
    """A step of a proposal that does not hold for its terms."""

    code = "TL-AGR-020"
    what = "What is said about the proposed agreement does not hold."
    next = "Keep it as evidence, and ask its signer what was meant."


class ProposalSuperseded(AgreementError):
    """Terms that come after another version was agreed on."""

    code = "TL-AGR-021"
    what = "Another version of this agreement was agreed on first."
    next = "Look at what is in force with `tearline agreement show`, and amend that."


class ProposalClosed(AgreementError):
    """Terms on which nothing is left to say."""

    code = "TL-AGR-022"
    what = "The proposal is no longer open."
    next = "Propose anew with `tearline agreement propose` or `amend`."


class PolicyError(TearlineError):
    """A release oversteps what an agreement or an agency allows."""

    exit_status = EXIT_REFUSED


class MarkingMalformed(PolicyError):
    """A marking or a form that is not in its one spelling, or names an unknown category."""

    code = "TL-POL-001"
    what = "The marking is not one this version knows."
    next = "Use a category, codes and forms of the marking table; nothing was done."


class Mislabelled(PolicyError):
    """A field in a compartment of another category than its own."""

    code = "TL-POL-002"
    what = "A field is marked as something it is not."
    next = "It is quarantined; ask its originator to send it again, marked as the profile says."
    exit_status = EXIT_INTEGRITY


class PathMalformed(PolicyError):
    """A field's path that is not entity token, schema and property."""

    code = "TL-POL-003"
    what = "The path of a field is not well formed."
    next = "Write it as entity token/Schema/property."


class MarkingLoosened(PolicyError):
    """A file that asks for a milder marking than it may."""

    code = "TL-POL-004"
    what = "The file marks a field milder than the marking profile does."
    next = "Mark it stricter, or let an officer answer for a milder marking; nothing was done."


class SecretProperty(PolicyError):
    """A private key or a password about to travel."""

    code = "TL-POL-005"
    what = "The field is a secret that never travels."
    next = "Remove it from the file; nothing was done."


class GeneralisedMismatch(PolicyError):
    """A generalised field that its clear values do not give."""

    code = "TL-POL-006"
    what = "The generalised form of a field is not what its mask makes of the clear values."
    next = "Trust neither form; keep both as evidence and ask the originator."
    exit_status = EXIT_INTEGRITY


class PolicySetMalformed(PolicyError):
    """A policy text that cannot be relied on to decide."""

    code = "TL-POL-007"
    what = "The policy set is not well formed."
    next = "Run `tearline policy check` on it and correct what it lists; nothing was done."


class TermsMalformed(PolicyError):
    """Terms of an agreement that contradict themselves or exceed a limit."""

    code = "TL-POL-008"
    what = "The terms of the agreement are not well formed."
    next = "Correct the place named."


class ReleaseRefused(PolicyError):
    """A release of a more revealing form than the policies allow."""

    code = "TL-POL-009"
    what = "The release reveals more than the policies allow."
    next = "Run `tearline policy explain`; release a lower form, or amend the agreement."


class NothingReleased(PolicyError):
    """A recipient that may be told nothing at all of a packet."""

    code = "TL-POL-010"
    what = "Nothing of this packet may be released to that recipient."
    next = "Look at the preview; leave the recipient out, or ask for other terms."


class SecondPersonMissing(PolicyError):
    """A release by fewer than two persons, under an article that asks for four eyes."""

    code = "TL-POL-011"
    what = "The article asks for two persons behind a release, and there are fewer."
    next = (
        "Name who drafts it with --as, and have another person approve it: `tearline packet "
        "pending`."
    )


class SamePersonTwice(PolicyError):
    """One person for both that the article asks for."""

    code = "TL-POL-012"
    what = "Who drafted a release does not approve it as well."
    next = "Have another person of the agency approve it."


class RoleUnfit(PolicyError):
    """A person in a role that does not draft, or does not approve."""

    code = "TL-POL-013"
    what = "A person behind the release acted in a role that does not let them."
    next = "Have a liaison or an officer approve it; an analyst may draft."


class ReleaseChanged(PolicyError):
    """A release that waited, and would now show something else than was drafted."""

    code = "TL-POL-014"
    what = "The policies decide otherwise than when the release was drafted."
    next = "Look at what changed, and approve it as it is now, or reject it."


class PendingFull(PolicyError):
    """More releases that wait for a second person than are kept."""

    code = "TL-POL-015"
    what = "Too many releases wait for a second person."
    next = "Approve or reject some: `tearline packet pending`."


class PassOnForbidden(PolicyError):
    """What a partner gave, about to go to somebody that its originator did not allow."""

    code = "TL-POL-020"
    what = "Its originator has not allowed this to go on to that recipient."
    next = "Ask for it with `tearline packet pass-on`, or leave it out; nothing was sent."


class PurposeForbidden(PolicyError):
    """What a partner gave, about to be used for another purpose than it was given for."""

    code = "TL-POL-021"
    what = "Its originator gave this for another purpose."
    next = "Ask for it with `tearline consent ask --use purpose`, or leave it out."


class CopyUndeclared(PolicyError):
    """A value of a partner's packet in a packet that does not name that one as its source."""

    code = "TL-POL-022"
    what = "A value about to be sent stands in a partner's packet that limits its use."
    next = (
        "Name the packet with --derived-from; or, where we have the value from a source of our"
        " own, let an officer record that with `tearline consent own`."
    )


class DerivedWeaker(PolicyError):
    """A derived packet that is marked or evaluated more freely than what it was made from."""

    code = "TL-POL-023"
    what = "A packet marks or evaluates what was taken from another more freely than that one does."
    next = "Do not use it; its sender marks it as its source is marked, and sends it again."
    exit_status = EXIT_INTEGRITY


class SourceUnknown(PolicyError):
    """A packet that is said to be made from one that its sender was never given."""

    code = "TL-POL-024"
    what = "The packet names a source that its sender was not given."
    next = "Name the packets that it was made from, by their whole ids; nothing was taken."


class ConsentMisplaced(PolicyError):
    """A step of a consent that is not for its signer to take."""

    code = "TL-POL-025"
    what = "This is not for its signer to ask, or to answer."
    next = "Nothing is allowed by it; keep it as evidence and ask its signer."
    exit_status = EXIT_INTEGRITY


class ConsentClosed(PolicyError):
    """A step of a consent that has come too late."""

    code = "TL-POL-026"
    what = "The consent does not stand where this step could be taken."
    next = "Look at it with `tearline consent show`; ask anew where that is wanted."


class PacketError(TearlineError):
    """A statement or a packet is malformed or does not verify."""

    exit_status = EXIT_INTEGRITY


class StatementMalformed(PacketError):
    """Bytes that are not the one encoding of a statement or packet."""

    code = "TL-PKT-001"
    what = "A statement or packet is not well formed."
    next = "Do not use it; tell its sender which version of Tearline you run."


class AttestationMissing(PacketError):
    """A statement whose signature was not sent along."""

    code = "TL-PKT-002"
    what = "The signature over a statement is missing."
    next = "Fetch the statement again; if it repeats, tell the operator."


class InclusionInvalid(PacketError):
    """A statement that the signed tree does not contain."""

    code = "TL-PKT-003"
    what = "The statement is not part of what was signed."
    next = "Do not use it; keep it as evidence and ask its signer."


class SignerMismatch(PacketError):
    """A body and its signature that name different signers or keys."""

    code = "TL-PKT-004"
    what = "The statement names another signer than its signature."
    next = "Do not use it; keep it as evidence and ask its signer."


class TypeNotAllowed(PacketError):
    """A key that signed a kind of statement its record does not list."""

    code = "TL-PKT-005"
    what = "The key may not sign this kind of statement."
    next = "Ask the signer's agency for a key record that lists it."


class CommitmentMismatch(PacketError):
    """Content that is not what the manifest commits to."""

    code = "TL-PKT-006"
    what = "A part of the packet is not what its originator signed."
    next = "Do not use the packet; keep it as evidence and tell its originator."


class CiphertextMissing(PacketError):
    """A granted field whose ciphertext did not arrive."""

    code = "TL-PKT-007"
    what = "A ciphertext that was granted is missing."
    next = "Ask the exchange for the packet again, then its originator."


class DecryptionFailed(PacketError):
    """A ciphertext that its key does not open."""

    code = "TL-PKT-008"
    what = "A ciphertext does not open under the key that was granted."
    next = "Do not use the packet; keep it as evidence and tell its originator."


class PathDuplicated(PacketError):
    """One path twice in the same form."""

    code = "TL-PKT-009"
    what = "The packet holds the same field twice in one form."
    next = "Ask the originator to correct the packet."


class PacketTooLarge(PacketError):
    """More fields or categories than one packet may carry."""

    code = "TL-PKT-010"
    what = "The packet is larger than a packet may be."
    next = "Split it; an import does so by itself."


class StatementConflict(PacketError):
    """The same identifier with other bytes."""

    code = "TL-PKT-011"
    what = "This identifier was used before for something else."
    next = "Do not send again under this identifier; the conflict is recorded."


class SuiteUnknown(PacketError):
    """A suite below what the trust list demands, or unknown."""

    code = "TL-PKT-012"
    what = "The cryptographic suite is not accepted in this federation."
    next = "Update the older of the two nodes."


class EvaluationInvalid(PacketError):
    """A 4x4 evaluation that is not one."""

    code = "TL-PKT-013"
    what = "The evaluation of source and information is not valid."
    next = "Use A, B, C or X followed by 1, 2, 3 or 4."


class EntityFieldMalformed(PacketError):
    """A field that is not of an entity, or contradicts another."""

    code = "TL-PKT-014"
    what = "The fields of the packet do not make entities."
    next = "Keep the packet as evidence and ask its originator to send it anew."


class StatementUnsupported(PacketError):
    """A kind of statement that this version knows and does not take yet."""

    code = "TL-PKT-015"
    what = "The exchange does not take this kind of statement."
    next = "Ask the operator which version runs there; nothing was done."
    exit_status = EXIT_REFUSED


class LifetimeRefused(PacketError):
    """A packet that has ended already, or would never end."""

    code = "TL-PKT-016"
    what = "The packet's end is in the past, or too far away."
    next = "Give it an end within ten years; check the clock."
    exit_status = EXIT_REFUSED


class BodyIncomplete(PacketError):
    """A body of which its kind asks for more."""

    code = "TL-PKT-030"
    what = "Something is missing that a packet of this kind must have."
    next = "Add it, or choose another kind: `tearline packet kinds` shows an example of each."
    exit_status = EXIT_REFUSED


class BodyRefused(PacketError):
    """A body that is not what its kind asks for."""

    code = "TL-PKT-031"
    what = "The packet is not what its kind asks for."
    next = "Correct the places named, or choose another kind; nothing was sent."
    exit_status = EXIT_REFUSED


class BodyUnfit(PacketError):
    """A partner's body that is not what its kind asks for."""

    code = "TL-PKT-032"
    what = "A packet that came is not what its kind asks for."
    next = "Read it with care, and ask its originator to correct it."


class DocumentRefused(PacketError):
    """A file that does not travel as a document."""

    code = "TL-PKT-033"
    what = "The file cannot travel as a document."
    next = "Send a PDF, PNG, JPEG, text, CSV, XLSX, DOCX or EML file of at most 1 MiB."
    exit_status = EXIT_REFUSED


class GrantError(TearlineError):
    """A grant is malformed, misdirected or ended."""

    exit_status = EXIT_INTEGRITY


class GrantMisdirected(GrantError):
    """A grant for another recipient, packet or key."""

    code = "TL-GRT-001"
    what = "The grant is not for this node, packet or key."
    next = "Do not use it; keep it as evidence and ask the grantor."


class GrantorNotOriginator(GrantError):
    """A grant from somebody other than the packet's originator."""

    code = "TL-GRT-002"
    what = "Only the originator's agency may grant its packet."
    next = "Ask the originator to grant it to you."
    exit_status = EXIT_REFUSED


class GrantExpired(GrantError):
    """A grant past its end."""

    code = "TL-GRT-003"
    what = "The grant has ended."
    next = "Ask the originator to grant the packet again."
    exit_status = EXIT_REFUSED


class ReleaseMismatch(GrantError):
    """A sealed part that releases other things than the grant lists."""

    code = "TL-GRT-004"
    what = "The sealed part of the grant does not match its list."
    next = "Do not use the grant; keep it as evidence and ask the grantor."


class RecipientKeyExpired(GrantError):
    """A grant sealed to a key that has ended."""

    code = "TL-GRT-005"
    what = "The recipient's encryption key has ended."
    next = "Wait: the node issues the grant anew once the recipient has another key."
    exit_status = EXIT_REFUSED


class OnwardUseForbidden(GrantError):
    """A field that its reader may not show to others."""

    code = "TL-GRT-006"
    what = "Its originator has not allowed this field to be shown to others."
    next = "Ask its originator: `tearline consent ask --use evidence`; or it makes the exhibit."
    exit_status = EXIT_REFUSED


class GrantHandedOut(GrantError):
    """A grant that its recipient has been handed and that cannot be withdrawn any more."""

    code = "TL-GRT-010"
    what = "The recipient has been handed the grant already."
    next = "Recall the packet from the recipient: tearline packet recall."
    exit_status = EXIT_REFUSED


class PacketRecalled(GrantError):
    """A release of what its originator has taken back."""

    code = "TL-GRT-011"
    what = "The originator has recalled this packet, or a part of it that the grant releases."
    next = "Seal a new packet, and release that."
    exit_status = EXIT_REFUSED


class RecallNotOriginator(GrantError):
    """A recall from somebody other than the packet's originator."""

    code = "TL-GRT-012"
    what = "Only the originator's agency may recall its packet."
    next = "Ask the originator to recall it."
    exit_status = EXIT_REFUSED


class MailboxError(TearlineError):
    """A mailbox, a channel or its sequence is not as it must be."""

    exit_status = EXIT_INTEGRITY


class ChannelGap(MailboxError):
    """A sequence number that is not the next one."""

    code = "TL-MBX-001"
    what = "Something sent on this channel did not arrive."
    next = "Fetch again; if the gap stays, compare marks with the sender."


class ChannelReplay(MailboxError):
    """A sequence number used twice for different statements."""

    code = "TL-MBX-002"
    what = "A place in the channel was used twice."
    next = "Do not use the later statement; keep both as evidence."


class MarkUnequal(MailboxError):
    """Two ends of a channel that disagree."""

    code = "TL-MBX-003"
    what = "The two ends of a channel disagree about what was sent."
    next = "Compare what was sent and received with the partner, outside the exchange."


class StatusBackwards(MailboxError):
    """A receipt that would move a status back."""

    code = "TL-MBX-004"
    what = "A status only moves forward."
    next = "Ignore the receipt; keep it as evidence."


class ChannelStalled(MailboxError):
    """A gap that stays while too much comes behind it."""

    code = "TL-MBX-005"
    what = "More has come behind a gap than is taken in; nothing more is, until the gap closes."
    next = "Compare what was sent and received with the sender, outside the exchange."


class ReceiptForgotten(MailboxError):
    """A receipt of a grant that this node made after its backup."""

    code = "TL-MBX-006"
    what = "A receipt came of a grant that this restored node does not know any more."
    next = "Keep it: it says that the partner has the grant; ask there what it was."


class LogError(TearlineError):
    """The audit log, or a proof of it, does not verify."""

    exit_status = EXIT_INTEGRITY


class ProofMalformed(LogError):
    """A position, two sizes or a proof that cannot belong together."""

    code = "TL-LOG-001"
    what = "The proof does not fit the tree it is about."
    next = "Ask for the proof again; if it comes back the same, keep it as evidence."


class EntryNotIncluded(LogError):
    """A proof that does not lead from the entry to the checkpoint."""

    code = "TL-LOG-002"
    what = "The log does not hold this entry at this place."
    next = "Keep the proof as evidence and tell the auditors."


class LogInconsistent(LogError):
    """Two trees of which the later does not begin with the earlier."""

    code = "TL-LOG-003"
    what = "The log was rewritten between two checkpoints."
    next = "Stop sending, keep both checkpoints as evidence and tell every party."


class FrontierDamaged(LogError):
    """A stored tree head that no tree has."""

    code = "TL-LOG-004"
    what = "The stored state of the log's tree is damaged."
    next = "Restore it from the entries or from a mirror before anything is signed."


class NoteMalformed(LogError):
    """A signed note, checkpoint or proof that is not the one spelling of itself."""

    code = "TL-LOG-005"
    what = "The signed note is not well formed."
    next = "Ask for it again; if it comes back the same, keep it as evidence."


class CheckpointForeign(LogError):
    """A checkpoint of a log other than the one expected."""

    code = "TL-LOG-006"
    what = "The checkpoint is of another log."
    next = "Check which log was asked, and the trust list for the log's name."


class CheckpointUnsigned(LogError):
    """A checkpoint without a signature that is required."""

    code = "TL-LOG-007"
    what = "A required signature is missing from the checkpoint."
    next = "Wait for the signature or ask for a newer checkpoint; do not rely on this one."


class CheckpointForged(LogError):
    """A signature line of a known key that this key did not make."""

    code = "TL-LOG-008"
    what = "A signature on the checkpoint does not verify."
    next = "Keep the checkpoint as evidence, do not rely on it, and tell the auditors."


class LogUnproven(LogError):
    """More entries than are held without a checkpoint over them."""

    code = "TL-LOG-009"
    what = "The log gives entry upon entry and no checkpoint that they lead to."
    next = "Restore a newer backup of the node, so that less is missing, or tell the operator."


class EntryMismatch(LogError):
    """An entry that is of no kind, or not what its opening says."""

    code = "TL-LOG-020"
    what = "A log entry is not what it is said to be."
    next = "Keep it as evidence and tell the other agencies; the log may have been altered."


class TwinEntries(LogError):
    """One event with two entries, or two parties told of different ones."""

    code = "TL-LOG-021"
    what = "The log holds one event twice, or told its parties different things."
    next = "Keep both openings as evidence and tell the other agencies."


class LogKeysUnknown(LogError):
    """A checkpoint that a reader without a trust list cannot judge."""

    code = "TL-LOG-022"
    what = "The keys of the log are not known here."
    next = "Name the federation's trust list with --trust, and verify again."


class EntryWithheld(LogError):
    """An answer without an entry that the asking node was told of."""

    code = "TL-LOG-026"
    what = "The exchange left out of its answer an entry that this node was told of."
    next = "Keep the answer as evidence, tell the operator, and search your node's own proofs."


class CheckpointMissing(LogError):
    """An entry in a file that lacks the checkpoint it is proven under."""

    code = "TL-LOG-028"
    what = "The checkpoint that this entry is proven under is not in the file."
    next = "Verify the whole file: the row that brought the checkpoint was left out."


class ExportAltered(LogError):
    """A file that is not the one that its manifest was signed for."""

    code = "TL-LOG-029"
    what = "The file is not what its manifest says."
    next = "Ask for the file and its manifest again, as they were exported."


class TileMalformed(LogError):
    """A tile of the log, or the path of one, that is not the one spelling of itself."""

    code = "TL-LOG-025"
    what = "The tile is not well formed, or its path is not."
    next = "Ask for it again or elsewhere; c2sp.org/tlog-tiles says what it must be."


class EntryTooLarge(LogError):
    """A statement too large for a log that every reader can fetch."""

    code = "TL-LOG-024"
    what = "The statement does not fit an entry of the log."
    next = "Of a trust list: name fewer agencies, or fewer certificate authorities for each."
    exit_status = EXIT_REFUSED


class MomentUnproven(LogError):
    """An exhibit that does not show when the log took its packet."""

    code = "TL-LOG-027"
    what = "Nothing here shows when the log took the packet; a key counts at a place of the log."
    next = "Ask the originator for an exhibit, or receive again and make it anew."


class EvidenceInsufficient(LogError):
    """Two checkpoints that one history can have."""

    code = "TL-LOG-023"
    what = "The evidence does not show that the log has two histories."
    next = "Look for the checkpoint that contradicts it; do not accuse the log on this alone."


class LogForked(LogError):
    """Two histories under the log's own signatures."""

    code = "TL-LOG-030"
    what = "The log signed two histories that contradict each other."
    next = "Show the evidence to every party; an officer decides whether anything is sent again."


class SendingStopped(LogError):
    """Something to send, while the log stands accused and no officer decided."""

    code = "TL-LOG-031"
    what = "Nothing is sent while the log stands accused of two histories."
    next = "Look at the evidence with `tearline log evidence`; an officer lifts the stop."
    exit_status = EXIT_REFUSED


class CosignerElsewhere(LogError):
    """A proof that begins at another tree than the cosigner signed last."""

    code = "TL-LOG-032"
    what = "The cosigner signed another tree last."
    next = "Offer the checkpoint again with a proof from that tree."


class CosignatureMissing(LogError):
    """A partner that is there, and does not see what it sent us in the log."""

    code = "TL-LOG-033"
    what = "An agency has not cosigned what the log shows here as its own."
    next = "Compare checkpoints with that agency by another way: the log may be split."


class CosignerUnknown(LogError):
    """A cosignature by nobody whose key is on record."""

    code = "TL-LOG-034"
    what = "The cosignature is not by a key of the caller that counts."
    next = "Put the cosigner's key on record with `tearline keys rotate --cosign`."


class CosigningWaits(LogError):
    """A restored node that does not know yet whether the log is the one it cosigned."""

    code = "TL-LOG-036"
    what = "This node was restored, and no other agency has cosigned yet what it reads."
    next = "Let it run until another agency's node has cosigned; then it makes a new key."


class PromiseLost(LogError):
    """A receipt's entry that the exchange lost with its machine."""

    code = "TL-LOG-037"
    what = "The exchange was restored, and has lost an entry that its receipt names."
    next = "Tell the operator; the receipt is kept, and what it is about is sent again."


class ErasureRefused(LogError):
    """An order to erase entries that does not hold for what it is to erase."""

    code = "TL-LOG-038"
    what = "The order to erase the log's entry does not hold."
    next = "Have every agency that the entries name, and no other, sign one order for them."


class AccessLogChanged(LogError):
    """An own access log that is not what was written, by its own tree or by an anchor."""

    code = "TL-LOG-039"
    what = "The node's own access log was changed by hand."
    next = "Keep the database, and find out who could write to it since the last good anchor."


class CosignatureAwaited(LogError):
    """A packet under an article that opens nothing before both agencies have cosigned."""

    code = "TL-LOG-040"
    what = "The packet is here, and waits for the sender's cosignature."
    next = "Let the node run: it opens by itself once the sender's agency has cosigned the log."
    exit_status = EXIT_REFUSED


class StoreError(TearlineError):
    """A database cannot do what was asked of it."""


class StoreBusy(StoreError):
    """Another process holds the database."""

    code = "TL-STO-001"
    what = "The database is in use by another process."
    next = "Wait for it to end, or stop it, and try again."


class StoreFull(StoreError):
    """No room left on the disk."""

    code = "TL-STO-002"
    what = "The disk is full; nothing of this was stored."
    next = "Make room and try again; nothing is half done."


class StoreDamaged(StoreError):
    """A database that is damaged, moved, or sealed under another key."""

    code = "TL-STO-003"
    what = "The database cannot be read."
    next = "Do not use it; restore the last backup."
    exit_status = EXIT_INTEGRITY


class StoreVersion(StoreError):
    """A database of another version."""

    code = "TL-STO-004"
    what = "The database was made by another version of Tearline."
    next = "Run the version that made it, or a later one."


class QuarantineFull(StoreError):
    """No room left for what does not verify."""

    code = "TL-STO-005"
    what = "Too much was put aside: nothing more that does not verify is taken in."
    next = "Look at `tearline node status`, tell the operator, then run `tearline node forget`."
    exit_status = EXIT_INTEGRITY


class BackupDamaged(StoreError):
    """A file that is no backup, or not all of one."""

    code = "TL-STO-006"
    what = "The backup is not whole, or none."
    next = "Use another backup; nothing was restored."
    exit_status = EXIT_INTEGRITY


class RestoreRefused(StoreError):
    """A home that nothing may be restored into, or a mirror that does not fit."""

    code = "TL-STO-007"
    what = "Nothing was restored."
    next = "Put right what is named, and restore again."


class CaseError(TearlineError):
    """A case, or a step of it, is not what it must be."""

    exit_status = EXIT_REFUSED


class CaseRefused(CaseError):
    """A case that the caller has no part in, or that there is not."""

    code = "TL-CAS-001"
    what = "There is no open case of that id in which this agency may do this."
    next = "Look at `tearline case list`; join the case, or leave the id out."


class CaseStepRefused(CaseError):
    """A step that takes back what was said before it."""

    code = "TL-CAS-002"
    what = "The step does not follow from what was said of this membership before."
    next = "Look at `tearline case show`: what was declined, left or closed stays so."


class CaseStepOutdated(CaseError):
    """A step with a number that its side has passed."""

    code = "TL-CAS-003"
    what = "A newer step of the same side is known."
    next = "Nothing to do: the newer step says everything; or sync, and act again."


class CaseUnfiled(CaseError):
    """A packet filed under a case that this node does not know, or by somebody not in it."""

    code = "TL-CAS-004"
    what = "A packet names a case that its sender is not known to be in."
    next = "Ask the lead of the case; the packet itself was taken in, outside of the case."


class CaseRecipient(CaseError):
    """A packet filed under a case, for somebody whom this agency does not see in it."""

    code = "TL-CAS-005"
    what = "A recipient is not in the case, as far as this agency may see."
    next = "Leave the recipient out, or the case; `tearline case show` lists who is in it."


class RequestError(TearlineError):
    """The exchange is out of reach, overloaded, or found nothing."""

    exit_status = EXIT_UNREACHABLE


class NotFound(RequestError):
    """Nothing here that answers to this name, or nothing for this caller."""

    code = "TL-REQ-006"
    what = "Nothing was found."
    next = "Check the name; what is not yours to see is not found either."
    exit_status = EXIT_NOT_FOUND


class ExchangeMisbehaved(RequestError):
    """An answer that no exchange may give."""

    code = "TL-REQ-007"
    what = "The exchange answered in a way that no exchange may."
    next = "Keep it as evidence and tell the operator."


class LogBehind(RequestError):
    """An exchange whose log is shorter than what it signed in an earlier life."""

    code = "TL-REQ-008"
    what = "The log signed more entries than the exchange has: it signs nothing more."
    next = "The operator restores it again, with an agency's mirror that holds them."
    exit_status = EXIT_INTEGRITY


class ExchangeUnreachable(RequestError):
    """No connection to the exchange."""

    code = "TL-REQ-001"
    what = "The exchange cannot be reached."
    next = "Check its address and the network; what waits to be sent is kept."


class ExchangeBusy(RequestError):
    """More was asked than the exchange takes at once.

    Attributes:
        retry_after_ms: How long to wait before trying again, milliseconds; None if unsaid.
    """

    code = "TL-REQ-002"
    what = "The exchange takes no more at this moment."
    next = "Try again later; nothing was lost."

    def __init__(self, why: str = "", *, retry_after_ms: int | None = None) -> None:
        super().__init__(why)
        self.retry_after_ms = retry_after_ms


class ExchangeFault(RequestError):
    """The exchange failed, and says no more than that."""

    code = "TL-REQ-003"
    what = "The exchange failed to do what was asked."
    next = "Try again; if it repeats, tell the operator when it happened."


class OutcomeUnknown(RequestError):
    """A request that ended without an answer."""

    code = "TL-REQ-004"
    what = "The exchange did not answer in time; whether it acted is not known."
    next = "Ask again with the same request: repeating it is safe."
    exit_status = EXIT_PENDING


class RefusedOtherwise(RequestError):
    """A refusal whose code this version does not know."""

    code = "TL-REQ-005"
    what = "The exchange refused, for a reason that this version does not know."
    next = "Update this node, or follow what the exchange says."
    exit_status = EXIT_REFUSED


def concrete_errors() -> Iterator[type[TearlineError]]:
    """Every error that has a code, in the order of the codes."""
    found: list[type[TearlineError]] = []
    pending: list[type[TearlineError]] = [TearlineError]
    while pending:
        error = pending.pop()
        pending.extend(error.__subclasses__())
        if error.code:
            found.append(error)
    yield from sorted(found, key=lambda error: error.code)


def error_by_code(code: str) -> type[TearlineError] | None:
    """The error class that ``code`` names, or None for a code this version does not know."""
    return next((error for error in concrete_errors() if error.code == code), None)


class RecordRequestError(TearlineError):
    """A request for records, or a step of one, is not as it must be."""

    exit_status = EXIT_REFUSED


class RecordRequestUnknown(RecordRequestError):
    """A request that is not there, or not between these two; nobody learns which."""

    code = "TL-RFI-001"
    what = "There is no such request between these two nodes."
    next = "Compare the id with `tearline request list`."
    exit_status = EXIT_NOT_FOUND


class StepBackwards(RecordRequestError):
    """A step that a request is past."""

    code = "TL-RFI-002"
    what = "The request is past that step."
    next = "Look at `tearline request show`: what was decided stays, and what is open goes on."


class StepOutOfOrder(RecordRequestError):
    """A step that does not follow the last one of its side."""

    code = "TL-RFI-003"
    what = "The step does not follow the last one of its side."
    next = "Run `tearline node status`; where a step was put aside, the node tries it again."


class StepMisattributed(RecordRequestError):
    """A step that only the other side takes."""

    code = "TL-RFI-004"
    what = "That step is the other side's to take."
    next = "Look at `tearline request show`: it says which side of the request this node is on."


class QuestionNotAgreed(RecordRequestError):
    """A further question that the asker has not agreed to."""

    code = "TL-RFI-005"
    what = "One question stops the clock; a further one takes the asker's agreement."
    next = "Have the asker agree by `tearline request clarify --permit`, or answer what is clear."


class ExtensionRefused(RecordRequestError):
    """More time than the agreement gives."""

    code = "TL-RFI-006"
    what = "The agreement does not give that much more time."
    next = "State a shorter time, once; `tearline agreement show` has what the parties agreed."


class ItemUnknown(RecordRequestError):
    """An answer to an item that was never asked."""

    code = "TL-RFI-007"
    what = "The request has no such item, or it was decided before."
    next = "Name items by the numbers that `tearline request show` gives them."


class PersonRequired(RecordRequestError):
    """What takes a person, done by none."""

    code = "TL-RFI-008"
    what = "A liaison officer or an officer in charge has to answer for this."
    next = "Run `tearline login NAME` as one of them, or add `--as NAME`."


class RecordRequestMalformed(RecordRequestError):
    """A file that does not say what is asked."""

    code = "TL-RFI-009"
    what = "The file is no request for records."
    next = "Correct the place named; docs/howto/requests.md shows a whole file."
    exit_status = EXIT_USAGE


class StepPending(RecordRequestError):
    """A step while an earlier one of ours has no answer."""

    code = "TL-RFI-010"
    what = "An earlier step of ours waits for the exchange's answer."
    next = "Run `tearline request list` while the exchange is in reach, then try again."
    exit_status = EXIT_PENDING


class LogTimeDisputed(RecordRequestError):
    """A time in the log that is not the one at which this node saw the entry come."""

    code = "TL-RFI-011"
    what = "The log's time of an entry is not when this node saw it come."
    next = "Compare both clocks with another source, then speak with the partner and the operator."
    exit_status = EXIT_INTEGRITY


class UrgencyRefused(RecordRequestError):
    """An urgency that cannot take the place of another."""

    code = "TL-RFI-012"
    what = "The urgency cannot be changed so."
    next = "Contest it once, with a lower one; the asker then confirms its own or lowers it."


class NotExpired(RecordRequestError):
    """A word that a request expired before it did."""

    code = "TL-RFI-013"
    what = "The request has not expired."
    next = "Answer it or refuse it; the node says by itself when its time is over."
