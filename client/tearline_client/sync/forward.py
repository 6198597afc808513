"""Methods of asynchronous objects, forwarded to an event loop in another thread."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

from tearline_client.sync.loop import Loop


class Forwarded:
    """An object whose methods run in a loop, and are waited for.

    Args:
        target: The object.
        loop: Its loop.
    """

    def __init__(self, target: object, loop: Loop) -> None:
        self._target = target
        self._loop = loop

    def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        async def work() -> Any:  # in the loop, too: never between two steps of another call
            found = method(self._target, *args, **kwargs)
            return await found if inspect.isawaitable(found) else found

        found = self._loop.run(work)
        return self._loop.iterate(found) if isinstance(found, AsyncIterator) else found


def public_members(kind: type) -> dict[str, Any]:
    """Returns the public methods and properties of a class, those of its bases included."""
    members = ((name, inspect.getattr_static(kind, name)) for name in dir(kind))
    return {
        name: member
        for name, member in members
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    }


def forwarded(member: Any) -> Any:
    """Returns a method or a property of ``Forwarded`` objects that runs in their loop."""
    if isinstance(member, property):
        return property(lambda self: self._call(member.fget), doc=member.__doc__)

    @functools.wraps(member)
    def forward(self: Forwarded, /, *args: Any, **kwargs: Any) -> Any:
        return self._call(member, *args, **kwargs)

    return forward


@functools.cache
def forwarded_class(kind: type[Any]) -> type[Forwarded]:
    """Returns the class of ``Forwarded`` objects with the public members of a class."""
    members = {name: forwarded(member) for name, member in public_members(kind).items()}
    return type(f"Sync{kind.__name__}", (Forwarded,), {"__doc__": kind.__doc__, **members})
