"""Errors that libraries raise for a file that is not of their format, one list for each library.

A reader turns the errors of its library into a refusal; an error that a list lacks would end the
program, or the request, at one damaged byte.
"""

import pyexpat
import struct
import zipfile
import zlib

JSON = (ValueError, RecursionError)
"""Errors of ``json``; those of texts that are no Unicode are among them."""
XML = (pyexpat.ExpatError, SyntaxError, LookupError, ValueError, OverflowError)
"""Errors of ``expat`` and the trees on it, whose ``ParseError`` is a ``SyntaxError``.

The others are of encodings and of numbers. No error is named by ``xml``: each command imports this.
"""
ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    LookupError,
    ValueError,
    OverflowError,
    EOFError,
    RuntimeError,
    OSError,
)
"""Errors of ``zipfile``, the decompression under it, and numbers of its parts.

A ``RuntimeError`` is also that of a compression or an encryption that ``zipfile`` does not have.
"""
