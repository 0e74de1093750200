from django.db import models

from cloudmate.work import Work


class Critique(Work):
    """The critic at work on one failed session and a better one of the same case."""

    failed = models.ForeignKey("cases.Session", models.CASCADE, related_name="critiques")
    better = models.ForeignKey("cases.Session", models.CASCADE, related_name="+")
    base = models.ForeignKey("rules.KnowledgeVersion", models.PROTECT, related_name="+")
    engine = models.CharField(max_length=120, default="offline")  # llm:MODEL where a model was asked, too
    # what came of it; set from the start where the gate refused that patch and the critic tries again
    patch = models.ForeignKey("rules.Patch", models.SET_NULL, null=True, blank=True, related_name="critiques")
    round = models.PositiveSmallIntegerField(default=1)
    outcome = models.CharField(max_length=300, blank=True)  # why there is no patch, where there is none
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["failed", "better", "base", "round"], name="critique_once")]

    def __str__(self):
        return f"critique of {self.failed}"
