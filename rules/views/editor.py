"""The rule editor beside its form: words to complete with, the check while typing, the preview. Nothing is written here."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from cases.access import require_role
from rules import patches, trying, versions
from rules.access import version_for
from rules.forms import RuleTextForm
from rules.vocabulary import vocabulary
from sandbox.knowledge import faces

FACES = {
    "json": ("application/json", faces.as_json),
    "md": ("text/markdown", faces.as_markdown),
    "txt": ("text/plain", faces.as_text),
}


@login_required
@require_GET
def words(request):
    require_role(request.user)
    return JsonResponse(vocabulary())


@login_required
@require_POST
def check(request):
    """What the text says and what the gate's static checks will find, in a fragment; a mistake with its place."""
    require_role(request.user, "expert", "reviewer", "lead")
    return render(request, "rules/_check.html", check_of(request.POST))


def check_of(data) -> dict:
    """What the fragment of the check shows of a form's text: there from the start, so nothing moves when it comes."""
    form = RuleTextForm(data)
    context = {"checked_form": form}
    if form.is_valid():
        try:
            checked = trying.check(form.rules(), form.removed())
        except patches.PatchError as problem:
            context["problem"] = str(problem)
        else:
            context |= {"checked": checked, **_faces(checked.rules)}
    return context


@login_required
@require_POST
def preview(request):
    """The cases on whose runs the change would act."""
    require_role(request.user, "expert", "reviewer", "lead")
    form = RuleTextForm(request.POST)
    context = {"problem": "" if form.is_valid() else "The text is too long."}
    if form.is_valid():
        try:
            context["preview"] = trying.preview(form.rules(), form.removed())
        except patches.PatchError as problem:
            context["problem"] = str(problem)
    return render(request, "rules/_preview.html", context)


@login_required
@require_GET
def export(request, number, form):
    """The rules of a version as text, JSON or Markdown; each can be pasted into the editor again."""
    version = version_for(request.user, number)
    if form not in FACES:
        raise Http404(f"There is no export as {form}: {', '.join(FACES)}.")
    kind, write = FACES[form]
    rules = sorted(versions.knowledge(version).rules, key=lambda rule: rule.name)
    response = HttpResponse(write(rules), content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="knowledge-v{number}.{form}"'
    return response


def _faces(rules) -> dict:
    return {
        "prose": [(rule.name, faces.prose(rule)) for rule in rules],
        "as_text": faces.as_text(rules),
        "as_json": faces.as_json(rules),
        "as_markdown": faces.as_markdown(rules),
    }
