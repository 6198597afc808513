"""Pages of the console: one module and one template for each subject."""
