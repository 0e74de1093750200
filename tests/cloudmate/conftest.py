import pytest
from django.db import connection

from tests.cloudmate.errands import Errand


@pytest.fixture(scope="session")
def errand_table(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(Errand)
        yield
        with connection.schema_editor() as editor:
            editor.delete_model(Errand)
        connection.close()
