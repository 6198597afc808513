"""Benchmarks: what Tearline costs, each time beside a baseline of the same run.

``make bench`` runs them all, ``make bench ID=B3`` one. Machines differ and are shared; so a
figure means something only next to the bare cost of the same work, measured in alternation.
"""
