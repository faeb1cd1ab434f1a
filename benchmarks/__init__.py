"""What Traitly is measured by, and against what. ``python -m benchmarks --help``; README.md explains the figures."""
