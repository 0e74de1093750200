import re

import pytest

from cloudmate.work import finish
from rules import patches, versions
from rules.models import Patch
from sandbox import work as sandbox_work
from tests.rules import builders, scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABS = ("", "?tab=diff", "?tab=evidence", "?tab=regression", "?tab=history")
LISTS = (
    "/patches/",
    "/patches/?show=merged",
    "/patches/new/",
    "/knowledge/",
    "/knowledge/0/",
    "/knowledge/1/",
    "/rules/",
)
BROKEN = 'RULE broken\nWHEM evidence(log)\nTHEN IMPLY missing_index\nBECAUSE "x"\n'


def addresses(found) -> list[str]:
    every_tab = [f"/patches/{found['in_review'].pk}/{tab}" for tab in TABS]
    return [
        *LISTS,
        *every_tab,
        *(f"/patches/{patch.pk}/" for state, patch in found.items() if state != "in_review"),
        *(f"/patches/{found[state].pk}/?tab=regression" for state in ("testing", "refused", "draft")),
        f"/patches/{found['draft'].pk}/edit/",
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(db, sign_in, visit, complaints, theme):
    found = scene.every_state()
    sign_in("lead", "expert")
    wrong = {}
    for path in addresses(found):
        visit(path, theme=theme)
        if rest := complaints():
            wrong[path] = rest
    assert wrong == {}


def test_axe_finds_nothing_in_a_form_with_a_mistake(db, sign_in, visit, page, complaints):
    sign_in("expert")
    visit("/patches/new/")
    page.get_by_label("Title").fill("mine")
    page.get_by_label("Rules to add or replace").fill(BROKEN)
    page.get_by_role("button", name="Save draft").click()
    page.locator("mark", has_text="WHEM").wait_for()
    assert complaints() == []


def test_nothing_is_wider_than_a_phone(db, sign_in, visit):
    found = scene.every_state()
    sign_in("lead", "expert")
    widths = {
        path: visit(path, width=390).evaluate("document.documentElement.scrollWidth") for path in addresses(found)
    }
    assert {path: width for path, width in widths.items() if width != 390} == {}


def test_rule_with_a_mistake_shows_where_and_keeps_what_was_typed(db, sign_in, visit, page):
    sign_in("expert")
    visit("/patches/new/")
    page.get_by_label("Title").fill("mine")
    page.get_by_label("Rules to add or replace").fill(BROKEN)
    page.get_by_label("Why").fill("because")
    page.get_by_role("button", name="Save draft").click()
    assert page.locator(".place mark").inner_text() == "WHEM"
    assert page.get_by_text("line 2, column 1, at WHEM").is_visible()
    text = page.get_by_label("Rules to add or replace")
    assert text.input_value().strip() == BROKEN.strip()
    text.fill(BROKEN.replace("WHEM", "WHEN"))
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url(re.compile(r"/patches/\d+/$"))
    assert Patch.objects.get().title == "mine"
    visit("/patches/new/")
    assert page.get_by_label("Title").input_value() == ""


def test_half_a_rule_survives_a_reload(db, sign_in, visit, page):
    sign_in("expert")
    visit("/patches/new/")
    page.get_by_label("Rules to add or replace").press_sequentially("RULE half")
    page.get_by_text("Kept in this browser until you save").wait_for()
    page.reload()
    assert page.get_by_label("Rules to add or replace").input_value() == "RULE half"


def test_patch_is_reviewed_by_keyboard_alone(db, sign_in, visit, page):
    patch = scene.patch("in_review", "fixed", "same_pass")
    sign_in("reviewer")
    visit("/")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/patches/")
    tab_to(page, patch.title)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/patches/{patch.pk}/")
    tab_to(page, "Regression")
    page.keyboard.press("Enter")
    page.locator(".matrix").wait_for()
    tab_to(page, "Conversation")
    page.keyboard.press("Enter")
    page.locator("#merge-box").wait_for()
    tab_to(page, "Approve")
    page.keyboard.press("Enter")
    page.get_by_text("waits for its merge").wait_for()
    tab_to(page, "Merge into the next version")
    page.keyboard.press("Enter")
    page.get_by_text("It is part of").wait_for()
    patch.refresh_from_db()
    assert (patch.state, versions.head().number) == ("merged", 1)


def tab_to(page, words: str) -> None:
    """Press Tab until the element that says exactly ``words`` has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim().split('\\n')[0]") == words:
            return
    raise AssertionError(f"Tab never reaches {words!r}")


def test_shut_button_says_why(db, sign_in, visit, page):
    patch = scene.patch("refused", "regressed")
    sign_in("reviewer")
    visit(f"/patches/{patch.pk}/")
    approve = page.get_by_role("button", name="Approve")
    assert approve.is_disabled()
    assert approve.evaluate("button => document.getElementById(button.getAttribute('aria-describedby')).innerText") == (
        "It is refused by the gate: only a patch in review can be decided on"
    )


def test_live_patch_moves_on_without_losing_what_is_typed(db, sign_in, visit, page):
    patch = scene.patch("testing", "fixed", waiting=1)
    sign_in("lead")
    visit(f"/patches/{patch.pk}/")
    page.get_by_label("Comment").press_sequentially("half a thou")
    end_the_test(patch)
    page.locator("#verdict", has_text="The gate lets it through.").wait_for(timeout=10_000)
    page.keyboard.type("ght")
    assert page.get_by_label("Comment").input_value() == "half a thought"
    assert page.locator("#patch-live").count() == 0
    assert page.locator("#patch-said").inner_text() == "In review."
    assert page.get_by_role("button", name="Approve").is_enabled()


def end_the_test(patch) -> None:
    """What the workers do when the last pair has run."""
    for pair in patch.regression.pairs.filter(outcome=""):
        pair.state = "running"
        pair.save(update_fields=["state"])
        finish(pair, outcome="same_pass", base_passed=True, candidate_passed=True)
    sandbox_work.close_regressions()
    patches.judge(Patch.objects.select_related("regression").get(pk=patch.pk))


def test_patch_cannot_be_decided_by_its_maker(db, sign_in, visit, page):
    author = sign_in("reviewer", "expert")
    patch = scene.patch("in_review", "fixed", by=author)
    visit(f"/patches/{patch.pk}/")
    assert page.get_by_role("button", name="Approve").is_disabled()
    assert page.get_by_text("You made it: someone else has to decide").is_visible()


def test_navigation_says_what_waits_for_me(db, sign_in, visit, page):
    builders.in_review()
    sign_in("reviewer")
    visit("/")
    page.locator(".turns .turn", has_text="add look-behind-the-pool").wait_for()
    assert page.locator("#side .nav-link", has_text="Your turn").locator(".count").inner_text().startswith("1\n")
    assert page.locator("#side .nav-link", has_text="Patches").locator(".count").inner_text().startswith("1\n")
