"""What each page of rules shows; a page and its fragment build the same context."""

from collections import Counter
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse

from cases.access import has_role, left_out
from cloudmate import prepared
from rules import merge_queue, patches, review, versions
from rules.diffs import diff_of
from rules.flips import flips_of
from rules.history import revisions_of
from rules.models import (
    KnowledgeVersion,
    Patch,
    PatchComment,
    PatchRevision,
    QueueEntry,
    Review,
    RuleRecord,
)
from rules.requirements import requirements as requirements_of
from sandbox import contexts as sandbox_contexts
from sandbox import regression_contexts
from sandbox.knowledge.language import from_data, text_of
from sandbox.knowledge.rule import Knowledge, Rule
from sandbox.models import Pair

OPEN_STATES = (
    Patch.State.DRAFT,
    Patch.State.PROPOSED,
    Patch.State.TESTING,
    Patch.State.IN_REVIEW,
    Patch.State.INCONCLUSIVE,
)
SORTS = {"title": "title", "age": "created_at", "state": "state"}


# whose turn it is, in words, by state; a patch in review that is approved waits for the merge
TURNS = {
    Patch.State.DRAFT: "its author: propose it, or close it",
    Patch.State.PROPOSED: "a worker: it is tested next",
    Patch.State.TESTING: "its regression",
    Patch.State.IN_REVIEW: "a reviewer",
    Patch.State.REFUSED: "its author: narrow it, or close it",
    Patch.State.INCONCLUSIVE: "a lead, or another run",
}
MAKERS = ("expert", "reviewer", "lead")


def patch_list(user, *, show: str, sort: str, page: str | None, source: str = "", words: str = "") -> dict:
    shown = ("title", "state", "source", "created_at", "regression", "case__name", "author__username")
    rows = left_out(Patch.objects.select_related("case", "author").only(*shown), user, case="case")
    if show == "open":
        rows = rows.filter(state__in=OPEN_STATES)
    elif show in Patch.State.values:
        rows = rows.filter(state=show)
    else:
        show = ""
    counted = prepared.rows(_by_source_and_state)
    sources = sorted({source for source, _, _ in counted})
    source = source if source in sources else ""
    if source:
        rows = rows.filter(source=source)
    if words := words.replace("\0", "").strip()[:100]:
        rows = rows.filter(Q(title__icontains=words) | Q(case__name__icontains=words))
    field = SORTS.get(sort.lstrip("-"), "created_at")
    rows = rows.order_by(F(field).desc() if sort.startswith("-") or not sort else F(field).asc(), "-pk")
    counts: Counter[str] = Counter()
    for _, state, n in counted:
        counts[state] += n
    filters = [("", "All", sum(counts.values())), ("open", "Open", sum(counts.get(state, 0) for state in OPEN_STATES))]
    filters += [(state.value, state.label, counts[state]) for state in Patch.State if counts.get(state)]
    return {
        "page": _with_effects(Paginator(rows, 50).get_page(page)),
        "filters": filters,
        "show": show,
        "sources": sources,
        "source": source,
        "words": words,
        "narrowed": bool(show or source or words),
        "queued": prepared.count(_queued),
        "may_write": has_role(user, *MAKERS),
    }


def _by_source_and_state() -> QuerySet:
    return Patch.objects.order_by().values_list("source", "state").annotate(n=Count("pk"))


def _queued() -> QuerySet:
    return QueueEntry.objects.waiting().order_by().values("pk")


def _outcomes(*regressions: int) -> QuerySet:
    pairs = Pair.objects.filter(regression__in=regressions).order_by()
    return pairs.values_list("regression", "outcome").annotate(n=Count("pk"))


def _with_effects(page: Page) -> Page:
    """Each patch of the page with its regression's pairs counted by outcome: those of the page alone, in one query."""
    page.object_list = list(page.object_list)
    tested = sorted({patch.regression_id for patch in page if patch.regression_id})
    effects: dict[int, Counter] = {}
    for regression, outcome, n in prepared.rows(_outcomes, *tested):
        effects.setdefault(regression, Counter())[outcome] = n
    for patch in page:
        outcomes = effects.get(patch.regression_id, Counter())
        patch.fixed, patch.regressed = outcomes[Pair.Outcome.FIXED], outcomes[Pair.Outcome.REGRESSED]
        patch.pairs = outcomes.total()
        patch.ended = patch.pairs - outcomes[""]
    return page


REASONS = [choice for choice in Review.Reason.choices if choice[0]]


def _comments(patch: int, user: int) -> QuerySet[PatchComment]:
    return PatchComment.objects.filter(patch=patch).seen_by(user).select_related("by")


def _turn(row: Patch) -> str:
    if row.state == Patch.State.REFUSED and row.author_id is None:
        return "nobody: the critic proposed it; who wants it may narrow it"
    return TURNS.get(row.state, "")


def _left_the_queue(patch: int) -> QuerySet[QueueEntry]:
    return QueueEntry.objects.ended().filter(patch=patch).select_related("ended_by")[:1]


def patch(row: Patch, user, *, tab: str = "", say: str = "", rows: dict | None = None) -> dict:
    """The patch page: only the chosen tab is worked out; the merge box always is."""
    revision = patches.current(row)
    comments, head = prepared.rows(_comments, row.pk, user.pk), versions.head()
    held_back = sum(comment.pending for comment in comments)
    open_comments = sum(comment.resolved_at is None and not comment.pending for comment in comments)
    said = review.Said(review.reviews_of(row), open_comments)
    settled = row.state in (Patch.State.MERGED, Patch.State.REJECTED)
    requirements = [] if settled else requirements_of(row, head=head, said=said)
    missing = [item for item in requirements if item.missing]
    may_decide = has_role(user, "reviewer", "lead")
    place = merge_queue.place_of(row)
    queued, ahead = place.entry, place.ahead
    context = {
        "patch": row,
        "revision": revision,
        "tab": tab if tab in ("diff", "evidence", "regression", "history") else "",
        "requirements": requirements,
        "missing": missing,
        "verdict": row.verdict or {},
        "why_not_decide": review.why_not(row, user) if may_decide else "Only a reviewer or a lead can decide",
        "why_not_merge": _why_not_merge(row, missing, may_decide, ahead),
        "turn": _turn(row),
        "may_write": has_role(user, *MAKERS),
        "may_edit": row.state in (Patch.State.DRAFT, Patch.State.REFUSED, Patch.State.IN_REVIEW),
        "losses": _losses(row),
        "may_run_again": row.state in (Patch.State.IN_REVIEW, Patch.State.INCONCLUSIVE),
        "may_take_on": has_role(user, "lead") and row.state == Patch.State.INCONCLUSIVE,
        "reasons": REASONS,
        "text": "\n\n".join(text_of(from_data(data)) for data in revision.add) if revision else "",
        "reviews": list(said.reviews),
        "happened": sorted([*said.reviews, *comments], key=lambda item: item.at),
        "open_comments": open_comments,
        "held_back": held_back,
        "threads": _threads(comments),
        "say": say,
        "live": queued is not None or row.state in (Patch.State.PROPOSED, Patch.State.TESTING),
        "head": head,
        "queued": queued,
        "may_decide": may_decide,
        "ahead": ahead,
        "stopped": None if queued else prepared.first(_left_the_queue, row.pk),
        "why_not_queue": merge_queue.why_not(row, place=place, said=said)
        if may_decide
        else "Only a reviewer or a lead can merge",
    }
    if row.state == Patch.State.IN_REVIEW and any(
        item.name.startswith("Approved") and item.satisfied for item in requirements
    ):
        context["turn"] = "its merge"
    if queued:
        context["turn"] = "the merge queue"
    if context["tab"] == "" or context["tab"] == "diff":
        context["diff"] = diff_of(versions.knowledge(row.base), _candidate(row, revision))
    if context["tab"] == "evidence":
        context["evidence"] = revision.evidence if revision else {}
        context["flips"] = flips_of(context["evidence"])
        context["key_steps"] = _key_steps(context["evidence"])
        if row.failed and row.better:
            context["aligned"] = sandbox_contexts.comparison(row.failed, row.better)
    if context["tab"] == "regression" and row.regression:
        context.update(regression_contexts.regression(row.regression, **(rows or {})), in_patch=True)
    if context["tab"] == "history":
        context["revisions"] = revisions_of(row)
    return context


def _threads(comments: list[PatchComment]) -> dict[str, list[PatchComment]]:
    """Comments by the place they speak of."""
    found: dict[str, list[PatchComment]] = {}
    for comment in comments:
        if comment.place:
            found.setdefault(comment.place, []).append(comment)
    return found


def _key_steps(evidence: dict) -> set[int]:
    """Steps of the better session that the key difference speaks of."""
    words = evidence.get("key_difference", "")
    found = evidence.get("differences") or ()
    return {item["step"] for item in found if item.get("step") is not None and item["text"] in words}


@dataclass(frozen=True)
class Loss:
    """A case that the gate names, and its two runs side by side where both are kept."""

    note: dict
    url: str


def _losses(row: Patch) -> list[Loss]:
    """The cases a refusal names, each with where to see it."""
    notes = (row.verdict or {}).get("losses") or []
    if not notes or row.regression_id is None:
        return []
    lost = row.regression.pairs.filter(outcome=Pair.Outcome.REGRESSED, candidate_session__isnull=False)
    runs = {
        case: reverse("sandbox:compare", args=[old, new])
        for case, old, new in lost.exclude(base_session=None).values_list(
            "case_version__case", "base_session", "candidate_session"
        )
    }
    return [Loss(note, runs.get(note["case"]) or reverse("cases:case", args=[note["case"]])) for note in notes]


def version(row: KnowledgeVersion, user) -> dict:
    after = versions.knowledge(row)
    before = versions.knowledge(row.parent) if row.parent else Knowledge()
    return {
        "version": row,
        "may_revert": has_role(user, "reviewer", "lead"),
        "is_head": not hasattr(row, "child"),
        "rules": _described(after.rules),
        "diff": diff_of(before, after),
    }


@dataclass(frozen=True)
class Described:
    rule: Rule
    text: str
    record: RuleRecord | None


def _described(rules: tuple[Rule, ...]) -> list[Described]:
    records = {
        record.name: record
        for record in RuleRecord.objects.filter(name__in=[rule.name for rule in rules]).select_related(
            "added_in__patch"
        )
    }
    return [
        Described(rule, text_of(rule), records.get(rule.name)) for rule in sorted(rules, key=lambda rule: rule.name)
    ]


def _candidate(row: Patch, revision: PatchRevision | None) -> Knowledge:
    if row.state == Patch.State.MERGED and hasattr(row, "version"):
        return versions.knowledge(row.version)
    return patches.candidate_of(row, revision=revision)


def _why_not_merge(row: Patch, missing, may_decide: bool, ahead: int) -> str:
    if not may_decide:
        return "Only a reviewer or a lead can merge"
    if row.state != Patch.State.IN_REVIEW:
        return f"It is {row.standing}"
    if ahead:
        return f"{ahead} ahead in the merge queue: add it there"
    return "; ".join(f"{item.name.lower()}: {item.words}" for item in missing)
