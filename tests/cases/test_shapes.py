import pytest

from cases.folding import Node
from cases.shapes import FOUND, Shape, Sieve, find, piece, search, search_table, shape_of

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
        ("Name:  ledger-0\nLabels:\n  app: ledger\n  tier: data\n", Shape.YAML),
        ('{"level":"info","t":"2026-03-01T10:00:00Z"}\n{"level":"error","t":"2026-03-01T10:00:01Z"}\n', Shape.LOG),
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


def test_colour_is_a_style_and_its_codes_are_not_shown():
    shown = piece("\x1b[31mred\n\x1b[0m on\n", 17)
    assert [[(part.text, part.style) for part in line.segments] for line in shown.lines] == [
        [("red", "a-red")],
        [(" on", "")],
    ]


def test_a_passage_is_marked_across_colours():
    text = "a \x1b[31mslow\x1b[0m query\n"
    segments = piece(text, len(text), marks=[(2, 21)]).lines[0].segments
    assert [(part.text, part.style, part.marked) for part in segments] == [
        ("a ", "", False),
        ("slow", "a-red", True),
        (" query", "", True),
    ]


def test_lines_are_numbered_in_the_whole_return():
    assert [line.number for line in piece("c\nd\n", 99, start=4, first_line=3).lines] == [3, 4]


def test_search_goes_through_the_whole_return_and_says_how_much_it_shows():
    text = LOG * 300
    found = search(text, shape=Shape.LOG, find="REFUSED", after=100)
    assert found.sieve == Sieve(600, 300, 100, 200, (("", 300), ("bad", 300)))
    assert (found.lines[0].number, found.lines[0].level) == (202, "bad")
    assert [(part.text, part.found) for part in found.lines[0].segments] == [
        ("2026-03-01T10:00:01Z ERROR ", False),
        ("refused", True),
    ]


def test_search_shows_a_part_of_many_matches():
    found = search("x\n" * (FOUND + 7), shape=Shape.TEXT, find="x")
    assert (len(found.lines), found.sieve.left) == (FOUND, 7)


@pytest.mark.parametrize(("level", "lines"), [("bad", [2]), ("warn", [2, 3]), ("", [1, 2, 3]), ("odd", [1, 2, 3])])
def test_lines_at_least_as_bad_as_a_level(level, lines):
    text = LOG + "2026-03-01T10:00:02Z WARN late\n"
    assert [line.number for line in search(text, shape=Shape.LOG, level=level).lines] == lines


def test_rows_of_a_table_are_searched_and_ordered():
    found = search_table(TABLE, find="-0", sort=0, descending=True)
    assert ([row[0] for row in found.rows], found.sieve) == (["till-0", "ledger-0"], Sieve(2, 2, 0, 2))


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
        (Node("0", "1"), Node("1", "x", "text")),
    )


def test_passage_is_found_across_colours():
    text = "a \x1b[31mslow\x1b[0m query\n"
    begin, end = find("slow query", text)
    assert text[begin:end] == "slow\x1b[0m query"


@pytest.mark.parametrize(("line", "span"), [(1, (0, 7)), (2, (14, 21)), (3, (14, 21)), (4, (0, 7)), (99, (0, 7))])
def test_a_passage_is_looked_for_from_the_line_on_where_it_was_chosen(line, span):
    assert find("refused", "refused\nfine \nrefused\nfine\n", line=line) == span
