"""Standings: what a party of an agreement has suspended, all of it, in one numbered statement.

A standing names the complete set of its agency's open suspensions of one agreement, so the one
with the highest counter says everything, whichever were lost or late on the way. Any node of the
agency adds; only an officer in charge lifts, or ends the agreement, and every later standing
carries the officer's last act, so that whoever missed it can still check it. Pure: statements
that were verified come in, and whether something may pass comes out. Specified in
docs/spec/standing-v1.md.
"""
