#!/usr/bin/env python3
"""Times the tests that two checkouts have in common, warm, in turn, on a machine with nothing else to do.

usage: same_tests.py OLD NEW [--rounds N] [--old-target DIR] [--new-target DIR] [--out FILE]

OLD and NEW are checkouts; their test executables are built first. A test is the same where its crate and its name are, be it in a target of
its own or in a module of another. Every executable runs by itself, its tests on as many threads as libtest takes; a test that fails ends the comparison. Prints a JSON line a run
of all; --out appends them to FILE.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time


def executables(checkout, target):
    """The test executables by (package, target), each with the folder that cargo would run it in."""
    environment = dict(os.environ, **({"CARGO_TARGET_DIR": str(target)} if target else {}))
    command = ["cargo", "test", "--release", "--workspace", "--tests", "--no-run", "--message-format=json", "-j2"]
    built = subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    found = {}
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["profile"]["test"] and message.get("executable"):
            folder = pathlib.Path(message["manifest_path"]).parent
            found[folder.name, message["target"]["name"]] = (message["executable"], folder)
    return found


def run(executable, folder, arguments):
    environment = dict(os.environ, CARGO_MANIFEST_DIR=str(folder))
    return subprocess.run([executable, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def tests(executable, folder):
    lines = run(executable, folder, ["--list"]).stdout.splitlines()
    ignored = {line for line in run(executable, folder, ["--list", "--ignored"]).stdout.splitlines()}
    return {line.removesuffix(": test") for line in lines if line.endswith(": test") and line not in ignored}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--old-target", type=pathlib.Path)
    parser.add_argument("--new-target", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    given = parser.parse_args()
    sides = {"old": executables(given.old, given.old_target), "new": executables(given.new, given.new_target)}
    # Of each side, where a test is: by crate, and by its name alone and behind its target's.
    known = {who: {(key[0], alias): (key, name) for key, place in found.items() for name in tests(*place)
                   for alias in (name, f"{key[1]}::{name}")} for who, found in sides.items()}
    common = {"old": {}, "new": {}}
    seen = set()
    for alias in sorted(known["old"].keys() & known["new"].keys()):
        pair = (known["old"][alias], known["new"][alias])
        if not seen.intersection(pair):
            seen.update(pair)
            for who, (key, name) in zip(("old", "new"), pair):
                common[who].setdefault(key, []).append(name)
    for round_ in range(1, given.rounds + 1):
        # The first of a pair changes from round to round.
        for who in ("old", "new") if round_ % 2 else ("new", "old"):
            began, slowest = time.monotonic(), {}
            for key, names in sorted(common[who].items()):
                started = time.monotonic()
                done = run(*sides[who][key], ["--exact", *names])
                if done.returncode != 0:
                    sys.exit(f"{who}: {'/'.join(key)} failed:\n{done.stdout[-3000:]}")
                slowest["/".join(key)] = round(time.monotonic() - started, 1)
            row = {"who": who, "round": round_, "tests": sum(map(len, common[who].values())), "seconds": round(time.monotonic() - began, 1),
                   "slowest": dict(sorted(slowest.items(), key=lambda item: -item[1])[:8])}
            print(json.dumps(row), flush=True)
            if given.out:
                with given.out.open("a") as rows:
                    rows.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
