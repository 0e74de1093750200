from django.db import models

from cloudmate.work import Work


class Derivation(Work):
    """What reverse reasoning draws from an expert's session: per step, why it was taken, from the prefix only."""

    guidance = models.OneToOneField("cases.Guidance", models.CASCADE, related_name="derivation")
    engine = models.CharField(
        max_length=120, default="offline"
    )  # offline, or llm:MODEL where a model drafted any of it
    # [{"step", "rationale", "separates", "cites": [step...], "replay": "reproduced|different|not_captured",
    #   "hit_before", "hit_after", "kept", "edited_by", "engine", "problem", "record"}]
    rationales = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"derivation of {self.guidance}"
