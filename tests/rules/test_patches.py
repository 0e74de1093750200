import pytest

from rules import patches, versions
from rules.models import Patch
from tests import factories

pytestmark = pytest.mark.django_db


def test_draft_that_changes_nothing_is_refused():
    with pytest.raises(patches.PatchError, match="changes nothing"):
        patches.draft(title="nothing")


def test_draft_removing_an_unknown_rule_names_it():
    with pytest.raises(patches.PatchError, match="no-such-rule"):
        patches.draft(title="remove", remove=("no-such-rule",))


def test_unreadable_text_names_the_place():
    with pytest.raises(patches.PatchError, match="line 1"):
        patches.rules_from_text("RULE x WHEM evidence(log)")


def test_rule_that_names_a_component_is_refused_before_any_case_runs():
    text = """RULE named
WHEN evidence(log, "aardvark-checkout")
THEN IMPLY missing_index
BECAUSE "it was so last time"
"""
    factories.make_case(answer={"causes": [{"component": "aardvark-checkout", "fault_class": "missing_index"}]})
    patch = patches.draft(title="named", add=patches.rules_from_text(text))
    patches.propose(patch)
    assert patches.start_regression(patch) is None
    assert patch.state == Patch.State.REFUSED
    assert "aardvark-checkout" in patch.verdict["reason"]
    assert versions.head().number == 0
