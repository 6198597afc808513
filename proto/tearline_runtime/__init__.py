"""I/O that both sides share: files, HTTP, gRPC, archives and metrics."""
