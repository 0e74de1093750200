import json
from pathlib import Path

from sandbox.bundle import CaseBundle
from sandbox.importers.discovery import Found, find
from sandbox.importers.reading import ImportProblem
from tests.factories import bundle_data, write_bundles


def found(path):
    return [item for place in find(path) for item in (place.read() if isinstance(place, Found) else [place])]


def test_folder_gives_the_cases_of_every_format_and_nothing_else(tmp_path):
    write_bundles(tmp_path, bundle_data())
    (tmp_path / "split.json").write_text('{"about": "no case"}')
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.json").write_text("broken")
    fixture = tmp_path / "raw" / "77_till"
    fixture.mkdir(parents=True)
    (fixture / "test_case.yaml").write_text("user_prompt: a\nexpected_output: e\n")
    (fixture / "issue_data.json").write_text("{}")
    case = tmp_path / "raw" / "benchmark" / "market" / "database" / "7"
    case.mkdir(parents=True)
    (case / "tool_cache.json").write_text('{"Get:{}": "x"}')
    (case / "metadata.json").write_text(
        json.dumps(
            {
                "namespace": "market",
                "query": "q",
                "result": {"root_cause": "a", "fault_object": "app/b", "fault_taxonomy": "c"},
            }
        )
    )
    assert [item.name for item in found(tmp_path)] == ["slow-ledger", "77_till", "cob_market_database_7"]


def test_broken_file_on_the_way_is_a_problem_and_the_rest_is_read(tmp_path):
    folder = write_bundles(tmp_path, bundle_data())
    (folder / "000-broken.json").write_text("{")
    problem, bundle = found(folder)
    assert problem == ImportProblem(
        str(folder / "000-broken.json"),
        "",
        "is not JSON: Expecting property name enclosed in double quotes at line 1, column 2.",
    )
    assert isinstance(bundle, CaseBundle)


def test_folder_that_cannot_be_read_is_a_problem(tmp_path, monkeypatch):
    def denied(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", denied)
    assert [str(problem) for problem in found(tmp_path)] == [f"{tmp_path}: cannot be read: Permission denied."]


def test_file_that_was_named_must_be_a_bundle(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    assert [problem.field for problem in found(tmp_path / "x.json")] == ["format"]


def test_path_that_is_not_there_or_holds_nothing_is_a_problem(tmp_path):
    assert [str(problem) for problem in (*found(tmp_path), *found(tmp_path / "none"))] == [
        f"{tmp_path}: holds no case bundle and no case folder of a known format.",
        f"{tmp_path / 'none'}: is not there: give the path of a file or a folder.",
    ]
