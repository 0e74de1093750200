"""What may be behind a sign: the hypotheses that an exploration begins with."""

from sandbox.differential import behind
from sandbox.knowledge.evidence import Aspect, Evidence

CLASSES = ("missing_index", "connection_leak", "dns_failure", "expired_certificate", "memory_limit_too_low")


def seen(aspect, value, strength=2.0):
    return Evidence(aspect=aspect, component="till", value=value, quote=value, step=0, tool="look", strength=strength)


def ranked(evidence, *, alert="", concluded=(), classes=CLASSES):
    worth = behind(evidence, alert, concluded, classes)
    return [name for name in sorted(worth, key=lambda name: (-worth[name], name)) if worth[name] > 0]


def test_a_full_pool_is_a_sign_of_what_fills_it():
    assert ranked([seen(Aspect.SATURATION, "connection pool at its limit")])[:2] == ["connection_leak", "missing_index"]


def test_what_is_quiet_says_less_and_what_is_well_says_nothing():
    loud, quiet, well = (
        behind([seen(aspect, "containers were oom killed", strength)], "", (), CLASSES)["memory_limit_too_low"]
        for aspect, strength in ((Aspect.RESTART, 2.0), (Aspect.RESTART, 0.5), (Aspect.NORMAL, 2.0))
    )
    assert loud > quiet > well == 0.0


def test_the_alert_is_a_sign_too():
    assert ranked([], alert="TLS handshakes fail on till")[0] == "expired_certificate"


def test_what_was_concluded_in_vain_is_the_loudest_sign():
    both = [seen(Aspect.CONNECTIVITY, "host does not resolve"), seen(Aspect.SATURATION, "pool at its limit")]
    assert ranked(both)[0] == "dns_failure"
    assert ranked(both, concluded=["connection_pool_too_small"])[0] == "connection_leak"


def test_classes_that_nothing_speaks_of_are_worth_nothing():
    assert behind([], "", (), CLASSES) == dict.fromkeys(CLASSES, 0.0)
