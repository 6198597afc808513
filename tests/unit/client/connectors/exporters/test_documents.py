"""Documents of a view: each has a name of its own, which leads nowhere else."""

import re

from support.agencies import marking
from tearline.packets.packet import TEXT, Field, OpenedField, View
from tearline_client.connectors.exporters.documents import documents_in
from tearline_client.connectors.exporters.files import verify_file_name
from tearline_client.console.downloads import ANY_TYPE, download

PDF = b"%PDF-1.7"


def view(*names: str) -> View:
    """Documents with these names, in the slots 1, 2, …"""
    fields = []
    for slot, name in enumerate(names, 1):
        path = f"{slot:032x}/Document/"
        told = Field(
            path=path + "fileName", media_type=TEXT, values=(name.encode(),), marking=marking()
        )
        file = Field(
            path=path + "file", media_type="application/pdf", values=(PDF,), marking=marking()
        )
        fields += [
            OpenedField(slot=len(names) + slot, field=told),
            OpenedField(slot=slot, field=file),
        ]
    return View(fields=tuple(fields), existences=())


def test_no_name_hides_a_document() -> None:
    named = documents_in(view("a.pdf", "3-a.pdf", "A.PDF", "1-a.pdf"))
    assert sorted(opened.slot for opened in named.values()) == [1, 2, 3, 4]
    assert len({name.casefold() for name in named}) == len(named)


HOSTILE = (
    *("../../.ssh/authorized_keys", "..\\..\\a.pdf", "/etc/passwd", "C:\\a.pdf", "C:a.pdf"),
    *(".bashrc", "...", "..", ".", "", " ", "-rf", "con", "NUL.pdf", "com1.txt.pdf", "aux.pdf"),
    *("invoice\u202efdp.exe", "\u2066a\u2069.pdf", "a\u200b.pdf", "\ufeff.pdf", "a\0.pdf"),
    *('a".pdf', "a;b=c.pdf", "a\r\nSet-Cookie: a=b.pdf", "a\x1b[2J.pdf", "<b>.pdf", "%2e%2e%2f"),
    *(
        "a.pdf.exe",
        "a.pdf ",
        "a.pdf.",
        "a.pdf:stream",
        "x" * 5000,
        "界" * 5000,
        "裘.pdf",
        "e\u0301",
    ),
    *(
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "a/b/c",
        "~",
        "$HOME",
        "`id`",
    ),
)


def test_names_of_senders_lead_nowhere_in_a_folder_and_in_a_browser() -> None:
    named = documents_in(view(*HOSTILE))
    assert len({name.casefold() for name in named}) == len(HOSTILE)
    for name in named:
        assert verify_file_name(name).endswith(".pdf")
        told = download(name, ANY_TYPE, [PDF]).headers["content-disposition"]
        plain, encoded = r"[A-Za-z0-9._-]{1,128}\.pdf", r"[A-Za-z0-9._%-]+\.pdf"
        form = rf"attachment; filename=\"{plain}\"; filename\*=UTF-8''{encoded}"
        assert re.fullmatch(form, told), told
        assert not re.search(r"\.\.|%2F|%5C|%E2%80|%0", told), told
