"""The bank's call log itself, where it is at hand beside the project."""

from __future__ import annotations

import heapq
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.demand import facts as facts_module
from sim.demand.facts import SHIPPED, facts_of
from sim.demand.floor_presence import Presence, presence
from sim.demand.log import LogContacts, Outcome
from sim.demand.log_import import ImportReport, import_log, read_contacts
from sim.demand.log_patience import imputed_patience, kaplan_meier
from sim.demand.observed import observed

PROJECT = Path(__file__).resolve().parents[2]
LOG = PROJECT.parent / "shared" / "data" / "anonymous_bank_1999-08-01_15_calls.csv"
MAPPING = PROJECT / "scenarios" / "anonymous_bank_mapping.yaml"
pytestmark = pytest.mark.skipif(not LOG.exists(), reason="the bank's call log is not at hand")

Bank = tuple[ImportReport, LogContacts, Path]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The log, imported once for all tests."""
    folder = tmp_path_factory.mktemp("bank") / "out"
    report = import_log(LOG, MAPPING, folder, b"k" * 32)
    return report, read_contacts(folder), folder


def test_the_whole_log_is_imported_and_its_oddities_counted(bank: Bank) -> None:
    """Every one of the 23,668 rows becomes a contact; what is odd is counted per kind."""
    report, contacts, _ = bank

    assert (report.rows, len(contacts), report.rejected) == (23_668, 23_668, 0)
    assert report.outcomes == {"answered": 15_888, "abandoned": 5_746, "contained": 1_835, "failed": 199}
    assert {notice.kind: notice.rows for notice in report.notices} == {
        "vru_time_negative": 12,
        "past_midnight": 21,
        "hung_up_at_once": 32,
        "service_before_queue_exit": 12_326,
        "service_apart_from_queue_exit": 74,
        "service_time_missing": 22,
        "service_time_zero": 39,
        "service_long": 13,
        "service_without_answer": 64,
        "answered_without_server": 160,
        "identity_unusable": 27,
        "out_of_order": 22,
    }
    assert len(contacts.days) == 15
    assert len(contacts.servers) == 24  # 23 people, and the empty name


def test_no_customer_of_the_bank_is_in_the_import(bank: Bank) -> None:
    """None of the log's customer ids stands in what was written, in words or compressed."""
    _, contacts, folder = bank
    ids = {line.split(",")[2] for line in LOG.read_text().splitlines()[1:]} - {"0"}
    words = {*contacts.customer.tolist(), *contacts.servers, *contacts.intents, *contacts.segments}

    assert not ids & words
    assert {len(word) for word in contacts.customer.tolist()} == {0, 24}
    content = (folder / "contacts.parquet").read_bytes()
    assert not any(identity.encode() in content for identity in ids if len(identity) > 5)


def test_half_the_month_is_like_the_whole(bank: Bank) -> None:
    """Patience and service of 1-15 August agree with the published figures of the whole month.

    Whole month: Kaplan-Meier 0.8133 at 60 s, 0.5455 at 300 s, median 363 s; hazard 0.002463/s; mean service 185.1 s.
    The abandonment fraction (0.284 of the month) and the mean wait (73.8 s) are not properties of callers but of the
    fortnight's load, which was higher: 0.320 and 114.7 s. They are left out.
    """
    _, contacts, _ = bank
    queued = contacts.where(contacts.queued & contacts.offered)
    curve = kaplan_meier(queued.wait_s, queued.abandoned)
    hazard_per_s = queued.abandoned.sum() / queued.wait_s.sum()
    service_s = np.nan_to_num(contacts.service_s[contacts.outcome == Outcome.ANSWERED])

    np.testing.assert_allclose(curve.survival_at(np.array([60.0, 300.0])), [0.8133, 0.5455], atol=0.01)
    assert curve.time_of(np.array([0.5]))[0] == pytest.approx(363.0, abs=10.0)
    assert hazard_per_s == pytest.approx(0.002463, rel=0.02)
    assert service_s.mean() == pytest.approx(185.1, rel=0.02)
    assert queued.abandoned.mean() == pytest.approx(0.320, abs=0.001)
    assert np.nan_to_num(contacts.wait_s[contacts.answered]).mean() == pytest.approx(114.7, abs=0.1)


def test_only_callers_who_waited_are_identified(bank: Bank) -> None:
    """Why the mapping leaves the segment of the others empty.

    Of the regular callers who were answered at once none has an id; of those who queued 99 in 100 have one.
    """
    _, contacts, _ = bank
    regular = contacts.offered & (contacts.intent == contacts.intents.index("regular"))
    known = contacts.customer != ""

    assert known[regular & ~contacts.queued].sum() == 0
    assert known[regular & contacts.queued].mean() > 0.99
    assert (contacts.segment[~contacts.queued] == 0).all()


def test_shipped_facts_come_out_of_the_log(
    bank: Bank, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The facts that ship are, to the last digit, those that the generator makes from the log."""
    _, contacts, folder = bank
    shipped = (Path(facts_module.__file__).parent / "data" / SHIPPED).read_text(encoding="utf-8")

    assert facts_module.main([str(folder), "1999-08-08", str(tmp_path / "facts.json")]) == 0
    assert json.loads(shipped) == json.loads((tmp_path / "facts.json").read_text(encoding="utf-8"))
    assert facts_module.main([str(folder), "1999-08-18", str(tmp_path / "no.json")]) == 2
    assert "has no contact on 1999-08-18" in capsys.readouterr().err
    with pytest.raises(ValueError, match="of one day"):
        facts_of(contacts, "", "UTC")


def test_limit_of_absence_is_where_the_day_does_not_depend_on_it(bank: Bank) -> None:
    """Limits of 30 to 120 s give the replayed day one mean wait, a roster's half-hour a far shorter one.

    First come, first served: 69 s (the log: 79 s) against 51 s. Five fixed seeds each; a mean of five has a standard
    error of about 1.8 s, so that a false alarm is below 1 in 100.
    """
    _, contacts, _ = bank
    day = contacts.of_day(date(1999, 8, 8))
    day = day.where(day.offered)
    mean_wait_s = {}
    for away_after_s in (30.0, 60.0, 120.0, 1800.0):
        floor = presence(day, away_after_s)
        mean_wait_s[away_after_s] = np.mean([_replayed_asa_s(day, floor, seed) for seed in range(5)])

    assert observed(day).total().asa_s[0] == pytest.approx(79.1, abs=0.1)
    assert mean_wait_s[60.0] == pytest.approx(69.0, abs=6.0)
    assert abs(mean_wait_s[30.0] - mean_wait_s[60.0]) < 6.0
    assert abs(mean_wait_s[120.0] - mean_wait_s[60.0]) < 6.0
    assert mean_wait_s[1800.0] < mean_wait_s[60.0] - 9.0


def _replayed_asa_s(day: LogContacts, floor: Presence, seed: int) -> float:
    """Mean wait of the answered when the day is served first come, first served by whoever is there."""
    rng = np.random.default_rng(seed)
    patience_s = imputed_patience(day.wait_s, day.abandoned, rng.random(len(day)))
    known_s = day.service_s[~np.isnan(day.service_s)]
    service_s = np.where(np.isnan(day.service_s), rng.choice(known_s, len(day)), day.service_s)
    service_s = service_s + rng.choice(floor.turnaround_s, len(day))
    events = [(at, 1, i) for i, at in enumerate(floor.times_s)] + [
        (at, 2, i) for i, at in enumerate(day.arrive_s)
    ]
    heapq.heapify(events)
    line: list[int] = []
    waits_s: list[float] = []
    here = busy = 0
    while events:
        now_s, kind, i = heapq.heappop(events)
        if kind == 0:
            busy -= 1
        elif kind == 1:
            here = int(floor.agents[i])
        else:
            line.append(i)
        while line and busy < here:
            first = line.pop(0)
            waited_s = now_s - day.arrive_s[first]
            if waited_s <= patience_s[first]:
                waits_s.append(waited_s)
                busy += 1
                heapq.heappush(events, (now_s + service_s[first], 0, first))
    return float(np.mean(waits_s))
