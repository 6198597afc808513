"""What both ends of a connection share: credentials, and errors as gRPC statuses.

gRPC reads its cipher suites once, from the environment, when it is imported. So this
package, which imports no gRPC itself, sets them; a program imports it before anything that
does. Where that was not done, no exchange starts.
"""

import os
import sys

CIPHER_SUITES = "ECDHE-RSA-AES256-GCM-SHA384"
"""Closes TLS 1.2: its one suite here needs an RSA certificate, and ours are all ECDSA.

TLS 1.3 has suites of its own, which this does not touch.
"""

_VARIABLE = "GRPC_SSL_CIPHER_SUITES"
tls12_closed = os.environ.get(_VARIABLE) == CIPHER_SUITES or "grpc" not in sys.modules
"""Whether gRPC was imported only after its cipher suites were set."""

os.environ[_VARIABLE] = CIPHER_SUITES
# Failed handshakes of strangers are not for our messages; the exchange counts them itself.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
