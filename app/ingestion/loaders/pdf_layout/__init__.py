"""From words with their places on a PDF's page to lines, columns, tables and paragraphs."""
