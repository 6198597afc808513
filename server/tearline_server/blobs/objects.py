"""``Objects``: the place of sealed parts that several exchange processes share."""

from typing import Protocol


class Objects(Protocol):
    """Named objects of one part each. Their names are words of letters and digits, with hyphens."""

    async def put(self, name: str, data: bytes) -> None:
        """Stores an object, in place of an earlier one; it is durable when the call returns.

        Raises:
            BlobQuotaExceeded: If there is no space left.
            ObjectsUnreachable: If the place does not answer, or refuses.
        """
        ...

    async def get(self, name: str) -> bytes | None:
        """Returns an object, or None if there is none.

        Raises:
            ObjectsUnreachable: If the place does not answer, or refuses.
        """
        ...

    async def delete(self, name: str) -> None:
        """Deletes an object, if it is there.

        Raises:
            ObjectsUnreachable: If the place does not answer, or refuses.
        """
        ...

    async def free_bytes(self) -> int | None:
        """Returns the bytes that further objects may take; None if the place states none.

        Raises:
            ObjectsUnreachable: If the place does not answer.
        """
        ...

    async def close(self) -> None:
        """Ends the connections."""
        ...
