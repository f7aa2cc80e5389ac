"""Readers of Office files of every generation and of OpenDocument."""
