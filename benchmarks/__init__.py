"""What things cost, each beside a peer measured in the same run: `python -m benchmarks`."""
