import re

import pytest

from cloudmate.work import finish
from rules import patches, versions
from rules.models import Patch
from sandbox import work as sandbox_work
from tests import factories
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
    "/knowledge/insight/",
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


def test_nothing_is_wrong_with_patches_in_any_state(db, sign_in, faults):
    found = scene.every_state()
    sign_in("lead", "expert")
    assert faults(addresses(found)) == {}


def test_nothing_is_wrong_with_a_form_that_has_a_mistake(db, sign_in, visit, page, complaints):
    sign_in("expert")
    visit("/patches/new/")
    page.get_by_label("Title").fill("mine")
    page.get_by_label("Rules to add or replace").fill(BROKEN)
    page.get_by_role("button", name="Save draft").click()
    page.locator(".place mark", has_text="WHEM").wait_for()
    assert complaints() == {}


SIDEWAYS = "box => box.scrollWidth > box.clientWidth"


def wide_ladder() -> Patch:
    """A patch whose critic tried three widths, with near misses and broken variants in long words."""
    patch = scene.patch("in_review", "fixed")
    (rung,) = scene.EVIDENCE["ladder"]
    tests = [
        {"aspect": "saturation", "pattern": "connection pool|too_many_connections", "negated": False},
        {"aspect": "database", "pattern": "", "negated": True},
    ]
    missed = [f"checkout-service_latency_regression_{number}_of_nightly" for number in range(3)]
    rungs = [rung | {"width": width, "tests": tests, "near_misses": missed} for width in ("as seen", "its kind", "any")]
    kept = patches.current(patch)
    kept.evidence = kept.evidence | {"ladder": rungs, "chosen": 1}
    kept.save(update_fields=["evidence"])
    return patch


def test_widths_of_a_rule_are_read_without_scrolling_sideways(db, sign_in, visit, page):
    patch = wide_ladder()
    sign_in("reviewer")
    visit(f"/patches/{patch.pk}/?tab=evidence", width=1280)
    assert page.get_by_role("region", name="Widths").evaluate(SIDEWAYS) is False


def test_rule_with_a_mistake_shows_where_and_keeps_what_was_typed(db, sign_in, visit, page):
    sign_in("expert")
    visit("/patches/new/")
    page.get_by_label("Title").fill("mine")
    page.get_by_label("Rules to add or replace").fill(BROKEN)
    page.get_by_label("Why").fill("because")
    page.get_by_role("button", name="Save draft").click()
    assert page.locator(".place mark").inner_text() == "WHEM"
    assert page.locator(".field__error", has_text="line 2, column 1, at WHEM").is_visible()
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


def test_rule_that_comes_back_is_checked_before_a_key_is_pressed(db, sign_in, visit, page):
    sign_in("expert")
    visit("/patches/new/")
    page.get_by_label("Rules to add or replace").fill(builders.RULE.format(name="mine"))
    page.get_by_text("It reads.").wait_for()
    page.reload()
    page.get_by_text("It reads.").wait_for(timeout=5_000)
    assert page.get_by_text("Back as you left it, not saved yet").is_visible()
    assert page.locator("#completions").is_hidden()


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


SEE_WHAT_STANDS = """() => {
    window.stood = [];
    addEventListener("htmx:afterSwap", () => window.stood.push(document.querySelector("#comment").value));
}"""


def test_live_patch_moves_on_without_losing_what_is_typed(db, sign_in, visit, page):
    patch = scene.patch("testing", "fixed", waiting=1)
    sign_in("lead")
    visit(f"/patches/{patch.pk}/")
    page.get_by_label("Comment").press_sequentially("half a thou")
    page.evaluate(SEE_WHAT_STANDS)
    end_the_test(patch)
    page.locator("#verdict", has_text="The gate lets it through.").wait_for(timeout=10_000)
    page.keyboard.type("ght")
    assert page.get_by_label("Comment").input_value() == "half a thought"
    assert set(page.evaluate("window.stood")) == {"half a thou"}  # even before the page has settled
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


def test_editor_completes_by_keyboard_from_the_vocabulary(db, sign_in, visit, page):
    factories.make_confirmed_case()
    sign_in("expert")
    with page.expect_response("**/rules/words.json"):
        visit("/patches/new/")
    text = page.get_by_label("Rules to add or replace")
    text.click()
    text.press_sequentially("RULE mine\nWHEN evidence(satu")
    page.locator("#completions [aria-selected=true]", has_text="saturation").wait_for()
    page.keyboard.press("Enter")
    text.press_sequentially(")\nTHEN REQUIRE ")
    page.keyboard.press("Control+Space")
    page.locator("#completions li").first.wait_for()
    assert page.locator("#completions li").all_inner_texts() == ["get_logs", "list_resources"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    text.press_sequentially("(")
    page.keyboard.press("Escape")
    assert page.locator("#completions").is_hidden()
    assert text.input_value() == "RULE mine\nWHEN evidence(saturation)\nTHEN REQUIRE list_resources("
    page.keyboard.press("Control+z")
    assert text.input_value() == "RULE mine\nWHEN evidence(saturation)\nTHEN REQUIRE "


def test_editor_marks_the_mistake_at_its_word_while_typing(db, sign_in, visit, page, complaints):
    sign_in("expert")
    visit("/patches/new/")
    text = page.get_by_label("Rules to add or replace")
    text.fill(BROKEN)
    mark = page.locator("#under mark")
    mark.wait_for()
    assert mark.inner_text() == "WHEM"
    assert text.get_attribute("aria-invalid") == "true"
    assert complaints() == {}
    text.fill(BROKEN.replace("WHEM", "WHEN"))
    page.get_by_text("It reads.").wait_for()
    assert page.locator("#under mark").count() == 0
    assert text.get_attribute("aria-invalid") is None
    assert page.locator("#face-prose", has_text="This points to missing_index there (weight 3).").is_visible()
    assert complaints() == {}


def test_editor_tries_the_rule_on_the_library_before_it_is_proposed(db, sign_in, visit, page):
    case = factories.make_confirmed_case()
    factories.make_finished_session(case, engine="offline", steps=factories.RECORDINGS)
    sign_in("expert")
    visit("/patches/new/")
    page.get_by_label("Rules to add or replace").fill(builders.RULE.format(name="mine"))
    page.get_by_role("button", name="Try it on the library").click()
    page.locator("#preview", has_text="of 1 case").wait_for()
    assert Patch.objects.count() == 0


def test_line_is_commented_by_keyboard_and_sent_with_the_decision(db, sign_in, visit, page):
    patch = scene.patch("in_review", "fixed")
    sign_in("reviewer")
    visit(f"/patches/{patch.pk}/?tab=diff")
    name = patches.current(patch).add[0]["name"]
    tab_to(page, f"Comment on line 2 of {name}")
    page.keyboard.press("Enter")
    page.wait_for_url("**say=**")
    page.keyboard.type("narrow the pattern")
    tab_to(page, "Add to my review")
    page.keyboard.press("Enter")
    page.get_by_text("1 comment of yours held back").wait_for()
    assert page.locator(".talk", has_text="narrow the pattern").is_visible()
    tab_to(page, "Request changes")
    page.keyboard.press("Enter")
    page.get_by_text("Changes asked: it is a draft again.").wait_for()
    patch.refresh_from_db()
    assert (patch.state, patch.comments.get().pending) == ("draft", False)


def test_patch_is_reviewed_by_mouse(db, sign_in, visit, page):
    patch = scene.patch("in_review", "fixed", "same_pass")
    sign_in("reviewer")
    visit("/patches/")
    page.get_by_role("link", name=patch.title).click()
    page.get_by_role("link", name="Diff", exact=True).click()
    page.locator(".diff__line").nth(1).hover()
    page.locator(".diff__say").nth(1).click()
    page.locator("#say-text").fill("why only the pool?")
    page.get_by_role("button", name="Comment now").click()
    page.locator(".talk", has_text="why only the pool?").wait_for()
    assert page.get_by_role("button", name="Merge into the next version").is_disabled()
    page.get_by_role("button", name="Resolve").click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Merge into the next version").click()
    page.get_by_text("It is part of").wait_for()
    assert versions.head().number == 1


def test_rejection_takes_its_reason_from_the_list(db, sign_in, visit, page):
    patch = scene.patch("in_review", "fixed")
    sign_in("reviewer")
    visit(f"/patches/{patch.pk}/")
    page.get_by_role("button", name="Reject").click()
    page.get_by_text("Choose the reason for rejecting").wait_for()
    page.get_by_label("Reason, to reject").select_option("too_broad")
    page.get_by_role("button", name="Reject").click()
    page.get_by_text("too broad").first.wait_for()
    patch.refresh_from_db()
    assert (patch.state, patch.reviews.get().reason) == ("rejected", "too_broad")
