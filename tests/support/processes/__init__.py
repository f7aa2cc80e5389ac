"""The service's processes and what they need, started one way, for tests that stop, freeze and kill them."""
