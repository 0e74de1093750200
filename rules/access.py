"""Patches and versions behind the same check as everything else."""

from django.db.models import QuerySet
from django.http import Http404

from cases.access import require_open, require_role
from cloudmate import prepared
from rules.models import KnowledgeVersion, Patch
from sandbox.access import require_unnamed


def patch_for(user, pk: int) -> Patch:
    require_role(user)
    found = prepared.first(_patch, pk)
    if found is None:
        raise Http404(f"There is no patch {pk}.")
    require_open(user, found.case_id)
    require_unnamed(user, found.regression)
    return found


def _patch(pk: int) -> QuerySet[Patch]:
    return Patch.objects.select_related("base__value", "regression", "case", "author").filter(pk=pk)


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
