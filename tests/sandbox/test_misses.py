import pytest

from cases.transcript import Level, Observation, Step
from sandbox import capture, misses
from sandbox.models import Miss
from tests import factories

pytestmark = pytest.mark.django_db

ASKED = {"service": "gate"}


@pytest.fixture
def missed():
    snapshot = factories.make_snapshot(factories.make_confirmed_case())
    steps = [
        Step(n, "get_logs", {"service": name}, Observation("", True, Level.MISS))
        for n, name in enumerate(["gate", "x"])
    ]
    capture.note_misses(snapshot, steps)
    return Miss.objects.get(arguments=ASKED)


def answer(case, arguments):
    return capture.source_of(case.snapshots.first()).open().call("get_logs", arguments)


def test_miss_is_a_task_with_its_nearest_recordings(missed):
    first = misses.tasks_of(missed.snapshot)[0]
    assert (first.miss, {near.arguments["service"] for near in first.nearest}) == (missed, {"ledger", "till"})


def test_recorded_call_that_missed_after_an_action_is_no_task(missed):
    step = Step(0, "get_logs", {"service": "till"}, Observation("", True, Level.MISS))
    assert capture.note_misses(missed.snapshot, [step]) == 1
    assert {miss.arguments["service"] for miss in missed.snapshot.misses.all()} == {"gate", "x"}


def test_alias_answers_as_derived_in_a_persons_name(missed):
    case, expert = missed.snapshot.case, factories.make_user("expert", name="ada")
    till = missed.snapshot.recordings.get(arguments={"service": "till"})
    made = misses.alias(missed, till, by=expert)
    seen = answer(case, ASKED)
    assert (seen.output, seen.level) == ("INFO all quiet\n", Level.R2)
    assert seen.derivation == "aliased by ada to get_logs {'service': 'till'}"
    assert answer(case, {"service": "till"}).level is Level.R0
    assert list(made.misses.values_list("arguments", flat=True)) == [{"service": "x"}]


def test_recorded_return_is_kept_redacted_in_a_new_snapshot(missed):
    case = missed.snapshot.case
    made = misses.record(missed, "password=hunter2 opened")
    seen = answer(case, ASKED)
    assert (seen.output, seen.level) == ("password=[REDACTED password] opened", Level.R0)
    assert (made.number, missed.snapshot.recordings.count()) == (2, 3)


@pytest.mark.parametrize("output", [" ", "a\x00b", "x" * (misses.LONGEST + 1)])
def test_what_is_no_return_is_refused_in_words(missed, output):
    with pytest.raises(misses.MissError):
        misses.record(missed, output)
    assert missed.snapshot.case.snapshots.count() == 1


def test_call_that_was_settled_is_not_settled_twice(missed):
    misses.record(missed, "one")
    with pytest.raises(misses.MissError, match="settled this call already"):
        misses.record(missed, "two")


def test_page_settles_a_miss_by_one_click_or_by_a_pasted_return(missed, client):
    case = missed.snapshot.case
    client.force_login(factories.make_user("expert"))
    page = client.get(f"/cases/{case.pk}/snapshot/").content.decode()
    assert "Use this return" in page
    assert "INFO all quiet" in page
    client.post(f"/cases/{case.pk}/snapshot/misses/", {"miss": missed.pk, "output": "a\r\nb"})
    assert answer(case, ASKED).output == "a\nb"


@pytest.mark.parametrize("given", [{"miss": "9" * 5000}, {"miss": ""}, {"nearest": "9" * 5000}, {"nearest": "x"}])
def test_page_knows_nothing_of_odd_numbers(missed, client, given):
    case = missed.snapshot.case
    client.force_login(factories.make_user("expert"))
    answer = client.post(f"/cases/{case.pk}/snapshot/misses/", {"miss": missed.pk, "output": "a"} | given)
    assert (answer.status_code, case.snapshots.count()) == (404, 1)


def test_page_takes_the_same_queries_for_one_and_for_many_misses(missed, client, django_assert_max_num_queries):
    client.force_login(factories.make_user("lead"))
    address = f"/cases/{missed.snapshot.case.pk}/snapshot/"
    client.get(address)
    with django_assert_max_num_queries(30) as few:
        client.get(address)
    for n in range(20):
        steps = [Step(0, "get_logs", {"service": f"n{n}"}, Observation("", True, Level.MISS))]
        capture.note_misses(missed.snapshot, steps)
    with django_assert_max_num_queries(len(few)):
        client.get(address)
