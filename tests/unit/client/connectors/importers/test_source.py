"""Each bound and each encoding is refused for what it is, not by whatever fails after it."""

import io

import pytest

from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import MAX_COLUMNS, MAX_LINE_BYTES
from tearline_client.connectors.importers.source import read_lines, read_records, read_table


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"good\na\0b\n", "line 2 holds a NUL"),
        (b"good\n\xff\n", "line 2 is not UTF-8"),
        (b"good\n" + b"x" * MAX_LINE_BYTES + b"\n", "line 2 has over"),
        ("good\n".encode("utf-16"), "line 1: the file is UTF-16"),
    ],
)
def test_a_line_is_refused_for_what_it_is(data, why):
    with pytest.raises(ImportRefused) as refused:
        list(read_lines(io.BytesIO(data)))
    assert why in refused.value.why


def test_the_longest_line_is_read():
    data = b"x" * (MAX_LINE_BYTES - 1) + b"\n"
    assert list(read_lines(io.BytesIO(data))) == [(1, data.decode())]


def test_a_line_without_end_is_read_no_further_than_its_bound():
    class Counted(io.BytesIO):
        asked = 0

        def readline(self, size=-1):
            self.asked = max(self.asked, size)
            return super().readline(size)

    source = Counted(b"x" * (3 * MAX_LINE_BYTES))
    with pytest.raises(ImportRefused):
        list(read_lines(source))
    assert source.asked == MAX_LINE_BYTES + 1
    assert source.tell() == MAX_LINE_BYTES + 1


def test_the_whole_is_bounded(monkeypatch):
    monkeypatch.setattr("tearline_client.connectors.importers.source.MAX_IMPORT_BYTES", 9)
    assert len(list(read_lines(io.BytesIO(b"12\n" * 3)))) == 3
    with pytest.raises(ImportTooLarge):
        list(read_lines(io.BytesIO(b"12\n" * 4)))


def test_columns_are_bounded():
    wide = io.BytesIO(b"," * (MAX_COLUMNS - 1) + b"\n")
    assert len(next(read_records(wide))[1]) == MAX_COLUMNS
    with pytest.raises(ImportRefused) as refused:
        list(read_records(io.BytesIO(b"," * MAX_COLUMNS + b"\n")))
    assert "columns" in refused.value.why


def test_records_over_several_lines_have_the_number_of_their_first():
    data = io.BytesIO(b'a,b\n"1\n2",x\n\n3,y\n')
    assert list(read_records(data)) == [(1, ["a", "b"]), (2, ["1\n2", "x"]), (5, ["3", "y"])]


def test_a_table_by_column():
    header, rows = read_table(io.BytesIO(b" a ,b\r\n1,2\r\n"))
    assert header == ("a", "b")
    assert list(rows) == [(2, {"a": "1", "b": "2"})]
