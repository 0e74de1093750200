from io import StringIO

import pytest
from django.core.management import call_command

APPS = ["cases", "sandbox", "rules"]


@pytest.mark.django_db
def test_no_migration_is_missing():
    out = StringIO()
    try:
        call_command("makemigrations", *APPS, check=True, dry_run=True, stdout=out)
    except SystemExit:
        pytest.fail(out.getvalue())
