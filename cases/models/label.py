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
    informed = models.BooleanField(default=False)  # given by somebody who knew the answer that stood
    set_aside_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    set_aside_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.by} labels {self.version}"


class LabelSeat(models.Model):
    """One person over one case: until they gave their own answer, or left, what stands there is closed to them."""

    class State(models.TextChoices):
        HELD = "held", "Held"
        GIVEN = "given", "Given"
        LEFT = "left", "Left"

    TRANSITIONS = {State.HELD: {State.GIVEN, State.LEFT}, State.GIVEN: set(), State.LEFT: set()}

    case = models.ForeignKey("cases.Case", models.CASCADE, related_name="label_seats")
    task_digest = models.CharField(max_length=64)  # of the task it was taken for
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(max_length=5, choices=State, default=State.HELD)
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["by"], condition=models.Q(state="held"), name="person_labels_one_case_at_a_time"
            )
        ]

    def __str__(self):
        return f"{self.by} labels {self.case} alone"
