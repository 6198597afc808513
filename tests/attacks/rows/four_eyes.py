"""Who releases alone what takes two persons."""

from attacks.attack import Attack

_REFUSAL = "a refusal in the log, named to its sender"
_PUT_ASIDE = "the delivery as it came, put aside at the recipient"
_NONE = "nothing is sealed"


def _alone(name: str, code: str, test: str, function: str, evidence: str = _REFUSAL) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=evidence,
        function=function,
        test=f"tests/attacks/test_four_eyes.py::test_{test}",
    )


FOUR_EYES = (
    _alone(
        "release alone where the article asks for two persons",
        "TL-POL-011",
        "a_release_by_one_person_is_refused",
        "tearline_server.judging.packets:_verify_persons",
    ),
    _alone(
        "name one person for both",
        "TL-POL-012",
        "one_person_does_not_pass_for_two",
        "tearline.four_eyes:verify_two",
    ),
    _alone(
        "release alone, past an exchange that lets it pass",
        "TL-POL-011",
        "an_exchange_that_lets_it_pass_does_not_get_it_past_the_recipient",
        "tearline_client.incoming:Intake._verify_persons",
        _PUT_ASIDE,
    ),
    _alone(
        "have the own node seal for one person",
        "TL-POL-011",
        "the_own_node_seals_nothing_for_one_person",
        "tearline_client.releasing:_verify_behind",
        _NONE,
    ),
)
