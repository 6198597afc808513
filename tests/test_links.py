"""Every relative link of every page leads somewhere, headings included."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

from support.cases import each_case
from support.paths import ROOT

_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(
    r"\[[^\]]*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)|^\[[^\]]+\]: *(\S+)", re.MULTILINE
)
_HEADING = re.compile(r"^#+ +(.+?)\s*#*$", re.MULTILINE)
_PLACE = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")


def pages() -> list[Path]:
    """The pages that are, or are about to be, part of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def links(text: str) -> list[str]:
    """The targets of the links of a page, code left out."""
    return [inline or named for inline, named in _LINK.findall(_CODE.sub("", text))]


def anchors(text: str) -> set[str]:
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    found: set[str] = set(_PLACE.findall(text))
    fenced = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
    for heading in _HEADING.findall(fenced.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        name, number = slug, 0
        while name in found:
            number += 1
            name = f"{slug}-{number}"
        found.add(name)
    return found


def broken(page: Path, text: str) -> list[str]:
    """The links of ``page`` that lead nowhere."""
    dead = []
    for target in links(text):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.is_relative_to(ROOT) or not there.exists():
            dead.append(target)
        elif anchor and there.suffix == ".md":
            known = anchors(text if there == page else there.read_text(encoding="utf-8"))
            if anchor not in known:
                dead.append(target)
    return dead


@each_case("page", pages())
def test_every_link_leads_somewhere(page):
    assert broken(page, page.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_found():
    page = ROOT / "README.md"
    text = (
        "# A `b` c!\n[a](#a-b-c) [b](#none) [c](none.md) [d](https://x) `[e](none.md)`\n[f]: ../f\n"
    )
    assert broken(page, text) == ["#none", "none.md", "../f"]
