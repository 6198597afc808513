"""blob-v1.json, read by this implementation and by the second verifier."""

from hashlib import sha256

import pytest

from tearline.blobs.cipher import BlobCipher
from tearline.blobs.description import masked, parse_blob
from tearline.blobs.parts import Division
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline.wire.publications import parse_publication
from vectors import second_blobs as second
from vectors.own.blobs import content, sealed_parts
from vectors.own_cases import Case, cases, code_of, vectors

FILE = vectors("blob")
DOCUMENTS = [pytest.param(each, id=each["name"]) for each in FILE["documents"]]


def of(case: Case, *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_is_sealed_and_described_as_ever(case: Case) -> None:
    blob_id, secret = of(case, "blob_id", "secret")
    division = Division(length=case["length"])
    assert (division.padded, division.sealed) == (case["padded"], case["sealed"])
    parts = sealed_parts(blob_id, secret, case["length"])
    assert parts[0].startswith(bytes.fromhex(case["first_chunk_begins"]))
    assert parts[-1].endswith(bytes.fromhex(case["last_tag"]))
    leaves = [leaf_hash(part) for part in parts]
    assert [leaf.hex() for leaf in leaves] == case["leaves"]
    assert root_from_leaf_hashes(leaves).hex() == case["root"]
    packet_id, field_secret = of(case, "packet_id", "field_secret")
    blob = masked(parse_blob(*of(case, "value")), field_secret, packet_id, case["slot"])
    assert (blob.id, blob.secret, blob.length) == (blob_id, secret, case["length"])
    assert (blob.sha256.hex(), blob.root.hex()) == (case["sha256"], case["root"])


@pytest.mark.parametrize("case", DOCUMENTS)
def test_the_second_verifier_opens_it(case: Case) -> None:
    told = second.description(*of(case, "value"))
    packet_id, field_secret = of(case, "packet_id", "field_secret")
    secret = second.unmasked(told["masked"], field_secret, packet_id, case["slot"])
    assert secret.hex() == case["secret"]
    document = content(case["length"])
    parts = second.parts(secret, told["blob_id"], document)
    assert sum(map(len, parts)) == case["sealed"]
    assert [second.leaf(part).hex() for part in parts] == case["leaves"]
    assert second.root([second.leaf(part) for part in parts]) == told["root"]
    plain = b"".join(
        second.opened(secret, told["blob_id"], number, part) for number, part in enumerate(parts)
    )
    assert plain == document + bytes(case["padded"] - case["length"])
    assert sha256(document).digest() == told["sha256"]


@pytest.mark.parametrize("case", cases("blob", "refused", "description"))
def test_a_bad_description_is_refused(case: Case) -> None:
    (value,) = of(case, "bytes")
    assert code_of(lambda: parse_blob(value)) == case["code"]
    with pytest.raises(ValueError, match=f"{case['code']} {case['rule']}"):
        second.description(value)


@pytest.mark.parametrize("case", cases("blob", "links", "accepted"))
def test_a_message_with_few_links_is_read(case: Case) -> None:
    (data,) = of(case, "bytes")
    parse_publication(data)
    second.verify_links(data)


@pytest.mark.parametrize("case", cases("blob", "links", "refused"))
def test_a_message_with_many_links_is_refused(case: Case) -> None:
    (data,) = of(case, "bytes")
    assert code_of(lambda: parse_publication(data)) == case["code"]
    with pytest.raises(ValueError, match=f"{case['code']} {case['rule']}"):
        second.verify_links(data)


@pytest.mark.parametrize("case", cases("blob", "refused", "part"))
def test_a_bad_part_is_refused(case: Case) -> None:
    (part,) = of(case, "bytes")
    blob_id, secret = of(FILE["documents"][0], "blob_id", "secret")
    assert code_of(lambda: BlobCipher(secret, blob_id).open(0, part)) == case["code"]
    with pytest.raises(ValueError, match=f"{case['code']} {case['rule']}"):
        second.opened(secret, blob_id, 0, part)
