"""What cannot be done is said in words, and what was done as well."""

from collections.abc import Callable

from django.contrib import messages

from cloudmate.states import TransitionError
from rules import comments, critiques, merge, merge_queue, patches, review
from sandbox import exploration, runs, variant_runs

REFUSALS = (
    patches.PatchError,
    review.ReviewError,
    merge.MergeError,
    merge_queue.QueueError,
    comments.CommentError,
    critiques.CritiqueError,
    runs.RunError,
    exploration.ExplorationError,
    variant_runs.VariantError,
)


def said(request, act: Callable[[], object], done: str) -> bool:
    """Run ``act`` and tell the person how it went; True where it did."""
    try:
        act()
    except REFUSALS as problem:
        messages.error(request, str(problem))
        return False
    except TransitionError:
        messages.warning(request, "Somebody or something was faster: this has changed meanwhile. Look again.")
        return False
    messages.success(request, done)
    return True
