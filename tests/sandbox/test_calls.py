"""What a page of a thousand rows draws in Python, not in a template."""

from types import SimpleNamespace

import pytest

from sandbox.templatetags.calls import case_columns, dot


@pytest.mark.parametrize(
    ("arm", "session", "passed", "outcome", "drawn"),
    [
        ("old", 7, True, "fixed", 'a class="dot dot--same" href="/sessions/7/" title="old: passed">old run: passed'),
        ("new", 7, True, "fixed", 'a class="dot dot--ok" href="/sessions/7/" title="new: passed">new run: passed'),
        (
            "new",
            7,
            False,
            "regressed",
            'a class="dot dot--bad" href="/sessions/7/" title="new: failed">new run: failed',
        ),
        ("new", 7, False, "same_fail", 'a class="dot" href="/sessions/7/" title="new: failed">new run: failed'),
        (
            *("old", 7, None, "inconclusive"),
            'a class="dot dot--warn" href="/sessions/7/" title="old: neither">old run: neither passed nor failed',
        ),
        (
            *("new", None, True, "unaffected"),
            'span class="dot dot--same" title="new: passed, proven without a run">new: passed, proven without a run',
        ),
        (
            *("new", None, False, "unaffected"),
            'span class="dot" title="new: failed, proven without a run">new: failed, proven without a run',
        ),
        ("old", None, None, "", 'span class="dot dot--none" title="old: not run">old: not run'),
    ],
)
def test_a_dot_says_in_words_how_an_arm_went(arm, session, passed, outcome, drawn):
    tag = drawn.partition(" ")[0]
    expected = "<" + drawn.replace(">", '><span class="sr-only">') + f"</span></{tag}>"
    assert dot(arm, session, passed, outcome) == expected


def test_a_column_of_the_picture_escapes_the_name_of_its_case():
    item = SimpleNamespace(new="lost", old="pass", url="/cases/1/", words='<b> & "x"')
    assert case_columns([item]) == (
        '<a class="case-column case-column--lost" href="/cases/1/" title="&lt;b&gt; &amp; &quot;x&quot;">'
        '<i class="arm arm--pass"></i><i class="arm arm--lost"></i>'
        '<span class="sr-only">&lt;b&gt; &amp; &quot;x&quot;</span></a>'
    )
