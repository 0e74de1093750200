from django.db import models
from django.db.models import OuterRef, Subquery


class SnapshotQuerySet(models.QuerySet):
    def newest(self):
        """The one of each case that runs are made on."""
        latest = Snapshot.objects.filter(case=OuterRef("case")).order_by("-number")
        return self.filter(pk=Subquery(latest.values("pk")[:1]))

    def unmeasured(self):
        """Those of which nobody knows yet how much of what is asked they answer."""
        return self.newest().filter(admission__isnull=True)

    def held_back(self):
        """Newest ones that must not gate; ``held_back`` says why."""
        return self.newest().exclude(held_back="")


class Snapshot(models.Model):
    """The frozen recordings of a case, and its world where it has one. New content is a new version. Append-only."""

    case = models.ForeignKey("cases.Case", models.CASCADE, related_name="snapshots")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    recordings_count = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()  # bytes of raw returns
    inventory = models.JSONField(default=dict, blank=True)  # kind -> names, from the recordings alone
    redactions = models.JSONField(default=list, blank=True)
    world = models.JSONField(null=True, blank=True)  # WorldSpec without its tables' bytes
    admission = models.JSONField(null=True, blank=True)  # Survey.as_dict(), once it was measured
    held_back = models.CharField(max_length=300, blank=True)  # why it does not gate
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        ordering = ["case", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="snapshot_number"),
            models.UniqueConstraint(fields=["case", "digest"], name="snapshot_digest"),
        ]
        # few among many: every regression and every library page asks which they are
        indexes = [models.Index(fields=["case"], condition=~models.Q(held_back=""), name="snapshot_held_back")]

    def __str__(self):
        return f"snapshot {self.number} of {self.case}"


class SnapshotRecording(models.Model):
    """One recorded call. ``key`` is the digest of the canonical call."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="recordings")
    order = models.PositiveIntegerField()
    tool = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict, blank=True)
    key = models.CharField(max_length=64)
    raw = models.ForeignKey("cases.RawReturn", models.PROTECT, related_name="+")
    is_error = models.BooleanField(default=False)
    match = models.CharField(max_length=6, default="exact")  # exact, subset, any
    derived = models.BooleanField(default=False)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)  # an alias: who gave the call this return, and of which call

    class Meta:
        ordering = ["snapshot", "order"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "order"], name="recording_order")]
        indexes = [models.Index(fields=["snapshot", "key"])]

    def __str__(self):
        return f"{self.tool} {self.arguments}"


class Miss(models.Model):
    """A call a snapshot could not answer: a task to record it, or to live with it."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="misses")
    key = models.CharField(max_length=64)
    tool = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict, blank=True)
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-times", "pk"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "key"], name="miss_once")]

    def __str__(self):
        return f"{self.tool} {self.arguments}"


class TableBlob(models.Model):
    """One frozen table of worlds, by the digest of its bytes: worlds that share a table share this row."""

    digest = models.CharField(max_length=64, primary_key=True)
    data = models.BinaryField()
    size = models.PositiveBigIntegerField()  # bytes
    rows = models.PositiveBigIntegerField()

    def __str__(self):
        return self.digest[:12]
