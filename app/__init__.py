"""LocalChat: cited answers from your own documents, on models that run on your own machines."""
