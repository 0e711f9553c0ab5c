from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.demand import replay
from sim.demand.contacts import Contacts
from sim.demand.draw import BLOCK_S, most_people, presence
from sim.demand.facts import shipped_day
from sim.demand.floor_presence import presence as floor_presence
from sim.demand.log import LogContacts
from sim.demand.log_import import import_log, read_contacts
from sim.demand.observed import Observed, observed
from sim.demand.source import customers
from sim.engine.run import replicate, simulate
from sim.outcomes.replay import ReplayOutcome
from sim.outcomes.replay import replay as compared
from sim.scenario.build import build
from sim.scenario.errors import ScenarioError
from sim.scenario.load import load
from sim.scenario.model import FloatArray, Scenario

PROJECT = Path(__file__).resolve().parents[2]
BANK = PROJECT / "scenarios" / "real_day_bank_1999.yaml"
MAPPING = PROJECT / "scenarios" / "anonymous_bank_mapping.yaml"
LOG = PROJECT.parent / "shared" / "data" / "anonymous_bank_1999-08-01_15_calls.csv"

SMALL = """
question: Is a small log replayed as it was?
calendar: {from: 2026-03-02 00:00, until: 2026-03-03 00:00}
demand: {replay: FOLDER}
channels: {voice: {share: 1}, orders: {share: 0}}
segments: {standard: 0.5, gold: 0.5}
intents: {billing: {share: 0.5}, orders: {share: 0.5}}
queues: {voice: {}, orders: {}}
people:
  all: {skills: [voice, orders], staffing: replay}
  billers: {skills: [voice], staffing: replay}
"""
SMALL_MAPPING = """
time_format: "%H:%M:%S"
date_format: "%Y-%m-%d"
columns:
  date: day
  entered: entered
  queue_entered: joined
  wait_s: wait
  outcome: end
  service_started: began
  service_ended: done
  server: who
  intent: about
  segment: rank
none: {queue_entered: [""], wait_s: [""], service_started: [""], service_ended: [""], server: [""], segment: [""]}
outcomes: {served: answered, gone: {queued: abandoned, not_queued: contained}}
"""
SMALL_LOG = """day,entered,joined,wait,end,began,done,who,about,rank
2026-03-02,09:00:00,09:00:05,10,served,09:00:15,09:05:15,Ann,billing,gold
2026-03-02,09:01:00,09:01:05,30,gone,,,,orders,standard
2026-03-02,09:02:00,09:02:05,200,served,09:05:25,09:06:25,Ann,billing,
2026-03-02,09:03:00,,,gone,,,,billing,
2026-03-02,09:30:00,09:30:05,4,served,09:30:09,09:31:09,Bob,orders,gold
2026-03-02,10:00:00,10:00:05,50,gone,,,,orders,standard
2026-03-02,10:30:00,10:30:05,5,served,10:30:10,10:32:10,Bob,orders,gold
"""


def scenario_of(path: Path, *sets: str) -> Scenario:
    """The only variant of a file."""
    loaded = load(path, sets=list(sets))
    ((variant, spec),) = loaded.variants.items()
    return build(spec, name=path.stem, variant=variant)


@pytest.fixture(scope="module")
def bank() -> Scenario:
    """The shipped day."""
    return scenario_of(BANK)


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Scenario]:
    """A small log, imported, and the scenario that replays it, with texts of it replaced."""
    (tmp_path / "calls.csv").write_text(SMALL_LOG)
    (tmp_path / "mapping.yaml").write_text(SMALL_MAPPING)
    import_log(tmp_path / "calls.csv", tmp_path / "mapping.yaml", tmp_path / "out", b"k" * 32)

    def scenario(*changes: tuple[str, str]) -> Scenario:
        text = SMALL.replace("FOLDER", str(tmp_path / "out"))
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "small.yaml").write_text(text)
        return scenario_of(tmp_path / "small.yaml")

    return scenario


def in_bins(contacts: Contacts, intents: int, bin_s: float) -> np.ndarray:
    """Arrivals by intent and bin."""
    counts = np.zeros((intents, round(86_400 / bin_s)), dtype=np.int64)
    np.add.at(counts, (contacts.intent, (contacts.arrive_s // bin_s).astype(int)), 1)
    return counts


# --- the shipped day -------------------------------------------------------------------------------------------------


def test_every_replication_has_the_days_own_counts(bank: Scenario) -> None:
    """In every 5 minutes and class exactly as many contacts arrive as that day, in whatever replication."""
    facts = shipped_day()
    place = [facts.classes.index(name) for name in bank.names.intents]

    for replication in range(3):
        drawn = customers(bank, replication, 0)
        np.testing.assert_array_equal(facts.arrivals[place], in_bins(drawn, len(place), facts.bin_s))
        assert (np.diff(drawn.arrive_s) >= 0.0).all()
        np.testing.assert_array_equal(np.arange(1821), drawn.order)


def test_replications_differ_and_policies_do_not(bank: Scenario) -> None:
    """Another replication meets other arrival seconds; another staffing or credit meets the same customers."""
    one, other = customers(bank, 0, 0), customers(bank, 1, 0)
    no_credit = scenario_of(BANK, "queues.voice.credit={high: 0s}", "people.general.staffing=3")

    assert (one.arrive_s != other.arrive_s).any()
    for column, same in zip(one, customers(no_credit, 0, 0), strict=True):
        np.testing.assert_array_equal(column, same)


def test_services_follow_the_law_of_their_class(bank: Scenario) -> None:
    """Mean service plus turnaround of every class is that of the day.

    Forty replications of 3,400 to 46,000 services; six classes, each within 4.5 standard errors: a false alarm in
    25,000 runs.
    """
    facts = shipped_day()
    drawn = [customers(bank, replication, 0) for replication in range(40)]
    handle_s, intent = np.concatenate([c.handle_s for c in drawn]), np.concatenate([c.intent for c in drawn])
    u = (np.arange(200_000) + 0.5) / 200_000
    turnaround_s = facts.turnaround.quantile(u).mean()

    for name in facts.classes:
        mine = handle_s[intent == bank.names.intents.index(name)]
        mean_s = facts.service_quantile(name, u).mean() + turnaround_s
        assert mine.mean() == pytest.approx(mean_s, abs=4.5 * mine.std() / np.sqrt(len(mine)))
    # The shortest turnaround follows a hung-up service of hardly any length.
    assert handle_s.min() >= facts.turnaround.value_s[0]
    assert (handle_s < 10.0).mean() == pytest.approx(0.03, abs=0.02)


def test_patience_follows_kaplan_meier(bank: Scenario) -> None:
    """Shares of regular callers still there after a minute and after five are those of the day's curve.

    46,000 draws; both within 4.5 standard errors: a false alarm in 70,000 runs.
    """
    facts = shipped_day()
    regular = bank.names.intents.index("regular")
    drawn = [customers(bank, replication, 0) for replication in range(40)]
    patience_s = np.concatenate([c.patience_s[c.intent == regular] for c in drawn])

    for time_s in (60.0, 300.0):
        table = facts.patience["regular"]
        share = 1.0 - np.interp(time_s, table.value_s, table.share)
        spread = np.sqrt(share * (1.0 - share) / len(patience_s))
        assert (patience_s > time_s).mean() == pytest.approx(share, abs=4.5 * spread)


def test_a_class_with_a_channel_of_its_name_arrives_there(bank: Scenario) -> None:
    """Stock calls come in on their own line, English ones on the common one."""
    drawn = customers(bank, 0, 0)
    names = bank.names

    for intent, channel in (("stock", "stock"), ("prospective", "prospective"), ("english", "voice")):
        mine = drawn.channel[drawn.intent == names.intents.index(intent)]
        assert (mine == names.channels.index(channel)).all()


def test_segments_are_drawn_with_the_shares_of_the_class(bank: Scenario) -> None:
    """Internet support callers are never identified; two regular callers in three have high priority."""
    drawn = [customers(bank, replication, 0) for replication in range(10)]
    names = bank.names
    segment, intent = np.concatenate([c.segment for c in drawn]), np.concatenate([c.intent for c in drawn])
    high = segment == names.segments.index("high")

    support = segment[intent == names.intents.index("internet_support")]
    assert (support == names.segments.index("unidentified")).all()
    # 11,500 draws: 4.5 standard errors are 0.02.
    assert high[intent == names.intents.index("regular")].mean() == pytest.approx(0.6355, abs=0.02)


def test_everybody_of_the_day_is_on_the_floor(bank: Scenario) -> None:
    """The groups together are at every second as many as the day's whole floor."""
    facts = shipped_day()
    steps = list(presence(bank, 0))
    at_s = np.array([second for second, _, _ in steps])
    people = np.zeros(len(bank.groups), dtype=np.int64)
    together = []
    for _, group, number in steps:
        people[group] = number
        together.append(people.sum())
    last = np.append(np.diff(at_s) > 0.0, True)

    expected = facts.floor_agents[np.searchsorted(facts.floor_times_s, at_s[last], side="right") - 1]
    np.testing.assert_array_equal(expected, np.array(together)[last])
    assert (at_s == sorted(at_s)).all()
    assert most_people(bank)[bank.names.groups.index("stock_desk")] == 1


def test_a_part_of_the_day_meets_the_same_customers(bank: Scenario) -> None:
    """A calendar from nine to noon has those of the whole day who arrive in it, and says how many do not."""
    part = scenario_of(BANK, "calendar.from=1999-08-08 09:00", "calendar.until='12:00'")
    whole, some = customers(bank, 0, 0), customers(part, 0, 0)
    inside = (whole.arrive_s >= 9 * 3600) & (whole.arrive_s < 12 * 3600)

    np.testing.assert_allclose(whole.arrive_s[inside], some.arrive_s + 9 * 3600)
    np.testing.assert_array_equal(whole.handle_s[inside], some.handle_s)
    np.testing.assert_array_equal(whole.segment[inside], some.segment)
    assert any(f"{1821 - inside.sum():,} arrive outside the calendar" in line for line in replay.about(part))
    assert next(presence(part, 0))[0] == 0.0


def test_what_is_left_out_is_said(bank: Scenario) -> None:
    """Contained and failed contacts are counted in words, and who served in which group."""
    said = "\n".join(replay.about(bank))

    assert "Sunday 8 August 1999" in said
    assert "1,821 of 1,821 contacts" in said
    assert "117 contained, 19 failed" in said
    assert "stock_desk: 1 person, who answered 19 that day" in said


def test_a_calendar_longer_than_the_day_meets_nobody_twice() -> None:
    """Blocks after the replayed day are empty."""
    longer = scenario_of(BANK, "calendar.until=1999-08-09 06:00")
    blocks = [customers(longer, 0, block) for block in range(2)]

    assert sum(len(c.id) for c in blocks) == 1821
    assert (blocks[0].arrive_s < BLOCK_S).all()


# --- a log -----------------------------------------------------------------------------------------------------------


def test_what_the_log_saw_is_replayed_as_it_was(small: Callable[..., Scenario]) -> None:
    """Arrivals, classes, known segments, services and hang-ups are the log's; who ended in the VRU is left out."""
    scenario = small()
    names = scenario.names
    orders, gold = names.intents.index("orders"), names.segments.index("gold")

    for replication in range(20):
        drawn = customers(scenario, replication, 0)
        seconds = [9 * 3600 + 5, 9 * 3600 + 65, 9 * 3600 + 125, 9 * 3600 + 1805, 36_005, 37_805]
        np.testing.assert_array_equal(seconds, drawn.arrive_s)
        np.testing.assert_array_equal([False, True, False, True, True, True], drawn.intent == orders)
        np.testing.assert_array_equal(drawn.intent == orders, drawn.channel == names.channels.index("orders"))
        known = [0, 1, 3, 4, 5]
        np.testing.assert_array_equal([True, False, True, False, True], drawn.segment[known] == gold)
        np.testing.assert_array_equal([30.0, 50.0], drawn.patience_s[[1, 4]])
        # One gap in all of which somebody waited: Ann's 10 s between two calls are the only turnaround.
        np.testing.assert_allclose([310.0, 70.0, 70.0, 130.0], drawn.handle_s[[0, 2, 3, 5]])


def test_imputed_patience_is_never_below_an_observed_wait(small: Callable[..., Scenario]) -> None:
    """Who was answered after 200 s has a patience of more than 200 s in every replication, and not always the same."""
    scenario = small()
    patience_s = np.array([customers(scenario, r, 0).patience_s[[0, 2, 3, 5]] for r in range(100)])

    assert (patience_s > [10.0, 200.0, 4.0, 5.0]).all()
    assert len(np.unique(patience_s[:, 1])) == 100


def test_people_join_the_smallest_group_that_covers_them(small: Callable[..., Scenario]) -> None:
    """Ann, who took billing alone, is a biller; Bob, who took orders, needs the group with both skills."""
    scenario = small()
    steps = list(presence(scenario, 0))

    all_, billers = (scenario.names.groups.index(name) for name in ("all", "billers"))
    assert (9 * 3600 + 15, billers, 1) in steps
    assert (9 * 3600 + 1809, all_, 1) in steps
    assert most_people(scenario) == [1, 1]


def test_a_group_with_numbers_of_its_own_keeps_them(small: Callable[..., Scenario]) -> None:
    """Replayed and numbered groups can stand side by side; the log's people go to the replayed ones."""
    scenario = small(
        ("billers: {skills: [voice], staffing: replay}", "billers: {skills: [voice], staffing: 7}")
    )

    assert [(0.0, 1, 7)] == [step for step in presence(scenario, 0) if step[1] == 1]
    assert most_people(scenario) == [1, 7]


def test_a_single_segment_takes_everybody(small: Callable[..., Scenario]) -> None:
    """A scenario that does not tell segments apart replays a log that does."""
    scenario = small(("segments: {standard: 0.5, gold: 0.5}", "segments: {everybody: 1}"))

    assert (customers(scenario, 0, 0).segment == 0).all()


def test_redials_come_on_top_and_keep_their_issue(small: Callable[..., Scenario]) -> None:
    """With redial on, possible further attempts carry service and segment of their issue, and `about` warns of them."""
    scenario = small(
        ("queues: {voice: {}, orders: {}}", "queues: {voice: {redial: {share: 1, attempts: 2}}, orders: {}}")
    )
    drawn = customers(scenario, 0, 0)
    first = (drawn.issue - drawn.id[0]).astype(int)

    assert len(drawn.id) == 6 + 2 * 2
    np.testing.assert_array_equal(drawn.handle_s, drawn.handle_s[first])
    np.testing.assert_array_equal(drawn.segment, drawn.segment[first])
    assert any("redial" in line for line in replay.about(scenario))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ((("orders: {share: 0.5}", "returns: {share: 0.5}"),), r"classes called orders \(4 contacts\), and intents has billing, returns"),
        ((("gold: 0.5", "platinum: 0.5"),), "segments called gold, and segments has standard, platinum"),
        ((("/out", "/nowhere"),), "neither a day that ships .anonymous_bank_1999-08-08. nor a folder"),
        ((("/out}", "/out, replay_day: 2026-03-03}"),), "no contact on 2026-03-03; it covers 2026-03-02 to 2026-03-02"),
        ((("/out}", "/out, replay_day: monday}"),), "is monday, and must be a date such as 2026-03-02"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_words(
    small: Callable[..., Scenario], changes: tuple[tuple[str, str], ...], words: str
) -> None:
    """An unknown class, segment, folder or day stops the run with what would do."""
    with pytest.raises(ScenarioError, match=words):
        simulate(small(*changes), 0, "plain")


def test_a_shipped_day_has_one_day(bank: Scenario) -> None:
    """Another day of a shipped day is refused."""
    with pytest.raises(ScenarioError, match="is 1999-08-09, and anonymous_bank_1999-08-08 is 1999-08-08"):
        customers(scenario_of(BANK, "demand.replay_day='1999-08-09'"), 0, 0)


def test_staffing_cannot_be_replayed_without_a_log() -> None:
    """`staffing: replay` in a scenario whose demand is drawn is a problem of the file."""
    with pytest.raises(ScenarioError, match="can be replay only where demand is"):
        scenario_of(BANK, "demand={replay: null, per_h: 60}")


def test_a_wrong_word_for_staffing_is_told_what_would_do() -> None:
    """A misspelt `replay` is refused with the words and numbers that are allowed."""
    with pytest.raises(ScenarioError, match=r"people\.general\.staffing"):
        scenario_of(BANK, "people.general.staffing=reply")


# --- the whole day against the log -----------------------------------------------------------------------------------


def replayed(scenario: Scenario, replications: int) -> tuple[ReplayOutcome, dict[str, tuple[float, float]]]:
    """Simulated against observed, and (observed, simulated) totals."""
    outcome = compared(replicate(scenario, replications, "kernel", 1), replay.observed_of(scenario))
    totals = {
        figure.name: (figure.observed_total, figure.simulated_total.value) for figure in outcome.figures
    }
    return outcome, totals


def alike(outcome: ReplayOutcome, name: str) -> float:
    """Correlation of the half-hours, observed and simulated, from 07:00 to 23:00."""
    figure = outcome.figure(name)
    hours: tuple[FloatArray, FloatArray] = figure.observed[14:46], figure.median[14:46]
    return float(np.corrcoef(*hours)[0, 1])


def test_the_shipped_day_comes_out_near_the_log(bank: Scenario) -> None:
    """From facts alone: hang-ups and waits come out a little low, half-hours rise and fall together.

    Fixed seed, ten replications; the standard errors of their means (9 hang-ups, 2.5 s of ASA, 0.007 of P(wait), 0.011
    of the share within 60 s) make the bands several of them wide: they say how near the model is, not how lucky.
    """
    outcome, totals = replayed(bank, 10)

    assert totals["offered"] == (1821.0, 1821.0)
    assert totals["abandoned"][1] == pytest.approx(373 * 0.91, abs=40)
    assert totals["asa_s"][1] == pytest.approx(66.0, abs=11.0)
    assert totals["p_wait"][1] == pytest.approx(0.675, abs=0.04)
    assert totals["served_within"][1] == pytest.approx(0.535, abs=0.05)
    for name, least in (("answered", 0.93), ("abandoned", 0.75), ("asa_s", 0.70), ("p_wait", 0.85)):
        assert alike(outcome, name) > least


def test_both_floors_replay_the_same_day(bank: Scenario) -> None:
    """The plain floor and the compiled one agree contact by contact on a replayed day."""
    plain, kernel = (simulate(bank, 0, floor) for floor in ("plain", "kernel"))  # type: ignore[arg-type]

    assert plain.contacts is not None
    assert kernel.contacts is not None
    for name in ("answer_s", "end_s", "group", "agent", "disposition"):
        np.testing.assert_array_equal(plain.contacts[name], kernel.contacts[name])


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, LogContacts]:
    """The bank's log itself, imported whole, the scenario that replays 8 August from it, and that day."""
    if not LOG.exists():
        pytest.skip("the bank's call log is not at hand")
    folder = tmp_path_factory.mktemp("bank") / "out"
    import_log(LOG, MAPPING, folder, b"k" * 32)
    scenario = scenario_of(BANK, f"demand.replay={folder}", "demand.replay_day='1999-08-08'")
    return scenario, read_contacts(folder).of_day(shipped_day().day)


def test_the_log_itself_is_replayed_contact_by_contact(imported: tuple[Scenario, LogContacts]) -> None:
    """All 1,821 contacts that asked for a person arrive at their second, with their own patience and service."""
    scenario, log = imported
    offered = log.where(log.offered)
    floor = floor_presence(log)

    for replication in range(3):
        drawn = customers(scenario, replication, 0)
        np.testing.assert_array_equal(offered.arrive_s, drawn.arrive_s)
        np.testing.assert_array_equal(
            [offered.intents[code] for code in offered.intent],
            [scenario.names.intents[code] for code in drawn.intent],
        )
        queued_out = offered.abandoned & offered.queued
        np.testing.assert_array_equal(offered.wait_s[queued_out], drawn.patience_s[queued_out])
        assert (drawn.patience_s >= np.nan_to_num(offered.wait_s)).all()
        known = ~np.isnan(offered.service_s)
        turnaround_s = drawn.handle_s[known] - offered.service_s[known]
        assert turnaround_s.min() >= floor.turnaround_s.min() - 1e-9
        assert turnaround_s.mean() == pytest.approx(floor.turnaround_s.mean(), abs=1.5)
        segments = np.array(offered.segments)[offered.segment]
        told = segments != ""
        np.testing.assert_array_equal(
            segments[told], [scenario.names.segments[code] for code in drawn.segment[told]]
        )


def test_log_and_facts_are_the_same_day(imported: tuple[Scenario, LogContacts], bank: Scenario) -> None:
    """The shipped facts and the log agree on what was observed and on who was on the floor."""
    scenario, log = imported
    seen: Observed = replay.observed_of(scenario)

    np.testing.assert_array_equal(observed(log).abandoned, seen.abandoned)
    np.testing.assert_array_equal(replay.observed_of(bank).answered, seen.answered)
    assert list(presence(bank, 0)) == list(presence(scenario, 0))


def test_the_imported_day_comes_out_near_the_log(imported: tuple[Scenario, LogContacts]) -> None:
    """Contact by contact: the half-hours follow the log closely, and the two badly served classes wait longest.

    Fixed seed, ten replications; standard errors: 3 hang-ups, 1.5 s of ASA, 0.005 of either share.
    """
    scenario, _ = imported
    outcome, totals = replayed(scenario, 10)

    assert totals["offered"] == (1821.0, 1821.0)
    assert totals["abandoned"][1] == pytest.approx(373 * 0.91, abs=18)
    assert totals["asa_s"][1] == pytest.approx(64.0, abs=8.0)
    assert totals["p_wait"][1] == pytest.approx(0.70, abs=0.025)
    assert totals["served_within"][1] == pytest.approx(0.535, abs=0.03)
    for name, least in (("answered", 0.98), ("abandoned", 0.95), ("asa_s", 0.93), ("p_wait", 0.95)):
        assert alike(outcome, name) > least


def test_who_overtook_whom_shows_the_switchs_credit(imported: tuple[Scenario, LogContacts]) -> None:
    """The day's own log bears the 90 s that the scenario grants: callers of high priority overtake up to there.

    Regular before high, both of class `regular`, both answered from the queue. Data, not dice: no false alarm.
    """
    _, log = imported
    mine = log.where(log.answered & log.queued & (log.intent == log.intents.index("regular")))
    joined_s, left_s = mine.arrive_s, mine.arrive_s + mine.wait_s
    high = mine.segment == mine.segments.index("high")
    low = mine.segment == mine.segments.index("regular")
    later_s = joined_s[None, :] - joined_s[:, None]
    together = low[:, None] & high[None, :] & (later_s > 0.0) & (joined_s[None, :] < left_s[:, None])
    overtaken = left_s[None, :] < left_s[:, None]

    within, beyond = together & (later_s <= 85.0), together & (later_s >= 95.0)
    assert within.sum() > 100
    assert beyond.sum() > 60
    assert overtaken[within].mean() > 0.6
    assert overtaken[beyond].mean() < 0.05
