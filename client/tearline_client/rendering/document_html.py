"""A document as one HTML file for printing: no script, no fetched resource, all text escaped."""

import html
from collections.abc import Iterator

from tearline.text.display import visible
from tearline_client.rendering.document import Document, DocumentPart, KeptBack, kept_back_words

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
@page { size: auto; margin: 14mm 16mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 178mm; padding: 8mm 0; color: #16181d; background: #fff;
  font: 10.5pt/1.45 "Noto Sans", "Helvetica Neue", Arial, "Noto Sans CJK SC", "PingFang SC",
  "Microsoft YaHei", sans-serif; }
table.page { width: 100%; border-collapse: collapse; }
table.page > * > tr > td { padding: 0; }
.banner { text-align: center; font-weight: 700; letter-spacing: .08em; padding-bottom: 5mm; }
.banner span { display: inline-block; border: 1.2pt solid #16181d; padding: 1mm 4mm; }
h1 { font-size: 17pt; font-weight: 600; margin: 0 0 3mm; }
h2 { font-size: 11.5pt; font-weight: 600; margin: 6mm 0 1mm; padding-bottom: .8mm;
  border-bottom: .6pt solid #9aa1ad; break-after: avoid; }
table.facts, table.lines, table.notes { width: 100%; border-collapse: collapse; }
td, th { text-align: left; vertical-align: top; font-weight: 400; }
tr { break-inside: avoid; }
.facts th { color: #4d5563; width: 40mm; padding: .4mm 4mm .4mm 0; }
.facts td { padding: .4mm 0; }
.lines th { color: #4d5563; width: 40mm; padding: 1mm 4mm 1mm 0; }
.lines td { padding: 1mm 0; overflow-wrap: anywhere; }
.lines td.note { width: 42mm; padding-left: 4mm; color: #4d5563; font-size: 8pt; }
.lines tr + tr { border-top: .3pt solid #d9dce2; }
.value { display: block; }
.tear { margin: 8mm 0 4mm; border-top: 1.4pt dashed #16181d; text-align: center; height: 0; }
.tear span { position: relative; top: -2.6mm; background: #fff; padding: 0 4mm; font-size: 8.5pt;
  letter-spacing: .06em; }
.kept { display: flex; gap: 4mm; align-items: center; margin: 1.6mm 0; break-inside: avoid; }
.bar { flex: none; width: 60mm; height: 4.6mm; background: #16181d;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.notes th { font-weight: 600; width: 32mm; padding: .6mm 4mm .6mm 0; white-space: nowrap; }
.notes td { padding: .6mm 0; }
.doubt { border-left: 2pt solid #16181d; padding-left: 3mm; }
table.page > tfoot > tr > td { padding-top: 5mm; }
.foot div { border-top: .6pt solid #9aa1ad; padding-top: 1.5mm; color: #4d5563; font-size: 8pt;
  overflow-wrap: anywhere; }
"""


def to_html(document: Document) -> str:
    """Returns the document as a complete HTML file."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    banner = f'<div class="banner"><span>{_escaped(document.banner)}</span></div>'
    foot = "<br>".join(_escaped(each) for each in document.footer)
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{_escaped(document.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    # Browsers repeat the head and foot of a table on every printed page.
    yield f'<table class="page" role="presentation"><thead><tr><td>{banner}</td></tr></thead>'
    yield f'<tfoot><tr><td class="foot"><div>{foot}</div></td></tr></tfoot>'
    yield "<tbody><tr><td>"
    yield f"<h1>{_escaped(document.title)}</h1>"
    yield '<table class="facts">'
    for label, words in document.facts:
        yield f"<tr><th>{_escaped(label)}</th><td>{_isolated(words)}</td></tr>"
    yield "</table>"
    for part in document.parts:
        yield from _part(part)
    yield '<div class="tear"><span>torn off here</span></div>'
    for kept in document.kept_back:
        yield _kept_back(kept)
    if not document.kept_back:
        yield "<p>No fields kept back are reported.</p>"
    yield '<h2>Handling</h2>\n<table class="notes">'
    for code, words in document.notes:
        yield f"<tr><th>{_escaped(code)}</th><td>{_escaped(words)}</td></tr>"
    yield "</table>"
    for doubt in document.doubts:
        yield f'<p class="doubt">Not valid for this kind of packet: {_isolated(doubt)}</p>'
    yield "</td></tr></tbody></table>\n</body>\n</html>"


def _part(part: DocumentPart) -> Iterator[str]:
    yield f'<h2>{_isolated(part.title)}</h2>\n<table class="lines">'
    for line in part.lines:
        values = "".join(
            f'<span class="value">{_isolated(each)}</span>'
            for value in line.values
            for each in value.splitlines() or [""]
        )
        yield f"<tr><th>{_escaped(line.label)}</th><td>{values}</td>"
        yield f'<td class="note">{_escaped(line.note)}</td></tr>'
    yield "</table>"


def _kept_back(kept: KeptBack) -> str:
    words = f"{kept.category}: {kept_back_words(kept)}"
    return (
        '<div class="kept"><span class="bar" aria-hidden="true"></span>'
        f"<span>{_escaped(words)}</span></div>"
    )


def _isolated(text: str) -> str:
    """Returns a partner's text, isolated so that its writing direction stays local."""
    return f"<bdi>{_escaped(text)}</bdi>"


def _escaped(text: str) -> str:
    return html.escape(visible(text))
