"""What both ends of a connection share: credentials, and errors as gRPC statuses."""
