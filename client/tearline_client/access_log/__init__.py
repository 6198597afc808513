"""The access log: who read which contents, and its anchors."""
