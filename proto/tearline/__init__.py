"""What both ends must agree on, byte for byte: statements, packets, grants, proofs, policy.

Nothing here does I/O, reads a clock or opens a socket; time is passed in.
"""
