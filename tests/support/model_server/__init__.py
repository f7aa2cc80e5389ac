"""The embedded model server with `fake-embedding` beside its models, and with faults on demand."""
