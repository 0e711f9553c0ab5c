"""What no single key can know about incidents drawn at random, repeats, mood and new patterns, and what becomes of these keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.scenario import model
from sim.scenario.build import build
from sim.scenario.errors import ScenarioError
from sim.scenario.load import load

GOOD = Path(__file__).parent / "good.yaml"
GRAPH = (
    "nodes={cloud: {}, edge: {}, provider: {on: [cloud]}, vendor: {on: [provider]}}",
    "fleets.A.on=vendor",
)
NIGHT = ("demand.per_h.00:00=10", "people.team.staffing.00:00=1")


def read(*sets: str) -> model.Scenario:
    """The good file with changes, built."""
    loaded = load(GOOD, sets)
    return build(loaded.variants["as is"], name="good")


def complaints(*sets: str) -> list[str]:
    """What is wrong with the good file after changes, without where it stands."""
    with pytest.raises(ScenarioError) as caught:
        load(GOOD, sets)
    return [line.partition(": ")[2] for line in str(caught.value).splitlines()[:-1]]


@pytest.mark.parametrize(
    ("sets", "problem"),
    [
        (
            ("calendar.from=2026-03-02 07:00", "people.team.staffing.07:00=1"),
            "demand.per_h: begins at 08:00; say what holds from 07:00 on, where the 90 of 10:00 would",
        ),
        (
            ("calendar.from=2026-03-02 07:00", "demand.per_h.07:00=1"),
            "people.team.staffing: begins at 08:00; say what holds from 07:00 on, where the 15 of 10:00 would",
        ),
        (
            ("demand.events=[{at: 13:00, lasts: 1h, multiplier: 2}]",),
            "demand.events.0.at: 13:00 is outside the run, 2026-03-02 08:00 to 12:00; it would have no effect",
        ),
        (
            ("demand.events=[{at: 07:00, lasts: 1h, multiplier: 2}]",),
            "demand.events.0.at: 07:00 is outside the run, 2026-03-02 08:00 to 12:00; it would have no effect",
        ),
        (
            ("calendar={from: 2026-03-08 00:00, until: 2026-03-08 12:00, timezone: America/New_York}",
             *NIGHT,
                "demand.events=[{at: 02:30, lasts: 1h, multiplier: 2}]"),
            "demand.events.0.at: 02:30 does not exist on 2026-03-08 in America/New_York, where clocks go forward then; write 03:30",
        ),
        (
            ("calendar={from: 2026-03-29 02:00, until: 2026-03-29 12:00, timezone: Europe/Berlin}", *NIGHT),
            "calendar.from: 02:00 does not exist on 2026-03-29 in Europe/Berlin, where clocks go forward then; write 03:00",
        ),
        (
            ("demand.batch={law: fixed, mean: 2.5}",),
            "demand.batch.mean: is 2.5, and must be a whole number where the law is fixed",
        ),
        (
            ("demand.batch={mean: 1}",),
            "demand.batch.mean: is 1, and must be above 1: customers come one by one without batch",
        ),
        (
            ("demand.mmpp={levels: [1, 2], lasts: [5m]}",),
            "demand.mmpp: has 2 levels and 1 lasts; every level needs how long it lasts",
        ),
        (
            ("demand.mmpp={levels: [2, 2], lasts: [5m, 5m]}",),
            "demand.mmpp.levels: has no effect: needs two levels that differ, or remove mmpp",
        ),
        (
            ("queues.voice.redial={law: exponential, sigma: 0.5}",),
            "queues.voice.redial.sigma: has no effect: it belongs to the lognormal law; remove it",
        ),
        (("incident_process.a={node: vendr}",), "incident_process.a.node: 'vendr' is no node; did you mean vendor?"),
        (
            (
                "plans={overtime: {kind: overtime, group: team, people: 3, lead: [45m, 90m]}}",
                "failover.breakers={}", "signals={}", "desk={poll: 5m}",
            ),
            "desk.poll: has no effect on an automated desk, which takes every signal as it comes",
        ),
        (
            ("failover.ejection={in_a_row: 3}",),
            "failover.ejection: has no effect: no fleet has several hosts",
        ),
        (
            ("watch={}", "failover.breakers={semantic: {warn_csat: 5}, degraded: {}}"),
            "failover.breakers.semantic.warn_csat: has no effect without mood.csat: nobody is asked",
        ),
        (
            ("watch={}", "mood={csat: {}}", "failover.breakers={semantic: {warn_csat: 5}}"),
            "failover.breakers.semantic.warn_csat: has no effect without failover.breakers.degraded: it only warns",
        ),
        (
            ("fleets.A.hosts=5",),
            "fleets.A.hosts: has no effect without failover.ejection or an incident that hits some of them",
        ),
        (
            ("fleets.A.hosts=5", "failover.ejection={panic: 0.5}"),
            "failover.ejection.panic: has no effect: with share 0.1 at least 80% of the hosts stay",
        ),
        (
            ("fleets.A.hosts=5", "failover.ejection={outlier: {deviations: 2}}"),
            "failover.ejection.outlier.deviations: has no effect: one of 5 hosts lies at most 2.00 standard deviations below their mean",
        ),
        (
            ("incident_process.a={node: vendor, severity: {minor: 0.6}}",),
            "incident_process.a.severity: shares sum to 1.1, and must sum to 1 (minor 0.6, major 0.4, critical 0.1)",
        ),
        (
            ("incident_process.a={node: vendor, clustering: 0.95}",),
            "incident_process.a.clustering: is 0.95, and must be at most 0.9, where one incident brings nine more",
        ),
        (("incident_process.a={node: vendor, decay: 29d}",), "incident_process.a.decay: is 29d, and must be at most 28d"),
        (("incident_process.a={node: vendor, per_week: 1001}",), "incident_process.a.per_week: is 1001, and must be at most 1000"),
        (
            ("incident_process.a={node: edge, common_cause: 0.1}",),
            (
                "incident_process.a.common_cause: needs something that edge stands on and others do, too; "
                "name it in nodes, or remove this"
            ),
        ),
        (
            ("incident_process.a={node: vendor, roots: [cloud]}",),
            "incident_process.a.roots: has no effect without common_cause; remove it",
        ),
        (
            ("incident_process.a={node: fleet.A, common_cause: 0.1, roots: [provider, edge]}",),
            "incident_process.a.roots.1: is nothing that fleet.A stands on",
        ),
        (
            ("incident_process.a={node: vendor, common_cause: 0.1, roots: [clod]}",),
            "incident_process.a.roots.0: 'clod' is no node; did you mean cloud?",
        ),
        (
            ("demand.new_pattern={at: '12:00'}",),
            "demand.new_pattern.at: 12:00 is after the run, 2026-03-02 08:00 to 12:00; it would have no effect",
        ),
        (
            ("demand.new_pattern={at: '09:00', share: 0.7}", "out_of_scope=0.4"),
            "demand.new_pattern.share: is 0.7; with out_of_scope 0.4 that is more than all contacts",
        ),
        (("repeats={attempts: 0}",), "repeats.attempts: is 0, and must be 1 or more"),
        (("repeats={false_contained: 1.2}",), "repeats.false_contained: is 1.2, and must be between 0 and 1"),
        (("repeats={after: {median: 10h}}",), "repeats.after.sigma: missing; needs a number (0 or more)"),
        (("mood={answer: -0.1}",), "mood.answer: is -0.1, and must be 0 or more"),
        (("ai.slow={leaves: 1.5}",), "ai.slow.leaves: is 1.5, and must be between 0 and 1"),
        (("ai.slow={after: {chta: 2s}}",), "ai.slow.after.chta: 'chta' is no channel; did you mean chat?"),
        (
            ("ai.slow={after: {chat: 10s}}",),
            "ai.slow.after.chat: has no effect: no reply takes longer than channels.chat.reply_timeout, 10s",
        ),
        (
            ("watch={}", "relief={message: {switch: {to: chta}}}"),
            "relief.message.switch.to: 'chta' is no channel; did you mean chat?",
        ),
        (
            ("watch={}", "relief={queues: [chat], message: {switch: {to: chat}}}"),
            "relief.message.switch.to: has no effect: chat stands in the queue where it is announced; name another channel",
        ),
        (
            ("misroute={wrong_label: 0}",),
            "misroute: has no effect: nobody is with the wrong people; give by_chance",
        ),
        (
            ("misroute={most: 1, again: 0.2}",),
            "misroute.again: has no effect: nobody is passed on twice (most is 1); remove it",
        ),
        (("mood={csat: {best: 5.5}}",), "mood.csat.best: is 5.5, and must be at most 5.0"),
        (
            ("mood={csat: {answers: 0.4, unhappy_answers: 3}}",),
            "mood.csat.unhappy_answers: is 3; with answers 0.4 more than all of the unhappiest would answer",
        ),
        (
            ("mood={csat: {answers: 0, unhappy_answers: 2}}",),
            "mood.csat.unhappy_answers: has no effect: nobody answers (answers is 0); remove it",
        ),
    ],
)  # fmt: skip
def test_impossible_values_are_told(sets: tuple[str, ...], problem: str) -> None:
    """Every impossible value has its one message."""
    assert [problem] == complaints(*GRAPH, *sets)


@pytest.mark.parametrize(
    ("sets", "problem"),
    [
        (
            ("fleets.A.price={per_session: 0.3}", "prices.input_tokens=5"),
            "prices.input_tokens: has no effect: every fleet has a price of its own; remove it",
        ),
        (
            ("routing.monitor.people=0", "prices.supervisor_per_min=1"),
            "prices.supervisor_per_min: has no effect: nobody watches (routing.monitor.people is 0)",
        ),
    ],
)
def test_prices_that_nobody_pays_are_told(sets: tuple[str, ...], problem: str) -> None:
    """Token prices beside fleets that are paid otherwise, watchers who are not there."""
    assert [problem] == complaints(*sets)


def test_prices_are_per_unit_in_the_model() -> None:
    """Dollars a million tokens, a minute, an hour become dollars for what is counted; risk and value make a silent failure dear."""
    made = read("prices.input_tokens=4", "prices.human_per_min=0.6", "routing.monitor={people: 2, span: 8}")
    assert 4e-6 == pytest.approx(made.prices.per_token_in[0])
    assert (0.01, 0.80 / 60 / 8) == pytest.approx((made.prices.human_per_s, made.prices.watched_per_s))
    risky = read("intents.billing.risk=high", "intents.billing.value=4")
    assert 8.0 * 4 * 3 == risky.prices.silent[risky.names.intents.index("billing")]


def test_repeats_need_somebody_who_ends_badly() -> None:
    """Without an AI, and with people who settle everything, nobody could come back."""
    path = GOOD.parents[2] / "scenarios" / "pure_human_centre.yaml"
    with pytest.raises(ScenarioError, match="there are no fleets, and people settle everything"):
        load(path, ["repeats={}"])
    load(path, ["repeats={}", "resolution={}"])


def test_everything_new_is_off() -> None:
    """A file that names none of it has no drawn incidents, no repeats, people who settle everything, and mood moved by turns alone."""
    scenario = read()
    assert () == scenario.incident_processes
    assert scenario.repeats is None
    assert model.Resolution(0.0, 0.0) == scenario.resolution
    assert model.Mood(0.0, 0.0, 0.0, 0.0, 0.0) == scenario.mood
    assert read("mood={}").mood.csat is None
    assert scenario.demand.new_pattern is None
    assert read("repeats=off", "resolution=off", "mood=off", "demand.new_pattern=off").repeats is None


def test_defaults_are_those_of_the_reference() -> None:
    """Empty sections switch everything on with its documented numbers."""
    scenario = read(
        *GRAPH,
        "repeats={}",
        "resolution={}",
        "mood={}",
        "demand.new_pattern={at: '09:00'}",
        "incident_process.a={node: fleet.A}",
    )
    assert model.Repeats(0.65, 0.70, 0.60, 72_000.0, 1.2, 3, 604_800.0, True) == scenario.repeats
    assert model.Resolution(0.10, 0.20) == scenario.resolution
    assert model.Mood(0.05, 60.0, 0.15, 0.10, 0.10) == scenario.mood
    assert model.Csat(4.6, 1.5, 0.6, 0.15, 1.0, 3600.0, 1.0) == read("mood={csat: {}}").mood.csat
    assert model.NewPattern(3600.0, 7200.0, 0.08) == scenario.demand.new_pattern
    (process,) = scenario.incident_processes
    node = scenario.names.nodes.index("fleet.A")
    assert process == model.IncidentProcess(
        "a", node, 1.64, 4500.0, 1.11, (0.5, 0.4, 0.1), 0.35, 86_400.0, True, 0.0, 10_800.0, ()
    )


def test_roots_left_out_are_what_stands_on_nothing() -> None:
    """Of what a node stands on, common causes hit the bottom of the graph; of everything named, just that."""
    for node, named, roots in (("fleet.A", "", {"cloud"}), ("vendor", ", roots: [provider]", {"provider"})):
        scenario = read(*GRAPH, f"incident_process.a={{node: {node}, common_cause: 0.1{named}}}")
        assert roots == {scenario.names.nodes[k] for k in scenario.incident_processes[0].roots}
    assert np.isclose(scenario.incident_processes[0].common_cause, 0.1)


def test_what_comes_to_nothing_at_night_may_be_left_out() -> None:
    """A profile that ends at 0 says enough of the time before its first step, and one that is whole says all."""
    nobody = ("demand.per_h.11:00=0", "people.team.staffing.11:00=0")
    assert 0.0 == read("calendar.from=2026-03-02 07:00", *nobody).demand.per_s[0]
    assert 10 / 3600 == pytest.approx(read("calendar.from=2026-03-02 07:00", *NIGHT).demand.per_s[0])


def test_hours_that_exist_are_taken() -> None:
    """Beside the hour that clocks skip, and in the one that comes twice."""
    for until in ("2026-03-08 01:59", "2026-03-08 03:00", "2026-11-01 01:30"):
        calendar = f"calendar={{from: {until[:10]} 00:00, until: {until}, timezone: America/New_York}}"
        assert read(calendar, *NIGHT).calendar.end_s > 0
