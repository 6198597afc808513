"""Standings: an agency's suspensions under an agreement, complete, in one numbered statement.

A standing names the complete set of its agency's open suspensions of one agreement. Thus the one
with the highest counter is sufficient, even if others were lost or late. Any node of the agency may
add; only an officer in charge may lift, or end the agreement. Every later standing carries the
officer's last act, so that a partner that missed it can still check it. Pure: verified statements
in, decisions out. Specified in docs/spec/standing-v1.md.
"""
