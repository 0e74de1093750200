"""The words a rule may be written with: those of the language, and those of the systems met so far."""

from django.db.models import Max

from cases.models import Case, CaseVersion
from rules import versions
from sandbox.knowledge.building import BINDINGS, VARIABLES
from sandbox.knowledge.evidence import Aspect
from sandbox.knowledge.rule import PLACES, SYMPTOMS

KEYWORDS = (
    *("RULE", "WHEN", "AND", "NOT", "UNLESS", "OR", "THEN", "REQUIRE", "BEFORE", "CONCLUDE", "PREFER", "AVOID"),
    *("IMPLY", "SYMPTOM", "OF", "EXCLUDE", "ADVISE", "WEIGHT", "AT", "BECAUSE"),
    *("evidence", "symptom", "conclusion", "tool", "kind", "component"),
)


def vocabulary() -> dict:
    """As JSON data: keywords, aspects, symptoms, bindings, places, variables, tools with parameters, fault classes, rules.

    Tools and classes are those of each system's newest case: three queries, whatever the size of the library.
    """
    newest = Case.objects.exclude(current=None).order_by().values("system").annotate(newest=Max("current"))
    tools: dict[str, list[str]] = {}
    classes: set[str] = set()
    found = CaseVersion.objects.filter(pk__in=[row["newest"] for row in newest])
    for offered, named in found.values_list("tools", "fault_classes"):
        classes.update(named)
        for tool in offered:
            tools[tool["name"]] = sorted((tool.get("parameters") or {}).get("properties") or {})
    used = Case.objects.exclude(current=None).order_by().values_list("current__fault_class", flat=True).distinct()
    classes.update(name for name in used if name and name != "none")
    return {
        "keywords": list(KEYWORDS),
        "aspects": [str(aspect) for aspect in Aspect],
        "symptoms": list(SYMPTOMS),
        "bindings": list(BINDINGS),
        "places": list(PLACES),
        "variables": list(VARIABLES),
        "tools": dict(sorted(tools.items())),
        "classes": sorted(classes),
        "rules": sorted(rule.name for rule in versions.knowledge(versions.head()).rules),
    }
