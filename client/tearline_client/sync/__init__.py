"""The node for programs without asyncio."""
