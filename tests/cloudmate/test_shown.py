import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from cases.evaluation.calibration import Estimate
from cases.models import Case, Evaluation, Session
from cloudmate.templatetags import shown
from rules.models import Patch, Review
from sandbox.models import Exploration, Pair, Regression, Run

ICONS = set(re.findall(r'id="([\w-]+)"', Path(settings.BASE_DIR, "static", "icons.svg").read_text()))
EVERY_STATE = [
    state
    for choices in (
        Case.State,
        Evaluation.Verdict,
        Session.State,
        Run.State,
        Exploration.State,
        Regression.State,
        Pair.Outcome,
        Patch.State,
        Review.Decision,
    )
    for state in choices.values
]


@pytest.mark.parametrize("state", EVERY_STATE)
def test_every_state_has_an_icon_and_a_word(state):
    assert state in shown.STATUS
    assert f"#{shown.STATUS[state][1]}" in shown.chip(state)
    assert shown.STATUS[state][2] in shown.chip(state)


def test_every_icon_that_a_template_names_is_in_the_sprite():
    named = {
        name
        for path in Path(settings.BASE_DIR, "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([\w-]+)"', path.read_text())
    }
    assert named | {picture for _, picture, _ in shown.STATUS.values()} <= ICONS


def test_no_template_holds_a_style_or_a_script_of_its_own():
    inline = re.compile(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)")
    found = [
        str(path)
        for path in Path(settings.BASE_DIR, "templates").rglob("*.html")
        if inline.search(path.read_text()) or "|safe" in path.read_text()
    ]
    assert found == []


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(seconds=50), "50 s ago"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=30), "1 d ago"),
        (timedelta(minutes=-3), "in 3 min"),
    ],
)
def test_time_is_relative_with_the_exact_one_on_hover(before, words):
    now = timezone.now()
    said = shown.ago(now - before, now=now)
    assert f">{words}<" in said
    assert (now - before).strftime("%Y-%m-%d %H:%M:%S") in said


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(None, "—"), (0, "0 ms"), (950, "950 ms"), (1500, "1.5 s"), (65_000, "1 min 05 s"), (7_260_000, "2 h 01 min")],
)
def test_duration_is_said_in_its_unit(milliseconds, words):
    assert shown.duration(milliseconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(None, "—"), (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2e7, "20 MB")]
)
def test_size_is_said_in_its_unit(count, words):
    assert shown.size(count) == words


def test_share_never_stands_without_its_n():
    assert shown.share(3, 4) == '75 % <span class="muted small">n = 4</span>'
    assert "n = 0" in shown.share(0, 0)


def test_score_that_is_none_is_unscored_and_not_zero():
    assert (shown.score(None), shown.score(0)) == ("unscored", "0.00")


def test_theme_is_one_of_three_whatever_the_cookie_says():
    request = RequestFactory().get("/")
    said = {}
    for cookie in ("dark", "light", '"><script>', ""):
        request.COOKIES["theme"] = cookie
        said[cookie] = shown.theme({"request": request})
    assert said == {"dark": "dark", "light": "light", '"><script>': "system", "": "system"}


def test_sort_heading_turns_the_order_and_keeps_the_filters():
    request = RequestFactory().get("/cases/", {"q": "pool", "page": "3", "sort": "name"})
    heading = Template('{% load shown %}{% sort_heading "name" "Case" %}').render(Context({"request": request}))
    assert 'aria-sort="ascending"' in heading
    assert 'href="?q=pool&amp;sort=-name"' in heading


def test_estimate_never_stands_without_its_interval_and_n():
    assert shown.estimate(Estimate(0.125, 0.0, 0.5, 8)) == (
        '0.13 <span class="muted small nowrap">0.00 to 0.50</span> <span class="muted small nowrap">n = 8</span>'
    )
    assert shown.estimate(Estimate(None, None, None, 0)) == (
        '<span class="muted">not known</span> <span class="muted small nowrap">n = 0</span>'
    )
