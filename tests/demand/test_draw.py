"""What the drawing board draws: unchanged where nothing new is on, and as told where repeats or a new pattern are.

Statistical checks are two-sided at 4.5 standard errors (7 in a million each, some 20 of them). Seeds are fixed.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest

from sim.demand.contacts import Contacts
from sim.demand.draw import contacts
from sim.demand.replay import about
from sim.demand.source import customers
from sim.scenario.build import build
from sim.scenario.load import load
from sim.scenario.model import Scenario

WORLD = """
question: What do customers bring along?
calendar: {from: 2026-03-02 08:00, until: 2026-03-02 20:00, interval: 15m}
demand: {per_h: {08:00: 200, 12:00: 400}, busy_day_cv: 0.1, interval_noise: {}}
channels:
  voice: {share: 0.5, ability_shift: -0.2}
  chat: {share: 0.5, at_once: 3, silent_abandon: 0.4, handle_factor: 1.4}
segments: {standard: 0.8, premium: 0.2}
languages: {en: 0.8, es: 0.2}
out_of_scope: 0.05
intents:
  billing: {share: 0.5, ai: {capability: 0.84, turns: 6}, human: {handle: 5m}, family: money}
  refund: {share: 0.2, ai: {capability: 0.9, turns: 4}, human: {handle: 6m}, family: money}
  complaint: {share: 0.3, human: {handle: {mean: 8m, law: gamma, cv: 0.7}}}
classifier: {accuracy: 0.9, temperature: 0.8}
ai: {wrong_label_recovers: 0.1, language_shift: {es: -0.1}}
fleets:
  A: {channels: [voice, chat], sessions: 20}
  B: {channels: [chat], sessions: 12, ability_shift: 0.1}
queues:
  voice: {announcement: {at: 60s}, redial: {share: 0.6, attempts: 4}}
  chat: {patience: 3m}
people: {mixed: {skills: [chat, voice], staffing: 30}}
routing: {by: confidence}
triggers: {explicit_request: {}}
"""


def world(*sets: str, text: str = WORLD) -> Scenario:
    """The world above with changes as on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.yaml"
        path.write_text(text, encoding="utf-8")
        loaded = load(path, sets)
    return build(loaded.variants["as is"], name="world")


# --- as before ---


def fingerprints(drawn: Contacts) -> str:
    """Eight hexadecimal digits a column; floats in single precision, so that another machine's `exp` counts as the same."""
    words = []
    for name, column in drawn._asdict().items():
        rounded = column.astype(np.float32) if column.dtype == np.float64 else column
        words.append(f"{name}:{hashlib.sha256(rounded.tobytes()).hexdigest()[:8]}")
    return " ".join(words)


BEFORE_REPEATS = {
    (): (
        "id:c98c3444 issue:765b73c1 attempt:5eaccf11 arrive_s:3f7006a3 lag_s:7e0de6df ready_s:f09a8326 order:3f98c719 intent:98a863a3 "
        "channel:ae83b932 segment:8d18880d language:603752d3 region:e66fa449 label:fcfae4a9 confidence:24aee351 right:2fc8c462 "
        "in_scope:af511d33 ability:de695708 fail_u:1684a170 recover_u:a01f49b4 turns:5b1ad893 think_s:829f8071 mood:555003da "
        "fidelity:306f051c fate_u:1ebe50a3 patience_s:1cbca6e3 silent:2fcefad3 handle_s:680596e5 again_row:71bb6bfc "
        "redial_after_s:4a23d4c3 key:eab6ae05"
    ),
    ("routing.by=human",): (
        "id:4e90e450 issue:659ffb34 attempt:08224718 arrive_s:3b598e9b lag_s:23ff53d6 ready_s:3846d781 order:d2744eb9 intent:a0ccd85b "
        "channel:d88e6161 segment:d7534d14 language:3d5a44a4 region:a6270b48 label:8aac3174 confidence:23ff53d6 right:59ba6216 "
        "in_scope:5ddef03e ability:a6270b48 fail_u:23ff53d6 recover_u:23ff53d6 turns:a6270b48 think_s:23ff53d6 mood:23ff53d6 "
        "fidelity:23ff53d6 fate_u:23ff53d6 patience_s:674d0f6a silent:4426bdc5 handle_s:1e0393b2 again_row:cfb2ca13 "
        "redial_after_s:f270199c key:a6270b48"
    ),
}
"""Columns as the version before repeats drew them, of replication 0 and 3; `again_row` was called `redial_row`."""


@pytest.mark.parametrize("sets", BEFORE_REPEATS)
def test_without_repeats_everything_is_drawn_as_before(sets: tuple[str, ...]) -> None:
    """A world with neither repeats nor a new pattern has the columns that it had before there were any."""
    drawn = contacts(world(*sets), 3 if sets else 0)
    now = dict(word.split(":") for word in fingerprints(drawn).split())
    before = dict(word.split(":") for word in BEFORE_REPEATS[sets].split())
    assert {name: now[name] for name in before} == before
    assert (drawn.redials == (drawn.again_row >= 0)).all()
    for name in ("returns_u", "return_after_s", "unresolved_u"):
        assert not getattr(drawn, name).any(), name


# --- repeats ---

REPEATS = ("repeats={}", "resolution={}")
QUICK = "repeats.after={median: 20m, sigma: 0.5}"
WEEKS = "calendar.until=2026-03-23 08:00"
CHANGED_BY_MEMORY = {"ability", "turns", "handle_s", "mood"}


def z_of_share(hits: np.ndarray, share: float) -> float:
    """Standard errors between a share and what it should be."""
    return float((hits.mean() - share) / math.sqrt(share * (1 - share) / len(hits)))


@pytest.mark.parametrize("memory", ["true", "false"])
def test_repeats_move_nobody_else(memory: str) -> None:
    """Rows that repeats need come behind all others, and change no number of those."""
    plain = contacts(world("resolution={}"), 0)
    with_them = contacts(world(*REPEATS, QUICK, f"repeats.memory={memory}"), 0)
    base, n = len(plain.id), plain.first_attempts
    assert len(with_them.id) > base > n
    for name, column in with_them._asdict().items():
        before = getattr(plain, name)
        if name in ("again_row", "returns_u", "return_after_s"):
            continue
        rows = n if name in CHANGED_BY_MEMORY else len(before)
        assert before[:rows].tobytes() == column[:rows].tobytes(), name
    had = plain.again_row >= 0
    assert (plain.again_row[had] == with_them.again_row[:base][had]).all()


def test_repeats_do_not_depend_on_routing() -> None:
    """The same customers could come back wherever they are sent."""
    to_ai, to_people = (
        contacts(world(*REPEATS, QUICK, f"routing.by={by}"), 0) for by in ("confidence", "human")
    )
    for name in (
        "id", "issue", "attempt", "intent", "patience_s", "handle_s", "unresolved_u",
        "again_row", "redials", "redial_after_s", "returns_u", "return_after_s", "mood",
    ):  # fmt: skip
        assert getattr(to_ai, name).tobytes() == getattr(to_people, name).tobytes(), name


def test_attempts_of_an_issue_form_one_chain() -> None:
    """Every possible attempt has exactly one before it, of the same issue and one lower in number, and redials point somewhere."""
    drawn = contacts(world(*REPEATS, QUICK), 0)
    n = drawn.first_attempts
    behind = np.flatnonzero(drawn.again_row >= 0)
    again = drawn.again_row[behind]
    assert np.arange(n, len(drawn.id)).tolist() == sorted(again.tolist())
    assert (drawn.issue[again] == drawn.issue[behind]).all()
    assert (drawn.attempt[again] == drawn.attempt[behind] + 1).all()
    assert (drawn.intent[again] == drawn.intent[behind]).all()
    assert (drawn.again_row[drawn.redials] >= 0).all()
    assert (drawn.attempt[:n] == 1).all()


def test_attempts_end() -> None:
    """Nobody returns after the last attempt, nor calls again after the last redial."""
    drawn = contacts(world(*REPEATS, QUICK, "repeats.attempts=2", "queues.voice.redial.attempts=1"), 0)
    assert (drawn.returns_u[drawn.attempt > 2] == 1.0).all()
    assert (drawn.returns_u[drawn.attempt <= 2] < 1.0).all()
    assert not drawn.redials[drawn.attempt > 1].any()
    assert 3 == drawn.attempt.max()
    assert (drawn.again_row[drawn.attempt == 3] == -1).all()


@pytest.mark.parametrize("failures", ["both", "one"])
def test_whoever_may_come_back_has_a_row(failures: str) -> None:
    """Whatever bad end a contact can have, if that end brings it back within the run then there is an attempt to come back as."""
    sets = [*REPEATS, QUICK, "ai.wrong_label_failure={detected: 0.2, loop: 0.5, confident_wrong: 0.3}"]
    if failures == "one":
        sure = "{detected: 0, loop: 0, confident_wrong: 1}"
        sets += [f"ai.failure={sure}", f"ai.wrong_label_failure={sure}"]
    scenario = world(*sets)
    repeats, ai = scenario.repeats, scenario.ai
    assert repeats is not None
    drawn = contacts(scenario, 0)
    # First attempts: when they come is known. Whatever the fleet and its faults, a session ends as `fail_u` says, or well.
    n = drawn.first_attempts
    u = drawn.fail_u[:n]
    law = [
        np.where(drawn.right[:n], getattr(ai.failure, k), getattr(ai.wrong_label_failure, k))
        for k in ("detected", "loop")
    ]
    wrong, loops = u >= law[0] + law[1], (u >= law[0]) & (u < law[0] + law[1])
    unsettled = drawn.unresolved_u[:n] < scenario.resolution.unresolved + scenario.resolution.mood
    in_time = drawn.arrive_s[:n] + drawn.return_after_s[:n] < scenario.calendar.end_s
    for can, chance in (
        (wrong, repeats.false_contained),
        (loops, repeats.ai_abandoned),
        (unsettled, repeats.unresolved),
    ):
        back = can & (drawn.returns_u[:n] < chance) & in_time
        assert back.any() or failures == "one"
        assert (drawn.again_row[:n][back] >= 0).all()
    # And few besides: those whose label decides how they would fail.
    assert (drawn.again_row[:n] >= 0).mean() < (0.95 if failures == "one" else 0.8)


def test_few_rows_are_added() -> None:
    """On a day most returns come too late, and a row is kept for those alone who could be back; over weeks for those who could fail."""
    plain, day = (
        len(contacts(world(*sets), 0).id)
        for sets in (("queues.voice.redial=off",), (*REPEATS, "queues.voice.redial=off"))
    )
    assert day < 1.15 * plain
    plain, long = (
        len(contacts(world(WEEKS, *sets), 0).id)
        for sets in (("queues.voice.redial=off",), (*REPEATS, "queues.voice.redial=off"))
    )
    assert long < 2.0 * plain


def test_returns_and_pauses_follow_their_laws() -> None:
    """`returns_u` and `unresolved_u` are uniform, pauses lognormal with the file's median, redials as likely at every attempt."""
    drawn = contacts(world(*REPEATS, WEEKS, "demand.per_h=4000", "queues.chat.redial={share: 0.3}"), 0)
    n = drawn.first_attempts
    assert n > 50_000
    for u in (drawn.returns_u[:n], drawn.unresolved_u):
        assert abs(z_of_share(u < 0.65, 0.65)) <= 4.5
        assert abs(z_of_share(u < 0.1, 0.1)) <= 4.5
    logs = np.log(drawn.return_after_s / 72_000)
    assert abs(logs.mean()) <= 4.5 * 1.2 / math.sqrt(len(logs))
    assert abs(logs.std() / 1.2 - 1) <= 4.5 / math.sqrt(2 * len(logs))
    for channel, share, most in ((0, 0.6, 4), (1, 0.3, 3)):
        mine = drawn.channel == channel
        assert abs(z_of_share(drawn.redials[mine & (drawn.attempt == 1)], share)) <= 4.5
        # An issue that got to its third attempt by returning: the attempt before did not call again.
        before = np.flatnonzero(mine & (drawn.attempt <= most - 1) & ~drawn.redials & (drawn.again_row >= 0))
        assert len(before) > 5_000
        assert abs(z_of_share(drawn.redials[drawn.again_row[before]], share)) <= 4.5


def test_memory() -> None:
    """With the history at hand further attempts succeed more often and are shorter; without it they are longer and start worse."""
    with_it, without = (
        contacts(world(*REPEATS, QUICK, f"repeats.memory={memory}"), 0) for memory in ("true", "false")
    )
    later = with_it.attempt > 1
    assert (with_it.attempt == without.attempt).all()
    assert np.allclose(with_it.ability - without.ability, np.where(later, 0.10, 0.0)[:, None])
    assert np.allclose(with_it.handle_s / without.handle_s, np.where(later, 0.95, 1.0))
    assert np.allclose(without.mood - with_it.mood, np.where(later, np.minimum(0.05, 1 - with_it.mood), 0.0))
    assert (with_it.turns[~later] == without.turns[~later]).all()
    assert (with_it.turns[later] < without.turns[later]).all()
    # Turns are whole numbers; 5.5 of them in the mean, so that rounding washes out.
    assert 0.9 == pytest.approx(with_it.turns[later].mean() / (without.turns[later] - 1).mean(), abs=0.02)
    assert with_it.mood[later].min() > 0.1


def test_resolution_alone() -> None:
    """What people leave unsettled can be asked without anybody coming back; mood is drawn for it though nobody meets an AI."""
    drawn = contacts(world("resolution={unresolved: 0.1, mood: 0.2}", "routing.by=human"), 0)
    assert drawn.mood[: drawn.first_attempts].mean() == pytest.approx(0.2, abs=0.02)
    assert abs(z_of_share(drawn.unresolved_u < 0.14, 0.14)) <= 4.5
    assert not drawn.returns_u.any()


def test_asking_how_it_was_moves_nothing_else() -> None:
    """With a survey moods and the contacts' own dice are drawn wherever they go; every other column stays as it was."""
    for by in ("confidence", "human"):
        plain = contacts(world(f"routing.by={by}"), 0)
        asked = contacts(world(f"routing.by={by}", "mood={csat: {}}"), 0)
        assert asked.mood.max() > 0.0
        assert len(asked.key) == len(set(asked.key.tolist()))
        differs = {
            name
            for name in plain._fields
            if not np.array_equal(getattr(plain, name), getattr(asked, name), True)
        }
        assert differs <= {"mood", "key"}


def test_people_who_are_offered_something_each_answer_for_themselves() -> None:
    """Where everything goes to people and relief is on, every customer has dice of its own."""
    drawn = contacts(world("routing.by=human", "watch={}", "relief={callback: {}}"), 0)
    assert len(drawn.key) == len(set(drawn.key.tolist()))


def test_a_replayed_day_repeats_as_well() -> None:
    """On a replayed day further attempts keep the service of their issue, shortened by the history at hand."""
    text = (Path(__file__).resolve().parents[2] / "scenarios" / "real_day_bank_1999.yaml").read_text(
        encoding="utf-8"
    )
    scenario = world(
        "resolution={unresolved: 0.5, mood: 0}",
        "repeats={unresolved: 1, after: {median: 10m, sigma: 0}}",
        text=text,
    )
    drawn = customers(scenario, 0, 0)
    first = (drawn.issue - drawn.id[0]).astype(int)
    later = drawn.attempt > 1
    assert later.sum() > 100
    assert np.allclose(drawn.handle_s[later], 0.95 * drawn.handle_s[first][later])
    assert any("repeats are on" in line for line in about(scenario))


# --- a new pattern ---


def test_a_new_pattern_ramps_up() -> None:
    """Contacts out of scope grow evenly from the scenario's own share to that and the pattern's on top."""
    sets = ("demand.per_h=10000", "demand.new_pattern={at: '11:00', ramp: 2h, share: 0.2}")
    drawn, plain = contacts(world(*sets), 0), contacts(world(sets[0]), 0)
    hour = drawn.arrive_s[: drawn.first_attempts] / 3600 + 8
    out = ~drawn.in_scope[: drawn.first_attempts]
    for from_h, until_h, share in ((8, 11, 0.05), (11, 12, 0.1), (12, 13, 0.2), (13, 20, 0.25)):
        assert abs(z_of_share(out[(hour >= from_h) & (hour < until_h)], share)) <= 4.5
    # The contacts themselves are the same, and nobody moves into scope.
    assert (drawn.arrive_s == plain.arrive_s).sum() == drawn.first_attempts
    assert (drawn.in_scope <= plain.in_scope).all()
    step = contacts(world(sets[0], "demand.new_pattern={at: '11:00', ramp: 0s, share: 0.2}"), 0)
    out = ~step.in_scope[: step.first_attempts]
    assert abs(z_of_share(out[hour < 11], 0.05)) <= 4.5
    assert abs(z_of_share(out[hour >= 11], 0.25)) <= 4.5
