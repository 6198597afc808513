"""Files that pages load come from the console, unchanged, and with no design of their own."""

import hashlib
import re
from importlib.resources import files

import pytest

from support.cases import each_case
from support.paths import ROOT
from tearline_client.console.app import STATIC
from unit.client.console.browsers import ConsoleUnderTest

CONSOLE = files("tearline_client.console")
TEMPLATES = [each for each in (CONSOLE / "templates").iterdir() if each.name.endswith(".html")]
HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"


def test_htmx_is_the_released_file() -> None:
    content = (CONSOLE / "static" / "htmx.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == HTMX
    notice = (CONSOLE / "static" / "NOTICE.txt").read_text(encoding="utf-8")
    assert HTMX in notice
    assert "4.0.1" in notice
    assert "4.0.1" in content.decode()


def test_every_static_file_is_served_and_no_other() -> None:
    names = {each.name for each in (CONSOLE / "static").iterdir()}
    assert names == {*STATIC, "NOTICE.txt"}


@pytest.mark.parametrize("name", STATIC)
async def test_a_file_is_served_with_its_type(console: ConsoleUnderTest, name: str) -> None:
    reply = await console.browser().get(f"/static/{name}")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == STATIC[name]
    assert reply.content == (CONSOLE / "static" / name).read_bytes()


@pytest.mark.parametrize("name", ["NOTICE.txt", "..%2Fapp.py", "%2e%2e/app.py", "app.py", ""])
async def test_no_other_file_is_served(console: ConsoleUnderTest, name: str) -> None:
    assert (await console.browser().get(f"/static/{name}")).status_code == 404


@each_case("template", TEMPLATES)
def test_no_template_holds_script_or_style_of_its_own(template: object) -> None:
    text = template.read_text(encoding="utf-8")  # type: ignore[attr-defined] (a Traversable)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|hx-on|hx-live|js:", text)
    assert not re.search(r"<script(?! src=\"/static/[\w.]+\" defer></script>)", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)
    assert not re.search(r"hx-trigger=\"[^\"]*\[", text)
    assert "| safe" not in text
    assert "autoescape" not in text


def test_colours_and_fonts_are_tokens() -> None:
    style = (CONSOLE / "static" / "console.css").read_text(encoding="utf-8")
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", style.replace("#list", ""))
    used = set(re.findall(r"var\((--[\w-]+)", style))
    tokens = (CONSOLE / "static" / "tokens.css").read_text(encoding="utf-8")
    named = set(re.findall(r"^\s+(--[\w-]+):", tokens, re.MULTILINE))
    assert used <= named
    assert "url(" not in (style + tokens).replace("url(#", "")  # a pattern of the page's own SVG


def test_the_packages_of_the_console_are_an_extra() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extra = text.partition("\nconsole = [")[2].partition("]")[0]
    assert {"jinja2", "babel", "fido2"} <= set(re.findall(r'"(\w+)', extra))
