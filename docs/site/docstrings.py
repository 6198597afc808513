"""Griffe extension: reads ``Example:`` of a docstring as its section of examples."""

from typing import Any

from griffe import Extension, Object


class Examples(Extension):
    """Renames the section, which Griffe knows by its plural alone."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Renames it in one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
