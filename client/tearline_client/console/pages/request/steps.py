"""Acts on a request that are one step: which are offered, and how a form becomes a step."""

from collections.abc import Iterator

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, NotConfirmed
from tearline.limits import MAX_REQUEST_ITEMS
from tearline.packets.packet import Urgency
from tearline.requests.step import Ground, StepKind
from tearline_client.console.forms import Form
from tearline_client.console.languages import mark
from tearline_client.features.requests.choices import StepChoice

SHOWN_DIGITS = 12
"""Digits of an id that a person types to confirm, as on the command line."""
_DAY_MS = 24 * 3_600_000
_MAX_DAYS = 3650


@immutable
class ActForm:
    """The form of a step.

    Attributes:
        kind: The step.
        title: Its name, as a message.
        hint: Its effect, as a message.
        label: The name of its text as a message; empty for a step without a text.
        needs_text: Whether the text is required.
        is_typed: Whether the person types the request's id to confirm it.
    """

    kind: StepKind
    title: str
    hint: str
    label: str = mark("Message for the partner")
    needs_text: bool = False
    is_typed: bool = False


ACTS = (
    ActForm(
        kind=StepKind.ADMIT,
        title=mark("Admit"),
        hint=mark("Confirms that the request is in order and will be processed."),
    ),
    ActForm(
        kind=StepKind.REFUSE,
        title=mark("Refuse items"),
        hint=mark(
            "The partner sees the ground of each refused item. A decision stays, unless a"
            " supplement overturns it."
        ),
    ),
    ActForm(
        kind=StepKind.CLARIFY,
        title=mark("Ask a question"),
        hint=mark(
            "The clock stands still until the partner answers. A second question needs the"
            " partner's agreement."
        ),
        label=mark("Question"),
        needs_text=True,
    ),
    ActForm(
        kind=StepKind.AUTHORISE,
        title=mark("Announce an authorisation"),
        hint=mark(
            "A judge must authorise the answer. This extends the deadline once, up to what the"
            " agreement allows."
        ),
        label=mark("Which authorisation"),
        needs_text=True,
    ),
    ActForm(
        kind=StepKind.CONTEST,
        title=mark("Contest the urgency"),
        hint=mark("The partner confirms the urgency or lowers it."),
        label=mark("Reason"),
        needs_text=True,
    ),
    ActForm(
        kind=StepKind.REJECT,
        title=mark("Reject for its form"),
        hint=mark("The request is not in order. This ends it."),
        label=mark("Reason"),
        needs_text=True,
    ),
    ActForm(
        kind=StepKind.CLARIFIED,
        title=mark("Answer the question"),
        hint=mark("The clock runs again from the moment of the answer."),
        label=mark("Answer"),
        needs_text=True,
    ),
    ActForm(
        kind=StepKind.PERMIT,
        title=mark("Allow another question"),
        hint=mark("The partner's next question stops the clock."),
        label="",
    ),
    ActForm(
        kind=StepKind.CONFIRM,
        title=mark("Confirm the urgency"),
        hint=mark("The deadline stays as it is."),
    ),
    ActForm(
        kind=StepKind.LOWER,
        title=mark("Lower the urgency"),
        hint=mark("The deadline is computed anew."),
        label="",
    ),
    ActForm(
        kind=StepKind.EXTEND,
        title=mark("Extend the preservation"),
        hint=mark("By thirty days, once."),
    ),
    ActForm(
        kind=StepKind.CLOSE,
        title=mark("Close with feedback"),
        hint=mark("Tells the partner whether the answer was useful."),
    ),
    ActForm(
        kind=StepKind.WITHDRAW,
        title=mark("Withdraw"),
        hint=mark("The partner no longer owes an answer. This ends the request."),
        is_typed=True,
    ),
)
"""The steps with a form, in the order in which a page offers them."""


def offered(kinds: frozenset[StepKind]) -> Iterator[ActForm]:
    """Yields the forms of the steps that may be taken now."""
    yield from (each for each in ACTS if each.kind in kinds)


def choice_of(form: Form, packet: bytes) -> StepChoice:
    """Returns the step that a form chooses.

    Args:
        form: The form.
        packet: 32 bytes, the id of the request.

    Raises:
        MalformedInput: If it is malformed, or chooses no step of a person.
        NotConfirmed: If the step needs the typed id, and it is not there.
    """
    kind = form.member("kind", StepKind)
    act = next((each for each in ACTS if each.kind is kind), None)
    if act is None:
        raise MalformedInput("kind: no form takes this step")
    if act.is_typed and form.text("typed").strip() != packet.hex()[:SHOWN_DIGITS]:
        raise NotConfirmed
    items = form.numbers("item", MAX_REQUEST_ITEMS)
    if act.kind is StepKind.REFUSE and not items:
        raise MalformedInput("no item is ticked: tick each item that you refuse")
    days = form.numbers("days", _MAX_DAYS)
    useful = form.text("useful")
    return StepChoice(
        kind=act.kind,
        text=form.text("text").strip(),
        repeats=form.text("repeats").strip(),
        items=items,
        ground=form.member("ground", Ground),
        extension_ms=sum(days) * _DAY_MS,
        urgency=form.member("urgency", Urgency),
        permit=bool(form.text("permit")),
        useful=useful == "yes" if useful in ("yes", "no") else None,
    )
