"""Files that come in by a form: the form, and their names."""
