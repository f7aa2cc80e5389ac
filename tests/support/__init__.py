"""Doubles and builders shared by tests."""
