"""A scene in a data folder of its own, set and looked at by separate processes: python -m tests.flows.scene VERB.

``set`` stocks a library and opens a regression of a hundred pairs; ``look`` prints how its pairs stand.
"""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudmate.settings")
SEEDS = tuple(range(20))
RULE = """RULE look-behind-the-pool
WHEN evidence(saturation, "pool|connection")
THEN REQUIRE get_slow_queries() BEFORE CONCLUDE
BECAUSE "a full pool is a symptom"
"""


def set_up() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from sandbox import regression
    from sandbox.knowledge.language import parse
    from sandbox.knowledge.rule import EMPTY, Knowledge
    from tests.flows import library

    library.stock(library.people().lead)
    regression.open_for(base=EMPTY, candidate=Knowledge(parse(RULE)), seeds=SEEDS)


def look() -> None:
    from django.db.models import Count

    from cases.models import Session
    from sandbox.models import Pair, Regression

    pairs = Pair.objects.all()
    print(
        json.dumps(
            {
                "state": Regression.objects.get().state,
                "pairs": pairs.count(),
                "ended": pairs.exclude(outcome="").count(),
                "running": pairs.filter(state="running").count(),
                "outcomes": dict(pairs.exclude(outcome="").values_list("outcome").annotate(n=Count("pk"))),
                "taken_over": pairs.filter(attempt__gt=1).count(),
                "unfinished_sessions": Session.objects.filter(state="recording").count(),
            }
        )
    )


if __name__ == "__main__":
    import django

    django.setup()
    {"set": set_up, "look": look}[sys.argv[1]]()
