"""Ollama's HTTP API over httpx: a pool of endpoints, two lanes, and every answer checked."""
