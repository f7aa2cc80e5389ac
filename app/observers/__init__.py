"""What each part tells about its work, turned into metrics."""
