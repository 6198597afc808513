"""A federation that a process founds before it forks itself: forked ones copy it, and found none.

To found one takes a second. A test without a function that founding calls may not copy it, for it
is to be founded without that function, too.
"""

import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import CodeType, FrameType

from attacks.mutant import Mutant, MutantUnknown, find_function
from support.simulation import Template, found, quickly

_ready: Template | None = None
_called = set[CodeType]()


def prepare(folder: Path) -> None:
    """Founds it in ``folder``, and notes every function that is called."""
    global _ready

    def note(frame: FrameType, event: str, argument: object) -> None:
        _called.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        _ready = template(folder)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def needs(mutant: Mutant) -> bool:
    """Whether founding called the function, or there is none."""
    try:
        function = find_function(sys.modules[mutant.module], mutant.qualname)
    except (KeyError, MutantUnknown):
        return True
    return function.__code__ in _called


def template(folder: Path) -> Template:
    """Returns a federation in ``folder``, which copies the one that stands ready, if one does."""
    if _ready is None:
        with quickly():
            return found(folder)
    shutil.copytree(_ready.folder, folder)
    return replace(_ready, folder=folder)
