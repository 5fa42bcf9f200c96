"""The harness: suites, plan, execution, cache, records and reports. Runs on the host and never imports an engine or `tinybert`."""

__version__ = "0.1.0"
