"""Codecs between values and their canonical bytes: the only package that uses protobuf.

``encode_x`` returns the canonical encoding of a value. ``parse_x`` decodes it, encodes the message
again and compares. Protobuf itself keeps unknown fields, takes the last of two duplicates and
allows any order. Bytes that differ from their own re-encoding in any of these ways are refused, so
two parties never sign different bytes for one meaning.
"""
