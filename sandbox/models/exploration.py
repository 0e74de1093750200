from django.conf import settings
from django.db import models


class Exploration(models.Model):
    """Many sandbox sessions on one failed session, each differing in one named way. Its plan is made before it runs."""

    class State(models.TextChoices):
        OPEN = "open", "Running"
        CLOSED = "closed", "Finished"
        CANCELLED = "cancelled", "Cancelled"

    # open again: a person gives more budget, or goes on with what was stopped
    TRANSITIONS = {
        State.OPEN: {State.CLOSED, State.CANCELLED},
        State.CLOSED: {State.OPEN},
        State.CANCELLED: {State.OPEN},
    }

    session = models.OneToOneField("cases.Session", models.CASCADE, related_name="exploration")
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    reason = models.CharField(max_length=60, blank=True)  # the reason code that started it
    signature = models.CharField(max_length=64, blank=True, db_index=True)
    knowledge = models.ForeignKey("sandbox.KnowledgeValue", models.PROTECT, related_name="+")
    engine = models.CharField(max_length=20, default="offline")
    budget_runs = models.PositiveIntegerField(default=12)
    budget_steps = models.PositiveIntegerField(default=200)  # calls of all branches together, repeats included
    outcome = models.CharField(max_length=30, blank=True)  # success, handed_over, no_branches
    evidence_map = models.JSONField(default=dict, blank=True)  # hand-over: what was seen, by component and aspect
    best = models.ForeignKey("cases.Session", models.SET_NULL, null=True, blank=True, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"exploration of {self.session}"


class Branch(models.Model):
    """One way to be different; ``operators`` name how. Confirmation branches repeat a success on a fresh seed."""

    exploration = models.ForeignKey(Exploration, models.CASCADE, related_name="branches")
    index = models.PositiveIntegerField()
    operators = models.JSONField(default=dict)  # operator name -> value, e.g. {"hypothesis": "..."}
    confirms = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="confirmations")
    why = models.CharField(max_length=300, blank=True)  # why this way may help, said before anything is spent
    profile = models.JSONField(default=dict)  # sandbox.agents.base.Profile as data
    seed = models.PositiveIntegerField(default=0)
    # None until its turn comes: the plan is visible before anything is spent
    run = models.OneToOneField("sandbox.Run", models.PROTECT, null=True, blank=True, related_name="branch")
    verdict = models.CharField(max_length=12, blank=True)  # cases Evaluation.Verdict once evaluated
    cell = models.JSONField(default=list, blank=True)  # sandbox.archive.Cell it was planned for
    covered = models.JSONField(default=list, blank=True)  # the cells its session looked into
    partial = models.FloatField(null=True, blank=True)  # 0..1, how far it got; None until evaluated
    blind = models.FloatField(null=True, blank=True)  # 0..1, how well it stands without the answer; None likewise
    # successive halving: the branch this one goes on from, and whether one that ran out of calls was gone on with
    continues = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="continuations")
    kept = models.BooleanField(null=True, blank=True)
    boosted_at = models.DateTimeField(null=True, blank=True)  # a person wants it next
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["exploration", "index"]
        constraints = [models.UniqueConstraint(fields=["exploration", "index"], name="branch_index")]

    def __str__(self):
        return f"branch {self.index} of {self.exploration}"
