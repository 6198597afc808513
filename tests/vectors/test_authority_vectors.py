"""authority-v1.json, read by this implementation and by the second verifier."""

import pytest

from tearline.crypto.authority_profile import verify_authority
from tearline.identity import parse_agency_uri
from vectors.own_cases import Case, code_of, vectors
from vectors.second_authorities import authority

FILE = vectors("authority")
REFUSED = FILE["refused"]["certificate"]


def test_a_ca_of_the_profile_is_read_alike() -> None:
    for case in FILE["accepted"]:
        certificate = bytes.fromhex(case["certificate"])
        found = verify_authority(certificate, parse_agency_uri(case["agency"]))
        told = authority(certificate, case["agency"])
        assert told == {name: case[name] for name in told}
        assert f"{found.serial:x}" == told["serial"]
        assert (found.not_before_s, found.not_after_s) == (
            case["not_before_s"],
            case["not_after_s"],
        )
        assert found.point.hex() == told["point"]


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_another_is_refused_by_both() -> None:
    def second(case: Case) -> str:
        with pytest.raises(ValueError, match="TL-") as caught:
            authority(bytes.fromhex(case["bytes"]), FILE["agency"])
        return str(caught.value)

    agency = parse_agency_uri(FILE["agency"])
    for case in REFUSED:
        ours = code_of(lambda case=case: verify_authority(bytes.fromhex(case["bytes"]), agency))
        assert ours == case["code"], case["name"]
        assert second(case).startswith(f"{case['code']} {case['rule']}"), case["name"]
    assert len({case["name"] for case in REFUSED}) == len(REFUSED) > 40
