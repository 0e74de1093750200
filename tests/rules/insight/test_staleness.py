from rules.insight.staleness import gone
from tests.rules import builders


def test_rule_is_stale_where_no_system_has_a_tool_it_asks_for():
    rule = builders.rule()
    assert gone([rule], {"get_logs"}) == {"look-behind-the-pool": ("get_slow_queries",)}
    assert gone([rule], {"get_logs", "get_slow_queries"}) == {}


def test_nothing_is_said_where_no_tool_is_known():
    assert gone([builders.rule()], ()) == {}
