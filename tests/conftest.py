"""Loaded before any test."""

import tearline.rpc  # noqa: F401 (before a test imports gRPC: it closes TLS 1.2)
