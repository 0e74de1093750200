from sandbox.lab import debrief, live
from sandbox.lab.actions.base import Action
from sandbox.lab.live import Plot
from sandbox.lab.views.firings import firings

INDEX = Plot("quayside", "missing_index", 101)


def index_of(minute):
    where = live.at(INDEX, 30).effect.facts
    return Action(minute, "create_index", {"table": where["table"], "column": where["column"]})


def test_each_action_is_read_beside_the_same_incident_without_it():
    pool = Action(24, "scale_deployment", {"service": "courier", "replicas": 3})
    first, second = debrief.done(INDEX, (pool, index_of(30)))
    assert (first.verdict, first.read_at, len(first.after)) == ("same", 34, len(first.without))
    assert (second.verdict, second.read_at, second.after) == ("gone", 40, ())
    assert second.felt_without.failed > 0.05 > second.felt.failed


def test_what_makes_it_worse_is_called_worse():
    (block,) = debrief.done(Plot("quayside", "no_fault", 101), (Action(12, "block_service", {"service": "tariff"}),))
    assert block.verdict == "worse"
    assert block.before == ()
    assert block.felt.failed > block.felt_without.failed + 0.05


def test_calm_is_when_the_last_alert_went():
    called = live.first_page(INDEX)
    assert debrief.calm_since(live.at(INDEX, 29), called) is None
    cured = live.at(INDEX, 60, (index_of(30),))
    assert debrief.calm_since(cured, called) == max(each.until for each in firings(cured))


def test_users_feel_nothing_before_the_onset():
    happened = live.at(INDEX, 30)
    felt = debrief.felt(happened)
    assert [each.minute for each in felt] == list(range(31))
    assert max(each.failed for each in felt[: happened.onset]) < 0.001
    assert felt[-1].failed > 0.05


def test_an_experts_way_stands_beside_the_steps_taken():
    way, concluded = debrief.expert_way(INDEX)
    assert concluded.root_causes[0].fault_class == "missing_index"
    pool = next((tool, arguments) for tool, arguments, _ in way if tool == "get_pool_status")
    taken, extra = debrief.beside(INDEX, [("get_queue_status", {}), pool, ("get_alerts", {})])
    assert {each.tool: each.step for each in taken if each.step is not None} == {"get_pool_status": 1, "get_alerts": 2}
    assert extra == (0,)
    assert all(each.why for each in taken)
