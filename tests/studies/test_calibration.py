from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim.demand.draw import contacts
from sim.scenario.build import build
from sim.scenario.errors import ScenarioError
from sim.scenario.load import load
from sim.scenario.schema import ClassifierSpec
from sim.studies.calibration import as_yaml, calibrate, chance_right, fit, read_outcomes, share_at_least
from tests.truth import PATH, Case, case_id, cases

DATA = PATH.parents[1] / "data" / "banking77_classifier_confidences.csv"
R1 = Path(__file__).parents[2] / "scenarios" / "r1.yaml"


def banking77() -> list[Case]:
    """Cases about this file."""
    return [case for case in cases("data") if case["id"].startswith("DA-banking77")]


@pytest.mark.parametrize("case", banking77(), ids=case_id)
def test_bands_of_a_real_classifier_are_counted_exactly(case: Case) -> None:
    """3,080 test queries of BANKING77 at 0.92 and 0.75, on confidences as they come and temperature-scaled."""
    asked, expected = case["params"], case["expected"]
    scores, right = read_outcomes(DATA, [asked["column"]], [asked["correct"]])[0]

    ai, monitored, human = calibrate(
        asked["column"], scores, right, asked["ai_at"], asked["monitor_at"]
    ).bands

    assert expected["n"] == len(scores)
    assert (expected["ai"], expected["ai_monitored"], expected["human"]) == (ai.n, monitored.n, human.n)
    wrong = [round(band.n * (1 - band.accuracy)) for band in (ai, monitored)]
    assert [expected["ai_wrong"], expected["monitored_wrong"]] == wrong
    assert expected["human_would_be_right"] == round(human.n * human.accuracy)


@pytest.mark.skipif(not DATA.exists(), reason="the data are not at hand")
def test_temperature_scaling_repairs_a_real_classifier() -> None:
    """Accuracy 0.894; the calibration error falls from 0.159 to 0.018, and what a scenario would draw is within 5 points a band."""
    columns = ["lr_conf", "lr_conf_Tscaled"]
    found = [
        calibrate(name, *pair)
        for name, pair in zip(columns, read_outcomes(DATA, columns, ["lr_correct"]), strict=True)
    ]
    assert [0.894, 0.894] == [round(one.accuracy, 3) for one in found]
    assert [0.159, 0.018] == [round(one.ece, 3) for one in found]
    assert [0.735, 0.735] == [round(found[0].confidence, 3), round(found[1].bands[0].share, 3)]
    for one in found:
        assert one.ece_fitted < 0.02
        for band in one.bands:
            assert band.share == pytest.approx(band.drawn, abs=0.06), (one.column, band.name)


@pytest.mark.parametrize(
    ("accuracy", "temperature", "bias"),
    [(0.95, 1.0, 0.0), (0.76, 0.6, 0.0), (0.81, 1.4, -0.5), (0.76, 1.0, 0.3)],
)
def test_numbers_of_a_drawn_classifier_are_found_again(
    accuracy: float, temperature: float, bias: float
) -> None:
    """200,000 contacts drawn by the law: T and b within 3 %, A within half a point, κ within 6 %.

    Seed fixed; the widest of these limits is over five standard errors away.
    """
    dice = np.random.default_rng(7)
    kappa, n = 3.0, 200_000
    chance = np.clip(dice.beta(accuracy * kappa, (1 - accuracy) * kappa, n), 1e-12, 1 - 1e-12)
    right = dice.random(n) < chance
    confidence = 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) / temperature + bias)))

    found = calibrate("drawn", confidence, right)

    assert accuracy == pytest.approx(found.accuracy, abs=0.005)
    assert temperature == pytest.approx(found.temperature, rel=0.03)
    assert bias == pytest.approx(found.bias, abs=0.03)
    assert kappa == pytest.approx(found.kappa, rel=0.06)
    assert found.ece_fitted < 0.005
    for band in found.bands:
        assert band.drawn == pytest.approx(band.share, abs=0.01)


@pytest.mark.parametrize(
    ("accuracy", "temperature", "ai", "monitored", "error"),
    [
        (0.76, 1.0, 29.5, 31.4, 0.00), (0.76, 0.6, 51.4, 20.9, 0.07), (0.81, 1.0, 40.4, 30.0, 0.00),
        (0.95, 1.0, 82.3, 11.6, 0.00), (0.95, 0.6, 91.3, 5.1, 0.02),
    ],
)  # fmt: skip
def test_V6_bands_of_the_law(
    accuracy: float, temperature: float, ai: float, monitored: float, error: float
) -> None:
    """The published shares by band at κ = 3 within half a point: by formula, and drawn by R1 through the whole path.

    The drawn ones from 24,000 contacts of a Monday: standard error 0.3 points, limits 1.5 points; seed fixed.
    """
    law = (accuracy, 3.0, temperature, 0.0)
    at_092, at_075 = share_at_least(0.92, *law), share_at_least(0.75, *law)
    assert (ai, monitored) == pytest.approx((100 * at_092, 100 * (at_075 - at_092)), abs=0.5)
    loaded = load(
        R1, [f"classifier.accuracy={accuracy}", f"classifier.temperature={temperature}", "out_of_scope=0"]
    )
    drawn = contacts(build(loaded.variants["as is"], name="r1"), 0)
    named = drawn.label >= 0
    found = calibrate("drawn", drawn.confidence[named], drawn.right[named])
    assert (ai, monitored) == pytest.approx(tuple(100 * band.share for band in found.bands[:2]), abs=1.5)
    assert error == pytest.approx(found.ece, abs=0.015)


def test_a_calibrated_confidence_is_worth_what_it_says() -> None:
    """T 1 and b 0 change nothing; over-confident ones are taken down towards a half, thresholds at the ends let all or nobody through."""
    scores = np.array([0.5, 0.9, 0.99])
    assert scores == pytest.approx(chance_right(scores, 1.0, 0.0))
    assert (chance_right(scores, 0.6, 0.0)[1:] < scores[1:]).all()
    assert (1.0, 0.0) == (share_at_least(0.0, 0.9, 3, 1, 0), share_at_least(1.0, 0.9, 3, 1, 0))
    assert stats.beta(2.7, 0.3).sf(0.8) == pytest.approx(share_at_least(0.8, 0.9, 3.0, 1.0, 0.0))


def test_confidences_without_meaning_have_no_temperature_to_speak_of() -> None:
    """Scores that say nothing about being right: the curve is flat, T small, and nothing breaks."""
    dice = np.random.default_rng(3)
    temperature, _ = fit(dice.random(5000), dice.random(5000) < 0.7)
    assert 0.0 < temperature < 0.1


@pytest.mark.parametrize(
    ("right", "message"), [(np.ones(40, dtype=bool), "the same"), (np.arange(20) % 2 == 0, "20 outcomes")]
)
def test_too_little_to_learn_from_is_refused(right: np.ndarray, message: str) -> None:
    """All right, or twenty lines."""
    with pytest.raises(ValueError, match=message):
        calibrate("c", np.full(len(right), 0.9), right)


def test_the_section_for_a_scenario_is_one() -> None:
    """What --yaml prints is read by the schema, and says where it comes from."""
    from ruamel.yaml import YAML

    dice = np.random.default_rng(1)
    chance = dice.beta(2.7, 0.3, 1000)
    found = calibrate("score", chance, dice.random(1000) < chance)

    section = YAML(typ="safe").load(as_yaml(found))["classifier"]

    assert found.kappa == pytest.approx(ClassifierSpec.model_validate(section).kappa, rel=1e-3)
    assert "score, 1,000 outcomes" in as_yaml(found)


def test_every_fault_of_a_file_is_told(tmp_path: Path) -> None:
    """With file and line: an unknown column with the one that was meant, a confidence above 1, an outcome that is a word, a short line."""
    path = tmp_path / "scores.csv"
    path.write_text("score,ok\n0.9,1\n1.2,1\n0.8,maybe\n0.7\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_outcomes(path, ["score"], ["ok"])
    assert [
        f"{path}:3: score: is '1.2', and must be a number from 0 to 1",
        f"{path}:4: ok: is 'maybe', and must be 1 or 0, true or false, yes or no",
        f"{path}:5: ok: is '', and must be 1 or 0, true or false, yes or no",
    ] == str(caught.value).splitlines()
    with pytest.raises(ScenarioError, match=r"no column 'scor'; did you mean score\?"):
        read_outcomes(path, ["scor"], ["ok"])
    with pytest.raises(ScenarioError, match="there is no such file"):
        read_outcomes(tmp_path / "none.csv", ["score"], ["ok"])
