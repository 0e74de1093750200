"""The local optimum the library is built around: an untaught agent stops at the pool's limit and would raise it."""

from functools import cache

import pytest

from cases.evaluation.registry import evaluate
from sandbox.agents.loop import run
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import EMPTY, Knowledge
from sandbox.lab.case import make
from sandbox.lab.library import HELD_OUT_FROM, plan

TRAFFIC = "connection_pool_too_small"
POOL = (TRAFFIC, "missing_index", "connection_leak", "long_transaction_lock")
KEYS = [key for key in plan() if key[1] in POOL] + [("quayside", fault, HELD_OUT_FROM + 6) for fault in POOL]


@cache
def made(key):
    """Made when a test first asks for it: listing the tests makes nothing."""
    return make(*key, world=False)


@pytest.fixture(params=KEYS, ids=["/".join(map(str, key)) for key in KEYS])
def bundle(request):
    return made(request.param)


TOO_BROAD = 'RULE broad WHEN evidence(saturation, "pool") THEN IMPLY missing_index WEIGHT 8 BECAUSE "it was so once"'
LOOK_FIRST = """RULE look-behind-the-pool WHEN evidence(saturation, "pool")
THEN REQUIRE get_slow_queries() BEFORE CONCLUDE
AND REQUIRE get_lock_waits() BEFORE CONCLUDE
AND REQUIRE get_database_connections() BEFORE CONCLUDE
BECAUSE "a full pool is a symptom: see what the sessions that hold it do" """


def verdict(bundle, rules=""):
    knowledge = Knowledge(parse(rules)) if rules else EMPTY
    environment = ReplaySource(bundle.task.tools, bundle.recordings).open()
    return evaluate(run(OfflineAgent(), bundle.task, environment, knowledge=knowledge), bundle.answer).verdict


def fault_of(bundle):
    return bundle.answer.causes[0].fault_class


def test_untaught_it_raises_the_limit_which_is_right_for_plain_traffic_only(bundle):
    assert verdict(bundle) == ("success" if fault_of(bundle) == TRAFFIC else "symptom_only")


def test_a_rule_that_is_too_broad_mends_one_cause_and_breaks_plain_traffic(bundle):
    expected = "success" if fault_of(bundle) == "missing_index" else "wrong"
    assert verdict(bundle, TOO_BROAD) == expected


def test_a_rule_to_look_at_the_sessions_first_settles_all_four(bundle):
    assert verdict(bundle, LOOK_FIRST) == "success"


def test_a_rule_about_pools_breaks_nothing_but_plain_traffic():
    others = [made(key) for key in plan() if key[1] not in POOL]
    broken = [bundle.identity[1] for bundle in others if verdict(bundle) == "success" != verdict(bundle, TOO_BROAD)]
    assert broken == []
