"""Text recognition (OCR) of pages and pictures without text, by Tesseract, in a child process of its own."""
