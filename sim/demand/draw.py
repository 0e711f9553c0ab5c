"""The drawing board: a scenario's customers, drawn block by block before they are simulated.

A block is a day of simulated time. What is drawn, in order of the streams' names:

- *arrivals* (M01): Poisson in every step of the rate, the rate multiplied by the day's busyness (gamma, mean 1), by interval noise
  (log-AR(1) on 5-minute bins, mean 1) and by surges;
- *who*: intent, channel, segment, language, region;
- *classifier* (M07): per-contact correctness p ~ Beta(A·κ, (1−A)·κ), the label right with probability p, confidence
  sigmoid(logit(p)/T + b): with T = 1 and b = 0 the confidence is calibrated by construction;
- *ability* (M02): the probit margin of success by fleet, `a + shifts − τ(√ρ·z₀ + √(1−ρ)·z_fleet) + ε` with
  `a = √(1+τ²)·Φ⁻¹(capability)`, so that the marginal success is the capability;
- *patience* (M03), silent leaving, announcements, and the further attempts that follow if patience ends;
- *handling times* of people, the case's difficulty z₀ included;
- *repeats* (M05): whether a contact comes back after a bad end, when, and whether a person settles the issue.

Only what the scenario can use is drawn; a stream that is not drawn moves no other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.demand.contacts import Contacts
from sim.demand.laws import draw, lognormal_numbers
from sim.demand.streams import stream
from sim.scenario.model import Batch, By, Classifier, Failure, Law, Scenario

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Streams = Callable[[str], np.random.Generator]

BLOCK_S = 86_400.0
NOISE_BIN_S = 300.0
NORMAL_P99 = 2.3263478740408408
CAPABILITY_CLIP = 0.001
"""Capabilities are kept this far from 0 and 1 (probit)."""
REDIAL_MOOD = 0.1
"""A further attempt starts this much more frustrated."""
MEMORY_ABILITY, MEMORY_TURNS, MEMORY_HANDLE = 0.10, 0.9, 0.95
"""With the history at hand further attempts succeed so much more often (probit), and take these shares of turns and people's time."""
RETELL_TURNS, RETELL_MOOD = 1, 0.05
"""Without it they take this many turns more, and start this much more frustrated."""
FIDELITY: dict[str, tuple[float, float] | float] = {"warm": (18.0, 2.0), "partial": 0.5, "cold": 0.05}
"""Context fidelity of a hand-over: parameters of a Beta law, or a number."""
ANNOUNCEMENT_SPREAD_S = 5.0


def blocks(scenario: Scenario) -> int:
    """Number of blocks of the run."""
    return max(1, math.ceil(scenario.calendar.end_s / BLOCK_S))


def interval_noise(scenario: Scenario, replication: int) -> FloatArray:
    """Multipliers of the arrival rate by 5-minute bin over the whole run, mean 1; empty when there is no noise."""
    demand = scenario.demand
    if demand.sigma == 0.0:
        return np.empty(0)
    bins = math.ceil(scenario.calendar.end_s / NOISE_BIN_S)
    shocks = stream(scenario.seed, replication, "demand.interval noise").standard_normal(bins).tolist()
    spread = demand.sigma / math.sqrt(1.0 - demand.phi**2)
    level, levels = shocks[0] * spread, []
    for shock in shocks:
        levels.append(level)
        level = demand.phi * level + demand.sigma * shock
    return np.exp(np.array(levels) - spread**2 / 2.0)


@lru_cache(maxsize=8)
def _jumps(
    seed: int, replication: int, lasts_s: tuple[float, ...], end_s: float
) -> tuple[FloatArray, IntArray]:
    """When an MMPP comes to a level, and to which, over the whole run; it begins in its steady state."""
    rng = stream(seed, replication, "demand.mmpp")
    mean_s = np.array(lasts_s)
    levels = len(lasts_s)
    first = int(np.searchsorted(np.cumsum(mean_s) / mean_s.sum(), rng.random(), side="right"))
    at_s, level = [np.zeros(1)], [np.array([first])]
    now_s, here = 0.0, first
    while now_s < end_s:
        # As many rounds as the rest takes on average. What is left of the stay that goes on at 0 is exponential, too.
        n = levels * math.ceil((end_s - now_s) / float(mean_s.sum()))
        at = (here + np.arange(n)) % levels
        ends = now_s + np.cumsum(rng.standard_exponential(n) * mean_s[at])
        at_s.append(ends)
        level.append((at + 1) % levels)
        now_s, here = float(ends[-1]), int(level[-1][-1])
    return np.concatenate(at_s), np.concatenate(level)


def _rate(
    scenario: Scenario, replication: int, from_s: float, until_s: float
) -> tuple[FloatArray, FloatArray]:
    """Edges of the steps in a block, and expected arrivals in each but for surges that single out intents or channels."""
    demand = scenario.demand
    noise = interval_noise(scenario, replication)
    edges = demand.edges_s[(demand.edges_s > from_s) & (demand.edges_s < until_s)]
    cuts = [edges, [from_s, until_s]]
    if noise.size:
        cuts.append(
            np.arange(math.ceil(from_s / NOISE_BIN_S), math.ceil(until_s / NOISE_BIN_S)) * NOISE_BIN_S
        )
    cuts.extend([s for s in (surge.from_s, surge.until_s) if from_s < s < until_s] for surge in demand.surges)
    if demand.mmpp is not None:
        jump_s, level = _jumps(
            scenario.seed, replication, tuple(demand.mmpp.lasts_s.tolist()), scenario.calendar.end_s
        )
        cuts.append(jump_s[(jump_s > from_s) & (jump_s < until_s)])
    edges = np.unique(np.concatenate([np.asarray(c, dtype=np.float64) for c in cuts]))
    middle = (edges[:-1] + edges[1:]) / 2.0
    step = np.clip(np.searchsorted(demand.edges_s, middle, side="right") - 1, 0, len(demand.per_s) - 1)
    per_s = demand.per_s[step].copy()
    if demand.busy_day_cv > 0.0:
        shape = 1.0 / demand.busy_day_cv**2
        days = int(demand.day.max()) + 1
        busy = stream(scenario.seed, replication, "demand.busy day").standard_gamma(shape, days) / shape
        per_s *= busy[demand.day[step]]
    if noise.size:
        per_s *= noise[(middle / NOISE_BIN_S).astype(np.int64)]
    if demand.mmpp is not None:
        per_s *= demand.mmpp.multiplier[level[np.searchsorted(jump_s, middle, side="right") - 1]]
    return edges, per_s


def _weights(scenario: Scenario, at_s: float) -> FloatArray:
    """How likely each (intent, channel) is at a time, surges included; sums to the surges' mean multiplier."""
    demand = scenario.demand
    weights = np.outer(demand.intent_share, demand.channel_share)
    for surge in demand.surges:
        if surge.from_s <= at_s < surge.until_s:
            i = list(surge.intents) or list(range(weights.shape[0]))
            c = list(surge.channels) or list(range(weights.shape[1]))
            weights[np.ix_(i, c)] *= surge.multiplier
    return weights


def choose(shares: FloatArray, rng: Streams, name: str, n: int) -> IntArray:
    """Codes drawn with these shares; nothing is drawn where there is no choice."""
    if len(shares) == 1 or shares.max() >= 1.0:
        return np.full(n, int(shares.argmax()), dtype=np.int64)
    cumulative = np.cumsum(shares)[:-1]
    return np.searchsorted(cumulative, rng(name).random(n), side="right").astype(np.int64)


def _arrivals(
    scenario: Scenario, replication: int, block: int, rng: Streams
) -> tuple[FloatArray, IntArray, IntArray]:
    """Arrival times, intents and channels of a block's first attempts."""
    demand = scenario.demand
    from_s = block * BLOCK_S
    until_s = min(from_s + BLOCK_S, scenario.calendar.end_s)
    if demand.at_s is not None:
        times = demand.at_s[(demand.at_s >= from_s) & (demand.at_s < until_s)]
        n = len(times)
        return (
            times.copy(),
            choose(demand.intent_share, rng, "demand.intent", n),
            choose(demand.channel_share, rng, "demand.channel", n),
        )
    edges, per_s = _rate(scenario, replication, from_s, until_s)
    middle = (edges[:-1] + edges[1:]) / 2.0
    surges = bool(demand.surges)
    weights = [_weights(scenario, m) for m in middle] if surges else []
    factor = np.array([w.sum() for w in weights]) if surges else 1.0
    together = demand.batch.mean if demand.batch is not None else 1.0
    counts = rng("demand.count").poisson(per_s * factor * np.diff(edges) / together)
    n = int(counts.sum())
    times = rng("demand.arrival").random(n)
    times *= np.repeat(np.diff(edges), counts)
    times += np.repeat(edges[:-1], counts)
    times.sort()
    if demand.batch is not None:
        sizes = _sizes(demand.batch, n, rng)
        counts = np.bincount(np.repeat(np.arange(len(counts)), counts), sizes, len(counts)).astype(np.int64)
        times = np.repeat(times, sizes)
        n = len(times)
    if not any(surge.intents or surge.channels for surge in demand.surges):
        return (
            times,
            choose(demand.intent_share, rng, "demand.intent", n),
            choose(demand.channel_share, rng, "demand.channel", n),
        )
    u = rng("demand.intent").random(n)
    cell = np.empty(n, dtype=np.int64)
    ends = np.cumsum(counts)
    for k, count in enumerate(counts):
        if count == 0:
            continue  # nobody, where surges leave nothing to choose from
        cumulative = np.cumsum(weights[k].ravel()) / weights[k].sum()
        cell[ends[k] - count : ends[k]] = np.searchsorted(
            cumulative[:-1], u[ends[k] - count : ends[k]], side="right"
        )
    channels = len(demand.channel_share)
    return times, cell // channels, cell % channels


def _sizes(batch: Batch, n: int, rng: Streams) -> IntArray:
    """How many customers come together, *n* times."""
    if batch.fixed:
        return np.full(n, round(batch.mean), dtype=np.int64)
    return rng("demand.batch").geometric(1.0 / batch.mean, n).astype(np.int64)


def _by_code(laws: list[Law], code: IntArray, rng: Streams, name: str) -> FloatArray:
    """Durations by law of each row's code: one stream while all laws are lognormal or the same, else one a law."""
    if all(law == laws[0] for law in laws):
        return draw(laws[0], rng(name), len(code))
    if all(law.family == "lognormal" for law in laws):
        numbers = np.array([lognormal_numbers(law.mean_s, law.cv) for law in laws])
        z = rng(name).standard_normal(len(code))
        z *= numbers[code, 1]
        z += numbers[code, 0]
        return np.exp(z, out=z)
    durations = np.empty(len(code))
    for k, law in enumerate(laws):
        mine = np.flatnonzero(code == k)
        # Drawn for every row, so that a change of mix shifts nobody else's number.
        durations[mine] = draw(law, rng(f"{name}.{k}"), len(code))[mine]
    return durations


def _classified(
    classifier: Classifier, intent: IntArray, in_scope: NDArray[np.bool_], family: IntArray, rng: Streams
) -> tuple[IntArray, FloatArray, NDArray[np.bool_], FloatArray]:
    """Label, confidence, rightness and classification time of every first attempt (M07)."""
    n = len(intent)
    a, kappa = classifier.accuracy, classifier.kappa
    chance = _beta(rng("classifier.chance"), a, kappa, n)
    out = np.flatnonzero(~in_scope)
    if out.size:
        chance[out] = _beta(rng("classifier.chance out of scope"), 0.5, kappa, n)[out]
    right = in_scope.copy() if a == 1.0 else (rng("classifier.right").random(n) < chance) & in_scope
    label = intent.copy()
    wrong = np.flatnonzero(~right)
    if wrong.size:
        cumulative = np.cumsum(_confusion(family), axis=1)
        v = rng("classifier.wrong label").random(n)[wrong]
        label[wrong] = (v[:, None] >= cumulative[intent[wrong]]).sum(axis=1).clip(max=len(family) - 1)
    if classifier.temperature == 1.0 and classifier.bias == 0.0:
        confidence = chance
    else:
        inside = np.clip(chance, 1e-12, 1.0 - 1e-12)
        logit = np.log(inside) - np.log1p(-inside)
        confidence = 1.0 / (1.0 + np.exp(-(logit / classifier.temperature + classifier.bias)))
    unknown = np.zeros(n, dtype=np.bool_)
    if out.size:
        unknown[out] = rng("classifier.flag").random(n)[out] < classifier.oos_recall
    latency_s = np.zeros(n)
    if classifier.latency_s > 0.0:
        sigma = math.log(classifier.latency_p99_s / classifier.latency_s) / NORMAL_P99
        latency_s = classifier.latency_s * np.exp(sigma * rng("classifier.latency").standard_normal(n))
        unknown |= latency_s > classifier.budget_s
        latency_s = np.minimum(latency_s, classifier.budget_s)
    label[unknown] = -1
    right[unknown] = False
    confidence = np.where(unknown, 0.0, confidence)
    return label, confidence, right, latency_s


def _beta(rng: np.random.Generator, mean: float, kappa: float, n: int) -> FloatArray:
    if mean in (0.0, 1.0):
        return np.full(n, mean)
    return rng.beta(mean * kappa, (1.0 - mean) * kappa, n)


def _confusion(family: IntArray) -> FloatArray:
    """Probability of each wrong label given the intent: 70 % within the family, 30 % outside, shape (intents, intents)."""
    same = (family[:, None] == family[None, :]).astype(np.float64)
    np.fill_diagonal(same, 0.0)
    other = (family[:, None] != family[None, :]).astype(np.float64)
    inside, outside = same.sum(axis=1, keepdims=True), other.sum(axis=1, keepdims=True)
    share = np.where(outside == 0, 1.0, np.where(inside == 0, 0.0, 0.7))
    rows = share * same / np.maximum(inside, 1.0) + (1.0 - share) * other / np.maximum(outside, 1.0)
    return np.asarray(rows, dtype=np.float64)


class _Attempts(NamedTuple):
    """Rows of first attempts and of possible further ones; every array has an entry a row."""

    first: IntArray
    """Row of the issue's first attempt."""
    attempt: IntArray
    again: IntArray
    redials: BoolArray
    base: int
    """Rows there would be without repeats; they come first, so that repeats move nobody else's numbers."""
    returns_u: FloatArray | None = None
    return_after_s: FloatArray | None = None


def _attempts(scenario: Scenario, queue: IntArray, arrive_s: FloatArray, rng: Streams) -> _Attempts:
    """First attempts, then those that may follow as redials, then those that only repeats may bring about."""
    n = len(queue)
    further = _redials(scenario, queue, rng)
    extra = int(further.sum())
    first = np.arange(n + extra, dtype=np.int64)
    attempt = np.ones(n + extra, dtype=np.int64)
    again = np.full(n + extra, -1, dtype=np.int64)
    if extra:
        parent = np.repeat(np.arange(n), further)
        first[n:] = parent
        begin = np.cumsum(further) - further
        attempt[n:] = 2 + np.arange(extra) - begin[parent]
        calls_again = np.flatnonzero(further > 0)
        again[calls_again] = n + begin[calls_again]
        more = attempt[n:] - 1 < further[parent]
        again[n:][more] = n + 1 + np.flatnonzero(more)
    attempts = _Attempts(first, attempt, again, again >= 0, n + extra)
    return attempts if scenario.repeats is None else _with_repeats(scenario, attempts, queue, arrive_s, rng)


def _with_repeats(
    scenario: Scenario, base: _Attempts, queue: IntArray, arrive_s: FloatArray, rng: Streams
) -> _Attempts:
    """Lengthen chains of attempts by those that a return may bring, and by redials of those.

    Calls again or not: one toss an attempt with the queue's share, as for redials (whose geometric number is the same law).
    """
    repeats = scenario.repeats
    assert repeats is not None, "only asked where there are repeats"
    share = np.array([q.redial.share if q.redial is not None else 0.0 for q in scenario.queues])
    most = np.array([q.redial.attempts if q.redial is not None else 0 for q in scenario.queues])
    # Streams go on from step to step: the numbers of a row do not depend on how many come behind it.
    tosses, pauses, redial_tosses = (rng(f"repeat.{name}") for name in ("returns", "after", "redials"))
    likely = _likeliest_return(scenario, rng)
    first, attempt, redials = base.first, base.attempt, base.redials
    earliest_s = arrive_s[first]
    tail = base.again < 0
    steps: list[tuple[Any, ...]] = []
    rows = 0
    while True:
        n = len(first)
        returns_u = tosses.random(n)
        after_s = repeats.after_s * np.exp(repeats.sigma * pauses.standard_normal(n))
        if steps:
            redials = (redial_tosses.random(n) < share[queue[first]]) & (attempt <= most[queue[first]])
        returns_u[attempt > repeats.attempts] = 1.0
        in_time = earliest_s + after_s < scenario.calendar.end_s
        grows = tail & (redials | ((returns_u < likely(n)) & in_time))
        again = np.full(n, -1, dtype=np.int64) if steps else base.again.copy()
        again[grows] = rows + n + np.arange(int(grows.sum()))
        steps.append((first, attempt, again, redials, returns_u, after_s))
        rows += n
        if not grows.any():
            break
        earliest_s = (earliest_s + np.where(redials, 0.0, after_s))[grows]
        first, attempt = first[grows], attempt[grows] + 1
        tail = np.ones(len(first), dtype=np.bool_)
    first, attempt, again, redials, returns_u, after_s = map(np.concatenate, zip(*steps, strict=True))
    return _Attempts(first, attempt, again, redials, base.base, returns_u, after_s)


def _likeliest_return(scenario: Scenario, rng: Streams) -> Callable[[int], FloatArray]:
    """By row, for the next *n* rows at a time: probability of coming back after the bad end that brings most back, of those it can have.

    The ends that a row can have do not depend on routing: how its session would fail, and whether a person could leave it unsettled.
    """
    repeats, resolution, ai = scenario.repeats, scenario.resolution, scenario.ai
    assert repeats is not None, "only asked where there are repeats"
    modes, people = rng("session.failure"), rng("people.unresolved")
    failures = (ai.failure, ai.wrong_label_failure)
    drawn = _modes_drawn(scenario)

    def likely(n: int) -> FloatArray:
        likeliest = np.zeros(n)
        if resolution.unresolved + resolution.mood > 0.0:
            unsettled = people.random(n) < resolution.unresolved + resolution.mood
            likeliest[unsettled] = repeats.unresolved
        if scenario.fleets:
            if (
                ai.slow_leaves > 0.0
            ):  # whoever meets a slow reply may hang up, and who will is not known before
                likeliest = np.maximum(likeliest, repeats.ai_abandoned)
            u = modes.random(n) if drawn else np.zeros(n)
            for failure in failures:
                # In the words of the floors: below `detected` it notices, below `detected + loop` it goes in circles, else it is sure.
                wrong = u >= failure.detected + failure.loop
                loops = (u >= failure.detected) & ~wrong
                likeliest[wrong] = np.maximum(likeliest[wrong], repeats.false_contained)
                if ai.leaves_per_turn > 0.0:
                    likeliest[loops] = np.maximum(likeliest[loops], repeats.ai_abandoned)
        return likeliest

    return likely


def _redials(scenario: Scenario, queue: IntArray, rng: Streams) -> IntArray:
    """How many further attempts each first attempt would make if it always gave up in a queue."""
    further = np.zeros(len(queue), dtype=np.int64)
    if not any(q.redial for q in scenario.queues):
        return further
    u = rng("redial.attempts").random(len(queue))
    for q, spec in enumerate(scenario.queues):
        if spec.redial is None or spec.redial.share == 0.0:
            continue
        mine = queue == q
        if spec.redial.share == 1.0:
            further[mine] = spec.redial.attempts
        else:
            tries = np.floor(np.log(u[mine]) / math.log(spec.redial.share))
            further[mine] = np.minimum(tries, spec.redial.attempts).astype(np.int64)
    return further


def _ability(
    scenario: Scenario,
    first: IntArray,
    intent: IntArray,
    channel: IntArray,
    language: IntArray,
    z0: FloatArray,
    rng: Streams,
) -> FloatArray:
    """Probit margin of success by fleet for every row; *first* is each row's first attempt, whose difficulty it keeps."""
    from scipy.special import ndtri

    ai = scenario.ai
    rows, firsts = len(intent), len(z0)
    scale = math.sqrt(1.0 + ai.tau**2)
    base = scale * ndtri(np.clip(ai.capability, CAPABILITY_CLIP, 1.0 - CAPABILITY_CLIP))
    mean = base[intent]
    if ai.channel_shift.any():
        mean = mean + ai.channel_shift[channel]
    if ai.language_shift.any():
        mean = mean + ai.language_shift[language]
    if ai.tau > 0.0:
        mean = mean - (ai.tau * math.sqrt(ai.vendor_correlation)) * z0[first]
    own = ai.tau * math.sqrt(1.0 - ai.vendor_correlation)
    ability = np.empty((rows, max(1, len(scenario.fleets))))
    for f, fleet in enumerate(scenario.fleets):
        margin = rng(f"ability.luck.{f}").standard_normal(rows)
        margin += mean
        if own > 0.0:
            margin -= own * rng(f"ability.fleet.{f}").standard_normal(firsts)[first]
        if fleet.ability_shift:
            margin += fleet.ability_shift
        ability[:, f] = margin
    return ability


def _handle(
    scenario: Scenario, intent: IntArray, channel: IntArray, z0: FloatArray, rng: Streams
) -> FloatArray:
    """Handling times of people; a lognormal law holds its mean and cv with the case's difficulty inside."""
    gamma = scenario.handover.difficulty if z0.size else 0.0
    laws = []
    for law in scenario.handle:
        if gamma > 0.0 and law.family == "lognormal":
            left = max(0.0, (1.0 + law.cv**2) / math.exp(gamma**2) - 1.0)
            laws.append(Law("lognormal", law.mean_s, cv=math.sqrt(left)))
        else:
            laws.append(law)
    handle_s = _by_code(laws, intent, rng, "people.handle")
    if gamma > 0.0:
        factor = np.exp(gamma * z0 - gamma**2 / 2.0)
        if not all(law.family == "lognormal" for law in laws):
            factor[~np.array([law.family == "lognormal" for law in laws])[intent]] = 1.0
        handle_s *= factor
    factors = np.array([c.handle_factor for c in scenario.channels])
    if (factors != 1.0).any():
        handle_s *= factors[channel]
    return handle_s


def contacts(scenario: Scenario, replication: int, block: int = 0) -> Contacts:
    """Draw one block of customers."""

    def rng(name: str) -> np.random.Generator:
        return stream(scenario.seed, replication, name, block)

    arrive_s, intent, channel = _arrivals(scenario, replication, block, rng)
    return attributes(scenario, rng, block, arrive_s, intent, channel)


def attributes(
    scenario: Scenario, rng: Streams, block: int, arrive_s: FloatArray, intent: IntArray, channel: IntArray
) -> Contacts:
    """Everything that contacts with these arrivals, intents and channels bring along besides."""
    demand = scenario.demand
    n = len(arrive_s)
    segment = choose(demand.segment_share, rng, "demand.segment", n)
    language = choose(demand.language_share, rng, "demand.language", n)
    region = choose(demand.region_share, rng, "demand.region", n)
    queue = scenario.queue_of_channel[channel]
    ai_on = scenario.routing.by != By.HUMAN
    in_scope = np.ones(n, dtype=np.bool_)
    if demand.out_of_scope > 0.0 or demand.new_pattern is not None:
        in_scope = rng("demand.out of scope").random(n) >= _out_of_scope(scenario, arrive_s)
    label, confidence = np.full(n, -1, dtype=np.int64), np.zeros(n)
    right, lag_s = np.zeros(n, dtype=np.bool_), np.zeros(n)
    if ai_on and scenario.classifier is not None:
        label, confidence, right, lag_s = _classified(
            scenario.classifier, intent, in_scope, demand.family, rng
        )
    if scenario.routing.latency_s:
        lag_s = lag_s + scenario.routing.latency_s

    # First attempts, then every attempt that may follow.
    attempts = _attempts(scenario, queue, arrive_s, rng)
    first, attempt = attempts.first, attempts.attempt
    rows = len(first)
    extra = rows - n
    redial_after_s = np.zeros(rows)
    if attempts.redials.any():
        from scipy.special import log_ndtr

        z = rng("redial.after").standard_normal(rows)
        for q, spec in enumerate(scenario.queues):
            if spec.redial is not None:
                mine = queue[first] == q
                if spec.redial.exponential:
                    redial_after_s[mine] = -spec.redial.after_s * log_ndtr(-z[mine])
                else:
                    redial_after_s[mine] = spec.redial.after_s * np.exp(spec.redial.sigma * z[mine])

    def spread(column: NDArray[Any]) -> NDArray[Any]:
        """The column of first attempts, continued over the rows that follow them."""
        return column[first] if extra else column

    row_intent, row_channel = spread(intent), spread(channel)
    # Wherever there is an AI at all, so that a policy that sends nobody to it meets the same customers.
    difficulty = (scenario.handover.difficulty > 0.0 or scenario.ai.tau > 0.0) and bool(scenario.fleets)
    z0 = rng("issue.difficulty").standard_normal(n) if difficulty else np.empty(0)
    # Columns that this scenario has no use for are one and the same array.
    nothing, no_code, never = np.zeros(rows), np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.bool_)
    ability = np.zeros((rows, max(1, len(scenario.fleets))))
    fail_u = recover_u = think_s = mood = fidelity = fate_u = nothing
    turns = key = no_code
    asked = scenario.mood.csat is not None
    if ai_on or scenario.resolution.mood > 0.0 or asked:
        mood = _mood(scenario, attempts, n, rng) if _mood_matters(scenario) else nothing
    if ai_on:
        ability = _ability(scenario, first, row_intent, row_channel, spread(language), z0, rng)
        if _remembers(scenario):
            ability[n:] += MEMORY_ABILITY
        if _modes_drawn(scenario):
            fail_u = rng("session.failure").random(rows)
        if scenario.ai.wrong_label_recovers > 0.0:
            recover_u = rng("session.recovery").random(rows)
        think_s = draw(scenario.ai.think, rng("session.think"), rows)
        turns = _turns(scenario, row_intent, n, rng)
        law = FIDELITY[scenario.handover.kind]
        if not isinstance(law, tuple):
            fidelity = np.full(rows, law)
        elif scenario.handover.reexplain + scenario.handover.prework > 0.0:
            fidelity = rng("handover.fidelity").beta(*law, rows)
        else:
            fidelity = np.full(rows, law[0] / sum(law))
        if scenario.handover.dropped + scenario.handover.context_lost > 0.0:
            fate_u = rng("handover.fate").random(rows)
    if ai_on or asked or scenario.relief is not None or scenario.misroute is not None:
        key = rng("contact.key").integers(0, 2**63, rows, dtype=np.int64)
    patience_s, silent = _patience(scenario, row_channel, attempts.base, rng)
    handle_s = spread(_handle(scenario, intent, channel, z0, rng))
    if _remembers(scenario):
        handle_s = handle_s * memory_factor(scenario, attempt)
    unresolved_u = nothing
    if scenario.resolution.unresolved + scenario.resolution.mood > 0.0:
        unresolved_u = rng("people.unresolved").random(rows)
    ready_s = arrive_s + lag_s
    order = np.argsort(ready_s, kind="stable") if lag_s.any() else np.arange(n, dtype=np.int64)
    row_arrive_s = np.full(rows, np.nan)
    row_arrive_s[:n] = arrive_s
    ids = (np.int64(block) << 32) + np.arange(rows, dtype=np.int64)
    return Contacts(
        id=ids,
        issue=ids[first] if extra else ids,
        attempt=attempt,
        arrive_s=row_arrive_s,
        lag_s=spread(lag_s) if lag_s.any() else nothing,
        ready_s=ready_s[order],
        order=order,
        intent=row_intent if len(scenario.names.intents) > 1 else no_code,
        channel=row_channel if len(scenario.names.channels) > 1 else no_code,
        segment=spread(segment) if len(scenario.names.segments) > 1 else no_code,
        language=spread(language) if len(scenario.names.languages) > 1 else no_code,
        region=spread(region) if len(scenario.names.regions) > 1 else no_code,
        label=spread(label),
        confidence=spread(confidence) if ai_on else nothing,
        right=spread(right) if ai_on else never,
        in_scope=spread(in_scope),
        ability=ability,
        fail_u=fail_u,
        recover_u=recover_u,
        turns=turns,
        think_s=think_s,
        mood=mood,
        fidelity=fidelity,
        fate_u=fate_u,
        patience_s=patience_s,
        silent=silent if silent is not None else never,
        handle_s=handle_s,
        unresolved_u=unresolved_u,
        again_row=attempts.again,
        redials=attempts.redials,
        redial_after_s=redial_after_s if attempts.redials.any() else nothing,
        returns_u=attempts.returns_u if attempts.returns_u is not None else nothing,
        return_after_s=attempts.return_after_s if attempts.return_after_s is not None else nothing,
        key=key,
    )


def _out_of_scope(scenario: Scenario, arrive_s: FloatArray) -> FloatArray | float:
    """Probability that a contact that arrives then is about something that no intent covers."""
    demand = scenario.demand
    if (pattern := demand.new_pattern) is None:
        return demand.out_of_scope
    since_s = arrive_s - pattern.from_s
    grown = np.clip(since_s / pattern.ramp_s, 0.0, 1.0) if pattern.ramp_s > 0.0 else since_s >= 0.0
    return np.asarray(demand.out_of_scope + pattern.share * grown, dtype=np.float64)


def _modes_drawn(scenario: Scenario) -> bool:
    """Whether there is more than one way for sessions to fail."""
    return not (_single(scenario.ai.failure) and _single(scenario.ai.wrong_label_failure))


def _single(failure: Failure) -> bool:
    """Whether sessions fail in one way alone."""
    return 1.0 in (failure.detected, failure.loop, failure.confident_wrong)


def _mood_matters(scenario: Scenario) -> bool:
    triggers = scenario.triggers
    return (
        scenario.handover.mood > 0.0
        or triggers.explicit_per_turn > 0.0
        or triggers.sentiment_on
        or scenario.resolution.mood > 0.0
        or scenario.mood.csat is not None
    )


def _mood(scenario: Scenario, attempts: _Attempts, n: int, rng: Streams) -> FloatArray:
    """Frustration at the start of every row, of which *n* are first attempts."""
    mood = rng("customer.mood").beta(*scenario.ai.mood_start, n)[attempts.first]
    more = REDIAL_MOOD * (attempts.attempt[n:] - 1)
    if _retells(scenario):
        more = more + RETELL_MOOD
    mood[n:] = np.minimum(1.0, mood[n:] + more)
    return mood


def _remembers(scenario: Scenario) -> bool:
    """Whether further attempts have their history at hand."""
    return scenario.repeats is not None and scenario.repeats.memory


def _retells(scenario: Scenario) -> bool:
    """Whether customers have to tell everything again at further attempts."""
    return scenario.repeats is not None and not scenario.repeats.memory


def memory_factor(scenario: Scenario, attempt: IntArray) -> FloatArray:
    """By row: what the history at hand makes of a person's time."""
    return np.where((attempt > 1) & _remembers(scenario), MEMORY_HANDLE, 1.0)


def _turns(scenario: Scenario, intent: IntArray, n: int, rng: Streams) -> IntArray:
    """Turns that a session of every row needs; the first *n* rows are first attempts."""
    median = scenario.ai.turns[intent]
    if _remembers(scenario):
        median[n:] *= MEMORY_TURNS
    if scenario.ai.turns_cv > 0.0:
        sigma = math.sqrt(math.log1p(scenario.ai.turns_cv**2))
        median = median * np.exp(sigma * rng("session.turns").standard_normal(len(intent)))
    turns = np.maximum(1, np.rint(median)).astype(np.int64)
    if _retells(scenario):
        turns[n:] += RETELL_TURNS
    return turns


def _patience(
    scenario: Scenario, channel: IntArray, base: int, rng: Streams
) -> tuple[FloatArray, NDArray[np.bool_] | None]:
    """Patience of every row, and who would leave silently: None for nobody (M03); the first *base* rows do not need repeats."""
    queue = scenario.queue_of_channel[channel]
    patience_s = _by_code([q.patience for q in scenario.queues], queue, rng, "customer.patience")
    announced = [q for q, spec in enumerate(scenario.queues) if spec.announce_leave > 0.0]
    if announced:
        dice = rng("customer.announcement")
        # Two pieces: rows that only repeats need move nobody else's numbers.
        u, v = np.hstack([dice.random((2, base)), dice.random((2, len(channel) - base))])
        for q in announced:
            spec = scenario.queues[q]
            leaves = (queue == q) & (patience_s > spec.announce_at_s) & (u < spec.announce_leave)
            patience_s[leaves] = spec.announce_at_s + ANNOUNCEMENT_SPREAD_S * v[leaves]
    shares = np.array([c.silent_abandon for c in scenario.channels])
    silent = None
    if shares.any():
        silent = rng("customer.silent").random(len(channel)) < shares[channel]
    return patience_s, silent


def pace(scenario: Scenario, replication: int, people: int) -> FloatArray:
    """Handling-time factor of each person, mean 1, shape (people,); groups in order."""
    factors = np.ones(people)
    at = 0
    for g, (group, n) in enumerate(zip(scenario.groups, most_people(scenario), strict=True)):
        if group.pace_cv > 0.0:
            rng = stream(scenario.seed, replication, f"people.pace.{scenario.names.groups[g]}")
            factors[at : at + n] = draw(Law("lognormal", 1.0, cv=group.pace_cv), rng, n)
        at += n
    return factors


def _staffing(scenario: Scenario) -> list[tuple[tuple[float, int], ...]]:
    """By group: (second, people on the floor from then on); empty for those who come in shifts."""
    if not any(group.replayed for group in scenario.groups):
        return [group.staffing for group in scenario.groups]
    from sim.demand.replay import staffing

    return staffing(scenario)


def most_people(scenario: Scenario) -> list[int]:
    """By group: most people ever on the floor together, at least 1."""
    more = [0 for _ in scenario.groups]
    for lever in scenario.levers:
        more[scenario.names.groups.index(lever.group)] += lever.people
    return [
        max([people for _, people in steps] + [sum(shift.people for shift in group.shifts), 1]) + extra
        for group, steps, extra in zip(scenario.groups, _staffing(scenario), more, strict=True)
    ]


def presence(scenario: Scenario, replication: int | None) -> Iterator[tuple[float, int, int]]:
    """Who is wanted on the floor: (second, group, people from then on), ascending.

    Shifts of a group add up; every coming and going of a shift is moved by the group's own unpunctuality, or by nothing where no
    *replication* is named: that is the plan.
    """
    steps: list[tuple[float, int, int]] = []
    for g, (group, staffing) in enumerate(zip(scenario.groups, _staffing(scenario), strict=True)):
        if staffing:
            steps += [(second, g, people) for second, people in staffing]
            continue
        rng = stream(scenario.seed, replication or 0, f"people.punctuality.{scenario.names.groups[g]}")
        spread_s = group.punctuality_s if replication is not None else 0.0
        changes: dict[float, int] = {}
        for shift in group.shifts:
            for begin, end in shift.pieces:
                for _ in range(shift.people) if spread_s else (0,):
                    size = 1 if spread_s else shift.people
                    late = rng.standard_normal(2) * spread_s
                    come = max(0.0, begin + late[0])
                    go = max(come, end + late[1])
                    changes[come] = changes.get(come, 0) + size
                    changes[go] = changes.get(go, 0) - size
        people = 0
        for second in sorted(changes):
            people += changes[second]
            steps.append((second, g, people))
    return iter(sorted(step for step in steps if step[0] < scenario.calendar.end_s))
