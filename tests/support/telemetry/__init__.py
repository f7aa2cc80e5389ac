"""Where telemetry ends up in tests."""
