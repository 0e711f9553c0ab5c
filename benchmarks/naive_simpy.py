"""Works A and B as a SimPy textbook writes them: one process a call, a `Resource`, draws where needed."""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from dataclasses import dataclass
from math import log, sqrt
from typing import Any

import simpy

from benchmarks.tally import ANSWER_WITHIN_S, Tally, Timing

MEAN_GAP_S = 60 / 50
HIGH, LOW = 0, 1  # SimPy serves the smallest number first

Steps = Generator[simpy.Event, Any, None]


@dataclass(slots=True)
class Counts:
    """Running counts; waits in seconds."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    answered_within_20s: int = 0
    wait_s: float = 0.0

    def answer(self, wait_s: float) -> None:
        """Count a pickup."""
        self.answered += 1
        self.answered_within_20s += wait_s <= ANSWER_WITHIN_S
        self.wait_s += wait_s

    def abandon(self, wait_s: float) -> None:
        """Count a hang-up."""
        self.abandoned += 1
        self.wait_s += wait_s


def run_naive_simpy(work: str, contacts: int, seed: int) -> Timing:
    """Simulate *contacts* arrivals of work "A" or "B" and follow each to its end."""
    began = time.perf_counter()
    counts = {"A": work_a, "B": work_b}[work](contacts, random.Random(seed))  # noqa: S311 - dice, not secrets
    seconds = time.perf_counter() - began
    return Timing(
        seconds,
        Tally(
            contacts,
            counts.offered,
            counts.answered,
            counts.abandoned,
            counts.answered_within_20s,
            counts.wait_s,
        ),
    )


def work_a(contacts: int, dice: random.Random) -> Counts:
    """M/M/n+M: one queue, exponential everything."""
    env = simpy.Environment()
    agents = simpy.Resource(env, capacity=150)
    counts = Counts()

    def call() -> Steps:
        counts.offered += 1
        joined_s = env.now
        with agents.request() as request:
            outcome = yield request | env.timeout(dice.expovariate(1 / 120))
            if request in outcome:
                counts.answer(env.now - joined_s)
                yield env.timeout(dice.expovariate(1 / 180))
            else:
                counts.abandon(env.now - joined_s)

    def arrivals() -> Steps:
        for _ in range(contacts):
            yield env.timeout(dice.expovariate(1 / MEAN_GAP_S))
            env.process(call())

    env.process(arrivals())
    env.run()
    return counts


def work_b(contacts: int, dice: random.Random) -> Counts:
    """An AI fleet in front of people who take escalated contacts first."""
    env = simpy.Environment()
    fleet = simpy.Resource(env, capacity=200)
    agents = simpy.PriorityResource(env, capacity=70)
    counts = Counts()

    def contact() -> Steps:
        if dice.random() < 0.80 and fleet.count < fleet.capacity:
            with fleet.request() as seat:
                yield seat
                yield env.timeout(log_normal(dice, 120, 0.5))
            if dice.random() < 0.25:
                yield from person(HIGH, 360)
        else:
            yield from person(LOW, 240)

    def person(priority: int, mean_handling_s: float) -> Steps:
        counts.offered += 1
        joined_s = env.now
        with agents.request(priority=priority) as request:
            outcome = yield request | env.timeout(dice.expovariate(1 / 180))
            if request in outcome:
                counts.answer(env.now - joined_s)
                yield env.timeout(log_normal(dice, mean_handling_s, 0.8))
            else:
                counts.abandon(env.now - joined_s)

    def arrivals() -> Steps:
        for _ in range(contacts):
            yield env.timeout(dice.expovariate(1 / MEAN_GAP_S))
            env.process(contact())

    env.process(arrivals())
    env.run()
    return counts


def log_normal(dice: random.Random, mean: float, cv: float) -> float:
    """Draw from the log-normal law with this mean and coefficient of variation."""
    variance = log(1 + cv * cv)
    return dice.lognormvariate(log(mean) - variance / 2, sqrt(variance))
