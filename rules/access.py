"""Patches and versions behind the same check as everything else."""

from django.http import Http404

from cases.access import require_open, require_role
from rules.models import KnowledgeVersion, Patch
from sandbox.access import require_unnamed


def patch_for(user, pk: int) -> Patch:
    require_role(user)
    related = ("base__value", "regression", "case__system", "author", "taken_on_by")
    found = Patch.objects.select_related(*related).filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no patch {pk}.")
    require_open(user, found.case_id)
    require_unnamed(user, found.regression)
    return found


def version_for(user, number: int) -> KnowledgeVersion:
    require_role(user)
    found = (
        KnowledgeVersion.objects.select_related("value", "parent__value", "patch__case", "by", "child")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise Http404(f"There is no knowledge version {number}.")
    return found
