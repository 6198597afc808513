"""TL-CFG: a setting or a local file is missing, unknown or wrong."""

from tearline.errors.base import TearlineError


class ConfigError(TearlineError):
    """A setting or a local file is missing, unknown or wrong."""


class LogPolicyMalformed(ConfigError):
    """Checkpoint policy that is not valid."""

    code = "TL-CFG-010"
    what = "The log's policy file is not valid, or names a kind of key that is not in use."
    next = "Compare it with c2sp.org/tlog-policy, or write a new one: `tearline audit policy`."


class HookMalformed(ConfigError):
    """Hook with an event or command that cannot be used."""

    code = "TL-CFG-011"
    what = "A hook for notices cannot be used."
    next = "Compare it with `tearline node run --help`; the node was not started."


class ExtraMissing(ConfigError):
    """Installation without the extra of a program."""

    code = "TL-CFG-012"
    what = "A part of this program is not installed."
    next = "Install Tearline again, with the extra named here."


def extra_missing(error: ModuleNotFoundError, extra: str) -> ExtraMissing:
    """Returns the error of an installation that lacks a module of an extra.

    Args:
        error: The failed import.
        extra: The extra of the program.

    Raises:
        ModuleNotFoundError: If the module is one of Tearline: then the program is at fault.
    """
    module = (error.name or "tearline").partition(".")[0]
    if module.startswith("tearline"):
        raise error
    return ExtraMissing(f"{module} is missing; it comes with tearline[{extra}]")


class MappingMalformed(ConfigError):
    """Mapping of columns to properties that is not valid."""

    code = "TL-CFG-001"
    what = "The mapping of columns is not valid."
    next = "Correct the named place in the mapping file; the import did not start."


class SettingUnknown(ConfigError):
    """Configuration file that names an unknown setting."""

    code = "TL-CFG-002"
    what = "The configuration names a setting that does not exist."
    next = (
        "Remove the named setting, or correct its spelling; for a node, `tearline config show` "
        "lists all settings."
    )


class SettingInvalid(ConfigError):
    """Setting with a value of the wrong type or out of range."""

    code = "TL-CFG-003"
    what = "A setting has a value that is not allowed."
    next = (
        "Correct the named value at its source: for an exchange, an option or exchange.toml; for a "
        "node, see `tearline config show --origin`."
    )


class ConfigUnreadable(ConfigError):
    """Local file that is missing, not readable, or not in its format."""

    code = "TL-CFG-004"
    what = "A file cannot be read or written."
    next = "Check the path, its permissions and its format."


class PassphraseMissing(ConfigError):
    """Missing passphrase."""

    code = "TL-CFG-005"
    what = "No passphrase was given."
    next = "Name its file by the option or variable given here, or use a terminal to be asked."


class FileExposed(ConfigError):
    """Secret file that users other than its owner may read or write."""

    code = "TL-CFG-006"
    what = "A file that holds a secret is accessible to other users."
    next = "Restrict its permissions (chmod 600), and treat the secret as compromised."


class TlsUnprepared(ConfigError):
    """gRPC was imported before its cipher suites were set."""

    code = "TL-CFG-007"
    what = "TLS 1.2 could still be negotiated in this process."
    next = "Import tearline_runtime.grpc before anything that imports grpc."


class HomeMissing(ConfigError):
    """Home without a node, or with an incomplete one."""

    code = "TL-CFG-008"
    what = "There is no node here, or a part of it is missing."
    next = "Run the command named here, create a node with tearline init, or name its --home."


class KeysUnnamed(ConfigError):
    """Exchange whose keys the constitution in force does not name."""

    code = "TL-CFG-013"
    what = "The council decided on other keys than this exchange holds."
    next = (
        "Put the key file that the council decided on into the home, as exchange.keys or "
        "exchange.keys.next. tearline-server keys show lists the keys here, and those decided on."
    )


class AuthoritiesRefused(ConfigError):
    """Exchange whose members have no CA by which a node can connect."""

    code = "TL-CFG-014"
    what = "No agency has a certificate authority of the profile, so no node could connect."
    next = (
        "Have the council remove an agency named here by votes in files, which "
        "tearline-server federation decide logs. It can then be admitted anew, with a CA that "
        "tearline makes."
    )


class TrustMissing(ConfigError):
    """Exchange without a complete charter."""

    code = "TL-CFG-009"
    what = "The exchange has no charter yet."
    next = (
        "Give exchange.enrolment to the agencies, then run tearline-server federation publish FILE."
    )
