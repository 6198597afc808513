"""The rows of the table of attacks, by attacker."""
