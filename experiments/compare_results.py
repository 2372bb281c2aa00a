#!/usr/bin/env python3
"""Compares two results.json of the same profile, before and after a change of the code.

usage: compare_results.py BEFORE AFTER [--list]

Prints how many runs have the same weights, and how many values are the same to the last digit, how many moved by at most three
standard errors of their difference, how many by more, and how many have no standard error to judge them by. With --list it names
every value that is not the same. Exit code 1 where weights differ, a value is gone, or one moved by more than three standard errors.
"""
import json
import math
import sys


def key(cell):
    return tuple(cell[k] or "" for k in ("target", "dataset", "paper_dataset", "method")) + (cell["seed"], cell["metric"], cell["protocol"])


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    before, after = ({key(c): c for c in json.load(open(path))} for path in sys.argv[1:3])
    listed = "--list" in sys.argv[3:]

    def weights(cells):
        return {(c["dataset"], c["method"], c["seed"], c["model"], c["target"]): c["weights_sha256"] for c in cells.values()}

    old, new = weights(before), weights(after)
    both = old.keys() & new.keys()
    same_weights = {run for run in both if old[run] == new[run]}
    print(f"runs by table: {len(both)} in both, {len(same_weights)} with the same weights, {len(old.keys() ^ new.keys())} in one alone")

    kinds = {"same": [], "within 3 standard errors": [], "beyond 3 standard errors": [], "moved, without a standard error": [], "gone": [], "new": []}
    for k in sorted(before.keys() | after.keys(), key=str):
        if k not in after or k not in before:
            kinds["gone" if k not in after else "new"].append((k, ""))
            continue
        a, b = before[k]["value"], after[k]["value"]
        error = after[k].get("standard_error")
        if a == b:
            kinds["same"].append((k, ""))
        elif a is None or b is None or not error:
            kinds["moved, without a standard error"].append((k, f"{a} -> {b}"))
        else:
            # Both values are draws of one quantity: their difference has twice the variance.
            moved = abs(a - b) / (math.sqrt(2) * error)
            kind = "within 3 standard errors" if moved <= 3 else "beyond 3 standard errors"
            kinds[kind].append((k, f"{a:.6g} -> {b:.6g}, {moved:.1f} standard errors"))
    for kind, found in kinds.items():
        print(f"{kind}: {len(found)}")
        if listed and kind != "same":
            for k, how in found:
                print("  ", *k, how)
    wrong = len(same_weights) < len(both) or kinds["gone"] or kinds["beyond 3 standard errors"]
    sys.exit(1 if wrong else 0)


main()
