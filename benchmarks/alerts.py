"""What alerts judge by, on traffic with a known truth and on real traces.

Always true here: the functions that alerts use are run as they are, with their defaults; where a trace lacks what a
rule needs, that is said and nothing is made up for it.

    python -m benchmarks.alerts
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import burning, nab
from benchmarks.ground import BenchmarkError, Row, say, shared_data
from benchmarks.traces import STRICT_SLO, azure, gentd26
from opsconsole import bins
from opsconsole.signals import adwin
from opsconsole.signals.counts import FeatureCounts
from opsconsole.signals.drift import Comparison, judge

LEAST_NAB = 39.6
"""Numenta's windowed Gaussian on all its files: what a detector must beat to be worth its code."""


# Burn rates --------------------------------------------------------------------------------------------------------


def burn_rows() -> list[Row]:
    found = burning.simulated()
    ours = {key: cells["ours"] for key, cells in found.items()}
    noisier = [key for key, cell in ours.items() if cell.pages > burning.REFERENCE[key][0] + 1e-9]
    later = [
        key
        for key, cell in ours.items()
        if cell.minutes is None or cell.minutes > burning.REFERENCE[key][1] + 0.5  # printed in whole minutes
    ]
    n = len(ours)
    return [
        Row(f"burn: of {n} settings, more false pages than the reference", "", float(len(noisier)), None, "ours", 0.0),
        Row(f"burn: of {n} settings, the outage found later", "", float(len(later)), None, "ours", 0.0),
        Row(
            "burn: false pages in 30 days, worst setting",
            "",
            max(cell.pages for cell in ours.values()),
            max(cells["plain"].pages for cells in found.values()),
            "ours",
            0.1,
            "beside the same rules without the guard",
        ),
        Row(
            "burn: outages of an hour not found",
            "%",
            100 * max(1 - cell.found for cell in ours.values()),
            100 * max(1 - cells["at least 10 bad"].found for cells in found.values()),
            "ours",
            0.0,
            "beside the rules with at least ten bad events",
        ),
    ]


def burn_table() -> str:
    """Markdown: false pages in 30 days and minutes to detect."""
    lines = [
        "| SLO, requests an hour, steady errors of the budget | "
        + " | ".join(burning.JUDGES)
        + " | reference | our tickets |",
        "|---" * (len(burning.JUDGES) + 3) + "|",
    ]
    for (slo, per_hour, share), cells in burning.simulated().items():
        told = [
            f"{cell.pages:.1f}, " + ("–" if cell.minutes is None else f"{cell.minutes:.1f}") for cell in cells.values()
        ]
        pages, minutes = burning.REFERENCE[slo, per_hour, share]
        name = f"{100 * slo:g} %, {per_hour:,}, {share:.0%}"
        tickets = burning.tickets(slo, per_hour, share)
        lines.append(f"| {name} | {' | '.join(told)} | {pages:.1f}, {minutes:.0f} | {tickets:.1f} |")
    return "\n".join(lines)


# Unusual amounts ---------------------------------------------------------------------------------------------------


def nab_rows() -> list[Row]:
    shared_data("nab")
    series = nab.files()
    found = dict(nab.judged(series))
    ours, gaussian = found["ours, default settings"], found["windowed Gaussian, best threshold"]
    what = f"unusual amounts, NAB's {len(series)} files that are here"
    return [
        Row(
            f"{what}: 100 − score",
            "",
            100 - ours.score,
            100 - gaussian.score,
            "ours",
            100 - LEAST_NAB,
            f"{ours.found} of {ours.windows} windows, {ours.false} outside; beside Numenta's windowed Gaussian",
        )
    ]


def nab_table() -> str:
    lines = [
        "| detector | score | windows found | detections outside | precision | recall |",
        "|---|---|---|---|---|---|",
    ]
    for name, made in nab.judged(nab.files()):
        precision = "–" if made.precision is None else f"{made.precision:.2f}"
        cells = name, f"{made.score:.1f}", f"{made.found} of {made.windows}", f"{made.false}", precision
        lines.append(f"| {' | '.join(cells)} | {made.recall:.2f} |")
    return "\n".join(lines)


# Concept drift and drift -------------------------------------------------------------------------------------------

LOAN_CHANGE = 25_000
LOAN_WINDOW = 2_500
LOAN_FEATURES = (
    "car_value",
    "salary_range",
    "debt_to_income_ratio",
    "loan_length",
    "repaid_loan_on_prev_car",
    "size_of_downpayment",
    "driver_tenure",
)
PER_MINUTE = 50
"""Outcomes that are taken for those of one minute."""


@dataclass(frozen=True)
class Called:
    """Rows at which something was called, in a stream of so many."""

    rows: tuple[int, ...]
    n: int
    words: tuple[str, ...] = ()


def in_minutes(is_bad: Sequence[bool], per_minute: int = PER_MINUTE) -> Iterator[tuple[int, int]]:
    for i in range(0, len(is_bad), per_minute):
        some = is_bad[i : i + per_minute]
        yield int(sum(some)), len(some)


def concept(is_bad: Sequence[bool], per_minute: int = PER_MINUTE) -> Called:
    """Where ADWIN calls a worse error rate."""
    worse = [(i, change) for i, change in adwin.changes(in_minutes(is_bad, per_minute)) if change.is_worse]
    return Called(
        tuple(min((i + 1) * per_minute, len(is_bad)) for i, _ in worse),
        len(is_bad),
        tuple(f"{change.before:.3f} → {change.after:.3f}" for _, change in worse),
    )


def counted(rows: Sequence[dict[str, str]], feature: str) -> FeatureCounts:
    values = [row[feature] for row in rows if row[feature] != ""]
    nulls = len(rows) - len(values)
    try:
        numbers = np.array(values, dtype=np.float64)
    except ValueError:
        names, counts = np.unique(values, return_counts=True)
        return FeatureCounts("categorical", dict(zip(names.tolist(), counts.tolist(), strict=True)), nulls)
    codes, counts = np.unique(bins.codes(numbers, bins.FEATURE_SCHEMA), return_counts=True)
    return FeatureCounts("numeric", dict(zip(codes.tolist(), counts.tolist(), strict=True)), nulls)


def drifted(
    reference: Sequence[dict[str, str]], rows: Sequence[dict[str, str]], features: Sequence[str], window: int
) -> Called:
    """Windows (by their last row) in which the drift rule calls any feature."""
    base = {feature: counted(reference, feature) for feature in features}
    called, words = [], []
    for end in range(window, len(rows) + 1, window):
        some = rows[end - window : end]
        found = judge({f: Comparison(base[f], counted(some, f)) for f in features}, "")
        names = [finding.feature for finding in found if finding.verdict == "drift"]
        if names:
            called.append(end)
            words.append(", ".join(names))
    return Called(tuple(called), len(rows), tuple(words))


def _gzipped(name: str) -> list[dict[str, str]]:
    with gzip.open(shared_data("car_loan") / name, "rt") as stream:
        return list(csv.DictReader(stream))


def loan() -> tuple[Called, Called]:
    """(drift of the inputs, errors of the model) in the rows behind the reference."""
    reference = _gzipped("synthetic_car_loan_reference.csv.gz")
    analysis = _gzipped("synthetic_car_loan_analysis.csv.gz")
    truth = {row["id"]: row["repaid"] for row in _gzipped("synthetic_car_loan_analysis_target.csv.gz")}
    before = [row["y_pred"] != row["repaid"] for row in reference]
    since = [float(row["y_pred"]) != float(truth[row["id"]]) for row in analysis]
    errors = concept([*before, *since])
    called = [(row - len(before), words) for row, words in zip(errors.rows, errors.words, strict=True)]
    errors = Called(tuple(row for row, _ in called), len(since), tuple(words for _, words in called))
    return drifted(reference, analysis, LOAN_FEATURES, LOAN_WINDOW), errors


def electricity() -> Called:
    """Errors of a predictor that never learns, "as half an hour ago": a day of 48 prices is one minute to ADWIN."""
    with zipfile.ZipFile(shared_data("streams/electricity.zip")) as archive, archive.open("electricity.csv") as stream:
        rows = list(csv.DictReader(io.TextIOWrapper(stream)))
    label = list(rows[0])[-1]
    labels = [row[label] for row in rows]
    return concept([one != other for one, other in itertools.pairwise(labels)], 48)


def sea() -> tuple[Called, Called]:
    """(drift of the inputs, errors of a threshold on attrib1 + attrib2) where nothing changes, behind 10,000 rows that
    are the reference and that the threshold is fitted on."""
    with (shared_data("streams") / "sea_stream.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    reference, rest = rows[:10_000], rows[10_000:]

    def total(row: dict[str, str]) -> float:
        return float(row["attrib1"]) + float(row["attrib2"])

    sums = np.array([total(row) for row in reference])
    is_one = np.array([row["class"] == "1" for row in reference])
    steps = np.linspace(float(sums.min()), float(sums.max()), 200)
    right = np.array([np.mean((sums > step) == is_one) for step in steps])
    sign = bool(right.max() >= 1 - right.min())
    step = float(steps[int(right.argmax() if sign else right.argmin())])
    wrong = [((total(row) > step) == sign) != (row["class"] == "1") for row in rest]
    return drifted(reference, rest, ("attrib1", "attrib2", "attrib3"), 1_000), concept(wrong)


RIVER_DELAYS = (543, 831, 351)
"""River 0.26's ADWIN at the same delta, looking after each outcome; it raises no false alarm in 3 times 100,000."""


def like_river(per_minute: int = 20) -> tuple[int, tuple[int, ...]]:
    """(false alarms, outcomes from the jump of 5 % to 10 % until it is called), on the streams that river was given."""
    false, delays = 0, []
    for seed in range(len(RIVER_DELAYS)):
        rng = np.random.default_rng(seed)
        false += len(concept((rng.random(100_000) < 0.05).tolist(), per_minute).rows)
        jump = np.concatenate((rng.random(20_000) < 0.05, rng.random(20_000) < 0.10)).tolist()
        called = concept(jump, per_minute).rows
        false += sum(row <= 20_000 for row in called)
        delays.append(next(row for row in called if row > 20_000) - 20_000)
    return false, tuple(delays)


def adwin_rows() -> list[Row]:
    false, delays = like_river()
    told = f"{', '.join(map(str, delays))} beside {', '.join(map(str, RIVER_DELAYS))}"
    return [
        Row("ADWIN: false alarms in 3 times 120,000 outcomes", "", float(false), None, "ours", 0.0),
        Row(
            "ADWIN on minutes of 20: outcomes until 5 % → 10 % is called, slowest",
            "",
            float(max(delays)),
            float(max(RIVER_DELAYS)),
            "ratio",
            1.1,
            f"beside river's; {told}",
        ),
    ]


def change_rows() -> list[Row]:
    inputs, errors = loan()
    made = []
    for what, called, unit in (("drift of its inputs", inputs, LOAN_WINDOW), ("its errors", errors, PER_MINUTE)):
        early = [row for row in called.rows if row <= LOAN_CHANGE]
        late = [row for row in called.rows if row > LOAN_CHANGE]
        made.append(Row(f"car loan, {what}: called before row 25,000", "", float(len(early)), None, "ours", 0.0))
        made.append(
            Row(
                f"car loan, {what}: rows until it is called",
                "rows",
                float(late[0] - LOAN_CHANGE) if late else None,
                None,
                "ours",
                float(LOAN_WINDOW),
                f"looked at every {unit} rows",
            )
        )
    sea_inputs, sea_errors = sea()
    alarms = len(sea_inputs.rows) + len(sea_errors.rows)
    made.append(
        Row("stream without a change: alarms of drift and ADWIN in 30,000 rows", "", float(alarms), None, "ours", 0.0)
    )
    elec = electricity()
    made.append(
        Row(
            "Elec2, previous label: times that a worse error rate is called", "", float(len(elec.rows)), note="no truth"
        )
    )
    return made


def trace_rows() -> list[Row]:
    of_azure, of_images = azure(), gentd26()
    return [
        Row(
            "azure, an hour of two services: pages",
            "",
            float(len(of_azure)),
            note="no outcome, no cost, and less than four hours: nothing to judge by",
        ),
        Row(
            "gentd26, 24 days, SLO 99 %: pages and tickets",
            "",
            float(len(of_images)),
            note="listed in docs/benchmarks.md",
        ),
    ]


# All of it ---------------------------------------------------------------------------------------------------------


def rows(is_quick: bool) -> list[Row]:
    """All of it takes half a minute, quick or not."""
    made: list[Row] = []
    for name, part in (
        ("burn", burn_rows),
        ("nab", nab_rows),
        ("adwin", adwin_rows),
        ("changes", change_rows),
        ("traces", trace_rows),
    ):
        say(f"  {name}")
        try:
            made += part()
        except BenchmarkError as error:
            made.append(Row(f"alerts: {name}", "", None, None, "ours", 0.0, str(error)))
    return made


def main() -> None:
    print(burn_table(), nab_table(), sep="\n\n", end="\n\n")
    inputs, errors = loan()
    sea_inputs, sea_errors = sea()
    streams = {
        "car loan, inputs": inputs,
        "car loan, errors": errors,
        "sea, inputs": sea_inputs,
        "sea, errors": sea_errors,
        "Elec2, errors": electricity(),
    }
    for name, called in streams.items():
        told = "; ".join(f"{row:,} ({words})" for row, words in zip(called.rows, called.words, strict=True))
        print(f"{name}, {called.n:,} rows: {told or 'nothing'}")
    for title, pages in (
        ("azure", azure()),
        ("gentd26, SLO 99 %", gentd26()),
        ("gentd26, SLO 99.9 %", gentd26(STRICT_SLO)),
    ):
        print(f"\n{title}: {len(pages)}")
        for page in pages:
            print(f"  {page.at}  {page.rule}: {page.words}")


if __name__ == "__main__":
    main()
