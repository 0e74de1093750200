from cases.contexts.listing import Filters


def test_filter_without_what_no_database_holds():
    query = {"q": "pay\x00ments", "system": "\x00", "category": "x\x00", "origin": "\x00y"}
    assert Filters.from_query(query) == Filters(q="payments", system="", category="x", origin="y")
