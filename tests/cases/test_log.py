"""The audit log: written by what changes something, read by leads and admins."""

import pytest

from cases import library, tokens
from cases.models import Entry
from tests import factories

pytestmark = pytest.mark.django_db


def lines() -> list[tuple[str, str, str, str]]:
    rows = Entry.objects.select_related("by", "case").order_by("pk")
    return [(row.by.username, row.action, row.case.name if row.case else row.subject, row.words) for row in rows]


def test_way_of_a_case_into_the_library_and_out_is_told():
    expert, lead = factories.make_user("expert", name="eve"), factories.make_user("lead", name="lena")
    case = factories.make_case(answer=None, name="slow")
    library.mark_cleaned(case, expert)
    library.label(case, factories.ANSWER, expert)
    library.confirm(case, by=expert)
    library.confirm(case, by=lead)
    library.quarantine(case, by=lead, reason="flaky")
    library.restore(case, by=lead, reason="recorded anew")
    library.retire(case, by=lead, reason="gone")
    assert lines() == [
        ("eve", "cleaned", "slow", ""),
        ("eve", "labelled", "slow", ""),
        ("eve", "confirmed first", "slow", ""),
        ("lena", "confirmed", "slow", ""),
        ("lena", "quarantined", "slow", "flaky"),
        ("lena", "confirmed", "slow", "recorded anew"),
        ("lena", "retired", "slow", "gone"),
    ]


def test_tokens_are_told_without_their_text():
    admin = factories.make_user("admin", name="ada")
    text, token = tokens.issue("watcher", None, admin)
    tokens.revoke(token, by=admin)
    tokens.revoke(token, by=admin)
    assert [line[:2] for line in lines()] == [("ada", "token made"), ("ada", "token revoked")]
    assert text not in str(list(Entry.objects.values()))


@pytest.mark.parametrize("role, status", [("lead", 200), ("admin", 200), ("expert", 403), ("reviewer", 403)])
def test_log_is_read_by_leads_and_admins(client, role, status):
    client.force_login(factories.make_user(role))
    assert client.get("/settings/log/").status_code == status


def test_log_is_narrowed_by_who_and_what(client):
    lead, other = factories.make_user("lead", name="lena"), factories.make_user("lead", name="leo")
    for by in (lead, other):
        case = factories.make_confirmed_case()
        library.quarantine(case, by=by, reason="flaky")
    client.force_login(lead)
    page = client.get("/settings/log/?by=leo&action=quarantined").context["page"]
    assert [(entry.by, entry.action) for entry in page] == [(other, "quarantined")]
