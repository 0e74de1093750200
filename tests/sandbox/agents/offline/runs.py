"""Runs of the offline agent on cases that the lab makes, each case made once."""

from functools import lru_cache

from sandbox.agents.loop import run
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import EMPTY, Knowledge
from sandbox.lab import make


@lru_cache
def case(fault, seed=1):
    return make("quayside", fault, seed)


@lru_cache
def source(fault, seed=1):
    bundle = case(fault, seed)
    return ReplaySource(bundle.task.tools, bundle.recordings)


def run_on(fault, rules="", seed=1, **options):
    knowledge = Knowledge(parse(rules)) if rules else EMPTY
    return run(OfflineAgent(), case(fault, seed).task, source(fault, seed).open(), knowledge=knowledge, **options)


def run_with_seed(fault, drawn, **options):
    """A run whose own seed, not its case's, is ``drawn``."""
    return run(OfflineAgent(), case(fault).task, source(fault).open(), seed=drawn, **options)


def concluded(transcript):
    """What a run says is wrong, where."""
    causes = transcript.diagnosis.root_causes
    return (causes[0].fault_class, causes[0].component) if causes else str(transcript.diagnosis.conclusion)


def calls(transcript):
    return [(step.tool, step.arguments) for step in transcript.steps]
