"""What `make bench` runs: each row is measured against a floor in the same run (docs/benchmarks.md)."""
