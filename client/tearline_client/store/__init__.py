"""What a node keeps, one file for each concept; contents are encrypted at rest."""
