"""Ranges of ids, for a beginning that a person types."""


def ids_from(prefix: str, size: int) -> tuple[bytes, bytes]:
    """Returns the smallest and the greatest id with a prefix; an empty range if impossible.

    Args:
        prefix: Beginning of the id in hexadecimal.
        size: Bytes of an id.
    """
    text = prefix.lower()
    if not 0 < len(text) <= 2 * size or not set(text) <= set("0123456789abcdef"):
        return b"\xff", b""
    return bytes.fromhex(text.ljust(2 * size, "0")), bytes.fromhex(text.ljust(2 * size, "f"))
