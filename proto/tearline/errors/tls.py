"""TL-TLS: the connection, its certificate or its token is not acceptable."""

from tearline.errors.base import EXIT_REFUSED, TearlineError


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
    """A person who is not logged in, or not any more."""

    code = "TL-TLS-009"
    what = "No person is logged in for this."
    next = "Run `tearline login NAME`, and name that person with `--as NAME`."


class PersonConflict(TlsError):
    """A person who cannot be added or changed as asked."""

    code = "TL-TLS-010"
    what = "The person cannot be added or changed as asked."
    next = "Check the name with `tearline person list`."


class PersonAmbiguous(TlsError):
    """An act without a named person, while several are logged in."""

    code = "TL-TLS-011"
    what = "Several persons are logged in, and none was named."
    next = "Add `--as NAME` with one of them; `tearline login NAME --out` ends a session."
