from django.conf import settings
from django.db import models


class Review(models.Model):
    """One person's decision on one revision of a patch. Append-only."""

    class Decision(models.TextChoices):
        APPROVE = "approve", "Approve"
        CHANGES = "changes", "Request changes"
        REJECT = "reject", "Reject"

    class Reason(models.TextChoices):
        NONE = "", "—"
        TOO_BROAD = "too_broad", "Too broad"
        TOO_NARROW = "too_narrow", "Too narrow"
        WRONG_CAUSE = "wrong_cause", "Wrong cause"
        DUPLICATE = "duplicate", "Already known"
        UNSAFE = "unsafe", "Unsafe action"
        UNCLEAR = "unclear", "Unclear"
        OTHER = "other", "Other"

    patch = models.ForeignKey("rules.Patch", models.CASCADE, related_name="reviews")
    revision_number = models.PositiveIntegerField()
    decision = models.CharField(max_length=8, choices=Decision)
    reason = models.CharField(max_length=12, choices=Reason, blank=True, default="")
    words = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by_flag = models.BooleanField(default=False)  # given on the command line for a named person, recorded as such
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.by}: {self.decision} {self.patch}"
