from django.conf import settings
from django.db import models


class RedactionPattern(models.Model):
    """A secret that only this installation knows the look of (``cases.patterns``). Retired, never removed."""

    kind = models.CharField(max_length=40)  # what stands in its place: [REDACTED kind]
    pattern = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.kind}: {self.pattern}"
