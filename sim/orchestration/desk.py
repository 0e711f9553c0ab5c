"""Who decides what to do about a signal, and how long that takes (M38).

```text
symptom ─detect─▶ detected ─declare─▶ declared ─signal─▶ signalled ─act─▶ acted ─arrive─▶ staffed
                                                    act = publish, notice, decide, dispatch
└──────────────────────────── the loop: target 60 s ───────────────────────┘
```

An automated desk takes every signal as it comes. A manual one looks every `poll_s`, on the full period; it decides about everything it
finds at one look in one go, and about one look after the other. How long a person thinks is the world's affair: the time is handed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum


class Mode(Enum):
    AUTOMATED = "automated"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Desk:
    """How signals are taken up. *assumed*, but for "seconds rather than minutes" of automation."""

    mode: Mode = Mode.AUTOMATED
    publish_s: float = 1.0
    """From sending to where it can be read."""
    poll_s: float = 0.0
    """A person looks so often; 0 means at once."""
    decide_s: float = 2.0
    """Fixed where automated, median of the law that the world draws from where manual."""
    dispatch_s: float = 3.0
    """From the decision until people and systems are told: the action has started."""

    def __post_init__(self) -> None:
        for name in ("publish_s", "poll_s", "decide_s", "dispatch_s"):
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise ValueError(f"{name} is {value}, and must be finite and not below 0")


def automated() -> Desk:
    """Webhook, rule, dispatch: six seconds in all."""
    return Desk()


def manual(poll_s: float = 300.0) -> Desk:
    """A person with a dashboard."""
    return Desk(Mode.MANUAL, publish_s=1.0, poll_s=poll_s, decide_s=180.0, dispatch_s=60.0)


@dataclass(frozen=True, slots=True)
class Handled:
    """What becomes of one signal."""

    sent_s: float
    seen_s: float
    decided_s: float
    acted_s: float


@dataclass(frozen=True, slots=True)
class DeskState:
    """The last look of a manual desk, and what it came to."""

    last: Handled | None = None


def seen_at_s(desk: Desk, sent_s: float) -> float:
    """When the desk sees what was sent: at once, or at the next multiple of its period."""
    there_s = sent_s + desk.publish_s
    if desk.mode is Mode.AUTOMATED or desk.poll_s == 0.0:
        return there_s
    looked_s = math.ceil(there_s / desk.poll_s) * desk.poll_s
    return max(looked_s, there_s)  # the product may fall a last bit short


def handle(state: DeskState, sent_s: float, decide_s: float, desk: Desk) -> tuple[DeskState, Handled]:
    """Take up a signal; signals are handed in as they are sent.

    Args:
        state: Of the desk.
        sent_s: When the signal was sent.
        decide_s: What a person takes to decide, as drawn by the world; an automated desk takes its own time.
        desk: Who.
    """
    seen_s = seen_at_s(desk, sent_s)
    if desk.mode is Mode.AUTOMATED:
        decided_s = seen_s + desk.decide_s
    elif state.last and state.last.seen_s == seen_s:
        decided_s = state.last.decided_s
    else:
        free_s = state.last.decided_s if state.last else -math.inf
        decided_s = max(seen_s, free_s) + decide_s
    handled = Handled(sent_s, seen_s, decided_s, decided_s + desk.dispatch_s)
    return DeskState(handled), handled


@dataclass(frozen=True, slots=True)
class Loop:
    """From the first symptom that could be seen to people on the phones; NaN for what did not happen.

    A stage that did not happen takes no time, and the next one counts from the stage before.
    """

    symptom_s: float
    detected_s: float = math.nan
    """A breaker or a warning moved."""
    declared_s: float = math.nan
    """A cause in common was declared."""
    signalled_s: float = math.nan
    acted_s: float = math.nan
    """The action has started: people and systems are told."""
    staffed_s: float = math.nan
    """The first of them is there."""

    @property
    def total_s(self) -> float:
        """The loop: symptom to action started; NaN when nobody acted."""
        return self.acted_s - self.symptom_s

    @property
    def stages_s(self) -> dict[str, float]:
        """Time of each stage of the loop, in order."""
        found, last_s = {}, self.symptom_s
        for name, at_s in (
            ("detect", self.detected_s),
            ("declare", self.declared_s),
            ("signal", self.signalled_s),
            ("act", self.acted_s),
        ):
            found[name] = 0.0 if math.isnan(at_s) else at_s - last_s
            last_s = last_s if math.isnan(at_s) else at_s
        return found

    @property
    def stages_sum_s(self) -> float:
        """Sum of the stages: the total, where somebody acted."""
        return math.fsum(self.stages_s.values())

    @property
    def arrive_s(self) -> float:
        """From the action to the first person there, after the loop; NaN when nobody came."""
        return self.staffed_s - self.acted_s

    def within(self, target_s: float = 60.0) -> bool:
        """Whether somebody acted in time."""
        return self.total_s <= target_s
