import pytest

from sandbox.knowledge.evidence import Aspect
from sandbox.modalities import ASPECT_MODALITY, MODALITIES, modalities_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("GetErrorLogs", ("get", "error", "log")),
        ("get_slow_queries", ("get", "slow", "query")),
        ("CheckDNSRoute", ("check", "dns", "route")),
        ("oom-killed 3x in process", ("oom", "killed", "in", "process")),
    ],
)
def test_words_fall_apart_however_they_are_joined(text, words):
    assert words_of(text) == words


def test_modalities_are_told_from_words():
    assert modalities_of("GetErrorLogs") == {"logs"}
    assert modalities_of("missing_index") == {"database"}
    assert modalities_of("sing a song") == set()


def test_every_aspect_but_health_has_a_modality():
    assert set(Aspect) - set(ASPECT_MODALITY) == {Aspect.NORMAL}
    assert set(ASPECT_MODALITY.values()) <= set(MODALITIES)
