import pytest

from cases.diagnosis import PREDICATES, Predicate
from cases.evaluation.predicates import holds
from tests.cases.evaluation.values import LAST_STATE, LOGS, PODS
from tests.cases.evaluation.world import World

TEXT = f"{PODS}{LAST_STATE}{LOGS}pool_used 97\npool_size: 100\nqueue 10 20 40\nold=5 key max_open new=50\n"


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("gt", {"metric": "pool_used", "value": 90}, True),
        ("gt", {"metric": "pool_used", "value": "98"}, False),
        ("gt", {"metric": "queue", "value": 15}, None),  # some are, some are not
        ("gt", {"metric": "no such", "value": 15}, None),
        ("gt", {"metric": "pool_used", "value": None}, None),
        ("lt", {"metric": "pool_size", "value": 200}, True),
        ("eq", {"metric": "pool_size", "value": 100.0}, True),
        ("eq", {"metric": "memory:", "value": "64Mi"}, True),
        ("eq", {"metric": "memory:", "value": "64", "unit": "Gi"}, None),
        ("changed", {"metric": "queue", "factor": 4}, True),
        ("changed", {"metric": "queue", "factor": 20}, False),
        ("changed", {"metric": "pool_used", "factor": 2}, None),
        ("contains", {"pattern": "oomkilled"}, True),
        ("contains", {"pattern": "Reason:*Killed"}, True),
        ("contains", {"pattern": "nothing|exit code"}, True),
        ("contains", {"pattern": "OOMKilled", "n": 2}, False),
        ("contains", {"pattern": "(a+)+$"}, False),
        ("contains", {"pattern": ""}, False),
        ("absent", {"pattern": "panic"}, True),
        ("absent", {"pattern": "ERROR"}, False),
        ("co_occurs", {"a": "basket", "b": "CrashLoopBackOff"}, True),
        ("co_occurs", {"a": "basket", "b": "OOMKilled"}, None),
        ("co_occurs", {"a": "basket", "b": "panic"}, False),
        ("config_changed", {"key": "max_open", "old": "5", "new": "50"}, True),
        ("config_changed", {"key": "max_open", "old": "7", "new": "51"}, False),
        ("config_changed", {"key": "max_open", "old": "7", "new": "50"}, None),
        ("state", {"component": "basket", "value": "CrashLoopBackOff"}, True),
        ("state", {"component": "web", "value": "CrashLoopBackOff"}, None),
        ("state", {"component": "basket", "value": "Evicted"}, False),
        ("depends", {"a": "web", "b": "basket"}, None),
    ],
)
def test_predicate_is_checked_on_what_was_returned(name, arguments, expected):
    assert holds(Predicate(name, arguments), [TEXT], []) is expected


def test_the_claims_own_quote_is_looked_at_first():
    predicate = Predicate("gt", {"metric": "queue", "value": 15})
    assert holds(predicate, [TEXT], ["queue 20 40"]) is True


def test_depends_is_settled_by_topology():
    world = World({"web": ["basket"]})
    assert holds(Predicate("depends", {"a": "web", "b": "basket"}), [], [], world) is True
    assert holds(Predicate("depends", {"a": "basket", "b": "web"}), [], [], world) is False


def test_without_a_return_nothing_is_settled():
    assert {holds(Predicate(name), [], []) for name in PREDICATES} == {None}


SERIES = "# web, step 60s\ntime,requests_per_second,p95_ms\n2026-01-05T10:00:00Z,120,80\n2026-01-05T10:01:00Z,360,95\n"


@pytest.mark.parametrize(
    ("name", "value", "quotes", "expected"),
    [
        ("eq", 360, ["2026-01-05T10:01:00Z,360,95"], True),
        ("eq", 95, ["2026-01-05T10:01:00Z,360,95"], False),  # another column
        ("gt", 200, ["2026-01-05T10:00:00Z,120,80"], False),
        ("gt", 100, [], True),
        ("gt", 200, [], None),  # some minutes are, some are not
    ],
)
def test_a_metric_is_read_from_its_column(name, value, quotes, expected):
    predicate = Predicate(name, {"metric": "requests_per_second", "value": value})
    assert holds(predicate, [SERIES], quotes) is expected
