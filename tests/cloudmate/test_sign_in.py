import pytest

from tests import factories

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture
def expert():
    user = factories.make_user("expert", name="elif")
    user.set_password("a password of elif")
    user.save()
    return user


def tried(client, password, **more):
    return client.post(LOGIN, {"username": more.pop("name", "elif"), "password": password}, **more)


def test_a_password_cannot_be_tried_out(expert, client):
    assert {tried(client, f"guess {number}").status_code for number in range(10)} == {200}
    refused = tried(client, "a password of elif")
    assert (refused.status_code, 0 < int(refused.headers["Retry-After"]) <= 60) == (429, True)
    assert "Too many tries for this name. Wait" in refused.content.decode()
    assert 'value="elif"' in refused.content.decode()  # only the password is typed again
    assert "_auth_user_id" not in client.session
    assert tried(client, "x", name="ELIF").status_code == 429
    assert tried(client, "x", name="somebody else").status_code == 200


def test_trying_many_names_does_not_begin_the_count_anew(expert, client):
    for number in range(10):
        tried(client, f"guess {number}")
    for number in range(400):
        tried(client, "", name=f"somebody {number}")
    assert tried(client, "a password of elif").status_code == 429


def test_who_guesses_from_elsewhere_does_not_shut_a_person_out(expert, client):
    for number in range(11):
        tried(client, f"guess {number}", REMOTE_ADDR="203.0.113.9")
    assert tried(client, "a password of elif").status_code == 302


@pytest.mark.parametrize(("proxies", "status"), [(1, 302), (0, 429)])
def test_an_address_is_taken_from_a_proxy_only_where_one_stands_in_front(expert, client, settings, proxies, status):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    for number in range(11):
        tried(client, f"guess {number}", headers={"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.9"})
    mine = {"X-Forwarded-For": "203.0.113.9, 203.0.113.7"}
    assert tried(client, "a password of elif", headers=mine).status_code == status


def test_a_name_of_any_letters_and_length_is_refused_in_words(expert, client):
    answer = tried(client, "x", name="ä\x00\n" * 600)
    assert (answer.status_code, "notice--bad" in answer.content.decode()) == (200, True)
