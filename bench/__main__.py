"""Run the benchmarks: `python -m bench [--quick] [GOAL …]`."""

from bench.run import main

main()
