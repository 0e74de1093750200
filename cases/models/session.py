"""One troubleshooting run on a case, step by step, with every raw return."""

from django.conf import settings
from django.db import models

from cloudmate.addresses import address


class RawReturn(models.Model):
    """The raw text of a tool's return, stored once under its digest; redacted before it gets here. Append-only."""

    digest = models.CharField(max_length=64, primary_key=True)  # sha256 of the stored text
    text = models.TextField(blank=True)
    size = models.PositiveIntegerField()  # bytes, UTF-8

    def __str__(self):
        return f"{self.digest[:12]} ({self.size} bytes)"


class SessionQuerySet(models.QuerySet):
    def finished(self):
        return self.filter(state=Session.State.FINISHED)

    def recorded(self):
        """Of the real world: not made by the sandbox."""
        return self.filter(origin=Session.Origin.RECORDED)

    def with_verdict(self):
        """Each with the verdict of its newest evaluation; None where it has none."""
        from cases.models.evaluation import Evaluation  # which knows sessions

        newest = Evaluation.objects.filter(session=models.OuterRef("pk")).order_by("-pk")
        return self.annotate(verdict=models.Subquery(newest.values("verdict")[:1]))


class Session(models.Model):
    class State(models.TextChoices):
        RECORDING = "recording", "Recording"
        FINISHED = "finished", "Finished"

    class Origin(models.TextChoices):
        RECORDED = "recorded", "Recorded"  # posted by an agent, recorded by an expert, imported, or a first run
        EXPLORATION = "exploration", "Exploration"
        REGRESSION = "regression", "Regression"
        TRIAL = "trial", "Trial"  # critic's replays, a person's try-outs

    class Actor(models.TextChoices):
        AGENT = "agent", "Agent"
        EXPERT = "expert", "Expert"

    TRANSITIONS = {State.RECORDING: {State.FINISHED}, State.FINISHED: set()}

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="sessions")
    version = models.ForeignKey("cases.CaseVersion", models.PROTECT, related_name="sessions")
    state = models.CharField(max_length=10, choices=State, default=State.RECORDING)
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.RECORDED)
    actor = models.CharField(max_length=8, choices=Actor)
    engine = models.CharField(max_length=20)  # offline, llm, scripted, expert, imported, or the posting agent's word
    name = models.CharField(max_length=160, blank=True)
    external_id = models.CharField(max_length=200, null=True, blank=True, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="sessions")
    token = models.ForeignKey("cases.AgentToken", models.SET_NULL, null=True, blank=True, related_name="sessions")
    snapshot_digest = models.CharField(max_length=64, blank=True)
    knowledge_digest = models.CharField(max_length=64, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    # digest of everything that decides a deterministic run; equal inputs need not run twice
    inputs_digest = models.CharField(max_length=64, blank=True, db_index=True)
    diagnosis = models.JSONField(null=True, blank=True)
    concluding_rules = models.JSONField(default=list, blank=True)
    stop_reason = models.CharField(max_length=30, blank=True)
    transcript_digest = models.CharField(max_length=64, blank=True)
    measured_by = models.CharField(max_length=16, blank=True)  # code version of its evaluation; "" = due
    tokens = models.PositiveIntegerField(null=True, blank=True)
    wall_ms = models.PositiveIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["case", "origin", "state"]),
            models.Index(fields=["state", "origin"]),
            # few among many: what an expert showed of a case is asked for by every sweep and home page
            models.Index(fields=["case"], condition=models.Q(actor="expert"), name="session_of_expert"),
            models.Index(
                fields=["case", "id"],
                condition=models.Q(origin="recorded", actor="agent"),
                name="session_of_agent_newest",
            ),
            models.Index(fields=["case"], condition=models.Q(snapshot_digest=""), name="session_not_frozen"),
            # the names of the newest are looked through by every search, without the rows beside them
            models.Index(
                fields=["id"], include=["name"], condition=models.Q(origin="recorded"), name="session_recorded_name"
            ),
            models.Index(
                fields=["case"],
                condition=models.Q(actor="agent") & ~models.Q(knowledge_digest=""),
                name="session_with_knowledge",
            ),
            # the record of a case is told from the index alone, however often it was run
            models.Index(
                fields=["case", "id"],
                include=["version", "knowledge_digest", "finished_at"],
                condition=models.Q(actor="agent", state="finished", origin__in=["recorded", "regression"]),
                name="session_run_of_agent",
            ),
            models.Index(fields=["state", "measured_by"]),
            # what sessions cost is summed up from the index alone
            models.Index(
                fields=["origin", "tokens", "wall_ms"], condition=models.Q(actor="agent"), name="session_cost"
            ),
        ]

    def __str__(self):
        return f"session {self.pk}"

    def get_absolute_url(self):
        return address("cases:session", self.pk)


class Step(models.Model):
    """One tool call. Append-only, except that an expert's ``why`` may be edited while recording."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="steps")
    index = models.PositiveIntegerField()
    tool = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict, blank=True)
    raw = models.ForeignKey(RawReturn, models.PROTECT, related_name="+")
    is_error = models.BooleanField(default=False)
    level = models.CharField(max_length=8)  # cases.transcript.Level
    derivation = models.CharField(max_length=300, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)  # null = not captured
    thought = models.TextField(blank=True)
    why = models.TextField(blank=True)
    rules = models.JSONField(default=list, blank=True)  # RuleUse as data
    redactions = models.JSONField(default=list, blank=True)  # [{"kind": ..., "count": n}]
    key_evidence = models.BooleanField(default=False)
    dead_end = models.BooleanField(default=False)
    at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["session", "index"]
        constraints = [models.UniqueConstraint(fields=["session", "index"], name="step_once_per_index")]
        indexes = [models.Index(fields=["session"], condition=models.Q(level="live"), name="step_live")]

    def __str__(self):
        return f"{self.session} step {self.index}: {self.tool}"

    @staticmethod
    def told(session: int) -> models.QuerySet:
        """A session's steps with what they returned, in their order."""
        return Step.objects.filter(session=session).select_related("raw").order_by("index")
