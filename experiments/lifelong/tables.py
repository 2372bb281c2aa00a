#!/usr/bin/env python3
"""The tables of experiments/results/lifelong/README.md, from the folder of a reproduction: tables.py runs/lifelong"""
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
    claims = json.loads((out / "summary.json").read_text())
    for row in claims:
        if "expect" in row["metric"] or row["metric"].startswith("claim"):
            print(row["target"], row["method"], row["metric"], row["mean"], row["seeds"])


if __name__ == "__main__":
    main()
