"""Finds resources of a page that a browser would load from another server."""

import re
from html.parser import HTMLParser

_SOURCES = {"src", "srcset", "poster", "data"}
_STYLE = re.compile(r"(?:url\(\s*|@import\s+)['\"]?\s*((?:[a-z][a-z0-9+.-]*:)?//[^'\")\s]*)", re.I)
_OUTSIDE = re.compile(r"(?:^|,\s*)((?:[a-z][a-z0-9+.-]*:)?//[^\s,]*)", re.I)


class _Page(HTMLParser):
    """Collects addresses of scripts, styles, fonts, images and frames."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collects the addresses that one element loads."""
        for name, value in attrs:
            # Links are followed by a reader; a link element, and an SVG's, loads by itself.
            if name in _SOURCES or (name in ("href", "xlink:href") and tag not in ("a", "area")):
                self.found += _OUTSIDE.findall(value or "")
            elif name == "style":
                self.found += outside_style(value or "")
            elif name == "class" and "mermaid" in (value or "").split():
                self.found.append("mermaid")  # the theme loads its program from a server

    def handle_data(self, data: str) -> None:
        """Collects the addresses of an inline style sheet."""
        if self.cdata_elem == "style":
            self.found += outside_style(data)


def outside(html: str) -> list[str]:
    """Returns the addresses on other servers that a page would load by itself."""
    page = _Page()
    page.feed(html)
    page.close()
    return page.found


def outside_style(css: str) -> list[str]:
    """Returns the addresses on other servers that a style sheet would load."""
    return _STYLE.findall(css)
