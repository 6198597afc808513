"""Bodies: the contents of each kind of packet, and their validation at both ends.

A kind is a table of parts and details and, if that is not enough, a function; adding one changes no
other kind. Specified in docs/spec/body-v1.md.
"""
