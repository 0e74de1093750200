"""What is said of a case before anybody confirms it."""

from cases.diagnosis import Answer, Cause
from cases.health import FAILS, HOLDS, OPEN, Check, guess, leak, secrets
from cases.transcript import Task

ANSWER = Answer(causes=(Cause("ledger", "missing_index"),), title="the index of entries was dropped")


def told(prompt: str, **context) -> Task:
    return Task(prompt=prompt, context=context)


def test_secrets_counts_what_was_taken_out():
    task = told("Sign-in fails with [REDACTED password]", header="[REDACTED token] and [REDACTED token]")
    assert secrets(task) == Check("No secrets", HOLDS, "Prompt and context: 1 × password, 2 × token taken out")


def test_secret_that_today_s_patterns_know_is_found():
    assert secrets(told("password=hunter2hunter2")).state == FAILS


def test_prompt_that_names_the_fault_class_tells_the_answer():
    check = leak(told("Checkout is slow: missing index on the ledger?"), ANSWER)
    assert (check.state, check.words) == (FAILS, "The agent is told missing_index and ledger before it has looked")


def test_class_that_the_alert_names_is_a_symptom():
    alert = {"labels": {"reason": "MissingIndex"}}
    assert leak(told("Checkout is slow", alert=alert), ANSWER).state == HOLDS


def test_statement_of_the_answer_word_for_word_is_a_leak():
    check = leak(told("Slow since the index of entries was dropped."), ANSWER)
    assert (check.state, "word for word" in check.words) == (FAILS, True)


def test_prompt_that_says_only_the_symptom_tells_nothing():
    assert leak(told("Checkout is slow"), ANSWER).state == HOLDS
    assert leak(told("Checkout is slow"), None).state == OPEN


def test_class_and_component_of_the_alert_are_a_trivial_guess():
    task = told("ledger is slow", alert={"labels": {"reason": "missing index"}})
    assert guess(task, ANSWER, {}).state == FAILS


def test_most_frequent_class_is_a_trivial_guess_where_the_component_is_named():
    classes = {"missing_index": 7, "oom_killed": 5}
    check = guess(told("ledger is slow"), ANSWER, classes)
    assert (check.state, "(7 of 12)" in check.words) == (FAILS, True)
    assert guess(told("checkout is slow"), ANSWER, classes).state == HOLDS
    assert guess(told("ledger is slow"), ANSWER, {"oom_killed": 5}).words == (
        "Neither the alert nor the most frequent class (oom_killed, 5 of 5) is right"
    )


def test_answer_without_a_class_leaves_the_guess_open():
    assert guess(told("slow"), Answer(expected=("it is slow",)), {}).state == OPEN
