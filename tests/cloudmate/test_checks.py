import pytest

from cloudmate import checks


def ids(found):
    return [message.id for message in found]


@pytest.mark.parametrize(
    ("host", "names", "https", "found"),
    [
        ("127.0.0.1", ["127.0.0.1", "localhost", "[::1]"], False, []),
        ("0.0.0.0", ["127.0.0.1", "localhost", "[::1]"], False, ["cloudmate.W001", "cloudmate.W002"]),
        ("0.0.0.0", ["mate.example.org"], True, []),
        ("10.0.0.7", ["10.0.0.7"], False, ["cloudmate.W001"]),
        ("127.0.0.1", ["*"], False, ["cloudmate.W003"]),
    ],
)
def test_a_page_reachable_from_elsewhere_is_told(settings, monkeypatch, host, names, https, found):
    monkeypatch.setenv("CLOUDMATE_LISTENS_ON", host)
    settings.ALLOWED_HOSTS, settings.HTTPS = names, https
    assert ids(checks.reachable_from_elsewhere(None)) == found


def test_debugging_in_front_of_others_stops_the_start(settings, monkeypatch):
    monkeypatch.setenv("CLOUDMATE_LISTENS_ON", "10.0.0.7")
    settings.DEBUG, settings.HTTPS = True, True
    [error] = checks.reachable_from_elsewhere(None)
    assert (error.id, error.is_serious()) == ("cloudmate.E001", True)


@pytest.mark.parametrize(
    ("sqlite", "broker", "found"),
    [
        (True, "embedded://localhost/", []),
        (False, "redis://h/0", []),
        (False, "embedded://localhost/", ["cloudmate.W004"]),
        (True, "redis://h/0", ["cloudmate.W005"]),
    ],
)
def test_a_queue_and_a_database_for_different_numbers_of_machines_are_told(
    settings, monkeypatch, sqlite, broker, found
):
    monkeypatch.setattr(checks, "on_sqlite", lambda: sqlite)
    settings.CELERY_BROKER_URL = broker
    assert ids(checks.broker_fits_the_database(None)) == found


def test_a_secret_of_one_machine_is_told_where_several_may_share_the_database(monkeypatch):
    monkeypatch.setattr(checks, "on_sqlite", lambda: False)
    assert ids(checks.shared_secret(None)) == ["cloudmate.I001"]
    monkeypatch.setenv("CLOUDMATE_SECRET_KEY", "x" * 40)
    assert checks.shared_secret(None) == []
