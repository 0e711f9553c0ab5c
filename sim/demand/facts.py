"""Facts of one real day: counts and laws, no rows and nobody's id, small enough to ship.

`python -m sim.demand.facts IMPORT_FOLDER 1999-08-08 OUT.json` makes them from an import; `shipped_day()` reads the
day that comes with the project: Sunday 8 August 1999 at the Technion's "Anonymous Bank".
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from sim.demand.floor_presence import AWAY_AFTER_S, GAP_LIMIT_S, USUAL_SHARE, Crew, crews, presence
from sim.demand.log import DAY_S, LogContacts, Outcome
from sim.demand.log_import import read_contacts
from sim.demand.log_patience import QuantileTable, kaplan_meier, quantile_table
from sim.demand.observed import Observed, observed
from sim.scenario.errors import ScenarioError
from sim.scenario.model import FloatArray, IntArray

SCHEMA_VERSION = 2
SHIPPED = "anonymous_bank_1999-08-08.json"
BIN_S = 300.0
SHORT_SERVICE_S = 10.0
MIN_ROWS = 50
"""A class with fewer services (or hang-ups) takes the table of all: its own would be noise, nearly a list of calls."""
ALL = "all"


@dataclass(frozen=True, slots=True)
class DayFacts:
    """One day of a call centre as counts and laws."""

    source: str
    day: date
    time_zone: str
    observed: Observed
    """By half-hour: what a replay is compared with."""
    contained: int
    """Ended in the VRU; not among the offered."""
    failed: int
    """Artefacts of the switch; not among the offered."""
    floor_times_s: FloatArray
    """Where the number on the floor changes, seconds since midnight; see `sim.demand.floor_presence`."""
    floor_agents: IntArray
    """Number on the floor from each of these times until the next."""
    crews: tuple[Crew, ...]
    """The same people by what they answered."""
    turnaround: QuantileTable
    """Between two services while somebody waits: wrap-up and being connected."""
    servers: int
    """Different people who answered that day."""
    agents: FloatArray
    """Mean number on the floor by half-hour."""
    busy: FloatArray
    """Mean number in a contact by half-hour: a lower bound of `agents`."""
    classes: tuple[str, ...]
    bin_s: float
    arrivals: IntArray
    """Offered contacts by class and 5-minute bin, shape (classes, bins)."""
    answered_by_class: IntArray
    abandoned_by_class: IntArray
    asa_by_class_s: FloatArray
    """Mean wait of the answered, 0 included; NaN where nobody was."""
    segments: dict[str, dict[str, float]]
    """Per class: shares of the segments of those whose segment the log knows; empty where it knows none."""
    short_share: dict[str, float]
    """Per class and `all`: share of services under 10 s, an artefact of that centre."""
    service: dict[str, QuantileTable]
    """Per class with 50 services or more, and `all`: service times of 10 s and more."""
    mean_service_s: dict[str, float]
    """Per class and `all`: mean of all services, the short ones included."""
    patience: dict[str, QuantileTable]
    """Per class with 50 hang-ups or more, and `all`: Kaplan-Meier, exponential tail."""

    def service_quantile(self, intent: str, u: FloatArray, short: bool = True) -> FloatArray:
        """Service times of a class, seconds, from uniform numbers in [0, 1).

        Args:
            intent: A class; one without a table of its own takes the table of all.
            u: Uniform numbers.
            short: Draw the share of services under 10 s, too (evenly from 0 to 10 s), as the centre had them.
        """
        u = np.asarray(u, dtype=np.float64)
        name = intent if intent in self.service else ALL
        share = self.short_share[name] if short else 0.0
        long_s = self.service[name].quantile((u - share) / (1.0 - share))
        value_s: FloatArray = np.where(u < share, SHORT_SERVICE_S * u / share if share else 0.0, long_s)
        return value_s

    def patience_quantile(self, intent: str, u: FloatArray) -> FloatArray:
        """Patience, seconds, from uniform numbers; a class without a table of its own takes that of all."""
        return self.patience[intent if intent in self.patience else ALL].quantile(u)

    def arrive_s(self, u: FloatArray) -> tuple[FloatArray, IntArray]:
        """Arrivals with the day's own counts per bin, placed in their bins by uniform numbers.

        Args:
            u: One uniform number a contact, `arrivals.sum()` of them.

        Returns:
            Seconds since midnight, ascending, and the position in `classes` of each.
        """
        kind, place = np.nonzero(self.arrivals)
        counts = self.arrivals[kind, place]
        kind, place = np.repeat(kind, counts), np.repeat(place, counts)
        at_s = ((place + np.asarray(u)) * self.bin_s).astype(np.float64)
        order = np.argsort(at_s, kind="stable")
        return at_s[order], kind[order].astype(np.int64)


def facts_of(contacts: LogContacts, source: str, time_zone: str) -> dict[str, Any]:
    """Facts of one day as they are written, numbers rounded to a millisecond.

    Args:
        contacts: Of one day, from `LogContacts.of_day`.
        source: Where the log comes from and who is to be thanked.
        time_zone: IANA name.

    Raises:
        ValueError: The contacts are of no day or of several.
    """
    if len(contacts.days) != 1:
        raise ValueError(f"facts are of one day, these contacts are of {len(contacts.days)}")
    table = observed(contacts)
    floor = presence(contacts)
    agents, busy = floor.by_interval(table.interval_s)
    offered = contacts.where(contacts.offered)
    bins = int(DAY_S // BIN_S)
    place = np.minimum(offered.arrive_s // BIN_S, bins - 1).astype(np.int64)
    codes = np.unique(offered.intent)
    classes = {int(code): offered.intents[code] or "unknown" for code in codes}
    of_class = {classes[int(code)]: offered.intent == code for code in codes} | {
        ALL: np.ones(len(offered), dtype=np.bool_)
    }
    served = offered.answered & ~np.isnan(offered.service_s)
    long = served & (offered.service_s >= SHORT_SERVICE_S)
    wait_s, service_s, gone = offered.wait_s, offered.service_s, offered.abandoned
    by_class = {
        name: {
            "arrivals": np.bincount(place[rows], minlength=bins).tolist(),
            "answered": int((rows & offered.answered).sum()),
            "abandoned": int((rows & gone).sum()),
            "mean_wait_answered_s": _millis(_mean(np.nan_to_num(wait_s[rows & offered.answered]))),
            "segments": segment_shares(offered.where(rows)),
        }
        for name, rows in of_class.items()
        if name != ALL
    }
    with_service = {
        name: rows
        for name, rows in of_class.items()
        if (rows & long).sum() >= MIN_ROWS or (name == ALL and long.any())
    }
    with_patience = {
        name: rows & offered.queued
        for name, rows in of_class.items()
        if (rows & gone & offered.queued).sum() >= MIN_ROWS or (name == ALL and (gone & offered.queued).any())
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "source": source,
        "day": contacts.days[0].isoformat(),
        "weekday": contacts.days[0].strftime("%A"),
        "time_zone": time_zone,
        "counts": {outcome.name.lower(): int((contacts.outcome == outcome).sum()) for outcome in Outcome},
        "intervals": {
            "interval_s": table.interval_s,
            "within_s": table.within_s,
            "offered": table.offered.tolist(),
            "answered": table.answered.tolist(),
            "abandoned": table.abandoned.tolist(),
            "waited": table.waited.tolist(),
            "answered_within": table.answered_within.tolist(),
            "mean_wait_answered_s": _rounded(table.asa_s),
            "agents": _rounded(agents),
            "busy": _rounded(busy),
        },
        "floor": {
            "how": f"derived from who answered: away after {AWAY_AFTER_S:g} s of somebody waiting, "
            f"or {GAP_LIMIT_S:g} s in any case; usual classes are {USUAL_SHARE:g} of the answers or more",
            "servers": floor.servers,
            "agents": _steps(floor.times_s, floor.agents),
            "crews": [
                {
                    "answers": crew.answers,
                    "servers": crew.servers,
                    "agents": _steps(crew.times_s, crew.agents),
                }
                for crew in crews(contacts)
            ],
            "busy_hours": round(floor.busy_hours, 3),
            "turnaround_s": _rounded(
                _mean_keeping_quantiles(floor.turnaround_s if floor.turnaround_s.size else np.zeros(1))
            ),
        },
        "classes": by_class,
        "bin_s": BIN_S,
        "service": {
            "short_under_s": SHORT_SERVICE_S,
            "short_share": {
                name: round(1.0 - float((rows & long).sum() / (rows & served).sum()), 6)
                for name, rows in with_service.items()
            },
            "mean_s": {name: _millis(_mean(service_s[rows & served])) for name, rows in with_service.items()},
            "quantiles_s": {
                name: _rounded(_mean_keeping_quantiles(service_s[rows & long]))
                for name, rows in with_service.items()
            },
        },
        "patience": {
            "how": "Kaplan-Meier, waits of the answered censored, exponential tail; shares 0, 0.01 … 0.99, 0.999",
            "quantiles_s": {
                name: _rounded(quantile_table(kaplan_meier(wait_s[rows], gone[rows])).value_s)
                for name, rows in with_patience.items()
            },
        },
    }


def segment_shares(contacts: LogContacts) -> dict[str, float]:
    """Shares of the segments among the contacts whose segment the log knows; empty where it knows none."""
    known, counts = np.unique(contacts.segment[contacts.segment > 0], return_counts=True)
    return {
        contacts.segments[code]: round(float(count / counts.sum()), 6)
        for code, count in zip(known.tolist(), counts, strict=True)
    }


def day_facts(written: dict[str, Any]) -> DayFacts:
    """The facts as values.

    Args:
        written: From `facts_of`, or read from a file.

    Raises:
        ScenarioError: Written by another version.
    """
    if written.get("schema_version") != SCHEMA_VERSION:
        raise ScenarioError(
            f"facts of a day: schema {written.get('schema_version')}, this version reads {SCHEMA_VERSION}; "
            "make them again from the log"
        )
    by, floor, service, classes = (written[name] for name in ("intervals", "floor", "service", "classes"))
    answered = np.array(by["answered"], dtype=np.int64)
    mean_wait_s = _values(by["mean_wait_answered_s"])
    steps = floor["agents"]
    even = np.linspace(0.0, 1.0, 101)
    with_end = np.append(even[:-1], 0.999)
    return DayFacts(
        source=written["source"],
        day=date.fromisoformat(written["day"]),
        time_zone=written["time_zone"],
        observed=Observed(
            interval_s=by["interval_s"],
            start_s=np.arange(answered.size) * by["interval_s"],
            offered=np.array(by["offered"], dtype=np.int64),
            answered=answered,
            abandoned=np.array(by["abandoned"], dtype=np.int64),
            waited=np.array(by["waited"], dtype=np.int64),
            answered_within=np.array(by["answered_within"], dtype=np.int64),
            answered_wait_s=np.nan_to_num(mean_wait_s) * answered,
            within_s=by["within_s"],
        ),
        contained=written["counts"]["contained"],
        failed=written["counts"]["failed"],
        floor_times_s=_values(steps["times_s"]),
        floor_agents=np.array(steps["number"], dtype=np.int64),
        crews=tuple(
            Crew(
                crew["answers"],
                crew["servers"],
                _values(crew["agents"]["times_s"]),
                np.array(crew["agents"]["number"], dtype=np.int64),
            )
            for crew in floor["crews"]
        ),
        turnaround=QuantileTable(even, _values(floor["turnaround_s"])),
        servers=floor["servers"],
        agents=_values(by["agents"]),
        busy=_values(by["busy"]),
        classes=tuple(classes),
        bin_s=written["bin_s"],
        arrivals=np.array([one["arrivals"] for one in classes.values()], dtype=np.int64),
        answered_by_class=np.array([one["answered"] for one in classes.values()], dtype=np.int64),
        abandoned_by_class=np.array([one["abandoned"] for one in classes.values()], dtype=np.int64),
        asa_by_class_s=_values([one["mean_wait_answered_s"] for one in classes.values()]),
        segments={name: one["segments"] for name, one in classes.items()},
        short_share=service["short_share"],
        service={
            name: QuantileTable(even, _values(values)) for name, values in service["quantiles_s"].items()
        },
        mean_service_s=service["mean_s"],
        patience={
            name: QuantileTable(with_end, _values(values))
            for name, values in written["patience"]["quantiles_s"].items()
        },
    )


def shipped_day() -> DayFacts:
    """The real day that comes with the project: Sunday 8 August 1999 at the "Anonymous Bank".

    An ordinary first day of the Israeli working week: nobody is carried over from the day before, the VRU does not fail
    (as on 9 August), no evening hour of cut-off calls (as on 5 August). It has everything from hardly anybody waiting
    (before 08:30, after 22:30) over a morning peak to 15:00, when five servers are left and 31 of 67 are answered.
    """
    text = resources.files("sim.demand").joinpath("data", SHIPPED).read_text(encoding="utf-8")
    return day_facts(json.loads(text))


def main(arguments: list[str] | None = None) -> int:
    """Write the facts of one day of an import."""
    about_it = "Write the facts of one day of an imported call log."
    parser = argparse.ArgumentParser(prog="python -m sim.demand.facts", description=about_it)
    parser.add_argument("folder", type=Path, help="made by `blendsim import`")
    parser.add_argument("day", type=date.fromisoformat, help="such as 1999-08-08")
    parser.add_argument("out", type=Path, help="JSON file to write")
    given = parser.parse_args(arguments)
    try:
        contacts = read_contacts(given.folder)
        if given.day not in contacts.days:
            covered = f"{contacts.days[0]} to {contacts.days[-1]}" if contacts.days else "no day"
            sys.stderr.write(f"{given.folder}: has no contact on {given.day}; it covers {covered}\n")
            return 2
        about = json.loads((given.folder / "import.json").read_text(encoding="utf-8"))
        written = facts_of(
            contacts.of_day(given.day), about["source"] or "not named", about["time_zone"] or "UTC"
        )
    except (ScenarioError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    given.out.write_text(_compact(written), encoding="utf-8")
    sys.stdout.write(f"{given.out}\n")
    return 0


def _mean_keeping_quantiles(values: FloatArray) -> FloatArray:
    """101 quantiles, the last one moved from the maximum to where the table's mean is the values' mean."""
    quantiles: FloatArray = np.quantile(values, np.linspace(0.0, 1.0, 101))
    # Trapezoids: mean = (q0/2 + q1 + ... + q99 + q100/2) / 100.
    last = 200.0 * values.mean() - quantiles[0] - 2.0 * quantiles[1:-1].sum()
    quantiles[-1] = max(last, quantiles[-2])
    return quantiles


def _steps(times_s: FloatArray, number: IntArray) -> dict[str, list[float]]:
    """A step function without the steps that change nothing."""
    changes = np.concatenate([[True], np.diff(number) != 0])
    return {"times_s": _rounded(times_s[changes]), "number": number[changes].tolist()}


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _rounded(values: FloatArray) -> list[Any]:
    """Each value to the millisecond."""
    return [_millis(float(value)) for value in values]


def _millis(value: float) -> float | None:
    """To the millisecond; None where nothing happened, as JSON knows no NaN."""
    return None if np.isnan(value) else round(value, 3)


def _values(written: list[Any]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in written], dtype=np.float64)


def _compact(written: dict[str, Any]) -> str:
    """JSON with one line a list, so that a change shows where it is."""
    lines = json.dumps(written, indent=1, ensure_ascii=False).split("\n")
    out: list[str] = []
    inside = False
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        text = line.strip()
        if inside:
            out[-1] += text if text.startswith("]") else text + (" " if text.endswith(",") else "")
            inside = not text.startswith("]")
        else:
            out.append(line)
            inside = text.endswith("[") and after.strip() != "{"
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.exit(main())
