"""The harness: suites, plan, execution, cache, records, reports. Runs on the host, without engines or `tinybert`."""

__version__ = "0.1.0"
