from dataclasses import replace

import pytest

from cases import intake
from cases.contexts.duplicates import duplicates
from cases.diagnosis import Cause
from cases.models import Case
from tests import factories

pytestmark = pytest.mark.django_db


def reader():
    return factories.make_user("lead")


def test_cases_that_an_agent_cannot_tell_apart_are_duplicates():
    one, other = factories.make_labelled_case(), factories.make_labelled_case()
    assert duplicates(reader()) == [("the agent sees the very same", [one, other], 0)]


def test_same_recordings_with_another_answer_say_that_one_is_wrong():
    tasks = [replace(factories.TASK, prompt=prompt) for prompt in ("Checkout is slow.", "Nobody can pay.", "Help!")]
    answers = [factories.ANSWER, factories.ANSWER, replace(factories.ANSWER, causes=(Cause("till", "oom_killed"),))]
    one, other, odd = (
        factories.make_labelled_case(task=task, answer=answer) for task, answer in zip(tasks, answers, strict=True)
    )
    for case in (one, other):
        factories.make_snapshot(case)
    assert duplicates(reader()) == [("the same recordings, and the same answer", [one, other], 0)]
    factories.make_snapshot(odd)
    assert duplicates(reader()) == [("the same recordings, but another answer: one is wrong", [one, other, odd], 0)]


def test_what_is_shared_with_a_retired_case_or_an_older_version_alone_is_no_duplicate():
    for retired in (factories.make_labelled_case(), factories.make_labelled_case()):
        factories.make_snapshot(retired)
    Case.objects.filter(pk=retired.pk).update(state=Case.State.RETIRED)
    assert duplicates(reader()) == []
    changed = factories.make_labelled_case()
    assert duplicates(reader())[0][0] == "the agent sees the very same"
    intake.revise(changed, task=replace(factories.TASK, prompt="Nobody can pay."), answer=factories.ANSWER)
    assert duplicates(reader()) == []
