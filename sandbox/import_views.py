"""Cases from a browser: chosen as files, seen first as what they would become, then taken in."""

from dataclasses import dataclass
from pathlib import Path

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cases import log
from cases.access import EXPERT, LEAD, require_role
from sandbox.importers import uploads
from sandbox.importers.batch import Tally, places_under, take
from sandbox.importers.reading import ImportProblem, ReadError
from sandbox.importers.store import Outcome


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    widget = ManyFiles

    def clean(self, data, initial=None):
        return [super(FilesField, self).clean(one, initial) for one in data or [None]]


class ImportForm(forms.Form):
    files = FilesField(
        label="Case files",
        help_text="Case bundles (.json), or a .zip of bundles or of case folders with the catalogues beside them.",
        error_messages={"required": "Choose a bundle or a zip first.", "empty": "The file is empty."},
    )
    system = forms.CharField(
        max_length=120, required=False, label="File them under the system", help_text="Empty: the one each case names."
    )


@dataclass(frozen=True)
class Line:
    """One line of the preview, its file named as it was sent."""

    file: str
    told: Outcome | ImportProblem


@login_required
@require_http_methods(["GET", "POST"])
def import_cases(request: HttpRequest) -> HttpResponse:
    """Posting files shows what they would become; posting ``kept`` takes those in."""
    require_role(request.user, EXPERT, LEAD)
    under = Path(settings.DATA_DIR) / "uploads" / str(request.user.pk)
    name = request.POST.get("kept", "")
    if request.method == "POST" and name:
        return _take_in(request, name, under)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if not form.is_valid():
        return render(request, "sandbox/import.html", {"form": form}, status=422 if form.is_bound else 200)
    try:
        name = uploads.keep(((file.name, file) for file in form.cleaned_data["files"]), under=under)
    except ReadError as error:
        form.add_error("files", str(error))
        return render(request, "sandbox/import.html", {"form": form}, status=422)
    folder, system = uploads.kept(name, under=under), form.cleaned_data["system"]
    tally = _brought(folder, by=request.user, system=system, dry_run=True)
    shown = {
        "form": form,
        "kept": name,
        "system": system,
        "tally": tally,
        "cases": [Line(_named(file, folder), outcome) for file, outcome in tally.outcomes],
        "problems": [Line(_named(problem.file, folder), problem) for problem in tally.problems],
        "counts": {words.replace("_", " "): n for words, n in sorted(tally.counts.items())},
    }
    return render(request, "sandbox/import.html", shown)


def _take_in(request: HttpRequest, name: str, under: Path) -> HttpResponse:
    folder = uploads.kept(name, under=under)
    if folder is None:
        messages.error(request, "The files are no longer kept: choose them again.")
        return redirect("sandbox:import_cases")
    tally = _brought(folder, by=request.user, system=request.POST.get("system", "")[:120].replace("\x00", ""))
    uploads.forget(folder)
    said = ", ".join(f"{n} {words.replace('_', ' ')}" for words, n in sorted(tally.counts.items()))
    log.note("imported", by=request.user, subject=request.POST.get("system", "") or "cases", words=said or "no case")
    messages.success(request, f"Taken in: {said or 'no case'}.")
    if tally.problems:
        messages.warning(request, f"{len(tally.problems)} could not come in, for the reasons shown before.")
    return redirect("cases:library")


def _brought(folder: Path, **how) -> Tally:
    tally = Tally()
    for place in places_under([folder]):
        take(place, tally, **how)
    return tally


def _named(file: str, folder: Path) -> str:
    return (
        str(Path(file).relative_to(folder))
        if Path(file).is_relative_to(folder) and file != str(folder)
        else "the upload"
    )
