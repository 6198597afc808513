"""Connections without a call: peers that the TLS handshake refuses are among them.

A peer whose certificate is of an unknown CA ends in gRPC's handshake. gRPC reports neither the
failure nor the peer's address. But it asks for the exchange's certificate at the start of each
connection, and each call names its connection. The difference is counted here.
"""

import threading
from collections import OrderedDict

from tearline.limits import MAX_CONNECTIONS


class Connections:
    """Count of connections that make no call.

    Connections that are still silent a flush later count once, whatever the reason: a refused
    certificate, a port scan, or a peer that waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # handshakes begin in threads of gRPC's
        self._begun = 0
        self._called = 0
        self._reported = 0
        self._due = 0
        self._peers: OrderedDict[str, None] = OrderedDict()

    def begin(self) -> None:
        """Counts a connection whose handshake begins; threads may call it."""
        with self._lock:
            self._begun += 1

    def call(self, peer: str) -> None:
        """Counts the connection of a call, once.

        Args:
            peer: Its address with its port, which tells it from all other open connections. The
                newest ``MAX_CONNECTIONS`` that called are kept, also after their connection ends.
        """
        if peer not in self._peers:
            self._called += 1
        self._peers[peer] = None
        self._peers.move_to_end(peer)
        if len(self._peers) > MAX_CONNECTIONS:
            self._peers.popitem(last=False)

    def flush(self) -> int:
        """Returns how many connections begun before the last flush made no call since.

        Each of them is counted once. The count is an estimate, and too low by one for each
        connection that calls after it was counted as silent, or again after it was forgotten. It
        is too high by one for each new connection from the address and port of an ended one that
        called.
        """
        silent = max(0, self._due - self._called - self._reported)
        self._reported += silent
        self._due = self._begun
        return silent
