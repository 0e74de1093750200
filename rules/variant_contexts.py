"""The page of a case's variants: what each guise changes, and what the agent made of it under the newest knowledge."""

from dataclasses import dataclass

from django.db.models import QuerySet

from cases.access import has_role
from cases.models import Case
from rules import versions
from rules.models import KnowledgeVersion, Patch
from sandbox import runs, variant_runs
from sandbox.models import VariantRun


@dataclass(frozen=True)
class Shown:
    """A guise with its newest run; ``version`` is the knowledge that it ran with, where that was ever served."""

    guise: variant_runs.Guise
    run: VariantRun | None
    version: KnowledgeVersion | None


def _tried_for(case: Case) -> QuerySet[Patch]:
    """The newest patches of the case whose rules the gate tried on its variants."""
    tried = Patch.objects.filter(case=case, verdict__record__variants__isnull=False)
    tried = tried.exclude(verdict__record__variants=[])
    return tried.only("title").order_by("-pk")[:3]


def variants(case: Case, user) -> dict:
    context = {
        "case": case,
        "may_act": has_role(user, "expert", "reviewer", "lead"),
        "head": versions.head(),
        "rows": [],
        "patches": list(_tried_for(case)),
        "why_none": "",
    }
    if case.current is None:
        return context | {"why_none": "Nothing has been said of the case yet"}
    snapshot = runs.snapshot_of(case.current)
    try:
        guises = variant_runs.guises(case.current, snapshot)
    except variant_runs.VariantError as problem:
        return context | {"why_none": str(problem)}
    tried = VariantRun.objects.filter(case_version=case.current, snapshot=snapshot).order_by("pk")
    newest = {run.kind: run for run in tried}
    served = {
        version.value_id: version
        for version in KnowledgeVersion.objects.filter(value__in=[run.knowledge_id for run in newest.values()])
    }
    rows = [
        Shown(one, newest.get(one.kind), served.get(newest[one.kind].knowledge_id) if one.kind in newest else None)
        for one in guises
    ]
    ran = [row.run for row in rows if row.run]
    settled = [run for run in ran if run.verdict]
    sound = [row for row in rows if not row.guise.why_not]
    head = context["head"].value_id
    return context | {
        "rows": rows,
        "working": any(run.state in (VariantRun.State.QUEUED, VariantRun.State.RUNNING) for run in ran),
        "made": len(sound),
        "settled": len(settled),
        "passed": sum(run.verdict == "success" for run in settled),
        "tried_on_head": bool(sound) and all(row.run and row.run.knowledge_id == head for row in sound),
    }
