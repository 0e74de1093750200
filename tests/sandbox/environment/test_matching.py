import pytest

from cases.calls import canonical
from cases.transcript import Level
from sandbox.environment.base import Recording
from sandbox.environment.matching import Index
from tests.factories import TOOLS

BY_NAME = {tool.name: tool for tool in TOOLS}


def asked(tool, arguments):
    return canonical(tool, arguments, BY_NAME.get(tool))


def index(*recordings):
    return Index(recordings, BY_NAME)


def test_verbatim_is_found_before_canonically_equal():
    found = index(
        Recording("list_resources", {"kind": "pods"}, "plural", order=0),
        Recording("list_resources", {"kind": "pod"}, "singular", order=1),
    )
    written = {"kind": "pod"}
    match = found.recorded(asked("list_resources", written), written)
    assert (match.level, [taken.output for taken in match.take.recordings]) == (Level.R0, ["singular"])


def test_canonically_equal_calls_share_their_recordings_in_order():
    found = index(
        Recording("list_resources", {"kind": "pods"}, "second", order=1),
        Recording("list_resources", {"kind": "pod"}, "first", order=0),
    )
    written = {"kind": "po", "wide": False}
    match = found.recorded(asked("list_resources", written), written)
    assert (match.level, [taken.output for taken in match.take.recordings]) == (Level.R1, ["first", "second"])


def test_most_specific_subset_wins_over_any():
    found = index(
        Recording("fetch", {}, "whatever", match="any"),
        Recording("fetch", {"url": "a"}, "for a", match="subset", order=1),
        Recording("fetch", {"url": "a", "page": 2}, "for page 2 of a", match="subset", order=2),
    )

    def answer(arguments):
        match = found.by_rule(asked("fetch", arguments))
        return match.take.recordings[0].output, match.rule

    assert answer({"url": "a", "page": 2, "size": 9}) == ("for page 2 of a", "recorded whatever size is")
    assert answer({"url": "a", "page": 3}) == ("for a", "recorded whatever page is")
    assert answer({"url": "b"}) == ("whatever", "recorded for any arguments")
    assert found.by_rule(asked("other", {})) is None


def test_subset_matches_in_canonical_form():
    found = index(Recording("list_resources", {"kind": "pod", "name": "till-0"}, "one", match="subset"))
    match = found.by_rule(asked("list_resources", {"kind": "po", "name": "till-0", "wide": True}))
    assert match.take.recordings[0].output == "one"


def test_exact_recording_answers_no_wider_call():
    found = index(Recording("fetch", {"url": "a"}, "for a"))
    assert found.by_rule(asked("fetch", {"url": "a", "page": 2})) is None


def test_nearest_are_calls_of_the_same_tool_most_alike_first():
    found = index(
        Recording("get_logs", {"service": "ledger", "lines": 10}, "x"),
        Recording("get_logs", {"service": "till", "lines": 10}, "y"),
        Recording("get_logs", {"service": "ledger", "lines": 20}, "z"),
        Recording("get_logs", {"service": "gate"}, "q"),
        Recording("list_resources", {"kind": "pods"}, "p"),
    )
    near = found.nearest(asked("get_logs", {"service": "ledger", "lines": 99}))
    assert sorted(call.arguments["lines"] for call in near[:2]) == [10, 20]
    assert {call.arguments["service"] for call in near[:2]} == {"ledger"}
    assert len(near) == 3


def test_tool_never_recorded_has_no_nearest_calls():
    found = index(Recording("list_resources", {"kind": "pods"}, "p"))
    assert found.nearest(asked("get_logs", {"service": "till"})) == []


def test_unknown_match_rule_is_refused():
    with pytest.raises(ValueError, match="match is 'fuzzy'; it must be one of"):
        index(Recording("fetch", {}, "x", match="fuzzy"))
