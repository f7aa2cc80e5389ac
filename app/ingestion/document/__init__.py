"""What a document is, whatever its format, and how it is written as text."""
