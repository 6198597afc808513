"""Requests for records: the steps of both sides, the clock, and how far a request has come.

Pure: what the log says of a request in, the same state out, at the asker, the holder and the
exchange. Specified in docs/spec/request-v1.md.
"""
