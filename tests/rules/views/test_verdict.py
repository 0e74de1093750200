"""What the gate's verdict shows beside its decision."""

import pytest

from tests import factories
from tests.rules import scene

pytestmark = pytest.mark.django_db


def test_verdict_shows_its_case_in_other_guises(client):
    patch = scene.patch("in_review", "fixed")
    patch.verdict["record"] |= {
        "variants": [
            {"kind": "rename", "words": "every component has another name", "base": False, "candidate": True},
            {"kind": "thin", "words": "a third of the harmless log lines are missing", "base": None, "candidate": None},
        ],
        "over_trigger": {"changed": 1, "of": 7},
    }
    patch.save(update_fields=["verdict"])
    client.force_login(factories.make_user("reviewer"))
    page = client.get(f"/patches/{patch.pk}/").content.decode()
    assert "Its case in 2 other guises; the agent goes another way in 1 of 7 cases of other classes" in page
    assert "Every component has another name" in page
