from datetime import UTC, date, datetime

import pytest

from cases.evaluation.run import evaluate_session
from cases.models import Evaluation, Session
from rules import versions
from rules.insight.weeks import Week, weeks
from tests import factories

pytestmark = pytest.mark.django_db


def session(case, day: int, *, right: bool, knowledge: str = ""):
    found = ("ledger", "missing_index") if right else ("till", "oom_killed")
    made = factories.make_finished_session(case, diagnosis=factories.make_diagnosis(*found), knowledge_digest=knowledge)
    Session.objects.filter(pk=made.pk).update(started_at=datetime(2026, 3, day, 12, tzinfo=UTC))
    evaluate_session(made)
    return made


def test_weeks_count_the_newest_evaluation_of_each_session_and_name_the_knowledge():
    case, head = factories.make_confirmed_case(), versions.head()
    session(case, 3, right=True, knowledge=head.value_id)
    session(case, 4, right=False)
    again = session(case, 11, right=True)
    Evaluation.objects.create(
        session=again, version=again.version, evaluator="newer", verdict="wrong", correct=False, grounded=0.0
    )
    unscored = session(case, 12, right=True)
    Evaluation.objects.filter(session=unscored).update(correct=None, verdict="unscored")
    found = weeks()
    assert [(one.monday, one.n, one.right, one.served) for one in found] == [
        (date(2026, 3, 2), 2, 1, "v0"),
        (date(2026, 3, 9), 1, 0, ""),
    ]
    assert found[0] == Week(date(2026, 3, 2), 2, 1, found[0].grounded, (0, 0))


def test_page_shows_them_with_the_table_behind_the_chart(client):
    client.force_login(factories.make_user("lead"))
    case = factories.make_confirmed_case()
    for day in (3, 11):
        session(case, day, right=True)
    page = client.get("/knowledge/insight/").content.decode()
    assert "As the weeks went by" in page
    assert page.count('<td class="data__name nowrap">2026-03-') == 2
    assert "nobody has judged a score blind yet" in page
