"""TL-KEY: a private or public key cannot be used."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_NOT_FOUND, TearlineError


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


class PassphraseShort(KeyError_):
    """A passphrase that is guessed too soon."""

    code = "TL-KEY-008"
    what = "The passphrase is too short for a keystore."
    next = "Take a longer one, such as five words that were drawn at random; nothing was changed."


class KeyForeign(KeyError_):
    """A key on record in this node's name whose private half was never here."""

    code = "TL-KEY-007"
    what = "The log holds a key in this node's name that was not made here."
    next = (
        "If another copy of this node made it, end that copy. Unless it was lost with a machine, "
        "revoke it now, and find out who holds it."
    )
    exit_status = EXIT_INTEGRITY
