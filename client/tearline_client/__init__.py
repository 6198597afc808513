"""The agency: its node, its keys, its command line."""

# Before anything imports gRPC, which reads its cipher suites only once.
import tearline.rpc as _rpc

__all__: list[str] = []

del _rpc
