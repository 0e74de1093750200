import pytest

from cases import work
from cases.evaluation.run import passed
from cases.models import CaseVersion
from tests import factories

pytestmark = pytest.mark.django_db


def test_session_that_cannot_be_evaluated_is_unscored_and_holds_up_no_other():
    broken, sound = factories.make_finished_session(), factories.make_finished_session()
    CaseVersion.objects.filter(pk=broken.version_id).update(tools=[{"no": "name"}])
    assert work.turn() == 2
    assert work.turn() == 0
    found = broken.evaluations.get()
    assert (found.verdict, passed(found), found.findings[0]["text"]) == ("unscored", None, "KeyError: 'name'")
    assert sound.evaluations.get().verdict != "unscored"
