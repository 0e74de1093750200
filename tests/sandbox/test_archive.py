import pytest

from sandbox.archive import Archive, Cell, distance_name, distances, family_of


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("missing_index", "database"),
        ("certificate_expired", "certificates"),
        ("NodeNetworkDelay", "network"),
        ("oom_killed", "capacity"),
        ("memory_leak", "code"),
        ("something_odd", "other"),
        ("", ""),
    ],
)
def test_family_is_told_from_the_words_of_a_class(name, family):
    assert family_of(name) == family


def test_distance_counts_calls_either_way_and_leaves_out_what_is_not_connected():
    edges = [("front", "cart"), ("cart", "store"), ("mail", "cart"), ("lone", "island")]
    assert distances(["front"], edges) == {"front": 0, "cart": 1, "store": 2, "mail": 2}
    assert [distance_name(hops) for hops in (0, 1, 2, 7, None)] == ["alert", "near", "far", "far", ""]


def test_open_side_of_a_cell_takes_in_all_of_that_side():
    archive = Archive()
    archive.visit(Cell("database", "logs", "near"), 0.4)
    archive.visit(Cell("database", "metrics", "far"), 0.7)
    archive.visit(Cell("network", "logs", "far"))
    assert archive.crowd(Cell("database")) == 2
    assert archive.crowd(Cell(modality="logs")) == 2
    assert archive.crowd(Cell("code")) == 0
    assert archive.crowd(Cell()) == 3


def test_table_has_families_that_were_visited_with_their_best_score_and_distances():
    archive = Archive()
    archive.visit(Cell("database", "logs", "near"), 0.4)
    archive.visit(Cell("database", "logs", "far"), 0.7)
    ((family, squares),) = archive.table()
    logs = next(square for square in squares if square["modality"] == "logs")
    assert (family, logs["visits"], logs["best"], logs["distances"]) == ("database", 2, 0.7, ("near", "far"))
    assert sum(square["visits"] for square in squares) == 2
