import random
from itertools import combinations

from cases.likeness import ALIKE, alike, jaccard

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


def test_no_pair_of_near_duplicates_is_missed():
    draw = random.Random(7)
    texts = {}
    for key in range(0, 90, 3):
        words = [draw.choice(["ash", "elm", "fir", "oak", "yew"]) + str(draw.choice("abcdef")) for _ in range(12 + key)]
        at = draw.randrange(len(words))
        texts |= {key: " ".join(words), key + 1: " ".join([*words[:at], "changed", *words[at + 1 :]])}
    runs = {key: {tuple(words[at : at + 3]) for at in range(len(words) - 2)} for key, words in _words(texts).items()}
    wanted = [
        pair for pair in combinations(sorted(texts), 2) if jaccard(*(frozenset(runs[key]) for key in pair)) >= ALIKE
    ]
    assert len(wanted) > 15
    assert alike(texts) == wanted


def _words(texts):
    return {key: text.split() for key, text in texts.items()}
