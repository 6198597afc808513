"""What others build upon: the names of the public packages, and the codes of the errors."""

import importlib
import re

import pytest

from support.cases import each_case
from tearline import errors
from tearline.errors import TearlineError, concrete_errors, error_by_code

# A name that leaves, or enters, changes what others may rely on: say so in the CHANGELOG.
PUBLIC: dict[str, list[str]] = {
    "tearline": [],
    "tearline_server": [],
    "tearline_client": [
        "About",
        "Cell",
        "Draft",
        "Entity",
        "Group",
        "Node",
        "NodeStatus",
        "PacketView",
        "ReleasePlan",
        "Sent",
        "SyncNode",
        "connected_groups",
    ],
}

AREAS = {
    "USE": errors.UsageError,
    "CFG": errors.ConfigError,
    "KEY": errors.KeyError_,
    "TLS": errors.TlsError,
    "TRU": errors.TrustError,
    "AGR": errors.AgreementError,
    "POL": errors.PolicyError,
    "PKT": errors.PacketError,
    "GRT": errors.GrantError,
    "MBX": errors.MailboxError,
    "LOG": errors.LogError,
    "STO": errors.StoreError,
    "CAS": errors.CaseError,
    "BLB": errors.BlobError,
    "REQ": errors.ExchangeError,
    "RFI": errors.RecordRequestError,
}

# The exit status of each area, and those that single errors of it may have instead.
STATUSES = {
    "USE": {errors.EXIT_USAGE},
    "CFG": {errors.EXIT_LOCAL},
    "KEY": {errors.EXIT_LOCAL, errors.EXIT_INTEGRITY, errors.EXIT_NOT_FOUND},
    "TLS": {errors.EXIT_REFUSED, errors.EXIT_UNREACHABLE},
    "TRU": {errors.EXIT_REFUSED, errors.EXIT_INTEGRITY},
    "AGR": {errors.EXIT_REFUSED, errors.EXIT_INTEGRITY, errors.EXIT_NOT_FOUND},
    "POL": {errors.EXIT_REFUSED, errors.EXIT_INTEGRITY},
    "PKT": {errors.EXIT_INTEGRITY, errors.EXIT_REFUSED, errors.EXIT_NOT_FOUND},
    "GRT": {errors.EXIT_INTEGRITY, errors.EXIT_REFUSED},
    "MBX": {errors.EXIT_INTEGRITY, errors.EXIT_REFUSED},
    "LOG": {errors.EXIT_INTEGRITY, errors.EXIT_REFUSED},
    "STO": {errors.EXIT_LOCAL, errors.EXIT_NOT_FOUND, errors.EXIT_INTEGRITY},
    "CAS": {errors.EXIT_REFUSED, errors.EXIT_NOT_FOUND, errors.EXIT_USAGE},
    "BLB": {
        errors.EXIT_REFUSED,
        errors.EXIT_INTEGRITY,
        errors.EXIT_NOT_FOUND,
        errors.EXIT_LOCAL,
    },
    "REQ": {
        errors.EXIT_UNREACHABLE,
        errors.EXIT_REFUSED,
        errors.EXIT_INTEGRITY,
        errors.EXIT_NOT_FOUND,
        errors.EXIT_PENDING,
    },
    "RFI": {
        errors.EXIT_REFUSED,
        errors.EXIT_USAGE,
        errors.EXIT_INTEGRITY,
        errors.EXIT_NOT_FOUND,
        errors.EXIT_PENDING,
    },
}

ERRORS = list(concrete_errors())


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_pinned(package):
    module = importlib.import_module(package)
    assert sorted(getattr(module, "__all__", [])) == PUBLIC[package]
    for name in PUBLIC[package]:
        assert (getattr(module, name).__doc__ or "").strip(), name


def test_no_two_errors_share_a_code():
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    assert all(error_by_code(error.code) is error for error in ERRORS)
    assert error_by_code("TL-USE-000") is None


def test_the_tree_is_drawn_with_every_area():
    assert re.findall(r"(\w+) +TL-([A-Z]{3}) ", errors.__doc__ or "") == [
        (base.__name__, area) for area, base in AREAS.items()
    ]
    assert set(AREAS.values()) == set(TearlineError.__subclasses__())


@each_case("error", ERRORS)
def test_each_error_has_code_area_status_and_sentences(error):
    code = re.fullmatch(r"TL-([A-Z]{3})-(\d{3})", error.code)
    assert code
    area = code[1]
    assert issubclass(error, AREAS[area])
    assert error.exit_status in STATUSES[area]
    for sentence in (error.what, error.next):
        assert re.fullmatch(r"[A-Z].{8,}\.", sentence), sentence
    assert (error.__doc__ or "").strip()


def test_an_error_says_what_why_and_what_next():
    error = errors.SignatureInvalid("statement 3f")
    assert str(error) == (
        "TL-KEY-002: The signature does not verify: statement 3f. "
        "Next: Do not use the statement; keep it as evidence and ask its signer."
    )
    assert str(errors.SignatureInvalid()).startswith("TL-KEY-002: The signature does not verify. N")


@pytest.mark.parametrize("why", ["is it in use?", "it said so.", "it said so"])
def test_a_message_is_made_of_whole_sentences(why):
    said = errors.sentence("It cannot be done.", why)
    assert said == f"It cannot be done: {why.removesuffix('.')}" + ("" if "?" in why else ".")
