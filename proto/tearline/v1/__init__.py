"""The protocol buffer schema of version 1, and the code generated from it."""
