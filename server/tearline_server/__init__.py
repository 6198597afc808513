"""Exchange server: accepts, logs and delivers packets that it cannot read."""

import tearline_runtime.grpc  # noqa: F401 (must precede any import of gRPC: it disables TLS 1.2)
