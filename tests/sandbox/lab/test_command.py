import json

import pytest
from django.core.management import CommandError, call_command

from sandbox.lab.case import faults, make
from sandbox.lab.export import bundle_data


def test_list_names_systems_and_what_each_fault_changes(capsys):
    call_command("lab", "list")
    printed = capsys.readouterr().out
    assert "quayside: gangway, shelf" in printed
    assert all(f"  {name} " in printed and fault.parameters in printed for name, fault in faults().items())


def test_make_prints_a_case_file(capsys):
    call_command("lab", "make", "quayside", "dependency_slow", "1000")
    assert json.loads(capsys.readouterr().out) == json.loads(
        json.dumps(bundle_data(make("quayside", "dependency_slow", 1000)))
    )


def test_make_writes_the_case_to_a_file(tmp_path, capsys):
    file = tmp_path / "case.json"
    call_command("lab", "make", "quayside", "disk_full", "1000", out=file)
    assert json.loads(file.read_text())["source"]["source_path"] == "quayside/disk_full/1000"
    assert capsys.readouterr().out.startswith(f"{file}: quayside: ")


def test_an_unknown_fault_says_which_there_are():
    with pytest.raises(CommandError, match="no fault 'gremlins'; there are: connection_pool_too_small"):
        call_command("lab", "make", "quayside", "gremlins", "1")


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("lab", "make", "quayside", "no_fault", "1", out=tmp_path / "missing" / "case.json")
