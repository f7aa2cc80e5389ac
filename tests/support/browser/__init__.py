"""A running service and a real browser, for tests of the page."""
