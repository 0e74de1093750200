"""Tests make their tables from the models; here the migrations are held to say the same."""

from tests.cloudmate.running import manage


def test_no_migration_is_missing(tmp_path):
    checked = manage("makemigrations", "--check", "--dry-run", CLOUDMATE_DATA=str(tmp_path))
    assert (checked.returncode, checked.stdout) == (0, "No changes detected\n"), checked.stderr
