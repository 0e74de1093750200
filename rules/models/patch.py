from django.conf import settings
from django.db import models

from cloudmate.addresses import address


class Patch(models.Model):
    """A proposed change of rules, with its evidence."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PROPOSED = "proposed", "Proposed"
        TESTING = "testing", "Testing"
        IN_REVIEW = "in_review", "In review"
        REFUSED = "refused", "Refused by the gate"
        INCONCLUSIVE = "inconclusive", "Inconclusive"
        MERGED = "merged", "Merged"
        REJECTED = "rejected", "Rejected"

    TRANSITIONS = {
        State.DRAFT: {State.PROPOSED, State.REJECTED},
        State.PROPOSED: {State.TESTING, State.REFUSED},
        State.TESTING: {State.IN_REVIEW, State.REFUSED, State.INCONCLUSIVE, State.PROPOSED},
        State.IN_REVIEW: {State.MERGED, State.REJECTED, State.DRAFT, State.TESTING, State.PROPOSED},
        State.INCONCLUSIVE: {State.TESTING, State.IN_REVIEW, State.REJECTED, State.PROPOSED},
        State.REFUSED: {State.DRAFT, State.REJECTED},
        State.MERGED: set(),
        State.REJECTED: set(),
    }
    FENCE = ("revision_number", "regression_id")  # a verdict is of one regression of one revision

    title = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="patches")
    engine = models.CharField(max_length=120, blank=True)  # which critic wrote it: offline, llm:MODEL; "" = a person
    source = models.CharField(max_length=12, default="person")  # exploration, expert, person
    base = models.ForeignKey("rules.KnowledgeVersion", models.PROTECT, related_name="patches")
    revision_number = models.PositiveIntegerField(default=1)
    failed = models.ForeignKey("cases.Session", models.SET_NULL, null=True, blank=True, related_name="+")
    better = models.ForeignKey("cases.Session", models.SET_NULL, null=True, blank=True, related_name="+")
    case = models.ForeignKey("cases.Case", models.SET_NULL, null=True, blank=True, related_name="patches")
    regression = models.ForeignKey("sandbox.Regression", models.SET_NULL, null=True, blank=True, related_name="patches")
    verdict = models.JSONField(null=True, blank=True)  # rules.gate.Verdict as data
    taken_on_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    taken_on_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "patches"
        indexes = [models.Index(fields=["state"])]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return address("rules:patch", self.pk)

    @property
    def standing(self) -> str:
        """Its state as it stands in a sentence."""
        return "a draft" if self.state == self.State.DRAFT else self.get_state_display().lower()


class PatchRevision(models.Model):
    """What a patch says, frozen: rules to add (by name, replacing one of the same name) and names to remove."""

    patch = models.ForeignKey(Patch, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    add = models.JSONField(default=list, blank=True)  # rules as data
    remove = models.JSONField(default=list, blank=True)  # rule names
    evidence = models.JSONField(default=dict, blank=True)  # key difference, flip table, ladder with the rung chosen
    note = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["patch", "number"]
        constraints = [models.UniqueConstraint(fields=["patch", "number"], name="patch_revision_number")]

    def __str__(self):
        return f"{self.patch} r{self.number}"


class GateVerdict(models.Model):
    """What the gate said of one revision on one base, and the regression it read. Append-only."""

    patch = models.ForeignKey(Patch, models.CASCADE, related_name="verdicts")
    revision_number = models.PositiveIntegerField()
    base = models.ForeignKey("rules.KnowledgeVersion", models.PROTECT, related_name="+")
    regression = models.ForeignKey(
        "sandbox.Regression", models.SET_NULL, null=True, blank=True, related_name="verdicts"
    )
    decision = models.CharField(max_length=12)  # rules.gate.Decision
    reason = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.patch} r{self.revision_number}: {self.decision}"


class PatchCommentQuerySet(models.QuerySet):
    def seen_by(self, user):
        """What was sent, and what this person still holds back."""
        return self.filter(models.Q(pending=False) | models.Q(by=user))

    def holding_up(self):
        """Sent and not resolved: these keep a patch from being merged."""
        return self.filter(pending=False, resolved_at=None)


class PatchComment(models.Model):
    """What somebody says of a patch: of the whole, of a line of its diff, or of a step it was learned from."""

    patch = models.ForeignKey(Patch, models.CASCADE, related_name="comments")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    revision_number = models.PositiveIntegerField(default=1)  # the revision that was read
    place = models.CharField(max_length=200, blank=True)  # line:RULE:NUMBER, step:SESSION:INDEX; "" = the whole
    quote = models.CharField(max_length=300, blank=True)  # what stood there
    pending = models.BooleanField(default=False)  # held back until its writer sends or decides
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = PatchCommentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["by", "pending"])]

    def __str__(self):
        return f"{self.by} on {self.patch}"
