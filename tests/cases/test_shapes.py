import pytest

from cases import shapes
from cases.shapes import Shape, find, piece, shape_of

TABLE = "NAME       READY   STATUS\nledger-0   1/1     Running\ntill-0     0/1     CrashLoopBackOff\n"
LOG = "2026-03-01T10:00:00Z INFO start\n2026-03-01T10:00:01Z ERROR refused\n"
CSV = "# ledger, step 60s\ntime,rps,errors\n2026-03-01T10:00:00Z,3.1,0\n2026-03-01T10:01:00Z,2.9,4\n"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (TABLE, Shape.TABLE),
        ("name     ready   acks/s\nparcels  0       9\n", Shape.TABLE),
        (CSV, Shape.TABLE),
        (LOG, Shape.LOG),
        ('{"a": [1, 2]}', Shape.JSON),
        ('{"a": ', Shape.TEXT),
        ("[12:01] not json", Shape.TEXT),
        ("Name:  ledger-0\nNode:  deck-1\n", Shape.TEXT),
        ("Well, yes, indeed\nno, not, so\n", Shape.TEXT),
        ("", Shape.TEXT),
    ],
)
def test_shape_is_told_from_the_text(text, shape):
    assert shape_of(text) == shape


def test_table_keeps_every_cell():
    shown = piece(TABLE, len(TABLE))
    assert shown.headings == ("NAME", "READY", "STATUS")
    assert shown.rows == (("ledger-0", "1/1", "Running"), ("till-0", "0/1", "CrashLoopBackOff"))


def test_separated_table_keeps_the_comment_above():
    shown = piece(CSV, len(CSV))
    assert (shown.above, shown.headings, shown.rows[1]) == (
        "# ledger, step 60s",
        ("time", "rps", "errors"),
        ("2026-03-01T10:01:00Z", "2.9", "4"),
    )


def test_line_that_breaks_the_columns_stays_whole():
    text = TABLE + "error: the server was unable to return a response\n" + "a          b       c\n" * 8
    assert ("error: the server was unable to return a response",) in piece(text, len(text)).rows


def test_log_lines_carry_their_level():
    assert [line.level for line in piece(LOG, len(LOG)).lines] == ["", "bad"]


def test_piece_ends_at_a_line_and_says_what_is_left():
    text = "one\ntwo\nthr"
    shown = piece(text, 100)
    assert (shown.end, shown.left) == (8, 92)


def test_marks_are_segments_of_their_line():
    text = "a slow query\nnext\n"
    assert [
        [(part.text, part.marked) for part in line.segments] for line in piece(text, len(text), marks=[(2, 6)]).lines
    ] == [[("a ", False), ("slow", True), (" query", False)], [("next", False)]]


def test_colour_codes_are_not_shown():
    shown = piece("\x1b[31mred\x1b[0m\n", 13)
    assert shown.lines[0].segments[0].text == "red"


@pytest.mark.parametrize(
    ("quote", "span"), [("slow query", (2, 12)), ("slow  query\nnext", (2, 17)), ("absent", None), ("  ", None)]
)
def test_passage_is_found_whatever_its_white_space(quote, span):
    assert find(quote, "a slow query\nnext") == span


def test_json_becomes_a_tree():
    node = piece('{"a": {"b": [1, "x"]}}', 22).nodes[0]
    assert (node.key, node.kind, node.children[0].children) == (
        "a",
        "object",
        (shapes.Node("0", "1"), shapes.Node("1", "x", "text")),
    )
