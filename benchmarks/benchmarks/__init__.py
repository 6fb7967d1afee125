"""Benchmarks of perfpy and its peers for asv: a file for each technique, and what every call costs."""
