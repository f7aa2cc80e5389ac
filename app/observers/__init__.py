"""Metrics, gauges and log lines, made of what each part reports about its work."""
