from django.conf import settings
from django.db import models

from cloudmate.addresses import address


class KnowledgeVersion(models.Model):
    """An immutable numbered rule set. ``parent`` is one-to-one: two merges on one base cannot both land."""

    number = models.PositiveIntegerField(unique=True)
    parent = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="child")
    value = models.ForeignKey("sandbox.KnowledgeValue", models.PROTECT, related_name="versions")
    patch = models.OneToOneField("rules.Patch", models.PROTECT, null=True, blank=True, related_name="version")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number=0, parent__isnull=True) | models.Q(number__gt=0, parent__isnull=False),
                name="version_root_is_zero",
            )
        ]

    def __str__(self):
        return f"knowledge v{self.number}"

    def get_absolute_url(self):
        return address("rules:version", self.number)


class RuleRecord(models.Model):
    """Where a rule of the head version came from and what became of it; the rule itself is in the versions' values."""

    name = models.CharField(max_length=120, unique=True)
    added_in = models.ForeignKey(KnowledgeVersion, models.PROTECT, related_name="+")
    retired_in = models.ForeignKey(KnowledgeVersion, models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField(max_length=12)  # exploration, expert, person

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name
