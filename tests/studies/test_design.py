from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario.errors import ScenarioError
from sim.studies.design import Plan, design, is_study
from sim.studies.said import said

TINY = Path(__file__).parents[1] / "store" / "tiny.yaml"


def plan(folder: Path, text: str) -> Plan:
    """The plan of a study file that names the tiny scenario as SCENARIO."""
    file = folder / "grid.yaml"
    file.write_text(text.replace("SCENARIO", str(TINY)), encoding="utf-8")
    return design(file)


def wrong(folder: Path, text: str) -> list[str]:
    """The messages of a study file, without the folder."""
    with pytest.raises(ScenarioError) as caught:
        plan(folder, text)
    return [line.replace(f"{folder}/", "") for line in str(caught.value).splitlines()]


ONE = "scenario: { file: SCENARIO, variants: [breaker] }\n"


def test_a_full_design_crosses_variants_and_levels(tmp_path: Path) -> None:
    """Variants × range × list, in that order, the first cell the reference."""
    found = plan(
        tmp_path,
        "scenario: SCENARIO\nfactors: { classifier.accuracy: 0.80:0.90:0.05, queues.voice.patience: [1m, 3m] }\n",
    )

    assert 2 * 3 * 2 == len(found.cells)
    assert ("variant", "classifier.accuracy", "queues.voice.patience") == found.factors
    assert {
        "variant": "no controller",
        "classifier.accuracy": 0.8,
        "queues.voice.patience": "1m",
    } == found.cells[0].levels
    assert [0.8, 0.85, 0.9] == sorted(
        {cell.scenario.classifier.accuracy for cell in found.cells if cell.scenario.classifier}
    )
    assert (0, 2) == (found.reference, found.replications)


def test_named_levels_set_several_keys(tmp_path: Path) -> None:
    """As variants do."""
    levels = "{ quick: { queues.voice.patience: 1m, classifier.accuracy: 0.8 }, as it is: {} }"
    found = plan(tmp_path, f"{ONE}factors: {{ caller: {levels} }}\nreference: {{ caller: as it is }}\n")

    assert ["caller quick", "caller as it is"] == [cell.name for cell in found.cells]
    assert 60.0 == found.cells[0].scenario.queues[0].patience.mean_s
    assert 1 == found.reference


def test_offsets_move_cells_of_the_matrix_from_where_they_are(tmp_path: Path) -> None:
    """After every other factor, and nothing but the cells that are named."""
    factors = "factors: { routing.thresholds.ai: [0.8, 0.9], orders: { cell: order.voice, offsets: [-0.02, 0, 0.02] } }\n"
    found = plan(tmp_path, ONE + factors)

    at = [cell.scenario.routing.ai_at[:, :, 0].round(6).tolist() for cell in found.cells]
    assert [[0.78, 0.8], [0.8, 0.8]] == at[0]
    assert [[0.92, 0.9], [0.9, 0.9]] == at[5]


def test_one_at_a_time_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    """The reference, then every cell along the axes with every offset."""
    found = plan(
        tmp_path,
        f"{ONE}factors: {{ tune: {{ one_at_a_time: [intent, channel], offsets: [-0.02, 0.02] }} }}\n",
    )

    assert 1 + 2 * 2 * 2 == len(found.cells)
    assert ["as is", "order.voice -0.02"] == [cell.levels["tune"] for cell in found.cells[:2]]


def test_a_matrix_file_replaces_the_thresholds_whole(tmp_path: Path) -> None:
    """Cells that the scenario had are gone."""
    (tmp_path / "flat.yaml").write_text("{ ai: 0.9, monitored: 0.7 }", encoding="utf-8")
    (tmp_path / "split.yaml").write_text(
        "ai: 0.9\nmonitored: 0.7\ncells: { billing.chat: { ai: 0.95 } }", encoding="utf-8"
    )
    source = "scenario: { file: SCENARIO, variants: [breaker], changes: { routing.thresholds.cells: { order: { ai: 0.99 } } } }\n"
    found = plan(tmp_path, f"{source}factors: {{ matrix: {{ matrices: [flat.yaml, split.yaml] }} }}\n")

    at = [cell.scenario.routing.ai_at[:, :, 0].tolist() for cell in found.cells]
    assert [[[0.9, 0.9], [0.9, 0.9]], [[0.9, 0.9], [0.9, 0.95]]] == at


def test_a_latin_hypercube_covers_every_factor_evenly(tmp_path: Path) -> None:
    """One point in each part of each factor; the same seed gives the same points."""
    text = f"{ONE}factors: {{ classifier.accuracy: 0.50..0.90, fleets.A.sessions: 1..40 }}\ndesign: {{ latin_hypercube: 8, seed: 3 }}\n"
    first, again = plan(tmp_path, text), plan(tmp_path, text)

    assert [cell.levels for cell in first.cells] == [cell.levels for cell in again.cells]
    parts = sorted(int((float(str(cell.levels["classifier.accuracy"])) - 0.5) / 0.05) for cell in first.cells)
    assert list(range(8)) == parts


def test_listed_points_are_run_alone(tmp_path: Path) -> None:
    """Any key of the scenario can be named in a point."""
    points = [f"{{ classifier.accuracy: {a}, fleets.A.sessions: {n} }}" for a, n in ((0.8, 5), (0.9, 9))]
    found = plan(tmp_path, f"{ONE}design: {{ points: [{', '.join(points)}] }}\n")

    assert [5, 9] == [cell.scenario.fleets[0].sessions for cell in found.cells]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("factors: { a: [1, 2] }\n", "grid.yaml:1:1: scenario: missing"),
        (ONE + "factrs: {}\n", "grid.yaml:2:1: factrs: unknown key; did you mean factors?"),
        (ONE + "variants: { a: {} }\n", "grid.yaml:2:1: variants: unknown key"),
        (ONE + "factors: { queues.voice.patiance: [1m, 2m] }\n", "queues.voice.patiance: unknown key; did you mean patience?"),
        (ONE + "factors: { fleets.D.sessions: [1, 2] }\n", "fleets.D: there is nothing of this name to change"),
        (ONE + "factors: { question: [a, b] }\n", "grid.yaml:2:12: factors.question: question changes nothing"),
        (ONE + "factors: { classifier.accuracy: 0.9:1.1:0.1 }\n", "is 1.1, and must be between 0 and 1 (in cell classifier.accuracy 1.1)"),
        (ONE + "factors: { classifier.accuracy: 0.9:0.8:0.1 }\n", "leads nowhere"),
        (ONE + "factors: { seed: [1, 2] }\n", "a study has one seed"),
        (ONE + "factors: { a: { overrides: [b, c] } }\n", "has no override 'b'; it has none"),
        (ONE + "factors: { a: { cell: odrer, offsets: [0, 0.1] } }\n", "there is no intent 'odrer'; did you mean order?"),
        (ONE + "factors: { a: { matrices: [x.yaml, y.yaml] } }\n", "there is no x.yaml"),
        (ONE + "figures: [service_levl]\n", "there is no figure 'service_levl'; did you mean service_level?"),
        (ONE + "figures: [asa queue=vioce]\n", "there is no queue 'vioce'"),
        (ONE + "figures: [asa 25:00-26:00]\n", "25:00: is no time"),
        ("scenario: { file: SCENARIO, variants: [braker] }\n", "there is no variant 'braker'; did you mean breaker?"),
        ("scenario: nothing.yaml\n", "nothing.yaml: there is no such file"),
        (ONE + "reference: { a: 1 }\n", "is no factor"),
    ],
)  # fmt: skip
def test_mistakes_are_found_before_anything_runs(tmp_path: Path, text: str, expected: str) -> None:
    """Each with its place in the study file."""
    assert any(expected in line for line in wrong(tmp_path, text)), wrong(tmp_path, text)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Two wrong keys and a wrong level are three problems of one error."""
    factors = "factors: { queues.voice.patiance: [1m, 2m], classifier.acuracy: [0.8, 0.9], fleets.A.sessions: [0, 5] }\n"

    assert "3 problems; nothing was run" == wrong(tmp_path, ONE + factors)[-1]


def test_the_command_line_is_told_by_option() -> None:
    """`--vary 2` is where the second factor stands."""
    with pytest.raises(ScenarioError, match=r"^--vary 2: queues\.voice\.patiance: unknown key"):
        design(
            None,
            said(scenario=str(TINY), vary=["classifier.accuracy=0.8,0.9", "queues.voice.patiance=1m,2m"]),
        )


def test_studies_are_told_from_scenarios(tmp_path: Path) -> None:
    """By the keys at their top."""
    (tmp_path / "a.yaml").write_text("scenario: r1.yaml", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("extends: a.yaml", encoding="utf-8")

    assert [True, True, False] == [
        is_study(tmp_path / "a.yaml"),
        is_study(tmp_path / "b.yaml"),
        is_study(TINY),
    ]


SHIPPED = sorted((Path(__file__).resolve().parents[2] / "scenarios" / "studies").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_study_that_ships_can_be_run_and_is_named(path: Path) -> None:
    """Nothing in it is wrong, the documentation names it, and by its size it is a matter of a minute or two."""
    from sim.demand.source import expected

    plan = design(path)
    assert f"| `{path.stem}` |" in (path.parents[2] / "docs" / "studies.md").read_text(encoding="utf-8")
    contacts = sum(expected(cell.scenario) for cell in plan.cells) * plan.replications
    assert contacts < (35e6 if path.stem == "threshold_comparison" else 12e6)


def test_cells_and_figures_are_both_looked_at(tmp_path: Path) -> None:
    """What is wrong in a cell does not hide what is wrong with a figure or its precision."""
    text = (
        ONE
        + "factors:\n  failover.breakers.cool_down: [1s, soon]\nfigures: [service_level, asa queue=fax, occupancyy]\n"
    )
    found = "\n".join(wrong(tmp_path, text + "precision: { asa: 1s }\n"))
    assert "cool_down: must be a duration" in found or "cool_down: is 'soon'" in found or "soon" in found
    assert "there is no queue 'fax'" in found
    assert "there is no figure 'occupancyy'" in found
    assert "is not among the figures" in found
