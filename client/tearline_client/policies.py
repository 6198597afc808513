"""Loading the policy sets that a node decides by."""

from pathlib import Path

from tearline.errors import ConfigUnreadable
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES
from tearline_client.config import MAX_CONFIG_BYTES
from tearline_client.state import Policies


def load_policies(own: Path) -> Policies:
    """The shared set of this version, and the agency's own if there is a file of them.

    Raises:
        ConfigUnreadable: If the file cannot be read.
        PolicyError: If it does not hold policies of the schema.
    """
    shared = parse_policy_set(SHARED_POLICIES)
    try:
        with own.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return Policies(shared=shared, own=None)
    except OSError as error:
        raise ConfigUnreadable(f"{own}: {error.strerror}") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigUnreadable(f"{own} is longer than {MAX_CONFIG_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigUnreadable(f"{own}: not UTF-8") from None
    return Policies(shared=shared, own=parse_policy_set(text))
