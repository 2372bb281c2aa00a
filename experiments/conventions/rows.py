"""The rows of one script: subject, input, who, setting and the number seen; written as JSON beside it, with this project's own."""
import importlib.metadata, json, math, pathlib


class Rows:
    def __init__(self, name, packages, folder=None):
        """`folder`: where run.sh keeps the inputs and what this project makes of them."""
        self.name, self.rows, self.folder = name, [], pathlib.Path(folder or ".")
        self.versions = {package: importlib.metadata.version(package) for package in packages}

    def add(self, subject, given, who, setting, value, **more):
        finite = lambda v: float(v) if math.isfinite(float(v)) else str(float(v))
        number = lambda v: v if isinstance(v, (bool, str, list, int)) else finite(v)
        row = {"subject": subject, "input": given, "who": who, "setting": setting, "value": number(value)}
        self.rows.append(row | {name: number(v) for name, v in more.items()})
        print(*self.rows[-1].values(), sep=" | ")

    def ours(self, *subjects):
        """This project's numbers on the same input, as its example printed them."""
        for line in (self.folder / "ours.jsonl").read_text().splitlines():
            row = json.loads(line)
            if row["subject"] in subjects:
                self.rows.append(row)
                print(*row.values(), sep=" | ")

    def write(self):
        rows = ",\n    ".join(json.dumps(row) for row in self.rows)
        text = f'{{\n  "versions": {json.dumps(self.versions)},\n  "rows": [\n    {rows}\n  ]\n}}\n'
        (pathlib.Path(__file__).parent / f"{self.name}.json").write_text(text)
