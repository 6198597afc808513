"""Contents of documents, in bounded work: their text to search, and their metadata."""
