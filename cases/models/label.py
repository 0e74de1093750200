from django.conf import settings
from django.db import models


class Label(models.Model):
    """One person's own answer to what a case version asks. The newest of each person counts, while the task is the same.

    Append-only, except that a lead may set one aside, with a reason.
    """

    version = models.ForeignKey("cases.CaseVersion", models.CASCADE, related_name="labels")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answer = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)
    set_aside_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    set_aside_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.by} labels {self.version}"
