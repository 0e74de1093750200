from dataclasses import replace

import pytest

from cases.diagnosis import Answer, Cause
from cases.models import Case, CaseVersion
from rules import versions
from sandbox import runs, variant_runs
from sandbox import work as sandbox_work
from sandbox.environment.base import Recording
from sandbox.importers.store import bring_in
from sandbox.knowledge.rule import EMPTY
from sandbox.lab import make
from sandbox.models import VariantRun
from sandbox.variants import KINDS
from tests import factories

pytestmark = pytest.mark.django_db


LOGS = Recording(
    "get_logs",
    {"service": "till"},
    "".join(f"2026-01-05 10:0{n}:00 INFO request {n} took 4812.25 ms\n" for n in range(10)),
)


def told(case) -> dict[str, variant_runs.Guise]:
    return {one.kind: one for one in variant_runs.guises(case.current, runs.snapshot_of(case.current))}


def test_each_kind_is_made_or_says_why_not():
    case = factories.make_confirmed_case(recordings=(LOGS,))
    found = told(case)
    assert list(found) == list(KINDS)
    assert found["reword"].why_not == "no alert came with it that could be told in other words"
    shift = found["shift"]
    assert (shift.why_not, shift.changed, shift.of) == ("", 1, 1)
    assert shift.example == (
        "2026-01-05 10:00:00 INFO request 0 took 4812.25 ms",
        "2026-01-16 13:00:00 INFO request 0 took 4812.25 ms",
    )
    assert found["jitter"].example[1] != found["jitter"].example[0]
    assert all("only what the lab broke" in found[kind].why_not for kind in ("scale", "swap-cause", "no-fault"))


def test_lab_case_is_run_again_under_another_load_with_another_cause_and_with_none():
    bring_in(make("quayside", "connection_pool_too_small", 1), confirm_as=factories.make_user("lead"))
    found = told(Case.objects.get())
    assert not any(guise.why_not for guise in found.values())
    assert found["scale"].answer == ""  # it stays what it is
    assert found["swap-cause"].answer not in ("", "nothing is broken")
    assert "connection pool too small" not in found["swap-cause"].answer
    assert found["no-fault"].answer == "nothing is broken"
    assert "Is anything wrong?" in found["no-fault"].prompt
    assert 0 < found["scale"].changed < found["scale"].of  # much stays as it was: what is no matter of load


def test_lab_case_that_is_called_something_else_now_is_not_run_again_and_one_of_elsewhere_never():
    lead = factories.make_user("lead")
    bring_in(make("quayside", "connection_pool_too_small", 1), confirm_as=lead)
    case = Case.objects.get()
    assert not told(case)["scale"].why_not
    Case.objects.filter(pk=case.pk).update(origin="elsewhere")
    assert "only what the lab broke" in told(Case.objects.get())["scale"].why_not
    Case.objects.filter(pk=case.pk).update(origin="sandbox.lab")
    answer = case.current.parsed_answer()
    CaseVersion.objects.filter(pk=case.current_id).update(
        answer=replace(answer, causes=(Cause("ledger", "memory_leak"),)).as_dict(), digest="another"
    )
    assert "only what the lab broke" in told(Case.objects.get())["swap-cause"].why_not


def test_a_variant_that_can_be_made_no_more_says_so():
    bring_in(make("quayside", "connection_pool_too_small", 1), confirm_as=factories.make_user("lead"))
    variant_runs.ask(Case.objects.get().current, EMPTY)
    Case.objects.update(origin="elsewhere")
    sandbox_work.turn(limit=20)
    failed = VariantRun.objects.filter(state="failed")
    assert {row.kind for row in failed} == {"scale", "swap-cause", "no-fault"}
    assert all("It can be made no more: only what the lab broke" in row.error for row in failed)


def test_case_without_a_cause_or_without_recordings_has_none():
    with pytest.raises(variant_runs.VariantError, match="names no cause"):
        told(factories.make_confirmed_case(answer=Answer(expected=("it is full",))))
    with pytest.raises(variant_runs.VariantError, match="Nothing is frozen"):
        told(factories.make_labelled_case())


def test_agent_is_run_once_on_each_sound_variant():
    bring_in(make("quayside", "connection_pool_too_small", 1), confirm_as=factories.make_user("lead"))
    case = Case.objects.get()
    sound = {kind for kind, guise in told(case).items() if not guise.why_not}
    assert variant_runs.ask(case.current, EMPTY) == len(sound)
    assert variant_runs.ask(case.current, EMPTY) == 0
    sandbox_work.turn()
    rows = VariantRun.objects.all()
    assert {row.kind for row in rows} == sound
    assert {row.state for row in rows} == {"done"}
    assert all(row.verdict and row.concluded and row.calls for row in rows)
    renamed = next(row for row in rows if row.kind == "rename")
    assert renamed.verdict == "success"
    assert case.current.parsed_answer().causes[0].component not in renamed.concluded


def test_page_says_what_came_of_it_and_polls_only_while_it_runs(client):
    client.force_login(factories.make_user("expert"))
    case = factories.make_confirmed_case(recordings=(LOGS,))
    versions.head()
    address = f"/cases/{case.pk}/variants/"

    def table() -> str:
        return client.get(address, headers={"HX-Request": "true"}).content.decode()

    assert f'hx-get="{address}" hx-trigger="load"' in client.get(address).content.decode()
    assert "not tried" in table()
    client.post(f"{address}try/")
    assert "every 2s" in table()
    sandbox_work.turn()
    settled = table()
    assert "every 2s" not in settled
    assert "disabled" in settled
    VariantRun.objects.filter(kind="shift").delete()  # as if that kind had come with a later version
    assert "disabled" not in table()
    client.post(f"{address}try/")
    sandbox_work.turn()
    settled = table()
    n = VariantRun.objects.count()
    assert f"of {n}</strong>" in settled
    assert "tried with knowledge v0" in settled
