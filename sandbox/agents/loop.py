"""One run of one agent on one case: decide, call, observe, until it concludes or something stops it. No Django here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, replace

from cases.calls import canonical
from cases.diagnosis import Diagnosis
from cases.transcript import Level, Observation, RuleUse, Step, Task, Transcript
from sandbox.agents.base import Agent, AgentError, Budget, Call, Conclude, Mind, Profile
from sandbox.agents.isolation import MEMORY, SECONDS, isolated, resident
from sandbox.environment.base import Environment
from sandbox.knowledge.rule import EMPTY, Knowledge

OURS = frozenset({"offline", "scripted"})  # engines that ask no model: all of their run is isolated
SAME_CALL = 3  # times the same canonical call makes a loop
LONGEST_PERIOD = 4
ROUNDS = 3  # of a period make a loop
BARREN = 5  # steps in a row without anything new


class Cancelled(Exception):
    """Raised by ``on_step`` to end a run: the steps so far are kept."""


class UnlikeError(ValueError):
    """What was known of a run is of another one."""


class Stop(Exception):
    """Why a run ends before its agent concluded; the message is the stop reason."""


def run(
    agent: Agent,
    task: Task,
    environment: Environment,
    *,
    knowledge: Knowledge = EMPTY,
    seed: int = 0,
    profile: Profile = Profile(),
    budget: Budget = Budget(),
    first: tuple[Step, ...] = (),
    on_step: Callable[[Step], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Transcript:
    """Run ``agent`` on ``task`` and return what happened; never raises for a bad call or a failed agent.

    ``on_step`` is called with each step as it happens, so that it can be saved, and may raise Cancelled.
    The profile's prefix is played first; its masked tools and dropped rules are unknown to the agent.
    When a budget ends, or the run goes in circles, the agent may conclude once more with ``steps_left=0``:
    the stop reason still says what ended it. Tool calls, and all of an engine that asks no model, run isolated:
    without network and processes, for ten minutes and a gigabyte of memory at most.
    ``first`` are the first steps that these very inputs are known to give: they are asked of the environment again,
    so that it is where it would be, and not decided again. Raises UnlikeError where it does not answer as it did.
    """
    started, held = clock(), resident()
    own = agent.engine in OURS
    limits = replace(budget, seconds=min(SECONDS, budget.seconds or SECONDS)) if own else budget
    seen = replace(task, tools=tuple(tool for tool in task.tools if tool.name not in profile.masked_tools))
    known = Knowledge(tuple(rule for rule in knowledge.rules if rule.name not in profile.dropped_rules))
    mind = agent.start(seen, knowledge=known, inventory=environment.inventory(), seed=seed, profile=profile)
    steps = [_again(step, _answer(environment, seen, Call(step.tool, step.arguments))) for step in first]
    concluded: Conclude | None = None
    try:
        if steps:
            mind.resume(tuple(steps))
            _check_circles(steps, task, len(profile.prefix))
        while concluded is None:
            _check(limits, steps, mind.tokens, clock() - started, len(profile.prefix))
            _check_memory(resident() - held)
            with isolated() if own else nullcontext():
                decision = _decide(mind, steps, profile, budget)
            if isinstance(decision, Conclude):
                concluded, reason = decision, "concluded"
                continue
            step = Step(
                index=len(steps),
                tool=decision.tool,
                arguments=decision.arguments,
                observation=_answer(environment, seen, decision),
                thought=decision.thought,
                rules=decision.rules,
            )
            steps.append(step)
            if on_step is not None:
                on_step(step)
            _check_circles(steps, task, len(profile.prefix))
    except Stop as stop:
        reason = str(stop)
        concluded = _last_chance(mind, steps)
    except Cancelled:
        reason = "cancelled"
    except AgentError:
        reason = "error"
    diagnosis, concluding = _result(concluded)
    return Transcript(
        task=task,
        steps=tuple(steps),
        diagnosis=diagnosis,
        stop_reason=reason,
        engine=agent.engine,
        knowledge_digest=knowledge.digest,
        concluding_rules=concluding,
        tokens=mind.tokens or None,
        wall_ms=round((clock() - started) * 1000),
        parameters={"seed": seed, "profile": asdict(profile), "budget": asdict(budget)},
    )


def _again(step: Step, answer: Observation) -> Step:
    """A known step with the environment's own answer."""
    if (answer.output, answer.is_error, answer.level) != (
        step.observation.output,
        step.observation.is_error,
        step.observation.level,
    ):
        raise UnlikeError(f"step {step.index + 1}, {step.tool}, is not answered as it was")
    return Step(step.index, step.tool, step.arguments, answer, step.thought, rules=step.rules)


def _decide(mind: Mind, steps: list[Step], profile: Profile, budget: Budget) -> Call | Conclude:
    if len(steps) < len(profile.prefix):
        tool, arguments = profile.prefix[len(steps)]
        return Call(tool, dict(arguments), thought="a call this branch starts with")
    return mind.decide(tuple(steps), steps_left=budget.steps - len(steps))


def _answer(environment: Environment, seen: Task, call: Call) -> Observation:
    if seen.tools and seen.tool(call.tool) is None:
        names = ", ".join(tool.name for tool in seen.tools)
        return Observation(f"No tool {call.tool!r}. Tools: {names}", is_error=True, level=Level.REFUSED)
    with isolated():
        return environment.call(call.tool, call.arguments)


def _check(budget: Budget, steps: list[Step], tokens: int, seconds: float, prefix: int) -> None:
    if len(steps) >= max(budget.steps, prefix):
        raise Stop("max_steps")
    if budget.seconds is not None and seconds >= budget.seconds:
        raise Stop("deadline")
    if budget.tokens is not None and tokens >= budget.tokens:
        raise Stop("tokens")


def _check_memory(grown: int) -> None:
    if grown > MEMORY:
        raise Stop("memory")


def _check_circles(steps: list[Step], task: Task, prefix: int) -> None:
    """A period of up to four calls three times over, or five steps that brought nothing new (engine section 2)."""
    keys = [canonical(step.tool, step.arguments, task.tool(step.tool)).key for step in steps[prefix:]]
    if keys and Counter(keys)[keys[-1]] >= SAME_CALL:
        raise Stop("loop")
    for period in range(1, LONGEST_PERIOD + 1):
        tail = keys[-period * ROUNDS :]
        if len(tail) == period * ROUNDS and tail == tail[:period] * ROUNDS:
            raise Stop("loop")
    recent = steps[prefix:][-BARREN:]
    if len(recent) == BARREN and not any(_is_new(step, steps) for step in recent):
        raise Stop("loop")


def _is_new(step: Step, steps: list[Step]) -> bool:
    if step.observation.level in (Level.MISS, Level.REFUSED):
        return False
    earlier = {before.observation.output for before in steps[: step.index]}
    return step.observation.output not in earlier


def _last_chance(mind: Mind, steps: list[Step]) -> Conclude | None:
    try:
        decision = mind.decide(tuple(steps), steps_left=0)
    except AgentError:
        return None
    return decision if isinstance(decision, Conclude) else None


def _result(concluded: Conclude | None) -> tuple[Diagnosis | None, tuple[RuleUse, ...]]:
    return (concluded.diagnosis, concluded.rules) if concluded else (None, ())
