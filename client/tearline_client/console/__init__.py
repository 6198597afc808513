"""The console: pages of the agency's own node, for officers and auditors in a browser."""
