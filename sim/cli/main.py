"""`blendsim`: the commands, and what becomes of errors.

Results go to standard output, everything else to standard error. Exit codes: 0 ok · 1 an expectation was missed · 2 the user's input ·
101 our fault · 130 interrupted. Heavy packages are imported by the commands that need them: `--help` must not wait for a compiler.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from sim.cli.exits import INPUT, INTERRUPTED, MISSED, OK, OURS
from sim.scenario.errors import ScenarioError

DEBUG = "BLENDSIM_DEBUG"
"""Environment variable that shows the traceback of an internal error."""

app = typer.Typer(
    name="blendsim",
    help="Simulate a contact centre that blends AI agents and people, before it happens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Floor(StrEnum):
    """Which of the two floors simulates; their results are the same."""

    kernel = "kernel"
    plain = "plain"


class Records(StrEnum):
    """What a run keeps."""

    contacts = "contacts"
    intervals = "intervals"


class Cells(StrEnum):
    """How fine a threshold matrix is."""

    intent = "intent"
    channel = "channel"
    segment = "segment"


def _share(least: float = 0.0, most: float = 1.0) -> Callable[[str], float]:
    """What reads a share within bounds, written `0.3` or `30%`, as in a file."""

    def read(text: str) -> float:
        from sim.scenario.values import share

        try:
            found = share(str(text))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        if not least <= found <= most:
            raise typer.BadParameter(f"is {text}, and must be from {least:g} to {most:g}")
        return found

    return read


Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change one value, such as people.team.staffing=30; repeatable."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", metavar="NAME", help="Apply one of the file's own overrides; repeatable."),
]


def _version(asked: bool) -> None:
    if asked:
        import sim
        from sim.cli.show import out

        out(f"blendsim {sim.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Simulate a contact centre that blends AI agents and people, before it happens."""


@app.command("run")
def run_(
    scenario: Annotated[
        str,
        typer.Argument(help="A scenario file, or the name of one that ships, such as sc01, r1 or anchors."),
    ],
    sets: Sets = None,
    overrides: Overrides = None,
    variants: Annotated[
        list[str] | None, typer.Option("--variant", metavar="TITLE", help="Only this variant; repeatable.")
    ] = None,
    replications: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Independent repetitions, instead of the file's number."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Another seed means other customers.")
    ] = None,
    floor: Annotated[
        Floor, typer.Option(help="kernel is compiled and fast, plain is SimPy; the results are the same.")
    ] = Floor.kernel,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Replications at a time; as many as processors when left out."),
    ] = None,
    records: Annotated[
        Records | None,
        typer.Option(help="Keep a row for every contact and decision, or counts by interval alone."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the run folder goes.")] = Path("results"),
    json: Json = False,
    store: Annotated[
        bool, typer.Option("--store/--no-store", help="Keep the run, with tables and figures.")
    ] = True,
) -> None:
    """Simulate every variant of a scenario on the same customers, and print the answer."""
    from sim.cli.running import run as go

    go(
        scenario,
        sets=sets or [],
        overrides=overrides or [],
        variants=variants or [],
        replications=replications,
        seed=seed,
        floor=floor.value,
        jobs=jobs,
        records=records.value if records is not None else None,
        out=out if store else None,
        json=json,
    )


@app.command()
def study(
    file: Annotated[
        str,
        typer.Argument(
            help="A study file, or a scenario to vary; or the name of one that ships, such as threshold_grid or r1."
        ),
    ],
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=LEVELS",
            help="Vary a key of the scenario: 0.80:0.98:0.02, 40,80 or 0.80..0.98 (hypercube); repeatable.",
        ),
    ] = None,
    replications: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Independent repetitions of every cell.")
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIGURE=±",
            help="Add replications until the 95 % interval is so narrow: service_level=0.005, 'asa=5 % of value'; repeatable.",
        ),
    ] = None,
    at_most: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Replications of a cell with --precision; 200.")
    ] = None,
    figures: Annotated[
        list[str] | None,
        typer.Option(
            "--figure",
            metavar="FIGURE",
            help="What to find out: service_level, 'asa queue=voice 10:00-13:00'; repeatable.",
        ),
    ] = None,
    best: Annotated[
        str | None,
        typer.Option(metavar="FIGURE", help="Also say which cells may be the best by this figure."),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="With --best: smallest difference worth acting on, such as '1 %'; chooses one.",
        ),
    ] = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(metavar="FACTOR=LEVEL", help="The cell that others are compared with; the first."),
    ] = None,
    latin_hypercube: Annotated[
        int | None,
        typer.Option(
            min=2, metavar="N", help="N points spread over all factors instead of every combination."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the cells, their contacts and about how long they take.")
    ] = False,
    sets: Sets = None,
    overrides: Overrides = None,
    variants: Annotated[
        list[str] | None, typer.Option("--variant", metavar="TITLE", help="Only this variant; repeatable.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Another seed means other customers.")
    ] = None,
    floor: Annotated[
        Floor, typer.Option(help="kernel is compiled and fast, plain is SimPy; the results are the same.")
    ] = Floor.kernel,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes at work; as many as processors when left out."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler instead, such as tcp://127.0.0.1:8786."),
    ] = None,
    tls_ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Authority of a tls:// cluster.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="Our certificate for it.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key.")] = None,
    insecure_cluster: Annotated[
        bool,
        typer.Option("--insecure-cluster", help="Allow a cluster beyond this machine without TLS."),
    ] = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results go.")] = Path("results"),
    workbook: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a workbook (.xlsx): a row a cell, assumptions."),
    ] = None,
    json: Json = False,
) -> None:
    """Run many variations of scenarios on the same customers, and compare them; goes on where it was stopped."""
    from sim.cli.studying import study as go

    go(
        file,
        sets=sets or [],
        overrides=overrides or [],
        variants=variants or [],
        vary=vary or [],
        figures=figures or [],
        precision=precision or [],
        best=best,
        within=within,
        reference=reference or [],
        replications=replications,
        at_most=at_most,
        seed=seed,
        latin_hypercube=latin_hypercube,
        dry_run=dry_run,
        floor=floor.value,
        jobs=jobs,
        cluster=cluster,
        tls=(tls_ca, tls_cert, tls_key),
        insecure=insecure_cluster,
        out=out,
        workbook=workbook,
        json=json,
    )


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run folder, such as results/<scenario>/<time>-<id>.")],
    workbook: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write a workbook (.xlsx): figures, queues, people and AI by interval."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Print everything about a stored run: every definition, decomposition, incidents, what happened in words."""
    from sim.cli.reporting import report as go

    go(run, workbook=workbook, json=json)


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="A run folder, or 'folder#variant title'.")],
    b: Annotated[str, typer.Argument(help="Another one; the differences are b − a.")],
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also draw both on one clock, second by second: a .png or .svg."),
    ] = None,
    json: Json = False,
) -> None:
    """Hold two stored variants against each other, replication by replication."""
    from sim.cli.reporting import compare as go

    go(a, b, json=json, figure=figure)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the views; an empty one lists them.")] = "",
    results: Annotated[Path, typer.Option(metavar="DIR", help="Where runs and studies were kept.")] = Path(
        "results"
    ),
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what is found there instead.")
    ] = None,
    json: Json = False,
) -> None:
    """Ask all stored runs and studies in SQL: intervals, control, contacts, study_rows and so on."""
    from sim.cli.querying import query as go

    go(sql, results=results, csv=csv, json=json)


@app.command()
def staff(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the name of one that ships.")],
    sets: Sets = None,
    overrides: Overrides = None,
    variant: Annotated[str | None, typer.Option(metavar="TITLE", help="Of which variant.")] = None,
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose staffing; needed when several groups work.")
    ] = None,
    queues: Annotated[
        list[str] | None,
        typer.Option("--queue", metavar="NAME", help="That count; repeatable, all when left out."),
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(
            parser=_share(most=0.9999), metavar="SHARE", help="Service level, instead of the queues' own."
        ),
    ] = None,
    abandonment: Annotated[
        float | None,
        typer.Option(
            parser=_share(), metavar="SHARE", help="At most this share gives up, instead of a service level."
        ),
    ] = None,
    confidence: Annotated[
        float,
        typer.Option(
            parser=_share(0.5, 0.999), metavar="SHARE", help="That each step really holds its target."
        ),
    ] = 0.95,
    shrinkage: Annotated[
        float,
        typer.Option(
            parser=_share(most=0.99), metavar="SHARE", help="Of paid time away from the floor, 0.3 or 30%."
        ),
    ] = 0.0,
    every: Annotated[str, typer.Option(metavar="TIME", help="Length of a step, such as 30m or 1h.")] = "30m",
    n_minus_1: Annotated[
        bool, typer.Option("--n-1", help="Also the staff that survives the loss of the largest fleet.")
    ] = False,
    lose: Annotated[
        str | None, typer.Option(metavar="NODE", help="Or of this node, such as vendor.B.")
    ] = None,
    lost_from: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it is lost, such as 10:00; all day when left out."),
    ] = None,
    lost_for: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="For how long, such as 90m; to the end when left out."),
    ] = None,
    shifts: Annotated[
        list[str] | None,
        typer.Option(
            "--shift",
            metavar="TIME|own",
            help="Also the cheapest roster of shifts so long, such as 8h, or of the group's own; repeatable.",
        ),
    ] = None,
    starts: Annotated[
        str, typer.Option(metavar="TIME", help="From one possible start of a shift to the next.")
    ] = "30m",
    at_most: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="People on all shifts of a day.")
    ] = None,
    replications: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Days that a plan is tried on, instead of the file's number."),
    ] = None,
    floor: Annotated[
        Floor, typer.Option(help="kernel is compiled and fast, plain is SimPy; the results are the same.")
    ] = Floor.kernel,
    jobs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Replications at a time.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the plans by step.")] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw them, into a .png or .svg.")
    ] = None,
    workbook: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write a workbook (.xlsx): by step, by queue, plans, assumptions."
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write the roster's shifts (.yaml), for a scenario to extend."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """How many people, by the clock: Erlang C, Erlang A, Hayward and simulation, and what each plan would really give."""
    from sim.cli.staffing import staff as go

    go(
        scenario, sets=sets or [], overrides=overrides or [], variant=variant, group=group, queues=queues or [], target=target,
        abandonment=abandonment, confidence=confidence, shrinkage=shrinkage, every=every, n_minus_1=n_minus_1, lose=lose,
        lost_from=lost_from, lost_for=lost_for, shifts=shifts or [], starts=starts, at_most=at_most,
        replications=replications, floor=floor.value, jobs=jobs, csv=csv, figure=figure, workbook=workbook, roster=roster, json=json,
    )  # fmt: skip


@app.command()
def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…", help="Scenario files with `expect:`, folders of them, or names of shipped ones."
        ),
    ],
    sets: Sets = None,
    overrides: Overrides = None,
    replications: Annotated[
        int | None, typer.Option(min=2, metavar="N", help="Of the first look, instead of the file's number.")
    ] = None,
    at_most: Annotated[
        int | None,
        typer.Option("--at-most", min=2, metavar="N", help="Cap; four times the first look when left out."),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(
            parser=_share(0.0001, 0.5),
            metavar="P",
            help="Chance of a wrong verdict on an expectation, at most.",
        ),
    ] = 0.05,
    together: Annotated[
        bool,
        typer.Option("--together", help="Of any verdict of a file instead: each takes P / their number."),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Another seed means other customers.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="The baseline's file or folder; beside the scenario when left out."
        ),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Write the baseline anew: look at the change, and commit it.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="What could not be told counts as missed.")
    ] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Also write JUnit XML, for a CI server.")
    ] = None,
    floor: Annotated[
        Floor, typer.Option(help="kernel is compiled and fast, plain is SimPy; the results are the same.")
    ] = Floor.kernel,
    jobs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Replications at a time.")] = None,
    json: Json = False,
) -> None:
    """Hold scenarios to what they expect: pass, fail, or not enough runs to tell. Exit code 1 when something is missed."""
    from sim.cli.checking import check as go

    go(
        files, sets=sets or [], overrides=overrides or [], replications=replications, at_most=at_most, alpha=alpha,
        together=together, seed=seed, baseline=baseline, update=update, strict=strict, junit=junit, floor=floor.value, jobs=jobs, json=json,
    )  # fmt: skip


@app.command()
def validate(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Scenario files, or names of shipped ones.")
    ],
    sets: Sets = None,
    overrides: Overrides = None,
    json: Json = False,
) -> None:
    """Check scenarios without running them; every problem at once."""
    from sim.cli.writing import validate as go

    go(files, sets or [], overrides or [], json=json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for completion in editors."""
    from sim.cli.show import out
    from sim.scenario.load import schema_json

    out(schema_json())


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("scenario.yaml"),
) -> None:
    """Write a commented starter scenario that runs."""
    from sim.cli.writing import init as go

    go(file)


@app.command("import")
def import_(
    log: Annotated[Path, typer.Argument(help="A call log: CSV with a first line of column names.")],
    mapping: Annotated[Path, typer.Option("--mapping", metavar="M", help="YAML that explains its columns.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the import.")],
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="Key under which customer ids are hashed, made if absent; the same key links imports. Keep it elsewhere.",
        ),
    ] = None,
) -> None:
    """Turn a call log into contacts that a scenario can replay; no identity is kept."""
    from sim.cli.writing import import_log as go

    go(log, mapping, out, key_file)


@app.command()
def calibrate(
    file: Annotated[
        str,
        typer.Argument(
            help="CSV with a first line of column names, a line an outcome; or a run, RUN or RUN#variant."
        ),
    ],
    confidence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL", help="Column of confidences, 0 to 1; several stand side by side; repeatable."
        ),
    ] = None,
    correct: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL", help="Column that says whether the label was right; one for all, or one for each."
        ),
    ] = None,
    ai: Annotated[
        float,
        typer.Option(parser=_share(), metavar="SHARE", help="From this confidence on to the AI."),
    ] = 0.92,
    monitored: Annotated[
        float,
        typer.Option(
            parser=_share(), metavar="SHARE", help="From this one on to the AI under watch, below to people."
        ),
    ] = 0.75,
    figure: Annotated[
        Path | None, typer.Option(metavar="F", help="Draw the reliability, into a .png or .svg.")
    ] = None,
    yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the scenario's classifier section alone.")
    ] = False,
    json: Json = False,
) -> None:
    """Hold a classifier's confidences against outcomes: how far to believe them, what thresholds make of them."""
    from sim.cli.calibrating import calibrate as go

    go(
        file,
        confidence=confidence or [],
        correct=correct or [],
        ai=ai,
        monitored=monitored,
        figure=figure,
        yaml=yaml,
        json=json,
    )


@app.command()
def thresholds(
    run: Annotated[
        str,
        typer.Argument(help="A run folder whose contacts were kept, or RUN#variant where it has several."),
    ],
    by: Annotated[
        Cells, typer.Option(help="How fine: a threshold for every intent, also by channel, also by segment.")
    ] = Cells.segment,
    out: Annotated[
        Path | None, typer.Option(metavar="F", help="Write the matrix as YAML that a scenario can extend.")
    ] = None,
    step: Annotated[
        float | None,
        typer.Option(
            parser=_share(), metavar="X", help="Move no threshold farther from the run's own, such as 0.03."
        ),
    ] = None,
    watch: Annotated[
        bool | None,
        typer.Option(
            "--watch/--no-watch", help="With a band of watched sessions; as the scenario has people for it."
        ),
    ] = None,
    scarcity: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=100,
            metavar="X",
            help="Worth of a person's minute in its price; above 1 where people are short, to be found by trying.",
        ),
    ] = 1.0,
    json: Json = False,
) -> None:
    """Learn the threshold matrix that costs least from what sessions of a stored run came to."""
    from sim.cli.thresholding import thresholds as go

    go(run, by=list(Cells).index(by) + 1, out=out, step=step, watch=watch, scarcity=scarcity, json=json)


@app.command()
def explain(
    file: Annotated[
        str,
        typer.Argument(
            help="A scenario file or the name of one that ships; with --at or --contact a run folder."
        ),
    ],
    key: Annotated[
        str | None, typer.Argument(help="A dotted key of the scenario, such as queues.chat.patience.")
    ] = None,
    sets: Sets = None,
    overrides: Overrides = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="What a run did around this local time, such as 10:12.")
    ] = None,
    contact: Annotated[
        int | None, typer.Option(min=0, metavar="ID", help="What became of one contact of a run.")
    ] = None,
    window: Annotated[
        str | None, typer.Option(metavar="TIME", help="So long before and after --at; 2m when left out.")
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option(
            metavar="TITLE", help="Of this variant; of all (a key: where they differ) when left out."
        ),
    ] = None,
    replication: Annotated[int, typer.Option(metavar="N", help="Of a run: which one, from 0.")] = 0,
    json: Json = False,
) -> None:
    """Say what a value is and where it comes from, or what a stored run did at a moment or with a contact, and why."""
    if at is None and contact is None:
        from sim.cli.writing import explain as go

        if window is not None or replication:
            raise ScenarioError("--window and --replication belong to a run: add --at TIME or --contact ID")
        if key is None:
            raise ScenarioError(
                f"{file}: say what to explain: a key of a scenario, such as queues.chat.patience, "
                "or of a run --at TIME or --contact ID"
            )
        go(file, key, sets or [], overrides or [], variant, json=json)
        return
    if key is not None or sets or overrides or (at is not None and contact is not None):
        raise ScenarioError("one thing at a time: a key of a scenario, or of a run --at TIME or --contact ID")
    from sim.cli.explaining import explain as go_run

    go_run(file, at=at, contact=contact, window=window, variant=variant, replication=replication, json=json)


def exit_code() -> int:
    """Run the command line of this process and say how it ended."""
    from sim.cli import show

    try:
        with show.hearing_interrupts():
            app(prog_name="blendsim")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else OK if leaving.code is None else MISSED
        if code == INTERRUPTED:
            _say("interrupted; nothing was kept")
        return code
    except ScenarioError as error:
        _say(str(error))
        return INPUT
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  whatever it is, it is ours
        return _our_fault(error)
    return OK


def _our_fault(error: Exception) -> int:
    # By name: the class lives where the heavy imports are.
    if type(error).__name__ == "StoreError":
        _say(str(error))
        return OURS
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    what = " ".join(str(error).split()) or "no message"
    _say(
        f"blendsim: internal error: {type(error).__name__}: {what[:300]}{where}; this is a fault of blendsim, please report it "
        f"with the command and the scenario ({DEBUG}=1 shows more)"
    )
    return OURS


def _say(text: str) -> None:
    try:
        print(text, file=sys.stderr)  # noqa: T201  plain: whatever went wrong, this must work
    except OSError:  # nobody listens any more
        return


def run() -> NoReturn:
    """What the installed command calls."""
    code = exit_code()
    try:
        sys.stdout.flush()
    except OSError:  # the reader of a pipe left; what it wanted it has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
