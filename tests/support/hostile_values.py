"""Values made to be obeyed, hidden or reordered by whatever shows them; and how to see that."""

import re

HOSTILE = {
    "csi": "\x1b[2J\x1b[1;1H",
    "osc-52": "\x1b]52;c;cm0gLXJmIH4K\x07",
    "osc-8": "\x1b]8;;https://evil.example\x1b\\2026-05-07\x1b]8;;\x1b\\",
    "title": "\x1b]0;owned\x07",
    "dcs": '\x1bP$q"p\x1b\\',
    "c1": "\x9b31m\x9d52;c;eA==\x9c\x90q\x9c",
    "backspace": "granted\b\b\b\b\b\b\brefused",
    "delete": "a\x7f\x7fb",
    "return": "withheld\rclear   ",
    "newline": "one\nTL-OK: a line of ours\r\n\x0b\x0c\x85\u2028\u2029forged",
    "override": "\u202egnp.exe\u202c",
    "isolate": "\u2066a\u2067b\u2068c\u2069",
    "marks-of-direction": "\u200eleft\u200fright\u061carabic",
    "zero-width": "Qiu\u200b\u200c\u200d\u2060\ufeff Wenhao",
    "soft-hyphen": "Q\u00adiu",
    "tags": "\U000e0041\U000e007f",
    "fillers": "a\u115f\u1160\u3164\uffa0\u17b4\u17b5\u034fb",
    "selectors": "a\ufe0f\ufe00\U000e0100\u180b\u180eb",
    "flood": "Z" + "\u0300\u0301\u0489\u20e3" * 40,
    "private": "\ue000\U0010fffd",
    "unassigned": "\uffff\ufdd0",
    "annotation": "\ufff9a\ufffab\ufffb",
    "overlong": b"\xc0\x9b\xe0\x80\x9b\xc1\x9b[31m\xf0\x80\x80\x9b".decode("utf-8", "replace")
    + "\x9b",
    "markup": "[red]a[/red] [link=https://evil.example]b[/link] :smile:",
    "formula": '=HYPERLINK("https://evil.example","x")',
}
"""By the trick that each plays."""

ALL_AT_ONCE = " ".join(HOSTILE.values())
"""All of them in one value."""
SHORT = "\x1b]52;c;eA==\x07\x9b2J\u202e\u200b\u3164\ufe0f\n" + "z" + "\u0300" * 9
"""The worst of them, where a text is short."""

# Of what a command prints, its own newlines alone may be left. Written out here anew, and not
# taken from the program, which it judges.
_OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\uffff"
    "\ue000-\uf8ff\ufdd0-\ufdef\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_FLOOD = re.compile("[\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]{9}")


def obeyed(shown: str) -> list[str]:
    """What a terminal would obey, hide or pile up, of a text that is shown; each with its place."""
    found = [*_OBEYED.finditer(shown), *_FLOOD.finditer(shown)]
    return [
        f"{match[0]!r} in {shown[max(0, match.start() - 60) : match.end() + 20]!r}"
        for match in found
    ]
