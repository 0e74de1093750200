import pytest

from cases.printed import is_table, read_table, sifted

PODS = "NAME    CPU     AGE\na       250m    5m\nb       1       3h\nc       2       2d\nd       90m     4d\n"


@pytest.mark.parametrize(
    ("sort", "descending", "names"),
    [(0, True, "dcba"), (1, False, "dabc"), (2, False, "abcd"), (2, True, "dcba"), (9, False, "abcd")],
)
def test_figures_are_ordered_by_what_they_are_worth(sort, descending, names):
    assert "".join(row[0] for row in sifted(read_table(PODS), sort=sort, descending=descending).rows) == names


def test_a_figure_of_thousands_of_digits_is_the_largest():
    text = f"NAME  AGE\na     {'9' * 5000}h\nb     5h\n"
    assert [row[0] for row in sifted(read_table(text), sort=1).rows] == ["b", "a"]


def test_rows_that_hold_the_words_are_left():
    assert sifted(read_table(PODS), find="3H").rows == (("b", "1", "3h"),)


def test_row_that_breaks_the_columns_stays_last():
    text = PODS + "error: the server was unable to return a response\n"
    assert sifted(read_table(text), sort=0).rows[-1] == ("error: the server was unable to return a response",)


PSQL = """\
 pid  | state               | query
------+---------------------+-------
 2380 | idle in transaction | SELECT *
 2381 |                     | a | b
(2 rows)
"""


def test_rows_of_a_database_client_are_a_table():
    assert is_table(PSQL.splitlines())
    table = read_table(PSQL)
    assert (table.headings, table.separator) == (("pid", "state", "query"), " | ")
    assert table.rows == (
        ("2380", "idle in transaction", "SELECT *"),
        ("2381 |                     | a | b",),
        ("(2 rows)",),
    )


@pytest.mark.parametrize("second", ["-----", "---+---+---", "2380 | idle | x"])
def test_a_bar_alone_makes_no_table(second):
    assert not is_table([" pid | state | query".replace(" | query", ""), second])
