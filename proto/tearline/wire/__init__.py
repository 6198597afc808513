"""Each type into its one byte string, and strictly back: the only place that knows protobuf.

``encode_x`` gives the one encoding of a value; ``parse_x`` reads it, encodes what it read
again and compares. Protobuf itself keeps unknown fields, takes the last of two duplicates
and allows any order: bytes that differ from their own re-encoding in any of these ways are
refused, so two parties never sign different bytes for one meaning.
"""
