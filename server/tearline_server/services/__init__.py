"""gRPC faces of the exchange: facts out, decode, admit, call, encode. They decide nothing."""

import tearline.rpc  # noqa: F401 (sets gRPC's cipher suites before anything here imports gRPC)
