"""The gRPC faces of the exchange: facts out, decode, call, encode; they decide nothing."""
