"""What an auditor asks, and what a proof is worth: search, who saw, prove, verify."""
