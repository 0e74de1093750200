"""Imports point one way: floor <- cases <- sandbox <- rules <- roof; what thinks is plain Python."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {"floor": 0, "cases": 1, "sandbox": 2, "rules": 3, "roof": 4}
FLOOR = {
    *("cloudmate.addresses", "cloudmate.env", "cloudmate.llm", "cloudmate.prepared", "cloudmate.states"),
    *("cloudmate.sums", "cloudmate.work"),
}
EDGES = {"views", "tasks", "api", "admin", "urls", "forms", "contexts"}
FRAMEWORKS = {"django", "celery", "rest_framework"}
PLAIN = "No Django here."
OPENAI = "cloudmate/llm/openai.py"

APPS = ("cloudmate", "cases", "sandbox", "rules")
SOURCES = sorted(
    path for app in APPS for path in (ROOT / app).rglob("*.py") if not {"migrations", "__pycache__"} & set(path.parts)
)
EVERY = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))


def level(module: str) -> int | None:
    top = module.split(".")[0]
    if top != "cloudmate":
        return LEVELS.get(top)
    return LEVELS["floor"] if ".".join(module.split(".")[:2]) in FLOOR else LEVELS["roof"]


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@EVERY
def test_imports_point_down(path):
    mine = level(module_of(path))
    assert {name for name in imports(path) if level(name) is not None and level(name) > mine} == set()


def is_edge(module: str) -> bool:
    """Whether a module of an app answers requests or serves what does: views, lab_views, contexts ..."""
    inside = module.split(".")[1:2]
    return bool(inside) and inside[0].rpartition("_")[2] in EDGES


@EVERY
def test_services_do_not_know_their_callers(path):
    module = module_of(path)
    if not module.startswith("cloudmate") and not is_edge(module):
        names = [name for name in imports(path) if name.split(".")[0] in APPS]
        assert {name for name in names if is_edge(name)} == set()


@EVERY
def test_what_says_it_is_plain_python_is(path):
    tree = ast.parse(path.read_text())
    if PLAIN in (ast.get_docstring(tree) or ""):
        # inside a function a module may still hand over to a framework that its caller has loaded
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in top if isinstance(node, ast.ImportFrom)}
        assert {name for name in names if name.split(".")[0] in FRAMEWORKS} == set()


def test_many_modules_say_so():
    assert sum(PLAIN in path.read_text() for path in SOURCES) >= 10


@EVERY
def test_only_one_module_speaks_to_models(path):
    if str(path.relative_to(ROOT)) != OPENAI:
        assert "openai" not in {name.split(".")[0] for name in imports(path)}


def test_foreign_keys_point_down():
    from django.apps import apps

    up = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.concrete and field.is_relation and field.related_model
        if LEVELS.get(model._meta.app_label, 0) < LEVELS.get(field.related_model._meta.app_label, 0)
    ]
    assert up == []
