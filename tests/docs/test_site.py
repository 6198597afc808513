"""The site of the documentation: every page in its navigation, nothing from another server."""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

import tearline_client
from support.cases import each_case
from support.paths import ROOT
from test_links import links, pages

sys.path.append(str(ROOT / "docs" / "site"))
from outside import outside, outside_style

SETTINGS = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def listed(settings: str) -> Counter[str]:
    """The pages in a navigation, with how often each is there."""
    return Counter(re.findall(r"^ +- (\S+\.md)$", settings, re.MULTILINE))


def test_the_navigation_has_every_page_once() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in pages() if path.exists()]
    assert listed(SETTINGS) == Counter(name for name in names if not name.startswith("docs/adr/"))
    assert SETTINGS.count("- Decisions: []") == 1  # filled by the build


def test_a_page_that_is_left_out_is_found() -> None:
    assert listed("nav:\n  - a.md\n  - B:\n      - a.md\n      - c/d.md\n") == Counter(
        {"a.md": 2, "c/d.md": 1}
    )


def test_the_page_of_roles_leads_to_every_page_in_two_steps() -> None:
    index = ROOT / "docs" / "README.md"
    near = led_to(index)
    led = near.union(*(led_to(page) for page in near if page.suffix == ".md"))
    missed = {page for page in pages() if page.exists()} - led - {index}
    assert {page for page in missed if page.parent.name != "adr"} == {ROOT / "README.md"}


def led_to(page: Path) -> set[Path]:
    """The pages that one links to."""
    found = links(page.read_text(encoding="utf-8"))
    return {(page.parent / link.partition("#")[0]).resolve() for link in found}


@pytest.mark.parametrize("role", ["officer", "auditor", "operator", "developer"])
def test_each_role_begins_with_three_pages(role: str) -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| .+ \| {role} \| (.+) \|$", index, re.MULTILINE)
    assert len(set(links(row))) == 3


def test_the_sdk_shows_every_public_name_and_no_other() -> None:
    page = (ROOT / "docs" / "reference" / "sdk.md").read_text(encoding="utf-8")
    shown = re.findall(r"^::: tearline_client\.(\w+)$", page, re.MULTILINE)
    assert sorted(shown) == sorted(tearline_client.__all__)


@each_case(
    ("html", "found"),
    [
        ('<script src="https://cdn.example/a.js"></script>', ["https://cdn.example/a.js"]),
        ('<script src="//cdn.example/a.js"></script>', ["//cdn.example/a.js"]),
        ('<link rel="stylesheet" href="https://f.example/?a,b">', ["https://f.example/?a"]),
        ('<img srcset="a.png 1x, http://i.example/b.png 2x">', ["http://i.example/b.png"]),
        ('<p style="background: url(https://i.example/c.png)">', ["https://i.example/c.png"]),
        ("<style>@import 'https://f.example/x';</style>", ["https://f.example/x"]),
        ('<svg><use xlink:href="https://i.example/d.svg"/></svg>', ["https://i.example/d.svg"]),
        ('<object data="https://o.example/e"></object>', ["https://o.example/e"]),
        ('<pre class="mermaid"><code>graph</code></pre>', ["mermaid"]),
        ('<a href="https://example/">x</a><img src="../a.png"><img src="data:,x">', []),
        ('<link rel="stylesheet" href="a.css"><style>a {background: url(b.svg)}</style>', []),
        ("<p>&lt;script src=https://cdn.example/a.js&gt; url(https://x.example)</p>", []),
    ],
)
def test_what_a_page_loads_from_another_server_is_found(html: str, found: list[str]) -> None:
    assert outside(html) == found


def test_what_a_style_sheet_loads_is_found() -> None:
    css = "@font-face {src: url('//f.example/a.woff2')} a {background: url(b.svg#c)}"
    assert outside_style(css) == ["//f.example/a.woff2"]
