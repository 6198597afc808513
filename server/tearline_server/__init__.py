"""The exchange: it accepts, logs and delivers packets that it cannot read."""

import tearline.rpc  # noqa: F401 (before anything imports gRPC: it closes TLS 1.2)
