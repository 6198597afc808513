"""TL-KEY: a private or public key cannot be used."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_NOT_FOUND, ErrorClass, TearlineError


class KeyError_(TearlineError):  # noqa: N801 (the trailing underscore keeps the builtin free)
    """A private or public key cannot be used."""


class KeyMalformed(KeyError_):
    """Bytes that are not a key of the stated kind."""

    code = "TL-KEY-001"
    what = "The key is not well formed."
    next = "Obtain the key again from its owner."
    error_class = ErrorClass.MALFORMED
    exit_status = EXIT_INTEGRITY


class SignatureInvalid(KeyError_):
    """Signature that does not verify under its key."""

    code = "TL-KEY-002"
    what = "The signature does not verify."
    next = "Do not use the statement; keep it as evidence and ask its signer."
    error_class = ErrorClass.NOT_AUTHENTIC
    exit_status = EXIT_INTEGRITY


class KeystoreLocked(KeyError_):
    """Passphrase that does not open the keystore."""

    code = "TL-KEY-003"
    what = "The passphrase does not open the keystore."
    next = "Try again; without the passphrase the keys are lost and must be replaced."


class KeystoreDamaged(KeyError_):
    """Keystore file that was changed, moved or truncated."""

    code = "TL-KEY-004"
    what = "A file of the keystore was changed, moved or truncated."
    next = "Restore the keystore from a backup, and investigate write access to it."
    exit_status = EXIT_INTEGRITY


class KeystoreEntryMissing(KeyError_):
    """Key that is not, or no longer, in the keystore."""

    code = "TL-KEY-005"
    what = "The keystore does not hold this key."
    next = "Check that this is the right node; a destroyed key cannot be recovered."
    exit_status = EXIT_NOT_FOUND


class KeystoreUnusable(KeyError_):
    """Keystore that is missing, exists already, or cannot be read or written."""

    code = "TL-KEY-006"
    what = "The keystore cannot be used."
    next = "Check its path, its permissions and the free disk space; the keystore was not changed."


class PassphraseShort(KeyError_):
    """Passphrase that is too easy to guess."""

    code = "TL-KEY-008"
    what = "The passphrase is too short for a keystore."
    next = "Use a longer one, such as five random words; the keystore was not changed."


class EntryForeign(KeyError_):
    """Entry of the log by this agency's root, or about its root, that did not leave this node."""

    code = "TL-KEY-009"
    what = "The log holds an act of this agency that this node did not publish."
    next = (
        "If another node of the agency published it, no act is needed. Otherwise the root key may "
        "be stolen: replace it with `tearline federation rotate-root`, and revoke the foreign keys."
    )
    error_class = ErrorClass.EVIDENCE
    exit_status = EXIT_INTEGRITY


class KeyForeign(KeyError_):
    """Key on record for this node that was not made on this machine."""

    code = "TL-KEY-007"
    what = "The log holds a key in this node's name that was not made here."
    next = (
        "If another copy of this node made it, stop that copy. Unless it was lost with a machine, "
        "revoke the key now, and find out its holder."
    )
    error_class = ErrorClass.EVIDENCE
    exit_status = EXIT_INTEGRITY
