from dataclasses import replace

import pytest

from cases.contexts.steps import Branch
from cloudmate.templatetags.trees import branches

ASKED = Branch(3, "get_logs", "ledger", "r0", False, 1200, 50.0, False, False, looked_ms=42_000)


def test_a_step_is_a_link_with_what_was_asked_and_how_long_it_took():
    assert branches([ASKED], with_looks=False) == (
        '<li><a class="tree__step" href="#step-3"><span class="tree__number">4</span>'
        '<span class="tree__words"><span class="tree__tool">get_logs</span>'
        '<span class="tree__about">ledger</span></span>'
        '<span class="tree__time">1.2 s</span>'
        '<svg class="tree__bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="50.0" height="2"/></svg></a></li>\n'
    )


def test_a_look_is_told_where_it_is_asked_for():
    assert "looked at for 42.0 s" in branches([ASKED], with_looks=True)
    assert "looked" not in branches([replace(ASKED, looked_ms=None)], with_looks=True)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"key_evidence": True, "level": "miss"}, 'aria-label="key evidence"'),
        ({"dead_end": True}, 'aria-label="dead end"'),
        ({"level": "miss"}, 'aria-label="miss"'),
        ({"level": "refused"}, 'aria-label="refused"'),
        ({"latency_ms": None}, '<span class="tree__time">—</span>'),
        ({"is_error": True}, 'class="tree__step is-error"'),
        ({"about": ""}, "no arguments"),
    ],
)
def test_what_matters_of_a_step_stands_at_its_line(how, said):
    assert said in branches([replace(ASKED, **how)], with_looks=False)


def test_what_a_tool_was_asked_is_text():
    found = branches([replace(ASKED, tool="<b>", about='"><script>')], with_looks=False)
    assert "&lt;b&gt;" in found
    assert "&quot;&gt;&lt;script&gt;" in found
    assert "<script>" not in found
