"""What spreadsheets of all kinds have in common: cells as they are shown, and tables on a sheet."""
