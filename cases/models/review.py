"""The queue of scores that people judge themselves, and who sits over which of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class ReviewItem(models.Model):
    """A score that people should judge themselves. ``left`` counts the reviewers still wanted."""

    class Why(models.TextChoices):
        """What put it into the queue; a reviewer learns it only after the own answer."""

        DISAGREEMENT = "disagreement", "Sources disagree"
        LOW_CONFIDENCE = "low_confidence", "Low confidence"
        RANDOM = "random", "Random slice"  # the only slice whose rates speak for all sessions

    score = models.OneToOneField("cases.Score", models.CASCADE, related_name="review_item")
    why = models.CharField(max_length=14, choices=Why)
    priority = models.FloatField()  # higher comes first
    left = models.PositiveSmallIntegerField()
    # whose session it is, who does not judge it: kept here, as every page asks what waits for its reader
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-priority", "pk"]
        indexes = [
            models.Index(fields=["-priority", "id"], condition=Q(left__gt=0), name="review_items_that_wait"),
        ]

    def __str__(self):
        return f"review of {self.score_id}"


class ReviewSeat(models.Model):
    """One person over one item: a lease, then an answer, then a decision about the judge's."""

    class State(models.TextChoices):
        HELD = "held", "Held"  # nobody else gets the item until ``until``
        ANSWERED = "answered", "Answered"  # the own answer is stored; the judge's has been shown
        DONE = "done", "Done"
        LAPSED = "lapsed", "Lapsed"  # held too long, or handed back; a draft stays for its author

    class Decision(models.TextChoices):
        AGREE = "agree", "The judge is right"
        OVERRIDE = "override", "My answer stands"

    TRANSITIONS = {
        State.HELD: {State.ANSWERED, State.LAPSED},
        State.LAPSED: {State.HELD},
        State.ANSWERED: {State.DONE},
        State.DONE: {State.ANSWERED},  # undo
    }

    item = models.ForeignKey(ReviewItem, models.CASCADE, related_name="seats")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.HELD)
    until = models.DateTimeField()
    answers = models.JSONField(default=dict, blank=True)  # question id -> yes | no | insufficient; a draft while held
    reason = models.TextField(blank=True)
    flag = models.TextField(blank=True)  # what is wrong with the question or the evidence
    second_opinion = models.BooleanField(default=False)
    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    review = models.OneToOneField("cases.ScoreReview", models.PROTECT, null=True, blank=True, related_name="seat")
    at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["item", "by"], name="review_seat_once_per_person"),
            models.UniqueConstraint(fields=["item"], condition=Q(state="held"), name="review_item_held_once"),
            models.CheckConstraint(
                condition=Q(state__in=["held", "lapsed"], review=None)
                | Q(state__in=["answered", "done"], review__isnull=False),
                name="review_seat_answered_has_review",
            ),
        ]
        indexes = [models.Index(fields=["by", "state"])]

    def __str__(self):
        return f"{self.by} over {self.item}"
