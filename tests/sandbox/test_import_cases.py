import io
import json

import pytest
from django.core.management import CommandError, call_command

from cases.models import Case, Confirmation, Session
from tests.factories import bundle_data, make_user, write_bundles

pytestmark = pytest.mark.django_db


def run(*paths, **options):
    out, err = io.StringIO(), io.StringIO()
    failed = ""
    try:
        call_command("import_cases", *(str(path) for path in paths), stdout=out, stderr=err, **options)
    except CommandError as error:
        failed = str(error)
    return out.getvalue(), err.getvalue(), failed


def other(name, **fields):
    source = {"source_repo": "somebody/failures", "source_path": f"benchmark/market/database/{name}"}
    return bundle_data(id=name, source=source, **fields)


def test_each_case_has_a_line_and_the_last_line_counts(tmp_path):
    folder = write_bundles(tmp_path, bundle_data(), other("two"))
    assert run(folder) == (
        "created      slow-ledger  2 recordings, 1 session\n"
        "created      two  2 recordings, 1 session\n"
        "2 created; 0 problems.\n",
        "",
        "",
    )
    assert run(folder)[0] == "unchanged    slow-ledger\nunchanged    two\n2 unchanged; 0 problems.\n"


def test_problem_names_file_field_and_reason_and_the_rest_comes_in(tmp_path):
    folder = write_bundles(tmp_path, bundle_data(prompt=3), other("two"), bundle_data(recordings=[{"tool": "x"}]))
    out, err, failed = run(folder)
    assert out == "created      two  2 recordings, 1 session\n1 created; 2 problems.\n"
    assert err == (
        f"problem      {folder}/000.json: prompt: must be text, not a number.\n"
        f"problem      {folder}/002.json: recordings[0].arguments: must be an object, not nothing.\n"
    )
    assert failed == "2 problems; everything else came in."
    assert [case.name for case in Case.objects.all()] == ["two"]


def test_same_case_twice_in_one_go_comes_in_once(tmp_path):
    out, err, failed = run(write_bundles(tmp_path, bundle_data(), bundle_data()))
    assert (out.splitlines()[-1], err, failed) == ("1 created, 1 unchanged; 0 problems.", "", "")


def test_one_problem_alone_is_one_and_claims_nothing_of_the_rest(tmp_path):
    out, _, failed = run(tmp_path / "nowhere")
    assert (out, failed) == ("no case came in; 1 problem.\n", "1 problem; nothing was stored.")


def test_two_files_with_one_id_and_other_contents_are_refused(tmp_path):
    folder = write_bundles(tmp_path, bundle_data(), bundle_data(prompt="Something else."))
    _, err, failed = run(folder)
    assert err == (
        f"problem      {folder}/001.json: id: 'slow-ledger' came from {folder}/000.json already, "
        "with another content: give it an id of its own.\n"
    )
    assert failed
    assert Case.objects.get().current.prompt == "Checkout is slow."


def test_dry_run_changes_nothing(tmp_path):
    out, _, _ = run(write_bundles(tmp_path, bundle_data()), dry_run=True)
    assert out.endswith("Nothing was changed (dry run). Would have been: 1 created; 0 problems.\n")
    assert not Case.objects.exists()


def test_lead_named_confirms_and_experts_paths_are_recorded(tmp_path):
    lead = make_user("lead", name="lena")
    run(write_bundles(tmp_path, bundle_data()), confirm_as="lena")
    assert [case.name for case in Case.objects.confirmed()] == ["slow-ledger"]
    assert Confirmation.objects.get().by == lead
    assert [(session.actor, session.state) for session in Session.objects.all()] == [("expert", "finished")]


@pytest.mark.parametrize("name", ["nobody", "eve"])
def test_only_a_lead_is_taken_for_confirming(tmp_path, name):
    make_user("expert", name="eve")
    _, _, failed = run(write_bundles(tmp_path, bundle_data()), confirm_as=name)
    assert failed == f"--confirm-as: there is no lead named '{name}'. Only a lead may confirm in bulk."
    assert not Case.objects.exists()


def test_json_is_one_document(tmp_path):
    folder = write_bundles(tmp_path, bundle_data(), {"format": "case-bundle/1"})
    out, err, _ = run(folder, json=True, system="Other")
    assert json.loads(out) == {
        "dry_run": False,
        "counts": {"created": 1},
        "cases": [
            {
                "file": f"{folder}/000.json",
                "name": "slow-ledger",
                "outcome": "created",
                "detail": "2 recordings, 1 session",
            }
        ],
        "problems": [{"file": f"{folder}/001.json", "field": "id", "reason": "must be text, not nothing."}],
    }
    assert err == ""
    assert Case.objects.get().system.slug == "other"


@pytest.mark.shared
def test_known_cases_come_in_once(shared):
    folder = shared / "cases"
    places = [folder / name for name in ("nezha", "rootcausebench", "opensre_synthetic", "holmesgpt", "agent_runs")]
    first, err, _ = run(*places)
    assert (first.splitlines()[-1], err) == ("92 created; 0 problems.", "")
    assert run(*places)[0].splitlines()[-1] == "92 unchanged; 0 problems."
    assert run(folder / "raw" / "holmesgpt")[0].splitlines()[-1] == "12 unchanged; 0 problems."
