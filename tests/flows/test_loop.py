"""The whole loop, from an alert to an agent that knows better; and its twin, where a rule breaks another case."""

import pytest

from cases.models import Case, Evaluation, Session
from rules import merge, patches, review, versions
from rules.models import Patch
from sandbox.models import Exploration
from tests.flows import library
from tests.flows.production import Production
from tests.lab import lab_case

pytestmark = pytest.mark.django_db

INCIDENT = ("quayside", "missing_index", 1)
OVER_BROAD = """RULE a-full-pool-means-a-missing-index
WHEN evidence(saturation, "pool|connection")
THEN IMPLY missing_index WEIGHT 9
BECAUSE "it was so last time"
"""


def verdict(session: int) -> str:
    return Evaluation.objects.filter(session=session).order_by("-pk").values_list("verdict", flat=True)[0]


@pytest.fixture
def who():
    return library.people()


@pytest.fixture
def incident(who):
    """An alert's case with the agent's failed session on it, curated by people."""
    bundle = lab_case(*INCIDENT)
    system = library.stock(who.lead)
    production = Production(bundle, system=system, admin=who.admin)
    case = Case.objects.get(pk=production.alert())
    failed = production.troubleshoot(case.pk, name="before")
    case.refresh_from_db()
    library.curate(case, bundle, who)
    return production, case, failed


def test_a_failure_becomes_knowledge_that_the_agent_fetches(who, incident):
    production, case, failed = incident
    library.until_quiet(Case.objects.filter(pk=case.pk))

    assert verdict(failed) in {"wrong", "symptom_only"}
    exploration = Exploration.objects.get(session=failed)
    assert (exploration.state, exploration.outcome) == ("closed", "success")
    verdicts = set(exploration.branches.values_list("verdict", flat=True))
    assert {"success", "symptom_only"} <= verdicts

    patch = Patch.objects.get()
    assert (patch.state, patch.source, patch.case, patch.author) == ("in_review", "exploration", case, None)
    assert patch.verdict["decision"] == "accept"
    outcomes = dict(patch.regression.pairs.values_list("case_version__case__name", "outcome"))
    assert len(outcomes) == len(library.PROTECTED) + 1
    assert outcomes[case.name] == "fixed"
    assert not {"regressed", "inconclusive"} & set(outcomes.values())

    review.decide(patch, by=who.reviewer, decision="approve")
    version = merge.merge(patch, by=who.reviewer)
    assert version.number == 1

    after = production.troubleshoot(case.pk, name="after")
    library.until_quiet(Case.objects.filter(pk=case.pk))
    assert verdict(after) == "success"
    session = Session.objects.get(pk=after)
    assert session.knowledge_digest == version.value_id


def test_a_rule_that_breaks_another_case_is_refused_by_name(who, incident):
    _production, case, _failed = incident
    patch = patches.draft(title="over-broad", add=patches.rules_from_text(OVER_BROAD), by=who.expert, case=case)
    patches.propose(patch, by=who.expert)
    library.until_quiet(Case.objects.none())

    patch.refresh_from_db()
    assert patch.state == "refused"
    assert versions.head().number == 0
    lost = patch.regression.pairs.filter(outcome="regressed").select_related("case_version__case")
    names = {pair.case_version.case.name for pair in lost}
    assert names
    assert {pair.case_version.fault_class for pair in lost} == {"connection_pool_too_small"}
    assert any(name in patch.verdict["reason"] for name in names)
    assert "step" in patch.verdict["reason"]
    assert all(pair.divergence["rule"] == "a-full-pool-means-a-missing-index" for pair in lost)
    with pytest.raises(review.ReviewError, match="refused"):
        review.decide(patch, by=who.reviewer, decision="approve")
