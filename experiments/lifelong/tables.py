#!/usr/bin/env python3
"""The tables of experiments/results/lifelong/README.md, from the folder of a reproduction, and the rows that they are made of:

    tables.py runs/lifelong [rows.csv]
"""
import csv
import json
import pathlib
import statistics
import sys

METHODS = {"vae": "VAE", "beta_h_vae": "beta_H-VAE", "beta_a_vae": "beta_A-VAE", "vimae_n": "VIMAE-n", "vimae_l": "VIMAE-l"}
STRATEGIES = ["fine_tune", "replay", "generative_replay", "elastic"]
MEASURES = {
    "lifelong.forgetting.reconstruction": "forgetting of reconstruction",
    "lifelong.forgetting.class_fid_excess": "forgetting of class FID beyond a perfect generator's",
    "lifelong.forgetting.share_kept": "forgetting of the share of samples, percent of what is due",
    "lifelong.forgetting.accuracy": "forgetting of accuracy, percent",
    "lifelong.end.class_fid": "class FID of samples on all classes at the end",
    "lifelong.end.reconstruction": "reconstruction at the end",
}


def number(value):
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def shown(row):
    if row is None or row["mean"] is None:
        return ""
    low, high = row["interval"] or (None, None)
    return number(row["mean"]) + (f" [{number(low)}, {number(high)}]" if low is not None else "")


def table(title, columns, rows, cell):
    print(f"| {title} | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name, label in rows.items():
        print(f"| {label} | " + " | ".join(cell(name, column) for column in columns) + " |")
    print()


def main():
    out = pathlib.Path(sys.argv[1])
    summary = {(r["target"], r["method"], r["metric"]): r for r in json.loads((out / "summary.json").read_text())}
    for metric, title in MEASURES.items():
        table(title, list(METHODS.values()), {s: s for s in STRATEGIES}, lambda strategy, method: shown(
            summary.get((strategy, next(k for k, v in METHODS.items() if v == method), metric))))
    strategies = ["fine_tune", "replay", "generative_replay", "consistent", "elastic", "joint"]
    table("VIMAE-n under each strategy", strategies, MEASURES,
          lambda metric, strategy: shown(summary.get(("strategies", strategy, metric))))

    print("Task 1 under VIMAE-n by seed: after task 1, after the last.")
    for strategy in ["fine_tune", "generative_replay", "consistent"]:
        for record in sorted(out.glob(f"strategies/{strategy}-seed*/record.json")):
            record = json.loads(record.read_text())
            tasks = record["lifelong"]["tasks"]
            first, last = tasks[0]["each"][0], tasks[-1]["each"][0]
            said = [f"{name} {first[name]['value']:.1f} to {last[name]['value']:.1f}" for name in ("class_fid", "class_fid_excess", "share_kept")]
            share = [task["each"][0]["share_kept"]["value"] for task in tasks]
            print(f"- {strategy}, seed {record['spec']['seed']}: {'; '.join(said)}; share by task {[round(s) for s in share]}")

    seconds = [json.loads(r.read_text()) for r in out.glob("*/*/record.json")]
    print(f"\n{len(seconds)} runs, {statistics.fmean(r['training_seconds'] + r['evaluation_seconds'] for r in seconds):.1f} s each")

    print("\nDifferences by seed with 95 % intervals and p of the paired t test, corrected by Holm.")
    pairs = {}
    for pair in json.loads((out / "comparisons.json").read_text())["pairs"]:
        pairs[pair["target"], pair["metric"], pair["method"], pair["other"]] = (1, pair)
        pairs[pair["target"], pair["metric"], pair["other"], pair["method"]] = (-1, pair)

    def difference(strategy, metric, method, other):
        sign, pair = pairs[strategy, metric, method, other]
        if pair["interval"] is None:
            return number(sign * pair["difference"])
        low, high = sorted(sign * end for end in pair["interval"])
        return f"{number(sign * pair['difference'])} [{number(low)}, {number(high)}], p {pair['p_t_holm']:.2g}"

    of = [("vimae_n", other) for other in ("vae", "beta_h_vae", "beta_a_vae")] + [("vimae_l", "vimae_n")]
    for metric, title in list(MEASURES.items())[:4]:
        table(title, [f"{METHODS[a]} less {METHODS[b]}" for a, b in of], {s: s for s in STRATEGIES}, lambda strategy, column: difference(
            strategy, metric, *next((a, b) for a, b in of if f"{METHODS[a]} less {METHODS[b]}" == column)))

    if len(sys.argv) > 2:
        names = ["target", "method", "seed", "metric", "value", "unit", "higher_is_better"]
        with open(sys.argv[2], "w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(names)
            for row in json.loads((out / "results.json").read_text()):
                if row["metric"].startswith("lifelong."):
                    rows.writerow([row[name] if name != "higher_is_better" else {None: "", True: "true", False: "false"}[row[name]] for name in names])


if __name__ == "__main__":
    main()
