"""Templates of the console: one environment for each language, all output escaped.

Text of an expression passes ``visible`` first, so that no control, hidden or reordering character
of a partner reaches a page. Then Jinja escapes it.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tearline.text.display import visible, visible_lines
from tearline_client.console.field_names import words_of
from tearline_client.console.languages import NAMES, TAGS, language


def shown(value: object) -> object:
    """Returns a value as templates print it: text without unsafe characters, HTML unchanged."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def typed(text: str) -> Markup:
    """Returns the text of a field that a person edits, as HTML: escaped, otherwise unchanged.

    Characters made visible would be sent back as other ones.
    """
    return escape(text)


def shown_lines(text: str) -> Markup:
    """Returns a text of several lines as templates print it in a field; unsafe characters escaped.

    The escapes are those of TOML and JSON, so that a file keeps its meaning.
    """
    return escape(visible_lines(text.expandtabs(4)))


@cache
def environment(code: str) -> Environment:
    """Returns the templates of a language, by its code."""
    templates = Environment(
        loader=PackageLoader("tearline_client.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    chosen = language(code)
    templates.globals.update(
        {
            "_": chosen.text,
            "ngettext": chosen.counted,
            "number": chosen.number,
            "day": chosen.day,
            "month": chosen.month,
            "language": code,
            "typed": typed,
            "tag": TAGS[code],
            "languages": NAMES,
            "lines": shown_lines,
            "words_of": words_of,
        }
    )
    return templates
