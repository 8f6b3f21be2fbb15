#!/usr/bin/env python3
"""Computes the figures of out/flights/delays.json again with pyarrow and says what differs.

    pip install pyarrow
    python examples/check-flights.py out/flights/delays.json [flights.parquet [airports.csv]]

Exits with 0 where all agree, with 1 where some differ.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as parquet

DATA = Path(__file__).resolve().parent.parent / "node_modules" / "vega-datasets" / "data"


def measure(table, keys):
    """Flights, minutes and late flights by `keys`."""
    sums = table.group_by(keys).aggregate([("delay", "count"), ("delay", "sum"), ("late", "sum")])
    return {
        tuple(row[key] for key in keys): (row["delay_count"], row["delay_sum"], row["late_sum"])
        for row in sums.to_pylist()
    }


def said(entry):
    return entry["flights"], entry["delayMinutes"], entry["late"]


def compare(differences, where, entry, expected):
    """Compares the sums exactly, and the mean and the share to the places that the report gives."""
    if said(entry) != expected:
        differences.append(f"{where}: the report says {said(entry)}, the file has {expected}")
        return
    flights, minutes, late = expected
    if abs(entry["meanDelay"] - minutes / flights) > 0.005001:
        differences.append(f"{where}: the report's mean delay is {entry['meanDelay']}, it should be {minutes / flights}")
    if abs(entry["lateShare"] - late / flights) > 0.0000501:
        differences.append(f"{where}: the report's late share is {entry['lateShare']}, it should be {late / flights}")


def compare_all(differences, where, entries, expected):
    for key in expected.keys() - entries.keys():
        differences.append(f"{where} {key}: missing in the report")
    for key, entry in entries.items():
        if key in expected:
            compare(differences, f"{where} {key}", entry, expected[key])
        else:
            differences.append(f"{where} {key}: not in the file")


def main(report, flights=DATA / "flights-3m.parquet", airports=DATA / "airports.csv"):
    table = parquet.read_table(flights, columns=["date", "delay", "origin"])
    late = pc.cast(pc.greater(table["delay"], 15), pa.int64())
    table = table.append_column("hour", pc.hour(table["date"])).append_column("late", late)
    names = {row["iata"]: (row["name"], row["city"], row["state"]) for row in csv.read_csv(airports).to_pylist()}
    figures = json.loads(Path(report).read_text())
    differences = []

    (total,) = measure(table.append_column("all", pa.repeat(True, len(table))), ["all"]).values()
    compare(differences, "all flights", figures, total)
    compare_all(differences, "hour", {(h["hour"],): h for h in figures["hours"]}, measure(table, ["hour"]))
    compare_all(differences, "airport", {(a["iata"],): a for a in figures["airports"]}, measure(table, ["origin"]))
    cells = {(a["iata"], h["hour"]): h for a in figures["airports"] for h in a["hours"]}
    compare_all(differences, "airport and hour", cells, measure(table, ["origin", "hour"]))
    for a in figures["airports"]:
        if (a["name"], a["city"], a["state"]) != names[a["iata"]]:
            differences.append(f"airport {a['iata']}: the report says {a['name']}, {a['city']}, the file {names[a['iata']]}")

    for difference in differences[:50]:
        print(difference)
    if differences:
        print(f"{len(differences)} figures differ")
        return 1
    print(f"agreed: {total[0]} flights, {len(figures['airports'])} airports, {len(cells)} cells")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
