"""Requests for records: the steps of both sides, the clock, and the state of a request.

Pure: the same log entries give the same state at the requester, the holder and the exchange.
Specified in docs/spec/request-v1.md.
"""
