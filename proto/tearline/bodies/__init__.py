"""What the body of each kind of packet holds, and how that is judged at both ends.

A kind is a table of parts and details and, where that is not enough, a function; adding one
touches no other. Specified in docs/spec/body-v1.md.
"""
