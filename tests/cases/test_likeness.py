from cases.likeness import alike, jaccard

SLOW = "Checkout at market is slow since 10 minutes and the p99 latency of ledger is above 4 seconds"


def test_texts_that_differ_in_a_number_are_alike():
    assert alike({1: SLOW, 2: SLOW.replace("10", "25"), 3: "pods of till are killed"}) == [(1, 2)]


def test_groups_are_joined_over_any_member():
    texts = {3: SLOW, 1: SLOW, 2: "something else entirely happened here", 9: SLOW.upper()}
    assert alike(texts) == [(1, 3, 9)]


def test_texts_without_words_are_alike_to_nothing():
    assert alike({1: "", 2: "--"}) == []


def test_jaccard_is_the_shared_of_all():
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 0.5
