from django.conf import settings
from django.db import models


class Guidance(models.Model):
    """An expert's session offered as guidance for a failed one of the same case."""

    session = models.OneToOneField("cases.Session", models.CASCADE, related_name="guidance")
    failed = models.ForeignKey("cases.Session", models.SET_NULL, null=True, blank=True, related_name="guided_by")
    notes = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"guidance by {self.session}"
