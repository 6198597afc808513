"""Shared parts of both ends of a connection: credentials, and errors as gRPC statuses.

gRPC reads its cipher suites once, from the environment, on import. This package imports no gRPC
itself, and sets them; a program imports it before any module that imports gRPC. Otherwise no
exchange starts.
"""

import os
import sys

CIPHER_SUITES = "ECDHE-RSA-AES256-GCM-SHA384"
"""Disables TLS 1.2: its one suite here needs an RSA certificate, and all certificates are ECDSA.

TLS 1.3 has its own suites, which this setting does not affect.
"""

_VARIABLE = "GRPC_SSL_CIPHER_SUITES"
tls12_closed = os.environ.get(_VARIABLE) == CIPHER_SUITES or "grpc" not in sys.modules
"""Whether gRPC was imported only after its cipher suites were set."""

os.environ[_VARIABLE] = CIPHER_SUITES
# Failed handshakes of strangers are not logged by gRPC; the exchange counts them itself.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
