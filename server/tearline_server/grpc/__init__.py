"""gRPC services of the exchange: each decodes, admits, calls and encodes, and decides no policy."""

import tearline_runtime.grpc  # noqa: F401 (sets gRPC's cipher suites before any import of gRPC here)
