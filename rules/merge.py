"""Merging an approved patch into the next immutable version."""

from django.db import IntegrityError, transaction

from cases import log
from cases.access import require_role
from cloudmate.states import transition
from rules import patches, versions
from rules.models import KnowledgeVersion, Patch, QueueEntry, RuleRecord
from rules.patching import difference
from rules.requirements import requirements
from sandbox.knowledge.language import from_data
from sandbox.regression import untested
from sandbox.values import stored


class MergeError(Exception):
    """A patch that may not be merged now; the message says what is missing."""


class StaleBase(MergeError):
    """The head or the library moved since the patch was tested: it is being tested again."""


def merge(patch: Patch, *, by) -> KnowledgeVersion:
    """Make the next version of it. The approver may merge; the makers may merge once someone else approved.

    Raises StaleBase where the head or the library moved (the patch goes back to be tested again, its
    approvals stay), MergeError where a requirement is open or others are ahead in the merge queue.
    """
    require_role(by, "reviewer", "lead")
    if patch.state != Patch.State.IN_REVIEW:
        raise MergeError(f"It is {patch.standing}: only a patch in review can be merged")
    if ahead := ahead_of(patch):
        raise MergeError(f"{ahead} ahead in the merge queue: it goes in after them if you add it there")
    head = versions.head()
    if patch.base_id != head.pk:
        transition(patch, Patch.State.PROPOSED, regression=None, verdict=None)
        raise StaleBase(f"Knowledge is at v{head.number} now: the patch is being tested again on it")
    if patch.regression is not None and untested(patch.regression).exists():
        transition(patch, Patch.State.PROPOSED, regression=None, verdict=None)
        raise StaleBase("Cases of the library came or changed since it was tested: the patch is being tested again")
    open_ones = [item for item in requirements(patch) if item.missing]
    if open_ones:
        raise MergeError("; ".join(f"{item.name}: {item.words}" for item in open_ones))
    before, after = versions.knowledge(head), patches.candidate_of(patch)
    value = stored(after)
    try:
        with transaction.atomic():
            version = KnowledgeVersion.objects.create(
                number=head.number + 1, parent=head, value=value, patch=patch, by=by
            )
            transition(patch, Patch.State.MERGED)
            for change in difference(before, after).changes:
                _record(change, version, patch)
            log.note(
                "merged", by=by, case=patch.case, subject=f"patch {patch.pk}", words=f"v{version.number}: {patch.title}"
            )
    except IntegrityError as lost:
        raise StaleBase("Another patch was merged in this moment: try again, it will be tested on it") from lost
    return version


def ahead_of(patch: Patch) -> int:
    """How many patches of the merge queue go in before this one; all of them where it does not wait there."""
    waiting = list(QueueEntry.objects.waiting().values_list("patch", flat=True))
    return waiting.index(patch.pk) if patch.pk in waiting else len(waiting)


def revert(version: KnowledgeVersion, *, by) -> Patch:
    """A patch that takes back what ``version`` changed, gated like any other. Raises PatchError, MergeError."""
    require_role(by, "reviewer", "lead")
    if version.parent is None:
        raise MergeError("The first version is empty: there is nothing to take back")
    before, after = versions.knowledge(version.parent), versions.knowledge(version)
    add, remove = [], []
    for change in difference(before, after).changes:
        if change.before is None:
            remove.append(change.name)
        else:
            add.append(change.before)
    return patches.draft(
        title=f"Revert v{version.number}",
        add=tuple(add),
        remove=tuple(remove),
        by=by,
        note=f"takes back v{version.number}",
    )


def _record(change, version: KnowledgeVersion, patch: Patch) -> None:
    if change.after is None:
        RuleRecord.objects.filter(name=change.name).update(retired_in=version)
        return
    RuleRecord.objects.update_or_create(
        name=change.name,
        defaults={"retired_in": None},
        create_defaults={"added_in": version, "source": patch.source},
    )


def rules_of(version: KnowledgeVersion):
    """The version's rules in order of name."""
    return sorted((from_data(data) for data in version.value.rules), key=lambda rule: rule.name)
