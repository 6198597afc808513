"""Documents of a view: each has a name of its own."""

from support.agencies import marking
from tearline.packets.packet import TEXT, Field, OpenedField, View
from tearline_client.connectors.exporters.documents import documents_in

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
