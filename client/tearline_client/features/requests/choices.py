"""A person's choice of a step, as the command line and the console take it."""

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, StepMisattributed
from tearline.packets.packet import Urgency
from tearline.requests.step import Ground, StepKind
from tearline.statements.statement import ActedBy
from tearline_client.features.requests.service import RequestService


@immutable
class StepChoice:
    """A step as a person chose it; each kind uses its own parts.

    Attributes:
        kind: The kind; ``REFUSE`` refuses some items, too.
        text: A message for the other party.
        repeats: The reason to repeat values that the other party may not have in clear.
        items: Numbers of the refused items; empty for all open ones.
        ground: The ground of a refusal.
        extension_ms: The expected time of an authorisation.
        urgency: The proposed or the new urgency.
        permit: Whether an answer to a question allows another question.
        useful: In feedback, whether the answer was useful.
    """

    kind: StepKind
    text: str = ""
    repeats: str = ""
    items: tuple[int, ...] = ()
    ground: Ground | None = None
    extension_ms: int = 0
    urgency: Urgency | None = None
    permit: bool = False
    useful: bool | None = None


async def take_step(
    requests: RequestService, packet: bytes, choice: StepChoice, acted_by: ActedBy | None
) -> None:
    """Takes a chosen step of a request.

    Args:
        requests: The requests of the node.
        packet: 32 bytes, the id of the request.
        choice: The choice.
        acted_by: The responsible person.

    Raises:
        MalformedInput: If the choice lacks a part, or an answer is chosen, which has a packet.
        StepMisattributed: If only a node takes such a step.
        TearlineError: As the verbs of ``RequestService``.
    """
    text, repeats = choice.text, choice.repeats
    match choice.kind:
        case StepKind.ADMIT:
            await requests.admit(packet, acted_by, text, repeats=repeats)
        case StepKind.REJECT:
            await requests.reject(packet, text, acted_by, repeats=repeats)
        case StepKind.CLARIFY:
            await requests.clarify(packet, text, acted_by, repeats=repeats)
        case StepKind.CLARIFIED:
            await requests.clarified(packet, text, acted_by, permit=choice.permit, repeats=repeats)
        case StepKind.PERMIT:
            await requests.permit(packet, acted_by)
        case StepKind.AUTHORISE:
            await requests.authorise(packet, choice.extension_ms, text, acted_by, repeats=repeats)
        case StepKind.CONTEST:
            wanted = _urgency(choice)
            await requests.contest(packet, wanted, text, acted_by, repeats=repeats)
        case StepKind.CONFIRM:
            await requests.confirm(packet, acted_by, text, repeats=repeats)
        case StepKind.LOWER:
            await requests.lower(packet, _urgency(choice), acted_by)
        case StepKind.REFUSE:
            if choice.ground is None:
                raise MalformedInput("a refusal names its ground")
            await requests.refuse(
                packet, choice.ground, choice.items, acted_by, text, repeats=repeats
            )
        case StepKind.EXTEND:
            await requests.extend(packet, acted_by, text, repeats=repeats)
        case StepKind.WITHDRAW:
            await requests.withdraw(packet, acted_by, text, repeats=repeats)
        case StepKind.CLOSE:
            if choice.useful is None:
                raise MalformedInput("feedback says whether the answer was useful")
            await requests.close(packet, choice.useful, acted_by, text, repeats=repeats)
        case StepKind.PARTIAL | StepKind.ANSWER | StepKind.SUPPLEMENT:
            raise MalformedInput("an answer names its packet")
        case StepKind.EXPIRE | StepKind.DISPUTE:
            raise StepMisattributed(f"only a node takes the step {choice.kind.value}")


def _urgency(choice: StepChoice) -> Urgency:
    if choice.urgency is None:
        raise MalformedInput("the step names an urgency")
    return choice.urgency
