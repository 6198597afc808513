"""Release decisions: two layers of policies, of which the stricter applies.

The agreement's policies are shared and pinned by digest: the originator applies them before it
seals, the exchange on every grant. An agency's own policies are private and apply only at its own
nodes. The answer is data; its enforcer calls ``ReleasePolicy.verify``, which raises.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from tearline.dataclass.immutable import immutable
from tearline.errors import ReleaseRefused
from tearline.limits import MAX_DECISIONS_KEPT
from tearline.policy.engine import Answer, Engine, ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.ruleset import PolicySet
from tearline.policy.terms import Terms

_AGREEMENT = "agreement"
_UNSPECIFIED = "unspecified"


@immutable
class Ruling:
    """Decision of one layer.

    Attributes:
        form: The most revealing form it allows.
        policy_ids: The policies that allowed that form and stopped the next.
        reason: Code of the reason against the next form; empty if the form is ``clear``.
        faults: Policies with a failed evaluation; no form is then allowed.
    """

    form: Form
    policy_ids: tuple[str, ...]
    reason: str
    faults: tuple[str, ...]


@immutable
class Decision:
    """Most revealing form in which one recipient may have fields of one marking.

    Attributes:
        form: That form; ``withheld`` if no disclosure is allowed.
        shared_policy_ids: The agreement's policies that allowed it and stopped the next.
        own_policy_ids: The agency's own, for the agency alone; empty without any.
        reason: The reason against the next form, for the recipient: ``source``, ``privacy``,
            ``third-party``, ``agreement`` or ``unspecified``; empty for ``clear``.
        faults: Policies of either layer with a failed evaluation; all is then withheld.
    """

    form: Form
    shared_policy_ids: tuple[str, ...]
    own_policy_ids: tuple[str, ...]
    reason: str
    faults: tuple[str, ...]


class ReleasePolicy:
    """Release policy under one agreement.

    Args:
        terms: The agreement's terms.
        shared: The policy set that the agreement pins.
        own: The agency's own, or None at the exchange, which does not have it.
    """

    def __init__(self, *, terms: Terms, shared: PolicySet, own: PolicySet | None = None) -> None:
        self._engine = Engine(terms)
        self._shared = shared
        self._own = own
        # The hundreds of fields of a packet have few different markings.
        self._remembered = lru_cache(maxsize=MAX_DECISIONS_KEPT)(self._decide)

    def decide(self, request: ReleaseRequest) -> Decision:
        """Returns the most revealing form that both layers allow."""
        return self._remembered(request)

    def verify(self, request: ReleaseRequest, form: Form) -> Decision:
        """Checks that ``form`` may be released, and returns the decision that allows it.

        Raises:
            ReleaseRefused: If it reveals more than ``decide`` allows; names the shared
                policies, for the sender alone.
        """
        decision = self.decide(request)
        if form > decision.form:
            silent = "a policy could not be evaluated" if decision.faults else "none permits it"
            named = ", ".join(decision.shared_policy_ids) or silent
            raise ReleaseRefused(
                f"{form.text} of {request.marking.category}, where at most"
                f" {decision.form.text} is allowed: {named}"
            )
        return decision

    def answers(self, request: ReleaseRequest) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
        """Returns each layer's answers for each form, shared and own, for an explanation.

        Both are empty if the agreement does not know the article, sender or recipient.
        """
        if not self._engine.knows(request):
            return (), ()
        shared = self._engine.ask(self._shared, request)
        return shared, self._engine.ask(self._own, request) if self._own else ()

    def _decide(self, request: ReleaseRequest) -> Decision:
        shared_answers, own_answers = self.answers(request)
        if not shared_answers:
            return _withheld(_AGREEMENT)
        shared = judge(shared_answers, self._shared, silent=_AGREEMENT)
        if self._own is None:
            own = Ruling(form=Form.CLEAR, policy_ids=(), reason="", faults=())
        else:
            own = judge(own_answers, self._own, silent=_UNSPECIFIED)
        # On a tie the shared reason is given: it reveals no rule of the agency's own.
        stricter = own if own.form < shared.form else shared
        return Decision(
            form=stricter.form,
            shared_policy_ids=shared.policy_ids,
            own_policy_ids=own.policy_ids,
            reason=stricter.reason,
            faults=tuple(sorted({*shared.faults, *own.faults})),
        )


def judge(answers: Sequence[Answer], policies: PolicySet, *, silent: str) -> Ruling:
    """Returns one layer's ruling from its answers, lowest form first.

    The form rises to the first one that is not allowed. A single policy with a failed evaluation,
    at any form, withholds everything: it may have been a forbid.

    Args:
        answers: The answers of ``policies`` for each form.
        policies: The policy set.
        silent: The reason if no policy gives one.
    """
    faults = tuple(sorted({fault for answer in answers for fault in answer.faults}))
    if faults:
        return Ruling(form=Form.WITHHELD, policy_ids=(), reason=_UNSPECIFIED, faults=faults)
    form = Form.WITHHELD
    deciding: tuple[str, ...] = ()
    stopping: tuple[str, ...] = ()
    for answer in answers:
        if not answer.allowed:
            stopping = answer.policy_ids
            break
        form, deciding = answer.form, answer.policy_ids
    reason = "" if form is Form.CLEAR else _reason(stopping, policies, silent)
    return Ruling(
        form=form, policy_ids=tuple(sorted({*deciding, *stopping})), reason=reason, faults=()
    )


def _reason(stopping: Iterable[str], policies: PolicySet, silent: str) -> str:
    """Returns the common reason of the stopping policies; different reasons give none."""
    given = {policies.reasons.get(policy, _UNSPECIFIED) for policy in stopping}
    if not given:
        return silent
    return given.pop() if len(given) == 1 else _UNSPECIFIED


def _withheld(reason: str) -> Decision:
    return Decision(
        form=Form.WITHHELD, shared_policy_ids=(), own_policy_ids=(), reason=reason, faults=()
    )
