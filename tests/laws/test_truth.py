"""Independent truth cases through the whole path: YAML → loader → build → compiled floor → outcomes.

Every figure that a case gives a tolerance for is compared, |z| ≤ 4.5. The standard error is the case's own (a 4.5-standard-error tolerance
measured on up to 20 million customers, scaled to the customers offered here); the two Erlang B cases without one take the spread of 40
replications.

False alarms: about 250 figures at 4.5 standard errors each (7 in a million, a little more where skewed): one wrong seed in some 500. The
seeds are fixed, so a pass stays a pass.

Not expressible, and so not here: waiting places shared by several queues (SK-wallace-whitt) and customers of one agent who slow each other
down while served (CH). What else of outages and traces is not is listed in `test_truth_outages`, where it is counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.run import simulate
from sim.engine.state import Disposition
from sim.outcomes.measures import EVERYTHING, MEASURE, Cut, totals_of
from tests.laws.worlds import (
    Line,
    Span,
    Tree,
    ai_in_front,
    amount,
    clock,
    law,
    moment,
    one_line,
    people_only,
    read,
    rows,
    run,
    seconds,
    value,
)
from tests.truth import Case, case_id, cases, standard_error

MOST_Z = 4.5
OFFERED = 200_000
CLOSELY = 1_000_000
REPLICATIONS = 4
Z = dict[str, float]

# --- worlds by model ---


def unit_s(case: Case) -> float:
    """Seconds of the case's unit of time; a second where any unit would do."""
    return 60.0 if case["units"].startswith("minutes") else 1.0


def span(case: Case, per_s: float, offered: int, replications: int) -> Span:
    """How long one replication is."""
    return Span.for_contacts(offered / replications, per_s)


def _patience(case: Case) -> Tree | str:
    p, u = case["params"], unit_s(case)
    if "theta" in p:
        return law("exp", u / p["theta"])
    if "patience" in p:
        spec = p["patience"]
        cv = 1.0 / math.sqrt(spec["k"]) if "k" in spec else spec.get("cv")
        return law(spec["kind"], spec["mean"] * u, cv)
    return law("never")


def _handle(case: Case) -> Tree | str:
    p, u = case["params"], unit_s(case)
    if "mu" in p:
        return law("exp", u / p["mu"])
    if "aht_s" in p:
        return law("exp", p["aht_s"])
    if isinstance(p.get("service"), dict):
        return law(p["service"]["kind"], p["service"]["mean"] * u, p["service"]["cv"])
    scv = 0.0 if p.get("service") == "deterministic" else p.get("scv_service", 1.0)
    mean_s = p.get("mean_service", 1.0) * u
    if scv in (0.0, 1.0):
        return law("det" if scv == 0.0 else "exp", mean_s)
    return law("lognormal", mean_s, math.sqrt(scv))  # Pollaczek and Khinchine ask for two moments only


def single(case: Case, offered: int, replications: int) -> Tree:
    """One kind of customer, one group."""
    p, u = case["params"], unit_s(case)
    handle = _handle(case)
    per_s = p["lam"] / u if "lam" in p else p["a"] / p.get("aht_s", u)
    n = int(p["n"]) if "n" in p else int(case["expected"]["staff"])
    room = 0 if case["model"] == "mmnn" else p["K"] - n if "K" in p else None
    return one_line(per_s, handle, _patience(case), n, span(case, per_s, offered, replications), room=room)


def loss_of_two(case: Case, offered: int, replications: int) -> Tree:
    """Two kinds of customers with handling times of their own, and no place to wait."""
    p, u = case["params"], unit_s(case)
    per_s = p["lam"] / u
    tree = one_line(per_s, "1s", "never", p["n"], span(case, per_s, offered, replications), room=0)
    long_s, short_s = (mean * u for mean in p["mean_service"])
    tree["intents"] = {
        "car": {"share": p["p"], "human": {"handle": law("exp", long_s)}},
        "motorcycle": {"share": 1.0 - p["p"], "human": {"handle": law("exp", short_s)}},
    }
    return tree


def priorities(case: Case, offered: int, replications: int) -> Tree:
    """Two lines, one group: the first line is served first, nobody is interrupted."""
    p, u = case["params"], unit_s(case)
    lam = p["lam"] if "lam" in p else [p["rho"] * p["p_urgent"], p["rho"] * (1.0 - p["p_urgent"])]
    theta = p.get("theta", [None, None])
    lines = [
        Line(
            f"class{k}", lam[k - 1] / u, law("exp", u / theta[k - 1]) if theta[k - 1] else "never", priority=k
        )
        for k in (1, 2)
    ]
    groups = {"agents": (["class1", "class2"], p.get("n", 1))}
    return people_only(lines, _handle(case), groups, span(case, sum(lam) / u, offered, replications))


def n_model(case: Case, offered: int, replications: int) -> Tree:
    """Two lines, two groups: the second group serves its own line first and helps the first line out."""
    p, u = case["params"], unit_s(case)
    lines = [Line(f"class{k}", p["lam"][k - 1] / u, law("exp", u / p["theta"][k - 1])) for k in (1, 2)]
    groups = {"pool1": (["class1"], p["n"][0]), "pool2": (["class2", "class1"], p["n"][1])}
    s = span(case, sum(p["lam"]) / u, offered, replications)
    return people_only(lines, _handle(case), groups, s, takes="listed")


def overflow(case: Case, offered: int, replications: int) -> Tree:
    """The first stage as an AI fleet that is full now and then, the second one as the people behind it."""
    p = case["params"]
    first, fresh = p.get("a1", p.get("l1")), p.get("a2", p.get("l2"))
    patience = law("exp", 1.0 / p["theta"]) if "theta" in p else "never"
    s = span(case, first + fresh, offered, replications)
    room = None if "theta" in p else 0
    return ai_in_front(
        first, fresh, law("exp", 1.0), p["n1"], law("exp", 1.0), patience, p["n2"], s, room=room
    )


def on_off(case: Case, offered: int, replications: int) -> Tree:
    """An AI that answers at once and hands 30 % over, down for exponential stretches, when all it would take goes to people.

    The stretches are drawn here and written down as incidents, whole seconds in a unit of ten minutes.
    """
    assert replications == 1, "incidents are the scenario's own: replications would share them"
    p, u = case["params"], 600.0
    per_s = (p["lam_direct"] + p["lam_ai"]) / u
    s = Span.for_contacts(offered * per_s * u / case["expected"]["lam"], per_s)
    tree = ai_in_front(
        p["lam_ai"] / u,
        p["lam_direct"] / u,
        law("det", 0.001),
        10_000,
        law("exp", u / p["mu"]),
        law("exp", u / p["theta"]),
        p["n"],
        s,
        escalates=p["p_escalate"],
    )
    rng = np.random.default_rng(4)
    up_s, down_s = u / p["fail_rate"], u / p["repair_rate"]
    at, incidents = rng.exponential(up_s), []
    while at < s.end_s:
        lasts = rng.exponential(down_s)
        incidents.append(
            {
                "at": moment(at),
                "node": "fleet.assistant",
                "effect": "down",
                "lasts": seconds(max(0.001, lasts)),
            }
        )
        at += lasts + rng.exponential(up_s)
    tree["incidents"] = incidents
    return tree


# --- readings ---


def _threshold_s(case: Case, metric: str) -> float | None:
    """Waiting-time threshold in a metric's name: `sl2_20s`, `p_W_gt_0_05`, or `_t` for the case's own."""
    p = case["params"]
    if metric.endswith("_t"):
        return float(p["t_s"]) if "t_s" in p else float(p["t"]) * unit_s(case)
    found = re.fullmatch(r"(?:sl[12]|p_W_gt)_(\d+(?:_\d+)?)(s?)", metric)
    if found is None:
        return None
    return float(found[1].replace("_", ".")) * (1.0 if found[2] else unit_s(case))


def _class(metric: str) -> tuple[str, Cut]:
    """`EW2` is EW of the second line."""
    if metric[-1] in "12" and not metric.startswith("sl"):
        return metric[:-1], Cut(queue=int(metric[-1]) - 1)
    return metric, EVERYTHING


MEASURE_OF = {
    "p_block": "blocked",
    "p_wait": "p_wait",
    "p_ab": "abandonment",
    "EW": "mean_wait",
    "EW_served": "asa",
    "util": "occupancy",
}


def reading(case: Case, metric: str, runs: list[Run]) -> float:
    """What the runs say a metric of the truth cases is."""
    if case["model"].startswith("overflow"):
        # The class that goes straight to the second stage, and the one that overflows into it.
        fresh, ai = Cut(intent=1), Cut(intent=0)
        if metric == "p_block_fresh":
            return value(runs, "blocked", fresh)
        if metric == "p_lost_class0":
            return amount(runs, "blocked", ai) / amount(runs, "offered", ai)
        if metric.endswith("_class1"):
            seen = value(runs, MEASURE_OF[metric.removesuffix("_class1")], fresh)
            return seen / unit_s(case) if metric.startswith("EW") else seen
    name, cut = _class(metric)
    if metric == "util1":
        # The first group serves the first line alone; the second line is served by the second group alone.
        both, second = Cut(queue=0), Cut(queue=1)
        busy = amount(runs, "busy_s", both) - amount(runs, "busy_s", second)
        return busy / (amount(runs, "present_s", both) - amount(runs, "present_s", second))
    if name == "EQ":
        return amount(runs, "waiting_s", cut) / amount(runs, "span_s", cut)
    if name == "EN":
        return (amount(runs, "waiting_s") + amount(runs, "contact_s")) / amount(runs, "span_s")
    if name == "EW_abandoned":
        wait_s = amount(runs, "wait_s") - amount(runs, "wait_answered_s")
        return wait_s / amount(runs, "abandoned") / unit_s(case)
    if name.startswith("sl1"):
        return value(runs, "sl_answered")
    if name.startswith("sl2"):
        return value(runs, "sl_offered")
    if name.startswith("p_W_gt"):
        return 1.0 - value(runs, "sl_abandon_positive")
    seen = value(runs, MEASURE_OF[name], cut)
    if name.startswith("EW"):
        return seen / (600.0 if case["model"].startswith("on_off") else unit_s(case))
    return seen


# --- the test ---


@dataclass(frozen=True, slots=True)
class Way:
    """How a model is put into a scenario, and in how many replications."""

    tree: Callable[[Case, int, int], Tree]
    replications: int = REPLICATIONS


WAYS = {
    "mmnn": Way(single),
    "mmn": Way(single),
    "staff_erlang_c": Way(single),
    "mmnk": Way(single),
    "mmn+m": Way(single),
    "mmn+g": Way(single),
    "mgn+g": Way(single),
    "mg1": Way(single),
    "mdn": Way(single),
    "loss_two_class": Way(loss_of_two),
    "cobham_mmn": Way(priorities),
    "cobham_mg1": Way(priorities),
    "priority2_mn_m": Way(priorities),
    "n_model": Way(n_model),
    "overflow_loss_2stage": Way(overflow),
    "overflow_delay_2stage": Way(overflow),
    "on_off_outage_mn_m": Way(on_off, 1),
}


def _steady() -> list[Case]:
    return [
        c
        for c in cases()
        if c["model"] in WAYS and (c["tolerance"].get("abs") or c["id"] in ("EB-1-1", "EB-2-2"))
    ]


def z_scores(case: Case, offered: int) -> Z:
    """How many standard errors every metric of a case is off."""
    way = WAYS[case["model"]]
    if "abs" not in case["tolerance"]:
        return _z_by_spread(case, offered)
    tree = way.tree(case, offered, way.replications)
    z: Z = {}
    by_threshold: dict[float | None, list[str]] = {}
    for metric in case["tolerance"]["abs"]:
        by_threshold.setdefault(_threshold_s(case, metric), []).append(metric)
    for within_s, metrics in sorted(by_threshold.items(), key=lambda item: item[0] or 0.0):
        # The same customers again, for every threshold that the case asks about.
        sets = [] if within_s is None else [f"queues.voice.answer_within={seconds(within_s)}"]
        runs = run(tree, *sets, replications=way.replications)
        came = int(amount(runs, "offered"))
        for metric in metrics:
            error = standard_error(case, metric, came)
            z[metric] = (reading(case, metric, runs) - case["expected"][metric]) / error
    return z


def _z_by_spread(case: Case, offered: int) -> Z:
    """The same from the spread of replications."""
    from scipy.stats import t

    replications = 40
    runs = run(single(case, offered, replications), replications=replications)
    blocked = MEASURE["blocked"].estimate(totals_of(runs))
    error = blocked.half_width / float(t.ppf(0.975, replications - 1))
    return {"p_block": (blocked.value - case["expected"]["p_block"]) / error}


def off(z: Z) -> Z:
    """The metrics that are further off than they may be."""
    return {metric: round(by, 2) for metric, by in z.items() if not abs(by) <= MOST_Z}


@pytest.mark.parametrize("case", _steady(), ids=case_id)
def test_steady_case(case: Case) -> None:
    """A queue in its steady state has the figures that theory, or an independent simulator, gives it."""
    assert {} == off(z_scores(case, OFFERED))


@pytest.mark.slow
@pytest.mark.parametrize("case", _steady(), ids=case_id)
def test_steady_case_closely(case: Case) -> None:
    """The same with five times the customers: more than twice as sharp."""
    assert {} == off(z_scores(case, CLOSELY if case["model"] != "on_off_outage_mn_m" else OFFERED))


def test_enough_cases_are_expressible() -> None:
    """At least thirty independent cases go through the whole path."""
    cases()  # skips where the cases are not at hand
    found = len(_steady()) + len(_given()) + len(TRACES) + len(cases("time_varying")[:2])
    assert found >= 30


# --- arrivals given one by one ---


def _renewal(case: Case, count: int) -> np.ndarray:
    """Arrival times of a case whose arrivals are not Poisson, in its unit."""
    p, rng = case["params"], np.random.default_rng(7)
    if case["model"] == "gim_n" and p["interarrival"] == "deterministic":
        return np.arange(1, count + 1) / p["lam"]
    if case["model"] == "gim_n":
        # Balanced means: both branches carry half of the time.
        scv = p["interarrival"]["scv"]
        first = (1.0 + math.sqrt((scv - 1.0) / (scv + 1.0))) / 2.0
        chosen = np.where(rng.random(count) < first, 2.0 * first, 2.0 * (1.0 - first)) * p["lam"]
        return np.cumsum(rng.standard_exponential(count) / chosen)
    if case["model"] == "batch_mn_m":
        mean = count / (
            p["lam_batches"]
            * (np.mean([int(k) for k in p["batch"]]) if "kind" not in p["batch"] else p["batch"]["mean"])
        )
        batches = np.cumsum(rng.standard_exponential(int(mean * p["lam_batches"])) / p["lam_batches"])
        if p["batch"].get("kind") == "geometric":
            sizes = rng.geometric(1.0 / p["batch"]["mean"], len(batches))
        else:
            sizes = np.full(len(batches), int(next(iter(p["batch"]))))
        return np.repeat(batches, sizes)
    assert case["model"] == "mmpp_mn_m"
    rates, leave = p["rates"], [p["Q"][0][1], p["Q"][1][0]]
    now, state, times = 0.0, 0, []
    total = 0
    while total < count:
        stay = rng.exponential(1.0 / leave[state])
        n = rng.poisson(rates[state] * stay)
        times.append(now + np.sort(rng.random(n)) * stay)
        total += n
        now += stay
        state = 1 - state
    return np.concatenate(times)


def _given() -> list[object]:
    """Cases whose arrivals are listed; the bursty ones need long lists, which take seconds to read."""
    found = []
    for case in cases("gim1", "gim_n", "bursty"):
        quick = case["params"].get("interarrival") == "deterministic"
        found.append(pytest.param(case, id=case["id"], marks=[] if quick else [pytest.mark.slow]))
    return found


@pytest.mark.parametrize("case", _given())
def test_arrivals_given_one_by_one(case: Case) -> None:
    """Arrivals that are listed come when the list says, bursts and batches included."""
    p, u = case["params"], 60.0
    periodic = p.get("interarrival") == "deterministic"
    count, replications = (20_000, 10) if periodic else (50_000, 1)
    times = _renewal(case, count) * u
    s = Span(math.ceil(times[-1] / 40))
    patience = law("exp", u / p["theta"]) if "theta" in p else "never"
    tree = one_line(1.0, law("exp", u / p["mu"]), patience, p["n"], s)
    tree["demand"] = {"at": [seconds(round(t, 3)) for t in times]}
    runs = run(tree, replications=replications)
    came = int(amount(runs, "offered"))
    z = {
        metric: (reading({**case, "units": "minutes"}, metric, runs) - case["expected"][metric])
        / standard_error(case, metric, came)
        for metric in case["tolerance"]["abs"]
    }
    assert {} == off(z)


# --- arrivals that come and go like a wave ---


@pytest.mark.parametrize("case", cases("time_varying")[:2], ids=case_id)
def test_wave(case: Case) -> None:
    """With people for everybody, the number in service follows a wave of arrivals late and damped, as M(t)/M/∞ says it does.

    One wave a day, 400 days; in service at a given hour is a Poisson number, days correlate by exp(−day/service).
    """
    p = case["params"]
    day_s, days, steps = 86_400.0, 400, 288
    unit = day_s * p["gamma"] / (2.0 * math.pi)
    edges = np.arange(steps + 1) * 2.0 * math.pi / steps
    # The mean of 1 + β·sin over each five minutes.
    level = 1.0 + p["beta"] * (np.cos(edges[:-1]) - np.cos(edges[1:])) / np.diff(edges)
    tree = one_line(1.0, law("exp", unit / p["mu"]), "never", 300, Span(int(10 * day_s), days // 10, 1))
    by_time = {clock(k * day_s / steps): p["lam_bar"] / unit * 3600.0 * float(level[k]) for k in range(steps)}
    tree |= {"demand": {"per_h": by_time}, "records": "contacts"}
    r = rows(simulate(read(tree)))
    begin_s, end_s = np.sort(r["answer_s"]), np.sort(r["answer_s"] + r["handle_s"])
    z: Z = {}
    for metric, expected in case["expected"].items():
        if not metric.startswith("m_t"):
            continue
        at_s = (float(metric[3:]) * unit) % day_s + np.arange(20, days) * day_s
        busy = np.searchsorted(begin_s, at_s, side="right") - np.searchsorted(end_s, at_s, side="right")
        alike = math.exp(-day_s / unit * p["mu"])
        error = math.sqrt(expected / len(at_s) * (1.0 + alike) / (1.0 - alike))
        z[metric] = (float(busy.mean()) - expected) / error
    assert {} == off(z)
    assert 4 == len(z)


# --- traces: every time is known ---

MINUTE = 60.0
TRACES = ("DT-ciw-renege-shift", "DT-ciw-priority-np", "DT-ciw-baulk", "DT-ciw-shifts", "DT-simmer-loss")


def _trace(name: str) -> Case:
    return next(c for c in cases() if c["id"] == name)


def _traced(
    arrive: list[float],
    handle: float,
    staffing: int | Tree,
    until: float,
    *,
    patience: Tree | str = "never",
    room: int | None = None,
) -> dict[str, np.ndarray]:
    """Rows of a world whose unit is a minute and whose handling times are all alike; times come back in minutes."""
    tree = one_line(1.0, law("det", handle * MINUTE), patience, 1, Span(60, math.ceil(until), 0), room=room)
    tree["people"]["agents"]["staffing"] = staffing
    tree |= {"demand": {"at": [seconds(t * MINUTE) for t in arrive]}, "records": "contacts"}
    return _in_minutes(rows(simulate(read(tree))))


def _in_minutes(r: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: column / MINUTE if name.endswith("_s") else column for name, column in r.items()}


def _where(r: dict[str, np.ndarray], disposition: Disposition, column: str) -> list[float]:
    return r[column][r["disposition"] == disposition].round(9).tolist()


def test_shift_ends_during_a_call() -> None:
    """Who goes off duty during a call finishes it; those who wait then give up one by one."""
    case = _trace("DT-ciw-renege-shift")
    p, expected = case["params"], case["expected"]
    staffing = {clock(at * MINUTE): n for at, n in p["schedule"]}
    r = _traced(
        p["arrivals"], p["service"][0], staffing, p["until"], patience=law("det", p["patience"][0] * MINUTE)
    )
    ids = (r["id"] + 1).tolist()
    assert expected["served_ids"] == [
        i for i, d in zip(ids, r["disposition"], strict=True) if d == Disposition.HUMAN_RESOLVED
    ]
    assert expected["served_end"] == _where(r, Disposition.HUMAN_RESOLVED, "end_s")
    assert expected["abandoned_ids"] == [
        i for i, d in zip(ids, r["disposition"], strict=True) if d == Disposition.QUEUE_ABANDONED
    ]
    assert expected["abandon_times"] == _where(r, Disposition.QUEUE_ABANDONED, "end_s")


def test_priority_does_not_interrupt() -> None:
    """A free agent takes the urgent customer who came later, but finishes with the one in hand first."""
    case = _trace("DT-ciw-priority-np")
    p, expected = case["params"], case["expected"]
    arrive = [at for at, _ in p["arrivals"]]
    lines = [Line("low", 0.5, priority=2), Line("high", 0.5, priority=1)]
    tree = people_only(
        lines, law("det", MINUTE), {"agents": (["low", "high"], p["servers"])}, Span(60, 20, 0)
    )
    tree |= {"demand": {"at": [seconds(t * MINUTE) for t in arrive]}, "records": "contacts"}
    tree["intents"]["any"]["human"]["handle"] = law("det", p["service"]["low"] * MINUTE)
    tree["channels"]["high"]["handle_factor"] = p["service"]["high"] / p["service"]["low"]
    # The file cannot say who comes when: the first seed that draws the trace's own customers has it.
    for seed in range(200):
        r = _in_minutes(rows(simulate(read(tree, f"seed={seed}"))))
        if [["low", "high"].index(kind) for _, kind in p["arrivals"]] == r["channel"].tolist():
            break
    assert expected["start"] == r["answer_s"].tolist()
    assert expected["end"] == r["end_s"].tolist()
    assert expected["wait"] == (r["answer_s"] - r["queue_s"]).tolist()


def test_waiting_room_is_full() -> None:
    """Who finds the waiting places taken is turned away at once."""
    case = _trace("DT-ciw-baulk")
    p, expected = case["params"], case["expected"]
    arrive = [5.0 * k for k in range(1, 11)]
    r = _traced(arrive, p["service"], p["servers"], p["until"], room=p["max_in_system"] - p["servers"])
    assert expected["balk_times"] == _where(r, Disposition.BLOCKED, "end_s")
    served = r["disposition"] == Disposition.HUMAN_RESOLVED
    assert expected["served_start"] == r["answer_s"][served].tolist()
    assert expected["served_end"] == r["end_s"][served].tolist()
    assert expected["served_wait"] == (r["answer_s"] - r["queue_s"])[served].tolist()


def test_staffing_curve() -> None:
    """People come and go with the staffing curve, and those who go finish their call first."""
    case = _trace("DT-ciw-shifts")
    p, expected = case["params"], case["expected"]
    staffing = {clock((at + cycle * p["cycle"]) * MINUTE): n for cycle in range(3) for at, n in p["schedule"]}
    r = _traced(p["arrivals"], p["service"][0], staffing, 3 * p["cycle"])
    assert expected["start"] == np.sort(r["answer_s"]).round(9).tolist()


def test_every_second_call_is_lost() -> None:
    """One agent, no waiting place, a call a minute, a minute and a half each: every second one is lost."""
    case = _trace("DT-simmer-loss")
    p, expected = case["params"], case["expected"]
    r = _traced([float(k) for k in range(1, 101)], p["service"], p["servers"], 102, room=p["queue_size"])
    served = r["disposition"] == Disposition.HUMAN_RESOLVED
    assert expected["served"] == served.sum()
    assert expected["lost"] == (r["disposition"] == Disposition.BLOCKED).sum()
    assert expected["end"] == r["end_s"][served].max()
