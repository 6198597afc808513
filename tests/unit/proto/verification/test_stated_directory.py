"""The directory of a state of trust: what changes the state of the federation itself."""

import pytest

from support.agencies import MX, US, federation, key_record, node_of, secret, signed_by
from support.decisions import amending, apply_all, removal
from tearline.errors import SignerUnknown
from tearline.federation.directory import FEDERATION, verify_directory
from tearline.federation.members import KeyUse, Revocation
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline.verification.trust import TrustState
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.statements import Signed

FED = federation()
NEXT = len(FED.clear)
KEY = CheckpointSigner(
    name=node_of(MX), algorithm=NoteAlgorithm.MLDSA44, seed=secret("cosign")
).verifier.public


def recording() -> Signed:
    """A cosigning key of MX."""
    root = FED.signer(MX)
    record = key_record(root.header, node_of(MX), KeyUse.COSIGN, KEY)
    return signed_by(StatementType.KEY_RECORD, encode_key_record(record), root)


def subjects(state: TrustState) -> list[str]:
    return [key.subject for key in state.directory.federation_state().keys]


def proven(state: TrustState) -> None:
    """The root covers the state of the federation as it is now."""
    root, stated = state.directory.root, state.directory.federation_state()
    verify_directory(root, FEDERATION, stated.hash, state.directory.prove(FEDERATION))


def test_before_the_charter_counts_there_is_none() -> None:
    with pytest.raises(SignerUnknown):
        TrustState(federation=FED.id).directory.federation_state()


def test_it_names_the_constitution_in_force() -> None:
    state = FED.trust()
    proven(state)
    index = apply_all(state, NEXT, *amending(state, US, MX, cosigners=(MX, US), quorum=2))
    stated = state.directory.federation_state()
    assert (stated.decision, stated.index) == (state.members.constitution_id, index - 1)
    proven(state)


def test_it_lists_the_cosigning_keys_of_counted_cosigners_until_they_end() -> None:
    state, root = FED.trust(), FED.signer(MX)
    state.apply(NEXT, recording())
    assert subjects(state) == [node_of(MX)]
    proven(state)
    (key,) = state.directory.federation_state().keys
    ended = Revocation(header=root.header, revoked_key=key.id, reason="lost")
    state.apply(NEXT + 1, signed_by(StatementType.REVOCATION, encode_revocation(ended), root))
    assert subjects(state) == []
    proven(state)


def test_a_removed_cosigner_loses_its_place() -> None:
    state = FED.trust()
    state.apply(NEXT, recording())
    others = [uri for uri in FED.agencies if uri != MX]
    apply_all(state, NEXT + 1, *removal(state, MX, *others))
    assert subjects(state) == []
    proven(state)
