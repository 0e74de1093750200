"""A failure to diagnose, its versions, and who confirmed it."""

from django.conf import settings
from django.db import models

from cases.diagnosis import Answer
from cases.parsing import parse_answer
from cloudmate.addresses import address


class System(models.Model):
    """A set of components that fail together: a shop, a cluster, a team's services."""

    class Policy(models.TextChoices):
        MANUAL = "manual", "A person starts agent runs"
        RUN_OPEN = "run_open", "The agent runs on every open case by itself"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    policy = models.CharField(max_length=10, choices=Policy, default=Policy.RUN_OPEN)
    thresholds = models.JSONField(default=dict, blank=True)  # cases.evaluation.thresholds; {} = the defaults
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class CaseQuerySet(models.QuerySet):
    def confirmed(self):
        """In the baseline library and gating."""
        return self.filter(Case.GATING)

    def library(self):
        """What the library page lists: everything on its way to or in the baseline."""
        return self.exclude(state=Case.State.DRAFT)


class Case(models.Model):
    """One failure. Identity and lifecycle live here; content lives in immutable CaseVersions."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        CLEANED = "cleaned", "Cleaned"
        LABELLED = "labelled", "Labelled"
        CONFIRMED = "confirmed", "Confirmed"
        QUARANTINED = "quarantined", "Quarantined"
        RETIRED = "retired", "Retired"

    class Ambiguity(models.TextChoices):
        """Whether people who label it by themselves say the same; ``cases.labels`` weighs it."""

        UNKNOWN = "", "Not known: fewer than two people labelled it"
        AGREED = "agreed", "Two people label it alike"
        AMBIGUOUS = "ambiguous", "Labels disagree"

    GATING = models.Q(state=State.CONFIRMED, gates=True) & ~models.Q(ambiguity=Ambiguity.AMBIGUOUS)

    TRANSITIONS = {
        State.DRAFT: {State.CLEANED},
        State.CLEANED: {State.LABELLED},
        State.LABELLED: {State.CONFIRMED},
        State.CONFIRMED: {State.QUARANTINED, State.RETIRED, State.LABELLED},
        State.QUARANTINED: {State.CONFIRMED, State.RETIRED},
        State.RETIRED: {State.CONFIRMED, State.QUARANTINED},  # and confirmed to labelled: by an undo alone
    }

    system = models.ForeignKey(System, models.PROTECT, related_name="cases")
    name = models.CharField(max_length=160)
    # what makes two imports the same case; for alerts: ("alert", fingerprint)
    origin = models.CharField(max_length=200)
    origin_path = models.CharField(max_length=300)
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    state_reason = models.CharField(max_length=300, blank=True)
    current = models.ForeignKey("CaseVersion", models.PROTECT, null=True, related_name="+")
    tags = models.JSONField(default=list, blank=True)
    gates = models.BooleanField(default=True)
    ambiguity = models.CharField(max_length=9, choices=Ambiguity, blank=True, default=Ambiguity.UNKNOWN)
    must_pass = models.BooleanField(default=False)
    synthetic = models.BooleanField(default=False)
    source = models.JSONField(default=dict, blank=True)
    # of the newest snapshot, written by the sandbox: bytes; of the different calls that explorers asked, the share
    # that it answers (null = not measured) and how many there were; digest
    frozen_size = models.PositiveBigIntegerField(null=True, blank=True)
    frozen_share = models.FloatField(null=True, blank=True)
    frozen_asked = models.PositiveIntegerField(null=True, blank=True)
    frozen_digest = models.CharField(max_length=64, blank=True)
    # who looks at a quarantined case, and by when: then it is their turn
    quarantine_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    quarantined_until = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["origin", "origin_path"], name="case_identity")]
        indexes = [
            models.Index(fields=["state", "system"]),
            models.Index(fields=["updated_at", "id"], name="case_by_change"),
            models.Index(fields=["name", "id"], name="case_by_name"),
            models.Index(fields=["frozen_digest"], condition=~models.Q(frozen_digest=""), name="case_frozen"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return address("cases:case", self.pk)

    @property
    def standing(self) -> str:
        """Its state as it stands in a sentence."""
        return "a draft" if self.state == self.State.DRAFT else self.get_state_display().lower()

    @property
    def frozen_answered(self) -> int | None:
        return None if self.frozen_share is None else round(self.frozen_share * self.frozen_asked)


class CaseVersion(models.Model):
    """What a case says, frozen. Results name the version they used. Append-only.

    ``prompt``, ``context``, ``tools`` and ``fault_classes`` are all an agent may see (a
    cases.transcript.Task); ``answer`` is for evaluation and people with the right only.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    # digest of what an agent may see alone: versions that differ in their answer only share it, and so
    # a session recorded on one can be measured against the answer of the other
    task_digest = models.CharField(max_length=64, db_index=True)
    prompt = models.TextField()
    context = models.JSONField(default=dict, blank=True)
    tools = models.JSONField(default=list, blank=True)
    fault_classes = models.JSONField(default=list, blank=True)
    answer = models.JSONField(default=dict, blank=True)
    fault_class = models.CharField(max_length=80, blank=True, db_index=True)  # from the answer, for maps and filters
    category = models.CharField(max_length=80, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["case", "number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="case_version_number"),
            models.UniqueConstraint(fields=["case", "digest"], name="case_version_digest"),
        ]
        # the categories that there are, and the tasks that several cases have, without the prompts beside them
        indexes = [
            models.Index(fields=["category", "id"], name="case_version_of_category"),
            models.Index(fields=["task_digest", "case"], name="case_version_of_task"),
        ]

    def __str__(self):
        return f"{self.case} v{self.number}"

    def parsed_answer(self) -> Answer | None:
        """None where nobody has said yet what is right."""
        return parse_answer(self.answer) if self.answer else None


class Confirmation(models.Model):
    """One person's word that a case version is right. Two different people's make it gate, or one named lead's in bulk."""

    version = models.ForeignKey(CaseVersion, models.CASCADE, related_name="confirmations")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    bulk = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "by"], name="confirmation_once")]

    def __str__(self):
        return f"{self.version} confirmed by {self.by}"
