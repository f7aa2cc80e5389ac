"""One reader a format. Modules are imported when a file of their kind comes, since some take long to import."""
