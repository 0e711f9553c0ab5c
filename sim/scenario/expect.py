"""`expect:`: what a scenario promises, in words that a planner reads aloud.

```yaml
expect:
  - { service_level: ">= 60 %", variant: fail over to C, queue: chat, from: 10:00, until: 13:00 }
  - { recover_s: "<= 90m", harmed: "<= 400" }
  - { service_level: within 0.5 % of baseline }
```

An expectation changes nothing about a run: `blendsim check` holds it against one. It belongs to the file that it stands in; files that
extend that one do not inherit it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, create_model
from pydantic_core import CoreSchema, core_schema

from sim.scenario.values import Moment, Name, Spec, Title, in_units, said, seconds, wrong

FIGURE_UNITS: dict[str, str] = {
    "service_level": "share",
    "sl_answered": "share",
    "sl_offered": "share",
    "sl_abandon_ignored": "share",
    "sl_abandon_positive": "share",
    "sl_late_abandon": "share",
    "abandonment": "share",
    "blocked": "share",
    "asa": "s",
    "mean_wait": "s",
    "p_wait": "share",
    "occupancy": "share",
    "contacts_in_hand": "contacts",
    "containment": "share",
    "true_containment": "share",
    "false_containment": "share",
    "escalation": "share",
    "ai_abandonment": "share",
    "ai_failed": "share",
    "spillover": "share",
    "spillover_per_min": "per_min",
    "dropped": "share",
    "passed_on": "share",
    "passed_on_escalated": "share",
    "passed_on_people": "share",
    "lost_s": "s",
    "switched": "share",
    "repeats": "share",
    "work": "contacts",
    "csat": "points",
    "csat_ai": "points",
    "csat_escalated": "points",
    "csat_people": "points",
    "csat_true": "points",
    "csat_true_ai": "points",
    "csat_true_escalated": "points",
    "csat_true_people": "points",
    "share_ai_contained": "share",
    "share_ai_abandoned": "share",
    "share_escalated": "share",
    "share_spilled": "share",
    "share_human_only": "share",
    "damage": "contacts",
    "backlog_peak": "contacts",
    "spilled": "contacts",
    "spilled_peak_per_min": "per_min",
    "spilled_for_s": "s",
    "csat_delta": "points",
    "csat_delta_true": "points",
    "cost": "money",
    "cost_per_contact": "money",
    "cost_per_resolved": "money",
    "full_cost_per_contact": "money",
    "ai_cost_per_session": "money",
    "people_cost_per_contact": "money",
    "ai_loaded_per_resolved": "money",
    "paid_per_contact": "money",
    "penalised_cost": "money",
    "harmed": "contacts",
    "recover_s": "s",
    "detect_s": "s",
}
"""Figures that can be expected, and their units: all of `sim.outcomes.figures.FIGURES`, which are made of what is known only there; a test
holds the two together."""

Kind = Literal["at_least", "at_most", "near"]
_SIGNS: dict[str, Kind] = {">=": "at_least", "≥": "at_least", "<=": "at_most", "≤": "at_most"}
_LIMIT_RE = re.compile(r"(>=|<=|≥|≤)\s*(\S.*)")
_NEAR_RE = re.compile(r"within\s+(\S.*?)\s+of\s+(?:the\s+)?baseline")


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit, or a distance from the baseline."""

    kind: Kind
    value: float
    """In the figure's unit; shares from 0 to 1."""
    text: str
    """As written."""

    def __str__(self) -> str:
        """As a file writes it."""
        return self.text


@dataclass(frozen=True, slots=True)
class _Bounded:
    """Reads a bound on a figure of one unit."""

    unit: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        number = _EXAMPLES.get(self.unit, "100")
        return {
            "type": "string",
            "examples": [f">= {number}", f"<= {number}", f"within {number} of baseline"],
        }

    def read(self, value: Any) -> Bound | None:
        if value is None or isinstance(value, Bound):
            return value
        number = _EXAMPLES.get(self.unit, "100")
        needs = f'a bound such as ">= {number}", "<= {number}" or "within {number} of baseline"'
        if not isinstance(value, str):
            raise wrong(f"is {said(value)}, and must be {needs}")
        text = value.strip()
        limit, near = _LIMIT_RE.fullmatch(text), _NEAR_RE.fullmatch(text)
        if limit:
            return Bound(_SIGNS[limit[1]], number_in(limit[2], self.unit, needs), text)
        if near:
            return Bound("near", number_in(near[1], self.unit, needs), text)
        raise wrong(f"is {said(value)}, and must be {needs}")


def number_in(text: str, unit: str, needs: str) -> float:
    """A number as people write it in the unit of a figure: `60 %`, `20m`, `400`.

    Raises:
        PydanticCustomError: It is none; *needs* says what would do.
    """
    if unit == "s":
        found = seconds(text)
        if found is None:
            raise wrong(f"says {said(text)}, which is not a duration; {needs}")
        return found
    percent = text.endswith("%") and unit == "share"
    try:
        number = float(text.removesuffix("%").strip() if percent else text)
    except ValueError:
        raise wrong(f"says {said(text)}, which is not a number; {needs}") from None
    number = number / 100.0 if percent else number
    if unit == "share" and not 0.0 <= number <= 1.0:
        raise wrong(f"says {said(text)}, and a share is between 0 and 1, or 0 % and 100 %")
    return number


_EXAMPLES = {"share": "80 %", "s": in_units(1200.0), "points": "75"}


class Expectation(Spec):
    """One expectation: of which variant, of whom, when; and a bound on one figure or several."""

    variant: Title | None = None
    """Of this variant; of all when left out."""
    queue: Name | None = None
    """Only contacts of this queue."""
    channel: Name | None = None
    """Only contacts of this channel."""
    intent: Name | None = None
    """Only contacts about this."""
    begins: Moment | None = Field(None, alias="from")
    """From this local time on, whole reporting intervals; with `until`."""
    until: Moment | None = None

    def bounds(self) -> dict[str, Bound]:
        """By figure."""
        found = {name: getattr(self, name) for name in FIGURE_UNITS}
        return {name: bound for name, bound in found.items() if bound is not None}


_FIELDS: dict[str, Any] = {
    name: (Annotated[Bound | None, _Bounded(unit)], None) for name, unit in FIGURE_UNITS.items()
}
if TYPE_CHECKING:
    ExpectSpec = Expectation
else:
    # A key a figure, so that a mistyped one is found like any other key.
    ExpectSpec = create_model("ExpectSpec", __base__=Expectation, __doc__=Expectation.__doc__, **_FIELDS)
