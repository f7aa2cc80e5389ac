"""Cache chains, their tiers and what surrounds them, put together for tests."""
