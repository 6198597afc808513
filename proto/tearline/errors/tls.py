"""TL-TLS: the connection, its certificate or its token is not acceptable."""

from tearline.errors.base import EXIT_REFUSED, ErrorClass, TearlineError


class TlsError(TearlineError):
    """The connection, its certificate or its token is not acceptable."""

    exit_status = EXIT_REFUSED
    error_class = ErrorClass.REFUSED


class CertificateRefused(TlsError):
    """Certificate that is not valid for its subject."""

    code = "TL-TLS-001"
    what = "The certificate is not acceptable."
    next = "Have the agency's own CA issue a certificate for this node."
    error_class = ErrorClass.NOT_AUTHENTIC


class CertificateExpired(TlsError):
    """Certificate outside its validity."""

    code = "TL-TLS-002"
    what = "The certificate is not valid at this time."
    next = "Check the clock, then renew the certificate with `tearline keys rotate`."
    error_class = ErrorClass.NOT_AUTHENTIC


class ConnectionRefused(TlsError):
    """Connection without TLS 1.3 or the hybrid key exchange."""

    code = "TL-TLS-003"
    what = "The connection does not have the protection that this federation requires."
    next = "Connect with TLS 1.3 and X25519MLKEM768, as every Tearline node does."
    error_class = ErrorClass.NOT_AUTHENTIC


class TokenRefused(TlsError):
    """Person's access token that is not valid here and now."""

    code = "TL-TLS-004"
    what = "The access token is not acceptable."
    next = "Run `tearline login` on this node and try again."
    error_class = ErrorClass.NOT_AUTHENTIC


class TokenRequired(TlsError):
    """Call without a token that only a person may make."""

    code = "TL-TLS-005"
    what = "This requires a logged-in person."
    next = "Run `tearline login` and try again."


class NotPermitted(TlsError):
    """Call that the caller, or the person behind it, may not make."""

    code = "TL-TLS-006"
    what = "The caller may not do this."
    next = "Ask a person with a role that allows it; `tearline person list` shows the roles."


class CallerDenied(TlsError):
    """Node or key that the operator or an agency has blocked."""

    code = "TL-TLS-007"
    what = "The node, or the key of its certificate, is blocked."
    next = "Ask the node's agency about a revocation of the key; otherwise ask the operator."


class MembershipEnded(TlsError):
    """Act of an agency that left, was removed, or works on under a replaced root."""

    code = "TL-TLS-016"
    what = "This agency's membership of the federation has ended."
    next = (
        "Packets here stay readable; ask a member of the council. A new membership has another "
        "root: `tearline init --federation ID`."
    )


class LoginRefused(TlsError):
    """Name and passphrase that do not belong to an enabled person."""

    code = "TL-TLS-008"
    what = "The person cannot log in."
    next = "Check the name and the passphrase, or ask an officer about the person's status."
    error_class = ErrorClass.LOCAL


class LoginRequired(TlsError):
    """Act by a person without a current login."""

    code = "TL-TLS-009"
    what = "No person is logged in for this."
    next = "Run `tearline login NAME`, and name that person with `--as NAME`."
    error_class = ErrorClass.LOCAL


class PersonConflict(TlsError):
    """Invalid addition or change of a person."""

    code = "TL-TLS-010"
    what = "The person cannot be added or changed as requested."
    next = "Check the name with `tearline person list`."
    error_class = ErrorClass.LOCAL


class PersonAmbiguous(TlsError):
    """Act without a named person while several are logged in."""

    code = "TL-TLS-011"
    what = "Several persons are logged in, and none was named."
    next = (
        "Add `--as NAME` with one of them, or `--as node` for the node itself; "
        "`tearline login NAME --out` ends a session."
    )
    error_class = ErrorClass.LOCAL


class SignInDelayed(TlsError):
    """Attempt to sign in too soon after others for the same name, or while others wait."""

    code = "TL-TLS-012"
    what = "There were too many attempts to sign in."
    next = "Wait for the stated time, then try again."
    error_class = ErrorClass.LOCAL


class EnrolmentRefused(TlsError):
    """Name and one-time code that enrol nothing: wrong, used before, or too old."""

    code = "TL-TLS-013"
    what = "The code cannot be used for this name."
    next = "Check the name and the code, or ask for a new one: `tearline person enrol NAME`."
    error_class = ErrorClass.LOCAL


class PasskeyRefused(TlsError):
    """Passkey that proves no enabled person, or cannot be stored."""

    code = "TL-TLS-014"
    what = "The passkey was not accepted."
    next = "Try again, use your passphrase, or ask an officer in charge about your passkeys."
    error_class = ErrorClass.LOCAL


class ProviderRefused(TlsError):
    """Answer of the agency's identity provider that proves no person here, or none at all."""

    code = "TL-TLS-015"
    what = "The agency's identity provider did not prove a person."
    next = "Sign in again, or with a passkey; the operator checks the settings oidc_…."
    error_class = ErrorClass.LOCAL
