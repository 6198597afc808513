"""Acts that cannot be undone: each is done as its page showed it, or not at all.

The page of such an act is one form. It holds every choice, and the digest of what it shows: the
choices, and the effects that the node computed from them. The act computes the effects again, from
the choices that it was sent. If the digest differs, then a choice or an effect has changed since
the person looked. The console shows the new effects instead, and does nothing.

An act that a page offers beside others has a form with the digest of what that page tells of it.
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, is_dataclass
from enum import Enum
from typing import Generic, TypeVar

from markupsafe import Markup
from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, NotConfirmed, TearlineError, ValueRepeated
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import verify_typed
from tearline_client.console.proofs import PASSKEY, PASSPHRASE
from tearline_client.console.visit import Visit, status_of

SEEN = "seen"
"""Name of the field with the digest of what was shown."""
SHOW = "show"
"""Name of the button that shows the effects of other choices."""
SAID = frozenset({"typed", "note", "repeats"})
"""Fields that confirm an act or explain it. They stand in its form as typed, and change no effect.
"""
_UNBOUND = SAID | {SEEN, SHOW, PASSKEY, PASSPHRASE}
_AGAIN = (NotConfirmed, MalformedInput, ValueRepeated)
_HIDDEN = Markup('<input type="hidden" name="%s" value="%s">')
T = TypeVar("T")


@immutable
class Preview(Generic[T]):
    """Page of an act, computed from the choices of a form.

    Attributes:
        template: The template of its page.
        values: All values that the page shows; the digest covers them.
        subject: The act as planned; None if the choices are not complete.
        typed: The text that the person types to confirm it; empty if none is asked for.
    """

    template: str
    values: Mapping[str, object]
    subject: T | None
    typed: str = ""


def of_address(visit: Visit) -> Form:
    """Returns the choices in the address of a page."""
    return Form.of(visit.request.query_params.multi_items())


@immutable
class BoundAct(Generic[T]):
    """An act and the page of its effects, as handlers of the two routes of one path.

    Attributes:
        effects: Computes the effects of the choices in a form.
        act: Carries out the planned act.
        start: Returns the choices with which its page begins.
    """

    effects: Callable[[Visit, Form], Awaitable[Preview[T]]]
    act: Callable[[Visit, Form, T], Awaitable[Response]]
    start: Callable[[Visit], Form] = of_address

    async def page(self, visit: Visit) -> Response:
        """Shows the choices with which the page begins, and their effects."""
        form = visit.kept_form() or self.start(visit)
        return _shown(visit, form, await self.effects(visit, form))

    async def submit(self, visit: Visit) -> Response:
        """Does the act that was shown; otherwise shows the effects, and does nothing."""
        form = await visit.form()
        found = await self.effects(visit, form)
        if form.text(SHOW) or not form.text(SEEN):
            return _shown(visit, form, found)
        if found.subject is None or not is_seen(visit, form, found):
            return _shown(visit, form, found, is_void=True, status=409)
        try:
            if found.typed:
                verify_typed(form, found.typed)
            return await self.act(visit, form, found.subject)
        except _AGAIN as error:
            return _shown(visit, form, found, refused=error, status=status_of(error))


def is_seen(visit: Visit, form: Form, found: Preview[T]) -> bool:
    """Returns whether a form bears the digest of the effects of its own choices."""
    return hmac.compare_digest(form.text(SEEN).encode(), digest_of(visit, form, found).encode())


def digest_of(
    visit: Visit, form: Form, found: Preview[T], pressed: Mapping[str, str] | None = None
) -> str:
    """Returns the digest of the choices of a form and of all that the page shows.

    Args:
        visit: The request; its session keys the digest.
        form: The choices.
        found: Their effects.
        pressed: The button of the form, by its name.
    """
    choices = {(name, text) for name, text in form.pairs() if text and name not in _UNBOUND}
    choices.update((pressed or {}).items())
    return _digest(visit, [visit.request.url.path, sorted(choices), found.values])


def bound_field(visit: Visit, told: object) -> Markup:
    """Returns the hidden field of a form with the digest of what its page tells of the act."""
    return _HIDDEN % (SEEN, _digest(visit, told))


def is_told(visit: Visit, form: Form, told: object) -> bool:
    """Returns whether a form bears the digest of what its page would tell now."""
    return hmac.compare_digest(form.text(SEEN).encode(), _digest(visit, told).encode())


def verify_told(visit: Visit, form: Form, told: object) -> None:
    """Verifies that the page of a form would tell the same of its act now.

    Raises:
        NotConfirmed: If it would tell something else.
    """
    if not is_told(visit, form, told):
        raise NotConfirmed("what its page showed has changed: look at the page again")


def _digest(visit: Visit, told: object) -> str:
    text = json.dumps(told, default=_plain, sort_keys=True)
    return hmac.digest(visit.csrf.encode(), text.encode(), hashlib.sha256).hex()


def _shown(
    visit: Visit,
    form: Form,
    found: Preview[T],
    *,
    is_void: bool = False,
    refused: TearlineError | None = None,
    status: int = 200,
) -> Response:
    def bound(**pressed: str) -> Markup:
        return _HIDDEN % (SEEN, digest_of(visit, form, found, pressed))

    values = {
        **found.values,
        "typed_word": found.typed,
        "is_void": is_void,
        "refused": refused,
        "is_complete": found.subject is not None,
        "said": form,
        "bound": bound,
    }
    return visit.render(found.template, values, status=status)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    match value:
        case bytes():
            return value.hex()
        case frozenset() | set():
            return sorted(map(str, value))
        case Enum():
            return value.name
        case Mapping():
            return dict(value)
        case _:
            raise TypeError(f"a page of effects shows a {type(value).__name__}")
