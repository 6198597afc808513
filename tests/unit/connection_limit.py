"""``unshare -rn python connection_limit.py RULES``: holds connections under a ruleset of nftables.

Prints how many one address was allowed at once, and whether another address still got one.
Runs in a network namespace of its own, so that no rule reaches this machine.
"""

import fcntl
import re
import socket
import struct
import subprocess
import sys
from pathlib import Path

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_TRIED = 100
_WAIT_S = 10


def main(rules: Path) -> None:
    """Loads the rules and connects, as one address and then as another."""
    _raise_loopback()
    subprocess.run(["nft", "--file", str(rules)], check=True)
    (port,) = re.findall(r"^define port = (\d+)$", rules.read_text(), re.MULTILINE)
    address = ("127.0.0.1", int(port))
    with socket.create_server(address, backlog=2 * _TRIED):
        held = []
        for _ in range(_TRIED):
            try:
                held.append(socket.create_connection(address, _WAIT_S))
            except ConnectionRefusedError:
                break
        other = socket.create_connection(address, _WAIT_S, source_address=("127.0.0.2", 0))
        print(len(held), "other" if other.getpeername() == address else "")
        for each in (*held, other):
            each.close()


def _raise_loopback() -> None:
    """A new namespace has a loopback that is down."""
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        answer = fcntl.ioctl(any_socket, _GET_FLAGS, request)
        flags = struct.unpack("16sh14x", answer)[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
