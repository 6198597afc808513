"""Key records of this agency and watch over foreign ones."""
