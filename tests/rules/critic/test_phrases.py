import re

from rules.critic.phrases import common, pattern, phrases, widest


def test_phrases_are_runs_of_words_longest_first():
    assert phrases("pool at limit") == ("pool at limit", "pool at", "at limit", "pool", "limit")


def test_phrases_say_something_in_words():
    assert phrases("<n> <name>") == ()
    assert phrases("3 of 20") == ()
    assert phrases("<n> pods") == ("<n> pods", "pods")


def test_common_keeps_what_every_value_has_whatever_its_case():
    values = ["<n> node(s) had untolerated taint <name>", "<n> Node(s) had untolerated taint, one more"]
    assert common(values)[0] == "<n> node(s) had untolerated taint"
    assert common(["pool full", "disk empty"]) == ()
    assert common([]) == ()


def test_pattern_finds_its_own_phrase_and_nothing_by_accident():
    phrase = "node(s) had taint {x: y} [z] a.b|c^$*+?\\"
    assert re.search(pattern(phrase), f"before {phrase} after")
    assert not re.search(pattern("a.b"), "axb")


def test_widest_drops_phrases_that_hold_a_shorter_one():
    assert widest(("pool at limit", "pool", "limit now")) == ("pool", "limit now")


def test_how_far_a_figure_moved_is_in_no_phrase():
    assert phrases("threads busy rises manifold") == phrases("threads busy rises much")
    assert "threads busy rises" in phrases("threads busy rises much")
