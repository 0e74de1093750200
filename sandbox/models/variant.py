from django.db import models

from cloudmate.work import Work


class VariantRun(Work):
    """A case in one other guise under one set of rules: whether the agent still finds what it is."""

    case_version = models.ForeignKey("cases.CaseVersion", models.CASCADE, related_name="variant_runs")
    snapshot = models.ForeignKey("sandbox.Snapshot", models.CASCADE, related_name="+")
    knowledge = models.ForeignKey("sandbox.KnowledgeValue", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)  # one of sandbox.variants.KINDS
    verdict = models.CharField(max_length=12, blank=True)  # cases Evaluation.Verdict
    concluded = models.CharField(max_length=300, blank=True)
    calls = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case_version", "snapshot", "knowledge", "kind"], name="variant_is_tried_once"
            )
        ]
        indexes = [models.Index(fields=["state", "leased_until"])]

    def __str__(self):
        return f"{self.case_version}, {self.kind}"
