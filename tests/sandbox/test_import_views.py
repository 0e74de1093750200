"""Cases from a browser: seen first as what they would become, line by line what is wrong, then taken in."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cases.models import Case
from sandbox.importers import uploads
from sandbox.importers.reading import ReadError
from tests import factories

pytestmark = pytest.mark.django_db
ADDRESS = "/library/import/"
BUNDLE = {name: value for name, value in factories.bundle_data().items() if name != "catalogue"}
OTHER = BUNDLE | {
    "id": "other",
    "prompt": "Slow again.",
    "source": {"source_repo": "somebody/failures", "source_path": "benchmark/market/database/8"},
}


def sent(*files: tuple[str, object]) -> dict:
    return {
        "files": [
            SimpleUploadedFile(name, data if isinstance(data, bytes) else json.dumps(data).encode())
            for name, data in files
        ]
    }


def packed(**files: object) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "/") + ".json", json.dumps(data))
    return out.getvalue()


@pytest.fixture(autouse=True)
def own_data(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def expert(client):
    client.force_login(user := factories.make_user("expert"))
    return user


def test_nothing_is_stored_before_it_is_taken_in(client, expert):
    page = client.post(ADDRESS, sent(("one.json", BUNDLE)))
    assert [(line.file, line.told.outcome) for line in page.context["cases"]] == [("one.json", "created")]
    assert Case.objects.count() == 0
    client.post(ADDRESS, {"kept": page.context["kept"]})
    assert list(Case.objects.values_list("name", "state", "system__name")) == [("slow-ledger", "labelled", "imported")]


def test_what_is_wrong_is_told_line_by_line_and_the_rest_comes_in(client, expert):
    page = client.post(ADDRESS, sent(("good.json", BUNDLE), ("bad.json", OTHER | {"prompt": 3})))
    problems = [(line.file, line.told.field) for line in page.context["problems"]]
    assert (problems, len(page.context["cases"])) == ([("bad.json", "prompt")], 1)
    client.post(ADDRESS, {"kept": page.context["kept"]})
    assert Case.objects.count() == 1


def test_zip_of_bundles_is_unpacked(client, expert):
    archive = packed(folder__one=BUNDLE, folder__two=OTHER)
    page = client.post(ADDRESS, sent(("cases.zip", archive)))
    assert sorted(line.file for line in page.context["cases"]) == ["folder/one.json", "folder/two.json"]


def test_files_taken_in_are_kept_no_longer(client, expert, tmp_path):
    kept = client.post(ADDRESS, sent(("one.json", BUNDLE))).context["kept"]
    client.post(ADDRESS, {"kept": kept})
    answer = client.post(ADDRESS, {"kept": kept}, follow=True)
    assert "no longer kept" in answer.content.decode()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_anothers_files_are_not_found(client, expert):
    kept = client.post(ADDRESS, sent(("one.json", BUNDLE))).context["kept"]
    client.force_login(factories.make_user("lead"))
    client.post(ADDRESS, {"kept": kept})
    assert Case.objects.count() == 0


@pytest.mark.parametrize("given", [b"no zip", packed(one=BUNDLE)[:-30]])
def test_broken_zip_is_refused_in_words(client, expert, given):
    answer = client.post(ADDRESS, sent(("cases.zip", given)))
    assert answer.status_code == 422
    assert "is no zip that can be unpacked" in answer.content.decode()


def test_no_file_is_asked_for(client, expert):
    answer = client.post(ADDRESS, {})
    assert (answer.status_code, "Choose a bundle or a zip first." in answer.content.decode()) == (422, True)


def test_name_that_leads_out_stays_inside(tmp_path):
    name = uploads.keep([("../../etc/passwd", io.BytesIO(b"{}"))], under=tmp_path / "uploads")
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()] == [
        (tmp_path / "uploads" / name / "etc" / "passwd").relative_to(tmp_path)
    ]


def test_zip_is_measured_by_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 1_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("one.json", "0" * 100_000)
    out.seek(0)
    with pytest.raises(ReadError, match="more than 1,000 bytes together"):
        uploads.keep([("bomb.zip", out)], under=tmp_path / "uploads")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_import_is_offered_to_those_who_may(client, expert):
    assert ADDRESS in client.get(reverse("cases:library")).content.decode()
    client.force_login(factories.make_user("reviewer"))
    assert ADDRESS not in client.get(reverse("cases:library")).content.decode()
