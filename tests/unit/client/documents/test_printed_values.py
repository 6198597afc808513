"""Values in the forms in which people print them, in documents of every type that travels."""

import pytest

from support.cases import each_case
from support.documents import DOCX, EML, FORMATS, JPEG, PNG, archive, jpeg, png
from tearline_client.documents.collected_text import Gap
from tearline_client.documents.reader import document_text
from tearline_client.planning.mentions import Seeker

IBAN, ACCOUNT, TELEPHONE = "DE02120300000000202051", "032180000118359719", "+526641234567"
NAME, CHINESE, AMOUNT, DAY = "María José Pérez López", "裘文昊", "1847250.50", "2026-03-14"
PRINTED = {
    IBAN: (
        "DE02 1203 0000 0000 2020 51",
        "DE02-1203-0000-0000-2020-51",
        "de02120300000000202051",
        "IBAN:DE02.1203.0000.0000.2020.51",
        "DE 02 120 300 00 0000 202051",
        "DE02\u00a01203\u00a00000\u00a00000\u00a02020\u00a051",
        "ＤＥ０２１２０３００００００００２０２０５１",
        "12030000 / 0000202051",
        "D E 0 2 1 2 0 3 0 0 0 0 0 0 0 0 2 0 2 0 5 1",
    ),
    ACCOUNT: (
        "032 180 00011835971 9",
        "032-180-000118359719",
        "CLABE032180000118359719",
        "٠٣٢١٨٠٠٠٠١١٨٣٥٩٧١٩",
    ),
    TELEPHONE: (
        "+52 664 123 45 67",
        "+52 (664) 123-4567",
        "0052 664 1234567",
        "664.123.45.67",
        "(0664) 1234567",
        "+52 (0) 664 123 45 67",
        "tel:+52-664-123-4567",
        "＋５２　６６４　１２３　４５６７",
    ),
    NAME: (
        "PÉREZ LÓPEZ, MARÍA JOSÉ",
        "Maria Jose Perez Lopez",
        "María\u00a0José Pérez-López",
        "Mari\u0301a Jose\u0301 Pe\u0301rez Lo\u0301pez",
    ),
    CHINESE: ("裘文昊", "付款给裘文昊的", "QIU, Wenhao", "Wenhao Qiu"),
    AMOUNT: (
        "1,847,250.50",
        "1.847.250,50 MXN",
        "MXN1847250.5",
        "1 847 250,50 €",
        "$1'847'250.50",
    ),
    DAY: (
        "14.03.2026",
        "3/14/2026",
        "14 March 2026",
        "March 14th, 2026",
        "14 de marzo de 2026",
        "2026年3月14日",
        "14-Mar-26",
    ),
}
OTHERS = ("Ana Ruiz", "DE02120300000000202052", "+526641234568", "1847250.51", "2026-03-15")


@each_case("name", FORMATS)
def test_a_value_is_found_in_each_of_its_printed_forms(name: str) -> None:
    media_type, make = FORMATS[name]
    seeker = Seeker((value, value) for value in (*PRINTED, *OTHERS))
    missed = []
    for value, forms in PRINTED.items():
        for form in forms:
            read = document_text(media_type, make(f"paid on account: {form} as agreed"))
            assert not read.gaps
            if seeker.found_in(read.text) != {value}:
                missed.append((form, read.text, seeker.found_in(read.text)))
    assert not missed
    assert sum(map(len, PRINTED.values())) >= 40


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        (EML, f"Subject: {CHINESE}\n\nx".encode()),
        (EML, f"Subject: {CHINESE} =?utf-8?q?x?=\n\nx".encode()),
        (EML, f"Content-Type: multipart/mixed; boundary=a\n\n{CHINESE}\n--a--\n".encode()),
        (DOCX, archive({"word/document.xml": "<p>裘<!-- x -->文昊</p>"})),
    ],
)
def test_a_value_is_found_where_a_program_left_it(media_type: str, content: bytes) -> None:
    read = document_text(media_type, content)
    assert Seeker([(CHINESE, CHINESE)]).found_in(read.text)
    assert not read.gaps


def test_a_value_in_an_image_is_asked_about() -> None:
    for media_type, content in ((PNG, png()), (JPEG, jpeg())):
        assert document_text(media_type, content).gaps == (Gap.IMAGE,)
