"""The attacks: how each ends, what stays as evidence, and which function stops it.

``make mutants`` takes each function away and demands that the test of its row then fails.
"""

from attacks.attack import Attack
from attacks.rows import (
    accesses,
    audits,
    bodies,
    cases,
    clocks,
    corrections,
    cosigners,
    desks,
    erasures,
    exchanges,
    exhibits,
    four_eyes,
    intruders,
    keys,
    losses,
    onward,
    partners,
    proposals,
    recalls,
    replicas,
    requests,
    standings,
)

__all__ = ["ATTACKS", "Attack"]

ATTACKS: tuple[Attack, ...] = (
    *exchanges.DELIVERIES,
    *exchanges.LOGS,
    *cosigners.FORKS,
    *cosigners.WITNESSES,
    *partners.PATCHED,
    *partners.COALITIONS,
    *four_eyes.FOUR_EYES,
    *bodies.BODIES,
    *partners.PROBES,
    *onward.ONWARD,
    *keys.SIGNATURES,
    *keys.TRUST,
    *keys.LIFE,
    *intruders.CALLS,
    *intruders.AUDIT,
    *audits.AUDITS,
    *erasures.ERASURES,
    *erasures.RETENTIONS,
    *recalls.RECALLS,
    *corrections.CORRECTIONS,
    *accesses.ACCESSES,
    *desks.DESKS,
    *intruders.HTTP,
    *intruders.FILES,
    *exhibits.EXHIBITS,
    *exhibits.PROOFS,
    *clocks.CLOCKS,
    *losses.LOSSES,
    *replicas.REPLICAS,
    *standings.STANDINGS,
    *proposals.PROPOSALS,
    *proposals.OPENINGS,
    *cases.CASES,
    *requests.REQUESTS,
)
