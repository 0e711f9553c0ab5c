"""How far a classifier's confidence can be believed, from a file of confidences and outcomes or from a run (M07).

    accuracy    share right
    ECE         Σ over 15 bins of |confidence − right| / n: how far it is off in the mean (Guo et al. 2017, arXiv:1706.04599)
    Brier       mean of (confidence − right)²
    bands       what the thresholds make of it: share and accuracy at or above `ai`, at or above `monitored`, below

and the numbers with which a scenario draws such a classifier: right with probability p ~ Beta(A·κ, (1 − A)·κ), confidence
sigmoid(logit(p)/T + b). T and b by maximum likelihood (a logistic regression of being right on the log-odds of the confidence), A is
the accuracy, κ holds the variance of p. Calibrated is T = 1 and b = 0; T below 1 is over-confident.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.outcomes.intervals import FloatArray
from sim.scenario.errors import ScenarioError

BINS = 15
CLIP = 1e-6
"""Confidences are kept this far from 0 and 1, where log-odds end."""
LEAST_ROWS = 30
"""Below so many outcomes a temperature means nothing."""
MOST_FAULTS = 20
"""Bad lines that are told; a file with more is the wrong file."""
_RIGHT = {
    "1": True,
    "0": False,
    "true": True,
    "false": False,
    "yes": True,
    "no": False,
    "1.0": True,
    "0.0": False,
}


@dataclass(frozen=True, slots=True)
class Bin:
    """Confidences close to each other."""

    n: int
    confidence: float
    """Mean; NaN in an empty bin, as is the next."""
    accuracy: float


@dataclass(frozen=True, slots=True)
class Band:
    """What a threshold lets through."""

    name: str
    from_confidence: float
    below: float
    n: int
    share: float
    accuracy: float
    """NaN where nobody is."""
    drawn: float
    """Share that a scenario with the fitted numbers would see in it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything about one column of confidences."""

    column: str
    n: int
    accuracy: float
    confidence: float
    """Mean."""
    ece: float
    brier: float
    temperature: float
    bias: float
    kappa: float
    ece_fitted: float
    """What is left after T and b are taken out."""
    bins: tuple[Bin, ...]
    bands: tuple[Band, ...]
    """`ai`, `monitored`, `human`."""


def calibrate(
    column: str,
    confidence: FloatArray,
    right: NDArray[np.bool_],
    ai: float = 0.92,
    monitored: float = 0.75,
    bins: int = BINS,
) -> Calibration:
    """Hold confidences against outcomes.

    Args:
        column: What they are called.
        confidence: In [0, 1], shape (n,).
        right: Whether the label was, same shape.
        ai, monitored: Thresholds; a confidence on a threshold belongs to the band above it.
        bins: Of equal width, for the ECE.

    Raises:
        ValueError: Too few outcomes, or all of them the same.
    """
    n, accuracy = len(right), float(right.mean()) if len(right) else math.nan
    if n < LEAST_ROWS:
        raise ValueError(f"has {n} outcomes; {LEAST_ROWS} are the least that say something")
    if accuracy in (0.0, 1.0):
        raise ValueError("all outcomes are the same: nothing can be held against the confidence")
    temperature, bias = fit(confidence, right)
    chance = chance_right(confidence, temperature, bias)
    spread = float(chance.var())
    kappa = max(0.05, accuracy * (1.0 - accuracy) / spread - 1.0) if spread > 0 else math.inf
    binned = in_bins(confidence, right, bins)
    edges = (("ai", ai, math.inf), ("monitored", monitored, ai), ("human", -math.inf, monitored))
    return Calibration(
        column=column,
        n=n,
        accuracy=accuracy,
        confidence=float(confidence.mean()),
        ece=ece(binned),
        brier=float(((confidence - right) ** 2).mean()),
        temperature=temperature,
        bias=bias,
        kappa=kappa,
        ece_fitted=ece(in_bins(chance, right, bins)),
        bins=binned,
        bands=tuple(
            _band(name, low, high, confidence, right, (accuracy, kappa, temperature, bias))
            for name, low, high in edges
        ),
    )


def fit(confidence: FloatArray, right: NDArray[np.bool_]) -> tuple[float, float]:
    """T and b of conf = sigmoid(logit(p)/T + b), by maximum likelihood (Newton); outcomes are of both kinds."""
    x = log_odds(confidence)
    design = np.stack([x, np.ones_like(x)], axis=1)
    share = right.mean()
    weights = np.array([0.0, math.log(share / (1.0 - share))])
    fits = _log_likelihood(design @ weights, right)
    for _ in range(100):
        p = _sigmoid(design @ weights)
        curve = (design * (p * (1.0 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, design.T @ (right - p))
        while (better := _log_likelihood(design @ (weights + step), right)) < fits:
            step = step / 2.0
            if np.abs(step).max() < 1e-12:
                break
        weights, fits = weights + step, better
        if np.abs(step).max() < 1e-10:
            break
    temperature = max(1e-3, float(weights[0]))
    return temperature, -float(weights[1]) / temperature


def _log_likelihood(z: FloatArray, right: NDArray[np.bool_]) -> float:
    return float((right * z - np.logaddexp(0.0, z)).sum())


def chance_right(confidence: FloatArray, temperature: float, bias: float) -> FloatArray:
    """What a confidence is worth: p of conf = sigmoid(logit(p)/T + b)."""
    return _sigmoid(temperature * (log_odds(confidence) - bias))


def log_odds(confidence: FloatArray) -> FloatArray:
    """Of confidences kept off 0 and 1."""
    kept = np.clip(confidence, CLIP, 1.0 - CLIP)
    found: FloatArray = np.log(kept / (1.0 - kept))
    return found


def _sigmoid(x: FloatArray) -> FloatArray:
    found: FloatArray = 1.0 / (1.0 + np.exp(-x))
    return found


def in_bins(confidence: FloatArray, right: NDArray[np.bool_], bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width from 0 to 1."""
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    out = []
    for k in range(bins):
        mine = place == k
        n = int(mine.sum())
        out.append(
            Bin(n, float(confidence[mine].mean()), float(right[mine].mean()))
            if n
            else Bin(0, math.nan, math.nan)
        )
    return tuple(out)


def ece(bins: Sequence[Bin]) -> float:
    """Expected calibration error: mean distance of confidence and accuracy, bins weighted by who is in them."""
    n = sum(one.n for one in bins)
    return sum(one.n * abs(one.confidence - one.accuracy) for one in bins if one.n) / n


def share_at_least(threshold: float, accuracy: float, kappa: float, temperature: float, bias: float) -> float:
    """Share of contacts whose confidence reaches a threshold, in a scenario with such a classifier."""
    from scipy.special import betainc

    if threshold <= 0.0:
        return 1.0
    if threshold >= 1.0:
        return 0.0
    p = float(chance_right(np.array([threshold]), temperature, bias)[0])
    if math.isinf(kappa):
        return float(accuracy >= p)
    return 1.0 - float(betainc(accuracy * kappa, (1.0 - accuracy) * kappa, p))


def _band(
    name: str,
    low: float,
    high: float,
    confidence: FloatArray,
    right: NDArray[np.bool_],
    law: tuple[float, float, float, float],
) -> Band:
    mine = (confidence >= low) & (confidence < high)
    n = int(mine.sum())
    above = share_at_least(high, *law) if high < math.inf else 0.0
    return Band(
        name=name,
        from_confidence=max(0.0, low),
        below=min(1.0, high),
        n=n,
        share=n / len(right),
        accuracy=float(right[mine].mean()) if n else math.nan,
        drawn=(share_at_least(low, *law) if low > -math.inf else 1.0) - above,
    )


def read_outcomes(
    path: Path, columns: Sequence[str], correct: Sequence[str]
) -> list[tuple[FloatArray, NDArray[np.bool_]]]:
    """Pairs of columns of a CSV file: confidences, and whether the label was right.

    Args:
        path: With a first line of column names.
        columns: Of confidences, 0 to 1.
        correct: Of outcomes (0 or 1, true or false, yes or no): one for all, or one for each.

    Raises:
        ScenarioError: The file cannot be read, a column is not there, a value is none; every fault with its line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, None)
            lines = [(reader.line_num, row) for row in reader if row]
    except FileNotFoundError:
        raise ScenarioError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(f"{path}: cannot be read as CSV ({error})") from None
    if not header:
        raise ScenarioError(f"{path}: is empty; the first line must name the columns")
    faults: list[str] = []
    for name in dict.fromkeys((*columns, *correct)):
        if name not in header:
            near = get_close_matches(name, header, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(header)}"
            faults.append(f"{path}:1: there is no column {name!r}; {hint}")
    if faults:
        raise ScenarioError("\n".join(faults))
    outcomes = list(correct) * len(columns) if len(correct) == 1 else list(correct)
    found = []
    for name, outcome in zip(columns, outcomes, strict=True):
        at, of = header.index(name), header.index(outcome)
        confidence, right = np.empty(len(lines)), np.empty(len(lines), dtype=np.bool_)
        for k, (line, row) in enumerate(lines):
            confidence[k] = _confidence(row, at, f"{path}:{line}: {name}", faults)
            right[k] = _outcome(row, of, f"{path}:{line}: {outcome}", faults)
        found.append((confidence, right))
    if faults:
        told = list(dict.fromkeys(faults))
        more = f"\n… and {len(told) - MOST_FAULTS} more" if len(told) > MOST_FAULTS else ""
        raise ScenarioError("\n".join(told[:MOST_FAULTS]) + more)
    return found


def labelled(runs: Sequence[Run]) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Confidence and rightness of every label that the classifier of a run gave, over all replications; further attempts keep theirs.

    Raises:
        ValueError: A run keeps no rows of contacts.
    """
    scores, right = [], []
    for run in runs:
        c = run.contacts
        if c is None:
            raise ValueError("keeps no rows of contacts; run it with --records contacts")
        first = (c["label"] >= 0) & (c["attempt"] == 1)
        scores.append(c["confidence"][first])
        right.append(c["right"][first].astype(np.bool_))
    return np.concatenate(scores), np.concatenate(right)


def _confidence(row: Sequence[str], at: int, where: str, faults: list[str]) -> float:
    text = row[at].strip() if at < len(row) else ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        faults.append(f"{where}: is {text!r}, and must be a number from 0 to 1")
    return value


def _outcome(row: Sequence[str], at: int, where: str, faults: list[str]) -> bool:
    text = row[at].strip().lower() if at < len(row) else ""
    if text not in _RIGHT:
        faults.append(f"{where}: is {text!r}, and must be 1 or 0, true or false, yes or no")
    return _RIGHT.get(text, False)


def as_yaml(found: Calibration) -> str:
    """The `classifier:` section of a scenario that draws such a classifier."""
    numbers = {
        "accuracy": found.accuracy,
        "kappa": found.kappa,
        "temperature": found.temperature,
        "bias": found.bias,
    }
    inside = ", ".join(f"{name}: {value:.4g}" for name, value in numbers.items())
    return f"classifier: {{ {inside} }}  # {found.column}, {found.n:,} outcomes, ECE {found.ece:.3f}\n"
