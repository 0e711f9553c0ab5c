"""Random scenarios drawn from the whole schema, and a comparison of two runs: in words, where they part first."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.engine.control import CONTROL, Look
from sim.engine.records import COUNTERS, Counts, Run
from sim.engine.state import DECISION
from sim.scenario.build import build
from sim.scenario.checks import problems
from sim.scenario.model import Scenario
from sim.scenario.schema import WEEKDAYS, ScenarioFile
from sim.scenario.values import in_clock, in_units

T = TypeVar("T")

HOUR_S = 3600.0
SUMS_APART = 1e-12
"""Sums of seconds may differ by this share: the floors add contacts up in another order, and rounding knows it."""


class _Dice:
    """The choices of one world."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng((20260302, seed))

    def of(self, *values: T) -> T:
        """One of these."""
        return values[int(self._rng.integers(len(values)))]

    def chance(self, share: float) -> bool:
        """Whether it happens."""
        return bool(self._rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number with a few digits."""
        return float(f"{self._rng.uniform(low, high):.4g}")

    def count(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self._rng.integers(low, high + 1))

    def some(self, values: Sequence[T], least: int = 1) -> list[T]:
        """A few of these in any order, at least so many."""
        n = self.count(min(least, len(values)), len(values))
        return [values[int(k)] for k in self._rng.permutation(len(values))[:n]]

    def shares(self, names: Sequence[str]) -> dict[str, float]:
        """Shares that sum to 1."""
        weights = [self.count(1, 6) for _ in names]
        return {name: weight / sum(weights) for name, weight in zip(names, weights, strict=True)}

    def maybe(self, tree: dict[str, Any], share: float, key: str, value: Any) -> None:
        """Write a key, or leave it to its default."""
        if self.chance(share):
            tree[key] = value


class _World:
    """One scenario in the making: `tree` is what the file would say.

    On a *beat* every time is a whole number of beats, so that ends, replies, arrivals, staffing and incidents fall on
    the same instant.
    """

    def __init__(self, seed: int, contacts: int | None) -> None:
        d = self.d = _Dice(seed)
        self.seed = seed
        self.beat_s = d.of(5.0, 10.0, 15.0, 30.0) if d.chance(0.35) else 0.0
        self.is_long = d.chance(0.35)
        self.hours = d.of(25, 30, 36, 49, 60) if self.is_long else d.of(4, 6, 9, 12)
        self.contacts = contacts if contacts is not None else d.count(2500, 3000)
        self.by = d.of("human", "intent", "confidence", "confidence", "confidence", "intent")
        self.channels = d.of(
            ("voice",), ("chat",), ("voice", "chat"), ("voice", "chat"), ("voice", "chat", "email")
        )
        self.intents = ("billing", "card", "address", "fraud", "loan")[: d.count(1, 5)]
        self.segments = ("standard", "gold", "business")[: d.count(1, 3)]
        self.languages = ("en", "de", "fr")[: d.count(1, 3)]
        self.regions = ("here", "there")[: d.count(1, 2)]
        self.nodes = ("cloud", "edge", "provider", "vendor.A", "vendor.B", "models")[: d.count(0, 6)]
        self.fleets = (
            ("alpha", "beta", "gamma")[: d.count(1, 3)] if self.by != "human" or d.chance(0.3) else ()
        )
        self.handle_s = d.between(100.0, 500.0) * (d.of(1.0, 3.0) if self.is_long else 1.0)
        self.tree: dict[str, Any] = {}

    # --- small things --------------------

    def time_s(self, low: float, high: float) -> float:
        """A duration, on the beat where there is one."""
        drawn_s = self.d.between(low, high)
        return max(1.0, round(drawn_s / self.beat_s)) * self.beat_s if self.beat_s else drawn_s

    def written(self, seconds: float) -> Any:
        """A duration as a file or as code says it."""
        return in_units(seconds) if self.d.chance(0.3) else seconds

    def law(self, mean_s: float, *, endless: bool = False, heavy: bool = True) -> Any:
        """A law around this mean."""
        d, mean_s = self.d, self.time_s(0.6 * mean_s, 1.4 * mean_s)
        if endless and d.chance(0.12):
            return d.of("never", {"law": "never"})
        if self.beat_s:
            return {"law": "constant", "mean": mean_s}
        family = d.of(
            "short",
            "mean",
            "exponential",
            "lognormal",
            "gamma",
            "weibull",
            "uniform",
            "constant",
            "quantiles",
        )
        if family == "short":
            return self.written(mean_s)
        tree: dict[str, Any] = {} if family == "mean" else {"law": family}
        if family == "quantiles":
            return {
                **tree,
                "values": tuple(
                    mean_s * x for x in d.of((0.0, 1.0, 2.0), (0.1, 0.5, 0.8, 1.2, 3.0), (1.0, 1.0))
                ),
            }
        tree["mean"] = self.written(mean_s)
        if family in {"lognormal", "gamma"}:
            d.maybe(tree, 0.6, "cv", d.between(0.2, 1.2 if heavy else 0.6))
        if family == "weibull":
            tree["shape"] = d.between(0.7, 2.0)
        return tree

    def moment(self, second: float) -> str:
        """Local time so many seconds (of wall-clock time) after the start."""
        at = self.begins + dt.timedelta(seconds=round(second))
        clock = in_clock(at.hour * HOUR_S + at.minute * 60.0 + at.second)
        if at.date() == self.begins.date() and self.d.chance(0.5):
            return clock
        return f"{at.date().isoformat()} {clock}"

    # --- parts of the file --------------------

    def file(self) -> dict[str, Any]:
        """All of it."""
        d = self.d
        self.calendar()
        self.demand()
        self.tree["channels"] = self.channel_parts()
        self.tree |= {
            "segments": d.shares(self.segments),
            "languages": d.shares(self.languages),
            "regions": d.shares(self.regions),
        }
        self.tree["intents"] = self.intent_parts()
        d.maybe(self.tree, 0.5, "out_of_scope", d.of(0.02, 0.1, 0.3))
        self.tree["nodes"] = {
            name: {"on": tuple(d.some(self.nodes[:k], 0))} if d.chance(0.8) else {}
            for k, name in enumerate(self.nodes)
        }
        self.ai()
        self.queues_and_people()
        self.routing()
        self.failover()
        self.watched()
        self.relief()
        if not self.fleets and "relief" not in self.tree:
            self.tree.pop("watch", None)
        self.under_load()
        self.customers()
        self.above()
        self.tree["incidents"] = tuple(self.incident() for _ in range(d.count(0, 9)))
        self.tree |= {"seed": self.seed, "replications": d.count(1, 3)}
        d.maybe(self.tree, 0.2, "warm_up", self.written(d.of(900.0, 1800.0)))
        self.fit()
        self.announced()
        self.operators()
        self.hosts()
        self.parents()
        self.slow_replies()
        self.other_channel()
        self.drained()
        self.wrong_people()
        self.dissatisfied()
        return self.tree

    def dissatisfied(self) -> None:
        """Some breakers hear what surveys say, and many answer them; dice of their own, as well."""
        d = _Dice(self.seed + 12_000_000)
        breakers = self.tree["failover"].get("breakers")
        if not isinstance(breakers, dict) or self.beat_s or self.tree.get("watch", "off") == "off":
            return
        if d.chance(0.5):
            for key, more in (("semantic", {"warn_csat": d.of(0.5, 2.0, 5.0)}), ("degraded", {})):
                had = breakers.get(key)
                breakers[key] = {**(had if isinstance(had, dict) else {}), **more}
            mood = self.tree.get("mood")
            mood = mood if isinstance(mood, dict) else {}
            csat = mood.get("csat")
            asked = {**(csat if isinstance(csat, dict) else {}), "answers": 0.5}
            self.tree["mood"] = {**mood, "csat": asked}

    def wrong_people(self) -> None:
        """Some contacts reach the wrong people; dice of their own, as well."""
        d = _Dice(self.seed + 11_000_000)
        wrong: dict[str, Any] = {
            "by_chance": d.of(0.05, 0.3, 1.0),
            "most": d.count(1, 3),
            "longer": d.of(0.0, 60.0),
        }
        if self.tree.get("classifier") and self.by != "human":
            d.maybe(wrong, 0.7, "wrong_label", d.of(0.0, 0.5, 1.0))
        if wrong["most"] > 1:
            d.maybe(wrong, 0.7, "again", d.of(0.0, 0.1, 0.6))
        wrong["discovery"] = f"{d.of(1.0, 2.0) * self.beat_s:g}s" if self.beat_s else d.of(20.0, 40.0)
        d.maybe(self.tree, 0.4, "misroute", d.of("off", wrong, wrong, wrong))

    def other_channel(self) -> None:
        """Another channel is offered with the announcement; dice of their own, as well."""
        d = _Dice(self.seed + 9_000_000)
        relief = self.tree.get("relief")
        if not isinstance(relief, dict) or not isinstance(relief.get("message"), dict):
            return
        heard = relief.get("queues") or tuple(self.tree["queues"])
        to = d.of(*self.channels)
        if any(to not in self.tree["queues"][name].get("channels", (name,)) for name in heard):
            switch = {"to": to, "share": d.of(0.1, 0.5, 1.0)}
            d.maybe(relief["message"], 0.8, "switch", d.of("off", switch, switch))

    def drained(self) -> None:
        """Some of those held go back to the AI; dice of their own, so that no other world changes."""
        d = _Dice(self.seed + 10_000_000)
        relief = self.tree.get("relief")
        if isinstance(relief, dict) and isinstance(relief.get("meter"), dict) and self.fleets:
            d.maybe(relief["meter"], 0.7, "back_after", d.of(1.0, 1.0, 60.0, 120.0, "off"))

    def parents(self) -> None:
        """Some nodes have breakers where fleets on them have; dice of their own, so that no other world changes."""
        d = _Dice(self.seed + 7_000_000)
        failover = self.tree["failover"]
        if not isinstance(failover.get("breakers"), dict):
            return
        shared = [node for node in self.nodes if sum(self.stands(name, node) for name in self.fleets) >= 2]
        if not shared or not d.chance(0.5):
            return
        parents: dict[str, Any] = {}
        d.maybe(parents, 0.5, "nodes", tuple(d.some(shared)))
        d.maybe(parents, 0.7, "share", d.of(0.5, 0.7, 1.0))
        d.maybe(parents, 0.7, "scout", self.written(d.of(60.0, 300.0, 1200.0)))
        failover["parents"] = parents
        for _ in range(d.count(1, 2)):
            incident = {
                "at": self.moment(round(d.between(0.1, 0.7) * self.hours * 60.0) * 60.0), "node": d.of(*shared), "effect": "errors",
                "share": d.of(0.5, 0.8, 1.0), "lasts": self.written(d.of(1200.0, 3600.0, 7200.0)),
            }  # fmt: skip
            self.tree["incidents"] = (*self.tree["incidents"], incident)

    def hosts(self) -> None:
        """Some fleets are of several hosts, some of which are sick; dice of their own, so that no other world changes."""
        d = _Dice(self.seed + 6_000_000)
        if not self.fleets or not d.chance(0.35):
            return
        fleets = [name for name in self.fleets if d.chance(0.7)] or [self.fleets[0]]
        for name in fleets:
            self.tree["fleets"][name]["hosts"] = d.of(2, 5, 8, 20)
        sick = [
            {
                "at": self.moment(round(d.between(0.0, 0.8) * self.hours * 60.0) * 60.0), "node": f"fleet.{name}",
                "lasts": self.written(d.of(900.0, 3600.0, 7200.0)), "effect": d.of("errors", "down", "slow"),
            }
            for name in fleets
            for _ in range(d.count(1, 2))
        ]  # fmt: skip
        for incident in sick:
            hosts = self.tree["fleets"][incident["node"].removeprefix("fleet.")]["hosts"]
            incident["hosts"] = d.count(1, max(1, hosts // 2))
            if incident["effect"] == "errors":
                incident["share"] = d.of(0.3, 0.6, 0.9)
            elif incident["effect"] == "slow":
                incident["factor"] = d.of(2.0, 10.0)
        self.tree["incidents"] = (*self.tree["incidents"], *sick)
        if not d.chance(0.85):
            return
        mode = {"panic_mode": d.of("fail_to_human", "ignore_health")}
        few = d.of({"share": 0.5, "panic": d.of(0.7, 0.9)}, {"share": 1.0, "panic": d.of(0.3, 0.6)}) | mode
        ejection = {
            "every": self.written(d.of(10.0, 30.0)), "in_a_row": d.of(0, 3, 5), "base": self.written(d.of(30.0, 300.0)),
            "at_most": self.written(d.of(300.0, 900.0)), **d.of({}, few, few),
        }  # fmt: skip
        outlier = {"deviations": d.of(0.7, 0.9), "hosts": 2, "calls": d.of(1, 5)}
        failed = {"share": d.of(0.3, 0.85), "calls": d.of(1, 4)}
        if ejection["in_a_row"] == 0 or d.chance(0.5):
            ejection |= d.of(
                {"outlier": outlier, "failed": failed},
                {"failed": failed},
                {"outlier": outlier, "failed": "off"},
            )
        else:
            ejection |= {"outlier": "off"}
        self.tree["failover"]["ejection"] = ejection

    def operators(self) -> None:
        """Some breakers are set by hand; dice of their own, so that no other world changes."""
        d = _Dice(self.seed + 5_000_000)
        failover = self.tree["failover"]
        if not isinstance(failover.get("breakers"), dict) or not self.fleets or not d.chance(0.2):
            return
        orders = []
        for _ in range(d.count(1, 3)):
            order = {
                "at": self.moment(round(d.between(0.0, 0.9) * self.hours * 60.0) * 60.0),
                "fleet": d.of(*self.fleets), "state": d.of("forced_open", "disabled", "metrics_only"),
            }  # fmt: skip
            d.maybe(order, 0.7, "lasts", self.written(d.of(300.0, 1200.0, 3600.0)))
            orders.append(order)
        failover["operators"] = tuple(orders)

    def announced(self) -> None:
        """Some outages are told ahead where somebody tells; dice of their own, so that no other world changes."""
        d = _Dice(self.seed + 4_000_000)
        if self.tree.get("signals", "off") == "off":
            return
        for incident in self.tree["incidents"]:
            told = any(self.stands(name, incident["node"]) for name in self.fleets)
            if told and incident["effect"] == "down":
                d.maybe(incident, 0.6, "announced", self.written(d.of(600.0, 1800.0, 7200.0)))

    def stands(self, fleet: str, node: str) -> bool:
        """Whether a fleet is a node, or stands on it however indirectly."""
        on = self.tree["fleets"][fleet].get("on")
        below = [on] if on else []
        for name in below:
            below.extend(self.tree["nodes"][name].get("on", ()))
        return node == f"fleet.{fleet}" or node in below

    def fit(self) -> None:
        """Some worlds that route by confidence do it by best fit; dice of their own, so that no other world changes."""
        d = _Dice(self.seed + 3_000_000)
        if self.by != "confidence" or not d.chance(0.3):
            return
        routing = self.tree["routing"] = {**self.tree["routing"], "by": "fit"}
        least = {risk: d.of(0.0, 0.3, 0.6, 0.9) for risk in ("low", "medium", "high")}
        fit = {
            "least": least, "known_from": d.of(0, 20, 500), "unnoticed": d.of(0.0, 0.3, 1.0), "load_price": d.of(0.0, 1.0, 20.0),
        }  # fmt: skip
        d.maybe(routing, 0.8, "fit", fit)
        prices = {"human_per_min": d.of(0.1, 0.65, 1.5), "customer_wait_per_min": d.of(0.0, 1.2)}
        d.maybe(self.tree, 0.7, "prices", prices)

    def calendar(self) -> None:
        d = self.d
        day = dt.date.fromisoformat(
            d.of("2026-03-02", "2026-03-06", "2026-03-28", "2026-07-15", "2026-10-24")
        )
        self.begins = dt.datetime(day.year, day.month, day.day, d.of(0, 6, 7, 8), d.of(0, 30))  # noqa: DTZ001 local on purpose
        until = self.begins + dt.timedelta(hours=self.hours)
        same_day = until.date() == day
        self.tree["question"] = f"Do both floors agree on world {self.seed}?"
        calendar: dict[str, Any] = {
            "from": f"{day.isoformat()} {self.begins:%H:%M}",
            "until": f"{until:%H:%M}" if same_day else f"{until.date().isoformat()} {until:%H:%M}",
        }
        d.maybe(calendar, 0.5, "timezone", d.of("Europe/Berlin", "America/New_York", "UTC"))
        d.maybe(calendar, 0.6, "interval", self.written(d.of(300.0, 600.0, 1800.0, 3600.0, 700.0)))
        self.tree["calendar"] = calendar

    def demand(self) -> None:
        d, per_h = self.d, self.contacts / self.hours
        if self.beat_s and d.chance(0.5):
            beats = sorted(
                d.count(0, int(self.hours * HOUR_S / self.beat_s) - 1) for _ in range(self.contacts)
            )
            self.tree["demand"] = {"at": tuple(beat * self.beat_s for beat in beats)}
            return
        demand: dict[str, Any] = {}
        way = d.of("steady", "profile", "volume")
        if way == "steady":
            demand["per_h"] = per_h
        elif way == "profile":
            demand["per_h"] = {
                clock: per_h * d.between(0.5, 1.5)
                for clock in ("00:00", "06:00", "09:30", "13:00", "18:00", "22:00")
            }
        else:
            weights = [d.count(2, 6) for _ in range(24)]
            hours = [100.0 * weight / sum(weights) for weight in weights]
            demand |= {
                "volume": {day: 24.0 * per_h * d.between(0.8, 1.2) for day in WEEKDAYS},
                "hour_share": tuple(hours),
            }
        d.maybe(demand, 0.3, "busy_day_cv", d.of(0.02, 0.05))
        noise = {"phi": d.of(0.0, 0.5, 0.9, -0.3), "sigma": d.of(0.02, 0.05, 0.1)}
        d.maybe(demand, 0.5, "interval_noise", d.of("off", {}, noise, noise))
        d.maybe(
            demand,
            0.25,
            "batch",
            d.of("off", {}, {"mean": d.of(1.5, 4.0)}, {"law": "fixed", "mean": d.of(2, 5)}),
        )
        jumps = {
            "levels": d.of((1.0, 4.0), (0.0, 1.0, 3.0)),
            "lasts": [self.written(d.of(300.0, 1800.0))] * 3,
        }
        jumps["lasts"] = tuple(jumps["lasts"][: len(jumps["levels"])])
        d.maybe(demand, 0.25, "mmpp", d.of("off", jumps, jumps))
        if d.chance(0.6):
            demand["events"] = tuple(self.surge() for _ in range(d.count(1, 3)))
        self.tree["demand"] = demand

    def surge(self) -> dict[str, Any]:
        d, run_s = self.d, self.hours * HOUR_S
        lasts_s = d.of(600.0, 1800.0, 0.08 * run_s)
        surge: dict[str, Any] = {
            "at": self.moment(d.between(0.0, 0.9) * run_s), "lasts": self.written(round(lasts_s)), "multiplier": d.of(0.0, 0.5, 2.0, 4.0),
        }  # fmt: skip
        d.maybe(surge, 0.5, "intents", tuple(d.some(self.intents)))
        d.maybe(surge, 0.5, "channels", tuple(d.some(self.channels)))
        return surge

    def channel_parts(self) -> dict[str, Any]:
        d, parts = self.d, {}
        shares = d.shares(self.channels)
        for name in self.channels:
            part: dict[str, Any] = {"share": shares[name]} if len(self.channels) > 1 or d.chance(0.5) else {}
            if name != "voice":
                part["at_once"] = d.count(1, 4)
                if part["at_once"] > 1:
                    d.maybe(part, 0.5, "assign", d.of("fill_up", "fill_up", "idle_first"))
            part["crowding"] = 0.0 if self.beat_s else d.of(0.0, 0.1, 0.25, 0.4)
            d.maybe(part, 0.4, "handle_factor", d.of(0.5, 2.0) if self.beat_s else d.between(0.7, 1.5))
            part["reply_timeout"] = self.written(3.0 * self.beat_s) if self.beat_s else d.of(3.0, 6.0, 10.0)
            part["slow_reply"] = self.beat_s or d.of(1.0, 2.0, 4.0)
            d.maybe(part, 0.5, "max_session", self.written(self.time_s(150.0, 600.0)))
            d.maybe(part, 0.5, "handover", self.time_s(2.0, 30.0) if d.chance(0.7) else 0.0)
            d.maybe(part, 0.4, "ability_shift", d.of(-0.4, -0.2, 0.3))
            d.maybe(part, 0.5 if name == "chat" else 0.2, "silent_abandon", d.of(0.2, 0.5, 1.0))
            d.maybe(part, 0.5, "silent_detect", self.time_s(20.0, 200.0) if d.chance(0.8) else 0.0)
            parts[name] = part
        return parts

    def intent_parts(self) -> dict[str, Any]:
        d, parts = self.d, {}
        shares = d.shares(self.intents)
        for k, name in enumerate(self.intents):
            part: dict[str, Any] = {"share": shares[name], "human": {"handle": self.law(self.handle_s)}}
            if k == 0 or d.chance(0.75):
                part["ai"] = {"capability": d.of(0.0, 0.4, 0.7, 0.9, 1.0)}
                d.maybe(part["ai"], 0.8, "turns", d.count(1, 5))
            d.maybe(part, 0.4, "eligible", d.chance(0.6) or k == 0)
            d.maybe(part, 0.4, "family", d.of("money", "other"))
            d.maybe(part, 0.4, "risk", d.of("low", "medium", "high"))
            d.maybe(part, 0.4, "value", d.between(0.5, 20.0))
            parts[name] = part
        return parts

    def failure(self) -> dict[str, float]:
        detected, loop, wrong = self.d.of(
            (0.45, 0.25, 0.3), (0.2, 0.6, 0.2), (0.1, 0.1, 0.8), (0.0, 1.0, 0.0), (0.8, 0.1, 0.1)
        )
        return {"detected": detected, "loop": loop, "confident_wrong": wrong}

    def ai(self) -> None:
        d = self.d
        if self.by != "human" or d.chance(0.3):
            classifier: dict[str, Any] = {"accuracy": d.of(0.5, 0.8, 0.95, 1.0), "kappa": d.of(1.0, 3.0, 8.0)}
            d.maybe(classifier, 0.4, "temperature", d.of(0.5, 1.5))
            d.maybe(classifier, 0.4, "bias", d.of(-0.5, 0.7))
            if self.beat_s:
                latency_s = d.of(1.0, 1.0, 4.0) * self.beat_s
                classifier |= {
                    "latency": latency_s,
                    "latency_p99": latency_s,
                    "budget": self.written(d.of(1.0, 5.0, 5.0, 5.0) * self.beat_s),
                }
            elif d.chance(0.5):
                classifier |= {
                    "latency": d.of(0.0, 0.05, 0.15),
                    "latency_p99": d.of(0.19, 0.4, 60.0),
                    "budget": d.of(0.1, 0.2, 30.0),
                }
            d.maybe(classifier, 0.5, "oos_recall", d.of(0.0, 0.3, 0.9))
            if self.nodes:
                d.maybe(classifier, 0.6, "node", d.of(*self.nodes))
            self.tree["classifier"] = classifier
        ai: dict[str, Any] = {
            "tau": d.of(0.0, 0.8, 1.5), "vendor_correlation": d.of(0.0, 0.6, 1.0), "failure": self.failure(),
            "wrong_label_failure": self.failure(), "wrong_label_recovers": d.of(0.0, 0.2, 0.5),
            "turns_cv": d.of(0.0, 0.4, 0.8), "think": self.law(d.between(8.0, 50.0), heavy=False),
            "leaves_per_turn": d.of(0.05, 0.2, 0.4), "mood_start": d.of((2.0, 8.0), (5.0, 2.0)),
            "mood_bad_turn": d.of(0.0, 0.06, 0.2), "mood_good_turn": d.of(0.0, 0.03),
        }  # fmt: skip
        d.maybe(ai, 0.5, "language_shift", {name: d.of(-0.6, -0.2, 0.1) for name in d.some(self.languages)})
        self.tree["ai"] = ai
        sessions = self.contacts / self.hours / HOUR_S * 4.0 * 30.0
        self.tree["fleets"] = {name: self.fleet(sessions) for name in self.fleets}

    def fleet(self, sessions: float) -> dict[str, Any]:
        d = self.d
        serves = d.some(self.channels) if d.chance(0.4) else list(self.channels)
        cap = max(2, math.ceil(sessions * d.of(0.3, 0.6, 1.0, 2.0, 5.0)))
        fleet: dict[str, Any] = {"channels": tuple(serves), "sessions": cap}
        if self.nodes:
            d.maybe(fleet, 0.8, "on", d.of(*self.nodes))
        if d.chance(0.4):
            fleet |= {"premium_reserve": d.of(0.1, 0.3), "premium_segments": tuple(d.some(self.segments))}
        d.maybe(
            fleet, 0.4, "bulkheads", {name: max(1, round(cap * d.of(0.3, 0.6))) for name in d.some(serves)}
        )
        if d.chance(0.75):
            median_s = self.beat_s or d.between(0.2, 2.5)
            fleet["latency"] = {
                "median": median_s,
                "p95": median_s * (1.0 if self.beat_s else d.of(1.0, 2.0, 4.0)),
            }
        else:
            d.maybe(fleet, 0.5, "latency", "off")
        d.maybe(fleet, 0.5, "errors", d.of(0.01, 0.1))
        d.maybe(fleet, 0.4, "ability_shift", d.of(-0.5, 0.3))
        return fleet

    def queues_and_people(self) -> None:
        d = self.d
        names = list(self.channels) if d.chance(0.6) or len(self.channels) == 1 else ["desk"]
        if len(self.channels) == 3 and len(names) == 1 and d.chance(0.5):
            names = ["desk", "email"]
        queues: dict[str, Any] = {}
        for name in names:
            mine = tuple(c for c in self.channels if c not in names) if name == "desk" else (name,)
            queues[name] = self.queue()
            if name == "desk" or d.chance(0.3):
                queues[name]["channels"] = mine
        self.tree["queues"] = queues
        self.tree["people"] = self.people(list(queues))

    def queue(self) -> dict[str, Any]:
        d = self.d
        queue: dict[str, Any] = {"patience": self.law(d.of(0.2, 0.6, 1.5) * self.handle_s, endless=True)}
        d.maybe(queue, 0.5, "answer_within", self.written(self.time_s(10.0, 90.0)))
        d.maybe(queue, 0.3, "target", d.of(0.7, 0.9))
        d.maybe(queue, 0.5, "patience_escalated", d.of(0.5, 1.0, 2.0))
        announcement = {"at": self.written(self.time_s(20.0, 90.0)), "leave": d.of(0.05, 0.3, 1.0)}
        d.maybe(queue, 0.4, "announcement", d.of("off", announcement, announcement, {}))
        d.maybe(queue, 0.5, "short_abandon", self.written(d.of(0.0, 10.0, 30.0)))
        d.maybe(queue, 0.6, "priority", {"direct": d.count(0, 2), "escalated": d.count(0, 2)})
        credit = {name: self.time_s(30.0, 600.0) for name in d.some([*self.segments, "escalated"])}
        d.maybe(queue, 0.4, "credit", credit)
        d.maybe(queue, 0.35, "room", d.of(0, 2, 5, 20))
        redial = {
            "share": d.of(0.0, 0.4, 0.5, 0.7, 0.8, 1.0), "after": self.written(self.time_s(120.0, 7200.0)),
            "sigma": 0.0 if self.beat_s else d.of(0.0, 0.5, 1.0), "attempts": d.count(1, 4),
        }  # fmt: skip
        soon = {
            "after": self.written(self.time_s(120.0, 7200.0)),
            "law": "exponential",
            "attempts": d.count(1, 8),
        }
        d.maybe(queue, 0.75, "redial", d.of("off", redial, redial, redial if self.beat_s else soon, {}))
        return queue

    def people(self, queues: list[str]) -> dict[str, Any]:
        """Groups whose work is about what they can do, somewhat less or somewhat more."""
        d = self.d
        to_people = 1.0 if self.by == "human" else 0.55
        groups: dict[str, Any] = {}
        for k in range(d.count(1, 4)):
            skills = d.some(queues)
            if k == 0:
                skills += [q for q in queues if q not in skills]
            groups[f"group{k + 1}"] = {"skills": tuple(skills)}
        at_once = 1.0 + 0.3 * sum(c.get("at_once", 1) - 1 for c in self.tree["channels"].values()) / len(
            self.channels
        )
        work = self.contacts / (self.hours * HOUR_S) * self.handle_s * to_people / at_once
        needed = work * d.of(0.75, 0.9, 1.0, 1.15) / len(groups)
        for group in groups.values():
            self.presence(group, needed)
            d.maybe(group, 0.4, "takes", d.of("listed", "oldest"))
            if not self.beat_s:
                d.maybe(group, 0.4, "pace_cv", d.of(0.1, 0.3))
        return groups

    def presence(self, group: dict[str, Any], needed: float) -> None:
        d = self.d
        some = max(1, round(needed))
        way = d.of("number", "curve", "curve", "shifts")
        if way == "number":
            group["staffing"] = some
        elif way == "curve":
            times = ("00:00", "05:30", "08:00", "10:00", "10:45", "12:30", "14:00", "17:00", "20:00", "23:30")
            group["staffing"] = {
                clock: round(some * d.of(0.5, 0.8, 1.0, 1.2, 1.5, 1.0)) for clock in d.some(times, 4)
            }
            if d.chance(0.3):
                group["staffing"]["16:00"] = 0
            begins, curve = f"{self.begins:%H:%M}", group["staffing"]
            if begins < min(curve):  # a file has to say what holds as the run begins
                curve[begins] = curve[max(curve)]
        else:
            shifts = []
            for start in d.some(("00:00", "06:00", "07:15", "12:00", "15:00", "21:00"), 3):
                shift: dict[str, Any] = {
                    "start": start,
                    "lasts": self.written(d.of(6.0, 8.5, 10.0) * HOUR_S),
                    "people": max(1, round(0.8 * some)),
                }
                breaks = (
                    {"after": "2h", "lasts": "15m"},
                    {"after": d.of(3.0, 4.0) * HOUR_S, "lasts": self.written(d.of(1800.0, 2700.0))},
                )
                d.maybe(shift, 0.6, "breaks", breaks[: d.count(1, 2)])
                d.maybe(
                    shift, 0.3, "days", d.of(WEEKDAYS[:5], WEEKDAYS[4:], ("monday", "saturday", "wednesday"))
                )
                shifts.append(shift)
            group["shifts"] = tuple(shifts)
            if not self.beat_s:
                d.maybe(group, 0.5, "punctuality", self.written(d.of(60.0, 300.0)))

    def routing(self) -> None:
        d = self.d
        ai, monitored = d.of((0.92, 0.75), (0.8, 0.5), (0.99, 0.3), (0.6, 0.6), (1.0, 0.0))
        thresholds: dict[str, Any] = {"ai": ai, "monitored": monitored}
        keys = [
            f"{d.of(*self.intents)}.{d.of(*self.channels)}.{d.of(*self.segments)}", f"{d.of(*self.intents)}.{d.of(*self.channels)}",
            f"{d.of(*self.intents)}.*.{d.of(*self.segments)}", d.of(*self.intents), f"*.{d.of(*self.channels)}.{d.of(*self.segments)}",
            f"*.{d.of(*self.channels)}.*",
        ]  # fmt: skip
        cells = {
            key: d.of({"ai": 1.0}, {"monitored": 0.0}, {"ai": 0.95, "monitored": 0.2}) for key in d.some(keys)
        }
        d.maybe(thresholds, 0.6, "cells", cells)
        monitor = {
            "people": d.of(0, 1, 2, 50, 50), "span": d.of(1, 2, 8), "overflow": d.of("human", "ai"),
            "catch": d.of(0.0, 0.6, 0.89), "false_takeover": d.of(0.0, 0.02, 0.3),
        }  # fmt: skip
        self.tree["routing"] = {"by": self.by, "thresholds": thresholds}
        d.maybe(self.tree["routing"], 0.85, "monitor", monitor)
        d.maybe(self.tree["routing"], 0.4, "latency", self.written(self.beat_s or d.of(0.25, 45.0)))
        triggers: dict[str, Any] = {}
        d.maybe(
            triggers,
            0.5,
            "explicit_request",
            d.of("off", {"per_turn": d.of(0.01, 0.05), "recall": d.of(0.5, 0.98)}),
        )
        d.maybe(
            triggers,
            0.5,
            "out_of_scope",
            d.of("off", {"recall": d.of(0.3, 0.8), "false_alarm": d.of(0.0, 0.05)}),
        )
        sentiment = {
            "below": d.of(-2.0, 0.0, 1.0), "turns": d.count(1, 3), "noise": d.of(0.0, 1.2, 3.0), "recall": d.of(0.5, 0.8),
            "false_alarm": d.of(0.0, 0.1),
        }  # fmt: skip
        d.maybe(triggers, 0.6, "sentiment", d.of("off", sentiment, sentiment))
        d.maybe(triggers, 0.6, "max_turns", d.of("off", 1.0, 1.3, 3.0))
        d.maybe(triggers, 0.6, "max_duration", d.chance(0.5))
        self.tree["triggers"] = triggers
        handover: dict[str, Any] = {"kind": d.of("warm", "partial", "cold")}
        if self.beat_s:
            handover |= {"switch": 0.0, "reexplain": 0.0, "prework": 0.0, "mood": 0.0, "difficulty": 0.0}
        else:
            for key, values in (
                ("switch", (0.0, 0.2)),
                ("reexplain", (0.0, 0.5)),
                ("prework", (0.0, 0.2)),
                ("mood", (0.0, 0.4)),
            ):
                d.maybe(handover, 0.5, key, d.of(*values))
            d.maybe(handover, 0.5, "difficulty", d.of(0.0, 0.4))
        d.maybe(handover, 0.6, "dropped", d.of(0.0, 0.05))
        d.maybe(handover, 0.6, "context_lost", d.of(0.0, 0.2))
        self.tree["handover"] = handover

    def orders(self) -> dict[str, tuple[str, ...]]:
        """Some channels with some of the fleets that serve them, in any order."""
        d, found = self.d, {}
        for channel in self.channels:
            able = [name for name, fleet in self.tree["fleets"].items() if channel in fleet["channels"]]
            if d.chance(0.7):
                listed = (*(d.some(able) if able else ()), *(("human",) if d.chance(0.5) else ()))
                if able:
                    found[channel] = listed
        return found

    def unserved(self, orders: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The lists in which fleets have to stand that serve nobody yet."""
        fleets = self.tree["fleets"]
        usual = {
            c: tuple(n for n, fleet in fleets.items() if c in fleet["channels"])[:1] for c in self.channels
        }
        found = usual | orders
        for name, fleet in fleets.items():
            if not any(name in chain for chain in found.values()):
                channel = fleet["channels"][0]
                found[channel] = (name, *found[channel])
        return {channel: chain for channel, chain in found.items() if chain != usual[channel]}

    def failover(self) -> None:
        d = self.d
        failover: dict[str, Any] = {
            "on_open": d.of("fail_over", "escalate", "drain"),
            "retries": d.count(0, 3),
        }
        d.maybe(failover, 0.8, "fallback", self.orders())
        if rest := self.unserved(failover.get("fallback", {})):
            failover["fallback"] = failover.get("fallback", {}) | rest
        wait_s = self.beat_s or 1.0
        d.maybe(
            failover,
            0.7,
            "retry_wait",
            d.of((0.0, 0.0), (wait_s, wait_s)) if self.beat_s else d.of((0.0, 0.0), (0.5, 4.0)),
        )
        d.maybe(failover, 0.5, "fidelity", d.of(0.5, 1.0))
        if d.chance(0.8):
            window: dict[str, Any] = {"by": d.of("time", "count", "consecutive")}
            if window["by"] == "time":
                window["size"] = self.written(d.of(10.0, 60.0, 300.0))
            else:
                window["replies"] = d.of(3, 5, 30) if window["by"] == "count" else d.of(1, 2, 4)
            breaker: dict[str, Any] = {"window": window}
            d.maybe(breaker, 0.8, "min_replies", d.of(1, 3, 20))
            d.maybe(breaker, 0.6, "failed", d.of(0.05, 0.5, 1.0))
            d.maybe(breaker, 0.6, "slow", d.of(0.1, 0.3, 0.9))
            d.maybe(breaker, 0.7, "in_a_row", d.of(0, 0, 2, 8))
            d.maybe(breaker, 0.7, "cool_down", self.written(self.time_s(10.0, 200.0)))
            d.maybe(breaker, 0.5, "cool_down_max", self.written(d.of(120.0, 900.0)))
            need = d.count(1, 3)
            probes = {
                "of": need + d.count(0, 2),
                "need": need,
                "within": self.written(self.time_s(5.0, 120.0)),
            }
            d.maybe(breaker, 0.7, "probes", probes)
            failover["breakers"] = d.of(breaker, breaker, breaker, {})
        else:
            d.maybe(failover, 0.5, "breakers", "off")
        self.tree["failover"] = failover

    def watched(self) -> None:
        """Looks at the fleets, and what needs them."""
        d, failover = self.d, self.tree["failover"]
        if d.chance(0.3):
            if d.chance(0.5):
                self.tree["watch"] = "off"
            return
        every_s = d.of(5.0, 10.0, 30.0)
        watch: dict[str, Any] = {}
        d.maybe(watch, 0.7, "every", self.written(every_s))
        d.maybe(watch, 0.6, "delay", self.written(d.of(0.0, 3.0, 5.0, 40.0)))
        d.maybe(watch, 0.4, "missing", d.of(0.0, 0.2, 0.9))
        if self.nodes:
            d.maybe(watch, 0.4, "node", d.of(*self.nodes))
        d.maybe(watch, 0.6, "baseline", d.of(0.5, 0.8, 0.95))
        qa = {
            "share": d.of(0.05, 0.5, 1.0),
            "delay": self.written(d.of(0.0, 120.0)),
            "accuracy": d.of(0.9, 1.0),
        }
        d.maybe(watch, 0.6, "qa", d.of("off", qa, qa, {}))
        rule = {"drop": d.of(0.02, 0.07), "z": d.of(1.0, 3.0), "window": self.written(d.of(600.0, 1800.0))}
        cusum = {"h": d.of(1.0, 4.0, 8.0), "drop": d.of(0.03, 0.07, 0.2)}
        warning: dict[str, Any] = {}
        d.maybe(warning, 0.6, "rule", d.of("off", rule, rule))
        d.maybe(warning, 0.6, "cusum", d.of("off", cusum, cusum))
        d.maybe(warning, 0.6, "rearm", self.written(d.of(60.0, 600.0)))
        d.maybe(watch, 0.7, "early_warning", d.of("off", warning, warning, warning))
        self.tree["watch"] = watch
        if not self.fleets:
            return
        if isinstance(failover.get("breakers"), dict):
            degraded = {
                "failed": d.of(0.01, 0.05), "slow": d.of(0.05, 0.2), "confirm": d.count(1, 3), "recover": d.count(1, 3),
                "dwell": self.written(d.of(0.0, 60.0)), "capability": d.of(0.3, 0.9), "turns": d.count(2, 6), "surer": d.of(0.0, 0.05),
                "closes_to": d.of("closed", "degraded"),
            }  # fmt: skip
            d.maybe(failover["breakers"], 0.7, "degraded", d.of("off", degraded, degraded, {}))
            semantic = {
                "window": self.written(d.of(120.0, 300.0)), "min_sessions": d.count(3, 30), "warn_drop": d.of(0.02, 0.07),
                "trip_drop": d.of(0.15, 0.4), "warn_accuracy": d.of(0.7, 1.0), "trip_accuracy": d.of(0.6, 0.99),
                "warn_escalated": d.of(0.3, 0.7), "warn_loop": d.of(0.05, 0.3), "trip_loop": d.of(0.15, 0.5),
                "nodata_grace": self.written(d.of(30.0, 120.0)),
            }  # fmt: skip
            d.maybe(failover["breakers"], 0.7, "semantic", d.of("off", semantic, semantic, {}))
            probes = dict(failover["breakers"].get("probes", {}))
            if failover["breakers"] and d.chance(0.5):
                failover["breakers"]["probes"] = {**probes, "synthetic": d.chance(0.8)}
        levels = {
            "enter": d.of((1.0, 1.3, 1.7, 2.5), (0.2, 0.4, 0.6, 0.8)), "up_after": self.written(d.of(0.0, 30.0)),
            "down_after": self.written(d.of(30.0, 300.0)), "surer": d.of((0.02, 0.03, 0.05), (0.0, 0.1, 0.3)),
            "sessions": d.of((0.95, 0.85, 0.7), (0.6, 0.4, 0.2)), "p95": self.written(d.of(0.5, 2.0)),
        }  # fmt: skip
        d.maybe(failover, 0.6, "degradation", d.of("off", levels, levels, {}))

    def relief(self) -> None:
        """What is done for queues that are too long."""
        d = self.d
        if self.tree.get("watch", "off") == "off" or d.chance(0.25):
            return
        queues = list(self.tree["queues"])
        relief: dict[str, Any] = {}
        d.maybe(relief, 0.4, "queues", tuple(d.some(queues)))
        d.maybe(relief, 0.4, "whom", d.of("everybody", "from_ai", "spilled") if self.fleets else "everybody")
        d.maybe(relief, 0.3, "spares", tuple(d.some(self.segments)))
        d.maybe(relief, 0.5, "tells", d.of("position", "classic", "plan"))
        long_s = self.handle_s * 0.1
        ways = {
            "deflect": {
                "over": self.written(self.time_s(0.5 * long_s, long_s)), "value_up_to": d.of(1.0, 30.0), "accept": d.of(0.35, 0.9),
                "helped": d.of(0.4, 0.7), "back": d.of(0.5, 1.0), "after": d.of((600.0, 3600.0), (60.0, 60.0)),
            },
            "callback": {
                "over": self.written(self.time_s(0.5 * long_s, long_s)), "middle": self.written(d.of(10.0, 240.0)),
                "spread": self.written(d.of(20.0, 120.0)), "most": d.of(0.65, 1.0), "dial": self.written(d.of(0.0, 20.0)),
                "reached": d.of(0.3, 0.75), "attempts": d.count(1, 3), "gap": self.written(self.time_s(60.0, 600.0)),
                "expires": self.written(d.of(1800.0, 14400.0)), **({"slots": d.of(0, 5, 50)} if d.chance(0.5) else {}),
            },
            "message": {
                "on_from": self.written(d.of(30.0, 120.0)), "off_under": self.written(d.of(10.0, 30.0)),
                "takes": self.written(d.of(0.0, 60.0)), "balk_over": self.written(d.of(0.0, 60.0)),
                "balk_scale": self.written(d.of(60.0, 600.0)), "redial": d.of(0.0, 0.7),
            },
            "meter": {
                "weight": d.of(0.5, 1.0), "most_per_min": d.of(6.0, 60.0), "hold_at_most": self.written(d.of(60.0, 300.0)),
                "patience": d.of(0.5, 1.5), **({"target": d.of(0.6, 0.9)} if d.chance(0.5) else {}),
            },
        }  # fmt: skip
        chosen = d.some(list(ways), 1)
        for way, what in ways.items():
            if way in chosen:
                relief[way] = d.of(what, what, what, {})
            elif d.chance(0.5):
                relief[way] = "off"
        self.tree["relief"] = relief

    def slow_replies(self) -> None:
        """What slow replies do to customers; dice of their own, as well."""
        d = _Dice(self.seed + 8_000_000)
        if self.fleets:
            slow: dict[str, Any] = {"leaves": d.of(0.02, 0.1, 0.3), "mood": d.of(0.0, 0.04, 0.2)}
            late_s = (self.beat_s, 2.0 * self.beat_s) if self.beat_s else (0.3, 0.7, 2.5)
            d.maybe(slow, 0.7, "after", {name: f"{d.of(*late_s):g}s" for name in d.some(self.channels)})
            d.maybe(self.tree["ai"], 0.5, "slow", d.of("off", slow, slow, {}))

    def customers(self) -> None:
        """Mood, what people settle, who comes back, and what comes of itself."""
        d = self.d
        mood = {
            "wait_per_min": d.of(0.0, 0.05, 0.3), "wait_free": self.written(d.of(0.0, 60.0)), "reexplain": d.of(0.0, 0.15, 0.5),
            "answer": d.of(0.0, 0.1), "transfer": d.of(0.0, 0.1),
        }  # fmt: skip
        csat = {
            "best": d.of(4.0, 4.6, 5.0), "mood": d.of(0.0, 1.5, 3.0), "unsettled": d.of(0.0, 0.6), "answers": d.of(0.15, 0.5),
            "unhappy_answers": d.of(0.5, 1.0, 2.0), "after": {"median": self.written(d.of(600.0, 3600.0)), "sigma": d.of(0.0, 1.0)},
        }  # fmt: skip
        mood["csat"] = d.of("off", csat, csat, {})
        if not self.beat_s:
            d.maybe(self.tree, 0.5, "mood", d.of("off", mood, mood, {}))
        settled = {"unresolved": d.of(0.0, 0.1, 0.3), "mood": d.of(0.0, 0.2)}
        d.maybe(self.tree, 0.6, "resolution", d.of("off", settled, settled, {}))
        repeats = {
            "false_contained": d.of(0.0, 0.65, 1.0), "ai_abandoned": d.of(0.3, 0.7), "unresolved": d.of(0.2, 0.6),
            "after": {"median": self.written(self.time_s(600.0, 40_000.0)), "sigma": 0.0 if self.beat_s else d.of(0.0, 1.2)},
            "attempts": d.count(1, 3), "window": self.written(d.of(86_400.0, 604_800.0)), "memory": d.chance(0.5),
        }  # fmt: skip
        if self.fleets or (settled["unresolved"] and self.tree.get("resolution") == settled):
            d.maybe(self.tree, 0.5, "repeats", d.of("off", repeats, repeats, {}))
        if (
            self.tree.get("classifier")
            and "at" not in self.tree["demand"]
            and "replay" not in self.tree["demand"]
        ):
            pattern = {
                "at": self.moment(d.between(0.1, 0.6) * self.hours * HOUR_S),
                "ramp": self.written(d.of(0.0, 1800.0, 7200.0)),
                "share": d.of(0.08, 0.3),
            }
            d.maybe(self.tree["demand"], 0.4, "new_pattern", d.of("off", pattern, pattern))
        if self.nodes and d.chance(0.4):
            severity = d.of(
                {"minor": 0.5, "major": 0.4, "critical": 0.1}, {"minor": 0.0, "major": 0.5, "critical": 0.5}
            )
            process: dict[str, Any] = {"node": d.of(*self.nodes), "per_week": d.of(1.5, 20.0, 60.0)}
            d.maybe(
                process,
                0.6,
                "duration",
                {"median": self.written(d.of(600.0, 4500.0)), "sigma": d.of(0.5, 1.11)},
            )
            d.maybe(process, 0.6, "severity", severity)
            d.maybe(process, 0.5, "clustering", d.of(0.0, 0.35, 0.6))
            d.maybe(process, 0.5, "decay", self.written(d.of(3600.0, 86_400.0)))
            d.maybe(process, 0.5, "hours", d.chance(0.5))
            below = self.tree["nodes"][process["node"]].get("on", ())
            if below and d.chance(0.6):
                # A common cause is one that others stand on, too.
                self.tree["nodes"]["neighbour"] = {"on": (below[0],)}
                process |= {
                    "common_cause": d.of(0.035, 0.5),
                    "common_median": self.written(d.of(3600.0, 10_800.0)),
                }
                d.maybe(process, 0.5, "roots", (below[0],))
            self.tree["incident_process"] = {"provider": process}

    def above(self) -> None:
        """What looks at the whole centre: common cause, signals, plans, the schedule."""
        d, failover = self.d, self.tree["failover"]
        if self.tree.get("watch", "off") != "off" and self.fleets:
            ahead = {
                "horizon": self.written(d.of(900.0, 1800.0)), "lead": self.written(d.of(0.0, 300.0)), "full_at": d.of(0.05, 0.15),
                "drop": d.of(0.05, 0.1), "stale": d.of(0.0, -600.0, 1200.0), "spares": tuple(d.some(self.segments, 0)),
            }  # fmt: skip
            d.maybe(self.tree["routing"], 0.5, "look_ahead", d.of("off", ahead, ahead, {}))
        if not isinstance(failover.get("breakers"), dict) or not self.fleets:
            return
        cause = {
            "window": self.written(d.of(60.0, 120.0)), "posterior": d.of(0.5, 0.9), "prior": d.of(0.035, 0.3), "per_week": d.of(1.3, 5.0),
        }  # fmt: skip
        d.maybe(failover, 0.5, "common_cause", d.of("off", cause, cause, {}))
        signals = {
            "every": self.written(d.of(120.0, 300.0)), "together": self.written(d.of(0.0, 10.0)),
            "recovered_after": self.written(d.of(0.0, 120.0)), "burst": d.of(0.1, 0.3),
            "lasts": {"median": self.written(d.of(1200.0, 4500.0)), "sigma": d.of(0.5, 1.11)},
        }  # fmt: skip
        d.maybe(self.tree, 0.6, "signals", d.of("off", signals, signals, {}))
        if self.tree.get("signals", "off") == "off" or d.chance(0.2):
            return
        plans: dict[str, Any] = {}
        kinds = (
            "recall_off_phone",
            "move_breaks",
            "extend_shift",
            "overtime",
            "bcp",
            "repoint",
            "cancel_vto",
        )
        for k, kind in enumerate(d.some(kinds, 1)):
            lever: dict[str, Any] = {
                "kind": kind,
                "group": d.of(*self.tree["people"]),
                "people": d.count(1, 8),
            }
            d.maybe(lever, 0.7, "lead", d.of((60.0, 120.0), (0.0, 600.0), ("5m", "10m")))
            d.maybe(lever, 0.6, "accept", d.of(0.3, 0.75, 1.0))
            d.maybe(lever, 0.6, "cost_per_h", d.of(0.0, 20.0, 40.0))
            d.maybe(lever, 0.4, "slower", d.of(1.0, 1.2))
            d.maybe(lever, 0.4, "lasts", self.written(d.of(1800.0, 7200.0)))
            d.maybe(lever, 0.4, "paid_for", self.written(d.of(0.0, 3600.0)))
            d.maybe(lever, 0.3, "spill_over", d.of(0.0, 0.5))
            if kind == "extend_shift":
                lever["shift_ends"] = d.of(("15:00",), ("11:00", "16:00"))
            plans[f"lever{k}"] = lever
        self.tree["plans"] = plans
        desk = {
            "mode": d.of("automated", "manual"), "publish": self.written(d.of(0.0, 1.0)), "poll": self.written(d.of(0.0, 60.0, 300.0)),
            "decide": self.written(d.of(2.0, 120.0)), "dispatch": self.written(d.of(3.0, 60.0)),
        }  # fmt: skip
        if desk["mode"] == "automated":
            del desk["poll"]
        d.maybe(self.tree, 0.7, "desk", desk)

    def under_load(self) -> None:
        """What fleets and providers bear."""
        d = self.d
        if isinstance(self.tree["failover"].get("breakers"), dict):
            d.maybe(self.tree["failover"]["breakers"], 0.5, "hand_over", d.chance(0.7))
        budget = {"share": d.of(0.0, 0.05, 0.5), "at_least": d.count(0, 2)}
        d.maybe(self.tree["failover"], 0.5, "retry_budget", d.of("off", budget, {}))
        for fleet in self.tree["fleets"].values():
            load = {
                "from": d.of(0.1, 0.8),
                "slope": d.of(1.0, 4.0, 50.0),
                "quality_from": d.of(0.2, 0.9),
                "quality_loss": d.of(0.0, 1.0, 3.0),
            }
            if not self.beat_s:
                d.maybe(fleet, 0.4, "under_load", d.of("off", load, load, {}))
            if "watch" in self.tree and self.tree["watch"] != "off":
                scale: dict[str, Any] = {"quota": math.ceil(fleet["sessions"] * d.of(1.0, 1.5, 3.0))}
                d.maybe(scale, 0.6, "target", d.of(0.5, 0.7))
                d.maybe(scale, 0.6, "warm_up", self.written(d.of(0.0, 60.0, 120.0)))
                d.maybe(fleet, 0.4, "autoscale", d.of("off", scale, scale))
            if fleet.get("on") and d.chance(0.4):
                per_min = self.contacts / self.hours / 60.0 * 5.0
                limits: dict[str, Any] = {"requests_per_min": per_min * d.of(0.3, 1.0, 3.0)}
                d.maybe(limits, 0.5, "input_tokens_per_min", per_min * 1000.0 * d.of(0.3, 1.0))
                d.maybe(limits, 0.5, "output_tokens_per_min", per_min * 200.0 * d.of(0.3, 1.0))
                d.maybe(limits, 0.5, "burst", self.written(d.of(10.0, 60.0)))
                self.tree["nodes"][fleet["on"]]["limits"] = d.of("off", limits, limits, limits)

    def incident(self) -> dict[str, Any]:
        d, run_s = self.d, self.hours * HOUR_S
        places = [*self.nodes, *(f"fleet.{name}" for name in self.fleets)]
        if not places:
            self.tree["nodes"] = {"cloud": {}}
            places = ["cloud"]
        effect = d.of("down", "errors", "slow", "worse", "policy", "hand_over", "hand_over", "dark")
        if effect == "dark" and self.tree.get("watch", "off") == "off":
            effect = "worse"
        at_s = d.between(-0.02, 0.98) * run_s
        if self.beat_s:
            at_s = round(at_s / 60.0) * 60.0
        lasts_s = d.of(60.0, 300.0, 1200.0, 3600.0, round(0.1 * run_s))
        if at_s + lasts_s <= 0:
            at_s = -lasts_s / 2  # under way as the run begins; one that is over by then is no scenario
        incident: dict[str, Any] = {
            "at": self.moment(at_s),
            "node": d.of(*places),
            "effect": effect,
            "lasts": self.written(lasts_s),
        }
        if effect == "errors":
            incident["share"] = d.of(0.1, 0.5, 1.0)
        if effect == "slow":
            incident["factor"] = d.of(0.5, 2.0, 5.0, 20.0)
        if effect == "policy":
            incident["share"] = d.of(0.2, 0.6, 1.0)
        if effect == "worse":
            incident["points"] = d.of(-0.8, -0.3, 0.1)
        if effect in {"worse", "policy"}:
            d.maybe(incident, 0.5, "intents", tuple(d.some(self.intents)))
            d.maybe(incident, 0.5, "ramp", self.written(d.of(0.5, 1.0) * lasts_s))
        return incident


def random_world(seed: int, contacts: int | None = None) -> ScenarioFile:
    """A random scenario of about 2,500 to 3,000 first attempts, drawn from every key that can affect a run.

    Args:
        seed: Which one; the same seed gives the same world.
        contacts: First attempts to expect instead.
    """
    world = _World(seed, contacts)
    tree = world.file()
    spec = ScenarioFile.model_validate(tree)
    expected = _expected(build(spec, name="rates"))
    if expected:
        # Profiles, surges and short days change the number: bring it back.
        demand = tree["demand"]
        # Where the rate jumps, the number varies far more from day to day: a tenth on top keeps the least at its size.
        factor = (1.1 if demand.get("mmpp", "off") != "off" else 1.0) * world.contacts / expected
        if isinstance(demand.get("per_h"), dict):
            demand["per_h"] = {clock: per_h * factor for clock, per_h in demand["per_h"].items()}
        elif "per_h" in demand:
            demand["per_h"] *= factor
        else:
            demand["volume"] = {day: volume * factor for day, volume in demand["volume"].items()}
        spec = ScenarioFile.model_validate(tree)
    found = list(problems(spec))
    assert [] == found, f"world {seed}: {found}"
    return spec


def scenario_of(spec: ScenarioFile, seed: int) -> Scenario:
    """The world as it runs."""
    return build(spec, name=f"world {seed}")


def _expected(scenario: Scenario) -> float:
    """First attempts to expect, surges included; 0 for arrivals given one by one."""
    demand = scenario.demand
    if demand.at_s is not None:
        return 0.0
    marks = {
        s for surge in demand.surges for s in (surge.from_s, surge.until_s) if 0 < s < scenario.calendar.end_s
    }
    edges = np.unique([*demand.edges_s, *marks])
    middle = (edges[:-1] + edges[1:]) / 2.0
    per_s = demand.per_s[np.searchsorted(demand.edges_s, middle, side="right") - 1]
    for surge in demand.surges:
        share = float(demand.intent_share[list(surge.intents)].sum() if surge.intents else 1.0)
        share *= float(demand.channel_share[list(surge.channels)].sum() if surge.channels else 1.0)
        inside = (middle >= surge.from_s) & (middle < surge.until_s)
        per_s = np.where(inside, per_s * (1.0 - share + share * surge.multiplier), per_s)
    return float((per_s * np.diff(edges)).sum())


# --- comparing two runs --------------------


def same(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Equal bit for bit, NaN equal to NaN."""
    if a.dtype.kind == "f":
        return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))
    return np.asarray(a == b)


def _first(a: NDArray[Any], b: NDArray[Any]) -> int:
    """Index of the first difference along the first axis, −1 for none."""
    if a.shape != b.shape:
        return min(len(a), len(b))
    equal = same(a, b).reshape(len(a), -1).all(axis=1) if len(a) else np.ones(0, dtype=np.bool_)
    return -1 if equal.all() else int(np.argmin(equal))


def compare_contacts(a: Run, b: Run) -> str:
    """The first contact (by id) and column in which two runs differ, in words; empty when they are identical."""
    assert a.contacts is not None
    assert b.contacts is not None
    if list(a.contacts) != list(b.contacts):
        return f"columns differ: {list(a.contacts)} and {list(b.contacts)}"
    ids_a, ids_b = a.contacts["id"], b.contacts["id"]
    if (k := _first(ids_a, ids_b)) >= 0:
        only_a, only_b = np.setdiff1d(ids_a, ids_b)[:5], np.setdiff1d(ids_b, ids_a)[:5]
        return f"{len(ids_a)} and {len(ids_b)} contacts; from row {k}, only {a.floor} has {only_a}, only {b.floor} has {only_b}"
    first = {name: _first(a.contacts[name], b.contacts[name]) for name in a.contacts}
    parted = {name: k for name, k in first.items() if k >= 0}
    if not parted:
        return ""
    # The earliest in time tells most: what differs later may follow from it.
    k = min(parted.values(), key=lambda row: float(a.contacts["decide_s"][row]))  # type: ignore[index]
    differs = [
        name for name in parted if not same(a.contacts[name][k : k + 1], b.contacts[name][k : k + 1])[0]
    ]
    told = ", ".join(f"{name} {a.contacts[name][k]!r} and {b.contacts[name][k]!r}" for name in differs)
    rows = np.zeros(len(ids_a), dtype=np.bool_)
    for name in parted:
        rows |= ~same(a.contacts[name], b.contacts[name])
    return f"contact {ids_a[k]} (decided at {a.contacts['decide_s'][k]} s; {rows.sum()} of {len(rows)} contacts differ): {told}"


def _compare_rows(what: str, a: NDArray[Any] | None, b: NDArray[Any] | None, names: Sequence[str]) -> str:
    if a is None or b is None:
        return "" if a is b else f"{what}: only one run has any"
    for k in range(min(len(a), len(b))):
        if all(same(a[name][k : k + 1], b[name][k : k + 1])[0] for name in names):
            continue
        told = ", ".join(
            f"{name} {a[name][k]!r} and {b[name][k]!r}"
            for name in names
            if not same(a[name][k : k + 1], b[name][k : k + 1])[0]
        )
        return f"{what} {k} at {a['at_s'][k]} s: {told}"
    return "" if len(a) == len(b) else f"{what}: {len(a)} and {len(b)} rows"


def compare_decisions(a: Run, b: Run) -> str:
    """The first row of the decision log in which two runs differ."""
    if a.decisions is not None and b.decisions is not None and a.decisions.tobytes() == b.decisions.tobytes():
        return ""
    return _compare_rows("decision", a.decisions, b.decisions, DECISION.names or ())


def compare_control(a: Run, b: Run) -> str:
    """The first row of the control log in which two runs differ."""
    return _compare_rows("control row", a.control, b.control, CONTROL.names or ())


def compare_looks(a: Run, b: Run) -> str:
    """The first look at the floor in which two runs differ."""
    for k, (one, other) in enumerate(zip(a.looks, b.looks, strict=False)):
        for field in fields(Look):
            left, right = np.atleast_1d(getattr(one, field.name)), np.atleast_1d(getattr(other, field.name))
            if left.shape != right.shape or not same(left, right).all():
                return f"look {k} at {one.at_s} s: {field.name} {left} and {right}"
    return "" if len(a.looks) == len(b.looks) else f"{len(a.looks)} and {len(b.looks)} looks"


def compare_counts(a: Counts, b: Counts, *, tolerance: float = SUMS_APART) -> str:
    """The first cell of the interval table in which two runs differ; sums of seconds may by the share *tolerance*."""
    for field in ("interval", "queue", "channel", "intent", "handling", "reasons"):
        if (k := _first(getattr(a, field), getattr(b, field))) >= 0:
            return f"counts: {field} differs from cell {k} on"
    for c, counter in enumerate(COUNTERS):
        left, right = a.values[:, c], b.values[:, c]
        if counter.endswith(("_s", "_s2", "_points")):
            apart = ~(np.abs(left - right) <= tolerance * np.maximum(np.abs(left), np.abs(right)))
        else:
            apart = left != right
        if apart.any():
            k = int(np.argmax(apart))
            return f"counts: {counter} {left[k]!r} and {right[k]!r} in cell {k} (interval {a.interval[k]}, queue {a.queue[k]})"
    for field in ("interval", "channel", "intent", "fleet"):
        if (k := _first(getattr(a.billed, field), getattr(b.billed, field))) >= 0:
            return f"counts: {field} of what is billed differs from entry {k} on"
    if not np.allclose(a.billed.values, b.billed.values, rtol=tolerance, atol=0.0):
        return "counts: what is billed differs"
    return ""


def compare(a: Run, b: Run) -> str:
    """The first difference of two runs in words (contacts, decisions, control, looks, counts), empty when there is none.

    Numbers of floor events are not compared: who is gone takes events along that never happen.
    """
    found = (
        [] if a.contacts is None and b.contacts is None else [compare_contacts(a, b), compare_decisions(a, b)]
    )
    found += [compare_control(a, b), compare_looks(a, b), compare_counts(a.counts, b.counts)]
    if a.offered != b.offered:
        found.append(f"offered: {a.offered} and {b.offered}")
    return "; ".join(words for words in found if words)
