"""Measuring: watching the machine, judging the timings, and the statistics behind every number."""
