"""Files to text: what a file is, what it says, on which page, under which heading."""
