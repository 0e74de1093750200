from django.conf import settings
from django.db import models


class GatePolicy(models.Model):
    """What a lead set for the gate (``rules.gate.Policy``). The newest holds. Append-only."""

    needs_target = models.BooleanField()
    alpha = models.FloatField()
    eps = models.FloatField()
    minimum_pairs = models.PositiveIntegerField()
    maximum_pairs = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "gate policies"

    def __str__(self):
        return f"policy {self.pk} by {self.by}"
