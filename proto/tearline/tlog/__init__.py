"""Transparency log: RFC 6962 trees and the C2SP formats of notes, tiles and proofs."""
