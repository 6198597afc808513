"""Audit by an agency: search, disclosure queries, proofs and verification."""
