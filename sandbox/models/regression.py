from django.db import models

from cloudmate.work import Work


class Regression(models.Model):
    """The library under the base (old) and the candidate (new) knowledge, case by case."""

    class State(models.TextChoices):
        OPEN = "open", "Running"
        CLOSED = "closed", "Finished"
        CANCELLED = "cancelled", "Cancelled"

    TRANSITIONS = {State.OPEN: {State.CLOSED, State.CANCELLED}, State.CLOSED: set(), State.CANCELLED: {State.OPEN}}

    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    base = models.ForeignKey("sandbox.KnowledgeValue", models.PROTECT, related_name="+")
    candidate = models.ForeignKey("sandbox.KnowledgeValue", models.PROTECT, related_name="+")
    engine = models.CharField(max_length=20, default="offline")
    budget = models.JSONField(default=dict, blank=True)
    seeds = models.JSONField(default=list)  # one pair per case and seed
    target_case = models.ForeignKey("cases.Case", models.SET_NULL, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"regression {self.pk}"


class Pair(Work):
    """One case and seed under both arms. Counted once, however often a worker died over it."""

    class Outcome(models.TextChoices):
        FIXED = "fixed", "Fixed"
        REGRESSED = "regressed", "Regressed"
        SAME_PASS = "same_pass", "Same: passes"
        SAME_FAIL = "same_fail", "Same: fails"
        UNAFFECTED = "unaffected", "Proven unaffected"
        INCONCLUSIVE = "inconclusive", "Inconclusive"

    regression = models.ForeignKey(Regression, models.CASCADE, related_name="pairs")
    case_version = models.ForeignKey("cases.CaseVersion", models.PROTECT, related_name="+")
    snapshot = models.ForeignKey("sandbox.Snapshot", models.PROTECT, null=True, related_name="+")
    seed = models.PositiveIntegerField(default=0)
    base_session = models.ForeignKey("cases.Session", models.SET_NULL, null=True, blank=True, related_name="+")
    candidate_session = models.ForeignKey("cases.Session", models.SET_NULL, null=True, blank=True, related_name="+")
    base_passed = models.BooleanField(null=True)  # None = neither passed nor failed
    candidate_passed = models.BooleanField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # inconclusive: miss, unscored, error, no snapshot
    divergence = models.JSONField(
        null=True, blank=True
    )  # first step where the arms differ, and the rule that caused it
    target = models.BooleanField(default=False)

    class Meta:
        ordering = ["regression", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["regression", "case_version", "seed"], name="pair_once"),
        ]
        indexes = [models.Index(fields=["state", "leased_until"])]

    def __str__(self):
        return f"{self.case_version} in {self.regression}"
