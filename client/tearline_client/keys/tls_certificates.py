"""The node's TLS certificate, and the agency's CA that issues it.

The CA's key is in the node's keystore, so that the node renews its weekly certificate without
the root and without a person. A copy is in the root's keystore, in case this machine is lost.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import certified_key_id, end_s, to_pem, verify_current
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import CertificateExpired, ConfigUnreadable, HomeMissing
from tearline_client.keys.home import TLS_PREFIX, Home, Identity, replace_private, tls_entry
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.rotation import LIFETIME_MS, KeyKind, rotation_due
from tearline_runtime.files import open_private, reported_as

CA_KEY = "ca"
CA_CERTIFICATE = "ca-certificate"


def put_authority(keystore: Keystore, authority: CertificateAuthority) -> None:
    """Stores the CA's certificate and key."""
    keystore.put(CA_CERTIFICATE, authority.certificate)
    keystore.put(CA_KEY, authority.private_bytes())


def has_authority(keystore: Keystore) -> bool:
    """Returns whether the CA's key is here; older homes may have it only in the root's keystore."""
    return {CA_KEY, CA_CERTIFICATE} <= set(keystore.names())


def issue_certificate(home: Home, keystore: Keystore, identity: Identity, *, now_ms: int) -> None:
    """Makes a new TLS key with its certificate, and replaces the current certificate.

    The certificate's file identifies the key, and is replaced atomically. Therefore key and
    certificate always match. The previous key stays for connections that still use it.

    Raises:
        KeystoreEntryMissing: If the CA's key is not here.
    """
    authority = CertificateAuthority(keystore.get(CA_CERTIFICATE), TlsKey(keystore.get(CA_KEY)))
    with _alone(home):
        before = _entry_in_use(home)
        key = TlsKey.generate()
        keystore.put(tls_entry(key.id), key.private_bytes())
        certificate = authority.issue_node(
            identity.node_uri,
            key.public,
            now_s=now_ms // 1000,
            lifetime_s=LIFETIME_MS[KeyKind.TLS] // 1000,
        )
        replace_private(home.certificate, to_pem(certificate))
        for name in keystore.names():
            if name.startswith(TLS_PREFIX) and name not in (before, tls_entry(key.id)):
                keystore.delete(name)


def renew_certificate(home: Home, keystore: Keystore, *, now_ms: int) -> bool:
    """Issues a certificate if the current one is due for renewal and the CA's key is here.

    Returns:
        Whether a certificate was issued.
    """
    if not (is_certificate_due(home, now_ms=now_ms) and has_authority(keystore)):
        return False
    issue_certificate(home, keystore, home.identity(), now_ms=now_ms)
    return True


def is_certificate_due(home: Home, *, now_ms: int) -> bool:
    """Returns whether renewal is due: the certificate is missing, half over, or not yet valid."""
    try:
        certificate = home.tls_certificate()
        verify_current(certificate, now_ms // 1000)
    except (HomeMissing, CertificateExpired):
        return True
    ends_ms = {KeyKind.TLS: end_s(certificate) * 1000}
    return KeyKind.TLS in rotation_due(ends_ms, now_ms=now_ms)


def _entry_in_use(home: Home) -> str:
    try:
        return tls_entry(certified_key_id(home.tls_certificate()))
    except HomeMissing:
        return ""


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Holds a lock that keeps another process of the node from renewing at the same time."""
    with reported_as(ConfigUnreadable, home.renewing_lock):
        descriptor = open_private(home.renewing_lock)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
