"""The health of what is frozen of a case: secrets, leaks of the answer, replay of the path that led to it."""

from cases.health import FAILS, HOLDS, OPEN, Check
from cases.models import Case
from sandbox.models import Snapshot


def checks_of(case: Case, snapshot: Snapshot | None) -> tuple[Check, ...]:
    """Three lines that go on with those of ``cases.health``."""
    if snapshot is None:
        return (Check("Recordings", FAILS, "Nothing is frozen: no agent can run on it and no rule be tested"),)
    return secrets(snapshot), leak(case, snapshot), replay(snapshot)


def secrets(snapshot: Snapshot) -> Check:
    found = ", ".join(f"{one['count']} × {one['kind']}" for one in snapshot.redactions)
    words = f"{found} taken out" if found else "none found"
    return Check("No secrets in recordings", HOLDS, f"{snapshot.recordings_count} returns: {words}")


def leak(case: Case, snapshot: Snapshot) -> Check:
    """A return that holds the label as the label is written (missing_index) was not said by the system itself.

    A label of one word (OOMKilled) may be what the system says of itself: that is evidence, and is counted.
    """
    name = "Answer not in recordings"
    answer = case.current.parsed_answer()
    labels = sorted({cause.fault_class for cause in answer.causes if cause.fault_class}) if answer else []
    if not labels:
        return Check(name, OPEN, "The answer names no fault class to look for")
    for label in labels:
        holding = snapshot.recordings.filter(raw__text__icontains=label).count()
        if holding and not label.isalnum():
            words = f"{holding} of {snapshot.recordings_count} returns hold the label {label} as it is written"
            return Check(name, FAILS, words)
        if holding:
            words = (
                f"{holding} of {snapshot.recordings_count} returns say {label}: read whether it is the system's word"
            )
            return Check(name, HOLDS, words)
    return Check(name, HOLDS, f"None of {snapshot.recordings_count} returns holds {' or '.join(labels)}")


def replay(snapshot: Snapshot) -> Check:
    name, found = "Reference path replays", snapshot.admission
    if found is None:
        return Check(name, OPEN, "A worker measures it within the minute")
    if "error" in found:
        return Check(name, FAILS, f"It could not be measured: {found['error']}")
    if not found["reference"]:
        return Check(name, OPEN, "No expert's path to the answer is known")
    if missed := found["reference_misses"]:
        return Check(name, FAILS, f"{len(missed)} of {found['reference']} calls are not captured: {', '.join(missed)}")
    return Check(name, HOLDS, f"All {found['reference']} calls are answered")
