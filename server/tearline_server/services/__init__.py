"""The gRPC faces of the exchange: they gather facts, decode, call and encode, and decide nothing."""
