"""TL-CFG: a setting or a file of ours is missing, unknown or wrong."""

from tearline.errors.base import TearlineError


class ConfigError(TearlineError):
    """A setting or a file of ours is missing, unknown or wrong."""


class LogPolicyMalformed(ConfigError):
    """A policy on checkpoints that cannot be followed."""

    code = "TL-CFG-010"
    what = "The log's policy file is not one, or names a kind of key that is not in use."
    next = "Compare it with c2sp.org/tlog-policy, or write it anew: `tearline audit policy`."


class HookMalformed(ConfigError):
    """A hook whose event or command cannot be used."""

    code = "TL-CFG-011"
    what = "A hook for notices cannot be used."
    next = "Compare it with `tearline node run --help`; the node was not started."


class MappingMalformed(ConfigError):
    """A mapping of columns to properties that cannot be followed."""

    code = "TL-CFG-001"
    what = "The mapping of columns is not usable."
    next = "Correct the place named in the mapping file; nothing was imported."


class SettingUnknown(ConfigError):
    """A configuration file that names something which is not a setting."""

    code = "TL-CFG-002"
    what = "The configuration names a setting that does not exist."
    next = (
        "Remove the setting named, or correct its spelling; for a node `tearline config show` "
        "lists all."
    )


class SettingInvalid(ConfigError):
    """A setting whose value is not of its kind."""

    code = "TL-CFG-003"
    what = "A setting has a value that it cannot have."
    next = (
        "Correct the value named, where it is given: of an exchange in an option or exchange.toml, "
        "of a node where `tearline config show --origin` says."
    )


class ConfigUnreadable(ConfigError):
    """A file of ours that is missing, not readable, or not in its format."""

    code = "TL-CFG-004"
    what = "A file cannot be read or written."
    next = "Check the path, its permissions and its format."


class PassphraseMissing(ConfigError):
    """No passphrase where one is needed."""

    code = "TL-CFG-005"
    what = "No passphrase was given."
    next = "Name its file by the option or variable given here, or run on a terminal to be asked."


class FileExposed(ConfigError):
    """A secret file that others than its owner may read or write."""

    code = "TL-CFG-006"
    what = "A file that holds a secret is open to others."
    next = "Take its permissions away (chmod 600), and consider the secret known to others."


class TlsUnprepared(ConfigError):
    """gRPC was imported before its cipher suites were set."""

    code = "TL-CFG-007"
    what = "TLS 1.2 could still be negotiated in this process."
    next = "Import tearline.rpc before anything that imports grpc."


class HomeMissing(ConfigError):
    """A home that holds no node yet, or not all of one."""

    code = "TL-CFG-008"
    what = "There is no node here, or a part of it is missing."
    next = "Make one with tearline init, or name its home with --home."


class TrustMissing(ConfigError):
    """An exchange that was not told who belongs to its federation."""

    code = "TL-CFG-009"
    what = "The exchange has no trust list yet."
    next = "Hand exchange.enrolment to the agencies, then run tearline-server trust FILE."
