from django.conf import settings
from django.db import models


class QueueEntryQuerySet(models.QuerySet):
    def waiting(self):
        """In the order in which they go in."""
        return self.filter(state=QueueEntry.State.WAITING).order_by("pk")

    def ended(self):
        """The newest end first."""
        return self.exclude(state=QueueEntry.State.WAITING).order_by("-ended_at", "-pk")


class QueueEntry(models.Model):
    """An approved patch that goes in by itself when its turn comes, and how that ended. Kept."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        MERGED = "merged", "Merged"
        STOPPED = "stopped", "Did not go in"
        TAKEN_OUT = "taken_out", "Taken out"

    TRANSITIONS = {
        State.WAITING: {State.MERGED, State.STOPPED, State.TAKEN_OUT},
        State.MERGED: set(),
        State.STOPPED: set(),
        State.TAKEN_OUT: set(),
    }

    patch = models.ForeignKey("rules.Patch", models.CASCADE, related_name="queue_entries")
    revision_number = models.PositiveIntegerField()  # the revision that was approved
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")  # in whose name it merges
    at = models.DateTimeField(auto_now_add=True)
    words = models.CharField(max_length=300, blank=True)  # why it did not go in
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = QueueEntryQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "queue entries"
        constraints = [
            models.UniqueConstraint(
                fields=["patch"], condition=models.Q(state="waiting"), name="patch_waits_once_in_the_queue"
            )
        ]
        indexes = [models.Index(fields=["state", "ended_at"])]

    def __str__(self):
        return f"{self.patch} in the merge queue"
